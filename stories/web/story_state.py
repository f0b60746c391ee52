"""The data of a story's page, read in a number of queries that does not depend on its size."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from django.urls import reverse

from core.localized_messages import LocalizedMessage
from jobs.admin import CAN_RETRY
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from stories.enums import FilmKind, JobName, StoryStatus, TakeKind
from stories.film.changes import changes_since
from stories.models import Film, Scene, Story
from stories.selectors.job_facts import JobFacts
from stories.selectors.summary import Summary, summarize
from stories.selectors.warnings import too_fast
from stories.services import job_data
from stories.services.film_verdicts import why_not_deliverable
from stories.services.permissions import is_story_owner
from stories.services.plan import load_scenes
from stories.services.retry import is_closed_to_retry

from .films import changed_scenes, chapters_of, describe_changes, poster_url
from .open_jobs import OpenJob
from .story_head import StoryHead

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


@dataclass
class StoryState:
    """A story as one user sees it now. Each part is read on first access."""

    story: Story
    user: Any
    film_id: str = ""

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
    def head(self) -> StoryHead:
        return StoryHead(self.story, self.user, self.summary)

    @property
    def open_jobs(self) -> list[Job]:
        return self.head.jobs

    @property
    def work(self) -> Job | None:
        """The open job of the story itself, if there is one."""
        return self.head.work

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
    def why_not_delivered(self) -> str:
        """Why the shown film may not be downloaded yet. Empty if it may."""
        if self.film is None:
            return ""
        self.film.story = self.story
        refused = why_not_deliverable(self.film)
        return str(refused) if refused else ""

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
    def can_remake(self) -> bool:
        """Whether pictures or clips can be requested without a status transition."""
        return self.is_owner and self.story.status in {
            StoryStatus.PREVIEWING,
            StoryStatus.RENDERING,
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


def closed_to_retry(jobs: Iterable[Job], statuses: Mapping[str, str]) -> set[str]:
    """The ids of the ended jobs whose retry the status of their story would refuse.

    `statuses`: of the stories, by their ids. At most one query.
    """
    ended = [
        job
        for job in jobs
        if job.status in CAN_RETRY and job.name in JobName and job.subject in statuses
    ]
    spenders = job_data.may_spend(ended)
    return {
        job.pk
        for job in ended
        if is_closed_to_retry(job, statuses[job.subject], may_spend=job.pk in spenders)
    }


def job_label(job: Job | OpenJob) -> str:
    """The label of a job."""
    return str(JobName(job.name).label) if job.name in JobName.values else job.name
