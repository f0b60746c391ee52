"""Two-person approval for large amounts.

Everything that starts paid work calls `authorize_spend` in the transaction that starts it, and runs
inside `approval_transaction`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from core.clock import database_now
from core.localized_messages import DomainError
from jobs.models import Job
from providers.enums import Kind
from providers.prices import price_of
from providers.requests import hash_of
from providers.services.configs import approve_limit_of
from providers.services.money_changes import highest_price, limit_of, prices_before
from stories.enums import Decision, JobName, TakeKind
from stories.errors import (
    ApprovalNeeded,
    ApprovalRefused,
    Conflict,
    Forbidden,
    Invalid,
    PlanChanged,
)
from stories.models import Approval, Confirmation, Scene, ScenePrompt, Story
from stories.selectors import spending

from . import enqueue
from .english import EnglishPlan, english_request, plan_english, seen
from .fingerprints import present_hash
from .permissions import is_story_owner, stories_for
from .plan import Item, Plan, plan_generation, request_of
from .planning import plan_request, planning_price, require_plannable
from .sound_plan import SoundItem, plan_sound

PERMISSION = "stories.approve_plan"
MAX_REASON = 500


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
    sound: list[SoundItem] = field(default_factory=list)  # the last of the lines, one each
    begun: Decimal = Decimal(0)  # what the person has already started for the story within 24 hours
    asked_by: Any = None


def ask_for_plan(plan: Plan, scene_ids: Sequence[UUID] | None = None) -> SpendRequest:
    lines = [_line(item.scene, item.price) for item in plan.todo] + [
        _sound_line(item) for item in plan.sound_todo
    ]
    what = {
        "mode": plan.mode,
        "scenes": None if scene_ids is None else sorted(map(str, scene_ids)),
        "as_is": plan.as_is,
    }
    made_from = {item.scene.key: enqueue.made_from(item.scene, plan.kind) for item in plan.todo}
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
    )


def ask_for_sound(story: Story, items: Sequence[SoundItem]) -> SpendRequest:
    """The request for takes of sound alone."""
    named = sorted(f"{item.key}={item.price} {item.input_hash}" for item in items)
    digest = hashlib.sha256("\n".join(["sound", *named]).encode()).hexdigest()
    total = sum((item.price for item in items), Decimal(0))
    what = {"sound": sorted(item.key for item in items)}
    lines = [_sound_line(item) for item in items]
    return SpendRequest(
        story, items[0].kind, digest, what, items[0].provider, lines, total, sound=list(items)
    )


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
    used = provider or (story.image_provider if kind == TakeKind.IMAGE else story.clip_provider)
    price = price_of(used, request_of(story, scene, kind))
    named = [
        kind,
        "takes",
        used,
        str(scene.pk),
        str(variants),
        str(seed),
        str(price),
        present_hash(story, scene, kind),
    ]
    lines = [_line(scene, price)] * variants
    what = {"scene": str(scene.pk), "provider": provider, "variants": variants, "seed": seed}
    made_from = {scene.key: enqueue.made_from(scene, kind)}
    return SpendRequest(
        story,
        kind,
        hashlib.sha256("\n".join(named).encode()).hexdigest(),
        what,
        used,
        lines,
        variants * price,
        made_from=made_from,
        scenes=[scene] * variants,
    )


def ask_for_retry(story: Story, job: Job) -> SpendRequest | None:
    """The request for one more call for a job's take, with the job's original prompt.

    None if its scene is gone. Raises NoPrice or NotConfigured.
    """
    scene = (
        Scene.live.select_related("prompt", "image_take").filter(pk=job.item, story=story).first()
    )
    if scene is None:
        return None
    kind, asked = enqueue.TAKE_KIND[JobName(job.name)], job.data["parameters"]
    scene.prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id")).first() or scene.prompt
    used = asked.get("provider") or (
        story.image_provider if kind == TakeKind.IMAGE else story.clip_provider
    )
    price = price_of(used, request_of(story, scene, kind))
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


def ask_for_planning(story: Story, *, replace: bool) -> SpendRequest | None:
    """The request for the single call of planning.

    None if the story keeps its existing scenes. Raises GuardRefused.
    """
    if not replace and Scene.live.filter(story=story).exists():
        return None
    require_plannable(story)
    request, price = plan_request(story), planning_price(story)
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
        items = [
            item for item in plan_sound(story).items if item.key in what["sound"] and item.will
        ]
        return ask_for_sound(story, items) if items else None
    return _present_of_takes(approval, story, what)


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


def approvals_for(user: Any) -> QuerySet[Approval]:
    """The requests about stories that this user may see."""
    return Approval.objects.filter(story__in=stories_for(user))


# Starting work


def authorize_spend(
    story: Story, ask: SpendRequest, *, actor: Any, ask_again: bool = False, besides: str = ""
) -> Confirmation:
    """Authorize this spend request, or raise ApprovalNeeded.

    The caller holds the story's lock, is inside `approval_transaction`, and starts the work
    immediately.

    Records what was confirmed; its prices bind the work. A matching approval is used up. The system
    itself (no actor) has no limit. `ask_again` renews a request that was refused. `besides` is the
    id of a job that is retried.
    """
    limit = None if actor is None else limit_of(actor)
    known = list(
        Approval.objects.filter(story=story, started_at=None)
        .select_related("asked_by", "decided_by")
        .order_by("-asked_at")
    )
    same = next(
        (row for row in known if row.plan_hash == ask.hash and row.decision != Decision.WITHDRAWN),
        None,
    )
    begun = (
        spending.started_today(story, actor, besides=besides) if limit is not None else Decimal(0)
    )
    over = limit is not None and begun + _compared(ask, actor) > limit
    if over and (same is None or same.decision != Decision.APPROVED):
        raise _needed(
            SpendRequest(**{**_fields(ask), "limit": limit, "begun": begun, "asked_by": actor}),
            same,
            known,
            ask_again=ask_again,
        )
    if same is not None and same.decision != Decision.REFUSED:
        Approval.objects.filter(pk=same.pk).update(started_at=timezone.now(), started_by=actor)
    return Confirmation.objects.create(
        story=story,
        kind=ask.kind,
        lines=_confirmed_lines(ask),
        total=ask.total,
        spending_cap=None if limit is None else max(limit - begun, ask.total),
        limit=limit,
        approval=same if over else None,
        actor=actor,
        at=database_now(),
    )


def _confirmed_lines(ask: SpendRequest) -> dict[str, dict[str, str]]:
    """For each scene: the price of one take, and its inputs."""
    return {
        line.get("sound") or line["scene"]: {
            "price": line["price"],
            **ask.made_from.get(line.get("sound") or line["scene"], {}),
        }
        for line in ask.lines
    }


def _compared(ask: SpendRequest, person: Any) -> Decimal:
    """The amount in USD to compare with the limit.

    For a day after the person changed a price, the price from before the change counts if it is
    higher.
    """
    requests = ask.requests or [request_of(ask.story, scene, ask.kind) for scene in ask.scenes]
    asked = [(ask.provider, request) for request in requests] + [
        (item.provider, item.request) for item in ask.sound
    ]
    before = {
        provider: prices_before(provider, person=person)
        for provider in {provider for provider, _request in asked}
    }
    if not any(before.values()):
        return ask.total
    total = Decimal(0)
    for (provider, request), line in zip(asked, ask.lines, strict=True):
        now = Decimal(line["price"])
        total += (
            highest_price(provider, request, before=before[provider], now=now)
            if before[provider]
            else now
        )
    return max(total, ask.total)


def bind(confirmation: Confirmation, job: Job) -> None:
    """Bind the confirmation to the story's job.

    Its spending cap is added to what the job has already started.
    """
    confirmation.job_id = job.pk
    if confirmation.spending_cap is not None:
        confirmation.spending_cap += _begun(Job.objects.filter(parent=job))
    confirmation.save(update_fields=["job_id", "spending_cap"])


def _begun(children: Iterable[Job]) -> Decimal:
    """The cost in USD of the takes that a story's job has started by itself."""
    return sum(
        (Decimal(child.data["parameters"].get("price", 0)) for child in children), Decimal(0)
    )


def affordable_items(
    job: Job, items: Iterable[Item | SoundItem], children: Iterable[Job]
) -> dict[str, dict[str, Any]]:
    """The scenes and sounds, by key, that the story's job may make takes for, each with the price
    that binds its child.

    The binding price is the confirmed one. For a scene that was added after the start, a take is
    made if the spending cap covers it, and its cost counts as started by the same person. The
    remaining scenes must be started by a person.
    """
    known = list(Confirmation.objects.filter(job_id=job.pk).order_by("-id"))
    # A job of an earlier version has the cap in its parameters.
    spending_cap = (
        Decimal(job.data["parameters"]["allowance"])
        if "allowance" in job.data["parameters"]
        else None
    )
    if known:
        spending_cap = known[0].spending_cap
    left = None if spending_cap is None else spending_cap - _begun(children)
    found: dict[str, dict[str, Any]] = {}
    added: dict[str, dict[str, str]] = {}
    for item in items:
        key = item.key
        line = next((row.lines[key] for row in known if key in row.lines), None)
        price = Decimal(line["price"]) if line else item.price
        if left is not None and price > left:
            continue
        left = None if left is None else left - price
        found[key] = {"price": str(price)}
        if line is None and price:
            added[key] = {"price": str(price)}
    if added:
        total = sum((Decimal(line["price"]) for line in added.values()), Decimal(0))
        kind = enqueue.STORY_KIND[JobName(job.name)]
        Confirmation.objects.create(
            story_id=UUID(job.subject),
            kind=kind,
            lines=added,
            total=total,
            actor=job.owner,
            at=database_now(),
        )
    return found


def _fields(ask: SpendRequest) -> dict[str, Any]:
    return {name: getattr(ask, name) for name in SpendRequest.__slots__}


def _needed(
    ask: SpendRequest, same: Approval | None, known: list[Approval], *, ask_again: bool
) -> ApprovalNeeded:
    if same is not None and same.decision == Decision.REFUSED and not ask_again:
        template = gettext_noop("%(who)s has refused this: %(reason)s")
        return ApprovalRefused(
            template, ask=ask, approval=same, who=name_of(same.decided_by), reason=same.reason
        )
    if same is not None and not same.decision:
        template = gettext_noop(
            "This waits for the approval of a second person; %(who)s has asked for it."
        )
        return ApprovalNeeded(template, ask=ask, approval=same, who=name_of(same.asked_by))
    amounts = {"total": f"{ask.total:.2f}", "limit": f"{ask.limit:.2f}"}
    if old := next(
        (row for row in known if row.decision == Decision.APPROVED and _same_request(row, ask)),
        None,
    ):
        template = gettext_noop(
            "The plan has changed since %(who)s approved it at %(then)s USD, so that "
            "approval no longer fits. A second person is asked anew for %(total)s USD."
        )
        return ApprovalNeeded(
            template, ask=ask, who=name_of(old.decided_by), then=f"{old.total:.2f}", **amounts
        )
    if ask.begun:
        template = gettext_noop(
            "You have started %(begun)s USD for this story within a day. With %(total)s "
            "USD more it is above the %(limit)s USD that you may "
            "start alone. A second person is asked for approval."
        )
        return ApprovalNeeded(template, ask=ask, begun=f"{ask.begun:.2f}", **amounts)
    template = gettext_noop(
        "%(total)s USD is more than the %(limit)s USD that you may start alone. A second "
        "person is asked for approval."
    )
    return ApprovalNeeded(template, ask=ask, **amounts)


def _same_request(row: Approval, ask: SpendRequest) -> bool:
    return row.kind == ask.kind and row.what == ask.what


def name_of(person: Any) -> str:
    return (person.get_full_name() or person.get_username()) if person else "–"


@contextmanager
def approval_transaction() -> Iterator[None]:
    """A transaction that `authorize_spend` may abort.

    It is then rolled back, and only the approval request is created afterwards.

    If such transactions are nested, the outer one creates the request again, because the inner
    one's was rolled back with it.
    """
    try:
        with transaction.atomic():
            yield
    except ApprovalNeeded as needed:
        if needed.new:
            needed.approval = _file(needed.ask)
        raise


def _file(ask: SpendRequest) -> Approval:
    """The open request for this work.

    Creates it if there is none, and closes earlier requests for the same work that no longer fit.
    """
    values = {
        "kind": ask.kind,
        "what": ask.what,
        "provider": ask.provider,
        "lines": ask.lines,
        "total": ask.total,
        "limit": ask.limit,
        "asked_by": ask.asked_by,
    }
    with transaction.atomic():
        for row in Approval.objects.filter(
            story=ask.story, started_at=None, decision__in=["", Decision.APPROVED]
        ).exclude(plan_hash=ask.hash):
            if _same_request(row, ask):
                _close(row)
        try:
            with transaction.atomic():
                return Approval.objects.get_or_create(
                    story=ask.story,
                    plan_hash=ask.hash,
                    decision="",
                    started_at=None,
                    defaults=values,
                )[0]
        except IntegrityError:  # somebody else has made the request at the same time
            return Approval.objects.get(
                story=ask.story, plan_hash=ask.hash, decision="", started_at=None
            )


def _close(row: Approval) -> None:
    """Close a request whose plan has changed."""
    Approval.objects.filter(pk=row.pk, decision=row.decision, started_at=None).update(
        decision=Decision.WITHDRAWN, decided_at=timezone.now()
    )


@dataclass(frozen=True, slots=True)
class ApprovalPreview:
    """The result of starting now.

    `needed`: the person's limit is exceeded. `approval`: the row of the request.
    """

    limit: Decimal | None
    needed: bool
    approval: Approval | None

    @property
    def state(self) -> str:
        """One of free, ask, asked, approved or refused."""
        if not self.needed:
            return "free"
        return self.approval.state if self.approval else "ask"


def approval_preview(ask: SpendRequest, user: Any) -> ApprovalPreview:
    """For a page that shows the price before the button is pressed."""
    limit = limit_of(user)
    if limit is None or spending.started_today(ask.story, user) + _compared(ask, user) <= limit:
        return ApprovalPreview(limit, needed=False, approval=None)
    rows = Approval.objects.filter(story=ask.story, plan_hash=ask.hash, started_at=None).exclude(
        decision=Decision.WITHDRAWN
    )
    return ApprovalPreview(
        limit,
        needed=True,
        approval=rows.select_related("asked_by", "decided_by").order_by("-asked_at").first(),
    )


# Deciding


def may_decide(approval: Approval, user: Any) -> bool:
    """Whether this user may decide: a second person with the permission, never the requester.

    `too_much` tells whether they may also approve.
    """
    return bool(
        user.is_active and user.has_perm(PERMISSION) and approval.asked_by_id not in {None, user.pk}
    )


def too_much(approval: Approval, user: Any) -> Forbidden | None:
    """Why this person may refuse but not approve: the amount exceeds what their roles may approve.

    Else None.
    """
    limit = approve_limit_of(user, PERMISSION)
    if limit is None or approval.total <= limit:
        return None
    return Forbidden(
        gettext_noop(
            "You may approve up to %(limit)s USD. Somebody with a higher limit has to "
            "agree to this."
        ),
        limit=f"{limit:.2f}",
    )


def may_withdraw(approval: Approval, user: Any) -> bool:
    return bool(
        user.is_active
        and (
            approval.asked_by_id == user.pk
            or user.has_perm(PERMISSION)
            or is_story_owner(user, approval.story)
        )
    )


def decide(approval_id: UUID | str, *, actor: Any, approve: bool, reason: str = "") -> Approval:
    """Approve exactly this request, or refuse it with a reason.

    Raises Approval.DoesNotExist, Forbidden (no permission, own request, or amount above the
    person's limit), Invalid (refused without a reason), PlanChanged (the plan is no longer the
    requested one), or Conflict (already decided, started or withdrawn, or the requester is gone).
    """
    reason = visible.stripped(reason)[:MAX_REASON]
    with transaction.atomic():
        approval = _locked(approval_id)
        if not actor.is_active or not actor.has_perm(PERMISSION):
            raise Forbidden(gettext_noop("You may not decide on approvals."))
        if approval.asked_by_id == actor.pk:
            raise Forbidden(
                gettext_noop("You have asked for it yourself; a second person has to decide.")
            )
        if not approve and not reason:
            raise Invalid(gettext_noop("Say why, for the person who asked."), field="reason")
        _require_open(approval)
        if approve and (why := too_much(approval, actor)):
            raise why
        if approve and (approval.asked_by is None or not approval.asked_by.is_active):
            raise Conflict(
                gettext_noop(
                    "The person who asked for it is no longer here. Whoever needs it has "
                    "to ask anew."
                )
            )
        if approve and not fits(approval):
            raise PlanChanged(
                gettext_noop(
                    "The plan has changed since it was asked for; what was asked cannot be "
                    "approved any more."
                )
            )
        return _set(
            approval, Decision.APPROVED if approve else Decision.REFUSED, actor=actor, reason=reason
        )


def withdraw(approval_id: UUID | str, *, actor: Any, reason: str = "") -> Approval:
    """Withdraw a request or an approval that has not been started. Raises as `decide`."""
    with transaction.atomic():
        approval = _locked(approval_id)
        if not may_withdraw(approval, actor):
            raise Forbidden(
                gettext_noop(
                    "Only who asked for it, the story's owner or a manager may withdraw it."
                )
            )
        _require_open(approval, also=(Decision.APPROVED,))
        return _set(approval, Decision.WITHDRAWN, actor=actor, reason=reason.strip()[:MAX_REASON])


def _locked(approval_id: UUID | str) -> Approval:
    """Lock the story first, as everywhere, so that its plan cannot change."""
    story_id = Approval.objects.values_list("story_id", flat=True).get(pk=approval_id)
    Story.objects.select_for_update().get(pk=story_id)
    return (
        Approval.objects.select_for_update(of=("self",))
        .select_related("asked_by", "decided_by", "story")
        .get(pk=approval_id)
    )


def _require_open(approval: Approval, also: tuple[str, ...] = ()) -> None:
    if approval.started_at:
        raise Conflict(gettext_noop("It has been started already."))
    if approval.decision and approval.decision not in also:
        template = gettext_noop("It is decided already: “%(decision)s”, by %(who)s.")
        raise Conflict(
            template, decision=Decision(approval.decision).label, who=name_of(approval.decided_by)
        )


def _set(approval: Approval, decision: Decision, *, actor: Any, reason: str) -> Approval:
    approval.decision, approval.decided_by, approval.decided_at, approval.reason = (
        decision,
        actor,
        timezone.now(),
        reason,
    )
    approval.save(update_fields=["decision", "decided_by", "decided_at", "reason"])
    return approval
