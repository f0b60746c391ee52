"""Ends an attempt.

A write requires the current fencing token; all effects share one transaction.
"""

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Least
from django.utils.translation import gettext_noop

from core.clock import DatabaseNow, sql_times
from core.localized_messages import LocalizedMessage
from jobs import registry
from jobs.enums import GENERATING, OPEN, JobStatus, WaitFor
from jobs.errors import LeaseLost
from jobs.models import Job, JobLog
from jobs.outcomes import Done, Wait
from jobs.wakeup import notify_on_commit

from . import envelope
from .backoff import delay
from .job_log import log

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# Written here as the claim is: compiling the same update by the ORM took a fifth of the processor
# time of a job.
WRITE = "UPDATE {job} SET {assignments} WHERE {mine}"


def end(job: Job, status: JobStatus, **values: Any) -> None:
    """Run the end hooks of a job and wake its parent, after its row has reached a final state.

    Call this inside the transaction that changed the row. `values` are the written fields, for the
    hooks to read.
    """
    for name, value in {"status": status, **values}.items():
        setattr(job, name, value)
    for hook in registry.end_hooks(job.name):
        hook(job)
    if job.parent_id:
        wake(Job.objects.filter(pk=job.parent_id), only=WaitFor.CHILDREN)


def wake(jobs: QuerySet[Job], *, only: str = "") -> None:
    """Make waiting jobs due, and record the wake-up on running or queued jobs so that they skip
    their next wait.

    This is one statement, so that a wake-up cannot be lost if a wait begins at the same time. With
    `only`, jobs that wait for another reason keep waiting. Call this inside a transaction.
    """
    ready = Q(status=JobStatus.WAITING, wait_for=only) if only else Q(status=JobStatus.WAITING)
    jobs.filter(status__in=OPEN).update(
        wakeup_count=F("wakeup_count") + 1, updated_at=DatabaseNow(), **due_values(ready)
    )
    notify_on_commit()


def due_values(ready: Q) -> dict[str, Case]:
    """Return the new values of waiting rows that become due if `ready`.

    The duration of a wait that is part of the generation is added to `worked`.
    """
    waited = ExpressionWrapper(
        F("worked") + (DatabaseNow() - F("waiting_since")), output_field=DurationField()
    )
    generating = ready & Q(wait_for__in=GENERATING, waiting_since__isnull=False)
    return {
        "status": Case(
            When(ready, then=Value(JobStatus.QUEUED)), default=F("status"), output_field=CharField()
        ),
        "wait_for": Case(
            When(ready, then=Value("")), default=F("wait_for"), output_field=CharField()
        ),
        # Due from now, not from the end of the skipped wait: the claim takes the longest overdue
        # job.
        "run_at": Case(
            When(ready, then=Least(F("run_at"), DatabaseNow())),
            default=F("run_at"),
            output_field=DateTimeField(),
        ),
        "worked": Case(
            When(generating, then=waited), default=F("worked"), output_field=DurationField()
        ),
    }


def _with_consequences(job: Job) -> AbstractContextManager[None]:
    """Return a transaction if more than the job's row is written, else a null context."""
    return transaction.atomic() if job.parent_id or registry.end_hooks(job.name) else nullcontext()


def succeed(job: Job, done: Done, *, took: timedelta) -> None:
    worked = job.worked + took
    result = envelope.success(done, generation_time=worked.total_seconds())
    with _with_consequences(job):
        _end_attempt(
            job,
            JobStatus.SUCCEEDED,
            took=took,
            progress=100,
            result=result,
            error=None,
            note_data={},
        )


def fail(job: Job, sentence: LocalizedMessage, *, code: str, took: timedelta) -> None:
    with transaction.atomic():
        _end_attempt(job, JobStatus.FAILED, took=took, **failed_values(sentence, code))


def failed_values(sentence: LocalizedMessage, code: str) -> dict[str, Any]:
    return {
        "result": envelope.failure(sentence),
        "error": {"code": code, "sentence": sentence.as_json()},
        "note_data": sentence.as_json(),
    }


def cancelled(job: Job, *, took: timedelta) -> None:
    with transaction.atomic():
        _end_attempt(job, JobStatus.CANCELLED, took=took, **cancelled_values())


def cancelled_values() -> dict[str, Any]:
    sentence = LocalizedMessage(gettext_noop("Cancelled."))
    return {
        "result": envelope.failure(sentence),
        "error": {"code": "cancelled", "sentence": sentence.as_json()},
        "note_data": sentence.as_json(),
    }


def wait(job: Job, outcome: Wait, *, took: timedelta) -> None:
    """Set the job to waiting and return its attempt. If it was woken while it ran, it is due at
    once.
    """
    now = DatabaseNow()
    values = {
        "waiting_since": now,
        "attempts": job.attempts - 1,
        "note_data": outcome.note.as_json(),
    }
    with transaction.atomic():
        if not _changed(
            job,
            took=took,
            unless_woken=True,
            status=JobStatus.WAITING,
            run_at=outcome.until or NEVER,
            wait_for=outcome.wait_for,
            **values,
        ):
            _write(job, took=took, status=JobStatus.QUEUED, run_at=now, **values)
        elif outcome.wait_for == WaitFor.PERSON:
            _notify_parent(job)
        notify_on_commit()


def _notify_parent(job: Job) -> None:
    """Wake the parent of a job that waits for a person, because the job will not end by itself.

    The parent continues with other work or asks that person.
    """
    if job.parent_id:
        wake(Job.objects.filter(pk=job.parent_id), only=WaitFor.CHILDREN)


def retry_or_fail(
    job: Job, sentence: LocalizedMessage, *, code: str, took: timedelta, detail: str = ""
) -> None:
    """Schedule the next attempt with the job's backoff, or fail after the last one.

    `detail` goes into the log.
    """
    with transaction.atomic():
        log(job, sentence, level=JobLog.Level.ERROR, detail=detail)
        if job.attempts >= job.max_attempts:
            _end_attempt(job, JobStatus.FAILED, took=took, **failed_values(sentence, code))
            return
        _write(
            job,
            took=took,
            status=JobStatus.WAITING,
            wait_for=WaitFor.BACKOFF,
            waiting_since=DatabaseNow(),
            run_at=DatabaseNow(delay(job.backoff, attempt=job.attempts)),
            note_data=sentence.as_json(),
        )


def unclear(job: Job, sentence: LocalizedMessage, *, code: str, took: timedelta) -> None:
    """Stop the job until a user decides.

    If it was woken while it ran, a user may have decided already, and it is due at once.
    """
    error = {"code": code, "sentence": sentence.as_json()}
    values = {"error": error, "note_data": sentence.as_json()}
    with transaction.atomic():
        if _changed(
            job,
            took=took,
            unless_woken=True,
            status=JobStatus.UNCLEAR,
            wait_for=WaitFor.PERSON,
            **values,
        ):
            log(job, sentence, level=JobLog.Level.WARNING)
            _notify_parent(job)
        else:
            _write(
                job,
                took=took,
                status=JobStatus.QUEUED,
                run_at=DatabaseNow(),
                attempts=job.attempts - 1,
            )
            notify_on_commit()


def release(job: Job, *, took: timedelta) -> None:
    """Return the job to the queue without using an attempt, because the worker is shutting down."""
    with transaction.atomic():
        _write(
            job, took=took, status=JobStatus.QUEUED, run_at=DatabaseNow(), attempts=job.attempts - 1
        )
        notify_on_commit()


def _end_attempt(job: Job, status: JobStatus, *, took: timedelta, **values: Any) -> None:
    _write(job, took=took, status=status, finished_at=DatabaseNow(), **values)
    end(job, status, **values)


def _write(job: Job, *, took: timedelta, **values: Any) -> None:
    """End the lease and write these values. Raises LeaseLost without writing if the token has
    changed.
    """
    if not _changed(job, took=took, **values):
        raise LeaseLost(job.pk)


def _changed(job: Job, *, took: timedelta, unless_woken: bool = False, **values: Any) -> bool:
    """End the lease, write these values, and return whether the token was still valid.

    After a cancel request only the cancelled state can be written. With `unless_woken`, nothing is
    written if the job was woken after the claim.
    """
    mine = [
        "id = %s AND token = %s AND status = 'running'",
        "cancel_requested_at IS NOT NULL"
        if values["status"] == JobStatus.CANCELLED
        else "cancel_requested_at IS NULL",
    ]
    own: list[Any] = [job.pk, job.token]
    if unless_woken:
        mine.append("wakeup_count = %s")
        own.append(job.wakeup_count)
    ends = {
        "lease_until": None,
        "worker": "",
        "wait_for": "",
        "waiting_since": None,
        "updated_at": DatabaseNow(),
    }
    sums = {"worked": job.worked + took, "queue_wait": job.queue_wait + waited_in_queue(job)}
    assignments, parameters = _assigned({**ends, **sums, **values})
    statement = WRITE.format(
        job=Job._meta.db_table,  # noqa: SLF001
        assignments=", ".join(assignments),
        mine=" AND ".join(mine),
    )
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, [*parameters, *own])
        return bool(cursor.rowcount == 1)


def _assigned(values: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Return these values of a job's fields as SQL assignments and their parameters."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = {field.name: field for field in Job._meta.concrete_fields}  # noqa: SLF001
    # All times of the statement are of the same moment.
    now, times = sql_times(*(one.plus for one in values.values() if isinstance(one, DatabaseNow)))
    assignments, parameters = [], []
    for name, value in values.items():
        field = fields[name]
        if isinstance(value, DatabaseNow):
            sql, parameter = now, times.pop(0)
        else:
            sql, parameter = "%s", field.get_db_prep_save(value, connection)
        assignments.append(f"{field.column} = {sql}")
        parameters.append(parameter)
    return assignments, parameters


def waited_in_queue(job: Job) -> timedelta:
    """Return the time between the job becoming due and its current claim."""
    return max(job.claimed_at - job.run_at, timedelta()) if job.claimed_at else timedelta()
