"""The client: requests that are safe to repeat, pages, waiting, and the way of a story."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from .models import Film, Job, Story

ROOT = "/api/ai-video/"
TRIES = 4
AGAIN = {429, 503}
LONGEST_PAUSE = 60.0  # seconds, whatever Retry-After says
WAIT = 25  # seconds of one long poll


class StudioError(Exception):
    """An answer that is an error (RFC 9457). `code` is stable, `detail` is for people."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        super().__init__(f"{status} {self.code}: {self.detail}")


class Studio:
    """A connection to a studio at `address`, as who the `token` is: an API key or a person's.

    `transport` is one of httpx, for tests. Methods raise StudioError, and httpx.TransportError if
    the studio cannot be reached.
    """

    def __init__(
        self, address: str, token: str = "", *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=address.rstrip("/"), transport=transport, timeout=WAIT + 35
        )
        self.token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def log_in(self, username: str, password: str, code: str = "") -> None:
        """Takes the access token of a person for 15 minutes. `code` is that of a second factor."""
        sent = {"username": username, "password": password, "code": code}
        self.token = self.request("POST", "auth/token/", sent)["access_token"]

    def request(
        self, method: str, path: str, body: Any = None, *, params: dict[str, Any] | None = None
    ) -> Any:
        """Sends one request and returns the body of its answer; None if it has none.

        `path` begins after `/api/ai-video/`. A POST gets an Idempotency-Key.
        """
        response = self._send(method, path, body, params, {})
        return response.json() if response.content else None

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        params: dict[str, Any] | None,
        headers: dict[str, str],
    ) -> httpx.Response:
        headers = {"Accept-Language": "en", **headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        is_safe = method in {"GET", "POST"}
        for left in reversed(range(TRIES)):
            try:
                response = self._http.request(
                    method, ROOT + path, json=body, params=params, headers=headers
                )
            except httpx.TransportError:
                if not (left and is_safe):
                    raise
                time.sleep(1)
                continue
            if response.status_code in AGAIN and left and is_safe:
                time.sleep(_pause(response))
                continue
            break
        if response.is_error:
            raise StudioError(response.status_code, _problem(response))
        return response

    def pages(self, path: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yields every entry of a list, page by page."""
        params = {"page_size": 100, **filters}
        while True:
            page = self.request("GET", path, params=params)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]

    # Stories

    def stories(self, **filters: Any) -> Iterator[Story]:
        """With the filters of the list, such as `status="planned"` or `mine=True`."""
        return map(Story.read, self.pages("stories/", **filters))

    def story(self, story_id: str) -> Story:
        return Story.read(self.request("GET", f"stories/{story_id}/"))

    def create_story(self, *, title: str, **values: Any) -> Story:
        return Story.read(self.request("POST", "stories/", {"title": title, **values}))

    def transition(self, story_id: str, status: str, *, confirm_total: str = "0.0000") -> Story:
        """Moves the story to a status. Paid work starts at the confirmed price only."""
        sent = {"status": status, "confirm_total": confirm_total}
        return Story.read(self.request("POST", f"stories/{story_id}/transition/", sent))

    def price_of_preview(self, story_id: str) -> str:
        """What the missing pictures cost, in USD."""
        return self._price(story_id, "generate_preview")

    def price_of_film(self, story_id: str) -> str:
        """What the missing clips cost, in USD."""
        return self._price(story_id, "render_final")

    def make_preview(self, story_id: str, *, confirm_total: str) -> Job:
        return self._start(story_id, "generate_preview", confirm_total)

    def render_film(self, story_id: str, *, confirm_total: str) -> Job:
        return self._start(story_id, "render_final", confirm_total)

    def _price(self, story_id: str, step: str) -> str:
        answer = self.request("POST", f"stories/{story_id}/{step}/", {}, params={"plan": 1})
        return str(answer["plan"]["total"])

    def _start(self, story_id: str, step: str, confirm_total: str) -> Job:
        sent = {"confirm_total": confirm_total}
        return Job.read(self.request("POST", f"stories/{story_id}/{step}/", sent)["job"])

    def films(self, story_id: str) -> list[Film]:
        """The newest first."""
        return [Film.read(row) for row in self.pages(f"stories/{story_id}/films/")]

    def film(self, film_id: str) -> Film:
        return Film.read(self.request("GET", f"films/{film_id}/"))

    def download(self, film: Film, file: str | Path) -> None:
        """Saves the film. An unfinished file is removed.

        Raises StudioError 409 while the client has to approve it.
        """
        if film.url is None:
            raise StudioError(409, {"code": "guard_refused", "detail": "It is not approved yet."})
        target = Path(file)
        part = target.with_name(f"{target.name}.part")
        try:
            with self._http.stream("GET", film.url) as response, part.open("wb") as output:
                response.raise_for_status()
                for chunk in response.iter_bytes():
                    output.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    # Waiting

    def job(self, job_id: str) -> Job:
        return Job.read(self.request("GET", f"jobs/{job_id}/")["job"])

    def wait_for_job(self, job_id: str, *, seconds: float = 3600) -> Job:
        """Returns the job when it has ended. Raises TimeoutError."""
        for answer in self._changes(f"jobs/{job_id}/", seconds):
            job = Job.read(answer["job"])
            if job.has_ended:
                return job
        raise TimeoutError(job_id)

    def wait_for_story(self, story_id: str, *statuses: str, seconds: float = 3600) -> Story:
        """Returns the story when it has one of these statuses. Raises TimeoutError."""
        for answer in self._changes(f"stories/{story_id}/", seconds):
            story = Story.read(answer)
            if story.status in statuses:
                return story
        raise TimeoutError(story_id)

    def _changes(self, path: str, seconds: float) -> Iterator[dict[str, Any]]:
        """Yields the answer now and each time that it has changed."""
        until, tag = time.monotonic() + seconds, ""
        while True:
            left = max(0, min(WAIT, int(until - time.monotonic())))
            headers = {"If-None-Match": tag} if tag else {}
            began = time.monotonic()
            response = self._send("GET", path, None, {"wait": left} if tag else None, headers)
            tag = response.headers.get("ETag", "")
            if response.status_code != httpx.codes.NOT_MODIFIED:
                yield response.json()
            elif time.monotonic() - began < 1:
                time.sleep(1)  # all places for those who wait are taken
            if time.monotonic() >= until:
                return


def _pause(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_PAUSE) if text.isdigit() else 1.0


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem document; made up for an answer that does not come from the studio."""
    try:
        found = response.json()
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    return {"code": "no_problem", "detail": response.reason_phrase}
