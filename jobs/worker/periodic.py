"""Runs the periodic tasks of other packages in threads of the ticker.

A slow or failing task delays neither the ticker nor the other tasks.
"""

import logging
import threading
import time
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from core.clock import database_now
from jobs import registry
from jobs.models import PeriodicTask

from .shared_memory import Flag

logger = logging.getLogger("ai_video.jobs")

LOOK_SECONDS = 0.25
WARNING_INTERVAL = 60.0  # minimum interval between two records of success


def start(stop: Flag) -> list[threading.Thread]:
    """Run each function of `registry.periodic()` in its own thread at its interval, until `stop` is
    set.
    """
    threads = [
        threading.Thread(target=_loop, args=(one, stop), name=f"periodic {name(one)}", daemon=True)
        for one in registry.periodic()
    ]
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
    """Run the task once. An error ends only this run; `manage.py health` shows it until a run
    succeeds.
    """
    close_old_connections()
    failure = ""
    try:
        one.function()
    except Exception as error:
        logger.exception(
            "The periodic task %s failed; it runs again in %g s.", name(one), one.seconds
        )
        failure = type(error).__name__  # the error text may contain an address or a name
    finally:
        with suppress(DatabaseError, InterfaceError):
            _record(name(one), failure)
        connection.close()


_last_warning: dict[str, float] = {}


def _record(step: str, failure: str) -> None:
    if (
        not failure
        and time.monotonic() < _last_warning.get(step, -WARNING_INTERVAL) + WARNING_INTERVAL
    ):
        return
    connection.close()  # a failed task may have left a broken connection
    now = database_now()
    row, _made = PeriodicTask.objects.get_or_create(name=step)
    if failure:
        _last_warning.pop(step, None)
        row.failed_at, row.error = row.failed_at or now, failure
    else:
        _last_warning[step] = time.monotonic()
        row.succeeded_at, row.failed_at, row.error = now, None, ""
    row.save()
