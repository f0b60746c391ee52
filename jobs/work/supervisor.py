"""The head of the family: starts the pool and the ticker, starts them again when they vanish, and ends everything in good order.

It holds no lock that another process can take and no connection while it waits, so nothing that happens to the others can stop it.
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

from jobs.domain.reap import take_back
from jobs.models import Worker

from . import processes
from .pool import Size, places, run_pool
from .shared import Flag, ProcessTable
from .station import begin_name
from .ticker import run_ticker

logger = logging.getLogger("ai_video.jobs")

LOOK_SECONDS = 0.1
POOL_SILENCE_SECONDS = 30.0  # a pool whose head gave no sign for so long hangs; what runs in it ends with it
# A ticker: it may have hung in the middle of a write, and on SQLite other writers wait 20 s before they fail.
TICKER_SILENCE_SECONDS = 10.0
PAID_SECONDS = 540.0  # longer than the longest time limit of a request to a provider
SHORTEST_LIFE = 1.0  # a child that ends sooner is started again only after this time


@dataclass
class Child:
    """A process under the supervisor, started again whenever it ends."""

    name: str
    start: Callable[[Flag], None]
    silence: float  # seconds without a sign of life after which it is ended
    stop: Flag = field(default_factory=Flag)
    pid: int = 0
    started: float = 0.0


class Supervisor:
    """`run()` until SIGTERM or SIGINT. Jobs that run then are told to stop and go back to the queue; after `grace` seconds they are killed.

    A worker that waits for the answer to a paid request is waited for, `paid_grace` seconds at most: nobody else has the answer.
    """

    def __init__(self, *, size: Size, grace: float = 5.0, paid_grace: float = PAID_SECONDS) -> None:
        self.team = begin_name(os.getpid())
        self.grace = grace
        self.paid_grace = paid_grace
        self.places = places(size)
        self.table = ProcessTable(self.places)
        self.ending = False
        self.pool = Child("pool", lambda stop: run_pool(team=self.team, stop=stop, size=size, table=self.table), POOL_SILENCE_SECONDS)
        self.ticker = Child("ticker", lambda stop: run_ticker(team=self.team, stop=stop), TICKER_SILENCE_SECONDS)

    def run(self) -> None:
        processes.adopt_orphans()
        if strays := processes.kill_strays():
            logger.warning("%s processes of workers that were killed before were still there and were ended.", strays)
        processes.mark()
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        logger.info("%s workers begin.", self.team)
        try:
            while not self.ending:
                self._look()
                time.sleep(LOOK_SECONDS)
        finally:
            self._finish()

    def _end(self, *_signal: Any) -> None:
        self.ending = True

    def _look(self) -> None:
        """Starts what is not there, ends what hangs, and what nobody is responsible for."""
        for child in (self.pool, self.ticker):
            if child.pid and processes.collect(child.pid):
                logger.error("The %s vanished; starting it again.", child.name)
                child.pid = 0
                if child is self.pool:
                    self._clear_away()
            if child.pid and min(child.stop.silence, time.monotonic() - child.started) > child.silence:
                logger.error("The %s hangs; ending it.", child.name)
                processes.kill([child.pid])
            if not child.pid and time.monotonic() > child.started + SHORTEST_LIFE:
                self._start(child)
        processes.kill_family(keep=(self.pool.pid, self.ticker.pid))

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
            processes.die_with(me)
            child.start(child.stop)
            code = 0
        except Exception:
            logger.exception("The %s could not go on.", child.name)
        finally:
            os._exit(code)

    def _clear_away(self) -> None:
        """The pool's head is dead. Its workers died with it, or do now; then their jobs can be taken back at once."""
        processes.kill_family(keep=(self.ticker.pid,))
        self._take_back()

    def _take_back(self, *, interrupted: bool = False) -> None:
        try:
            take_back(Q(worker__startswith=self.team), interrupted=interrupted)
            if interrupted:
                Worker.objects.filter(name__startswith=self.team).delete()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The jobs of ended workers could not be taken back (%s); their leases will run out.", error)
        finally:
            connections.close_all()

    def _finish(self) -> None:
        for child in (self.pool, self.ticker):
            child.stop.set()
        begun, told = time.monotonic(), False
        left = [child.pid for child in (self.pool, self.ticker) if child.pid]
        while left and (now := time.monotonic()) < begun + max(self.grace, self.paid_grace):
            left = [pid for pid in left if not processes.collect(pid)]
            if now > begun + self.grace:
                waiting = [record for record in self.table.records if record.read("paid_until") > now]
                if not waiting:
                    break
                if not told:
                    logger.warning("Waiting for the answers to %s paid requests.", len(waiting))
                    told = True
                self._end_unpaid()
            time.sleep(LOOK_SECONDS / 4)
        if killed := processes.kill_family():
            logger.warning("%s processes did not end in time and were killed.", killed)
        self._take_back(interrupted=True)
        logger.info("%s workers have ended.", self.team)

    def _end_unpaid(self) -> None:
        """Kills the workers that wait for nothing paid; their head waits for the others."""
        now = time.monotonic()
        paying = {record.read("pid") for record in self.table.records if record.read("paid_until") > now}
        workers = {record.read("pid") for record in self.table.records} - {0.0}
        processes.kill(int(pid) for pid in workers - paying if processes.state(int(pid)) not in {"", "Z"})
