"""What the rows say about a story's work, as light rows: a board of hundreds of scenes reads them with every look."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KT

from ground.sentence import Sentence
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import TakeKind
from stories.models import Story

from . import work


class JobRow(NamedTuple):
    """A job as far as a person sees it; the fields are the model's, `action` is that of its envelope."""

    name: str
    item: str
    status: str
    wait_for: str
    progress: int
    note_data: dict[str, Any]
    action: str

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def note(self) -> Sentence:
        return Sentence.from_json(self.note_data or None)

    def get_status_display(self) -> str:
        return str(JobStatus(self.status).label)

    def get_wait_for_display(self) -> str:
        return str(WaitFor(self.wait_for).label) if self.wait_for else ""


class Facts:
    """The story's open jobs, the failed ones that nothing came after, and the scenes with a call that nobody has resolved."""

    def __init__(self, jobs: Iterable[JobRow], unclear: Mapping[str, UUID]) -> None:
        """`unclear`: the newest unresolved call of each scene, by the scene's id as text."""
        self.jobs = list(jobs)
        self.unclear = unclear
        self.configs: dict[str, AIProviderConfig] = {}  # those that a plan has asked for

    @classmethod
    def of(cls, story: Story) -> "Facts":
        """Two queries, whatever the number of jobs that have ended well; they serve the plans of both kinds."""
        later = Job.objects.filter(item=OuterRef("item"), name=OuterRef("name"), subject=OuterRef("subject"))
        later = later.filter(Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), id__gt=OuterRef("id")))
        wanted = Q(status__in=OPEN) | Q(status=JobStatus.FAILED) & ~Exists(later.order_by())
        rows = Job.objects.filter(wanted, subject=str(story.pk)).order_by("created_at", "id")
        jobs = rows.values_list("name", "item", "status", "wait_for", "progress", "note_data", KT("data__action"))
        unclear = ProviderCall.objects.filter(subject=str(story.pk), state=CallState.UNCLEAR).order_by("reserved_at").values_list("item", "pk")
        return cls(map(JobRow._make, jobs), dict(unclear))

    def running(self, kind: str) -> dict[str, JobRow]:
        """The open job of each scene that makes a take of this kind, by the scene's id."""
        name = work.SCENE_JOB[TakeKind(kind)]
        return {job.item: job for job in self.open if job.name == name and job.action != work.COLLECT}

    def failed(self, kind: str) -> dict[str, JobRow]:
        """The newest job of each scene for a take of this kind, if it failed, by the scene's id."""
        name = work.SCENE_JOB[TakeKind(kind)]
        return {job.item: job for job in self.jobs if job.name == name and not job.is_open}

    @cached_property
    def open(self) -> list[JobRow]:
        """The open jobs, the oldest first."""
        return [job for job in self.jobs if job.is_open]
