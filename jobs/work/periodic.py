"""What other floors want done now and then, in a thread of the ticker: a slow provider must not hold up the ticking."""

import logging
import threading
import time

from django.db import close_old_connections, connection

from jobs import registry

from .shared import Flag

logger = logging.getLogger("ai_video.jobs")

LOOK_SECONDS = 0.25


def start(stop: Flag) -> threading.Thread:
    """Runs the functions of `registry.periodic()` in turn, each when its time has come, until `stop` is set."""
    thread = threading.Thread(target=_loop, args=(stop,), name="periodic", daemon=True)
    thread.start()
    return thread


def _loop(stop: Flag) -> None:
    due = {one: time.monotonic() for one in registry.periodic()}
    while not stop.is_set():
        for one in [one for one, at in due.items() if time.monotonic() >= at]:
            run_once(one)
            due[one] = time.monotonic() + one.seconds
        time.sleep(LOOK_SECONDS)


def run_once(one: registry.Periodic) -> None:
    """Calls it. An error ends only this round."""
    close_old_connections()
    try:
        one.function()
    except Exception:
        logger.exception("%s.%s could not be done; it has its turn again in %g s.", one.function.__module__, one.function.__qualname__, one.seconds)
    finally:
        connection.close()
