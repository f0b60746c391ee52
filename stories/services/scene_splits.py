"""Split a scene, merge it with the next one, and undo both.

The words of a prompt are divided in `split_prompts`.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Job
from providers.models import ProviderCall
from stories.enums import Boundary, SoundKind
from stories.errors import Conflict, Invalid
from stories.models import Comment, Scene, ScenePrompt, SoundTake, Take, tenths

from . import cast, effects, lines, sound, split_prompts
from .locking import locked_scene, require_room
from .scene_lengths import settle_length
from .scene_values import checked, makers_of, prompt_values
from .speech_prediction_jobs import predict_on_commit

MIN_SPLIT = 2  # seconds, one for each part
OF_SCENES = (SoundKind.RECORDING, SoundKind.MUSIC)  # without a scene they are the film's


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
        first = tenths(
            min(
                max(round(scene.duration_seconds * len(head) / len(head + tail)), 1),
                scene.duration_seconds - 1,
            )
        )
        Scene.live.filter(story=story, position__gt=scene.position).update(
            position=F("position") + 1
        )
        prompts = _halved(scene, head, tail)
        second = Scene.objects.create(
            story=story,
            position=scene.position + 1,
            title=split_prompts.title_for(tail, scene.title, story.language),
            narration=tail,
            duration_seconds=tenths(scene.duration_seconds - first),
            boundary=scene.boundary,
            prompt=prompts[1],
            **makers_of(scene),
        )
        lines.cut(scene, second, head=head, tail=tail)
        effects.cut(scene, second, at=first)
        sound.split_scene_sound(scene, second)
        cast.copy(scene, second)
        scene.duration_seconds, scene.prompt = first, prompts[0]
        scene.boundary = Boundary.CUT
        scene.save()
        settle_length(story)
        predict_on_commit(story.pk)
    return scene, second


def _halved(scene: Scene, head: str, tail: str) -> tuple[ScenePrompt, ScenePrompt]:
    """Create a prompt for each half of the narration.

    Two pictures of the same content would be paid twice.
    """
    kept = prompt_values(scene.prompt)
    texts = split_prompts.halves(scene.prompt.text, scene.narration, head, tail)
    english = split_prompts.english_halves(scene.prompt.text_en, scene.narration, head, tail)
    first, second = (
        ScenePrompt.objects.create(**{**kept, "text": text[:4000], "text_en": en[:4000]})
        for text, en in zip(texts, english, strict=True)
    )
    return first, second


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

    `prompt_id` and `narration` are those before the split; `second_half_ids` are the prompts
    that it created. A second half that has content of its own by now, such as a take, is kept
    among the deleted scenes. Raises Conflict if either half was changed since.
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
        scene.prompt, scene.boundary = before, other.boundary
        lines.join(scene, other, narration)
        effects.join(scene, other, at=scene.duration_seconds)
        scene.duration_seconds = tenths(scene.duration_seconds + other.duration_seconds)
        scene.save()
        Scene.live.filter(story=story, position__gt=other.position).update(
            position=F("position") - 1
        )
        if _has_history(other):
            other.deleted_at = timezone.now()
            other.save(update_fields=["deleted_at", "updated_at"])
        else:
            other.delete()
        settle_length(story)
        predict_on_commit(story.pk)
    return scene


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
        total = tenths(scene.duration_seconds + other.duration_seconds)
        checked({"duration_seconds": total})
        text = split_prompts.joined(
            scene.prompt.text, scene.narration, other.prompt.text, other.narration
        )
        if text != scene.prompt.text:
            kept = prompt_values(scene.prompt)
            english = split_prompts.joined(
                scene.prompt.text_en, scene.narration, other.prompt.text_en, other.narration
            )
            scene.prompt = ScenePrompt.objects.create(
                **{**kept, "text": text[:4000], "text_en": english[:4000]}
            )
            cast.merge(scene, other)
        lines.join(scene, other, f"{scene.narration} {other.narration}".strip())
        effects.join(scene, other, at=scene.duration_seconds)
        scene.duration_seconds = total
        # The transition between the two is kept by the second, for `unmerge`.
        scene.boundary, other.boundary = other.boundary, scene.boundary
        scene.save()
        other.deleted_at = timezone.now()
        other.save(update_fields=["boundary", "deleted_at", "updated_at"])
        Scene.live.filter(story=story, position__gt=other.position).update(
            position=F("position") - 1
        )
        settle_length(story)
        predict_on_commit(story.pk)
    return scene


def unmerge(scene_id: UUID | str, other_id: UUID | str, *, actor: Any) -> Scene:
    """Undo `merge_with_next`.

    Restores the second scene with its words and length, and removes them from the first. Raises
    Conflict if the first scene no longer ends with the second's words or is too short.
    """
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        other = Scene.objects.get(pk=other_id, story=story)
        left = tenths(scene.duration_seconds - other.duration_seconds)
        if other.deleted_at is None or left < 1 or not scene.narration.endswith(other.narration):
            raise Conflict(
                gettext_noop(
                    "The merged scene has been changed since, so the merge cannot be undone."
                )
            )
        require_room(story)
        lines.take_back(scene, other, scene.narration.removesuffix(other.narration).strip())
        effects.cut(scene, other, at=left)
        scene.duration_seconds = left
        scene.boundary, other.boundary = other.boundary, scene.boundary
        scene.save()
        Scene.live.filter(story=story, position__gt=scene.position).update(
            position=F("position") + 1
        )
        other.position, other.deleted_at = scene.position + 1, None
        other.save(update_fields=["position", "boundary", "deleted_at", "updated_at"])
        settle_length(story)
        predict_on_commit(story.pk)
    return scene


def _has_history(scene: Scene) -> bool:
    """Whether anything was made, ordered or said for the scene."""
    named = (Job, ProviderCall)
    return (
        Take.objects.filter(scene=scene).exists()
        or Comment.objects.filter(scene=scene).exists()
        or SoundTake.objects.filter(scene=scene, kind__in=OF_SCENES).exists()
        or any(model._default_manager.filter(item=str(scene.pk)).exists() for model in named)  # noqa: SLF001  Django's documented API
    )
