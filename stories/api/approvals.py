"""Approval endpoints: list, detail, decision and withdrawal."""

from uuid import UUID

from django.db.models import Q, QuerySet
from msgspec import UNSET

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.paging import Keyset, Page, page
from api.problems import not_found
from stories.api.inputs.approvals import ApprovalFilter, DecideIn
from stories.api.inputs.parts import CancelIn, WaitQuery
from stories.enums import Decision
from stories.models import Approval
from stories.services import approval_decisions as domain

from .base import APPROVALS, api
from .outputs.approvals import ApprovalOut, approval_out

BY_ASKED = Keyset("asked_at", "id")
STATES = {
    "asked": Q(decision="", started_at=None),
    "approved": Q(decision=Decision.APPROVED, started_at=None),
    "started": Q(started_at__isnull=False),
    "refused": Q(decision=Decision.REFUSED),
    "withdrawn": Q(decision=Decision.WITHDRAWN),
}


def _visible(call: Call) -> QuerySet[Approval]:
    return domain.approvals_for(call.user).select_related("asked_by", "decided_by", "started_by")


def _one(call: Call, approval_id: UUID) -> ApprovalOut:
    row = _visible(call).filter(pk=approval_id).first()
    if row is None:
        raise not_found()
    return approval_out(row)


@api.at("approvals/")
class ApprovalsController(ApiController):
    tags = (APPROVALS,)

    @operation("list_approvals", summary="List approvals")
    def get(self, query: Query[ApprovalFilter]) -> Page[ApprovalOut]:
        """Of the stories that you may see, the newest first."""
        rows = _visible(self)
        if query.story is not UNSET:
            rows = rows.filter(story_id=query.story)
        if query.state:
            wanted = Q()
            for state in query.state:
                wanted |= STATES[state]
            rows = rows.filter(wanted)
        return page(
            rows,
            query,
            out=lambda found: [approval_out(row) for row in found],
            key=lambda row: (row.asked_at, row.pk),
            keyset=BY_ASKED,
        )


@api.at("approvals/<uuid:approval_id>/")
class ApprovalController(ApiController):
    tags = (APPROVALS,)

    @operation("get_approval", summary="Show an approval")
    def get(self, approval_id: UUID, query: Query[WaitQuery]) -> ApprovalOut:  # noqa: ARG002  long polling is handled by `Api`
        """With `wait` the answer comes when somebody has decided, or it was started."""
        return _one(self, approval_id)


@api.at("approvals/<uuid:approval_id>/decide/")
class ApprovalDecideController(ApiController):
    tags = (APPROVALS,)

    @operation("decide_approval", summary="Approve or refuse")
    def post(self, approval_id: UUID, body: Body[DecideIn]) -> ApprovalOut:
        """A second person with the right to, never the one who asked. 409 when it is decided
        already, or the plan has changed since.
        """
        _one(self, approval_id)
        domain.decide(
            approval_id, actor=self.user, approve=body.decision == "approved", reason=body.reason
        )
        return _one(self, approval_id)


@api.at("approvals/<uuid:approval_id>/withdraw/")
class ApprovalWithdrawController(ApiController):
    tags = (APPROVALS,)

    @operation("withdraw_approval", summary="Withdraw a request for approval")
    def post(self, approval_id: UUID, body: Body[CancelIn]) -> ApprovalOut:
        """By who asked, the story's owner or a manager, as long as it has not been started."""
        _one(self, approval_id)
        domain.withdraw(approval_id, actor=self.user, reason=body.reason)
        return _one(self, approval_id)
