"""Who may see and who may change what.

Every lookup and every service function uses these checks. The names are those of the brief.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from jobs.models import Job
from stories.errors import Forbidden
from stories.models import Scene, Story


def sees_all(user: Any) -> bool:
    return bool(user.is_active and user.has_perm("stories.view_story"))


def stories_for(user: Any) -> QuerySet[Story]:
    """The stories this person may see: all with the permission to view stories, else their own."""
    if not user.is_active:
        return Story.objects.none()
    return Story.objects.all() if sees_all(user) else Story.objects.filter(owner_id=user.pk)


def scenes_for(user: Any) -> QuerySet[Scene]:
    """The live scenes of the stories this person may see."""
    if not user.is_active:
        return Scene.live.none()
    return Scene.live.all() if sees_all(user) else Scene.live.filter(story__owner_id=user.pk)


def jobs_for(user: Any) -> QuerySet[Job]:
    """The jobs this person may see: their own, or all with the permission to view stories."""
    if not user.is_active:
        return Job.objects.none()
    return Job.objects.all() if sees_all(user) else Job.objects.filter(Q(owner_id=user.pk))


def is_owner_or_manager(user: Any, owner_id: Any) -> bool:
    return bool(
        user.is_active and (owner_id == user.pk or user.has_perm("stories.manage_all_stories"))
    )


def is_story_owner(user: Any, story: Story) -> bool:
    """IsStoryOwner and IsOwnerOrReadOnly: whether this person may change the story and its
    scenes.
    """
    return is_owner_or_manager(user, story.owner_id) and bool(user.has_perm("stories.change_story"))


def is_job_owner(user: Any, job: Job) -> bool:
    """IsJobOwner: whether this person may retry or cancel this job."""
    return is_owner_or_manager(user, job.owner_id) and bool(user.has_perm("stories.change_story"))


def require_story_owner(user: Any, story: Story) -> None:
    """Raises Forbidden. A user of None is the system itself, which is always allowed."""
    if user is not None and not is_story_owner(user, story):
        raise Forbidden(
            gettext_noop("Only the owner of “%(title)s” or a manager may change it."),
            title=story.title,
        )


def require_job_owner(user: Any, job: Job) -> None:
    """Raises Forbidden."""
    if user is not None and not is_job_owner(user, job):
        raise Forbidden(
            gettext_noop("Only the owner of the story or a manager may steer this job.")
        )
