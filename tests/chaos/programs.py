"""A program that meddles over the HTTP API, with impatient requests that it sends again under the
same Idempotency-Key.
"""

import random
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError
from jobs.enums import OPEN, JobStatus
from stories.enums import ReviewStatus, StoryStatus
from stories.models import Line, Scene, SoundTake, Story, Take
from stories.services import transitions
from stories.services.english import plan_english

from .notebook import short_words, words
from .people import KINDS, Person, pieces_of, pieces_of_job
from .sound_orders import MOODS, VOICES, english_piece, plan_piece, sound_pieces

if TYPE_CHECKING:
    from jobs.models import Job

API = "/api/ai-video/"
LATER = {0, 429, 503}
PATIENCE = 90.0
HANGS_UP = 0.15  # of the requests are not waited for
HURRY_SECONDS = (0.01, 0.4)


class RequestRefusedError(DomainError):
    """The API has refused the request in words."""


class Client:
    """Sends each request until it is answered, always with the same key."""

    def __init__(self, address: str, name: str, password: str, *, chance: random.Random) -> None:
        self.http = httpx.Client(base_url=address + API)
        self.name, self.password, self.chance = name, password, chance
        self.token = ""

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask("POST", path, body or {})

    def post_at_any_price(self, path: str, body: dict[str, Any]) -> Any:
        """As `post`; a price that the refusal names is confirmed."""
        try:
            return self.post(path, body)
        except RequestRefusedError as refused:
            if not (total := refused.sentence.values.get("total")):
                raise
            return self.post(path, {**body, "confirm_total": total})

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """The answer. Raises RequestRefusedError, or HTTPError for a crash or no answer in 90 s."""
        key, end = uuid.uuid4().hex, time.monotonic() + PATIENCE
        while True:
            answer = self._once(method, path, body, key)
            status = 0 if answer is None else answer.status_code
            running = status == 409 and answer.json()["code"] == "idempotency_key_running"  # type: ignore[union-attr]
            if answer is not None and status not in LATER and not running:
                break
            if time.monotonic() > end:
                raise httpx.ReadTimeout(f"{method} {path}: {status}")
            time.sleep(self.chance.uniform(0.05, 0.5))
        if status >= 500:
            answer.raise_for_status()
        if status >= 400:
            raise RequestRefusedError(
                gettext_noop("%(code)s"),
                code=answer.json()["code"],
                total=answer.json().get("total", ""),
            )
        return answer.json() if answer.content else None

    def _once(
        self, method: str, path: str, body: dict[str, Any] | None, key: str
    ) -> httpx.Response | None:
        hurry = self.chance.random() < HANGS_UP
        wait = self.chance.uniform(*HURRY_SECONDS) if hurry else 30.0
        try:
            if not self.token:
                log_in = {"username": self.name, "password": self.password}
                answer = self.http.post("auth/token/", json=log_in, timeout=30)
                answer.raise_for_status()
                self.token = answer.json()["access_token"]
            headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
            answer = self.http.request(method, path, json=body, headers=headers, timeout=wait)
        except (httpx.TransportError, httpx.HTTPStatusError):
            return None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.token = ""
            return None
        return answer


class Program(Person):
    """Does over HTTP what the others do by function calls; what it looks at is in the database."""

    def __init__(self, *about: Any, client: Client, **values: Any) -> None:
        super().__init__(*about, **values)
        self.client = client

    # --- stories

    def begin(self) -> None:
        if Story.objects.count() >= self.most:
            return
        values = self.new_story()
        story = self.client.post("stories/", values)
        if values["planner_provider"] != "llm" or self.chance.random() < 0.5:
            written = self.new_scenes(values["language"])
            for scene in written:
                scene["prompt"] = scene.pop("text")
            self.client.post("scenes/bulk_create/", {"story_id": story["id"], "scenes": written})
        if self.chance.random() < 0.6:
            self.turn_sound_on(Story.objects.get(pk=story["id"]))

    def bring_further(self, story: Story) -> None:
        if story.status == StoryStatus.FAILED:
            self.client.post(f"stories/{story.pk}/transition/", {"status": "draft"})
        else:
            super().bring_further(story)

    def start_planning(self, story: Story) -> None:
        with self.notebook.ordering() as pieces:
            pieces.append(plan_piece(story.pk))
            self.client.post_at_any_price(f"stories/{story.pk}/transition/", {"status": "planning"})

    def stop_planning(self) -> None:
        story = self._one_of(Story.objects.filter(status=StoryStatus.PLANNING))
        self.client.post(f"stories/{story.pk}/transition/", {"status": "draft"})

    def change(self, story: Story, name: str) -> None:
        kind = transitions.SPENDS[name]
        path = f"stories/{story.pk}/{name}/"
        with self.notebook.ordering() as pieces:
            plan = self.client.post(f"{path}?plan=1")["plan"]
            pieces.extend(pieces_of(story.pk, kind))
            self.client.post(path, {"confirm_total": plan["total"]})

    def make_some(self) -> None:
        story = self._story()
        name = self.chance.choice(sorted(transitions.SPENDS))
        with self.notebook.ordering() as pieces:
            pieces.extend(pieces_of(story.pk, transitions.SPENDS[name]))
            mode = self.chance.choice(("missing", "missing", "stale", "failed"))
            self.client.post_at_any_price(f"stories/{story.pk}/{name}/", {"mode": mode})

    def make_one(self) -> None:
        scene, kind = self._scene(), self.chance.choice(KINDS)
        with self.notebook.ordering() as pieces:
            pieces.append(f"{kind}:{scene.pk}")
            variants = self.chance.choice((1, 1, 1, 2))
            self.client.post_at_any_price(
                f"scenes/{scene.pk}/generate/", {"kind": str(kind), "variants": variants}
            )

    def give_up(self) -> None:
        story = self._story()
        self.client.post(
            f"stories/{story.pk}/transition/", {"status": "failed", "reason": "enough"}
        )

    # --- jobs

    def cancel(self) -> None:
        self.client.post(f"jobs/{self._job(OPEN).pk}/cancel/", {"reason": "not now"})

    def retry(self) -> None:
        job: Job = self._job((JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR))
        with self.notebook.ordering() as pieces:
            pieces.extend(pieces_of_job(job))
            self.client.post_at_any_price(f"jobs/{job.pk}/retry/", {})

    # --- scenes

    def change_words(self) -> None:
        self.client.patch(f"scenes/{self._scene().pk}/", {"prompt": words()})

    def reject(self) -> None:
        take = self._one_of(Take.objects.exclude(review_status=ReviewStatus.REJECTED))
        with self.notebook.ordering() as pieces:
            pieces.append(f"{take.kind}:{take.scene_id}")
            self.client.post(
                f"takes/{take.pk}/verdict/", {"verdict": "rejected", "reason": "too dark"}
            )

    # --- sound and English

    def turn_sound_on(self, story: Story) -> None:
        with self.notebook.ordering() as pieces:
            pieces.extend(sound_pieces(story.pk))
            voice = {"provider": "elevenlabs", "voice": self.chance.choice(VOICES)}
            self.client.post(f"stories/{story.pk}/voices/", voice)
            music = self.chance.choice(("elevenlabs", "stability_ai"))
            self.client.patch(
                f"stories/{story.pk}/sound/",
                {"enabled": True, "mood": str(self.chance.choice(MOODS)), "music_provider": music},
            )

    def order_sound(
        self, story: Story, lines: list[Any] | None, *, music: bool, again: bool = False
    ) -> None:
        with self.notebook.ordering() as pieces:
            pieces.extend(sound_pieces(story.pk))
            wanted: dict[str, Any] = {"music": music, "again": again}
            if lines is not None:
                wanted["lines"] = [str(line) for line in lines]
            self.client.post_at_any_price(f"stories/{story.pk}/generate_sound/", wanted)

    def change_line(self) -> None:
        scene: Scene = self._scene()
        lines = list(Line.live.filter(scene=scene).order_by("position"))
        with self.notebook.ordering() as pieces:
            pieces.extend(f"speech:{line.pk}" for line in lines)
            lines_sent = [{"id": str(line.pk), "text": short_words()} for line in lines]
            self.client.post(f"scenes/{scene.pk}/lines/", {"lines": lines_sent})

    def reject_sound(self) -> None:
        take = self._one_of(SoundTake.objects.exclude(review_status=ReviewStatus.REJECTED))
        with self.notebook.ordering() as pieces:
            pieces.append(f"{take.kind}:{take.line_id or take.story_id}")
            self.client.post(
                f"sounds/{take.pk}/verdict/", {"verdict": "rejected", "reason": "too fast"}
            )

    def put_into_english(self) -> None:
        story = self._story()
        self.order_english(story, [item.scene.pk for item in plan_english(story).todo])

    def order_english(self, story: Story, scene_ids: list[Any]) -> None:
        if not scene_ids:
            raise Scene.DoesNotExist
        with self.notebook.ordering() as pieces:
            pieces.extend(map(english_piece, scene_ids))
            chosen = [str(pk) for pk in scene_ids]
            self.client.post_at_any_price(f"stories/{story.pk}/english/", {"scenes": chosen})
