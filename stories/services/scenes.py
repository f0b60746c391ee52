"""Scenes: create, edit, move, split, merge, delete and restore.

The length of a story is the sum of its live scenes' lengths. Each change here writes both in one
transaction.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed_values
from stories.errors import Conflict, FieldConflict, Invalid
from stories.models import MAX_DURATION, Scene, ScenePrompt, Story

from . import cast, enqueue, lines, scene_splitting, sound
from .fingerprints import is_english_outdated, text_digest
from .locking import CLOSED, locked_for_words, locked_row, locked_scene, locked_story, require_room
from .planning import seed_of
from .scene_order import Move, apply_order, positions

__all__ = [
    "CLOSED",
    "bulk_create",
    "checked",
    "create",
    "delete",
    "duplicate",
    "edit",
    "merge_with_next",
    "move",
    "restore",
    "split",
    "unmerge",
    "unsplit",
]

MIN_SPLIT = 2  # seconds, one for each part
SCENE_FIELDS = ("title", "narration", "duration_seconds")
PROMPT_FIELDS = ("text", "text_en", "negative", "style", "camera", "seed", "reference_image")


def _settle_length(story: Story) -> None:
    """Set the story's length to the sum of its scenes' lengths.

    Raises Invalid above the maximum.
    """
    total = Scene.live.filter(story=story).aggregate(sum=Sum("duration_seconds"))["sum"]
    if total is None:
        return
    if total > MAX_DURATION:
        raise Invalid(
            gettext_noop("The film would be %(total)s s long; the longest is %(longest)s s."),
            total=total,
            longest=MAX_DURATION,
            field="duration_seconds",
        )
    if total != story.duration_seconds:
        story.duration_seconds = max(total, 2)
        story.save()
    enqueue.wake_story_jobs_on_commit(story.pk)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """Normalize the scene's and prompt's values (NFC) in place and validate them like the models.

    Raises Invalid with the field.
    """
    values.update({name: composed_values(value) for name, value in values.items()})
    scene = Scene(**{k: v for k, v in values.items() if k in SCENE_FIELDS})
    prompt = ScenePrompt(**{k: v for k, v in values.items() if k in PROMPT_FIELDS})
    unknown = set(values) - set(SCENE_FIELDS) - set(PROMPT_FIELDS)
    if unknown:
        raise Invalid(
            gettext_noop("A scene has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    for instance, names in ((scene, SCENE_FIELDS), (prompt, PROMPT_FIELDS)):
        for name in names:
            if name in values:
                _check_field(instance, name)
    return values


def _check_field(instance: Scene | ScenePrompt, name: str) -> None:
    field: Any = instance._meta.get_field(name)  # noqa: SLF001  Django's documented model API
    value = getattr(instance, name)
    # For text fields only forms check this.
    if field.max_length and isinstance(value, str) and len(value) > field.max_length:
        raise Invalid(
            gettext_noop("At most %(most)s characters."), most=field.max_length, field=name
        )
    try:
        if name == "title":
            visible.require_visible(value)
        setattr(instance, name, field.clean(value, instance))
    except ValidationError as error:
        raise Invalid("%(message)s", message=" ".join(error.messages), field=name) from error


def _require_prompt(values: dict[str, Any]) -> None:
    if not visible.is_visible(str(values.get("text", ""))):
        raise Invalid(gettext_noop("A scene needs a prompt."), field="text")


def create(
    story_id: UUID | str, *, actor: Any, position: int | None = None, **values: Any
) -> Scene:
    """Insert a scene at a position (counted from 1; None: at the end).

    `values` as in `edit`; `text` is required.
    """
    _require_prompt(checked(values))
    with transaction.atomic():
        story = locked_story(story_id, actor)
        last = Scene.live.filter(story=story).aggregate(max=Max("position"))["max"] or 0
        require_room(story)
        place = _place(position, last + 1)
        Scene.live.filter(story=story, position__gte=place).update(position=F("position") + 1)
        prompt_values = {k: v for k, v in values.items() if k in PROMPT_FIELDS}
        prompt_values.setdefault("seed", seed_of(story, last + 1))
        scene = Scene.objects.create(
            story=story,
            position=place,
            prompt=ScenePrompt.objects.create(**prompt_values),
            **{k: v for k, v in values.items() if k in SCENE_FIELDS},
        )
        lines.create_one([scene])
        _settle_length(story)
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
            _require_prompt(checked(values))
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
        _settle_length(story)
    return made


def fingerprint(value: Any) -> str:
    """Identifies a field's value, so that a page can state which one it showed."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:10]


def value_of(scene: Any, name: str) -> Any:
    """The value of a field of the scene or its prompt. Also works for a row with the same names."""
    return getattr(scene if name in SCENE_FIELDS else scene.prompt, name)


def _require_seen(scene: Scene, values: dict[str, Any], seen: dict[str, str]) -> None:
    """Check that no field was changed by others.

    Raises FieldConflict with the current values if they are neither what the person saw nor what
    they want.
    """
    now = {name: value_of(scene, name) for name in values if name in seen}
    theirs = {
        name: str(value)
        for name, value in now.items()
        if fingerprint(value) != seen[name] and value != values[name]
    }
    if theirs:
        raise FieldConflict(
            gettext_noop("Somebody else has changed this meanwhile. Nothing was overwritten."),
            theirs=theirs,
        )


def edit(
    scene_id: UUID | str,
    *,
    actor: Any,
    expected: Any = None,
    seen: dict[str, str] | None = None,
    **values: Any,
) -> Scene:
    """Change title, narration, length or any part of the prompt.

    A prompt change creates a new prompt; takes keep theirs.

    `expected` is the `updated_at` that the person saw; if the scene has changed since, raises
    Conflict. `seen` holds the `fingerprint` of each field as the person saw it; raises
    FieldConflict only if one of these fields was changed. Raises Scene.DoesNotExist, Forbidden,
    GuardRefused, Conflict (the scene is deleted) or Invalid. During a final render only a scene
    that waits for a person can be edited.
    """
    checked(values)
    if "text" in values:
        _require_prompt(values)
    with transaction.atomic():
        story, scene = locked_for_words(scene_id, actor)
        if expected is not None and scene.updated_at != expected:
            raise Conflict(
                gettext_noop("Somebody else has changed this scene since you opened it.")
            )
        if seen:
            _require_seen(scene, values, seen)
        changed = {
            k: v for k, v in values.items() if k in PROMPT_FIELDS and getattr(scene.prompt, k) != v
        }
        if "text_en" in values and "text" not in changed and is_english_outdated(scene.prompt):
            changed["text_en"] = values["text_en"]  # the person confirms that it matches
        if changed:
            changed |= _english(scene.prompt, changed)
            scene.prompt = ScenePrompt.objects.create(**{**_prompt_values(scene.prompt), **changed})
        if "narration" in values and values["narration"] != scene.narration:
            lines.rewrite(scene, values["narration"])
        for name in ("title", "duration_seconds"):
            if name in values:
                setattr(scene, name, values[name])
        scene.save()
        _settle_length(story)
    return scene


def _prompt_values(prompt: ScenePrompt) -> dict[str, Any]:
    """The values of a prompt that is partly changed."""
    english: dict[str, Any] = {"english_by_model": prompt.english_by_model}
    if is_english_outdated(prompt):
        english["english_for"] = prompt.english_for
    return {name: getattr(prompt, name) for name in PROMPT_FIELDS} | english


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
        raise Conflict(gettext_noop("The scene to put it beside is gone."))
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
            _settle_length(story)
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
            _settle_length(story)
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
            title=scene.title,
            narration=scene.narration,
            duration_seconds=scene.duration_seconds,
            prompt=scene.prompt,
        )
        lines.copy(scene, copy)
        sound.copy_scene_sound(scene, copy)
        cast.copy(scene, copy)
        _settle_length(story)
    return copy


def split(scene_id: UUID | str, *, actor: Any, at: int) -> tuple[Scene, Scene]:
    """Split a scene at a character of its narration.

    The lengths follow the text; takes stay with the first part.

    Raises Invalid if a part would have no words or be shorter than a second.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        head, tail = scene.narration[: max(at, 0)].strip(), scene.narration[max(at, 0) :].strip()
        if not head or not tail:
            raise Invalid(gettext_noop("Both parts need words."), field="at")
        if scene.duration_seconds < MIN_SPLIT:
            raise Invalid(gettext_noop("A scene of one second cannot be split."), field="at")
        require_room(story)
        first = min(
            max(round(scene.duration_seconds * len(head) / len(head + tail)), 1),
            scene.duration_seconds - 1,
        )
        Scene.live.filter(story=story, position__gt=scene.position).update(
            position=F("position") + 1
        )
        prompts = _halved(scene, head, tail)
        second = Scene.objects.create(
            story=story,
            position=scene.position + 1,
            title=scene_splitting.title_for(tail, scene.title, story.language),
            narration=tail,
            duration_seconds=scene.duration_seconds - first,
            prompt=prompts[1],
        )
        lines.cut(scene, second, head=head, tail=tail)
        cast.copy(scene, second)
        scene.duration_seconds, scene.prompt = first, prompts[0]
        scene.save()
        _settle_length(story)
    return scene, second


def unsplit(
    scene_id: UUID | str,
    other_id: UUID | str,
    *,
    actor: Any,
    prompt_id: Any,
    second_half_ids: tuple[Any, Any],
    narration: str,
) -> Scene:
    """Undo `split`: restore the scene as it was and remove the second half.

    `prompt_id` and `narration` are those before the split; `half_ids` are the prompts that it
    created. A second half that has content of its own by now, such as a take, is kept among the
    deleted scenes. Raises Conflict if either half was changed since.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.live.filter(pk=other_id, story=story, position=scene.position + 1).first()
        # Unused prompts are removed after a day.
        before = ScenePrompt.objects.filter(pk=prompt_id).first()
        words = "".join(narration.split())
        if (
            other is None
            or before is None
            or (scene.prompt_id, other.prompt_id) != second_half_ids
            or "".join(f"{scene.narration}{other.narration}".split()) != words
        ):
            raise Conflict(
                gettext_noop(
                    "The scene has been changed since it was split. Join the two scenes instead."
                )
            )
        scene.prompt = before
        lines.join(scene, other, narration)
        scene.duration_seconds += other.duration_seconds
        scene.save()
        Scene.live.filter(story=story, position__gt=other.position).update(
            position=F("position") - 1
        )
        if enqueue.has_history(other):
            other.deleted_at = timezone.now()
            other.save(update_fields=["deleted_at", "updated_at"])
        else:
            other.delete()
        _settle_length(story)
    return scene


def _halved(scene: Scene, head: str, tail: str) -> tuple[ScenePrompt, ScenePrompt]:
    """Create a prompt for each half of the narration.

    Two pictures of the same content would be paid twice.
    """
    kept = _prompt_values(scene.prompt)
    texts = scene_splitting.halves(scene.prompt.text, scene.narration, head, tail)
    english = scene_splitting.english_halves(scene.prompt.text_en, scene.narration, head, tail)
    first, second = (
        ScenePrompt.objects.create(**{**kept, "text": text[:4000], "text_en": en[:4000]})
        for text, en in zip(texts, english, strict=True)
    )
    return first, second


def merge_with_next(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Merge a scene with the next one.

    Narrations and lengths are combined, prompt and takes are the first one's, and the second is
    deleted.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.live.filter(story=story, position=scene.position + 1).first()
        if other is None:
            raise Invalid(gettext_noop("There is no scene after this one."), field="position")
        total = scene.duration_seconds + other.duration_seconds
        checked({"duration_seconds": total})
        text = scene_splitting.joined(
            scene.prompt.text, scene.narration, other.prompt.text, other.narration
        )
        if text != scene.prompt.text:
            kept = _prompt_values(scene.prompt)
            english = scene_splitting.joined(
                scene.prompt.text_en, scene.narration, other.prompt.text_en, other.narration
            )
            scene.prompt = ScenePrompt.objects.create(
                **{**kept, "text": text[:4000], "text_en": english[:4000]}
            )
            cast.merge(scene, other)
        lines.join(scene, other, f"{scene.narration} {other.narration}".strip())
        scene.duration_seconds = total
        scene.save()
        other.deleted_at = timezone.now()
        other.save(update_fields=["deleted_at", "updated_at"])
        Scene.live.filter(story=story, position__gt=other.position).update(
            position=F("position") - 1
        )
        _settle_length(story)
    return scene


def unmerge(scene_id: UUID | str, other_id: UUID | str, *, actor: Any) -> Scene:
    """Undo `merge_with_next`.

    Restores the second scene with its words and length, and removes them from the first. Raises
    Conflict if the first scene no longer ends with the second's words or is too short.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.objects.get(pk=other_id, story=story)
        left = scene.duration_seconds - other.duration_seconds
        if other.deleted_at is None or left < 1 or not scene.narration.endswith(other.narration):
            raise Conflict(
                gettext_noop(
                    "The joined scene has been changed since; it cannot be taken apart by itself."
                )
            )
        require_room(story)
        lines.take_back(scene, other, scene.narration.removesuffix(other.narration).strip())
        scene.duration_seconds = left
        scene.save()
        Scene.live.filter(story=story, position__gt=scene.position).update(
            position=F("position") + 1
        )
        other.position, other.deleted_at = scene.position + 1, None
        other.save(update_fields=["position", "deleted_at", "updated_at"])
        _settle_length(story)
    return scene
