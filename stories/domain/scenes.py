"""Scenes: adding, editing, moving, splitting, merging, deleting and restoring them.

The story's length is the sum of its live scenes' lengths: each change here writes both in one transaction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop

from stories.enums import StoryStatus
from stories.errors import Conflict, GuardRefused, Invalid
from stories.models import MAX_DURATION, Scene, ScenePrompt, Story

from . import work
from .permissions import require_story_owner
from .planning import MAX_SCENES, seed_of

CLOSED = frozenset({StoryStatus.PLANNING, StoryStatus.RENDERING, StoryStatus.ARCHIVED})
MIN_SPLIT = 2  # seconds, one for each part
SCENE_FIELDS = ("title", "narration", "duration_seconds")
PROMPT_FIELDS = ("text", "text_en", "negative", "style", "camera", "seed", "reference_image")


def _locked_story(story_id: UUID | str, actor: Any) -> Story:
    """The story, locked for a change of its scenes. Raises Story.DoesNotExist, Forbidden, or GuardRefused in a closed status."""
    story = Story.objects.select_for_update().get(pk=story_id)
    require_story_owner(actor, story)
    if story.status in CLOSED:
        raise GuardRefused(gettext_noop("Scenes cannot be changed while the story is “%(status)s”."), status=story.status)
    return story


def _locked_scene(scene_id: UUID | str, actor: Any) -> tuple[Story, Scene]:
    scene = Scene.objects.only("story_id").get(pk=scene_id)
    story = _locked_story(scene.story_id, actor)
    return story, Scene.objects.select_related("prompt").get(pk=scene_id)


def _settle_length(story: Story) -> None:
    """The story is as long as its scenes together. Raises Invalid beyond the longest film."""
    total = Scene.live.filter(story=story).aggregate(sum=Sum("duration_seconds"))["sum"]
    if total is None:
        return
    if total > MAX_DURATION:
        raise Invalid(gettext_noop("The film would be %(total)s s long; the longest is %(longest)s s."), total=total, longest=MAX_DURATION, field="duration_seconds")
    if total != story.duration_seconds:
        story.duration_seconds = max(total, 2)
        story.save()
    work.look_again(story.pk)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The scene's and prompt's values, validated as the models do. Raises Invalid with the field."""
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
    from django.core.exceptions import ValidationError  # noqa: PLC0415  beside its only use

    field = instance._meta.get_field(name)  # noqa: SLF001  Django's documented model API
    try:
        setattr(instance, name, field.clean(getattr(instance, name), instance))  # type: ignore[union-attr]  # no relation among these names
    except ValidationError as error:
        raise Invalid("%(message)s", message=" ".join(error.messages), field=name) from error


def create(story_id: UUID | str, *, actor: Any, position: int | None = None, **values: Any) -> Scene:
    """Insert a scene at a position (counted from 1; None: at the end). `values` as in `edit`; `text` is needed."""
    checked(values)
    if not str(values.get("text", "")).strip():
        raise Invalid(gettext_noop("A scene needs a prompt."), field="text")
    with transaction.atomic():
        story = _locked_story(story_id, actor)
        last = Scene.live.filter(story=story).aggregate(max=Max("position"))["max"] or 0
        if last >= MAX_SCENES:
            raise Invalid(gettext_noop("A story has at most %(most)s scenes."), most=MAX_SCENES, field="position")
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
            checked(values)
            if not str(values.get("text", "")).strip():
                raise Invalid(gettext_noop("A scene needs a prompt."), field="text")
        except Invalid as error:
            error.field = f"{index}/{error.field}"
            raise
    with transaction.atomic():
        story = _locked_story(story_id, actor)
        if replace:
            Scene.live.filter(story=story).update(deleted_at=timezone.now())
        last = Scene.live.filter(story=story).aggregate(max=Max("position"))["max"] or 0
        if last + len(scenes) > MAX_SCENES:
            raise Invalid(gettext_noop("A story has at most %(most)s scenes."), most=MAX_SCENES, field="")
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


def edit(scene_id: UUID | str, *, actor: Any, expected: Any = None, **values: Any) -> Scene:
    """Change title, narration, length or any part of the prompt (which makes a new prompt; takes keep theirs).

    `expected` is the `updated_at` that the person saw: if somebody changed the scene since, raises Conflict.
    Raises Scene.DoesNotExist, Forbidden, GuardRefused or Invalid.
    """
    checked(values)
    if "text" in values and not values["text"].strip():
        raise Invalid(gettext_noop("A scene needs a prompt."), field="text")
    with transaction.atomic():
        story, scene = _locked_scene(scene_id, actor)
        if expected is not None and scene.updated_at != expected:
            raise Conflict(gettext_noop("Somebody else has changed this scene since you opened it."))
        changed = {k: v for k, v in values.items() if k in PROMPT_FIELDS and getattr(scene.prompt, k) != v}
        if changed:
            kept = {k: getattr(scene.prompt, k) for k in PROMPT_FIELDS}
            if "text" in changed and "text_en" not in changed:
                changed["text_en"] = ""  # the English no longer says the same
            scene.prompt = ScenePrompt.objects.create(**{**kept, **changed})
        for name in SCENE_FIELDS:
            if name in values:
                setattr(scene, name, values[name])
        scene.save()
        _settle_length(story)
    return scene


def _place(position: int | None, last: int) -> int:
    place = last if position is None else position
    if not 1 <= place <= last:
        raise Invalid(gettext_noop("The position must be from 1 to %(last)s."), last=last, field="position")
    return place


def move(scene_id: UUID | str, *, actor: Any, position: int | None = None, before: UUID | str | None = None, after: UUID | str | None = None) -> Scene:
    """Put a scene at a position, or before or after another scene of the story. Exactly one of the three.

    The others between make room by one range shift. Raises Invalid, Conflict (the neighbour is gone), Forbidden, GuardRefused.
    """
    if sum(value is not None for value in (position, before, after)) != 1:
        raise Invalid(gettext_noop("Say exactly one of position, before and after."), field="position")
    with transaction.atomic():
        story, scene = _locked_scene(scene_id, actor)
        if scene.deleted_at is not None:
            raise Conflict(gettext_noop("This scene has been deleted."))
        live = Scene.live.filter(story=story)
        last = live.aggregate(max=Max("position"))["max"] or 1
        old = scene.position
        if position is None:
            neighbour = live.filter(pk=before if before is not None else after).values_list("position", flat=True).first()
            if neighbour is None:
                raise Conflict(gettext_noop("The scene to put it beside is gone."))
            position = neighbour + (after is not None) - (old < neighbour + (after is not None))
        new = _place(position, last)
        if new > old:
            live.filter(position__gt=old, position__lte=new).update(position=F("position") - 1)
        elif new < old:
            live.filter(position__gte=new, position__lt=old).update(position=F("position") + 1)
        if new != old:
            scene.position = new
            scene.save(update_fields=["position", "updated_at"])
    return scene


def delete(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Take a scene out of the film. Its takes stay, and `restore` brings it back."""
    with transaction.atomic():
        story, scene = _locked_scene(scene_id, actor)
        if scene.deleted_at is None:
            scene.deleted_at = timezone.now()
            scene.save(update_fields=["deleted_at", "updated_at"])
            Scene.live.filter(story=story, position__gt=scene.position).update(position=F("position") - 1)
            _settle_length(story)
    return scene


def restore(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Bring a deleted scene back to its old place, or to the end if the film is shorter now."""
    with transaction.atomic():
        story, scene = _locked_scene(scene_id, actor)
        if scene.deleted_at is not None:
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
        story, scene = _locked_scene(scene_id, actor)
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
        story, scene = _locked_scene(scene_id, actor)
        head, tail = scene.narration[: max(at, 0)].strip(), scene.narration[max(at, 0) :].strip()
        if not head or not tail:
            raise Invalid(gettext_noop("Both parts need words."), field="at")
        if scene.duration_seconds < MIN_SPLIT:
            raise Invalid(gettext_noop("A scene of one second cannot be split."), field="at")
        first = min(max(round(scene.duration_seconds * len(head) / len(head + tail)), 1), scene.duration_seconds - 1)
        Scene.live.filter(story=story, position__gt=scene.position).update(position=F("position") + 1)
        second = Scene.objects.create(
            story=story,
            position=scene.position + 1,
            title=scene.title,
            narration=tail,
            duration_seconds=scene.duration_seconds - first,
            prompt=scene.prompt,
        )
        scene.narration, scene.duration_seconds = head, first
        scene.save()
        _settle_length(story)
    return scene, second


def merge_with_next(scene_id: UUID | str, *, actor: Any) -> Scene:
    """Join a scene with the one after it: narrations and lengths together, prompt and takes of the first; the second is deleted."""
    with transaction.atomic():
        story, scene = _locked_scene(scene_id, actor)
        other = Scene.live.filter(story=story, position=scene.position + 1).first()
        if other is None:
            raise Invalid(gettext_noop("There is no scene after this one."), field="position")
        total = scene.duration_seconds + other.duration_seconds
        checked({"duration_seconds": total})
        scene.narration = f"{scene.narration} {other.narration}".strip()
        scene.duration_seconds = total
        scene.save()
        other.deleted_at = timezone.now()
        other.save(update_fields=["deleted_at", "updated_at"])
        Scene.live.filter(story=story, position__gt=other.position).update(position=F("position") - 1)
        _settle_length(story)
    return scene
