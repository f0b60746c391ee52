"""Queues jobs whose wait has expired, and reclaims the jobs of dead workers."""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from core.clock import DatabaseNow, database_now
from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.lease import lease
from jobs.models import Job, JobLog, Worker
from jobs.wakeup import notify, notify_on_commit

from . import finish
from .job_log import log

logger = logging.getLogger("ai_video.jobs")

AT_ONCE = 200
FORGET_WORKERS = timedelta(hours=1)
VANISHED = gettext_noop("The worker vanished in the middle of the job.")


def tick() -> int:
    """Run all time-based work and return how many jobs became due. Any process may call it at any
    time.
    """
    due = make_due() + reclaim_expired()
    if due:
        notify()
    return due


def make_due() -> int:
    """Queue waiting jobs whose time has come."""
    over = Q(status=JobStatus.WAITING, run_at__lte=DatabaseNow())
    # Select first: usually nothing is due, and on SQLite an update without matches still blocks
    # writers.
    found = list(Job.objects.filter(over).order_by("run_at").values_list("pk", flat=True)[:AT_ONCE])
    if not found:
        return 0
    return Job.objects.filter(over, pk__in=found).update(
        updated_at=DatabaseNow(), **finish.due_values(over)
    )


def reclaim_expired() -> int:
    """Reclaim jobs with an expired lease and return how many are queued again.

    Jobs without a remaining attempt fail.
    """
    expired = Job.objects.filter(status=JobStatus.RUNNING, lease_until__lt=DatabaseNow()).order_by(
        "lease_until"
    )[:AT_ONCE]
    return sum(_reclaim_safely(job) for job in expired)


def reclaim_job(workers: Q, *, interrupted: bool = False) -> int:
    """Reclaim all jobs of workers known to be dead, without waiting for their leases.

    `interrupted`: the workers were stopped on purpose, which uses no attempt.
    """
    jobs = Job.objects.filter(workers, status=JobStatus.RUNNING)
    return sum(_reclaim_safely(job, interrupted=interrupted) for job in jobs)


def _reclaim_safely(job: Job, *, interrupted: bool = False) -> bool:
    try:
        return _reclaim_one(job, interrupted=interrupted)
    except Exception:
        # A failing hook must not stop the other jobs from being reclaimed. Retry this one after
        # another lease.
        logger.exception("Job %s could not be taken back", job.pk)
        Job.objects.filter(pk=job.pk, token=job.token, status=JobStatus.RUNNING).update(
            lease_until=DatabaseNow(lease())
        )
        return False


def _reclaim_one(job: Job, *, interrupted: bool) -> bool:
    """Reclaim the job and return whether it is queued again.

    Nothing changes unless the row is exactly as it was read, because its worker may still be alive.
    """
    now = database_now()
    same = Job.objects.filter(
        pk=job.pk, token=job.token, status=JobStatus.RUNNING, lease_until=job.lease_until
    )
    left = {"lease_until": None, "worker": "", "updated_at": now}
    with transaction.atomic():
        if not same.select_for_update(skip_locked=True).values_list("pk").first():
            # or a process that hangs while ending the job holds the lock: do not wait for it
            return False
        if job.cancel_requested_at:
            return _end(
                job,
                JobStatus.CANCELLED,
                same,
                left | {"finished_at": now} | finish.cancelled_values(),
            )
        if not interrupted and job.attempts >= job.max_attempts:
            log(job, LocalizedMessage(VANISHED), level=JobLog.Level.ERROR, detail=job.worker)
            return _end(
                job,
                JobStatus.FAILED,
                same,
                left
                | {"finished_at": now}
                | finish.failed_values(LocalizedMessage(VANISHED), "worker_lost"),
            )
        attempts = job.attempts - 1 if interrupted else job.attempts
        if not same.update(status=JobStatus.QUEUED, run_at=now, attempts=attempts, **left):
            return False
        if not interrupted:
            log(job, LocalizedMessage(VANISHED), level=JobLog.Level.WARNING, detail=job.worker)
        notify_on_commit()
    return True


def _end(job: Job, status: JobStatus, same: QuerySet[Job], values: dict[str, Any]) -> bool:
    """End the job if its row has not changed. Always returns False, because the job is not queued
    again.
    """
    if same.update(status=status, **values):
        finish.end(job, status, **values)
    return False


def forget_workers() -> None:
    """Delete the rows of workers not seen for FORGET_WORKERS."""
    Worker.objects.filter(seen_at__lt=DatabaseNow(-FORGET_WORKERS)).delete()
