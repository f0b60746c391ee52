"""What time does to jobs: waits that are over become due, and the jobs of vanished workers are taken back."""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from ground.clock import DatabaseNow, database_now
from ground.sentence import Sentence
from jobs.bell import ring, ring_on_commit
from jobs.enums import JobStatus
from jobs.models import Job, JobLog, Worker

from . import finish
from .claim import lease

logger = logging.getLogger("ai_video.jobs")

AT_ONCE = 200
FORGET_WORKERS = timedelta(hours=1)
VANISHED = gettext_noop("The worker vanished in the middle of the job.")


def tick() -> int:
    """Everything that is due to be done by time; returns how many jobs became due. Any process may call it at any moment."""
    due = make_due() + reap()
    if due:
        ring()
    return due


def make_due() -> int:
    """Waiting jobs whose time has come are queued."""
    over = Q(status=JobStatus.WAITING, run_at__lte=DatabaseNow())
    # Looking first: most of the time there is nothing, and on SQLite an update that changes nothing still locks out all writers.
    found = list(Job.objects.filter(over).order_by("run_at").values_list("pk", flat=True)[:AT_ONCE])
    if not found:
        return 0
    return Job.objects.filter(over, pk__in=found).update(updated_at=DatabaseNow(), **finish.made_due(over))


def reap() -> int:
    """Takes back the jobs whose lease ran out; returns how many are queued again. Those without an attempt left fail."""
    expired = Job.objects.filter(status=JobStatus.RUNNING, lease_until__lt=DatabaseNow()).order_by("lease_until")[:AT_ONCE]
    return sum(_reap_safely(job) for job in expired)


def take_back(workers: Q, *, interrupted: bool = False) -> int:
    """Takes back all jobs of workers that are known to be dead, without waiting for their leases.

    `interrupted`: they were ended on purpose, which uses up no attempt.
    """
    jobs = Job.objects.filter(workers, status=JobStatus.RUNNING)
    return sum(_reap_safely(job, interrupted=interrupted) for job in jobs)


def _reap_safely(job: Job, *, interrupted: bool = False) -> bool:
    try:
        return _reap_one(job, interrupted=interrupted)
    except Exception:
        # A hook that raises must not keep the others from being taken back: this one has its turn after another lease.
        logger.exception("Job %s could not be taken back", job.pk)
        Job.objects.filter(pk=job.pk, token=job.token, status=JobStatus.RUNNING).update(lease_until=DatabaseNow(lease()))
        return False


def _reap_one(job: Job, *, interrupted: bool) -> bool:
    """Whether it is queued again. Goes on only if the row is exactly as it was read: its worker may be alive after all."""
    now = database_now()
    same = Job.objects.filter(pk=job.pk, token=job.token, status=JobStatus.RUNNING, lease_until=job.lease_until)
    left = {"lease_until": None, "worker": "", "updated_at": now}
    with transaction.atomic():
        if not same.select_for_update(skip_locked=True).values_list("pk").first():
            return False  # or a process that hangs in the middle of ending it holds the row: whoever waited for that one would hang too
        if job.cancel_requested_at:
            return _end(job, JobStatus.CANCELLED, same, left | {"finished_at": now} | finish.cancelled_values())
        if not interrupted and job.attempts >= job.max_attempts:
            finish.log(job, Sentence(VANISHED), level=JobLog.Level.ERROR, detail=job.worker)
            return _end(job, JobStatus.FAILED, same, left | {"finished_at": now} | finish.failed_values(Sentence(VANISHED), "worker_lost"))
        attempts = job.attempts - 1 if interrupted else job.attempts
        if not same.update(status=JobStatus.QUEUED, run_at=now, attempts=attempts, **left):
            return False
        if not interrupted:
            finish.log(job, Sentence(VANISHED), level=JobLog.Level.WARNING, detail=job.worker)
        ring_on_commit()
    return True


def _end(job: Job, status: JobStatus, same: QuerySet[Job], values: dict[str, Any]) -> bool:
    """Ends the job if its row is still the same. It is not queued again: False."""
    if same.update(status=status, **values):
        finish.end(job, status, **values)
    return False


def forget_workers() -> None:
    """Deletes the rows of workers that were last seen long ago."""
    Worker.objects.filter(seen_at__lt=DatabaseNow(-FORGET_WORKERS)).delete()
