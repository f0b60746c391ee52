"""Takes: landing what was made, choosing, and judging. A take is never overwritten."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from ground import visible
from jobs.models import Job
from providers.models import ProviderCall
from stories.enums import TakeKind, TakeSource, Verdict
from stories.errors import Invalid
from stories.models import Scene, ScenePrompt, Take

from . import work
from .inputs import is_stale, made_hash
from .locks import require_live
from .permissions import require_story_owner

FIELD = {TakeKind.IMAGE: "image_take", TakeKind.CLIP: "clip_take"}


def land_result(call: ProviderCall, *, job: Job | None = None) -> Take | None:
    """The take of a settled call, by one rule whoever lands it: its job, a collector, the periodic work or a late answer.

    `job`: the one that ordered it, if the caller has it. None if the scene's row is gone.
    """
    scene = Scene.objects.select_related("prompt").filter(pk=call.item).first()
    if scene is None or call.kind not in TakeKind.values:
        return None
    job = job or work.asked_for(call)
    asked = work.asked(job) if job else {}
    prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id") or 0).first() or scene.prompt
    wishes = {"select": bool(asked.get("select", True)), "reason": asked.get("reason", ""), "replaces": asked.get("replaces")}
    return land(call, scene=scene, kind=call.kind, prompt=prompt, **wishes)


def land(call: ProviderCall, *, scene: Scene, kind: str, prompt: ScenePrompt, select: bool, reason: str = "", replaces: str | None = None) -> Take:
    """The take of a settled call, made once however often this is called; see `_select_by_rule` for whether it is selected."""
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
                "notes": result.get("notes") or [],
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
        if made:
            _select_by_rule(take, wanted=select, replaces=replaces)
    return take


def _select_by_rule(take: Take, *, wanted: bool, replaces: str | None) -> None:
    """A new take is selected if the scene has no usable take of its kind, whatever was wanted: what is paid for serves.

    Else only if who asked for it wanted that, the selected take is older than the scene, and nobody has selected another since
    it was asked for (`replaces`: the id of the take that was selected then, empty for none; None: not known). It never
    takes the place of a good one.
    """
    scene = Scene.objects.select_for_update(of=("self",)).select_related("story", "prompt", "image_take", "clip_take").get(pk=take.scene_id)
    chosen = scene.take(take.kind)
    usable = chosen is not None and chosen.verdict != Verdict.REJECTED
    outdated = wanted and chosen is not None and replaces in {None, str(chosen.pk)} and is_stale(scene.story, scene, chosen)
    if not usable or outdated:
        _choose(scene, take)


def _choose(scene: Scene, take: Take) -> None:
    setattr(scene, FIELD[TakeKind(take.kind)], take)
    scene.save(update_fields=[FIELD[TakeKind(take.kind)], "updated_at"])


def _locked(take_id: UUID | str, actor: Any) -> tuple[Scene, Take]:
    """The take, read under its scene's lock. Raises Conflict if the scene is deleted."""
    scene_id = Take.objects.values_list("scene_id", flat=True).get(pk=take_id)
    scene = Scene.objects.select_for_update(of=("self",)).select_related("story").get(pk=scene_id)
    require_story_owner(actor, scene.story)
    return require_live(scene), Take.objects.get(pk=take_id)


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
    reason = visible.stripped(reason)
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
