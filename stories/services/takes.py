"""Recording, selecting, cropping and reviewing takes. A take is never overwritten."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from jobs.models import Job
from media.crop import placed
from providers.models import ProviderCall
from stories.enums import ReviewStatus, TakeKind, TakeSource
from stories.errors import Invalid
from stories.models import Scene, ScenePrompt, Take

from . import enqueue
from .crops import shown_part
from .fingerprints import frame_size, is_stale, made_hash
from .locking import locked_row, require_live
from .permissions import require_story_owner

FIELD = {TakeKind.IMAGE: "image_take", TakeKind.CLIP: "clip_take"}


def record_result(call: ProviderCall, *, job: Job | None = None) -> Take | None:
    """Record the take of a settled call.

    Every caller follows the same rule: job, collector, periodic task or late response. `job`: the
    job that ordered the call, if the caller has it. Returns None if the scene's row is gone.
    """
    scene = Scene.objects.select_related("prompt").filter(pk=call.item).first()
    if scene is None or call.kind not in TakeKind.values:
        return None
    job = job or enqueue.asked_for(call)
    asked = enqueue.asked(job) if job else {}
    prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id") or 0).first() or scene.prompt
    options = {
        "select": bool(asked.get("select", True)),
        "reason": asked.get("reason", ""),
        "replaces": asked.get("replaces"),
    }
    return record_take(call, scene=scene, kind=call.kind, prompt=prompt, **options)


def record_take(
    call: ProviderCall,
    *,
    scene: Scene,
    kind: str,
    prompt: ScenePrompt,
    select: bool,
    reason: str = "",
    replaces: str | None = None,
) -> Take:
    """Record the take of a settled call once, however often this is called.

    `_select_by_rule` decides whether it is selected.
    """
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
    """Select a new take if the scene has no usable take of its kind, or if the rules below allow.

    In the first case it is selected whatever was requested, because paid results are used.
    Otherwise it is selected only if the requester wanted that, the selected take is older than the
    scene, and nobody has selected another since the request (`replaces`: the id of the take
    selected then, empty for none; None: not known). A good take is never replaced.
    """
    scene = locked_row(take.scene_id)
    chosen = scene.take(take.kind)
    usable = chosen is not None and chosen.review_status != ReviewStatus.REJECTED
    outdated = (
        wanted
        and chosen is not None
        and replaces in {None, str(chosen.pk)}
        and is_stale(scene.story, scene, chosen)
    )
    if not usable or outdated:
        _choose(scene, take)


def _choose(scene: Scene, take: Take) -> None:
    setattr(scene, FIELD[TakeKind(take.kind)], take)
    scene.save(update_fields=[FIELD[TakeKind(take.kind)], "updated_at"])


def locked_take(take_id: UUID | str, actor: Any) -> tuple[Scene, Take]:
    """The take, read under its scene's lock. Raises Conflict if the scene is deleted."""
    scene_id = Take.objects.values_list("scene_id", flat=True).get(pk=take_id)
    scene = locked_row(scene_id)
    require_story_owner(actor, scene.story)
    return require_live(scene), Take.objects.get(pk=take_id)


def select_take(take_id: UUID | str, *, actor: Any) -> Scene:
    """Select this take for its scene.

    Raises Take.DoesNotExist, Forbidden or Invalid (a rejected take).
    """
    with transaction.atomic():
        scene, take = locked_take(take_id, actor)
        if take.review_status == ReviewStatus.REJECTED:
            raise Invalid(
                gettext_noop("This take is rejected. Clear the rejection first."), field="take"
            )
        _choose(scene, take)
        enqueue.wake_story_jobs_on_commit(scene.story_id)
    return scene


def review_take(take_id: UUID | str, *, review_status: str, actor: Any, reason: str = "") -> Take:
    """Approve or reject a take, or reset its review (unreviewed).

    A rejection needs a reason. Raises Forbidden or Invalid.
    """
    reason = visible.stripped(reason)
    if review_status not in ReviewStatus.values:
        raise Invalid(
            gettext_noop("“%(verdict)s” is not a verdict."),
            review_status=review_status,
            field="review_status",
        )
    if review_status == ReviewStatus.REJECTED and not reason:
        raise Invalid(
            gettext_noop("Say why it is rejected, so that the next take can be better."),
            field="reason",
        )
    with transaction.atomic():
        scene, take = locked_take(take_id, actor)
        take.review_status = review_status
        take.review_reason = reason
        take.reviewed_by = None if review_status == ReviewStatus.UNREVIEWED else actor
        take.reviewed_at = None if review_status == ReviewStatus.UNREVIEWED else timezone.now()
        take.save(update_fields=["review_status", "review_reason", "reviewed_by", "reviewed_at"])
        enqueue.wake_story_jobs_on_commit(scene.story_id)
    return take


def choose_crop(take_id: UUID | str, *, x: float, y: float, actor: Any) -> Take:
    """Set the part of the take that films show: 0 is far left (top), 1 far right (bottom).

    Raises Take.DoesNotExist, Forbidden, Conflict if the scene is deleted, or Invalid if there is
    nothing to select.
    """
    for name, value in (("x", x), ("y", y)):
        if not 0 <= value <= 1:
            raise Invalid(gettext_noop("Give a number from 0 to 1."), field=name)
    with transaction.atomic():
        scene, take = locked_take(take_id, actor)
        if shown_part(scene.story, take) is None:
            raise Invalid(
                gettext_noop("The take has the film's format: all of it is shown."), field="x"
            )
        take.crop = placed((take.width, take.height), frame_size(scene.story), x=x, y=y).parts
        take.save(update_fields=["crop"])
    return take
