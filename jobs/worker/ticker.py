"""The ticker: a process that runs time-based work and sends wake-up notifications."""

import logging
import signal

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from jobs.services.reclaim import forget_workers, tick

from . import periodic
from .process import WorkerProcess
from .shared_memory import Flag

logger = logging.getLogger("ai_video.jobs")

FORGET_EVERY = 600  # ticks


def run_ticker(*, worker_group: str, stop: Flag) -> None:
    """Tick until `stop` is set."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    here = WorkerProcess(worker_group=worker_group, stop=stop, role="ticker")
    periodic.start(stop)
    count = 0
    while not stop.wait(settings.JOB_TICK_MS / 1000):
        try:
            close_old_connections()
            here.heartbeat()
            tick()
            if count % FORGET_EVERY == 0:
                forget_workers()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The ticker could not reach the database: %s", error)
            connection.close()
        count += 1
