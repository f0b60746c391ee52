"""The object passed to a handler: its job, and methods to report progress."""

import time

from django.db import InterfaceError, OperationalError, connection

from core.clock import DatabaseNow
from core.localized_messages import LocalizedMessage
from core.unavailable import connection_lost

from .lease import Lease
from .models import Job, JobLog
from .services import job_log

DONE = 100  # percent
LOOK_SECONDS = 0.5  # maximum delay before a cancel is noticed
PROGRESS_SECONDS = 0.3  # minimum interval between two progress writes


class Run:
    """One attempt of one job. `job` is the row as it was claimed; do not save it."""

    def __init__(self, job: Job, lease: Lease, *, watched: bool) -> None:
        self.job = job
        self.lease = lease
        self.watched = watched  # by a heartbeat thread; otherwise should_stop() checks the lease
        self.looked = time.monotonic()
        self.progress_at = 0.0
        self.percent = -1

    def should_stop(self) -> bool:
        """Return whether the handler should stop early by raising JobStopped.

        True if the job was cancelled, the worker is shutting down, the time limit has passed, or
        another worker has claimed the job. The call is cheap and thread-safe.
        """
        if not self.watched and time.monotonic() > self.looked + LOOK_SECONDS:
            self.looked = time.monotonic()
            self.lease.look()
        return self.lease.should_stop()

    def hold(self) -> None:
        """Lock the job's row. Call this first in each transaction in which the attempt writes.

        Until the commit, no other process can claim, cancel or end the job, so a suspended attempt
        cannot write late. Lock other rows after this one, never before. Raises JobStopped if the
        job no longer belongs to this attempt, its lease has expired by the database's clock, or a
        cancel was requested.
        """
        self.lease.hold()

    def progress(self, percent: int, note: LocalizedMessage | None = None) -> None:
        """Report the progress in percent (0 to 100) and an optional note. Frequent calls are
        throttled.

        Do not call this inside a transaction: the row would stay locked, and neither the heartbeat
        nor a cancel could update it.
        """
        percent = max(0, min(DONE, int(percent)))
        now = time.monotonic()
        hurried = now < self.progress_at + PROGRESS_SECONDS
        if (percent == self.percent and note is None) or (
            hurried and note is None and percent < DONE
        ):
            return
        self.progress_at, self.percent = now, percent
        values = {"progress": percent, **({"note_data": note.as_json()} if note else {})}
        mine = Job.objects.filter(pk=self.job.pk, token=self.job.token, status="running")
        try:
            changed = mine.update(updated_at=DatabaseNow(), **values)
        except (OperationalError, InterfaceError) as error:
            if not connection_lost(error):
                raise
            # progress can be written later; the work itself needs no database now
            connection.close()
            return
        if not changed:
            self.lease.lost = True

    def log(
        self, sentence: LocalizedMessage, level: str = JobLog.Level.INFO, detail: str = ""
    ) -> None:
        """Add a line to the job's log."""
        job_log.log(self.job, sentence, level=level, detail=detail)
