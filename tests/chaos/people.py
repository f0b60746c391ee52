"""People who meddle, several at once, through the same functions as pages and API; and their own
book of what they ordered.
"""

import random
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, close_old_connections, connection

from core.localized_messages import DomainError
from jobs.enums import OPEN, JobStatus
from jobs.models import Job
from jobs.services import queue
from providers import calls
from providers import requests as asked
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import (
    ClipRequest,
    ImageRequest,
    MusicRequest,
    SpeechRequest,
    TextRequest,
)
from providers.services import configs, raw_answers, unclear_calls
from stories.enums import JobName, ReviewStatus, StoryStatus, TakeKind
from stories.handlers.paid_results import record_leftover_results
from stories.models import Scene, Story, Take
from stories.services import (
    generation,
    job_data,
    retry,
    scenes,
    status_changes,
    stories,
    takes,
    transitions,
)
from stories.services.plan import plan_generation

from .notebook import Notebook, korean_words, short_words, words
from .providers import Odd
from .sound_orders import SoundOrders, english_piece, plan_piece, sound_pieces

SCENES, SECONDS = 3, 2
PLANNED_SECONDS = 14  # two scenes of a language model
KINDS = (TakeKind.IMAGE, TakeKind.CLIP)
HAVE_TASKS = ("runway_ml", "replicate")
MARK = re.compile(r"[0-9a-f]{12}")
IMAGES, CLIPS = (
    ("stability_ai", "stability_ai", "runway_ml", "replicate"),
    ("runway_ml", "runway_ml", "replicate"),
)


def pieces_of(story_id: Any, kind: str) -> list[str]:
    """What the story's own job of this kind makes: a take for each scene, speech and music."""
    scenes_ = Scene.live.filter(story_id=story_id).values_list("pk", flat=True)
    return [*(f"{kind}:{pk}" for pk in scenes_), *sound_pieces(story_id)]


def pieces_of_job(job: Job) -> list[str]:
    """What a job that is queued again may buy."""
    name = JobName(job.name)
    if name == JobName.STORY_PLANNING:
        return [plan_piece(job.subject)]
    if name == JobName.SCENE_ENGLISH:
        return [english_piece(job.item)]
    if name == JobName.SCENE_SEGMENT:  # encodes what there is
        return []
    if name in job_data.STORY_KIND:
        return pieces_of(job.subject, job_data.STORY_KIND[name])
    kind = job_data.TAKE_KIND.get(name) or job_data.SOUND_KIND[name]
    return [f"{kind}:{job.item}"]


class Person(SoundOrders):
    """One who does something at random again and again, by a seed of their own."""

    def __init__(
        self,
        user: Any,
        notebook: Notebook,
        fakes: dict[str, Odd],
        *,
        chance: random.Random,
        most: int,
    ) -> None:
        self.user, self.notebook, self.fakes, self.chance, self.most = (
            user,
            notebook,
            fakes,
            chance,
            most,
        )
        self.actions: dict[Callable[[], None], int] = {
            self.begin: 5,
            self.go_on: 16,
            self.make_one: 16,
            self.make_some: 14,
            self.cancel: 8,
            self.retry: 14,
            self.give_up: 3,
            self.change_words: 8,
            self.reject: 6,
            self.delete_and_restore: 3,
            self.pause: 1,
            self.resume: 8,
            self.bring_in: 3,
            self.decide: 14,
            self.stop_planning: 2,
            self.make_sound: 12,
            self.change_line: 4,
            self.change_sound: 3,
            self.reject_sound: 3,
            self.put_into_english: 8,
        }

    def live(self, over: threading.Event, *, pauses: tuple[float, float] = (0.1, 0.6)) -> None:
        while not over.wait(self.chance.uniform(*pauses)):
            action = self.chance.choices(list(self.actions), list(self.actions.values()))[0]
            self.attempt(action)
        connection.close()

    def attempt(self, action: Callable[[], object]) -> None:
        """Do it; what is refused in words is part of life, anything else is written down as a
        crash.
        """
        close_old_connections()
        name = getattr(action, "func", action).__name__
        try:
            action()
        except (DomainError, ObjectDoesNotExist) as error:
            self.notebook.done[f"{name}: {type(error).__name__}"] += 1
        except DatabaseError as error:
            self.notebook.done[f"{name}: {type(error).__name__}"] += 1
            connection.close()
        except Exception:  # noqa: BLE001  whatever it is, the judge is told
            self.notebook.crashes.append(f"{name}: {traceback.format_exc()}")
            connection.close()
        else:
            self.notebook.done[name] += 1

    # --- stories

    def begin(self) -> None:
        if Story.objects.count() >= self.most:
            return
        story = stories.create(owner=self.user, **self.new_story())
        # Half of those that a language model may plan are left to it, the others need its English.
        written = story.planner_provider != "llm" or self.chance.random() < 0.5
        if written:
            scenes.bulk_create(story.pk, actor=self.user, scenes=self.new_scenes(story.language))
        if self.chance.random() < 0.6:
            self.turn_sound_on(story)

    def new_story(self) -> dict[str, Any]:
        planner = self.chance.choice(("local", "llm"))
        return {
            "title": f"Story {uuid.uuid4().hex[:6]}",
            "language": self.chance.choice(("en", "ko")) if planner == "llm" else "en",
            "duration_seconds": PLANNED_SECONDS if planner == "llm" else SCENES * SECONDS,
            "script": " ".join(short_words() for _ in range(SCENES)),
            "style": f"watercolour {uuid.uuid4().hex[:12]}",
            "aspect_ratio": "1:1",
            "planner_provider": planner,
            "image_provider": self.chance.choice(IMAGES),
            "clip_provider": self.chance.choice(CLIPS),
        }

    def new_scenes(self, language: str) -> list[dict[str, Any]]:
        return [
            {
                "text": korean_words() if language == "ko" else words(),
                "title": f"{number}",
                "narration": short_words(),
                "duration_seconds": SECONDS,
            }
            for number in range(SCENES)
        ]

    def go_on(self) -> None:
        self.bring_further(self._story())

    def bring_further(self, story: Story) -> None:
        """The next step of a story, at the price that is shown."""
        match story.status:
            case StoryStatus.DRAFT:
                self.start_planning(story)
            case StoryStatus.FAILED:
                transitions.apply_transition(story.pk, "retry", actor=self.user)
            case StoryStatus.PLANNED:
                self.change(story, "generate_preview")
            case StoryStatus.PREVIEWING:
                self.change(story, "render_final")

    def start_planning(self, story: Story) -> None:
        with self.notebook.ordering() as pieces:
            pieces.append(plan_piece(story.pk))
            generation.start_planning(story.pk, actor=self.user).require()

    def stop_planning(self) -> None:
        story = self._one_of(Story.objects.filter(status=StoryStatus.PLANNING))
        transitions.apply_transition(story.pk, "stop_planning", actor=self.user)

    def change(self, story: Story, name: str) -> None:
        """The change of status that begins to make pictures or clips, also where all of them are
        there already.
        """
        kind = status_changes.SPENDS[name]
        with self.notebook.ordering() as pieces:
            plan = plan_generation(story, kind)
            pieces.extend(pieces_of(story.pk, kind))
            start, _plan = generation.start_generation(
                story.pk,
                kind,
                advance="always",
                actor=self.user,
                confirm_total=plan.total,
                plan_hash=plan.hash,
            )
            start.require()

    def make(
        self, story: Story, kind: str, *, mode: Any = "missing", scene_ids: list[Any] | None = None
    ) -> None:
        with self.notebook.ordering() as pieces:
            plan = plan_generation(story, kind, mode=mode, scene_ids=scene_ids)
            # The story's job also makes what comes to be missing later.
            pieces.extend(
                pieces_of(story.pk, kind)
                if scene_ids is None
                else [f"{kind}:{item.scene_id}" for item in plan.todo]
            )
            start, _plan = generation.start_generation(
                story.pk,
                kind,
                actor=self.user,
                mode=mode,
                scene_ids=scene_ids,
                confirm_total=plan.total,
                plan_hash=plan.hash,
                may_be_empty=False,
            )
            start.require()

    def make_some(self) -> None:
        story = self._story()
        chosen = [
            scene.pk for scene in Scene.live.filter(story=story) if self.chance.random() < 0.6
        ]
        self.make(
            story,
            self.chance.choice(KINDS),
            mode=self.chance.choice(("missing", "missing", "stale", "failed")),
            scene_ids=chosen,
        )

    def make_one(self) -> None:
        scene, kind = self._scene(), self.chance.choice(KINDS)
        variants = self.chance.choice((1, 1, 1, 2))
        with self.notebook.ordering() as pieces:
            pieces.append(f"{kind}:{scene.pk}")
            generation.generate_scene(scene.pk, kind, actor=self.user, variants=variants).require()

    def give_up(self) -> None:
        transitions.give_up(self._story().pk, actor=self.user, reason="enough")

    # --- jobs

    def cancel(self) -> None:
        queue.cancel(self._job(OPEN).pk, actor=self.user, reason="not now")

    def retry(self) -> None:
        self.retry_job(self._job((JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR)))

    def retry_job(self, job: Job) -> None:
        with self.notebook.ordering() as pieces:
            pieces.extend(pieces_of_job(job))
            retry.retry_job(job.pk, actor=self.user).require()

    def bring_in(self) -> None:
        calls.collect()
        record_leftover_results()

    # --- scenes

    def change_words(self) -> None:
        scenes.edit(self._scene().pk, actor=self.user, text=words())

    def reject(self) -> None:
        take = self._one_of(Take.objects.exclude(review_status=ReviewStatus.REJECTED))
        with self.notebook.ordering() as pieces:
            pieces.append(
                f"{take.kind}:{take.scene_id}"
            )  # a story's job that is open makes it again
            takes.review_take(
                take.pk, review_status=ReviewStatus.REJECTED, reason="too dark", actor=self.user
            )

    def delete_and_restore(self) -> None:
        scene = self._scene()
        with self.notebook.ordering() as pieces:
            pieces.extend(f"{kind}:{scene.pk}" for kind in KINDS)
            pieces.extend(sound_pieces(scene.story_id))  # music of another length, and its lines
            scenes.delete(scene.pk, actor=self.user)
            time.sleep(self.chance.uniform(0, 0.5))
            scenes.restore(scene.pk, actor=self.user)

    # --- providers

    def pause(self) -> None:
        configs.pause(self._config(), actor=self.user, reason="a look at the bill")

    def resume(self) -> None:
        for config in AIProviderConfig.objects.filter(is_paused=True):
            configs.resume(config, actor=self.user)

    def _config(self) -> AIProviderConfig:
        return AIProviderConfig.objects.get(provider=self.chance.choice(sorted(self.fakes)))

    # --- unclear calls

    def decide(self) -> None:
        self.decide_on(self._one_of(ProviderCall.objects.filter(state="unclear")))

    def decide_on(self, call: ProviderCall) -> None:
        """As a person who looks at the provider's own list: what was charged is attached, read
        again or written off.
        """
        if self.chance.random() < 0.4:
            try:
                raw_answers.recover(call, actor=self.user, reason="its answer was kept")
            except DomainError:
                pass
            else:
                self.notebook.done["recovered"] += 1
                return
        fake = self.fakes[call.provider_id]
        fake.finish_abandoned()  # until then it may still charge for what was sent
        # Two people do not decide on one call, nor find the same work for two calls.
        with self.notebook.deciding:
            call.refresh_from_db()
            if call.state == CallState.UNCLEAR:
                self._say_what_became_of(call, fake)

    def _say_what_became_of(self, call: ProviderCall, fake: Odd) -> None:
        """What a person found counts only if the studio has taken it."""
        found = work_of(call, fake, self.notebook)
        if found is None or not fake.charges[found].usd:
            unclear_calls.not_charged(call, actor=self.user, reason="it is not on the bill")
            return
        if call.provider_id in HAVE_TASKS and self.chance.random() < 0.8:
            unclear_calls.attach_task(
                call, actor=self.user, reason="it is on the bill", task_id=found
            )
        else:
            unclear_calls.write_off(
                call, actor=self.user, reason="it is on the bill and the result is gone"
            )
        self.notebook.decided[str(call.pk)] = found

    # --- what there is

    def _one_of(self, rows: Any) -> Any:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if not keys:
            raise ObjectDoesNotExist
        return rows.model._base_manager.get(pk=self.chance.choice(keys))

    def _story(self) -> Story:
        story: Story = self._one_of(Story.objects.exclude(status__in=[StoryStatus.ARCHIVED]))
        return story

    def _scene(self) -> Scene:
        scene: Scene = self._one_of(Scene.live.all())
        return scene

    def _job(self, statuses: Iterable[str]) -> Job:
        job: Job = self._one_of(Job.objects.filter(status__in=statuses))
        return job


def work_of(call: ProviderCall, fake: Odd, notebook: Notebook) -> str | None:
    """The provider's name for the work of this call; None if there is none on its list."""
    found = known_work(call, fake)
    if found is not None or call.provider_id != "runway_ml":
        return found
    taken = set(ProviderCall.objects.exclude(task_id="").values_list("task_id", flat=True)) | set(
        notebook.decided.values()
    )
    request = asked.from_json(call.request)
    if not isinstance(request, ClipRequest | ImageRequest):
        return None
    path = "_to_video" if isinstance(request, ClipRequest) else "text_to_image"
    sent = request.prompt_en.strip() or request.prompt.strip()
    for name, charge in list(fake.charges.items()):
        body = charge.asked.json
        if (
            name not in taken
            and path in charge.asked.path
            and sent in body["promptText"]
            and body["seed"] == request.seed
        ):
            return name
    return None


def known_work(call: ProviderCall, fake: Odd) -> str | None:
    """The work that names the call itself, in its header or in the address of its webhook, or whose
    id the call knows, or that was asked for in the call's words in its time.
    """
    if call.task_id in fake.charges:
        return call.task_id
    mark = str(call.pk)
    for name, charge in list(fake.charges.items()):
        if mark in charge.asked.headers.get("stability-client-user-id", "") or (
            call.provider_id == "replicate" and mark.encode() in charge.asked.body
        ):
            return name
    return work_by_words(call, fake) if call.provider_id in {"elevenlabs", "llm"} else None


def work_by_words(call: ProviderCall, fake: Odd) -> str | None:
    """The work whose request holds these words and was charged before the next call of its key.

    These two providers have no name for it. The words occur once, and a key has one call at a time.
    The next call may be reserved milliseconds after the charge, so no time is added on either side.
    """
    if call.sending_at is None:
        return None
    later = (
        ProviderCall.objects.filter(
            key=call.key, attempt_no__gt=call.attempt_no, sending_at__isnull=False
        )
        .order_by("attempt_no")
        .first()
    )
    for name, charge in list(fake.charges.items()):
        at = fake.charged_at[name]
        if (
            at >= call.reserved_at
            and (later is None or at < later.reserved_at)
            and _asks_for(charge.asked.json, asked.from_json(call.request))
        ):
            return name
    return None


def _asks_for(body: dict[str, Any], request: asked.Request) -> bool:
    match request:
        case SpeechRequest():
            return bool(body.get("text") == request.text)
        case MusicRequest():
            return bool(request.prompt in body.get("prompt", ""))
        case TextRequest():
            message = body["messages"][1]["content"]
            marks = set(MARK.findall(request.script))
            return bool(marks) and marks <= set(MARK.findall(message))
        case _:
            return False
