"""Paid requests whose answers exist nowhere else yet. A process that waits for one is not to be ended meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AFTERWARDS = 5.0  # seconds in which what came of the request is written down


class _Open:
    lock = threading.Lock()
    until: dict[object, float] = {}  # monotonic seconds by which each open request is over
    watcher: Callable[[float], None] | None = None


@contextmanager
def paid_request(seconds: float) -> Iterator[None]:
    """Around a request that may be charged and the writing of its answer; `seconds`: how long both may take at most."""
    mark = object()
    _tell(mark, time.monotonic() + seconds)
    try:
        yield
    finally:
        _tell(mark, None)


def paid_until() -> float:
    """The monotonic moment until which this process waits for something paid; 0 if it does not."""
    with _Open.lock:
        return max(_Open.until.values(), default=0.0)


def watch(watcher: Callable[[float], None] | None) -> None:
    """Calls the function with `paid_until()` whenever it changes: whoever may end this process wants to know."""
    _Open.watcher = watcher
    if watcher:
        watcher(paid_until())


def _tell(mark: object, until: float | None) -> None:
    with _Open.lock:
        if until is None:
            ended = min(_Open.until.pop(mark), time.monotonic() + AFTERWARDS)
        else:
            _Open.until[mark] = ended = until
        latest = max(_Open.until.values(), default=ended)
        if _Open.watcher:
            _Open.watcher(latest)
