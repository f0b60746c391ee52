"""Scenes: adding, editing, moving, splitting, merging, deleting and restoring them.

The story's length is the sum of its live scenes' lengths: each change here writes both in one transaction.
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

from ground import visible
from ground.composed import composed_values
from stories.errors import Conflict, FieldConflict, Invalid
from stories.models import MAX_DURATION, Scene, ScenePrompt, Story

from . import splitting, work
from .inputs import is_english_outdated, text_digest
from .locks import CLOSED, locked_for_words, locked_scene, locked_story, require_room
from .order import Move, places_of, rearrange
from .planning import seed_of

__all__ = ["CLOSED", "bulk_create", "checked", "create", "delete", "duplicate", "edit", "merge_with_next", "move", "restore", "split", "unmerge", "unsplit"]

MIN_SPLIT = 2  # seconds, one for each part
SCENE_FIELDS = ("title", "narration", "duration_seconds")
PROMPT_FIELDS = ("text", "text_en", "negative", "style", "camera", "seed", "reference_image")


def _settle_length(story: Story) -> None:
    """The story is as long as its scenes together. Raises Invalid beyond the longest film."""
    total = Scene.live.filter(story=story).aggregate(sum=Sum("duration_seconds"))["sum"]
    if total is None:
        return
    if total > MAX_DURATION:
        raise Invalid(
            gettext_noop("The film would be %(total)s s long; the longest is %(longest)s s."), total=total, longest=MAX_DURATION, field="duration_seconds"
        )
    if total != story.duration_seconds:
        story.duration_seconds = max(total, 2)
        story.save()
    work.look_again(story.pk)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The scene's and prompt's values, composed (NFC) in place and validated as the models do. Raises Invalid with the field."""
    values.update({name: composed_values(value) for name, value in values.items()})
    scene = Scene(**{k: v for k, v in values.items() if k in SCENE_FIELDS})
    prompt = ScenePrompt(**{k: v for k, v in values.items() if k in PROMPT_FIELDS})
    unknown = set(values) - set(SCENE_FIELDS) - set(PROMPT_FIELDS)
    if unknown:
        raise Invalid(gettext_noop("A scene has no “%(field_name)s”."), field_name=min(unknown), field=min(unknown))
    for instance, names in ((scene, SCENE_FIELDS), (prompt, PROMPT_FIELDS)):
        for name in names:
            if name in values:
                _check_field(instance, name)
    return values


def _check_field(instance: Scene | ScenePrompt, name: str) -> None:
    field: Any = instance._meta.get_field(name)  # noqa: SLF001  Django's documented model API
    value = getattr(instance, name)
    if field.max_length and isinstance(value, str) and len(value) > field.max_length:  # a text field leaves this to forms
        raise Invalid(gettext_noop("At most %(most)s characters."), most=field.max_length, field=name)
    try:
        if name == "title":
            visible.require_visible(value)
        setattr(instance, name, field.clean(value, instance))
    except ValidationError as error:
        raise Invalid("%(message)s", message=" ".join(error.messages), field=name) from error


def _require_prompt(values: dict[str, Any]) -> None:
    if not visible.is_visible(str(values.get("text", ""))):
        raise Invalid(gettext_noop("A scene needs a prompt."), field="text")


def create(story_id: UUID | str, *, actor: Any, position: int | None = None, **values: Any) -> Scene:
    """Insert a scene at a position (counted from 1; None: at the end). `values` as in `edit`; `text` is needed."""
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
        _settle_length(story)
    return scene


def bulk_create(story_id: UUID | str, *, actor: Any, scenes: Sequence[dict[str, Any]], replace: bool = False) -> list[Scene]:
    """Append the scenes, or soft-delete the present ones and put these in their place. All or nothing.

    Raises Invalid; its `field` begins with the index of the scene that is wrong, such as `3/duration_seconds`.
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
            ScenePrompt(**{"seed": seed_of(story, last + index + 1), **{k: v for k, v in values.items() if k in PROMPT_FIELDS}})
            for index, values in enumerate(scenes)
        )
        made = Scene.objects.bulk_create(
            Scene(story=story, position=last + index + 1, prompt=prompt, **{k: v for k, v in values.items() if k in SCENE_FIELDS})
            for index, (values, prompt) in enumerate(zip(scenes, prompts, strict=True))
        )
        _settle_length(story)
    return made


def fingerprint(value: Any) -> str:
    """Names a field's value, so that a page can say which one it showed."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:10]


def value_of(scene: Any, name: str) -> Any:
    """The value of one of the scene's or its prompt's fields; of a row with the same names, too."""
    return getattr(scene if name in SCENE_FIELDS else scene.prompt, name)


def _require_seen(scene: Scene, values: dict[str, Any], seen: dict[str, str]) -> None:
    """Raises FieldConflict with what stands there now, if it is neither what the person saw nor what they want."""
    now = {name: value_of(scene, name) for name in values if name in seen}
    theirs = {name: str(value) for name, value in now.items() if fingerprint(value) != seen[name] and value != values[name]}
    if theirs:
        raise FieldConflict(gettext_noop("Somebody else has changed this meanwhile. Nothing was overwritten."), theirs=theirs)


def edit(scene_id: UUID | str, *, actor: Any, expected: Any = None, seen: dict[str, str] | None = None, **values: Any) -> Scene:
    """Change title, narration, length or any part of the prompt (which makes a new prompt; takes keep theirs).

    `expected` is the `updated_at` that the person saw: if somebody changed the scene since, raises Conflict. `seen` holds
    the `fingerprint` of each field as the person saw it: raises FieldConflict only if one of these fields was changed.
    Raises Scene.DoesNotExist, Forbidden, GuardRefused, Conflict (it is deleted) or Invalid. In a final render only a scene that
    waits for a person is open.
    """
    checked(values)
    if "text" in values:
        _require_prompt(values)
    with transaction.atomic():
        story, scene = locked_for_words(scene_id, actor)
        if expected is not None and scene.updated_at != expected:
            raise Conflict(gettext_noop("Somebody else has changed this scene since you opened it."))
        if seen:
            _require_seen(scene, values, seen)
        changed = {k: v for k, v in values.items() if k in PROMPT_FIELDS and getattr(scene.prompt, k) != v}
        if "text_en" in values and "text" not in changed and is_english_outdated(scene.prompt):
            changed["text_en"] = values["text_en"]  # the person says that it fits
        if changed:
            changed |= _english(scene.prompt, changed)
            scene.prompt = ScenePrompt.objects.create(**{**_kept(scene.prompt), **changed})
        for name in SCENE_FIELDS:
            if name in values:
                setattr(scene, name, values[name])
        scene.save()
        _settle_length(story)
    return scene


def _kept(prompt: ScenePrompt) -> dict[str, Any]:
    """The values of a prompt that is to be changed in part."""
    english: dict[str, Any] = {"english_by_model": prompt.english_by_model}
    if is_english_outdated(prompt):
        english["english_for"] = prompt.english_for
    return {name: getattr(prompt, name) for name in PROMPT_FIELDS} | english


def _english(prompt: ScenePrompt, changed: dict[str, Any]) -> dict[str, Any]:
    """What becomes of the English: it is a person's and fits when they wrote it, and out of date when only the text has changed."""
    if "text_en" in changed:
        return {"english_for": "", "english_by_model": prompt.english_by_model and changed["text_en"] == prompt.text_en}
    if "text" in changed and prompt.text_en:
        return {"english_for": prompt.english_for or text_digest(prompt.text)}
    return {}


def _place(position: int | None, last: int) -> int:
    place = last if position is None else position
    if not 1 <= place <= last:
        raise Invalid(gettext_noop("The position must be from 1 to %(last)s."), last=last, field="position")
    return place


def move(scene_id: UUID | str, *, actor: Any, position: int | None = None, before: UUID | str | None = None, after: UUID | str | None = None) -> Scene:
    """Put a scene at a position, or before or after another scene of the story. Exactly one of the three.

    Raises Invalid, Conflict (the neighbour is gone), Forbidden, GuardRefused.
    """
    if sum(value is not None for value in (position, before, after)) != 1:
        raise Invalid(gettext_noop("Say exactly one of position, before and after."), field="position")
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        places = places_of(story)
        others = [pk for pk in places if pk != scene.pk]
        place = _neighbour(others, before, after) if position is None else _place(position, len(others) + 1)
        rearrange(story, places, [Move(scene.pk, others[place - 2] if place > 1 else None)])
        scene.position = place
    return scene


def _neighbour(others: list[UUID], before: UUID | str | None, after: UUID | str | None) -> int:
    """The position, counted from 1, right before or right after the neighbour. Raises Conflict if that is gone."""
    beside = UUID(str(before or after))
    if beside not in others:
        raise Conflict(gettext_noop("The scene to put it beside is gone."))
    return others.index(beside) + 1 + (after is not None)


def delete(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Take a scene out of the film. Its takes stay, and `restore` brings it back."""
    with transaction.atomic():
        story, scene = _locked_anyhow(scene_id, actor)
        if scene.deleted_at is None:
            scene.deleted_at = timezone.now()
            scene.save(update_fields=["deleted_at", "updated_at"])
            Scene.live.filter(story=story, position__gt=scene.position).update(position=F("position") - 1)
            _settle_length(story)
    return scene


def _locked_anyhow(scene_id: UUID | str, actor: Any) -> tuple[Story, Scene]:
    """As `locked_scene`, for a scene that may be deleted."""
    story = locked_story(Scene.objects.values_list("story_id", flat=True).get(pk=scene_id), actor)
    return story, Scene.objects.select_for_update(of=("self",)).select_related("prompt").get(pk=scene_id)


def restore(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Bring a deleted scene back to its old place, or to the end if the film is shorter now."""
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
    """A copy right after the scene, with the same prompt; its takes are still to be made."""
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        require_room(story)
        Scene.live.filter(story=story, position__gt=scene.position).update(position=F("position") + 1)
        copy = Scene.objects.create(
            story=story,
            position=scene.position + 1,
            title=scene.title,
            narration=scene.narration,
            duration_seconds=scene.duration_seconds,
            prompt=scene.prompt,
        )
        _settle_length(story)
    return copy


def split(scene_id: UUID | str, *, actor: Any, at: int) -> tuple[Scene, Scene]:
    """Cut a scene in two at a character of its narration. The lengths follow the text; the takes stay with the first part.

    Raises Invalid if a part would be without words or shorter than a second.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        head, tail = scene.narration[: max(at, 0)].strip(), scene.narration[max(at, 0) :].strip()
        if not head or not tail:
            raise Invalid(gettext_noop("Both parts need words."), field="at")
        if scene.duration_seconds < MIN_SPLIT:
            raise Invalid(gettext_noop("A scene of one second cannot be split."), field="at")
        require_room(story)
        first = min(max(round(scene.duration_seconds * len(head) / len(head + tail)), 1), scene.duration_seconds - 1)
        Scene.live.filter(story=story, position__gt=scene.position).update(position=F("position") + 1)
        prompts = _halved(scene, head, tail)
        second = Scene.objects.create(
            story=story,
            position=scene.position + 1,
            title=splitting.title_for(tail, scene.title, story.language),
            narration=tail,
            duration_seconds=scene.duration_seconds - first,
            prompt=prompts[1],
        )
        scene.narration, scene.duration_seconds, scene.prompt = head, first, prompts[0]
        scene.save()
        _settle_length(story)
    return scene, second


def unsplit(
    scene_id: UUID | str,
    other_id: UUID | str,
    *,
    actor: Any,
    prompt_id: Any,
    half_ids: tuple[Any, Any],
    narration: str,
) -> Scene:
    """Undo `split`: the scene is as it was before, and nothing of the second half stays.

    `prompt_id` and `narration`: as before the split; `half_ids`: the prompts that it made. A second half that has anything of
    its own by now, such as a take, is kept among the deleted scenes. Raises Conflict if either half was changed since.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.live.filter(pk=other_id, story=story, position=scene.position + 1).first()
        before = ScenePrompt.objects.filter(pk=prompt_id).first()  # unused ones are removed after a day
        words = "".join(narration.split())
        if other is None or before is None or (scene.prompt_id, other.prompt_id) != half_ids or "".join(f"{scene.narration}{other.narration}".split()) != words:
            raise Conflict(gettext_noop("The scene has been changed since it was split. Join the two scenes instead."))
        scene.prompt = before
        scene.narration, scene.duration_seconds = narration, scene.duration_seconds + other.duration_seconds
        scene.save()
        Scene.live.filter(story=story, position__gt=other.position).update(position=F("position") - 1)
        if work.has_history(other):
            other.deleted_at = timezone.now()
            other.save(update_fields=["deleted_at", "updated_at"])
        else:
            other.delete()
        _settle_length(story)
    return scene


def _halved(scene: Scene, head: str, tail: str) -> tuple[ScenePrompt, ScenePrompt]:
    """A prompt for each half of the narration: two pictures of the same would be paid for twice."""
    kept = _kept(scene.prompt)
    texts = splitting.halves(scene.prompt.text, scene.narration, head, tail)
    english = splitting.english_halves(scene.prompt.text_en, scene.narration, head, tail)
    first, second = (ScenePrompt.objects.create(**{**kept, "text": text[:4000], "text_en": en[:4000]}) for text, en in zip(texts, english, strict=True))
    return first, second


def merge_with_next(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Join a scene with the one after it: narrations and lengths together, prompt and takes of the first; the second is deleted."""
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.live.filter(story=story, position=scene.position + 1).first()
        if other is None:
            raise Invalid(gettext_noop("There is no scene after this one."), field="position")
        total = scene.duration_seconds + other.duration_seconds
        checked({"duration_seconds": total})
        text = splitting.joined(scene.prompt.text, scene.narration, other.prompt.text, other.narration)
        if text != scene.prompt.text:
            kept = _kept(scene.prompt)
            english = splitting.joined(scene.prompt.text_en, scene.narration, other.prompt.text_en, other.narration)
            scene.prompt = ScenePrompt.objects.create(**{**kept, "text": text[:4000], "text_en": english[:4000]})
        scene.narration = f"{scene.narration} {other.narration}".strip()
        scene.duration_seconds = total
        scene.save()
        other.deleted_at = timezone.now()
        other.save(update_fields=["deleted_at", "updated_at"])
        Scene.live.filter(story=story, position__gt=other.position).update(position=F("position") - 1)
        _settle_length(story)
    return scene


def unmerge(scene_id: UUID | str, other_id: UUID | str, *, actor: Any) -> Scene:
    """Undo `merge_with_next`: the second scene comes back with its words and length, the first gives them up.

    Raises Conflict if the first no longer ends with the second's words or is no longer long enough.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.objects.get(pk=other_id, story=story)
        left = scene.duration_seconds - other.duration_seconds
        if other.deleted_at is None or left < 1 or not scene.narration.endswith(other.narration):
            raise Conflict(gettext_noop("The joined scene has been changed since; it cannot be taken apart by itself."))
        require_room(story)
        scene.narration = scene.narration.removesuffix(other.narration).strip()
        scene.duration_seconds = left
        scene.save()
        Scene.live.filter(story=story, position__gt=scene.position).update(position=F("position") + 1)
        other.position, other.deleted_at = scene.position + 1, None
        other.save(update_fields=["position", "deleted_at", "updated_at"])
        _settle_length(story)
    return scene
