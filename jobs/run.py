"""What a handler is given: its job, and the ways to tell of it."""

import time

from django.db import InterfaceError, OperationalError, connection

from ground.away import connection_lost
from ground.clock import DatabaseNow
from ground.sentence import Sentence

from .domain import finish
from .lease import Lease
from .models import Job, JobLog

DONE = 100  # percent
LOOK_SECONDS = 0.5  # how late a cancel is noticed
PROGRESS_SECONDS = 0.3  # at most so often a progress is written


class Run:
    """One turn of one job. `job` is the row as it was claimed: read it, never save it."""

    def __init__(self, job: Job, lease: Lease, *, watched: bool) -> None:
        self.job = job
        self.lease = lease
        self.watched = watched  # by a pulse; otherwise should_stop() looks for itself
        self.looked = time.monotonic()
        self.progress_at = 0.0
        self.percent = -1

    @property
    def started_with_token(self) -> int:
        """The fencing token of this turn: higher than that of any turn before."""
        return self.job.token

    def should_stop(self) -> bool:
        """Whether to end early (raise JobStopped): cancelled, the worker ends, the time is over, or the job is somebody else's now.

        Costs next to nothing; call it as often as you like, from any thread.
        """
        if not self.watched and time.monotonic() > self.looked + LOOK_SECONDS:
            self.looked = time.monotonic()
            self.lease.look()
        return self.lease.should_stop()

    def hold(self) -> None:
        """Call first in each transaction in which this attempt writes: children, scenes, takes, reservations.

        Locks the job's row. Until the commit nobody can take the job over, cancel it or end it, so that an attempt that
        stood still writes nothing late. Raises JobStopped if the job is not this attempt's any more, its lease has run
        out by the database's clock, or a cancel was asked for. Other rows are locked after it, never before.
        """
        self.lease.hold()

    def progress(self, percent: int, note: Sentence | None = None) -> None:
        """Tells how far it is (0 to 100) and what it does. May be called often: only some of the calls are written.

        Not inside a transaction: the row would stay locked, and neither the pulse nor a cancel could reach it.
        """
        percent = max(0, min(DONE, int(percent)))
        now = time.monotonic()
        hurried = now < self.progress_at + PROGRESS_SECONDS
        if (percent == self.percent and note is None) or (hurried and note is None and percent < DONE):
            return
        self.progress_at, self.percent = now, percent
        values = {"progress": percent, **({"note_data": note.as_json()} if note else {})}
        mine = Job.objects.filter(pk=self.job.pk, token=self.job.token, status="running")
        try:
            changed = mine.update(updated_at=DatabaseNow(), **values)
        except (OperationalError, InterfaceError) as error:
            if not connection_lost(error):
                raise
            connection.close()  # how far it is can be told later; the work itself needs no database now
            return
        if not changed:
            self.lease.lost = True

    def log(self, sentence: Sentence, level: str = JobLog.Level.INFO, detail: str = "") -> None:
        """A line in the job's log, for people."""
        finish.log(self.job, sentence, level=level, detail=detail)
