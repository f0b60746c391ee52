"""Who may decide on a request for approval, and the decisions: approve, refuse, withdraw."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.api_keys import is_service_account
from accounts.models import AuditAction
from core import visible
from providers.services.configs import approve_limit_of
from stories.enums import Decision
from stories.errors import Conflict, Forbidden, Invalid, PlanChanged
from stories.models import Approval, Story

from .approvals import name_of
from .permissions import is_story_owner, stories_for
from .spend_requests import fits

PERMISSION = "stories.approve_plan"
MAX_REASON = 500


def approvals_for(user: Any) -> QuerySet[Approval]:
    """The requests about stories that this user may see."""
    return Approval.objects.filter(story__in=stories_for(user))


def may_decide(approval: Approval, user: Any) -> bool:
    """Whether this user may decide: a second person with the permission, never the requester.

    `too_much` tells whether they may also approve.
    """
    return bool(
        user.is_active
        and user.has_perm(PERMISSION)
        and approval.asked_by_id not in {None, user.pk}
        and not is_service_account(user)
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
        if not actor.is_active or not actor.has_perm(PERMISSION) or is_service_account(actor):
            raise Forbidden(gettext_noop("You may not decide on approvals."))
        if approval.asked_by_id == actor.pk:
            raise Forbidden(
                gettext_noop("You have asked for it yourself; a second person has to decide.")
            )
        if not approve and not reason:
            raise Invalid(gettext_noop("Give a reason for the person who asked."), field="reason")
        _require_open(approval)
        if approve and (why := too_much(approval, actor)):
            raise why
        if approve and (approval.asked_by is None or not approval.asked_by.is_active):
            raise Conflict(
                gettext_noop(
                    "The account of the person who asked is not active any more. A new request "
                    "is needed."
                )
            )
        if approve and not fits(approval):
            raise PlanChanged(
                gettext_noop(
                    "The plan has changed since it was asked for; what was asked cannot be "
                    "approved any more."
                )
            )
        audit.record(
            AuditAction.APPROVED if approve else AuditAction.REFUSED,
            actor=actor,
            target=approval,
            detail=reason,
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
    """The request, read under its story's lock, as whoever starts work finds it."""
    story_id = Approval.objects.values_list("story_id", flat=True).get(pk=approval_id)
    Story.objects.select_for_update().get(pk=story_id)
    return Approval.objects.select_related("asked_by", "decided_by", "story").get(pk=approval_id)


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
