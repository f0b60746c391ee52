"""Long polling: hold an answer back until it differs from what the client has, for a bounded time and by few at once."""

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
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0  # seconds between looks

# Threads that may wait at once in this process; beyond that an answer comes at once, so that waiting never starves work.
_places = threading.BoundedSemaphore(getattr(settings, "API_WAITERS", 4))


class Waiting(Strict, kw_only=True):
    """The query of a route that can hold its answer back. With If-None-Match it waits for a change from that answer."""

    wait: Annotated[int, Meta(ge=0, le=LONGEST, description="Seconds to wait for a change before answering.")] = 0


def until_changed(seconds: int, known: str, look: Callable[[], HttpResponse]) -> HttpResponse:
    """Call `look` until the ETag of its answer is not `known` or `seconds` are over; gives the last answer.

    With an empty `known` the first answer is what the client has. Between looks no database connection is held.
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
    """Close connections that are not inside a transaction, so that a sleeper does not hold one of the server's few."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
