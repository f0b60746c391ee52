"""Recording, selecting and reviewing takes of sound. A take is never overwritten."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from jobs.models import Job
from providers.models import ProviderCall
from stories.enums import Mood, ReviewStatus, SoundKind
from stories.errors import Invalid
from stories.models import (
    Effect,
    Line,
    LineText,
    Scene,
    SceneSound,
    SoundTake,
    Story,
    StorySound,
)
from stories.models.sound_take import SAMPLE_RATE

from . import collecting, job_data, segment_jobs, waking
from .permissions import require_story_owner
from .results import stored_result
from .reviews import checked_reason, require_not_rejected, write_review
from .scene_order import positions
from .sound import locked_for_sound

NOT_OF_FILM = gettext_noop("Only music of the film is made for an order of its scenes.")


def record_result(call: ProviderCall, *, job: Job | None = None) -> SoundTake | None:
    """Record the take of a settled call once, however often and by whomever this is called.

    It is selected if nothing usable is, or if it was made from what its line and voice are now.
    None if its line, effect, scene or story is gone.
    """
    if call.kind not in SoundKind.values:
        return None
    line = (
        Line.objects.select_related("scene").filter(pk=call.item).first()
        if call.kind == SoundKind.SPEECH
        else None
    )
    effect = (
        Effect.objects.select_related("scene").filter(pk=call.item).first()
        if call.kind == SoundKind.SOUND
        else None
    )
    place = line or effect
    is_of_film = call.kind == SoundKind.MUSIC and call.item == call.subject
    scene = place.scene if place else None
    if call.kind == SoundKind.MUSIC and not is_of_film:
        scene = Scene.objects.filter(pk=call.item).first()
    if not (place or scene or is_of_film):
        return None
    story_id = scene.story_id if scene else call.subject
    job = job or collecting.asked_for(call)
    asked = job_data.asked(job) if job else {}
    result = call.result or {}
    with transaction.atomic():
        # Its key to the story is checked at the end; who changes the settings would wait for their
        # row meanwhile and hold the story.
        if Story.objects.select_for_update(no_key=True).filter(pk=story_id).first() is None:
            return None
        take, made = SoundTake.objects.get_or_create(
            call=call,
            defaults={
                **stored_result(call, reason=asked.get("reason", "")),
                "story_id": story_id,
                "scene": scene,
                "line": line,
                "effect": effect,
                "text": LineText.objects.filter(pk=asked.get("text_id") or 0).first(),
                "kind": call.kind,
                "samples": samples_of(result),
                "marks": result.get("marks") or [],
                "input_hash": asked.get("input_hash", ""),
                "scene_order": asked.get("scene_order", []) if is_of_film else [],
            },
        )
        if made:
            _select_by_rule(take, replaces=asked.get("replaces"))
    return take


def samples_of(result: dict[str, Any]) -> int:
    return int(result.get("samples") or (result.get("duration_ms") or 0) * SAMPLE_RATE // 1000)


def _select_by_rule(take: SoundTake, *, replaces: str | None) -> None:
    """Select a new take unless somebody has selected another one since it was asked for.

    An approved take is never replaced.
    """
    selected = selected_locked(take)
    usable = selected is not None and not selected.is_rejected
    if usable and selected is not None:
        if (
            selected.review_status == ReviewStatus.APPROVED
            and selected.input_hash == take.input_hash
        ):
            return
        if replaces is not None and replaces != str(selected.pk):
            return
    choose_locked(take)


class _Slot(NamedTuple):
    """The row and its field that select a take."""

    model: type[Effect | Line | SceneSound | StorySound]
    key: dict[str, Any]
    field: str


def _slot(take: SoundTake) -> _Slot | None:
    """Where a take of this kind is selected. None: its line, effect or scene is gone."""
    if take.kind == SoundKind.SPEECH:
        return _Slot(Line, {"pk": take.line_id}, "speech_take") if take.line_id else None
    if take.kind == SoundKind.SOUND:
        return _Slot(Effect, {"pk": take.effect_id}, "take") if take.effect_id else None
    field = "recording" if take.kind == SoundKind.RECORDING else "music_take"
    if take.scene_id:
        return _Slot(SceneSound, {"scene_id": take.scene_id}, field)
    return _Slot(StorySound, {"story_id": take.story_id}, field)


def selected_locked(take: SoundTake) -> SoundTake | None:
    """The take that is selected where this one would be. The caller holds the story's lock."""
    slot = _slot(take)
    if slot is None:
        return None
    rows = slot.model._default_manager.select_related(slot.field)  # noqa: SLF001  Django's documented API
    row = rows.filter(**slot.key).first()
    found: SoundTake | None = getattr(row, slot.field) if row else None
    return found


def choose_locked(take: SoundTake) -> None:
    slot = _slot(take)
    if slot is None:
        return
    rows = slot.model._default_manager.filter(**slot.key)  # noqa: SLF001  Django's documented API
    if take.kind == SoundKind.SPEECH and take.scene_id:
        segment_jobs.encode_on_commit(take.scene_id)  # its captions follow its speech
    if rows.update(**{slot.field: take}):
        return
    if slot.model is SceneSound:
        SceneSound.objects.create(**slot.key, **{slot.field: take})
    elif slot.model is StorySound:
        # A story without sound stays silent until somebody turns its sound on.
        StorySound.objects.create(**slot.key, **{slot.field: take}, enabled=False)


def let_be_heard_locked(take: SoundTake) -> None:
    """Let music be heard that a person has chosen, in the film or in a scene, where it was off.

    The mood of a scene is that of the film's music, if that has one. The caller holds the story's
    lock.
    """
    if take.kind != SoundKind.MUSIC:
        return
    if take.scene_id is None:
        StorySound.objects.filter(story=take.story_id, mood=Mood.NONE).update(mood=Mood.CALM)
        return
    film = StorySound.objects.filter(story=take.story_id).exclude(mood=Mood.NONE).first()
    rows = SceneSound.objects.filter(scene=take.scene_id, mood__in=("", Mood.NONE))
    rows.update(mood=film.mood if film else Mood.CALM)


def _locked(take_id: UUID | str, actor: Any) -> SoundTake:
    """The take, read under its story's lock."""
    story_id = SoundTake.objects.values_list("story_id", flat=True).get(pk=take_id)
    require_story_owner(actor, Story.objects.select_for_update().get(pk=story_id))
    return SoundTake.objects.get(pk=take_id)


def select(take_id: UUID | str, *, actor: Any) -> SoundTake:
    """Select this take for its line, its effect, its scene, or the story. A scene whose music is
    selected has music of its own from now on.

    Raises SoundTake.DoesNotExist, Forbidden or Invalid (a rejected take).
    """
    with transaction.atomic():
        take = _locked(take_id, actor)
        require_not_rejected(take)
        choose_locked(take)
        let_be_heard_locked(take)
        waking.wake_story_jobs_on_commit(take.story_id)
    return take


def is_selected(take: SoundTake) -> bool:
    """Whether the take is selected where it belongs. One query."""
    slot = _slot(take)
    if slot is None:
        return False
    rows = slot.model._default_manager.filter(**slot.key, **{slot.field: take})  # noqa: SLF001  Django's documented API
    return rows.exists()


def deselect(take_id: UUID | str, *, actor: Any) -> SoundTake:
    """Leave this take out of the film, also of copies of its scene. Without a recording the voices
    speak again.

    Raises SoundTake.DoesNotExist or Forbidden.
    """
    with transaction.atomic():
        take = _locked(take_id, actor)
        if (slot := _slot(take)) is not None:
            rows = slot.model._default_manager.filter(**{slot.field: take})  # noqa: SLF001  Django's documented API
            if rows.update(**{slot.field: None}):
                waking.wake_story_jobs_on_commit(take.story_id)
    return take


def keep_music(take_id: UUID | str, *, actor: Any) -> SoundTake:
    """Accept music of the film for the present order of the scenes. It costs nothing.

    Nothing changes for music whose order is not known. Raises SoundTake.DoesNotExist, Forbidden,
    GuardRefused (archived) or Invalid (no music of the film).
    """
    with transaction.atomic():
        story = locked_for_sound(
            SoundTake.objects.values_list("story_id", flat=True).get(pk=take_id), actor
        )
        take = SoundTake.objects.get(pk=take_id)
        if take.kind != SoundKind.MUSIC or take.scene_id is not None:
            raise Invalid(NOT_OF_FILM)
        if take.scene_order:
            take.scene_order = [str(pk) for pk in positions(story)]
            take.save(update_fields=["scene_order"])
            waking.wake_story_jobs_on_commit(story.pk)
    return take


def review(take_id: UUID | str, *, review_status: str, actor: Any, reason: str = "") -> SoundTake:
    """Approve or reject a take of sound, or reset its review. A rejection needs a reason.

    Raises SoundTake.DoesNotExist, Forbidden or Invalid.
    """
    reason = checked_reason(review_status, reason)
    with transaction.atomic():
        take = _locked(take_id, actor)
        write_review(take, review_status=review_status, reason=reason, actor=actor)
        waking.wake_story_jobs_on_commit(take.story_id)
    return take
