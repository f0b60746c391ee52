"""How scenes give way to one another: cut, cross-fade, dip to black."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from stories.enums import Boundary
from stories.errors import Invalid
from stories.models import Scene, Story

from . import waking
from .locking import locked_story


def set_boundaries(
    story_id: UUID | str,
    *,
    actor: AbstractBaseUser | AnonymousUser,
    boundaries: Mapping[UUID, str],
    everywhere: str = "",
) -> Story:
    """Set the transitions after these scenes; `everywhere`: first the same one after each scene.

    No take becomes stale. Scenes that are gone are left out. Raises Story.DoesNotExist, Forbidden,
    GuardRefused or Invalid.
    """
    for boundary in [*boundaries.values(), *([everywhere] if everywhere else [])]:
        if boundary not in Boundary.values:
            raise Invalid(
                gettext_noop("“%(boundary)s” is no transition."),
                boundary=boundary,
                field="boundary",
            )
    with transaction.atomic():
        story = locked_story(story_id, actor)
        scenes = Scene.live.filter(story=story)
        now = timezone.now()
        if everywhere:
            scenes.exclude(boundary=everywhere).update(boundary=everywhere, updated_at=now)
        for boundary in Boundary.values:
            chosen = [pk for pk, wanted in boundaries.items() if wanted == boundary]
            if chosen:
                scenes.filter(pk__in=chosen).exclude(boundary=boundary).update(
                    boundary=boundary, updated_at=now
                )
        waking.wake_story_jobs_on_commit(story.pk)
    return story
