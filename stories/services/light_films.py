"""Asking for the copy of a film for slow connections."""

from typing import Any
from uuid import UUID

from django.db import transaction

from jobs.models import Job
from jobs.services import queue
from stories.enums import FilmKind, JobName
from stories.models import Film

from . import job_data
from .permissions import require_story_owner


def prepare_light(film_id: UUID | str, *, actor: Any) -> Job | None:
    """Enqueue the job that makes the copy; None if it exists.

    It costs nothing and is made after all work that is paid for. Raises Film.DoesNotExist or
    Forbidden.
    """
    film = Film.objects.select_related("story").get(pk=film_id)
    require_story_owner(actor, film.story)
    return _order(film, owner=actor)


def prepare_by_itself(film: Film, *, owner: Any) -> Job | None:
    """Enqueue the job that makes the copy of a new final film, if the story says so.

    None if it does not, or if there is a copy. Repeating it changes nothing.
    """
    if film.kind != FilmKind.FINAL or not film.story.light_films:
        return None
    return _order(film, owner=owner or film.story.owner)


def _order(film: Film, *, owner: Any) -> Job | None:
    if film.light_file:
        return None
    name = JobName.FILM_LIGHT
    with transaction.atomic():
        return queue.enqueue(
            name,
            data=job_data.data(film.story_id, name, {"film_id": str(film.pk)}),
            subject=str(film.story_id),
            item=str(film.pk),
            owner=owner,
            priority=9,
            unique_key=f"{name}:{film.pk}",
        )[0]
