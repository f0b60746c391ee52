"""Scenes: create, edit, move, duplicate, delete and restore.

The length of a story is the sum of its live scenes' lengths. Each change here writes both in one
transaction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext_noop

from stories.errors import Conflict, Invalid
from stories.models import Scene, ScenePrompt, Story

from . import cast, effects, lines, sound
from .fingerprints import is_english_outdated, text_digest
from .locking import locked_for_words, locked_row, locked_scene, locked_story, require_room
from .makers import MAKER_FIELDS, require_makers
from .planning import seed_of
from .scene_lengths import settle_length
from .scene_order import Move, apply_order, positions
from .scene_values import (
    PROMPT_FIELDS,
    SCENE_FIELDS,
    checked,
    own_values,
    prompt_values,
    require_prompt,
    require_seen,
)
from .speech_prediction_jobs import predict_on_commit


def create(
    story_id: UUID | str, *, actor: Any, position: int | None = None, **values: Any
) -> Scene:
    """Insert a scene at a position (counted from 1; None: at the end).

    `values` as in `edit`; `text` is required.
    """
    require_prompt(checked(values))
    with transaction.atomic():
        story = locked_story(story_id, actor)
        last = Scene.live.filter(story=story).aggregate(max=Max("position"))["max"] or 0
        require_room(story)
        place = _place(position, last + 1)
        Scene.live.filter(story=story, position__gte=place).update(position=F("position") + 1)
        words = {k: v for k, v in values.items() if k in PROMPT_FIELDS}
        words.setdefault("seed", seed_of(story, last + 1))
        require_makers([Scene(**own_values(values, MAKER_FIELDS))])
        scene = Scene.objects.create(
            story=story,
            position=place,
            prompt=ScenePrompt.objects.create(**words),
            **{k: v for k, v in values.items() if k in SCENE_FIELDS},
        )
        lines.create_one([scene])
        settle_length(story)
        predict_on_commit(story.pk)
    return scene


def bulk_create(
    story_id: UUID | str, *, actor: Any, scenes: Sequence[dict[str, Any]], replace: bool = False
) -> list[Scene]:
    """Append the scenes, or soft-delete the existing ones and replace them with these.

    All or nothing.

    Raises Invalid. Its `field` begins with the index of the invalid scene, such as
    `3/duration_seconds`.
    """
    for index, values in enumerate(scenes):
        try:
            require_prompt(checked(values))
        except Invalid as error:
            error.field = f"{index}/{error.field}"
            raise
    with transaction.atomic():
        story = locked_story(story_id, actor)
        if replace:
            Scene.live.filter(story=story).update(deleted_at=timezone.now())
        last = Scene.live.filter(story=story).aggregate(max=Max("position"))["max"] or 0
        require_room(story, more=len(scenes), field="")
        prompts = ScenePrompt.objects.bulk_create(
            ScenePrompt(
                **{
                    "seed": seed_of(story, last + index + 1),
                    **{k: v for k, v in values.items() if k in PROMPT_FIELDS},
                }
            )
            for index, values in enumerate(scenes)
        )
        require_makers([Scene(**own_values(values, MAKER_FIELDS)) for values in scenes])
        made = Scene.objects.bulk_create(
            Scene(
                story=story,
                position=last + index + 1,
                prompt=prompt,
                **{k: v for k, v in values.items() if k in SCENE_FIELDS},
            )
            for index, (values, prompt) in enumerate(zip(scenes, prompts, strict=True))
        )
        lines.create_one(made)
        settle_length(story)
        predict_on_commit(story.pk)
    return made


def edit(
    scene_id: UUID | str,
    *,
    actor: Any,
    expected: Any = None,
    seen: dict[str, str] | None = None,
    **values: Any,
) -> Scene:
    """Change fields of the scene (`SCENE_FIELDS`) or any part of its prompt.

    A prompt change creates a new prompt; takes keep theirs.

    `expected` is the `updated_at` that the person saw; if the scene has changed since, raises
    Conflict. `seen` holds the `fingerprint` of each field as the person saw it; raises
    FieldConflict only if one of these fields was changed. Raises Scene.DoesNotExist, Forbidden,
    GuardRefused, Conflict (the scene is deleted) or Invalid. During a final render only a scene
    that waits for a person can be edited.
    """
    checked(values)
    if "text" in values:
        require_prompt(values)
    with transaction.atomic():
        story, scene = locked_for_words(scene_id, actor)
        if expected is not None and scene.updated_at != expected:
            raise Conflict(
                gettext_noop("Somebody else has changed this scene since you opened it.")
            )
        if seen:
            require_seen(scene, values, seen)
        changed = {
            k: v for k, v in values.items() if k in PROMPT_FIELDS and getattr(scene.prompt, k) != v
        }
        if "text_en" in values and "text" not in changed and is_english_outdated(scene.prompt):
            changed["text_en"] = values["text_en"]  # the person confirms that it matches
        if changed:
            changed |= _english(scene.prompt, changed)
            scene.prompt = ScenePrompt.objects.create(**{**prompt_values(scene.prompt), **changed})
        if "narration" in values and values["narration"] != scene.narration:
            lines.rewrite(scene, values["narration"])
            predict_on_commit(story.pk)
        for name in SCENE_FIELDS:
            if name in values and name != "narration":  # its lines write it
                setattr(scene, name, values[name])
        require_makers([scene])
        scene.save()
        settle_length(story)
    return scene


def _english(prompt: ScenePrompt, changed: dict[str, Any]) -> dict[str, Any]:
    """The new state of the English.

    It is up to date if a person wrote it now, and out of date if only the text has changed.
    """
    if "text_en" in changed:
        return {
            "english_for": "",
            "english_by_model": prompt.english_by_model and changed["text_en"] == prompt.text_en,
        }
    if "text" in changed and prompt.text_en:
        return {"english_for": prompt.english_for or text_digest(prompt.text)}
    return {}


def _place(position: int | None, last: int) -> int:
    place = last if position is None else position
    if not 1 <= place <= last:
        raise Invalid(
            gettext_noop("The position must be from 1 to %(last)s."), last=last, field="position"
        )
    return place


def move(
    scene_id: UUID | str,
    *,
    actor: Any,
    position: int | None = None,
    before: UUID | str | None = None,
    after: UUID | str | None = None,
) -> Scene:
    """Move a scene to a position, or before or after another scene. Exactly one of the three.

    Raises Invalid, Conflict (the neighbour is gone), Forbidden, GuardRefused.
    """
    if sum(value is not None for value in (position, before, after)) != 1:
        raise Invalid(
            gettext_noop("Say exactly one of position, before and after."), field="position"
        )
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        places = positions(story)
        others = [pk for pk in places if pk != scene.pk]
        place = (
            _neighbour(others, before, after)
            if position is None
            else _place(position, len(others) + 1)
        )
        apply_order(story, places, [Move(scene.pk, others[place - 2] if place > 1 else None)])
        scene.position = place
    return scene


def _neighbour(others: list[UUID], before: UUID | str | None, after: UUID | str | None) -> int:
    """The position, counted from 1, directly before or after the neighbour.

    Raises Conflict if the neighbour is gone.
    """
    beside = UUID(str(before or after))
    if beside not in others:
        raise Conflict(gettext_noop("The scene next to the new position no longer exists."))
    return others.index(beside) + 1 + (after is not None)


def delete(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Remove a scene from the film. Its takes are kept, and `restore` restores it."""
    with transaction.atomic():
        story, scene = _locked_anyhow(scene_id, actor)
        if scene.deleted_at is None:
            scene.deleted_at = timezone.now()
            scene.save(update_fields=["deleted_at", "updated_at"])
            Scene.live.filter(story=story, position__gt=scene.position).update(
                position=F("position") - 1
            )
            settle_length(story)
    return scene


def _locked_anyhow(scene_id: UUID | str, actor: Any) -> tuple[Story, Scene]:
    """As `locked_scene`, for a scene that may be deleted."""
    story = locked_story(Scene.objects.values_list("story_id", flat=True).get(pk=scene_id), actor)
    return story, locked_row(scene_id)


def restore(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Restore a deleted scene at its old position, or at the end if the film is shorter now."""
    with transaction.atomic():
        story, scene = _locked_anyhow(scene_id, actor)
        if scene.deleted_at is not None:
            require_room(story)
            last = Scene.live.filter(story=story).aggregate(max=Max("position"))["max"] or 0
            place = min(scene.position, last + 1)
            Scene.live.filter(story=story, position__gte=place).update(position=F("position") + 1)
            scene.position = place
            scene.deleted_at = None
            scene.save(update_fields=["position", "deleted_at", "updated_at"])
            settle_length(story)
    return scene


def duplicate(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Insert a copy after the scene, with the same prompt and without takes."""
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        require_room(story)
        Scene.live.filter(story=story, position__gt=scene.position).update(
            position=F("position") + 1
        )
        copy = Scene.objects.create(
            story=story,
            position=scene.position + 1,
            prompt=scene.prompt,
            **{name: getattr(scene, name) for name in SCENE_FIELDS},
        )
        lines.copy(scene, copy)
        sound.copy_scene_sound(scene, copy)
        effects.copy_effects(scene, copy)
        cast.copy(scene, copy)
        settle_length(story)
    return copy
