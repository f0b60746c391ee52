"""The whole board from live rows, in a number of queries that does not depend on the number of scenes."""

import hashlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.urls import reverse

from jobs.enums import JobStatus
from providers.domain.resolve import PERMISSION as RESOLVE
from stories.admin import tones
from stories.domain.facts import Facts
from stories.domain.launch import why_closed
from stories.domain.locks import CLOSED
from stories.domain.order import version_of
from stories.domain.permissions import is_story_owner
from stories.domain.plan import Item, Plan, plan_generation
from stories.enums import JobName, TakeKind
from stories.models import Scene, Story

from .cards import MARK_LENGTH, Card
from .rows import scene_rows

DELETED_SHOWN = 50


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
        return scene_rows(self.story)

    @cached_property
    def deleted(self) -> list[Scene]:
        """The scenes that this person can bring back, the last deleted first."""
        return list(Scene.objects.filter(story=self.story, deleted_at__isnull=False).order_by("-deleted_at")[:DELETED_SHOWN]) if self.may_edit else []

    @cached_property
    def plans(self) -> dict[str, Plan]:
        return {kind: plan_generation(self.story, kind, scenes=self.scenes, facts=self.facts) for kind in TakeKind.values}

    @cached_property
    def cards(self) -> list[Card]:
        rows = zip(self.scenes, self.plans[TakeKind.IMAGE].items, self.plans[TakeKind.CLIP].items, strict=True)
        return [Card(scene, image, clip, self.facts, self.may_edit, self.base, decide_url=self._decide_url(scene.key)) for scene, image, clip in rows]

    @cached_property
    def may_decide(self) -> bool:
        """Whether this person decides on calls that may have been paid."""
        return bool(self.user.has_perm(RESOLVE))

    def _decide_url(self, key: str) -> str:
        call = self.facts.unclear.get(key)
        return reverse("admin:providers_providercall_change", args=[call]) if call and self.may_decide else ""

    def complete(self, wanted: Collection[Card]) -> None:
        """These cards are shown complete, and all others as shells."""
        for card in self.cards:
            card.full = False
        for card in wanted:
            card.full = True

    @cached_property
    def base(self) -> str:
        """Address below which the scenes of the board stand."""
        return reverse("admin:stories_story_board", args=[self.story.pk]) + "scenes/"

    @cached_property
    def version(self) -> str:
        return version_of(scene.key for scene in self.scenes)

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
        found: Counter[str] = Counter()
        for keys, number in Counter(card.keys for card in self.cards).items():
            found.update(dict.fromkeys(keys.split(), number))
        return dict(found)

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
        states = self.plans[kind].counts
        ready, running = states.get("done", 0) + states.get("stale", 0), states.get("running", 0)
        return Progress(kind, ready, len(items), running, [batch for batch in batches if batch.count], str(closed) if closed else "")

    @cached_property
    def work(self) -> Any:
        """The open job of the story as a whole, a row that reads like a Job; or None."""
        scene_jobs = {JobName.SCENE_PREVIEW, JobName.SCENE_RENDER}
        return next((job for job in reversed(self.facts.open) if job.name not in scene_jobs), None)

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
        return any(job.status != JobStatus.UNCLEAR and job.wait_for != "person" for job in self.facts.open)

    @cached_property
    def bar_mark(self) -> str:
        """Names what the bar above the cards shows."""
        work = (self.work.name, self.work.progress, str(self.work.note), self.work.status) if self.work else None
        shown = [self.story.status, self.seconds, self.left, self.counts, self.progress, self.may_edit, len(self.cards), work]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:MARK_LENGTH]


def _batch(kind: str, mode: str, items: list[Item]) -> Batch:
    return Batch(kind, mode, len(items), sum((item.price for item in items), Decimal(0)))
