"""Long polling: delays a response until it changes, for a limited time and number of requests."""

import threading
import time
from collections.abc import Callable
from typing import Annotated

from django.conf import settings
from django.db import connections
from django.http import HttpResponse
from msgspec import Meta

from .inputs import Strict

LONGEST = 25  # seconds, below what proxies and gunicorn wait by default
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0  # seconds between checks

# Threads of this process that may wait at once. Beyond that, requests are answered immediately, so
# that waiting never blocks other work.
_places = threading.BoundedSemaphore(getattr(settings, "API_WAITERS", 4))


class Waiting(Strict, kw_only=True):
    """The query of a route that can hold its answer back. With If-None-Match it waits for a change
    from that answer.
    """

    wait: Annotated[
        int, Meta(ge=0, le=LONGEST, description="Seconds to wait for a change before answering.")
    ] = 0


def until_changed(seconds: int, known: str, look: Callable[[], HttpResponse]) -> HttpResponse:
    """Calls `look` until the ETag of its answer differs from `known` or `seconds` are over.

    Returns the last answer. With an empty `known` the first answer is the client's version. No
    database connection is held between checks.
    """
    response = look()
    known = known or response["ETag"]
    end = time.monotonic() + min(seconds, LONGEST)
    if response["ETag"] != known or not _places.acquire(blocking=False):
        return response
    try:
        pause = FIRST_PAUSE
        while response["ETag"] == known and (left := end - time.monotonic()) > 0:
            _let_go()
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            response = look()
    finally:
        _places.release()
    return response


def _let_go() -> None:
    """Closes connections outside a transaction, so that a waiting thread holds none."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
