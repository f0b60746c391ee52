"""What a worker knows about its right to the job it works on."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import connection

from ground.clock import DatabaseNow, database_now

from .domain.claim import lease
from .enums import JobStatus
from .models import Job
from .outcomes import JobStopped


def never() -> bool:
    return False


class Lease:
    """The right to one job for one turn. Read by the handler's thread, written by the pulse; times are monotonic seconds."""

    def __init__(self, job: Job, *, time_limit: timedelta, stopping: Callable[[], bool] = never) -> None:
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
        """Also when the lease ran out unnoticed: this process may have been frozen, and another one may have the job now."""
        return self.lost or self.cancelled or self.stopping() or time.monotonic() > min(self.until, self.limit)

    def look(self) -> None:
        """Reads whether the job is still ours and wanted, and extends the lease when a third of it is used up."""
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
        """Locks the job's row for the rest of the transaction, if the job is still this attempt's. Raises JobStopped otherwise."""
        if not connection.in_atomic_block:
            raise RuntimeError("A lease is held for the length of a transaction: call hold() inside one.")
        mine = Job.objects.select_for_update(no_key=True).filter(pk=self.job.pk, token=self.job.token, status=JobStatus.RUNNING)
        found = list(mine.values_list("lease_until", "cancel_requested_at"))
        if not found:
            self.lost = True
            raise JobStopped("The job is no longer this attempt's.")
        ((until, cancel_requested_at),) = found
        if cancel_requested_at is not None:
            self.cancelled = True
            raise JobStopped("The job is to be cancelled.")
        # Asked for after the lock was obtained: waiting for it may have taken longer than the lease.
        if until is None or until <= database_now():
            self.lost = True
            raise JobStopped("The lease has run out.")
