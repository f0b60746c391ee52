"""The ticker: a process that does what is due by time and rings for it."""

import logging
import signal

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from jobs.domain.reap import forget_workers, tick

from . import periodic
from .shared import Flag
from .station import Station

logger = logging.getLogger("ai_video.jobs")

FORGET_EVERY = 600  # ticks


def run_ticker(*, team: str, stop: Flag) -> None:
    """Ticks until `stop` is set."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    here = Station(team=team, stop=stop, role="ticker")
    periodic.start(stop)
    count = 0
    while not stop.wait(settings.JOB_TICK_MS / 1000):
        try:
            close_old_connections()
            here.beat()
            tick()
            if count % FORGET_EVERY == 0:
                forget_workers()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The ticker could not reach the database: %s", error)
            connection.close()
        count += 1
