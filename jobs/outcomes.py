"""The outcomes of a handler's attempt.

A handler returns Done or Wait, or raises one of the others.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.localized_messages import DomainError, LocalizedMessage, Value

from .enums import WaitFor


@dataclass(frozen=True, slots=True)
class Done:
    """The job succeeded. Both values go into its result; the runner adds the generation time."""

    preview_url: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Run the handler again at `until`, by the database's clock (None: only when woken).

    Waiting occupies no worker and uses no attempt. With WaitFor.CHILDREN, the end of any child
    makes the job due. A wake-up that arrives while the handler still runs counts.
    """

    until: datetime | None
    wait_for: WaitFor
    note: LocalizedMessage = field(default_factory=lambda: LocalizedMessage(""))


class Retry(DomainError):
    """A temporary failure: retried after the job's backoff, or failed after the last attempt."""

    code = "retry"


class Fail(DomainError):
    """A permanent failure: the job is not retried."""

    code = "failed"

    def __init__(self, template: str, /, *, code: str = "failed", **values: Value) -> None:
        super().__init__(template, **values)
        self.code = code


class Unclear(DomainError):
    """It is unknown whether the work was paid for. The job stops until a user decides."""

    code = "unclear"


class JobStopped(Exception):
    """The handler stopped early because `run.should_stop()` returned True."""
