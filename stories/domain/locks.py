"""Taking a story or a scene for a change: the row lock, who may, and whether the story is open to it."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from stories.enums import StoryStatus
from stories.errors import GuardRefused
from stories.models import Scene, Story

from .permissions import require_story_owner

CLOSED = frozenset({StoryStatus.PLANNING, StoryStatus.RENDERING, StoryStatus.ARCHIVED})


def locked_story(story_id: UUID | str, actor: Any) -> Story:
    """The story, locked for a change of its scenes. Raises Story.DoesNotExist, Forbidden, or GuardRefused in a closed status."""
    story = Story.objects.select_for_update().get(pk=story_id)
    require_story_owner(actor, story)
    if story.status in CLOSED:
        raise GuardRefused(gettext_noop("Scenes cannot be changed while the story is “%(status)s”."), status=story.status)
    return story


def locked_scene(scene_id: UUID | str, actor: Any) -> tuple[Story, Scene]:
    """The scene with its prompt, and its story locked. Raises Scene.DoesNotExist and as `locked_story`."""
    scene = Scene.objects.only("story_id").get(pk=scene_id)
    story = locked_story(scene.story_id, actor)
    return story, Scene.objects.select_related("prompt").get(pk=scene_id)
