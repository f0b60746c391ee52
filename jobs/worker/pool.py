"""The worker pool: the django-q2 sentinel with its pusher, monitor and workers. No kill can
deadlock it.

The sentinel runs without django-q2's `Cluster`, whose signal handler waits for a lock that it may
hold itself.
"""

import logging
import os
import signal
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections
from django_q.brokers import get_broker
from django_q.cluster import Sentinel
from django_q.conf import Conf
from django_q.signals import post_spawn
from django_q.worker import worker

from . import bootstrap, linux_processes
from .shared_memory import Flag, ProcessTable, TaskQueue, Timer, Watched

logger = logging.getLogger("ai_video.jobs")

BACKLOG_SECONDS = 1.0  # a queue that was full this recently means that there are too few workers
# a pusher silent for this long hangs; killing one that only waits for the database is harmless
SILENCE_SECONDS = 10.0
HUNG_SECONDS = (
    10.0  # minimum time without a heartbeat before a worker is killed, to tolerate a busy machine
)
ROUND_SECONDS = 1.0  # maximum time that one iteration counts for
SHRINK_SECONDS = 1.0  # between stopping two idle workers


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a pool: `least` workers at all times, up to `most` while jobs queue.

    A worker that is not needed ends after `idle` seconds.
    """

    least: int
    most: int
    idle: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(
                f"A pool has at least one worker and at most as many as its maximum, not "
                f"{self.least} to {self.most}."
            )


class Pool(Sentinel):  # type: ignore[misc]  # django-q2 has no types
    """Monitors its processes in a loop until `stop` is set. Each iteration begins with `wait()`."""

    def __init__(self, stop: Flag, size: Size, table: ProcessTable | None = None) -> None:
        self.flag = stop
        self.size = size
        self.table = table or ProcessTable(places(size))
        self.looked = time.monotonic()
        self.wanted = size.least
        self.quiet_since = time.monotonic()
        super().__init__(self, threading.Event(), uuid.uuid4(), broker=get_broker(), start=False)
        self.task_queue = TaskQueue(stop)
        self.result_queue = TaskQueue(stop, lossy=True)
        self.event_out = Watched()

    # --- the sentinel uses the pool as its stop event

    def is_set(self) -> bool:
        return self.flag.is_set()

    def wait(self, seconds: float) -> bool:
        self._adjust()
        self._end_hung_pusher()
        self._end_hung_workers()
        return self.flag.wait(seconds)

    # --- processes

    def spawn_pusher(self) -> Any:
        self.event_out.sign()
        return super().spawn_pusher()

    def spawn_worker(self) -> None:
        taken = {process.record.place for process in self.pool}
        record = next(record for record in self.table.records if record.place not in taken)
        record.clear()
        bootstrap.prepare_worker(record)
        known = len(self.pool)
        self.spawn_process(worker, self.task_queue, self.result_queue, Timer(), self.timeout)
        for process in self.pool[known:]:
            process.record, process.heartbeat, process.quiet = record, 0.0, 0.0

    def _end_hung_pusher(self) -> None:
        """Kill the pusher if it hangs.

        A working pusher checks its event in each round, and while it waits at the full queue.
        """
        if min(self.event_out.silence, self.task_queue.full.silence) > SILENCE_SECONDS:
            logger.error("The pusher hangs; ending it.")
            self.event_out.sign()
            linux_processes.kill([self.pusher.pid])

    def _end_hung_workers(self) -> None:
        """Kill workers that hang or far exceed their time limit, whatever their heartbeat in the
        database shows.

        The age of the last heartbeat does not count, because this process may have been suspended
        together with its workers. Only time that this process has observed counts.
        """
        now = time.monotonic()
        watched, self.looked = min(now - self.looked, ROUND_SECONDS), now
        for process in self.pool:
            record = process.record
            if (heartbeat := record.read("heartbeat")) != process.heartbeat:
                process.heartbeat, process.quiet = heartbeat, 0.0
            else:
                process.quiet += watched
            if record.read("paid_until") > now or not process.is_alive():
                continue  # wait for a paid response; its request has its own timeout
            limit = record.read("limit")
            if process.quiet > standstill():
                logger.error(
                    "Worker %s has stood still for %.0f s (state %s); ending it.",
                    process.pid,
                    process.quiet,
                    linux_processes.state(process.pid),
                )
            elif limit and now > limit + 2 * standstill():
                logger.error(
                    "Worker %s is far over the time limit of its job; ending it.", process.pid
                )
            else:
                continue
            process.quiet = 0.0
            linux_processes.kill([process.pid])

    # --- growing and shrinking

    def _adjust(self) -> None:
        now = time.monotonic()
        idle = sum(one.timer.value <= 0 for one in self.pool)
        backlog = self.task_queue.full.silence < BACKLOG_SECONDS
        if backlog or not idle:
            self.quiet_since = now
        if backlog and not idle and len(self.pool) < self.size.most:
            self.wanted = len(self.pool) + 1
            connections.close_all()
            self.spawn_worker()
            logger.info("Jobs queue: %s workers now.", self.wanted)
        elif idle and len(self.pool) > self.size.least and now > self.quiet_since + self.size.idle:
            self.wanted = len(self.pool) - 1
            self.quiet_since = now - self.size.idle + SHRINK_SECONDS
            self.task_queue.put("STOP")  # one idle worker receives it and ends
            logger.info("Workers are idle: %s workers now.", self.wanted)

    def reincarnate(self, process: Any) -> None:
        """Replace a process of the pool that has ended, unless the pool is shrinking."""
        if process in self.pool and len(self.pool) > self.wanted:
            self.pool.remove(process)
        else:
            super().reincarnate(process)


def standstill() -> float:
    """Return the seconds without a heartbeat after which a worker hangs: at least two leases."""
    return max(HUNG_SECONDS, 2.0 * settings.JOB_LEASE_SECONDS)


def places(size: Size) -> int:
    """Return the number of records for a pool of this size, with spares for workers that are about
    to end.
    """
    return size.most + 8


def run_pool(*, worker_group: str, stop: Flag, size: Size, table: ProcessTable) -> None:
    """Run until `stop` is set and all workers have ended.

    Call this in a process of its own, as its last action.
    """
    Conf.WORKERS = size.least
    bootstrap.prepare(worker_group=worker_group, stop=stop)
    post_spawn.connect(bootstrap.begin, dispatch_uid="jobs.worker.bootstrap")
    os.register_at_fork(before=_remember, after_in_child=_die_with_the_pool)
    pool = Pool(stop, size, table)
    # Terminals and service managers signal the whole process group; only the supervisor reacts.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connections.close_all()
    pool.start()


class _Fork:
    parent = 0


def _remember() -> None:
    _Fork.parent = os.getpid()


def _die_with_the_pool() -> None:
    linux_processes.die_with(_Fork.parent)
