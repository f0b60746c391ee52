"""The data of a story's page, read in a number of queries that does not depend on its size."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from django.urls import reverse
from django.utils.translation import gettext as _

from core.admin.display import Tone
from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers import ledger
from stories.enums import FilmKind, JobName, StoryStatus, TakeKind
from stories.film.changes import changes_since
from stories.models import Film, Scene, Story, StoryStateTransition
from stories.selectors.job_facts import JobFacts
from stories.selectors.summary import Summary, summarize
from stories.selectors.warnings import too_fast
from stories.services.permissions import is_story_owner
from stories.services.plan import load_scenes
from stories.services.transitions import Choice, choices

from . import status_colors
from .films import changed_scenes, chapters_of, describe_changes, poster_url
from .open_jobs import OpenJob
from .pauses import Standstill, pauses_of
from .scene_states import State, main_of, states_of

PATH = (
    StoryStatus.DRAFT,
    StoryStatus.PLANNED,
    StoryStatus.PREVIEWING,
    StoryStatus.RENDERING,
    StoryStatus.COMPLETED,
)
REACHED = {
    StoryStatus.DRAFT: 0,
    StoryStatus.PLANNING: 0,
    StoryStatus.PLANNED: 1,
    StoryStatus.PREVIEWING: 2,
    StoryStatus.RENDERING: 3,
    StoryStatus.COMPLETED: 4,
    StoryStatus.ARCHIVED: -1,
    StoryStatus.FAILED: -1,
}
QUICK, SLOW = 2, 6  # seconds between polls: while something runs, and while everything waits


class Picture(Protocol):
    """A take, or a lightweight row of one."""

    @property
    def pk(self) -> Any: ...
    @property
    def sha256(self) -> str: ...


def picture_url(take: Picture | None, width: int = 640) -> str:
    """The URL of a take's thumbnail.

    Empty without a take. The view gives 404 to users who may not see the story.
    """
    return (
        reverse("stories:take_thumb", args=[take.pk, take.sha256[:16], width])
        if take is not None
        else ""
    )


@dataclass(frozen=True, slots=True)
class Card:
    """One scene with its picture, the states of its takes, and the progress of running work."""

    scene: Scene
    states: list[State]
    picture: str

    @property
    def main(self) -> State:
        return main_of(self.states)

    @property
    def running(self) -> State | None:
        return next((state for state in self.states if state.percent is not None), None)


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    state: str  # done, now, next


@dataclass
class StoryState:
    """A story as one user sees it now. Each part is read on first access."""

    story: Story
    user: Any
    film_id: str = ""
    _cards: list[Card] | None = field(default=None, repr=False)

    @cached_property
    def is_owner(self) -> bool:
        return is_story_owner(self.user, self.story)

    @cached_property
    def kind(self) -> TakeKind:
        """The kind of take that is made in the story's current status."""
        return (
            TakeKind.CLIP
            if self.story.status in {StoryStatus.RENDERING, StoryStatus.COMPLETED}
            else TakeKind.IMAGE
        )

    @cached_property
    def scenes(self) -> list[Scene]:
        return load_scenes(self.story)

    @cached_property
    def facts(self) -> JobFacts:
        return JobFacts.of(self.story)

    @cached_property
    def summary(self) -> Summary:
        return summarize(self.story, scenes=self.scenes, facts=self.facts)

    @cached_property
    def open_jobs(self) -> list[Job]:
        return list(
            Job.objects.filter(subject=str(self.story.pk), status__in=OPEN).order_by("created_at")
        )

    @cached_property
    def work(self) -> Job | None:
        """The open job of the story itself, if there is one."""
        return next((job for job in self.open_jobs if not job.item), None)

    @cached_property
    def cards(self) -> list[Card]:
        return [
            Card(one.scene, states_of(one, self.facts), picture_url(one.scene.image_take))
            for one in self.summary.scenes
        ]

    @cached_property
    def choices(self) -> list[Choice]:
        return choices(self.story, self.user)

    @cached_property
    def cost(self) -> ledger.Totals:
        return ledger.totals(subject=str(self.story.pk))

    @cached_property
    def films(self) -> list[Film]:
        return list(
            Film.objects.filter(story=self.story).order_by("-created_at").defer("srt", "vtt")[:20]
        )

    @cached_property
    def film(self) -> Film | None:
        """The requested film, else the newest final film, else the newest preview."""
        asked = next((film for film in self.films if str(film.pk) == self.film_id), None)
        return (
            asked
            or next((film for film in self.films if film.kind == FilmKind.FINAL), None)
            or next(iter(self.films), None)
        )

    @cached_property
    def pauses(self) -> list[Standstill]:
        """The pauses that affect this story."""
        return pauses_of(self.story)

    @property
    def poster(self) -> str:
        """A frame of the shown film."""
        return poster_url(self.film, 1280) if self.film else ""

    @cached_property
    def film_changes(self) -> str:
        """What the shown film shows differently from the current scenes, in words."""
        return (
            describe_changes(changes_since(self.film, self.story, self.scenes)) if self.film else ""
        )

    @cached_property
    def hurried(self) -> list[tuple[Scene, LocalizedMessage]]:
        """The scenes of the shown film whose captions are too fast to read, with a remedy."""
        shown = (
            {row["scene"] for row in self.film.manifest.get("segments", [])} if self.film else set()
        )
        found = (
            (scene, too_fast(scene.narration, scene.duration_seconds))
            for scene in self.scenes
            if scene.key in shown
        )
        return [(scene, warning) for scene, warning in found if warning]

    @property
    def can_remake_film(self) -> bool:
        """Whether the shown film can be rendered again without a status transition."""
        kind = FilmKind.PREVIEW if self.story.status == StoryStatus.PREVIEWING else FilmKind.FINAL
        return bool(self.film and self.film.kind == kind and self.can_remake and self.work is None)

    @property
    def tone(self) -> Tone:
        return status_colors.of_story(self.story.status, self.work)

    @property
    def steps(self) -> list[Step]:
        names = [_("Script"), _("Plan"), _("Preview"), _("Final film"), _("Done")]
        reached = REACHED[StoryStatus(self.story.status)]
        return [
            Step(
                name,
                "done"
                if i < reached or reached == len(names) - 1
                else "now"
                if i == reached
                else "next",
            )
            for i, name in enumerate(names)
        ]

    @property
    def asks(self) -> Job | None:
        """The job that continues only after a person acts."""
        return next((job for job in self.open_jobs if status_colors.of_job(job) == "ask"), None)

    @property
    def can_remake(self) -> bool:
        """Whether pictures or clips can be requested without a status transition."""
        return self.is_owner and self.story.status in {
            StoryStatus.PREVIEWING,
            StoryStatus.RENDERING,
        }

    @property
    def can_give_up(self) -> bool:
        return self.is_owner and self.story.status in {
            StoryStatus.PREVIEWING,
            StoryStatus.RENDERING,
            StoryStatus.PLANNING,
        }

    @property
    def poll_seconds(self) -> int:
        """Seconds until the next poll. 0 if nothing is running."""
        if not self.open_jobs:
            return 0
        moving = any(
            job.status in {JobStatus.QUEUED, JobStatus.RUNNING}
            or job.wait_for in {WaitFor.CHILDREN, WaitFor.PROVIDER}
            for job in self.open_jobs
        )
        return QUICK if moving else SLOW

    @property
    def progress(self) -> int:
        """The progress of the story's job in percent.

        For a preview or a film it follows the scenes.
        """
        return self.work.progress if self.work else 0

    @property
    def work_label(self) -> str:
        return job_label(self.work) if self.work else ""

    @cached_property
    def last_reason(self) -> str:
        """Why the story failed."""
        row = StoryStateTransition.objects.filter(story=self.story).order_by("-id").first()
        return row.why if row else ""

    @property
    def marks(self) -> list[dict[str, Any]]:
        """The start of each scene in the shown film, in seconds, from its manifest."""
        return chapters_of(self.film) if self.film else []

    @property
    def versions(self) -> list[Film]:
        """The films, each with the number of scenes that differ from the previous version."""
        for newer in self.films:
            older = next(
                (
                    film
                    for film in self.films
                    if film.kind == newer.kind and film.number == newer.number - 1
                ),
                None,
            )
            newer.changed = changed_scenes(newer, older) if older else "–"  # type: ignore[attr-defined]  # for the template
        return self.films


def job_label(job: Job | OpenJob) -> str:
    """The label of a job."""
    return str(JobName(job.name).label) if job.name in JobName.values else job.name
