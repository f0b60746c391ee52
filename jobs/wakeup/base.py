"""The base of both wake-up brokers: a django-q2 broker that hands out drain tasks while jobs are
due.
"""

import logging
import time
from functools import cached_property

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone
from django_q.brokers import Broker
from django_q.signing import SignedPackage

from jobs.services.claim import is_due
from jobs.services.reclaim import tick

logger = logging.getLogger("ai_video.jobs")

DRAIN = "jobs.tasks.drain"
# time a woken worker needs to claim; checking earlier would wake another worker for the same job
CLAIM_SECONDS = 0.002
# between a look and one for the next notification: a stream of jobs is seen in groups, the first
# job after a silence at once
GATHER_SECONDS = 0.01
RETRY_SECONDS = 1.0
TICKS = 4  # a pusher ticks this many times less often than the ticker


class WakeupBroker(Broker):
    """The pusher of each worker pool calls `dequeue()` in a loop.

    After each wake-up it checks the database for a due job and hands out a task if there is one. A
    lost notification costs at most one tick; a superfluous one costs one query. After a task it
    checks again at once, so that one notification for a hundred jobs wakes every worker.
    """

    again = False
    ticked = 0.0
    looked = 0.0

    def wait(self, seconds: float) -> None:
        """Return at a notification, or after this many seconds."""
        raise NotImplementedError

    def dequeue(self) -> list[tuple[None, str]]:
        try:
            rest = CLAIM_SECONDS if self.again else GATHER_SECONDS
            if not self.again:
                self.wait(settings.JOB_TICK_MS / 1000)
            time.sleep(max(0.0, self.looked + rest - time.monotonic()))
            close_old_connections()
            self.looked = time.monotonic()
            self.again = is_due() or self.tick()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Due jobs cannot be looked for: %s", error)
            connection.close()
            time.sleep(RETRY_SECONDS)
            return []
        return [(None, self.task)] if self.again else []

    def tick(self) -> bool:
        """Occasionally run the ticker's work, in case the ticker is dead or suspended and all
        workers sleep.

        Return whether a job became due.
        """
        if time.monotonic() < self.ticked + TICKS * settings.JOB_TICK_MS / 1000:
            return False
        self.ticked = time.monotonic()
        return tick() > 0

    @cached_property
    def task(self) -> str:
        """The signed task for a worker. It is always the same."""
        now = timezone.now()
        task = {
            "id": "drain",
            "name": "drain",
            "func": DRAIN,
            "args": (),
            "kwargs": {},
            "started": now,
            "save": False,
            "ack_failure": True,
        }
        return str(SignedPackage.dumps(task))

    def ping(self) -> bool:
        """Return True: a pool starts even if the notification server is unreachable."""
        return True

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Do nothing: the Worker rows replace django-q2's statistics."""

    def queue_size(self) -> int:
        return 0
