"""One worker process: its name, its heartbeat, and the loop that runs jobs until none is due."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils.translation import gettext_noop

from core.clock import database_now, host_ahead
from core.localized_messages import LocalizedMessage
from jobs.errors import LeaseLost
from jobs.lease import Lease
from jobs.models import Job, Worker
from jobs.run import LOOK_SECONDS
from jobs.runner import run
from jobs.services import finish
from jobs.services.claim import claim
from jobs.services.reclaim import tick

from . import linux_processes
from .shared_memory import Flag, ProcessRecord

logger = logging.getLogger("ai_video.jobs")

# before the last look for a job, so that a stream of jobs is run without turns of the pool
REST_SECONDS = 0.01
CHECK_IN_SECONDS = 20.0  # after this time a worker returns to the pool, which may replace it


def begin_name(supervisor: int) -> str:
    """Return the common name prefix of all workers under one supervisor."""
    return f"{socket.gethostname()[:40]}/{supervisor}-{os.urandom(3).hex()}/"


class WorkerProcess:
    """A process that runs jobs.

    The supervisor shares `stop`: when it is set, running jobs are asked to stop and no job is
    claimed.
    """

    def __init__(
        self,
        *,
        worker_group: str,
        stop: Flag,
        role: str = "worker",
        record: ProcessRecord | None = None,
    ) -> None:
        self.name = f"{worker_group}{os.getpid()}"
        self.role = role
        self.record = record
        self.stop = stop
        self.terminated = False
        self.draining = False
        self.lease: Lease | None = None
        self.ticked = 0.0
        self.seen = 0.0
        self.found_none = False  # whether the last claim found no due job

    def stopping(self) -> bool:
        return self.terminated or self.stop.is_set()

    # --- the loop

    def drain(self) -> int:
        """Claim and run jobs until none is due, this process is stopping, or CHECK_IN_SECONDS have
        passed.

        Return the number of attempts.
        """
        self.draining = True
        try:
            return self._run_until(time.monotonic() + CHECK_IN_SECONDS)
        finally:
            self.draining = False

    def _run_until(self, until: float) -> int:
        runs = 0
        rested = True  # or nothing was run yet
        # Writers of SQLite wait for each other: two short transactions let them pass sooner than
        # one that does both. On PostgreSQL one transaction saves a flush.
        joined = connection.vendor != "sqlite"
        while not self._pausing(until):
            job = self._claim()
            while job:
                job = run(
                    job,
                    watch=self,
                    stopping=self.stopping,
                    clean=self.clean,
                    following=partial(self._following, until) if joined else None,
                )
                runs += 1
                rested = False
            if self.tick() or not self.found_none:
                continue
            if rested:
                break
            time.sleep(REST_SECONDS)
            rested = True
        return runs

    def _pausing(self, until: float) -> bool:
        return self.stopping() or time.monotonic() >= until

    def _following(self, until: float) -> Job | None:
        return None if self._pausing(until) or self._ticks() else self._claim()

    def _claim(self) -> Job | None:
        job = claim(worker=self.name)
        self.found_none = job is None
        return job

    def _ticks(self) -> bool:
        return time.monotonic() >= self.ticked + settings.JOB_TICK_MS / 1000

    def tick(self) -> bool:
        """Occasionally run the ticker's work, so that nothing depends on a single process.

        Return whether a job became due. Not called while a job is claimed and not begun: an error
        would leave that job to its lease.
        """
        if not self._ticks():
            return False
        self.ticked = time.monotonic()
        return tick() > 0

    def clean(self) -> None:
        """Kill child processes that the attempt left behind."""
        if left := linux_processes.kill_family():
            logger.warning("%s processes were left behind by a job and ended.", left)

    # --- the heartbeat

    def start_heartbeat(self) -> None:
        threading.Thread(target=self._heartbeat_forever, name="heartbeat", daemon=True).start()

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

    def _heartbeat_forever(self) -> None:
        while True:
            time.sleep(min(LOOK_SECONDS, settings.JOB_LEASE_SECONDS / 6))
            try:
                self.heartbeat()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("The heartbeat could not reach the database: %s", error)
                with suppress(Exception):
                    connection.close()

    def heartbeat(self) -> None:
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
        """Write the heartbeat to the database."""
        seen = {"seen_at": database_now(), "clock_ahead": round(host_ahead(), 3)}
        place = {
            "host": socket.gethostname()[:80],
            "pid": os.getpid(),
            "role": self.role,
            "started_at": seen["seen_at"],
        }
        Worker.objects.update_or_create(name=self.name, defaults=seen, create_defaults=seen | place)

    def _give_up(self, lease: Lease) -> None:
        """Kill this process and its descendants, because the handler far exceeds its limit and does
        not stop.
        """
        sentence = LocalizedMessage(
            gettext_noop("It took longer than %(seconds)s seconds and did not stop."),
            {"seconds": int(lease.limit - lease.begun)},
        )
        logger.error(
            "Job %s is over its time and does not stop; its worker is ended.", lease.job.pk
        )
        with suppress(LeaseLost):
            finish.retry_or_fail(lease.job, sentence, code="overtime", took=lease.took)
        linux_processes.kill(linux_processes.descendants())
        os.kill(os.getpid(), signal.SIGKILL)

    def on_terminate(self, *_signal: Any) -> None:
        """Handle SIGTERM sent to this process alone.

        The running job is asked to stop, and the pool starts a replacement.
        """
        self.terminated = True
        if not self.draining:
            raise SystemExit
