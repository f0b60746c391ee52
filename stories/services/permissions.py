"""Who may see and who may change what.

Every lookup and every service function uses these checks. The names are those of the brief.
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Replace
from django.utils.translation import gettext_noop

from jobs.models import Job
from providers.models import ProviderCall
from stories.errors import Forbidden
from stories.models import Project, ProjectMember, Scene, Story
from stories.models.project import leads


def sees_all(user: Any) -> bool:
    """Whether this person may see the stories of others, in the projects that they see."""
    return bool(user.is_active and user.has_perm("stories.view_story"))


def sees_every_project(user: Any) -> bool:
    return bool(user.is_active and user.has_perm("stories.view_all_projects"))


def visible_projects(user: Any) -> QuerySet[Project]:
    """The wall: the projects that are open to all staff, and those that this person belongs to."""
    if not user.is_active:
        return Project.objects.none()
    if sees_every_project(user):
        return Project.objects.all()
    mine = ProjectMember.objects.filter(user_id=user.pk).values("project_id")
    return Project.objects.filter(Q(is_open=True) | Q(pk__in=mine))


def behind_a_wall(user: Any) -> bool:
    """Whether there is any project that this person does not see. One query."""
    return not sees_every_project(user) and _hidden_projects(user).exists()


def _hidden_projects(user: Any) -> QuerySet[Project]:
    mine = ProjectMember.objects.filter(user_id=user.pk, project=OuterRef("pk"))
    return Project.objects.filter(~Exists(mine), is_open=False)


def _hidden_subjects(user: Any) -> QuerySet[Any]:
    """The ids of the stories behind walls, as jobs and calls have them, without dashes."""
    hidden = Story.objects.filter(project__in=_hidden_projects(user)).order_by()
    return hidden.annotate(bare=_bare("pk")).values("bare")


def _bare(field: str) -> Replace:
    text = TextField()
    return Replace(Cast(field, text), Value("-", output_field=text), Value("", output_field=text))


def calls_for(user: Any, calls: QuerySet[ProviderCall]) -> QuerySet[ProviderCall]:
    """Those of these calls that were not made for a story behind a wall."""
    if sees_every_project(user):
        return calls
    return calls.alias(bare=_bare("subject")).exclude(bare__in=_hidden_subjects(user))


def stories_for(user: Any) -> QuerySet[Story]:
    """The stories this person may see: of the projects that they see, all with the permission to
    view stories, else their own.
    """
    if not user.is_active:
        return Story.objects.none()
    rows = Story.objects.all() if sees_all(user) else Story.objects.filter(owner_id=user.pk)
    return rows if sees_every_project(user) else rows.filter(project__in=visible_projects(user))


def scenes_for(user: Any) -> QuerySet[Scene]:
    """The live scenes of the stories this person may see."""
    if not user.is_active:
        return Scene.live.none()
    rows = Scene.live.all() if sees_all(user) else Scene.live.filter(story__owner_id=user.pk)
    return (
        rows if sees_every_project(user) else rows.filter(story__project__in=visible_projects(user))
    )


def deleted_scenes_for(user: Any) -> QuerySet[Scene]:
    """The scenes that were taken out of the stories this person may see."""
    return Scene.objects.filter(deleted_at__isnull=False, story__in=stories_for(user))


def jobs_for(user: Any) -> QuerySet[Job]:
    """The jobs this person may see: their own, or all with the permission to view stories, but
    none of a story behind a wall.
    """
    if not user.is_active:
        return Job.objects.none()
    rows = Job.objects.all() if sees_all(user) else Job.objects.filter(Q(owner_id=user.pk))
    if sees_every_project(user):
        return rows
    return rows.alias(bare=_bare("subject")).exclude(bare__in=_hidden_subjects(user))


def is_owner_or_manager(user: Any, owner_id: Any) -> bool:
    return bool(
        user.is_active and (owner_id == user.pk or user.has_perm("stories.manage_all_stories"))
    )


def is_story_owner(user: Any, story: Story) -> bool:
    """IsStoryOwner and IsOwnerOrReadOnly: whether this person may change the story and its
    scenes.
    """
    return bool(user.has_perm("stories.change_story")) and (
        is_owner_or_manager(user, story.owner_id) or leads(user, story.project_id)
    )


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
            gettext_noop("Only the owner of the story or a manager may control this job.")
        )
