"""Mixing a film anew: the stems that the mixer plays, and another film with the same pictures."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from jobs.models import Job
from jobs.services import queue
from stories.enums import FilmKind, JobName, StoryStatus, TakeKind
from stories.errors import GuardRefused
from stories.models import Film, Story

from . import job_data
from .generation import start_generation
from .plan import plan_generation
from .sound import is_on, locked_for_sound

FILM = {
    StoryStatus.PREVIEWING: (FilmKind.PREVIEW, TakeKind.IMAGE),
    StoryStatus.RENDERING: (FilmKind.FINAL, TakeKind.CLIP),
    StoryStatus.COMPLETED: (FilmKind.FINAL, TakeKind.CLIP),
}
SILENT = gettext_noop("The film has no sound. Turn it on first.")
NO_FILM = gettext_noop("There is no film yet that could be mixed anew.")
UNFINISHED = gettext_noop(
    "The film needs more than a mix: something is still to be made, for %(price)s USD. Start it "
    "from the story."
)


def film_kind(story: Story) -> str:
    """The kind of film that the story's status is about."""
    return str(FILM.get(StoryStatus(story.status), (FilmKind.PREVIEW, ""))[0])


def prepare_mixer(story_id: UUID | str, *, actor: Any) -> Job:
    """Enqueue the job that makes the stems. Raises Forbidden or GuardRefused (no sound)."""
    with transaction.atomic():
        story = locked_for_sound(story_id, actor)
        if not is_on(story):
            raise GuardRefused(SILENT)
        name = JobName.STORY_STEMS
        job, _new = queue.enqueue(
            name,
            data=job_data.data(story.pk, name, {"kind": film_kind(story)}),
            subject=str(story.pk),
            item=str(story.pk),
            owner=actor or story.owner,
            priority=2,
            unique_key=f"{name}:{story.pk}",
        )
    return job


def remix(story_id: UUID | str, *, actor: Any) -> Job:
    """Make another version of the film with its present sound. No picture is encoded again.

    Nothing is bought: if the film needs another take, GuardRefused is raised. Raises
    Story.DoesNotExist, Forbidden or GuardRefused.
    """
    with transaction.atomic():
        story = locked_for_sound(story_id, actor)
        film, kind = FILM.get(StoryStatus(story.status), ("", ""))
        if not film or not Film.objects.filter(story=story, kind=film).exists():
            raise GuardRefused(NO_FILM)
        plan = plan_generation(story, kind)
        if not plan.makes_nothing:
            raise GuardRefused(UNFINISHED, price=str(plan.total))
        start, _plan = start_generation(
            story.pk,
            kind,
            actor=actor,
            advance="never",
            confirm_total=Decimal(0),
            plan_hash=plan.hash,
        )
    return start.jobs[0]


def can_remix(story: Story) -> bool:
    """Whether the story's status has a film that can be mixed anew."""
    return story.status in FILM
