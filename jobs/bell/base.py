"""What both bells have in common: a broker of django-q2 that hands out drain tasks while something is due."""

import logging
import time
from functools import cached_property

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone
from django_q.brokers import Broker
from django_q.signing import SignedPackage

from jobs.domain.claim import is_due
from jobs.domain.reap import tick

logger = logging.getLogger("ai_video.jobs")

DRAIN = "jobs.tasks.drain"
CLAIM_SECONDS = 0.002  # what a woken worker takes to claim: looking again earlier would wake the next one for the same job, and spin while many ring
TROUBLE_SECONDS = 1.0
TICKS = 4  # so much more seldom than the ticker


class Bell(Broker):
    """The pusher of each worker pool calls `dequeue()` in a loop.

    Whatever woke it, it looks into the database for a due job and hands out a task if there is one: a lost ring costs at
    most one tick, a superfluous one costs a look. After a task it looks again at once, so that one ring for a hundred jobs
    wakes every worker.
    """

    again = False
    ticked = 0.0
    looked = 0.0

    def wait(self, seconds: float) -> None:
        """Returns when it rang, or after so many seconds."""
        raise NotImplementedError

    def dequeue(self) -> list[tuple[None, str]]:
        try:
            if not self.again:
                self.wait(settings.JOB_TICK_MS / 1000)
            time.sleep(max(0.0, self.looked + CLAIM_SECONDS - time.monotonic()))
            close_old_connections()
            self.looked = time.monotonic()
            self.again = is_due() or self.tick()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The bell cannot look for due jobs: %s", error)
            connection.close()
            time.sleep(TROUBLE_SECONDS)
            return []
        return [(None, self.task)] if self.again else []

    def tick(self) -> bool:
        """Now and then the ticker's work: it may be dead or frozen, and the workers asleep. Whether a job became due by it."""
        if time.monotonic() < self.ticked + TICKS * settings.JOB_TICK_MS / 1000:
            return False
        self.ticked = time.monotonic()
        return tick() > 0

    @cached_property
    def task(self) -> str:
        """What a worker is told to do; it is always the same."""
        now = timezone.now()
        task = {"id": "drain", "name": "drain", "func": DRAIN, "args": (), "kwargs": {}, "started": now, "save": False, "ack_failure": True}
        return str(SignedPackage.dumps(task))

    def ping(self) -> bool:
        """A pool starts whether the bell's server is there or not."""
        return True

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """django-q2's own statistics are not kept: the workers' rows tell who is alive."""

    def queue_size(self) -> int:
        return 0
