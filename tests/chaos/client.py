"""A client of the API as a careful program is: it sends each request with a key of its own, and
again while nobody answers.
"""

import time
import uuid
from typing import Any

import httpx

API = "/api/ai-video/"
LATER = {429, 500, 502, 503, 504}  # statuses after which the same request may be sent again
PATIENCE = 120.0  # seconds until a request is given up
SCRIPT = (
    "A boat leaves the harbour at dawn. The old lighthouse keeper waves. Rain comes over the sea."
)


class Unanswered(Exception):  # noqa: N818  what happened
    """Nobody answered well for as long as the client had patience."""


class Client:
    """Counts what it was told meanwhile: `troubles` holds the status of each answer that meant
    "later" (0: no answer).
    """

    def __init__(self, address: str, name: str, password: str) -> None:
        self.http = httpx.Client(base_url=address + API, timeout=20, follow_redirects=True)
        self.name, self.password = name, password
        self.token = ""
        self.troubles: list[int] = []
        self.crashes: list[str] = []

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query).json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask(
            "POST", path, json=body or {}, headers={"Idempotency-Key": uuid.uuid4().hex}
        ).json()

    def post_at_any_price(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """As `post`; a price that the answer names is confirmed."""
        try:
            return self.post(path, body)
        except httpx.HTTPStatusError as error:
            if (total := error.response.json().get("total")) is None:
                raise
            return self.post(path, {**(body or {}), "confirm_total": total})

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **how: Any
    ) -> httpx.Response:
        end, pause = time.monotonic() + PATIENCE, 0.2
        while True:
            answer = self._once(method, path, headers or {}, how)
            if answer is not None and answer.status_code not in LATER:
                answer.raise_for_status()
                return answer
            if time.monotonic() > end:
                raise Unanswered(
                    f"{method} {path}: {answer.status_code if answer is not None else 'no answer'}"
                )
            time.sleep(pause)
            pause = min(2.0, pause * 1.5)

    def _once(
        self, method: str, path: str, headers: dict[str, str], how: dict[str, Any]
    ) -> httpx.Response | None:
        try:
            if not self.token:
                self.token = self._log_in()
            answer = self.http.request(
                method,
                path,
                headers={**headers, "Authorization": f"Bearer {self.token}"}
                if self.token
                else headers,
                **how,
            )
        except httpx.TransportError:
            self.troubles.append(0)
            return None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.token = ""
            return None
        if answer.status_code in LATER:
            self.troubles.append(answer.status_code)
            if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                self.crashes.append(f"{method} {path}: {answer.text[:300]}")
        return answer

    def _log_in(self) -> str:
        answer = self.http.post(
            "auth/token/", json={"username": self.name, "password": self.password}
        )
        return str(answer.json()["access_token"]) if answer.status_code == httpx.codes.OK else ""

    # --- from script to film

    def write(self, title: str, *, seconds: int = 14, **values: Any) -> str:
        """A new story; its id."""
        body = {
            "title": title,
            "script": SCRIPT,
            "language": "en",
            "duration_seconds": seconds,
            **values,
        }
        return str(self.post("stories/", body)["id"])

    def status(self, story: str) -> str:
        return str(self.get(f"stories/{story}/")["status"])

    def reach(self, story: str, *wanted: str, seconds: float = 180) -> str:
        """Waits until the story is in one of these states.

        Raises TimeoutError with what it is in.
        """
        end = time.monotonic() + seconds
        while (status := self.status(story)) not in wanted:
            if time.monotonic() > end or status == "failed":
                raise TimeoutError(
                    f"The story is {status}, not {' or '.join(wanted)}: {self.why(story)}"
                )
            time.sleep(0.3)
        return status

    def why(self, story: str) -> str:
        """What its jobs say."""
        jobs = self.get("jobs/", story=story)["items"]
        return "; ".join(
            f"{job['name']} {job['status']} {job.get('note', '')}"
            for job in jobs
            if job["status"] != "succeeded"
        )

    def plan(self, story: str) -> None:
        self.post_at_any_price(f"stories/{story}/transition/", {"status": "planning"})

    def preview(self, story: str) -> None:
        self.post_at_any_price(f"stories/{story}/generate_preview/")

    def render(self, story: str) -> None:
        self.post_at_any_price(f"stories/{story}/render_final/")

    def films(self, story: str) -> list[dict[str, Any]]:
        return list(self.get(f"stories/{story}/films/")["items"])

    def wait_for_film(self, story: str, kind: str, *, seconds: float = 180) -> dict[str, Any]:
        """The newest film of this kind, once it is there."""
        end = time.monotonic() + seconds
        while True:
            found = [film for film in self.films(story) if film["kind"] == kind]
            if found:
                return found[0]
            if time.monotonic() > end or self.status(story) == "failed":
                raise TimeoutError(f"There is no {kind} film: {self.why(story)}")
            time.sleep(0.3)

    def carry(self, story: str, *, seconds: float = 240) -> dict[str, Any]:
        """From draft to completed; the final film."""
        self.plan(story)
        self.reach(story, "planned", seconds=seconds)
        self.preview(story)
        self.wait_for_film(story, "preview", seconds=seconds)
        self.render(story)
        self.reach(story, "completed", seconds=seconds)
        return self.wait_for_film(story, "final", seconds=seconds)
