"""Expected failures of the domain, each with a stable code and a localized message."""

from decimal import Decimal
from typing import Any

from core.localized_messages import DomainError, Value


class StoryError(DomainError):
    code = "story_error"


class NotAllowed(StoryError):
    """The status table has no such transition from the current status (409).

    `allowed` lists the reachable statuses.
    """

    code = "transition_not_allowed"

    def __init__(
        self, template: str, /, *, status: str = "", allowed: tuple[str, ...] = (), **values: Value
    ) -> None:
        super().__init__(template, **values)
        self.status = status
        self.allowed = allowed


class GuardRefused(StoryError):
    """The transition exists but its condition is not met yet (409)."""

    code = "guard_refused"


class Forbidden(StoryError):
    """The person may see the object but not change it (403)."""

    code = "forbidden"


class Conflict(StoryError):
    """Somebody else changed the object first. Nothing was written (409)."""

    code = "conflict"


class FieldConflict(Conflict):
    """Somebody else changed the same fields.

    Nothing was written (409). `theirs` maps each field to its current value.
    """

    def __init__(self, template: str, /, *, theirs: dict[str, str], **values: Value) -> None:
        super().__init__(template, **values)
        self.theirs = theirs


class ApprovedTake(Conflict):
    """A new take would replace an approved one, and the request does not specify `replace` (409).

    `take` is the id of the approved take.
    """

    code = "approved_take"

    def __init__(self, template: str, /, *, take: str, **values: Value) -> None:
        super().__init__(template, **values)
        self.take = take


class Invalid(StoryError):
    """An invalid value (422). `field` names it."""

    code = "invalid"

    def __init__(self, template: str, /, *, field: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.field = field


class PlanChanged(Conflict):
    """The price or the scope differs from what was confirmed (409).

    `total` is the price now, in USD, if that is what differs.
    """

    code = "plan_changed"

    def __init__(self, template: str, /, *, total: Decimal | None = None, **values: Value) -> None:
        super().__init__(template, **values)
        self.total = total


class ApprovalNeeded(StoryError):
    """The work costs more than the person may start alone and is not approved yet (409).

    Services return it, see `generation.Start`; nothing was started. `approval` is the request's
    row, and `new` whether this attempt created it.
    """

    code = "approval_needed"

    def __init__(
        self, template: str, /, *, approval: Any, new: bool = False, **values: Value
    ) -> None:
        super().__init__(template, **values)
        self.approval = approval
        self.new = new


class ApprovalRefused(ApprovalNeeded):
    """A second person refused exactly this request (409)."""

    code = "approval_refused"
