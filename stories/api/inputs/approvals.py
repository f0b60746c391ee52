"""Bodies and query parameters of requests about approvals."""

from typing import Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from api.inputs import Strict
from api.paging import Paging
from stories.api.outputs.parts import ApprovalState

from .parts import Reason


class DecideIn(Strict):
    """A refusal needs a reason, for the person who asked."""

    decision: Literal["approved", "refused"]
    reason: Reason = ""


class ApprovalFilter(Paging):
    story: UUID | UnsetType = UNSET
    state: list[ApprovalState] = []
