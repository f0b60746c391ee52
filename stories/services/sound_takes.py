"""Recording, selecting and reviewing takes of sound. A take is never overwritten."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from jobs.models import Job
from providers.models import ProviderCall
from stories.enums import ReviewStatus, SoundKind, TakeSource
from stories.errors import Invalid
from stories.models import Line, LineText, SoundTake, Story, StorySound
from stories.models.sound_take import SAMPLE_RATE

from . import enqueue
from .permissions import require_story_owner


def record_result(call: ProviderCall, *, job: Job | None = None) -> SoundTake | None:
    """Record the take of a settled call once, however often and by whomever this is called.

    It is selected if nothing usable is, or if it was made from what its line and voice are now.
    None if its line or story is gone.
    """
    if call.kind not in SoundKind.values:
        return None
    line = (
        Line.objects.select_related("scene").filter(pk=call.item).first()
        if call.kind == SoundKind.SPEECH
        else None
    )
    story_id = line.scene.story_id if line else call.subject
    if (call.kind == SoundKind.SPEECH and line is None) or not Story.objects.filter(
        pk=story_id
    ).exists():
        return None
    job = job or enqueue.asked_for(call)
    asked = enqueue.asked(job) if job else {}
    result = call.result or {}
    with transaction.atomic():
        take, made = SoundTake.objects.get_or_create(
            call=call,
            defaults={
                "story_id": story_id,
                "scene": line.scene if line else None,
                "line": line,
                "text": LineText.objects.filter(pk=asked.get("text_id") or 0).first(),
                "kind": call.kind,
                "source": TakeSource.GENERATED,
                "file": result["file"],
                "sha256": result["sha256"],
                "mime": result["mime"],
                "samples": samples_of(result),
                "marks": result.get("marks") or [],
                "input_hash": asked.get("input_hash", ""),
                "provider": call.provider_id,
                "model": call.model,
                "seed": result.get("seed"),
                "cost": call.cost or 0,
                "made_by": call.actor,
                "reason": asked.get("reason", ""),
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
    selected = _selected(take)
    usable = selected is not None and selected.review_status != ReviewStatus.REJECTED
    if usable and selected is not None:
        if (
            selected.review_status == ReviewStatus.APPROVED
            and selected.input_hash == take.input_hash
        ):
            return
        if replaces is not None and replaces != str(selected.pk):
            return
    _choose(take)


def _selected(take: SoundTake) -> SoundTake | None:
    if take.line_id:
        return (
            Line.objects.select_for_update(of=("self",))
            .select_related("speech_take")
            .get(pk=take.line_id)
            .speech_take
        )
    sound = (
        StorySound.objects.select_for_update(of=("self",))
        .select_related("music_take")
        .filter(story=take.story_id)
        .first()
    )
    return sound.music_take if sound else None


def _choose(take: SoundTake) -> None:
    if take.line_id:
        Line.objects.filter(pk=take.line_id).update(speech_take=take)
    elif take.kind == SoundKind.MUSIC:
        StorySound.objects.filter(story=take.story_id).update(music_take=take)


def _locked(take_id: UUID | str, actor: Any) -> SoundTake:
    """The take, read under its story's lock."""
    story_id = SoundTake.objects.values_list("story_id", flat=True).get(pk=take_id)
    require_story_owner(actor, Story.objects.select_for_update().get(pk=story_id))
    return SoundTake.objects.get(pk=take_id)


def select(take_id: UUID | str, *, actor: Any) -> SoundTake:
    """Select this take for its line, or for the story's music.

    Raises SoundTake.DoesNotExist, Forbidden or Invalid (a rejected take).
    """
    with transaction.atomic():
        take = _locked(take_id, actor)
        if take.review_status == ReviewStatus.REJECTED:
            raise Invalid(
                gettext_noop("This take is rejected. Clear the rejection first."), field="take"
            )
        _choose(take)
        enqueue.wake_story_jobs_on_commit(take.story_id)
    return take


def review(take_id: UUID | str, *, review_status: str, actor: Any, reason: str = "") -> SoundTake:
    """Approve or reject a take of sound, or reset its review. A rejection needs a reason.

    Raises SoundTake.DoesNotExist, Forbidden or Invalid.
    """
    reason = visible.stripped(reason)
    if review_status not in ReviewStatus.values:
        raise Invalid(
            gettext_noop("“%(verdict)s” is not a verdict."),
            verdict=review_status,
            field="review_status",
        )
    if review_status == ReviewStatus.REJECTED and not reason:
        raise Invalid(
            gettext_noop("Say why it is rejected, so that the next take can be better."),
            field="reason",
        )
    with transaction.atomic():
        take = _locked(take_id, actor)
        reset = review_status == ReviewStatus.UNREVIEWED
        take.review_status, take.review_reason = review_status, reason
        take.reviewed_by, take.reviewed_at = (None, None) if reset else (actor, timezone.now())
        take.save(update_fields=["review_status", "review_reason", "reviewed_by", "reviewed_at"])
        enqueue.wake_story_jobs_on_commit(take.story_id)
    return take
