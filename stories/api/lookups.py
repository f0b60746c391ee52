"""Look up the objects that a request names, limited to what the user may see. Others give 404."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from api.controllers import Call
from api.problems import forbidden, not_found
from jobs.models import Job
from stories.models import Film, Scene, SoundTake, Story, Take
from stories.services.permissions import (
    deleted_scenes_for,
    jobs_for,
    require_job_owner,
    scenes_for,
    sees_all,
    stories_for,
)
from stories.services.scene_cast import with_cast

from .outputs.takes import with_checks


def story_of(call: Call, story_id: UUID) -> Story:
    story = stories_for(call.user).select_related("owner", "project").filter(pk=story_id).first()
    if story is None:
        raise not_found()
    return story


def story_of_scene(scene_id: UUID) -> QuerySet[Story]:
    """The story of a scene, to be locked."""
    return Story.objects.filter(pk__in=Scene.objects.filter(pk=scene_id).values("story"))


def scene_of(call: Call, scene_id: UUID) -> Scene:
    scene = (
        scenes_for(call.user)
        .select_related("story", "prompt", "image_take", "clip_take")
        .prefetch_related(with_cast())
        .filter(pk=scene_id)
        .first()
    )
    if scene is None:
        raise not_found()
    return scene


def deleted_scene_of(call: Call, scene_id: UUID) -> Scene:
    """A scene that was taken out of the film."""
    scene = deleted_scenes_for(call.user).filter(pk=scene_id).first()
    if scene is None:
        raise not_found()
    return scene


def take_of(call: Call, take_id: UUID) -> Take:
    take = (
        Take.objects.select_related("made_by")
        .prefetch_related(with_checks())
        .filter(pk=take_id, scene__in=scenes_for(call.user))
        .first()
    )
    if take is None:
        raise not_found()
    return take


def sound_take_of(call: Call, take_id: UUID) -> SoundTake:
    take = SoundTake.objects.filter(pk=take_id, story__in=stories_for(call.user)).first()
    if take is None:
        raise not_found()
    return take


def film_of(call: Call, film_id: UUID) -> Film:
    film = (
        Film.objects.select_related("story")
        .filter(pk=film_id, story__in=stories_for(call.user))
        .first()
    )
    if film is None:
        raise not_found()
    return film


def job_of(call: Call, job_id: str) -> Job:
    job = jobs_for(call.user).filter(pk=job_id).first()
    if job is None:
        raise not_found()
    return job


def steerable_job(call: Call, job_id: str) -> Job:
    """IsJobOwner.

    Raises 404 for a job that this user may not see, 403 for one they may only see.
    """
    job = job_of(call, job_id)
    require_job_owner(call.user, job)
    return job


def admit_writer(user: User) -> None:
    """Reject users who may not change any story before a long body is read."""
    if not user.has_perm("stories.change_story"):
        raise forbidden() if sees_all(user) else not_found()
