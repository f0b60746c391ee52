"""The periodic work of the layers above, in threads of the ticker: a slow or failing step holds up neither the ticking nor the others."""

import logging
import threading
import time
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from ground.clock import database_now
from jobs import registry
from jobs.models import PeriodicTask

from .shared import Flag

logger = logging.getLogger("ai_video.jobs")

LOOK_SECONDS = 0.25
TELL_SECONDS = 60.0  # a step that goes on succeeding says so no more often


def start(stop: Flag) -> list[threading.Thread]:
    """Runs each function of `registry.periodic()` in a thread of its own, whenever its time has come, until `stop` is set."""
    threads = [threading.Thread(target=_loop, args=(one, stop), name=f"periodic {name(one)}", daemon=True) for one in registry.periodic()]
    for thread in threads:
        thread.start()
    return threads


def name(one: registry.Periodic) -> str:
    return f"{one.function.__module__}.{one.function.__qualname__}"


def _loop(one: registry.Periodic, stop: Flag) -> None:
    due = time.monotonic()
    while not stop.is_set():
        if time.monotonic() >= due:
            run_once(one)
            due = time.monotonic() + one.seconds
        time.sleep(LOOK_SECONDS)


def run_once(one: registry.Periodic) -> None:
    """Calls it. An error ends only this round, and is shown by `manage.py health` until a round succeeds."""
    close_old_connections()
    failure = ""
    try:
        one.function()
    except Exception as error:
        logger.exception("%s could not be done; it has its turn again in %g s.", name(one), one.seconds)
        failure = type(error).__name__  # its text may hold an address or a name
    finally:
        with suppress(DatabaseError, InterfaceError):
            _record(name(one), failure)
        connection.close()


_told: dict[str, float] = {}


def _record(step: str, failure: str) -> None:
    if not failure and time.monotonic() < _told.get(step, -TELL_SECONDS) + TELL_SECONDS:
        return
    connection.close()  # a step that failed may have left a broken one
    now = database_now()
    row, _made = PeriodicTask.objects.get_or_create(name=step)
    if failure:
        _told.pop(step, None)
        row.failed_at, row.error = row.failed_at or now, failure
    else:
        _told[step] = time.monotonic()
        row.succeeded_at, row.failed_at, row.error = now, None, ""
    row.save()
