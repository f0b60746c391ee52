"""Facts about a story's jobs and calls as lightweight rows.

Boards with hundreds of scenes read them on every poll.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf, Replace

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from providers.preflight import UsedFields
from providers.prices import configs_of, not_configured
from stories.enums import JobName, ReviewStatus, TakeKind
from stories.models import Line, SoundTake, Story, Take
from stories.services import checks, collecting, job_data

from .precompiled_query import PrecompiledQuery


class JobRow(NamedTuple):
    """A job as shown to a person. The fields are the model's; `action` is that of its envelope."""

    name: str
    item: str
    status: str
    wait_for: str
    progress: int
    action: str
    note_data: dict[str, Any]

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def asks_price(self) -> bool:
        """Whether the scene's job waits for a person because its price exceeds the confirmed
        one.
        """
        return (
            self.name in job_data.TAKE_KIND
            and self.status == JobStatus.WAITING
            and self.wait_for == WaitFor.PERSON
            and not checks.is_halted(self)
        )

    @property
    def note(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.note_data or None)

    def get_status_display(self) -> str:
        return str(JobStatus(self.status).label)

    def get_wait_for_display(self) -> str:
        return str(WaitFor(self.wait_for).label) if self.wait_for else ""


def _jobs(stories: Q, *more: str) -> QuerySet[Job, Any]:
    later = Job.objects.filter(
        item=OuterRef("item"), name=OuterRef("name"), subject=OuterRef("subject")
    )
    later = later.filter(
        Q(created_at__gt=OuterRef("created_at"))
        | Q(created_at=OuterRef("created_at"), id__gt=OuterRef("id"))
    )
    later = collecting.but_collectors(later)
    over = Q(Exists(later.order_by()))
    for kind in TakeKind.values:
        over |= Q(name=job_data.SCENE_JOB[TakeKind(kind)]) & Q(Exists(_takes_since(kind)))
    for name in job_data.SOUND_KIND:
        over |= Q(name=name) & Q(Exists(_sound_since(name)))
    wanted = Q(status__in=OPEN) | Q(status=JobStatus.FAILED) & ~over
    rows = Job.objects.filter(wanted, stories).order_by("created_at", "id")
    return rows.values_list(
        "name", "item", "status", "wait_for", "progress", KT("data__action"), "note_data", *more
    )


def _takes_since(kind: str) -> QuerySet[Take, Any]:
    """The takes of a job's scene that were made, uploaded or approved after the job ended.

    They supersede its failure.
    """
    # A job refers to its scene by text. An empty text is no scene, and PostgreSQL would fail to
    # cast it to an id.
    scene = Cast(NullIf(Replace(OuterRef("item"), Value("-"), Value("")), Value("")), UUIDField())
    approved = Q(review_status=ReviewStatus.APPROVED, reviewed_at__gt=OuterRef("finished_at"))
    since = Q(created_at__gt=OuterRef("finished_at")) | approved
    return Take.objects.filter(since, kind=kind, scene_id=scene).order_by()


def _sound_since(name: JobName) -> QuerySet[SoundTake, Any]:
    """The takes of a job's line, effect or music that supersede its failure.

    The music of a job is that of the story, or of a scene, whose id its item is then.
    """
    item = Cast(NullIf(Replace(OuterRef("item"), Value("-"), Value("")), Value("")), UUIDField())
    mine = {
        JobName.LINE_SPEECH: Q(line_id=item),
        JobName.STORY_MUSIC: Q(story_id=item, scene=None) | Q(scene_id=item),
        JobName.SCENE_SOUND: Q(effect_id=item),
    }[name] & Q(kind=job_data.SOUND_KIND[name])
    return SoundTake.objects.filter(mine, created_at__gt=OuterRef("finished_at")).order_by()


class CallRow(NamedTuple):
    """An open call for a take, or one whose result has not become a take yet."""

    item: str
    kind: str
    state: str
    id_text: str


def _calls(stories: Q, *more: str) -> QuerySet[ProviderCall, Any]:
    counts = Q(state__in=job_data.UNDER_WAY) | Q(state=CallState.SETTLED) & ~collecting.has_take()
    calls = ProviderCall.objects.filter(counts, stories, kind__in=list(job_data.TAKE_JOB)).order_by(
        "reserved_at"
    )
    return calls.values_list("item", "kind", "state", Cast("pk", CharField()), *more)


def _of(story_id: UUID) -> Q:
    return Q(subject=str(story_id))


JOBS = PrecompiledQuery(lambda story_id: _jobs(_of(story_id)))
CALLS = PrecompiledQuery(lambda story_id: _calls(_of(story_id)))


class JobFacts:
    """The story's open jobs, failed jobs without a later result, open calls, and providers.

    Whether something is running is read from calls as well as jobs: a call that is reserved, being
    sent or accepted is paid or about to be, whatever the state of its job.
    """

    def __init__(
        self,
        jobs: Iterable[JobRow],
        calls: Iterable[CallRow],
        providers: Collection[str],
        configs: Mapping[str, AIProviderConfig] | None = None,
    ) -> None:
        """`providers` are those that make the takes. `configs`: theirs, if they are loaded."""
        self.jobs = list(jobs)
        self.calls = list(calls)
        self.providers = providers
        self.used_fields = UsedFields()
        if configs is not None:
            self._configs = {name: config for name, config in configs.items() if name in providers}

    @classmethod
    def of(cls, story: Story) -> "JobFacts":
        """Load the facts of a story in two queries, whatever the number of finished jobs.

        They serve the plans of both kinds.
        """
        jobs = (JobRow._make((*row, json.loads(note))) for *row, note in JOBS.rows(story.pk))
        return cls(
            jobs,
            map(CallRow._make, CALLS.rows(story.pk)),
            {story.image_provider, story.clip_provider},
        )

    @classmethod
    def of_each(cls, stories: Collection[Story]) -> "dict[UUID, JobFacts]":
        """Load the facts of several stories, with their providers, in four queries."""
        subjects = Q(subject__in=[str(story.pk) for story in stories])
        jobs: dict[str, list[JobRow]] = {str(story.pk): [] for story in stories}
        calls: dict[str, list[CallRow]] = {subject: [] for subject in jobs}
        for *row, note, subject in _jobs(subjects, "subject"):
            jobs[subject].append(JobRow._make((*row, note)))
        for *call, subject in _calls(subjects, "subject"):
            calls[subject].append(CallRow._make(call))
        providers = {story.pk: {story.image_provider, story.clip_provider} for story in stories}
        configs = configs_of(set().union(*providers.values()))
        return {
            pk: cls(jobs[str(pk)], calls[str(pk)], names, configs)
            for pk, names in providers.items()
        }

    @cached_property
    def unclear(self) -> dict[str, UUID]:
        """The newest unresolved call of each scene, of any kind, by scene id as text."""
        return {
            call.item: UUID(call.id_text) for call in self.calls if call.state == CallState.UNCLEAR
        }

    def unclear_of(self, kind: str) -> dict[str, UUID]:
        """The newest unresolved call for a take of this kind. It blocks only this kind."""
        return {
            call.item: UUID(call.id_text)
            for call in self.calls
            if call.state == CallState.UNCLEAR and call.kind == kind
        }

    def under_way(self, kind: str) -> set[str]:
        """The scenes for which a take of this kind is paid or about to be, even without a job."""
        return {
            call.item
            for call in self.calls
            if call.state != CallState.UNCLEAR and call.kind == kind
        }

    def running(self, kind: str) -> dict[str, JobRow]:
        """The open job of each scene that makes a take of this kind, by scene id."""
        return self._running[kind]

    def failed(self, kind: str) -> dict[str, JobRow]:
        """The newest job of each scene for a take of this kind, if it failed, by scene id."""
        return self._failed[kind]

    @cached_property
    def _running(self) -> dict[str, dict[str, JobRow]]:
        making = [
            job for job in self.open if job.action != job_data.INGEST_ONLY and not job.asks_price
        ]
        return {
            kind: {job.item: job for job in making if job.name == name}
            for kind, name in job_data.SCENE_JOB.items()
        }

    def asks_price(self, kind: str) -> dict[str, JobRow]:
        """The open job of each scene that waits because its price has risen, by scene id."""
        return {
            job.item: job
            for job in self.open
            if job.asks_price and job.name == job_data.SCENE_JOB[TakeKind(kind)]
        }

    @cached_property
    def _failed(self) -> dict[str, dict[str, JobRow]]:
        return {
            kind: {job.item: job for job in self.jobs if job.name == name and not job.is_open}
            for kind, name in job_data.SCENE_JOB.items()
        }

    @cached_property
    def failed_voices(self) -> dict[str, JobRow]:
        """The newest failed speech of each scene, by scene id. One query if there is any."""
        jobs = {
            job.item: job
            for job in self.jobs
            if job.name == JobName.LINE_SPEECH and not job.is_open
        }
        if not jobs:
            return {}
        rows = Line.live.filter(pk__in=jobs).values_list("pk", "scene_id")
        return {str(scene): jobs[str(line)] for line, scene in rows}

    def checking(self, kind: str) -> set[str]:
        """The scenes with a take of this kind that a model is checking."""
        return self._checking[kind]

    @cached_property
    def _checking(self) -> dict[str, set[str]]:
        """One query if there is any."""
        takes = {
            job.item
            for job in self.open
            if job.name == JobName.TAKE_CHECK
            and job.status != JobStatus.UNCLEAR
            and job.wait_for != WaitFor.PERSON
        }
        found: dict[str, set[str]] = {kind: set() for kind in TakeKind.values}
        if takes:
            for kind, scene in Take.objects.filter(pk__in=takes).values_list("kind", "scene_id"):
                found[kind].add(str(scene))
        return found

    def need_providers(self, names: Collection[str]) -> None:
        """Scenes choose these providers. Two more queries if others are loaded already."""
        missing = set(names) - set(self.providers)
        if missing:
            self.providers = set(self.providers) | missing
            if "_configs" in self.__dict__:
                self._configs = {**self._configs, **configs_of(missing)}

    def config_of(self, provider: str) -> AIProviderConfig:
        """The configuration of one of the story's providers, with its models.

        Raises NotConfigured. Two queries for all.
        """
        if provider not in self._configs:
            raise not_configured(provider)
        return self._configs[provider]

    def config_or_none(self, provider: str) -> AIProviderConfig | None:
        """As `config_of`, None if there is none."""
        return self._configs.get(provider)

    @cached_property
    def _configs(self) -> dict[str, AIProviderConfig]:
        return configs_of(self.providers)

    @cached_property
    def open(self) -> list[JobRow]:
        """The open jobs, oldest first."""
        return [job for job in self.jobs if job.is_open]
