"""The top process: starts the pool and the ticker, restarts them, and shuts them down in order.

It holds no shared lock, and no connection while it waits, so a failure of another process cannot
block it.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, InterfaceError, connections
from django.db.models import Q

from jobs.models import Worker
from jobs.services.reclaim import reclaim_job

from . import linux_processes
from .pool import Size, places, run_pool
from .process import begin_name
from .shared_memory import Flag, ProcessTable
from .ticker import run_ticker

logger = logging.getLogger("ai_video.jobs")

LOOK_SECONDS = 0.1
POOL_SILENCE_SECONDS = 30.0  # a pool silent for this long hangs; it is killed with its workers
# For the ticker: it may hang during a write, and on SQLite other writers fail after 20 s.
TICKER_SILENCE_SECONDS = 10.0
# Longer than the longest time limit of a request to a provider, and the writing of its answer.
PAID_SECONDS = 570.0
SHORTEST_LIFE = 1.0  # minimum time between two starts of a child


@dataclass
class Child:
    """A process under the supervisor, restarted whenever it ends."""

    name: str
    start: Callable[[Flag], None]
    silence: float  # seconds without a heartbeat after which it is killed
    stop: Flag = field(default_factory=Flag)
    pid: int = 0
    started: float = 0.0


class Supervisor:
    """Call `run()`; it returns after SIGTERM or SIGINT.

    At shutdown, running jobs are asked to stop and return to the queue; workers are killed after
    `grace` seconds. A worker that waits for the response to a paid request gets up to `paid_grace`
    seconds, because the response exists nowhere else.
    """

    def __init__(self, *, size: Size, grace: float = 5.0, paid_grace: float = PAID_SECONDS) -> None:
        self.worker_group = begin_name(os.getpid())
        self.grace = grace
        self.paid_grace = paid_grace
        self.places = places(size)
        self.table = ProcessTable(self.places)
        self.ending = False
        self.pool = Child(
            "pool",
            lambda stop: run_pool(
                worker_group=self.worker_group, stop=stop, size=size, table=self.table
            ),
            POOL_SILENCE_SECONDS,
        )
        self.ticker = Child(
            "ticker",
            lambda stop: run_ticker(worker_group=self.worker_group, stop=stop),
            TICKER_SILENCE_SECONDS,
        )

    def run(self) -> None:
        linux_processes.adopt_orphans()
        if orphans := linux_processes.kill_orphans():
            logger.warning(
                "%s processes of workers that were killed before were still there and were ended.",
                orphans,
            )
        linux_processes.mark()
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        logger.info("%s workers begin.", self.worker_group)
        try:
            while not self.ending:
                self._look()
                time.sleep(LOOK_SECONDS)
        finally:
            self._finish()

    def _end(self, *_signal: Any) -> None:
        self.ending = True

    def _look(self) -> None:
        """Start missing children, kill hanging ones, and kill orphans."""
        for child in (self.pool, self.ticker):
            if child.pid and linux_processes.collect(child.pid):
                logger.error("The %s vanished; starting it again.", child.name)
                child.pid = 0
                if child is self.pool:
                    self._clear_away()
            if (
                child.pid
                and min(child.stop.silence, time.monotonic() - child.started) > child.silence
            ):
                logger.error("The %s hangs; ending it.", child.name)
                linux_processes.kill([child.pid])
            if not child.pid and time.monotonic() > child.started + SHORTEST_LIFE:
                self._start(child)
        linux_processes.kill_family(keep=(self.pool.pid, self.ticker.pid))

    def _start(self, child: Child) -> None:
        child.started = time.monotonic()
        child.stop = Flag()
        child.stop.sign()
        if child is self.pool:
            self.table = ProcessTable(self.places)
        connections.close_all()
        me = os.getpid()
        child.pid = os.fork()
        if child.pid:
            return
        code = 1
        try:
            linux_processes.die_with(me)
            child.start(child.stop)
            code = 0
        except Exception:
            logger.exception("The %s could not go on.", child.name)
        finally:
            os._exit(code)

    def _clear_away(self) -> None:
        """Reclaim the jobs of a dead pool at once, after killing any workers that remain."""
        linux_processes.kill_family(keep=(self.ticker.pid,))
        self._reclaim_all()

    def _reclaim_all(self, *, interrupted: bool = False) -> None:
        try:
            reclaim_job(Q(worker__startswith=self.worker_group), interrupted=interrupted)
            if interrupted:
                Worker.objects.filter(name__startswith=self.worker_group).delete()
        except (DatabaseError, InterfaceError) as error:
            logger.warning(
                (
                    "The jobs of ended workers could not be taken back (%s); their leases will "
                    "run out."
                ),
                error,
            )
        finally:
            connections.close_all()

    def _finish(self) -> None:
        for child in (self.pool, self.ticker):
            child.stop.set()
        begun, warned = time.monotonic(), False
        left = [child.pid for child in (self.pool, self.ticker) if child.pid]
        while left and (now := time.monotonic()) < begun + max(self.grace, self.paid_grace):
            left = [pid for pid in left if not linux_processes.collect(pid)]
            if now > begun + self.grace:
                waiting = [
                    record for record in self.table.records if record.read("paid_until") > now
                ]
                if not waiting:
                    break
                if not warned:
                    logger.warning("Waiting for the answers to %s paid requests.", len(waiting))
                    warned = True
                self._end_unpaid()
            time.sleep(LOOK_SECONDS / 4)
        if killed := linux_processes.kill_family():
            logger.warning("%s processes did not end in time and were killed.", killed)
        self._reclaim_all(interrupted=True)
        logger.info("%s workers have ended.", self.worker_group)

    def _end_unpaid(self) -> None:
        """Kill the workers that do not wait for a paid request. The pool waits for the others."""
        now = time.monotonic()
        paying = {
            record.read("pid") for record in self.table.records if record.read("paid_until") > now
        }
        workers = {record.read("pid") for record in self.table.records} - {0.0}
        linux_processes.kill(
            int(pid) for pid in workers - paying if linux_processes.state(int(pid)) not in {"", "Z"}
        )
