"""Takes: landing what was made, choosing, and judging. A take is never overwritten."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.models import ProviderCall
from stories.enums import TakeKind, TakeSource, Verdict
from stories.errors import Invalid
from stories.models import Scene, ScenePrompt, Take

from . import work
from .inputs import is_stale, made_hash
from .permissions import require_story_owner

FIELD = {TakeKind.IMAGE: "image_take", TakeKind.CLIP: "clip_take"}


def land(call: ProviderCall, *, scene: Scene, kind: str, prompt: ScenePrompt, select: bool, reason: str = "") -> Take:
    """The take of a settled call, made once however often this is called; chosen if `select` and nothing better is chosen."""
    result = call.result or {}
    with transaction.atomic():
        take, made = Take.objects.get_or_create(
            call=call,
            defaults={
                "scene": scene,
                "kind": kind,
                "source": TakeSource.GENERATED,
                "file": result["file"],
                "sha256": result["sha256"],
                "mime": result["mime"],
                "width": result["width"],
                "height": result["height"],
                "duration_ms": result.get("duration_ms") or 0,
                "prompt": prompt,
                "input_hash": made_hash(call, scene, prompt),
                "provider": call.provider_id,
                "model": call.model,
                "seed": result.get("seed"),
                "cost": call.cost or 0,
                "made_by": call.actor,
                "reason": reason,
            },
        )
        if made and select:
            _choose_if_better(take)
    return take


def _choose_if_better(take: Take) -> None:
    """A new take takes the place of nothing, of a stale one or of a rejected one; never of a good one that a person may have chosen."""
    scene = Scene.objects.select_for_update(of=("self",)).select_related("story", "prompt", "image_take", "clip_take").get(pk=take.scene_id)
    chosen = scene.take(take.kind)
    if chosen is None or chosen.verdict == Verdict.REJECTED or is_stale(scene.story, scene, chosen):
        _choose(scene, take)


def _choose(scene: Scene, take: Take) -> None:
    setattr(scene, FIELD[TakeKind(take.kind)], take)
    scene.save(update_fields=[FIELD[TakeKind(take.kind)], "updated_at"])


def _locked(take_id: UUID | str, actor: Any) -> tuple[Scene, Take]:
    take = Take.objects.select_related("scene__story").get(pk=take_id)
    scene = Scene.objects.select_for_update(of=("self",)).select_related("story").get(pk=take.scene_id)
    require_story_owner(actor, scene.story)
    return scene, take


def choose(take_id: UUID | str, *, actor: Any) -> Scene:
    """Make this the scene's take of its kind. Raises Take.DoesNotExist, Forbidden or Invalid (a rejected take)."""
    with transaction.atomic():
        scene, take = _locked(take_id, actor)
        if take.verdict == Verdict.REJECTED:
            raise Invalid(gettext_noop("This take is rejected. Take the rejection back first."), field="take")
        _choose(scene, take)
        work.look_again(scene.story_id)
    return scene


def judge(take_id: UUID | str, *, verdict: str, actor: Any, reason: str = "") -> Take:
    """Approve or reject a take, or take a verdict back (unreviewed). A rejection needs a reason. Raises Forbidden or Invalid."""
    reason = reason.strip()
    if verdict not in Verdict.values:
        raise Invalid(gettext_noop("“%(verdict)s” is not a verdict."), verdict=verdict, field="verdict")
    if verdict == Verdict.REJECTED and not reason:
        raise Invalid(gettext_noop("Say why it is rejected, so that the next take can be better."), field="reason")
    with transaction.atomic():
        scene, take = _locked(take_id, actor)
        take.verdict = verdict
        take.verdict_reason = reason
        take.verdict_by = None if verdict == Verdict.UNREVIEWED else actor
        take.verdict_at = None if verdict == Verdict.UNREVIEWED else timezone.now()
        take.save(update_fields=["verdict", "verdict_reason", "verdict_by", "verdict_at"])
        work.look_again(scene.story_id)
    return take
