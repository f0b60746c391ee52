"""Tracks paid requests whose responses are not stored yet. A process must not be killed while it
waits for one.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AFTERWARDS = 5.0  # seconds allowed for storing the result of the request


class _Open:
    lock = threading.Lock()
    until: dict[object, float] = {}  # monotonic seconds by which each open request is over
    watcher: Callable[[float], None] | None = None


@contextmanager
def paid_request(seconds: float) -> Iterator[None]:
    """Mark a request that may be charged, including the storing of its response.

    `seconds` is the maximum duration of both.
    """
    mark = object()
    _set_deadline(mark, time.monotonic() + seconds)
    try:
        yield
    finally:
        _set_deadline(mark, None)


def paid_until() -> float:
    """Return the monotonic time until which this process waits for a paid request, or 0."""
    with _Open.lock:
        return max(_Open.until.values(), default=0.0)


def watch(watcher: Callable[[float], None] | None) -> None:
    """Call the function with `paid_until()` whenever it changes, for the process that may kill this
    one.
    """
    _Open.watcher = watcher
    if watcher:
        watcher(paid_until())


def _set_deadline(mark: object, until: float | None) -> None:
    with _Open.lock:
        if until is None:
            ended = min(_Open.until.pop(mark), time.monotonic() + AFTERWARDS)
        else:
            _Open.until[mark] = ended = until
        latest = max(_Open.until.values(), default=ended)
        if _Open.watcher:
            _Open.watcher(latest)
