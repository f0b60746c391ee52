"""One worker process: its name, its pulse, and the loop that takes jobs until none is due."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils.translation import gettext_noop

from ground.clock import database_now, host_ahead
from ground.sentence import Sentence
from jobs.domain import finish
from jobs.domain.claim import claim
from jobs.domain.reap import tick
from jobs.errors import LeaseLost
from jobs.lease import Lease
from jobs.models import Worker
from jobs.run import LOOK_SECONDS
from jobs.runner import run

from . import processes
from .shared import Flag, ProcessRecord

logger = logging.getLogger("ai_video.jobs")

TURN_SECONDS = 20.0  # after so long a worker tells the pool that it is alive and may be replaced by a fresh one


def begin_name(supervisor: int) -> str:
    """What the names of all workers under one supervisor begin with."""
    return f"{socket.gethostname()[:40]}/{supervisor}-{os.urandom(3).hex()}/"


class Station:
    """A process that works. `stop` is shared with the supervisor: when it is set, what runs is told to stop and nothing new is taken."""

    def __init__(self, *, team: str, stop: Flag, role: str = "worker", record: ProcessRecord | None = None) -> None:
        self.name = f"{team}{os.getpid()}"
        self.role = role
        self.record = record
        self.stop = stop
        self.terminated = False
        self.draining = False
        self.lease: Lease | None = None
        self.ticked = 0.0
        self.seen = 0.0

    def stopping(self) -> bool:
        return self.terminated or self.stop.is_set()

    # --- the loop

    def drain(self) -> int:
        """Takes and runs jobs until none is due, this process shall end, or its time is over; returns how many."""
        self.draining = True
        until = time.monotonic() + TURN_SECONDS
        turns = 0
        while not self.stopping() and time.monotonic() < until:
            job = claim(worker=self.name)
            if job:
                run(job, watch=self, stopping=self.stopping, clean=self.clean)
                turns += 1
            if not self.tick() and not job:
                break
        self.draining = False
        return turns

    def tick(self) -> bool:
        """Every worker does the ticker's work now and then: nothing depends on one process. Whether a job became due by it."""
        if time.monotonic() < self.ticked + settings.JOB_TICK_MS / 1000:
            return False
        self.ticked = time.monotonic()
        return tick() > 0

    def clean(self) -> None:
        """No child process outlives the turn that started it."""
        if left := processes.kill_family():
            logger.warning("%s processes were left behind by a job and ended.", left)

    # --- the pulse

    def start_pulse(self) -> None:
        threading.Thread(target=self._beat_for_ever, name="pulse", daemon=True).start()

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        self.lease = lease
        if self.record:
            self.record.write("limit", lease.limit)
        try:
            yield
        finally:
            self.lease = None
            if self.record:
                self.record.write("limit", 0.0)

    def _beat_for_ever(self) -> None:
        while True:
            time.sleep(min(LOOK_SECONDS, settings.JOB_LEASE_SECONDS / 6))
            try:
                self.beat()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("The pulse could not reach the database: %s", error)
                with suppress(Exception):
                    connection.close()

    def beat(self) -> None:
        lease = self.lease
        if lease:
            lease.look()
            if lease.overtime and time.monotonic() > lease.limit + settings.JOB_LEASE_SECONDS:
                self._give_up(lease)
        if time.monotonic() > self.seen + settings.JOB_LEASE_SECONDS / 3:
            close_old_connections()
            self.seen = time.monotonic()
            self.show()

    def show(self) -> None:
        """Tells in the database that this process lives."""
        seen = {"seen_at": database_now(), "clock_ahead": round(host_ahead(), 3)}
        place = {"host": socket.gethostname()[:80], "pid": os.getpid(), "role": self.role, "started_at": seen["seen_at"]}
        Worker.objects.update_or_create(name=self.name, defaults=seen, create_defaults=seen | place)

    def _give_up(self, lease: Lease) -> None:
        """The handler is far over its time and does not listen: this process ends with all it started."""
        sentence = Sentence(gettext_noop("It took longer than %(seconds)s seconds and did not stop."), {"seconds": int(lease.limit - lease.begun)})
        logger.error("Job %s is over its time and does not stop; its worker is ended.", lease.job.pk)
        with suppress(LeaseLost):
            finish.retry_or_fail(lease.job, sentence, code="overtime", took=lease.took)
        processes.kill(processes.descendants())
        os.kill(os.getpid(), signal.SIGKILL)

    def on_terminate(self, *_signal: Any) -> None:
        """SIGTERM to this process alone: what runs is told to stop; the pool starts another worker in its place."""
        self.terminated = True
        if not self.draining:
            raise SystemExit
