"""Recording, selecting, cropping and reviewing takes. A take is never overwritten."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from jobs.models import Job
from media.crop import placed
from providers.models import ProviderCall
from stories.enums import TakeKind
from stories.errors import Invalid
from stories.models import Scene, ScenePrompt, Take

from . import checks, collecting, job_data, segment_jobs, vision_checks, waking
from .crops import shown_part
from .fingerprints import frame_size, is_stale, made_hash
from .locking import locked_row, require_live
from .permissions import require_story_owner
from .results import stored_result
from .reviews import checked_reason, require_not_rejected, write_review

FIELD = {TakeKind.IMAGE: "image_take", TakeKind.CLIP: "clip_take"}


def record_result(call: ProviderCall, *, job: Job | None = None) -> Take | None:
    """Record the take of a settled call.

    Every caller follows the same rule: job, collector, periodic task or late response. `job`: the
    job that ordered the call, if the caller has it. Returns None if the scene's row is gone.
    """
    scene = Scene.objects.select_related("prompt").filter(pk=call.item).first()
    if scene is None or call.kind not in TakeKind.values:
        return None
    job = job or collecting.asked_for(call)
    asked = job_data.asked(job) if job else {}
    prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id") or 0).first() or scene.prompt
    options: dict[str, Any] = {
        "select": bool(asked.get("select", True)),
        "reason": asked.get("reason", ""),
        "replaces": asked.get("replaces"),
        "check": _price_of_check(asked),
        "job": job,
    }
    return record_take(call, scene=scene, kind=call.kind, prompt=prompt, **options)


def record_edit(call: ProviderCall, *, job: Job | None = None) -> Take | None:
    """Record the take of a settled edit once, however often this is called.

    It stands for the scene as the take does that it was edited from. Returns None if that take's
    row is gone.
    """
    original = Take.objects.select_related("prompt", "scene").filter(pk=call.item).first()
    if original is None:
        return None
    job = job or collecting.asked_for(call)
    asked = job_data.asked(job) if job else {}
    edit = {
        **(asked.get("edit") or {}),
        "change_hash": asked.get("change_hash", ""),
        "made_as": list(original.made_as),
    }
    more = {"edited_from": original, "edit": edit, "input_hash": original.input_hash}
    return record_take(
        call,
        scene=original.scene,
        kind=original.kind,
        prompt=original.prompt,
        select=False,
        reason=asked.get("reason", ""),
        more=more,
        check=_price_of_check(asked),
        job=job,
    )


def _price_of_check(asked: dict[str, Any]) -> Decimal | None:
    """USD that were confirmed for having a model check the take. None: nothing was."""
    return Decimal(asked["check"]) if asked.get("check") else None


def _asked(call: ProviderCall) -> dict[str, Any]:
    """What the job that ordered the call was asked for; empty once its row is removed."""
    job = collecting.asked_for(call)
    return job_data.asked(job) if job else {}


def select_checked(take: Take) -> None:
    """Select a take that a model has checked and found nothing about, as a new take would be."""
    asked = _asked(take.call) if take.call else {}
    wanted = bool(asked.get("select", True)) and take.edited_from_id is None
    _select_by_rule(take, wanted=wanted, replaces=asked.get("replaces"))


def record_take(
    call: ProviderCall,
    *,
    scene: Scene,
    kind: str,
    prompt: ScenePrompt,
    select: bool,
    reason: str = "",
    replaces: str | None = None,
    more: dict[str, Any] | None = None,
    check: Decimal | None = None,
    job: Job | None = None,
) -> Take:
    """Record the take of a settled call once, however often this is called.

    `_select_by_rule` decides whether it is selected. `more`: fields of a take that does not follow
    from the scene's inputs alone. `check`: USD that were confirmed for having a model check it.
    """
    result = call.result or {}
    with transaction.atomic():
        take, made = Take.objects.get_or_create(
            call=call,
            defaults={
                **stored_result(call, reason=reason),
                "scene": scene,
                "kind": kind,
                "width": result["width"],
                "height": result["height"],
                "duration_ms": result.get("duration_ms") or 0,
                "notes": result.get("notes") or [],
                "has_sound": result.get("has_sound"),
                "prompt": prompt,
                **(more or {"input_hash": made_hash(call, scene, prompt)}),
            },
        )
        if made:
            checks.record(take, result.get("measures") or {})
            checks.await_model(take)
            vision_checks.order(take, price=check, job=job)
            _select_by_rule(take, wanted=select, replaces=replaces)
    return take


def _select_by_rule(take: Take, *, wanted: bool, replaces: str | None) -> None:
    """Select a new take if the scene has no usable take of its kind, or if the rules below allow.

    A take about which the automatic check has doubts is never selected here: a person decides. In
    the first case it is selected whatever was requested, because paid results are used. Otherwise
    it is selected only if the requester wanted that, the selected take is older than the
    scene, and nobody has selected another since the request (`replaces`: the id of the take
    selected then, empty for none; None: not known). A good take is never replaced.
    """
    scene = locked_row(take.scene_id)
    if take.doubts:
        return
    chosen = scene.take(take.kind)
    usable = chosen is not None and not chosen.is_rejected
    outdated = (
        wanted
        and chosen is not None
        and replaces in {None, str(chosen.pk)}
        and is_stale(scene.story, scene, chosen)
    )
    if not usable or outdated:
        _choose(scene, take)


def _choose(scene: Scene, take: Take) -> None:
    if getattr(scene, f"{FIELD[TakeKind(take.kind)]}_id") != take.pk:
        segment_jobs.encode_on_commit(scene.pk, take.kind)
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
        require_not_rejected(take)
        _choose(scene, take)
        waking.wake_after_review_on_commit(scene.story_id)
    return scene


def review_take(take_id: UUID | str, *, review_status: str, actor: Any, reason: str = "") -> Take:
    """Approve or reject a take, or reset its review (unreviewed).

    A rejection needs a reason. Raises Forbidden or Invalid.
    """
    reason = checked_reason(review_status, reason)
    with transaction.atomic():
        scene, take = locked_take(take_id, actor)
        write_review(take, review_status=review_status, reason=reason, actor=actor)
        waking.wake_after_review_on_commit(scene.story_id)
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
        if take == scene.take(take.kind):
            segment_jobs.encode_on_commit(scene.pk, take.kind)
    return take
