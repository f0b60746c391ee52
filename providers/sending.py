"""The last moment before a request that may be paid leaves this machine.

The call service sets a check, the HTTP client calls it when the connection stands and the first byte is about to
be written. Between the two there is no room for anything that takes long.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ground.sentence import Value

from .errors import ProviderError

type Check = Callable[[float], None]

_check: ContextVar[Check | None] = ContextVar("sending_check", default=None)


class NotSent(ProviderError):  # noqa: N818  says what happened, as Refused and Unclear do
    """Nothing was sent, and nothing will be. `reason` is what the caller is told; None: the call's row says it."""

    code = "not_sent"

    def __init__(self, template: str, /, *, reason: Exception | None = None, **values: Value) -> None:
        super().__init__(template, **values)
        self.reason = reason


@contextmanager
def watched(check: Check) -> Iterator[None]:
    """Within it, `last_look` asks `check`."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def last_look(read: float = 0.0) -> None:
    """Raises `NotSent` if the request may not leave any more. `read`: how many seconds its answer may take."""
    if check := _check.get():
        check(read)
