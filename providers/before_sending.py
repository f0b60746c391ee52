"""The last check before a request that may be charged is sent.

The call service sets a check; the HTTP client runs it when the connection is established and the
first byte is about to be written. Nothing slow may run between the check and the write.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.localized_messages import Value

from .errors import ProviderError

type Check = Callable[[float], None]

_check: ContextVar[Check | None] = ContextVar("sending_check", default=None)


class NotSent(ProviderError):  # noqa: N818  named for what happened, as Refused and Unclear are
    """Nothing was sent, and nothing will be sent.

    `reason` is the exception to raise to the caller; None means that the call's row holds the
    reason.
    """

    code = "not_sent"

    def __init__(
        self, template: str, /, *, reason: Exception | None = None, **values: Value
    ) -> None:
        super().__init__(template, **values)
        self.reason = reason


@contextmanager
def watched(check: Check) -> Iterator[None]:
    """Within this context, `last_look` runs `check`."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def last_look(read: float = 0.0) -> None:
    """Raise `NotSent` if the request may no longer be sent.

    `read` is the number of seconds that the response may take.
    """
    if check := _check.get():
        check(read)
