"""Four eyes on large sums: what a person may not start alone waits until another has agreed to exactly that.

Everything that begins paid work asks `admit` in the transaction that begins it, and runs inside `asking`.
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

from ground import visible
from ground.clock import database_now
from ground.sentence import SaidError
from jobs.models import Job
from providers.domain.changes import highest_price, limit_of, prices_before
from providers.domain.configs import approve_limit_of
from providers.enums import Kind
from providers.prices import price_of
from providers.requests import hash_of
from stories.enums import Decision, JobName, TakeKind
from stories.errors import ApprovalNeeded, ApprovalRefused, Conflict, Forbidden, Invalid, PlanChanged
from stories.models import Approval, Confirmation, Scene, ScenePrompt, Story

from . import spending, work
from .english import EnglishPlan, english_request, plan_english, seen
from .inputs import present_hash
from .permissions import is_story_owner, stories_for
from .plan import Item, Plan, plan_generation, request_of
from .planning import plan_request, planning_price, require_plannable

PERMISSION = "stories.approve_plan"
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to start: the fields of an `Approval`, of the rows as they are now. `total` in USD."""

    story: Story
    kind: str
    hash: str
    what: dict[str, Any]
    provider: str
    lines: list[dict[str, Any]]
    total: Decimal
    limit: Decimal = Decimal(0)
    made_from: dict[str, dict[str, Any]] = field(default_factory=dict)  # by scene: the words and the picture that are confirmed
    scenes: list[Scene] = field(default_factory=list)  # one for each line
    requests: list[Any] = field(default_factory=list)  # in the place of the scenes' takes: what is asked of the provider
    begun: Decimal = Decimal(0)  # what the person has started for the story within a day already
    asked_by: Any = None


def ask_for_plan(plan: Plan, scene_ids: Sequence[UUID] | None = None) -> Ask:
    lines = [_line(item.scene, item.price) for item in plan.todo]
    what = {"mode": plan.mode, "scenes": None if scene_ids is None else sorted(map(str, scene_ids)), "as_is": plan.as_is}
    made_from = {item.scene.key: work.made_from(item.scene, plan.kind) for item in plan.todo}
    return Ask(plan.story, plan.kind, plan.hash, what, plan.provider, lines, plan.total, made_from=made_from, scenes=[item.scene for item in plan.todo])


def _line(scene: Scene, price: Decimal) -> dict[str, Any]:
    return {"scene": str(scene.pk), "position": scene.position, "title": scene.title, "price": str(price)}


def ask_for_takes(story: Story, scene: Scene, kind: str, *, provider: str, variants: int, seed: int | None) -> Ask:
    """One scene's take, or several side by side. Raises NoPrice or NotConfigured."""
    used = provider or (story.image_provider if kind == TakeKind.IMAGE else story.clip_provider)
    price = price_of(used, request_of(story, scene, kind))
    named = [kind, "takes", used, str(scene.pk), str(variants), str(seed), str(price), present_hash(story, scene, kind)]
    lines = [_line(scene, price)] * variants
    what = {"scene": str(scene.pk), "provider": provider, "variants": variants, "seed": seed}
    made_from = {scene.key: work.made_from(scene, kind)}
    return Ask(
        story, kind, hashlib.sha256("\n".join(named).encode()).hexdigest(), what, used, lines, variants * price, made_from=made_from, scenes=[scene] * variants
    )


def ask_for_retry(story: Story, job: Job) -> Ask | None:
    """One more call for the take of a job, with the words that the job was made for; None when its scene is gone. Raises NoPrice or NotConfigured."""
    scene = Scene.live.select_related("prompt", "image_take").filter(pk=job.item, story=story).first()
    if scene is None:
        return None
    kind, asked = work.TAKE_KIND[JobName(job.name)], job.data["parameters"]
    scene.prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id")).first() or scene.prompt
    used = asked.get("provider") or (story.image_provider if kind == TakeKind.IMAGE else story.clip_provider)
    price = price_of(used, request_of(story, scene, kind))
    named = [kind, "retry", used, job.pk, str(price), present_hash(story, scene, kind)]
    lines = [_line(scene, price)]
    return Ask(story, kind, hashlib.sha256("\n".join(named).encode()).hexdigest(), {"job": job.pk}, used, lines, price, scenes=[scene])


def ask_for_planning(story: Story, *, replace: bool) -> Ask | None:
    """The one call that planning makes; None when the story has scenes and keeps them. Raises GuardRefused."""
    if not replace and Scene.live.filter(story=story).exists():
        return None
    require_plannable(story)
    request, price = plan_request(story), planning_price(story)
    named = [Kind.TEXT, "planning", story.planner_provider, str(replace), str(price), hash_of(request)]
    line = {"scene": "", "position": 0, "title": "", "price": str(price)}
    digest = hashlib.sha256("\n".join(named).encode()).hexdigest()
    what = {"planning": True, "replace": replace}
    return Ask(story, Kind.TEXT, digest, what, story.planner_provider, [line], price, requests=[request])


def ask_for_english(plan: EnglishPlan) -> Ask:
    """One call for each prompt that is put into English."""
    what = {"english": sorted(item.scene.key for item in plan.todo), "replace": plan.replace}
    made_from = {item.scene.key: {"prompt_id": item.scene.prompt_id, "seen": seen(item.scene.prompt)} for item in plan.todo}
    return Ask(
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


def present(approval: Approval) -> Ask | None:
    """The same request from the rows of now; None when it cannot be made any more."""
    story, what = Story.objects.get(pk=approval.story_id), approval.what
    if "mode" in what:
        scene_ids = what["scenes"] and [UUID(pk) for pk in what["scenes"]]
        return ask_for_plan(plan_generation(story, approval.kind, mode=what["mode"], scene_ids=scene_ids, as_is=what["as_is"]), scene_ids)
    try:
        if "english" in what:
            return ask_for_english(plan_english(story, [UUID(pk) for pk in what["english"]], replace=what["replace"]))
        if "planning" in what:
            return ask_for_planning(story, replace=what["replace"])
        if "job" in what:
            job = Job.objects.filter(pk=what["job"]).first()
            return ask_for_retry(story, job) if job else None
        scene = Scene.live.select_related("prompt", "image_take", "clip_take").filter(pk=what["scene"]).first()
        return ask_for_takes(story, scene, approval.kind, provider=what["provider"], variants=what["variants"], seed=what["seed"]) if scene else None
    except SaidError:
        return None


def fits(approval: Approval) -> bool:
    """Whether it is still exactly what was asked for."""
    now = present(approval)
    return now is not None and now.hash == approval.plan_hash


def approvals_for(user: Any) -> QuerySet[Approval]:
    """The requests about stories that this person may see."""
    return Approval.objects.filter(story__in=stories_for(user))


# Starting


def admit(story: Story, ask: Ask, *, actor: Any, ask_again: bool = False, besides: str = "") -> Confirmation:
    """Let this begin, or raise ApprovalNeeded. The caller holds the story's lock, is inside `asking`, and begins it at once.

    Writes down what was confirmed: its prices bind the work. An approval that fits is used up. The studio itself (no actor)
    has no limit. `ask_again`: a person asks once more for what was refused. `besides`: the id of a job that is tried again.
    """
    limit = None if actor is None else limit_of(actor)
    known = list(Approval.objects.filter(story=story, started_at=None).select_related("asked_by", "decided_by").order_by("-asked_at"))
    same = next((row for row in known if row.plan_hash == ask.hash and row.decision != Decision.WITHDRAWN), None)
    begun = spending.started_today(story, actor, besides=besides) if limit is not None else Decimal(0)
    over = limit is not None and begun + _compared(ask, actor) > limit
    if over and (same is None or same.decision != Decision.APPROVED):
        raise _needed(Ask(**{**_fields(ask), "limit": limit, "begun": begun, "asked_by": actor}), same, known, ask_again=ask_again)
    if same is not None and same.decision != Decision.REFUSED:
        Approval.objects.filter(pk=same.pk).update(started_at=timezone.now(), started_by=actor)
    return Confirmation.objects.create(
        story=story,
        kind=ask.kind,
        lines=_confirmed_lines(ask),
        total=ask.total,
        allowance=None if limit is None else max(limit - begun, ask.total),
        limit=limit,
        approval=same if over else None,
        actor=actor,
        at=database_now(),
    )


def _confirmed_lines(ask: Ask) -> dict[str, dict[str, str]]:
    """For each scene the price of one take, and what it is made from."""
    return {line["scene"]: {"price": line["price"], **ask.made_from.get(line["scene"], {})} for line in ask.lines}


def _compared(ask: Ask, person: Any) -> Decimal:
    """USD to compare with the limit: no price counts as lower than before the person's own change of it, for a day."""
    before = prices_before(ask.provider, person=person)
    if not before:
        return ask.total
    total = Decimal(0)
    requests = ask.requests or [request_of(ask.story, scene, ask.kind) for scene in ask.scenes]
    for request, line in zip(requests, ask.lines, strict=True):
        total += highest_price(ask.provider, request, before=before, now=Decimal(line["price"]))
    return max(total, ask.total)


def bind(confirmation: Confirmation, job: Job) -> None:
    """The story's job makes these takes. What it may spend by itself comes on top of what it has begun."""
    confirmation.job_id = job.pk
    if confirmation.allowance is not None:
        confirmation.allowance += _begun(Job.objects.filter(parent=job))
    confirmation.save(update_fields=["job_id", "allowance"])


def _begun(children: Iterable[Job]) -> Decimal:
    """USD of the takes that a story's job has begun by itself."""
    return sum((Decimal(child.data["parameters"].get("price", 0)) for child in children), Decimal(0))


def within(job: Job, items: Iterable[Item], children: Iterable[Job]) -> dict[UUID, dict[str, Any]]:
    """The scenes that the story's job may make takes for by itself, each with what its child must know: the price that binds it.

    That is the confirmed one. A scene that was added after the start is made as far as the allowance reaches, and what it costs
    counts as started by the same person; the rest is for a person to start.
    """
    known = list(Confirmation.objects.filter(job_id=job.pk).order_by("-id"))
    allowance = Decimal(job.data["parameters"]["allowance"]) if "allowance" in job.data["parameters"] else None  # of a job of an earlier version
    if known:
        allowance = known[0].allowance
    left = None if allowance is None else allowance - _begun(children)
    found: dict[UUID, dict[str, Any]] = {}
    added: dict[str, dict[str, str]] = {}
    for item in items:
        key = str(item.scene_id)
        line = next((row.lines[key] for row in known if key in row.lines), None)
        price = Decimal(line["price"]) if line else item.price
        if left is not None and price > left:
            continue
        left = None if left is None else left - price
        found[item.scene_id] = {"price": str(price)}
        if line is None and price:
            added[key] = {"price": str(price)}
    if added:
        total = sum((Decimal(line["price"]) for line in added.values()), Decimal(0))
        kind = work.STORY_KIND[JobName(job.name)]
        Confirmation.objects.create(story_id=UUID(job.subject), kind=kind, lines=added, total=total, actor=job.owner, at=database_now())
    return found


def _fields(ask: Ask) -> dict[str, Any]:
    return {name: getattr(ask, name) for name in Ask.__slots__}


def _needed(ask: Ask, same: Approval | None, known: list[Approval], *, ask_again: bool) -> ApprovalNeeded:
    if same is not None and same.decision == Decision.REFUSED and not ask_again:
        template = gettext_noop("%(who)s has refused this: %(reason)s")
        return ApprovalRefused(template, ask=ask, approval=same, who=name_of(same.decided_by), reason=same.reason)
    if same is not None and not same.decision:
        template = gettext_noop("This waits for the approval of a second person; %(who)s has asked for it.")
        return ApprovalNeeded(template, ask=ask, approval=same, who=name_of(same.asked_by))
    amounts = {"total": f"{ask.total:.2f}", "limit": f"{ask.limit:.2f}"}
    if old := next((row for row in known if row.decision == Decision.APPROVED and _same_request(row, ask)), None):
        template = gettext_noop(
            "The plan has changed since %(who)s approved it at %(then)s USD, so that approval no longer fits. A second person is asked anew for %(total)s USD."
        )
        return ApprovalNeeded(template, ask=ask, who=name_of(old.decided_by), then=f"{old.total:.2f}", **amounts)
    if ask.begun:
        template = gettext_noop(
            "You have started %(begun)s USD for this story within a day. With %(total)s USD more it is above the %(limit)s USD that you may "
            "start alone. A second person is asked for approval."
        )
        return ApprovalNeeded(template, ask=ask, begun=f"{ask.begun:.2f}", **amounts)
    template = gettext_noop("%(total)s USD is more than the %(limit)s USD that you may start alone. A second person is asked for approval.")
    return ApprovalNeeded(template, ask=ask, **amounts)


def _same_request(row: Approval, ask: Ask) -> bool:
    return row.kind == ask.kind and row.what == ask.what


def name_of(person: Any) -> str:
    return (person.get_full_name() or person.get_username()) if person else "–"


@contextmanager
def asking() -> Iterator[None]:
    """A transaction for what `admit` may stop. Then nothing of it stands but the request, which is made after the rollback.

    Where one lies in another the outer one makes the request again, because the inner one's has been rolled back with it.
    """
    try:
        with transaction.atomic():
            yield
    except ApprovalNeeded as needed:
        if needed.new:
            needed.approval = _file(needed.ask)
        raise


def _file(ask: Ask) -> Approval:
    """The open request for this; made if there is none, in the place of earlier ones for the same that no longer fit."""
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
        for row in Approval.objects.filter(story=ask.story, started_at=None, decision__in=["", Decision.APPROVED]).exclude(plan_hash=ask.hash):
            if _same_request(row, ask):
                _close(row)
        try:
            with transaction.atomic():
                return Approval.objects.get_or_create(story=ask.story, plan_hash=ask.hash, decision="", started_at=None, defaults=values)[0]
        except IntegrityError:  # somebody else has asked at the same moment
            return Approval.objects.get(story=ask.story, plan_hash=ask.hash, decision="", started_at=None)


def _close(row: Approval) -> None:
    """The plan it was about is no longer the plan."""
    Approval.objects.filter(pk=row.pk, decision=row.decision, started_at=None).update(decision=Decision.WITHDRAWN, decided_at=timezone.now())


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen if this person started it now: `needed` says that their limit is passed, `approval` is the row of it."""

    limit: Decimal | None
    needed: bool
    approval: Approval | None

    @property
    def state(self) -> str:
        """free, ask, asked, approved or refused."""
        if not self.needed:
            return "free"
        return self.approval.state if self.approval else "ask"


def outlook(ask: Ask, user: Any) -> Outlook:
    """For a screen that shows the price before the button is pressed."""
    limit = limit_of(user)
    if limit is None or spending.started_today(ask.story, user) + _compared(ask, user) <= limit:
        return Outlook(limit, needed=False, approval=None)
    rows = Approval.objects.filter(story=ask.story, plan_hash=ask.hash, started_at=None).exclude(decision=Decision.WITHDRAWN)
    return Outlook(limit, needed=True, approval=rows.select_related("asked_by", "decided_by").order_by("-asked_at").first())


# Deciding


def may_decide(approval: Approval, user: Any) -> bool:
    """A second person with the right to, never the one who asked. Whether they may also say yes, `too_much` tells."""
    return bool(user.is_active and user.has_perm(PERMISSION) and approval.asked_by_id not in {None, user.pk})


def too_much(approval: Approval, user: Any) -> Forbidden | None:
    """Why this person may refuse it and not approve it, or None: it is dearer than their roles may approve."""
    limit = approve_limit_of(user, PERMISSION)
    if limit is None or approval.total <= limit:
        return None
    return Forbidden(gettext_noop("You may approve up to %(limit)s USD. Somebody with a higher limit has to agree to this."), limit=f"{limit:.2f}")


def may_withdraw(approval: Approval, user: Any) -> bool:
    return bool(user.is_active and (approval.asked_by_id == user.pk or user.has_perm(PERMISSION) or is_story_owner(user, approval.story)))


def decide(approval_id: UUID | str, *, actor: Any, approve: bool, reason: str = "") -> Approval:
    """Agree to exactly this, or refuse it with a reason.

    Raises Approval.DoesNotExist, Forbidden (no right, one's own request, or dearer than the person may approve), Invalid (a refusal without a reason),
    PlanChanged (it is no longer what was asked for), Conflict (decided, started or withdrawn already, or the asker is gone).
    """
    reason = visible.stripped(reason)[:MAX_REASON]
    with transaction.atomic():
        approval = _locked(approval_id)
        if not actor.is_active or not actor.has_perm(PERMISSION):
            raise Forbidden(gettext_noop("You may not decide on approvals."))
        if approval.asked_by_id == actor.pk:
            raise Forbidden(gettext_noop("You have asked for it yourself; a second person has to decide."))
        if not approve and not reason:
            raise Invalid(gettext_noop("Say why, for the person who asked."), field="reason")
        _require_open(approval)
        if approve and (why := too_much(approval, actor)):
            raise why
        if approve and (approval.asked_by is None or not approval.asked_by.is_active):
            raise Conflict(gettext_noop("The person who asked for it is no longer here. Whoever needs it has to ask anew."))
        if approve and not fits(approval):
            raise PlanChanged(gettext_noop("The plan has changed since it was asked for; what was asked cannot be approved any more."))
        return _set(approval, Decision.APPROVED if approve else Decision.REFUSED, actor=actor, reason=reason)


def withdraw(approval_id: UUID | str, *, actor: Any, reason: str = "") -> Approval:
    """Take a request or an approval back, as long as it has not been started. Raises as `decide`."""
    with transaction.atomic():
        approval = _locked(approval_id)
        if not may_withdraw(approval, actor):
            raise Forbidden(gettext_noop("Only who asked for it, the story's owner or a manager may withdraw it."))
        _require_open(approval, also=(Decision.APPROVED,))
        return _set(approval, Decision.WITHDRAWN, actor=actor, reason=reason.strip()[:MAX_REASON])


def _locked(approval_id: UUID | str) -> Approval:
    """The story's lock first, as everywhere, so that its plan stands still."""
    story_id = Approval.objects.values_list("story_id", flat=True).get(pk=approval_id)
    Story.objects.select_for_update().get(pk=story_id)
    return Approval.objects.select_for_update(of=("self",)).select_related("asked_by", "decided_by", "story").get(pk=approval_id)


def _require_open(approval: Approval, also: tuple[str, ...] = ()) -> None:
    if approval.started_at:
        raise Conflict(gettext_noop("It has been started already."))
    if approval.decision and approval.decision not in also:
        template = gettext_noop("It is decided already: “%(decision)s”, by %(who)s.")
        raise Conflict(template, decision=Decision(approval.decision).label, who=name_of(approval.decided_by))


def _set(approval: Approval, decision: Decision, *, actor: Any, reason: str) -> Approval:
    approval.decision, approval.decided_by, approval.decided_at, approval.reason = decision, actor, timezone.now(), reason
    approval.save(update_fields=["decision", "decided_by", "decided_at", "reason"])
    return approval
