"""The sound effects of a story: of its scenes, and of the whole film."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed_values
from stories.errors import GuardRefused, Invalid
from stories.models import Effect, Scene, SoundTake, Story
from stories.models.effect import MOST_EFFECTS

from . import waking
from .sound import check, locked_for_sound

FIELDS = ("prompt", "seconds", "begins", "level_db")
BEGINS_LATE = gettext_noop("The effect begins after the end of its scene.")
BEGINS_AFTER_THE_FILM = gettext_noop("The effect begins after the end of the film.")
MOST = gettext_noop("There can be at most %(most)s effects here.")
NO_SCENE = gettext_noop("Choose the scene in which it is heard.")


def effects_of(story: Story) -> list[Effect]:
    """The story's effects in the order in which they were added, with their takes. One query."""
    return list(Effect.live.filter(story=story).select_related("take"))


def is_late(effect: Effect, seconds: float) -> bool:
    """Whether it begins after the end of its scene, or of the film, which is so long."""
    return bool(effect.begins >= seconds)


def why_late(effect: Effect) -> str:
    return BEGINS_LATE if effect.scene_id else BEGINS_AFTER_THE_FILM


def add_effect(
    story_id: UUID | str, *, actor: Any, scene_id: UUID | None = None, **values: Any
) -> Effect:
    """Add an effect to a scene, or to the whole film. No picture is made again for it.

    Raises Story.DoesNotExist, Forbidden, GuardRefused (archived, too many) or Invalid.
    """
    with transaction.atomic():
        story = locked_for_sound(story_id, actor)
        effect = new_effect_locked(story, scene_id)
        _write(effect, story, values)
        waking.wake_story_jobs_on_commit(story.pk)
    return effect


def new_effect_locked(story: Story, scene_id: UUID | None) -> Effect:
    """An effect that is not saved yet. The caller holds the story's lock.

    Raises GuardRefused (too many) or Invalid (no such scene).
    """
    if scene_id is not None and not Scene.live.filter(pk=scene_id, story=story).exists():
        raise Invalid(NO_SCENE, field="scene")
    if Effect.live.filter(story=story, scene=scene_id).count() >= MOST_EFFECTS:
        raise GuardRefused(MOST, most=MOST_EFFECTS)
    return Effect(story=story, scene_id=scene_id)


def change_effect(effect_id: UUID | str, *, actor: Any, **values: Any) -> Effect:
    """Change the description, the length, the beginning or the level of an effect.

    Raises Effect.DoesNotExist, Forbidden, GuardRefused (archived) or Invalid.
    """
    with transaction.atomic():
        effect, story = _locked(effect_id, actor)
        _write(effect, story, values)
        waking.wake_story_jobs_on_commit(story.pk)
    return effect


def delete_effect(effect_id: UUID | str, *, actor: Any) -> None:
    """Take an effect out of the film. Its takes are kept.

    Raises Effect.DoesNotExist, Forbidden or GuardRefused (archived).
    """
    with transaction.atomic():
        effect, story = _locked(effect_id, actor)
        effect.deleted_at = timezone.now()
        effect.save(update_fields=["deleted_at"])
        waking.wake_story_jobs_on_commit(story.pk)


def copy_effects(scene: Scene, target: Scene) -> None:
    """Let a copy of a scene have its effects. The caller holds the story's lock."""
    for effect in Effect.live.filter(scene=scene):
        values = {name: getattr(effect, name) for name in FIELDS}
        Effect.objects.create(
            story_id=target.story_id, scene=target, take_id=effect.take_id, **values
        )


def cut(scene: Scene, second: Scene, *, at: float) -> None:
    """Move the effects that begin at `at` seconds or later into the second part of their scene."""
    for effect in Effect.live.filter(scene=scene, begins__gte=at):
        _move(effect, second, effect.begins - at)


def join(scene: Scene, other: Scene, *, at: float) -> None:
    """Move the effects of the other scene behind the first `at` seconds of this one."""
    for effect in Effect.live.filter(scene=other):
        _move(effect, scene, effect.begins + at)


def _move(effect: Effect, scene: Scene, begins: float) -> None:
    Effect.objects.filter(pk=effect.pk).update(scene=scene, begins=round(begins, 3))
    SoundTake.objects.filter(effect=effect).update(scene=scene)


def _locked(effect_id: UUID | str, actor: Any) -> tuple[Effect, Story]:
    story_id = Effect.live.values_list("story_id", flat=True).get(pk=effect_id)
    story = locked_for_sound(story_id, actor)
    return Effect.live.select_related("scene", "take").get(pk=effect_id), story


def _write(effect: Effect, story: Story, values: dict[str, Any]) -> None:
    if unknown := set(values) - set(FIELDS):
        raise Invalid(
            gettext_noop("An effect has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    if "prompt" in values:
        values = composed_values({**values, "prompt": visible.stripped(values["prompt"])})
    for name, value in values.items():
        setattr(effect, name, value)
        check(effect, name)
    if "begins" in values and is_late(effect, _length(effect, story)):
        raise Invalid(why_late(effect), field="begins")
    effect.save()


def _length(effect: Effect, story: Story) -> float:
    """The seconds of its scene, or of the film with its cards."""
    if effect.scene is not None:
        return float(effect.scene.duration_seconds)
    found = Scene.live.filter(story=story).aggregate(Sum("duration_seconds", default=0))
    return float(found["duration_seconds__sum"]) + story.cards_seconds
