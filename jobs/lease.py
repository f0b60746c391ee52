"""The lease of a worker on the job that it runs."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import connection

from core.clock import DatabaseNow, database_now

from .enums import JobStatus
from .models import Job
from .outcomes import JobStopped


def never() -> bool:
    return False


def lease() -> timedelta:
    """How long a lease is valid without a renewal."""
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


class Lease:
    """The lease on one job for one attempt.

    The handler's thread reads it and the heartbeat thread writes it. Times are monotonic seconds.
    """

    def __init__(
        self, job: Job, *, time_limit: timedelta, stopping: Callable[[], bool] = never
    ) -> None:
        self.job = job
        self.begun = time.monotonic()
        self.until = self.begun + settings.JOB_LEASE_SECONDS
        self.limit = self.begun + time_limit.total_seconds()
        self.stopping = stopping
        self.lost = False
        self.cancelled = False

    @property
    def took(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.begun)

    @property
    def overtime(self) -> bool:
        return time.monotonic() > self.limit

    def should_stop(self) -> bool:
        """Return whether the handler should stop.

        True also if the lease has expired unnoticed: this process may have been suspended, and
        another worker may have claimed the job.
        """
        return (
            self.lost
            or self.cancelled
            or self.stopping()
            or time.monotonic() > min(self.until, self.limit)
        )

    def look(self) -> None:
        """Check that the job still belongs to this attempt and is not cancelled.

        Renews the lease once a third of it has elapsed.
        """
        mine = Job.objects.filter(pk=self.job.pk, token=self.job.token, status=JobStatus.RUNNING)
        asked = time.monotonic()
        row = mine.values_list("cancel_requested_at").first()
        if row is None:
            self.lost = True
            return
        self.cancelled = row[0] is not None
        if asked > self.until - settings.JOB_LEASE_SECONDS * 2 / 3:
            if mine.update(lease_until=DatabaseNow(lease())):
                self.until = asked + settings.JOB_LEASE_SECONDS
            else:
                self.lost = True

    def hold(self) -> None:
        """Lock the job's row for the rest of the transaction.

        Raises JobStopped if the job no longer belongs to this attempt, the lease has expired, or a
        cancel was requested. Raises RuntimeError outside a transaction.
        """
        if not connection.in_atomic_block:
            raise RuntimeError(
                "A lease is held for the length of a transaction: call hold() inside one."
            )
        mine = Job.objects.select_for_update(no_key=True).filter(
            pk=self.job.pk, token=self.job.token, status=JobStatus.RUNNING
        )
        found = list(mine.values_list("lease_until", "cancel_requested_at"))
        if not found:
            self.lost = True
            raise JobStopped("The job is no longer this attempt's.")
        ((until, cancel_requested_at),) = found
        if cancel_requested_at is not None:
            self.cancelled = True
            raise JobStopped("The job is to be cancelled.")
        # Read after the lock is acquired: waiting for it may have taken longer than the lease.
        if until is None or until <= database_now():
            self.lost = True
            raise JobStopped("The lease has run out.")
