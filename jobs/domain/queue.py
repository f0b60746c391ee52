"""Putting jobs into the queue and what people do to them there. Each function is one transaction; the bell rings after it."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_noop

from ground.clock import DatabaseNow, database_now
from ground.sentence import Sentence
from jobs import registry
from jobs.bell import ring_on_commit
from jobs.enums import ENDED, OPEN, JobStatus, WaitFor
from jobs.errors import AlreadyOpen, NoSuchJob, NotPossible
from jobs.models import Job, default_backoff, new_job_id

from . import envelope, finish, row
from .backoff import require_backoff
from .priority import of_part

TRIES = 5
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
    """A new job and True, or the open job that has the same `unique_key` already and False.

    Without a priority it comes right after its parent; without a parent, too, it has 5.
    Raises LookupError for a name without a handler and ValueError for data, backoff or numbers that are not of their form.
    """
    registry.find(name)
    envelope.require_data(data)
    backoff = default_backoff() if backoff is None else backoff
    require_backoff(backoff)
    if priority is None:
        priority = of_part(parent) if parent else 5
    if priority < 1 or max_attempts < 1:
        raise ValueError("Priority and attempts are at least 1.")
    now = database_now()
    later = run_at is not None and run_at > now
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
        # A queued job is due. One that is due later waits for its time.
        status=JobStatus.WAITING if later else JobStatus.QUEUED,
        wait_for=WaitFor.TIME if later else "",
    )
    if not unique_key:
        row.insert(job)  # one statement needs no transaction of its own: writers wait less for each other on SQLite
        ring_on_commit()
        return job, True
    with transaction.atomic():
        made = _insert_once(job)
        if made is job:
            ring_on_commit()
    return made, made is job


def _insert_once(job: Job) -> Job:
    """The job, inserted, or the open one with its key."""
    for _try in range(TRIES):
        if found := Job.objects.filter(unique_key=job.unique_key, status__in=OPEN).first():
            return found
        try:
            with transaction.atomic():
                row.insert(job)
        except IntegrityError as error:
            lost = error  # another process was faster; its job may even have ended since
        else:
            return job
    raise lost


def cancel(job_id: str, *, actor: Any = None, reason: str | Sentence = "") -> Job:
    """Ends an open job and its open children. One that is running is told to stop and ends as cancelled when it has stopped.

    Raises NoSuchJob, and NotPossible for a job that has ended.
    """
    with transaction.atomic():
        job = _get(job_id)
        if job.status in ENDED:
            raise NotPossible(gettext_noop("The job has ended already: %(status)s."), status=job.status)
        # The deepest first and the one that was asked for last: a child that ends by itself locks in the same order.
        for one in [*reversed(open_below(job)), job]:
            _cancel_one(one, actor=actor, reason=reason)
        job.refresh_from_db()
    return job


def open_below(job: Job) -> list[Job]:
    """The open jobs that work for this one, and those below them."""
    found: list[Job] = []
    level = [job.pk]
    while level:
        children = list(Job.objects.filter(parent__in=level, status__in=OPEN).order_by("pk"))
        found += children
        level = [child.pk for child in children]
    return found


def _cancel_one(job: Job, *, actor: Any, reason: str | Sentence) -> None:
    now = database_now()
    ended = {"finished_at": now, **finish.cancelled_values()}
    idle = Job.objects.filter(pk=job.pk, status__in=(JobStatus.QUEUED, JobStatus.WAITING, JobStatus.UNCLEAR))
    running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING)
    for _try in range(TRIES):
        if idle.update(status=JobStatus.CANCELLED, wait_for="", updated_at=now, **ended):
            finish.log(job, _said(gettext_noop("Cancelled."), actor, reason))
            finish.end(job, JobStatus.CANCELLED, **ended)
            return
        if running.update(cancel_requested_at=now, updated_at=now):
            finish.log(job, _said(gettext_noop("Told to stop."), actor, reason))
            return
        if not Job.objects.filter(pk=job.pk, status__in=OPEN).exists():
            return  # it ended in the meantime


def _said(template: str, actor: Any, reason: str | Sentence) -> Sentence:
    """Who did it and why, as far as it is known."""
    if not actor and not reason:
        return Sentence(template)
    who = str(actor or "")
    with_reason = {
        "Cancelled.": (gettext_noop("Cancelled by %(who)s. %(reason)s"), gettext_noop("Cancelled. %(reason)s")),
        "Told to stop.": (gettext_noop("Told to stop by %(who)s. %(reason)s"), gettext_noop("Told to stop. %(reason)s")),
        "Queued again.": (gettext_noop("Queued again by %(who)s. %(reason)s"), gettext_noop("Queued again. %(reason)s")),
    }
    return Sentence(with_reason[template][0 if who else 1], {"who": who, "reason": reason})


def retry(job_id: str, *, actor: Any = None) -> Job:
    """Queues a failed, cancelled or unclear job anew, with all its attempts.

    Raises NoSuchJob, NotPossible for any other state, AlreadyOpen if an open job for the same thing exists.
    """
    with transaction.atomic():
        job = _get(job_id)
        now = DatabaseNow()
        again = Job.objects.filter(pk=job_id, status__in=(JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR))
        try:
            with transaction.atomic():
                changed = again.update(run_at=now, updated_at=now, wish=F("wish") + 1, **AS_NEW)
        except IntegrityError as error:
            raise AlreadyOpen(gettext_noop("Another job for the same thing is open already.")) from error
        if not changed:
            raise NotPossible(gettext_noop("A job that is %(status)s cannot be tried again."), status=job.status)
        finish.log(job, _said(gettext_noop("Queued again."), actor, ""))
        ring_on_commit()
        job.refresh_from_db()
    return job


def wake(*, subject: str = "", item: str = "", wait_for: str = "", name: str = "") -> int:
    """Makes the waiting jobs that match due now and returns how many; a running one that matches will not begin a wait.

    A wake that names a subject or an item and not what was waited for is a person's: unclear jobs go on, too.
    """
    given = {key: value for key, value in {"subject": subject, "item": item, "name": name}.items() if value}
    jobs: QuerySet[Job] = Job.objects.filter(**given)
    waiting = Q(status=JobStatus.WAITING, **({"wait_for": wait_for} if wait_for else {}))
    now = DatabaseNow()
    with transaction.atomic():
        woken = jobs.filter(waiting).count()
        finish.nudge(jobs, only=wait_for)
        if (subject or item) and not wait_for:
            woken += jobs.filter(status=JobStatus.UNCLEAR).update(
                status=JobStatus.QUEUED, wait_for="", run_at=now, error=None, note_data={}, nudges=F("nudges") + 1, updated_at=now
            )
    return woken


def _get(job_id: str) -> Job:
    try:
        return Job.objects.get(pk=job_id)
    except Job.DoesNotExist:
        raise NoSuchJob(gettext_noop("There is no job %(job)s."), job=job_id) from None
