"""How a handler says what became of its turn: it returns Done or Wait, or raises one of the others."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ground.sentence import SaidError, Sentence, Value

from .enums import WaitFor


@dataclass(frozen=True, slots=True)
class Done:
    """The job succeeded. Both values go into the result of the brief's form; the runner adds the generation time."""

    preview_url: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask me again at `until` by the database's clock (None: only when woken). No worker is held and no attempt used up meanwhile.

    With WaitFor.CHILDREN the end of any child makes the job due. A wake that came while the handler still ran counts.
    """

    until: datetime | None
    wait_for: WaitFor
    note: Sentence = field(default_factory=lambda: Sentence(""))


class Retry(SaidError):
    """It failed and may work the next time: tried again after the envelope's backoff, failed after the last attempt."""

    code = "retry"


class Fail(SaidError):
    """It failed and would fail again: no further attempt."""

    code = "failed"

    def __init__(self, template: str, /, *, code: str = "failed", **values: Value) -> None:
        super().__init__(template, **values)
        self.code = code


class Unclear(SaidError):
    """It may have been paid and nobody knows: nothing happens until a person decides."""

    code = "unclear"


class JobStopped(Exception):
    """The handler ended early because `run.should_stop()` said so."""
