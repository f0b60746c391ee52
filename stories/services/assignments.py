"""Who is to do something, and until when: for a story or one of its scenes."""

from datetime import date, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext_noop

from stories.enums import StoryStatus
from stories.errors import Invalid
from stories.models import Scene, Story

from . import notices
from .permissions import require_story_owner, stories_for

BACKEND = "django.contrib.auth.backends.ModelBackend"
MOST = 200  # people to choose from
LATE = timedelta(days=30)  # of what is late for longer nobody is reminded
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)


def assignable(story: Story) -> list[Any]:
    """The people who may see the story, by name. One query."""
    people = get_user_model().objects.with_perm("stories.view_story", backend=BACKEND)
    people = people | get_user_model().objects.filter(pk=story.owner_id)
    return list(people.filter(is_active=True).distinct().order_by("first_name", "username")[:MOST])


def assign(
    story_id: UUID | str,
    *,
    actor: Any,
    assignee_id: int | None,
    due_on: date | None,
    scene_id: UUID | str | None = None,
) -> Story | Scene:
    """Assign the story, or one of its live scenes, and set when it is due. None clears either.

    Raises Story.DoesNotExist, Scene.DoesNotExist, Forbidden or Invalid.
    """
    if due_on is not None and not FIRST <= due_on <= LAST:
        raise Invalid(gettext_noop("Enter a valid date."), field="due_on")
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        person = None
        if assignee_id is not None:
            person = get_user_model().objects.filter(pk=assignee_id, is_active=True).first()
            if person is None or not stories_for(person).filter(pk=story.pk).exists():
                raise Invalid(gettext_noop("This person does not see the story."), field="assignee")
        if scene_id is None:
            before = story.assignee_id
            Story.objects.filter(pk=story.pk).update(assignee=person, due_on=due_on)
            story.refresh_from_db(fields=["assignee", "due_on"])
            if story.assignee_id != before:
                notices.assigned(story, actor=actor)
            return story
        scene = Scene.live.select_related("story").get(pk=scene_id, story=story)
        before = scene.assignee_id
        Scene.objects.filter(pk=scene.pk).update(assignee=person, due_on=due_on)
        scene.refresh_from_db(fields=["assignee", "due_on"])
        if scene.assignee_id != before:
            notices.assigned(scene, actor=actor)
        return scene


def remind(today: date) -> int:
    """Tell the assignees of unfinished work what is due today or tomorrow, or is late.

    Each of them once for each due date, and once more when it is late. Returns how many were told.
    """
    soon = {
        "due_on__lte": today + timedelta(days=1),
        "due_on__gte": today - LATE,
        "assignee__is_active": True,
    }
    done = (StoryStatus.COMPLETED, StoryStatus.ARCHIVED)
    stories = Story.objects.filter(**soon).exclude(status__in=done).defer("script")
    scenes = Scene.live.filter(**soon).exclude(story__status__in=done).select_related("story")
    return sum(notices.due(row, today) for row in chain[Story | Scene](stories, scenes))
