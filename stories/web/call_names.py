"""What a provider call was for, in words: the story, and the scene or member of the cast."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from providers.models import ProviderCall
from stories.models import Effect, Line, Look, Scene, Story
from stories.services.permissions import stories_for


def names_of(user: Any, calls: Iterable[ProviderCall]) -> dict[UUID, tuple[str, str]]:
    """A label and an address for each call of a story that the person sees.

    Six queries at most.
    """
    rows = list(calls)
    stories = {
        str(story.pk): story
        for story in stories_for(user).filter(pk__in=_ids(call.subject for call in rows))
    }
    if not stories:
        return {}
    scenes, looks = _scenes_of(rows), _looks_of(rows)
    found = {}
    for call in rows:
        if story := stories.get(call.subject):
            found[call.pk] = _named(story, scenes.get(call.item), looks.get(call.item))
    return found


def _named(story: Story, scene: Scene | None, look: Look | None) -> tuple[str, str]:
    if scene is not None and scene.story_id == story.pk:
        if scene.deleted_at is not None:
            return _("%(story)s, a deleted scene") % {"story": story.title}, _page(story)
        label = _("%(story)s, scene %(number)s") % {"story": story.title, "number": scene.position}
        return label, reverse("admin:board_scene", args=[story.pk, scene.pk])
    if look is not None:
        return f"{story.title}, {look.member.name}", _page(story)
    return story.title, _page(story)


def _page(story: Story) -> str:
    return reverse("admin:stories_story_change", args=[story.pk])


def _scenes_of(calls: Iterable[ProviderCall]) -> Mapping[str, Scene]:
    """The scenes by what calls name: the scene itself, or one of its lines or effects."""
    items = _ids(call.item for call in calls)
    parts = {
        part: scene
        for model in (Line, Effect)
        for part, scene in model.objects.filter(pk__in=items).values_list("pk", "scene_id")
    }
    scenes = Scene.objects.filter(pk__in=items | {*parts.values()} - {None}).in_bulk()
    named = {str(key): scene for key, scene in scenes.items()}
    return named | {str(part): scenes[scene] for part, scene in parts.items() if scene in scenes}


def _looks_of(calls: Iterable[ProviderCall]) -> Mapping[str, Look]:
    rows = Look.objects.select_related("member").filter(pk__in=_ids(call.item for call in calls))
    return {str(look.pk): look for look in rows}


def _ids(texts: Iterable[str]) -> set[UUID]:
    found = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found
