"""Enqueues, cancels, retries and wakes jobs.

Each function is one transaction and notifies the workers after the commit.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_noop

from core.clock import DatabaseNow, database_now, insert_time
from core.localized_messages import LocalizedMessage
from jobs import registry
from jobs.enums import ENDED, OPEN, JobStatus, WaitFor
from jobs.errors import AlreadyOpen, NoSuchJob, NotPossible
from jobs.models import Job, default_backoff, new_job_id
from jobs.wakeup import notify_on_commit

from . import envelope, finish
from .backoff import require_backoff
from .job_log import log
from .priority import of_part

TRIES = 5
RETRIED = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR)
ALREADY_OPEN = gettext_noop("Another job for the same thing is open already.")
AS_NEW: dict[str, Any] = {
    "status": JobStatus.QUEUED,
    "wait_for": "",
    "attempts": 0,
    "progress": 0,
    "finished_at": None,
    "result": None,
    "error": None,
    "note_data": {},
    "cancel_requested_at": None,
}


def enqueue(
    name: str,
    *,
    data: dict[str, Any],
    subject: str,
    item: str = "",
    owner: Any = None,
    parent: Job | None = None,
    priority: int | None = None,
    max_attempts: int = 3,
    backoff: dict[str, Any] | None = None,
    run_at: datetime | None = None,
    unique_key: str = "",
) -> tuple[Job, bool]:
    """Create a job and return it with True, or return the open job with the same `unique_key` and
    False.

    The default priority is the one after the parent's, or 5 without a parent. Raises LookupError
    for a name without a handler, and ValueError for invalid data, backoff or numbers.
    """
    registry.find(name)
    envelope.require_data(data)
    backoff = default_backoff() if backoff is None else backoff
    require_backoff(backoff)
    if priority is None:
        priority = of_part(parent) if parent else 5
    if priority < 1 or max_attempts < 1:
        raise ValueError("Priority and attempts are at least 1.")
    now = insert_time()
    later = run_at is not None and run_at > database_now()
    job = Job(
        pk=new_job_id(subject),
        name=name,
        subject=subject,
        item=item,
        data=data,
        owner=owner,
        parent=parent,
        unique_key=unique_key,
        priority=priority,
        max_attempts=max_attempts,
        backoff=backoff,
        run_at=run_at or now,
        created_at=now,
        # A queued job is due. A job with a later time is waiting.
        status=JobStatus.WAITING if later else JobStatus.QUEUED,
        wait_for=WaitFor.TIME if later else "",
    )
    if not unique_key:
        job.save(force_insert=True)
        notify_on_commit()
        return job, True
    with transaction.atomic():
        made = _insert_once(job)
        if made is job:
            notify_on_commit()
    return made, made is job


def _insert_once(job: Job) -> Job:
    """Insert and return the job, or return the open job with the same key."""
    for _try in range(TRIES):
        if found := Job.objects.filter(unique_key=job.unique_key, status__in=OPEN).first():
            return found
        try:
            with transaction.atomic():
                job.save(force_insert=True)
        except IntegrityError as error:
            lost = error  # another process inserted first; its job may have ended since
        else:
            return job
    raise lost


def take_key(job: Job, key: str) -> bool:
    """Give a running job another unique key. Returns False if another open job has the key.

    `job` is the row as it was claimed. The old key is free at once. Returns False, too, if the job
    no longer belongs to this attempt.
    """
    mine = Job.objects.filter(pk=job.pk, token=job.token, status=JobStatus.RUNNING)
    try:
        with transaction.atomic():
            return bool(mine.update(unique_key=key, updated_at=DatabaseNow()))
    except IntegrityError:
        return False


def cancel(job_id: str, *, actor: Any = None, reason: str | LocalizedMessage = "") -> Job:
    """Cancel an open job and its open descendants. A running job is asked to stop and ends as
    cancelled.

    Raises NoSuchJob, and NotPossible for a job that has ended.
    """
    with transaction.atomic():
        job = _get(job_id)
        if job.status in ENDED:
            raise NotPossible(
                gettext_noop("The job has ended already: %(status)s."), status=job.status
            )
        # Deepest level first, the job itself last: a child that ends takes its locks in the same
        # order.
        for one in [*reversed(open_below(job)), job]:
            _cancel_one(one, actor=actor, reason=reason)
        job.refresh_from_db()
    return job


def open_below(job: Job) -> list[Job]:
    """Return the open descendants of this job."""
    found: list[Job] = []
    level = [job.pk]
    while level:
        children = list(Job.objects.filter(parent__in=level, status__in=OPEN).order_by("pk"))
        found += children
        level = [child.pk for child in children]
    return found


def _cancel_one(job: Job, *, actor: Any, reason: str | LocalizedMessage) -> None:
    now = database_now()
    ended = {"finished_at": now, **finish.cancelled_values()}
    idle = Job.objects.filter(
        pk=job.pk, status__in=(JobStatus.QUEUED, JobStatus.WAITING, JobStatus.UNCLEAR)
    )
    running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING)
    for _try in range(TRIES):
        if idle.update(status=JobStatus.CANCELLED, wait_for="", updated_at=now, **ended):
            log(job, CANCELLED.written(actor, reason))
            finish.end(job, JobStatus.CANCELLED, **ended)
            return
        if running.update(cancel_requested_at=now, updated_at=now):
            log(job, ASKED_TO_STOP.written(actor, reason))
            return
        if not Job.objects.filter(pk=job.pk, status__in=OPEN).exists():
            return  # it ended in the meantime


@dataclass(frozen=True, slots=True)
class _LogMessage:
    """A line of the log, as it reads with and without the person and the reason."""

    plain: str
    by: str  # with a person, and perhaps a reason
    because: str  # with a reason, but no person

    def written(self, actor: Any, reason: str | LocalizedMessage) -> LocalizedMessage:
        if not actor and not reason:
            return LocalizedMessage(self.plain)
        template = self.by if actor else self.because
        return LocalizedMessage(template, {"who": str(actor or ""), "reason": reason})


CANCELLED = _LogMessage(
    gettext_noop("Cancelled."),
    gettext_noop("Cancelled by %(who)s. %(reason)s"),
    gettext_noop("Cancelled. %(reason)s"),
)
ASKED_TO_STOP = _LogMessage(
    gettext_noop("Told to stop."),
    gettext_noop("Told to stop by %(who)s. %(reason)s"),
    gettext_noop("Told to stop. %(reason)s"),
)
QUEUED_AGAIN = _LogMessage(
    gettext_noop("Queued again."),
    gettext_noop("Queued again by %(who)s. %(reason)s"),
    gettext_noop("Queued again. %(reason)s"),
)


def locked_for_retry(job_id: str) -> Job:
    """Lock a job that is about to be tried again, for checks before `retry`. Raises as `retry`."""
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id).first() or _get(job_id)
    if job.status not in RETRIED:
        raise _not_retried(job)
    if (
        job.unique_key
        and Job.objects.filter(unique_key=job.unique_key, status__in=OPEN)
        .exclude(pk=job.pk)
        .exists()
    ):
        raise AlreadyOpen(ALREADY_OPEN)
    return job


def retry(job_id: str, *, actor: Any = None) -> Job:
    """Queue a failed, cancelled or unclear job again, with all its attempts.

    Raises NoSuchJob, NotPossible for any other state, AlreadyOpen if an open job with the same key
    exists.
    """
    with transaction.atomic():
        job = _get(job_id)
        now = DatabaseNow()
        again = Job.objects.filter(pk=job_id, status__in=RETRIED)
        try:
            with transaction.atomic():
                changed = again.update(
                    run_at=now, updated_at=now, request_no=F("request_no") + 1, **AS_NEW
                )
        except IntegrityError as error:
            raise AlreadyOpen(ALREADY_OPEN) from error
        if not changed:
            raise _not_retried(job)
        log(job, QUEUED_AGAIN.written(actor, ""))
        notify_on_commit()
        job.refresh_from_db()
    return job


def _not_retried(job: Job) -> NotPossible:
    return NotPossible(
        gettext_noop("A job that is %(status)s cannot be tried again."), status=job.status
    )


def wake(*, subject: str = "", item: str = "", wait_for: str = "", name: str = "") -> int:
    """Make the matching waiting jobs due and return their number. A matching running job skips its
    next wait.

    A wake-up that gives a subject or an item but no `wait_for` is made by a user; it also resumes
    unclear jobs.
    """
    given = {
        key: value
        for key, value in {"subject": subject, "item": item, "name": name}.items()
        if value
    }
    jobs: QuerySet[Job] = Job.objects.filter(**given)
    waiting = Q(status=JobStatus.WAITING, **({"wait_for": wait_for} if wait_for else {}))
    now = DatabaseNow()
    with transaction.atomic():
        woken = jobs.filter(waiting).count()
        finish.wake(jobs, only=wait_for)
        if (subject or item) and not wait_for:
            woken += jobs.filter(status=JobStatus.UNCLEAR).update(
                status=JobStatus.QUEUED,
                wait_for="",
                run_at=now,
                error=None,
                note_data={},
                wakeup_count=F("wakeup_count") + 1,
                updated_at=now,
            )
    return woken


def _get(job_id: str) -> Job:
    try:
        return Job.objects.get(pk=job_id)
    except Job.DoesNotExist:
        raise NoSuchJob(gettext_noop("There is no job %(job)s."), job=job_id) from None
