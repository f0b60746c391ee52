"""Requests to start paid work: what is asked for, from the current rows, with its price.

`approvals.authorize_spend` compares them with what a person may start alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.localized_messages import DomainError
from jobs.models import Job
from providers.enums import CallState, Kind
from providers.models import ProviderCall
from providers.prices import price_of
from providers.requests import ClipRequest, ImageRequest, from_json, hash_of
from stories.enums import JobName, TakeKind
from stories.errors import GuardRefused
from stories.models import Approval, Look, Scene, Story, Take

from . import job_data
from .check_offers import CheckOffer, current_offer
from .edit_plan import EditPlan, Order, plan_edit
from .english import EnglishPlan, english_request, plan_english, seen
from .fingerprints import present_hash
from .makers import maker_of
from .plan import UNRESOLVED, Plan, plan_generation, quotes_of, request_of
from .planning import plan_request, planning_price, require_plannable
from .sheets import SILENT, SheetPlan, plan_sheets, sheet_hash
from .sound_items import SoundItem
from .sound_plan import plan_sound, sound_of_job, wanted_again
from .vision_checks import VisionPlan, plan_vision_checks


@dataclass(frozen=True, slots=True)
class SpendRequest:
    """A request to start paid work: the fields of an `Approval`, from the current rows.

    `total` is in USD.
    """

    story: Story
    kind: str
    hash: str
    what: dict[str, Any]
    provider: str
    lines: list[dict[str, Any]]
    total: Decimal
    limit: Decimal = Decimal(0)
    # By scene: the confirmed text and picture.
    made_from: dict[str, dict[str, Any]] = field(default_factory=dict)
    scenes: list[Scene] = field(default_factory=list)  # one per line
    # Provider requests, used instead of the scenes' takes.
    requests: list[Any] = field(default_factory=list)
    sound: list[SoundItem] = field(default_factory=list)  # after the takes, one line each
    check: CheckOffer | None = None  # of each take: the last of the lines
    begun: Decimal = Decimal(0)  # what the person has already started for the story within 24 hours
    asked_by: Any = None
    # The provider of each of `scenes`, by its key, where it is not `provider`.
    providers: dict[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[tuple[str, Any]]:
        """The provider and request of each line, in the order of the lines."""
        if self.requests:
            takes = [(self.provider, request) for request in self.requests]
        else:
            takes = [
                (name, request_of(self.story, scene, self.kind, provider=name))
                for scene in self.scenes
                for name in [self.providers.get(scene.key, self.provider)]
            ]
        sounds = [(item.provider, item.request) for item in self.sound]
        checked = [line for line in self.lines if line.get("check")]
        checks = [(self.check.provider, self.check.request) for _ in checked] if self.check else []
        return takes + sounds + checks


def ask_for_plan(plan: Plan, scene_ids: Sequence[UUID] | None = None) -> SpendRequest:
    lines = [_line(item.scene, item.price) for item in plan.todo]
    lines += [_sound_line(item) for item in plan.sound_todo]
    lines += [_line_of_new_check(item.scene, plan.kind, item.check) for item in plan.checked]
    what = {
        "mode": plan.mode,
        "scenes": None if scene_ids is None else sorted(map(str, scene_ids)),
        "as_is": plan.as_is,
    }
    made_from = {
        item.scene.key: {
            **job_data.made_from(item.scene, plan.kind),
            **job_data.with_check(item.check),
        }
        for item in plan.todo
    }
    scenes = [item.scene for item in plan.todo]
    return SpendRequest(
        plan.story,
        plan.kind,
        plan.hash,
        what,
        plan.provider,
        lines,
        plan.total,
        made_from=made_from,
        scenes=scenes,
        sound=plan.sound_todo,
        check=plan.check,
        providers={item.key: item.maker.provider for item in plan.todo},
    )


def ask_for_sound(story: Story, items: Sequence[SoundItem], *, again: bool = False) -> SpendRequest:
    """The request for takes of sound alone. `again`: also of what is up to date."""
    named = sorted(f"{item.key}={item.price} {item.input_hash}" for item in items)
    digest = hashlib.sha256("\n".join(["sound", *named]).encode()).hexdigest()
    total = sum((item.price for item in items), Decimal(0))
    what = {"sound": sorted(item.key for item in items), "again": again}
    lines = [_sound_line(item) for item in items]
    return SpendRequest(
        story, items[0].kind, digest, what, items[0].provider, lines, total, sound=list(items)
    )


def ask_for_sheets(plan: SheetPlan, *, variants: int) -> SpendRequest:
    """The request for one reference sheet of a look, or several side by side."""
    price = plan.price or Decimal(0)
    named = [
        job_data.SHEET,
        plan.provider,
        plan.look.key,
        str(variants),
        str(price),
        plan.input_hash,
        *filter(None, [plan.request.model]),
    ]
    title = " · ".join(filter(None, (plan.look.member.name, plan.look.name)))
    line = {
        "sheet": plan.look.key,
        "scene": "",
        "position": 0,
        "title": title,
        "price": str(price),
    }
    return SpendRequest(
        plan.look.member.story,
        TakeKind.IMAGE,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        {"sheet": plan.look.key, "provider": plan.provider, "variants": variants},
        plan.provider,
        [line] * variants,
        variants * price,
        requests=[plan.request] * variants,
    )


def _present_of_sheets(story: Story, what: dict[str, Any]) -> SpendRequest | None:
    look = (
        Look.live.select_related("member", "sheet")
        .filter(pk=what["sheet"], member__story=story, member__deleted_at=None)
        .first()
    )
    if look is None:
        return None
    look.member.story = story
    (plan,) = plan_sheets(story, [look], provider=what["provider"])
    return ask_for_sheets(plan, variants=what["variants"]) if plan.price is not None else None


def _ask_for_sheet_again(story: Story, job: Job) -> SpendRequest | None:
    """The request for one more call of a job that makes a sheet. None if its look is gone."""
    look = Look.objects.select_related("member", "sheet").filter(pk=job.item).first()
    if look is None:
        return None
    look.member.story = story
    asked = job.data["parameters"]
    request = from_json(asked["request"])
    assert isinstance(request, ImageRequest)
    provider, digest = asked["provider"], sheet_hash(request)
    price = price_of(provider, request)
    plan = SheetPlan(look, "missing", price, SILENT, provider, request, digest)
    return replace(ask_for_sheets(plan, variants=1), what={"job": job.pk})


def ask_for_edit(plan: EditPlan) -> SpendRequest:
    """The request for one edit of a take, whose price is known, and for the check of its result."""
    take, order, price, check = plan.take, plan.order, plan.price or Decimal(0), plan.check_price
    named = [job_data.EDIT, plan.key, str(price), plan.change_hash]
    if plan.check and check:
        named += ["check", plan.check.provider, plan.check.request.model, str(check)]
    scene = take.scene
    line = {
        "edit": plan.key,
        "scene": str(scene.pk),
        "position": scene.position,
        "title": " · ".join(filter(None, (scene.title, str(order.task.label), order.words))),
        "price": str(price),
    }
    lines = [line]
    if check:
        lines.append(
            {**line, "price": str(check), "check": job_data.new_check_key(take.kind, take.pk)}
        )
    return SpendRequest(
        scene.story,
        take.kind,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        {"edit": str(take.pk), "order": order.as_json()},
        order.provider,
        lines,
        plan.total,
        requests=[plan.request],
        check=plan.check,
    )


def _present_of_edit(story: Story, what: dict[str, Any]) -> SpendRequest | None:
    take = (
        Take.objects.select_related("scene", "prompt")
        .filter(pk=what["edit"], scene__story=story, scene__deleted_at=None)
        .first()
    )
    if take is None:
        return None
    take.scene.story = story
    try:
        plan = plan_edit(take, Order.from_json(what["order"]))
    except DomainError:
        return None
    return ask_for_edit(plan) if plan.price is not None else None


def _ask_for_edit_again(story: Story, job: Job) -> SpendRequest | None:
    """The request for one more call of a job that edits a take. None if the take is gone."""
    take = Take.objects.select_related("scene", "prompt").filter(pk=job.item).first()
    if take is None:
        return None
    take.scene.story = story
    asked = job.data["parameters"]
    request = from_json(asked["request"])
    assert isinstance(request, ImageRequest | ClipRequest)
    price = price_of(asked["provider"], request)
    plan = EditPlan(take, Order.from_json(asked["edit"]), "", request, price)
    return replace(ask_for_edit(plan), what={"job": job.pk})


def _sound_line(item: SoundItem) -> dict[str, Any]:
    scene = str(item.scene.pk) if item.scene else ""
    return {
        "sound": item.key,
        "scene": scene,
        "position": item.position,
        "title": item.title,
        "price": str(item.price),
    }


def _line(scene: Scene, price: Decimal) -> dict[str, Any]:
    return {
        "scene": str(scene.pk),
        "position": scene.position,
        "title": scene.title,
        "price": str(price),
    }


def ask_for_takes(
    story: Story, scene: Scene, kind: str, *, provider: str, variants: int, seed: int | None
) -> SpendRequest:
    """The request for one take of a scene, or several side by side.

    Raises NoPrice or NotConfigured.
    """
    maker = maker_of(story, scene, kind, provider=provider)
    used = maker.provider
    request = request_of(story, scene, kind, provider=provider)
    quote = quotes_of(kind, [scene.key]).for_take(scene.key, request)
    price = max(price_of(used, request), quote)
    offer = current_offer(story)
    check = offer.price if offer else Decimal(0)
    named = [
        kind,
        "takes",
        ":".join(filter(None, maker)),
        str(scene.pk),
        str(variants),
        str(seed),
        str(price),
        present_hash(story, scene, kind),
    ]
    if offer and check:
        named += ["check", offer.provider, offer.request.model, str(check)]
    lines = [_line(scene, price)] * variants
    lines += [_line_of_new_check(scene, kind, check)] * (variants if check else 0)
    what = {"scene": str(scene.pk), "provider": provider, "variants": variants, "seed": seed}
    made_from = {scene.key: {**job_data.made_from(scene, kind), **job_data.with_check(check)}}
    if provider:
        made_from[scene.key]["maker"] = maker._asdict()
    return SpendRequest(
        story,
        kind,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        what,
        used,
        lines,
        variants * (price + check),
        made_from=made_from,
        scenes=[scene] * variants,
        check=offer,
    )


def ask_for_retry(story: Story, job: Job) -> SpendRequest | None:
    """The request for one more call for a job's take, from the rows as they are now.

    None if its scene, line or look is gone. Raises NoPrice or NotConfigured.
    """
    if job.name == JobName.LOOK_SHEET:
        return _ask_for_sheet_again(story, job)
    if job.name == JobName.TAKE_EDIT:
        return _ask_for_edit_again(story, job)
    if job.name == JobName.TAKE_CHECK:
        return _ask_for_check_again(story, job)
    if job.name in job_data.SOUND_KIND:
        item = sound_of_job(story, job)
        return None if item is None else _ask_for_sound_again(story, job, item)
    scene = (
        Scene.live.select_related("prompt", "image_take").filter(pk=job.item, story=story).first()
    )
    if scene is None:
        return None
    kind, asked = job_data.TAKE_KIND[JobName(job.name)], job.data["parameters"]
    used = asked.get("provider") or asked.get("maker", {}).get("provider", "")
    used = used or maker_of(story, scene, kind).provider
    price = price_of(used, request_of(story, scene, kind, provider=used))
    named = [kind, "retry", used, job.pk, str(price), present_hash(story, scene, kind)]
    lines = [_line(scene, price)]
    return SpendRequest(
        story,
        kind,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        {"job": job.pk},
        used,
        lines,
        price,
        scenes=[scene],
    )


def _ask_for_sound_again(story: Story, job: Job, item: SoundItem) -> SpendRequest:
    named = [item.kind, "retry", item.provider, job.pk, str(item.price), item.input_hash]
    return SpendRequest(
        story,
        item.kind,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        {"job": job.pk},
        item.provider,
        [_sound_line(item)],
        item.price,
        sound=[item],
    )


def ask_for_planning(story: Story, *, replace: bool) -> SpendRequest | None:
    """The request for the single call of planning.

    None if the story keeps its existing scenes. Raises GuardRefused.
    """
    if not replace and Scene.live.filter(story=story).exists():
        return None
    require_plannable(story)
    request, price = plan_request(story), planning_price(story)
    key = job_data.planning_key(story, hash_of(request))
    if ProviderCall.objects.filter(key=key, state=CallState.UNCLEAR).exists():
        raise GuardRefused(UNRESOLVED.template)
    named = [
        Kind.TEXT,
        "planning",
        story.planner_provider,
        str(replace),
        str(price),
        hash_of(request),
    ]
    line = {"scene": "", "position": 0, "title": "", "price": str(price)}
    digest = hashlib.sha256("\n".join(named).encode()).hexdigest()
    what = {"planning": True, "replace": replace}
    return SpendRequest(
        story, Kind.TEXT, digest, what, story.planner_provider, [line], price, requests=[request]
    )


def ask_for_english(plan: EnglishPlan) -> SpendRequest:
    """The request for one call per prompt to translate into English."""
    what = {"english": sorted(item.scene.key for item in plan.todo), "replace": plan.replace}
    made_from = {
        item.scene.key: {"prompt_id": item.scene.prompt_id, "seen": seen(item.scene.prompt)}
        for item in plan.todo
    }
    return SpendRequest(
        plan.story,
        Kind.TEXT,
        plan.hash,
        what,
        plan.provider,
        [_line(item.scene, item.price) for item in plan.todo],
        plan.total,
        made_from=made_from,
        scenes=[item.scene for item in plan.todo],
        requests=[english_request(plan.story, item.scene.prompt) for item in plan.todo],
    )


def ask_for_vision_checks(plan: VisionPlan) -> SpendRequest:
    """The request for one call per take that a model is to check."""
    todo = plan.todo
    return SpendRequest(
        plan.story,
        Kind.TEXT,
        plan.hash,
        {"vision": sorted(str(item.take.pk) for item in todo)},
        plan.provider,
        [_line_of_check(item.take, item.price) for item in todo],
        plan.total,
        requests=[item.request for item in todo],
    )


def _line_of_new_check(scene: Scene, kind: str, price: Decimal) -> dict[str, Any]:
    """The check of a take that is to be made."""
    return {**_line(scene, price), "check": job_data.new_check_key(kind, scene.pk)}


def _line_of_check(take: Take, price: Decimal) -> dict[str, Any]:
    return {"take": str(take.pk), **_line(take.scene, price)}


def _ask_for_check_again(story: Story, job: Job) -> SpendRequest | None:
    """The request for one more call of a job that checks a take. None if the take is gone."""
    take = Take.objects.select_related("scene").filter(pk=job.item).first()
    if take is None:
        return None
    asked = job.data["parameters"]
    request, provider = from_json(asked["request"]), asked["provider"]
    price = price_of(provider, request)
    named = ["vision", "retry", provider, job.pk, str(price)]
    return SpendRequest(
        story,
        Kind.TEXT,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        {"job": job.pk},
        provider,
        [_line_of_check(take, price)],
        price,
        requests=[request],
    )


def present(approval: Approval) -> SpendRequest | None:
    """The same request, rebuilt from the current rows. None if it can no longer be made."""
    story, what = Story.objects.get(pk=approval.story_id), approval.what
    if "mode" in what:
        scene_ids = what["scenes"] and [UUID(pk) for pk in what["scenes"]]
        return ask_for_plan(
            plan_generation(
                story, approval.kind, mode=what["mode"], scene_ids=scene_ids, as_is=what["as_is"]
            ),
            scene_ids,
        )
    if "sound" in what:
        return _present_of_sound(story, what)
    if "sheet" in what:
        return _present_of_sheets(story, what)
    if "edit" in what:
        return _present_of_edit(story, what)
    if "vision" in what:
        wanted = [UUID(pk) for pk in what["vision"]]
        return ask_for_vision_checks(plan_vision_checks(story, take_ids=wanted))
    return _present_of_takes(approval, story, what)


def _present_of_sound(story: Story, what: dict[str, Any]) -> SpendRequest | None:
    again = bool(what.get("again"))
    chosen = [item for item in plan_sound(story).items if item.key in what["sound"]]
    try:
        items = [item for item in wanted_again(chosen, again=again) if item.will]
    except DomainError:
        return None
    return ask_for_sound(story, items, again=again) if items else None


def _present_of_takes(
    approval: Approval, story: Story, what: dict[str, Any]
) -> SpendRequest | None:
    try:
        if "english" in what:
            return ask_for_english(
                plan_english(story, [UUID(pk) for pk in what["english"]], replace=what["replace"])
            )
        if "planning" in what:
            return ask_for_planning(story, replace=what["replace"])
        if "job" in what:
            job = Job.objects.filter(pk=what["job"]).first()
            return ask_for_retry(story, job) if job else None
        scene = (
            Scene.live.select_related("prompt", "image_take", "clip_take")
            .filter(pk=what["scene"])
            .first()
        )
        return (
            ask_for_takes(
                story,
                scene,
                approval.kind,
                provider=what["provider"],
                variants=what["variants"],
                seed=what["seed"],
            )
            if scene
            else None
        )
    except DomainError:
        return None


def fits(approval: Approval) -> bool:
    """Whether the request is still exactly what was asked for."""
    now = present(approval)
    return now is not None and now.hash == approval.plan_hash
