"""The whole board from live rows, in a number of queries that does not depend on the number of scenes."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from jobs.enums import JobStatus
from jobs.models import Job
from stories.admin import tones
from stories.domain.launch import why_closed
from stories.domain.locks import CLOSED
from stories.domain.order import version_of
from stories.domain.permissions import is_story_owner
from stories.domain.plan import Facts, Item, Plan, plan_generation
from stories.enums import JobName, TakeKind
from stories.models import Comment, Scene, Story, Take

from .cards import MARK_LENGTH, Card, Work


@dataclass(frozen=True, slots=True)
class Batch:
    """One of the three things that can be made at once: how many takes, and for how much (USD)."""

    kind: str
    mode: str
    count: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all scenes are with one kind of take."""

    kind: str
    ready: int
    total: int
    running: int
    batches: list[Batch]
    why_not: str

    @property
    def percent(self) -> int:
        return 100 * self.ready // self.total if self.total else 0


def _number(rows: Any) -> Any:
    return Coalesce(Subquery(rows.order_by().values("scene").annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def board_scenes(story: Story) -> list[Any]:
    """The live scenes in order with prompt, chosen takes, and how many takes and open comments there are; one query."""
    takes = Take.objects.filter(scene=OuterRef("pk"))
    comments = Comment.objects.filter(scene=OuterRef("pk"), resolved_at=None)
    rows = Scene.live.filter(story=story).select_related("prompt", "image_take", "clip_take").annotate(n_takes=_number(takes), n_comments=_number(comments))
    return list(rows.order_by("position", "id"))


@dataclass
class Board:
    """A story's board as one person sees it now."""

    story: Story
    user: Any

    @cached_property
    def may_edit(self) -> bool:
        """Whether this person may change scenes now."""
        return self.is_owner and self.story.status not in CLOSED

    @cached_property
    def is_owner(self) -> bool:
        return is_story_owner(self.user, self.story)

    @cached_property
    def facts(self) -> Facts:
        return Facts.of(self.story)

    @cached_property
    def scenes(self) -> list[Any]:
        return board_scenes(self.story)

    @cached_property
    def plans(self) -> dict[str, Plan]:
        return {kind: plan_generation(self.story, kind, scenes=self.scenes, facts=self.facts) for kind in TakeKind.values}

    @cached_property
    def cards(self) -> list[Card]:
        works = {kind: self._works(kind) for kind in TakeKind.values}
        return [
            Card(scene, works[TakeKind.IMAGE][scene.pk], works[TakeKind.CLIP][scene.pk], scene.n_takes, scene.n_comments, self.may_edit)
            for scene in self.scenes
        ]

    def _works(self, kind: str) -> dict[UUID, Work]:
        running, last = self.facts.running(kind), self.facts.last(kind)
        scenes = {scene.pk: scene for scene in self.scenes}
        return {
            item.scene_id: Work(item, scenes[item.scene_id].take(kind), running.get(str(item.scene_id)), last.get(str(item.scene_id)))
            for item in self.plans[kind].items
        }

    @cached_property
    def version(self) -> str:
        return version_of(scene.pk for scene in self.scenes)

    @cached_property
    def seconds(self) -> int:
        return sum(scene.duration_seconds for scene in self.scenes)

    @cached_property
    def left(self) -> Decimal:
        """USD until the film is whole."""
        return sum((card.left for card in self.cards), Decimal(0))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many cards the filter finds for each word."""
        return dict(Counter(key for card in self.cards for key in card.keys.split()))

    @cached_property
    def progress(self) -> list[Progress]:
        return [self._progress(kind) for kind in TakeKind.values]

    def _progress(self, kind: str) -> Progress:
        items = self.plans[kind].items
        batches = [
            _batch(kind, "missing", [item for item in items if item.state in {"missing", "rejected"}]),
            _batch(kind, "stale", [item for item in items if item.state == "stale"]),
            _batch(kind, "failed", [item for item in items if item.failed]),
        ]
        closed = why_closed(self.story, kind)
        ready = sum(item.state in {"done", "stale"} for item in items)
        running = sum(item.state == "running" for item in items)
        return Progress(kind, ready, len(items), running, [batch for batch in batches if batch.count], str(closed) if closed else "")

    @cached_property
    def work(self) -> Job | None:
        """The open job of the story as a whole."""
        scene_jobs = {JobName.SCENE_PREVIEW, JobName.SCENE_RENDER}
        return next((job for job in reversed(self.facts.jobs) if job.is_open and job.name not in scene_jobs), None)

    @property
    def work_label(self) -> str:
        return str(JobName(self.work.name).label) if self.work and self.work.name in JobName.values else ""

    @property
    def work_tone(self) -> str:
        return str(tones.of_job(self.work)) if self.work else "idle"

    @property
    def tone(self) -> str:
        return str(tones.of_story(self.story.status, self.work))

    @property
    def last_id(self) -> UUID | None:
        return self.scenes[-1].pk if self.scenes else None

    @cached_property
    def is_moving(self) -> bool:
        """Whether anything may change by itself: an open job that does not wait for a person."""
        return any(job.is_open and job.status != JobStatus.UNCLEAR and job.wait_for != "person" for job in self.facts.jobs)

    @cached_property
    def bar_mark(self) -> str:
        """Names what the bar above the cards shows."""
        work = (self.work.name, self.work.progress, str(self.work.note), self.work.status) if self.work else None
        shown = [self.story.status, self.seconds, self.left, self.counts, self.progress, self.may_edit, len(self.cards), work]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:MARK_LENGTH]


def _batch(kind: str, mode: str, items: list[Item]) -> Batch:
    return Batch(kind, mode, len(items), sum((item.price for item in items), Decimal(0)))
