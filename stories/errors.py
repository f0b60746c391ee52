"""Expected failures of the domain, each with a stable code and a sentence for a person."""

from typing import Any

from ground.sentence import SaidError, Value


class StoryError(SaidError):
    code = "story_error"


class NotAllowed(StoryError):
    """The table of states has no such way from the present status (409). `allowed` names the statuses that it has."""

    code = "transition_not_allowed"

    def __init__(self, template: str, /, *, status: str = "", allowed: tuple[str, ...] = (), **values: Value) -> None:
        super().__init__(template, **values)
        self.status = status
        self.allowed = allowed


class GuardRefused(StoryError):
    """The way exists but its condition does not hold yet (409)."""

    code = "guard_refused"


class Forbidden(StoryError):
    """The person may see it but not do this (403)."""

    code = "forbidden"


class Conflict(StoryError):
    """Somebody else changed it first; nothing was written (409)."""

    code = "conflict"


class FieldConflict(Conflict):
    """Somebody else changed fields that the person changes too; nothing was written (409). `theirs`: field to what stands there now."""

    def __init__(self, template: str, /, *, theirs: dict[str, str], **values: Value) -> None:
        super().__init__(template, **values)
        self.theirs = theirs


class ApprovedTake(Conflict):
    """An approved take stands where a new one would go, and nobody has said what becomes of it (409). `take`: its id."""

    code = "approved_take"

    def __init__(self, template: str, /, *, take: str, **values: Value) -> None:
        super().__init__(template, **values)
        self.take = take


class Invalid(StoryError):
    """A value that cannot be (422). `field` names it."""

    code = "invalid"

    def __init__(self, template: str, /, *, field: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.field = field


class PlanChanged(Conflict):
    """The price or the scope is no longer what was confirmed (409)."""

    code = "plan_changed"


class ApprovalNeeded(StoryError):
    """It costs more than the person may start alone, and nobody else has agreed yet (409). Nothing was started.

    `ask` is what a second person is asked for, `approval` the row of it, and `new` whether this try has made that row.
    """

    code = "approval_needed"

    def __init__(self, template: str, /, *, ask: Any, approval: Any = None, **values: Value) -> None:
        super().__init__(template, **values)
        self.ask = ask
        self.approval = approval
        self.new = approval is None


class ApprovalRefused(ApprovalNeeded):
    """A second person has said no to exactly this (409)."""

    code = "approval_refused"
