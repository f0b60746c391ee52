"""The station of this process, made when a worker of the pool begins."""

import logging
import os
import signal
import threading
import time
from typing import Any

from django.db import connection

from ground import outgoing

from . import processes
from .shared import Flag, ProcessRecord
from .station import Station, begin_name

logger = logging.getLogger("ai_video.jobs")

TROUBLE_SECONDS = 1.0
HEARTBEAT_SECONDS = 0.5


class _Here:
    """What the supervisor left for its workers, and the worker's own station."""

    team = ""
    stop: Flag | None = None
    record: ProcessRecord | None = None
    station: Station | None = None
    pid = 0


def prepare(*, team: str, stop: Flag) -> None:
    """Called in the pool's head before it forks workers."""
    _Here.team, _Here.stop = team, stop


def prepare_worker(record: ProcessRecord) -> None:
    """Called in the pool's head right before it forks the worker that shall have this record."""
    _Here.record = record


def station() -> Station:
    """This process's station; begun at the first call in each process."""
    if _Here.station is None or _Here.pid != os.getpid():
        begin()
    assert _Here.station is not None
    return _Here.station


def begin(**_signal: Any) -> None:
    """A worker process begins: it will die with the pool, adopt what its jobs leave behind, and show that it lives."""
    here = Station(team=_Here.team or begin_name(os.getppid()), stop=_Here.stop or Flag(), record=_Here.record)
    _Here.station, _Here.pid = here, os.getpid()
    processes.adopt_orphans()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, here.on_terminate)
    here.start_pulse()
    if record := _Here.record:
        record.write("pid", os.getpid())
        outgoing.watch(lambda until: record.write("paid_until", until))
        threading.Thread(target=_show_life, args=(record,), name="heartbeat", daemon=True).start()


def _show_life(record: ProcessRecord) -> None:
    """Needs nothing but the interpreter: unlike the pulse it does not stand still while the database is away."""
    while True:
        record.write("heartbeat", time.monotonic())
        time.sleep(HEARTBEAT_SECONDS)


def drain() -> None:
    """Works until nothing is due. An error of the database ends only this round."""
    try:
        station().drain()
    except Exception:
        logger.exception("A worker could not go on; it tries again at the next ring.")
        connection.close()
        time.sleep(TROUBLE_SECONDS)
    if station().terminated:
        raise SystemExit
