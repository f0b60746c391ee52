"""The whole board, read in a number of queries that does not depend on the number of scenes."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.urls import reverse

from jobs.enums import JobStatus
from providers.services.unclear_calls import PERMISSION as RESOLVE
from stories.enums import JobName
from stories.models import Scene, Story
from stories.selectors.job_facts import JobFacts
from stories.selectors.summary import Progress, SceneSummary, Summary, summarize
from stories.services.locking import CLOSED, why_words_locked
from stories.services.permissions import is_story_owner
from stories.services.scene_order import version_of
from stories.web.pauses import Standstill, pauses_of

from .board_rows import scene_rows
from .cards import MARK_LENGTH, Card
from .story_head import StoryHead

DELETED_SHOWN = 50


@dataclass
class Board:
    """A story's board as one user sees it now."""

    story: Story
    user: Any

    @cached_property
    def may_edit(self) -> bool:
        """Whether this user may change scenes now."""
        return self.is_owner and self.story.status not in CLOSED

    @cached_property
    def is_owner(self) -> bool:
        return is_story_owner(self.user, self.story)

    @cached_property
    def facts(self) -> JobFacts:
        return JobFacts.of(self.story)

    @cached_property
    def scenes(self) -> list[Any]:
        return scene_rows(self.story)

    @cached_property
    def deleted(self) -> list[Scene]:
        """The scenes that this user can restore, last deleted first."""
        return (
            list(
                Scene.objects.filter(story=self.story, deleted_at__isnull=False).order_by(
                    "-deleted_at"
                )[:DELETED_SHOWN]
            )
            if self.may_edit
            else []
        )

    @cached_property
    def summary(self) -> Summary:
        return summarize(self.story, scenes=self.scenes, facts=self.facts)

    @cached_property
    def cards(self) -> list[Card]:
        decide = self._decide_url
        return [
            Card(
                one,
                self.facts,
                self._may_write(one),
                self.base,
                decide_url=decide(one.scene.key),
                may_arrange=self.may_edit,
            )
            for one in self.summary.scenes
        ]

    def _may_write(self, one: SceneSummary) -> bool:
        """Whether this user may change the text of this scene now.

        During a final render only scenes that wait for a person can be changed.
        """
        return self.may_edit or (
            self.is_owner
            and why_words_locked(self.story, one.scene, item=one.clip, facts=self.facts) is None
        )

    @cached_property
    def may_decide(self) -> bool:
        """Whether this user may resolve calls that may have been paid."""
        return bool(self.user.has_perm(RESOLVE))

    def _decide_url(self, key: str) -> str:
        call = self.facts.unclear.get(key)
        return (
            reverse("admin:providers_providercall_change", args=[call])
            if call and self.may_decide
            else ""
        )

    def complete(self, wanted: Collection[Card]) -> None:
        """Render these cards complete and all others as placeholders."""
        for card in self.cards:
            card.full = False
        for card in wanted:
            card.full = True

    @cached_property
    def base(self) -> str:
        """The base URL of the board's scenes."""
        return reverse("admin:stories_story_board", args=[self.story.pk]) + "scenes/"

    @cached_property
    def version(self) -> str:
        return version_of(scene.key for scene in self.scenes)

    @property
    def seconds(self) -> float:
        return self.summary.seconds

    @property
    def left(self) -> Decimal:
        """The remaining cost in USD until the film is complete."""
        return self.summary.left

    @property
    def uncertain(self) -> Decimal:
        """USD that unclear calls may have cost for missing takes."""
        return self.summary.uncertain

    @property
    def counts(self) -> dict[str, int]:
        """The number of cards for each state of the filter."""
        return self.summary.counts

    @property
    def progress(self) -> list[Progress]:
        return self.summary.progress

    @cached_property
    def work(self) -> Any:
        """The open job of the story as a whole, as a row that reads like a Job.

        None if there is none.
        """
        scene_jobs = {JobName.SCENE_PREVIEW, JobName.SCENE_RENDER}
        return next((job for job in reversed(self.facts.open) if job.name not in scene_jobs), None)

    @cached_property
    def head(self) -> StoryHead:
        return StoryHead(self.story, self.user, self.summary)

    @property
    def last_id(self) -> UUID | None:
        return self.scenes[-1].pk if self.scenes else None

    @cached_property
    def pauses(self) -> list[Standstill]:
        """The pauses that affect this story."""
        return pauses_of(self.story)

    @cached_property
    def is_moving(self) -> bool:
        """Whether anything may change without a person: an open job that does not wait for one."""
        return any(
            job.status != JobStatus.UNCLEAR and job.wait_for != "person" for job in self.facts.open
        )

    @cached_property
    def bar_mark(self) -> str:
        """A version of the bar above the cards."""
        work = (
            (self.work.name, self.work.progress, str(self.work.note), self.work.status)
            if self.work
            else None
        )
        shown = [
            self.story.status,
            self.seconds,
            self.left,
            self.uncertain,
            self.counts,
            self.progress,
            self.may_edit,
            self.pauses,
            len(self.cards),
            work,
        ]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:MARK_LENGTH]
