"""Two-person approval for large amounts: when it is needed, and the request for it.

Everything that starts paid work calls `authorize_spend` in the transaction that starts it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.api_keys import may_spend
from core.clock import database_now
from core.localized_messages import LocalizedMessage, Value
from providers.services.money_changes import (
    has_changed_prices,
    highest_price,
    limit_of,
    prices_before,
)
from stories.enums import Decision
from stories.errors import ApprovalNeeded, ApprovalRefused, Forbidden
from stories.models import Approval, Confirmation, Story
from stories.selectors import spending

from . import notices
from .projects import require_budget
from .spend_requests import SpendRequest

# What a line of a request names if it is not the picture or clip of its scene.
MADE = ("sound", "check", "edit", "take", "sheet")


def authorize_spend(
    story: Story, ask: SpendRequest, *, actor: Any, ask_again: bool = False, besides: str = ""
) -> Confirmation | ApprovalNeeded:
    """Authorize this spend request, or say why it needs the approval of a second person.

    The caller holds the story's lock and has written nothing yet. Given a Confirmation, it starts
    the work in the same transaction: its prices bind the work, and a matching approval is used up.
    Given ApprovalNeeded, it starts nothing and commits: the open request is among what is written.

    Raises Forbidden for the API key of a program that may not spend. The system itself (no actor)
    has no limit. `ask_again` renews a request that was refused.
    `besides` is the id of a job that is retried.
    """
    if ask.total and not may_spend(actor):
        raise Forbidden(
            gettext_noop("This API key may not start paid work: it lacks “%(scope)s”."),
            scope="spend",
        )
    require_budget(story, Decimal(ask.total))
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
    if limit is not None and over and (same is None or same.decision != Decision.APPROVED):
        wanted = replace(ask, limit=limit, begun=begun, asked_by=actor)
        return _request_approval(wanted, same, known, ask_again=ask_again)
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
    """For each scene, or what else is made: the price of one take, and its inputs."""
    found = {}
    for line in ask.lines:
        key = next((line[name] for name in MADE if line.get(name)), line["scene"])
        found[key] = {"price": line["price"], **ask.made_from.get(key, {})}
    return found


def _compared(ask: SpendRequest, person: Any) -> Decimal:
    """The amount in USD to compare with the limit.

    For a day after the person changed a price, the price from before the change counts if it is
    higher.
    """
    asked = ask.asked
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


def _request_approval(
    ask: SpendRequest, same: Approval | None, known: list[Approval], *, ask_again: bool
) -> ApprovalNeeded:
    """Why the work needs an approval, with its request, which is created unless it is open."""
    if same is not None and same.decision == Decision.REFUSED and not ask_again:
        template = gettext_noop("%(who)s has refused this: %(reason)s")
        return ApprovalRefused(
            template, approval=same, who=name_of(same.decided_by), reason=same.reason
        )
    if same is not None and not same.decision:
        template = gettext_noop(
            "This waits for the approval of a second person; %(who)s has asked for it."
        )
        return ApprovalNeeded(template, approval=same, who=name_of(same.asked_by))
    why = _why_needed(ask, known)
    return ApprovalNeeded(why.template, approval=_file(ask), new=True, **why.values)


def _why_needed(ask: SpendRequest, known: list[Approval]) -> LocalizedMessage:
    amounts: dict[str, Value] = {"total": f"{ask.total:.2f}", "limit": f"{ask.limit:.2f}"}
    if old := next(
        (row for row in known if row.decision == Decision.APPROVED and _same_request(row, ask)),
        None,
    ):
        template = gettext_noop(
            "The plan has changed since %(who)s approved it at %(then)s USD, so that "
            "approval no longer fits. A second person is asked anew for %(total)s USD."
        )
        then: dict[str, Value] = {"who": name_of(old.decided_by), "then": f"{old.total:.2f}"}
        return LocalizedMessage(template, amounts | then)
    if ask.begun:
        template = gettext_noop(
            "You have started %(begun)s USD for this story within a day. With %(total)s "
            "USD more it is above the %(limit)s USD that you may "
            "start alone. A second person is asked for approval."
        )
        return LocalizedMessage(template, amounts | {"begun": f"{ask.begun:.2f}"})
    template = gettext_noop(
        "%(total)s USD is more than the %(limit)s USD that you may start alone. A second "
        "person is asked for approval."
    )
    return LocalizedMessage(template, amounts)


def _same_request(row: Approval, ask: SpendRequest) -> bool:
    return row.kind == ask.kind and row.what == ask.what


def name_of(person: Any) -> str:
    return (person.get_full_name() or person.get_username()) if person else "–"


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
                row, is_new = Approval.objects.get_or_create(
                    story=ask.story,
                    plan_hash=ask.hash,
                    decision="",
                    started_at=None,
                    defaults=values,
                )
        except IntegrityError:  # somebody else has made the request at the same time
            return Approval.objects.get(
                story=ask.story, plan_hash=ask.hash, decision="", started_at=None
            )
        if is_new:
            notices.approval_wanted(row)
        return row


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


def may_start_alone(story: Story, total: Decimal, user: Any) -> bool:
    """Whether work at this price in USD surely needs no approval.

    False for a day after the user changed a price, because it depends on each request then.
    """
    limit = limit_of(user)
    if limit is None:
        return True
    return not has_changed_prices(user) and spending.started_today(story, user) + total <= limit


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
