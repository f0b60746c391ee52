"""How a turn ends: written only while the fencing token still holds, with all consequences in the same transaction."""

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Least
from django.utils.translation import gettext_noop

from ground.clock import DatabaseNow, database_now
from ground.sentence import Sentence
from jobs import registry
from jobs.bell import ring_on_commit
from jobs.enums import GENERATING, OPEN, JobStatus, WaitFor
from jobs.errors import LeaseLost
from jobs.models import Job, JobLog
from jobs.outcomes import Done, Wait

from . import envelope, row
from .backoff import delay

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def log(job: Job, sentence: Sentence, *, level: str = JobLog.Level.INFO, detail: str = "") -> None:
    JobLog.objects.create(job=job, message_data=sentence.as_json(), level=level, detail=detail)


def end(job: Job, status: JobStatus, **values: Any) -> None:
    """What follows when a job's row has become succeeded, failed or cancelled: its hooks run, and its parent is told.

    Call inside the transaction that changed the row; `values` are what was written, for the hooks to read.
    """
    for name, value in {"status": status, **values}.items():
        setattr(job, name, value)
    for hook in registry.end_hooks(job.name):
        hook(job)
    if job.parent_id:
        nudge(Job.objects.filter(pk=job.parent_id), only=WaitFor.CHILDREN)


def nudge(jobs: QuerySet[Job], *, only: str = "") -> None:
    """Makes waiting jobs due, and lets those that are running or queued know that the wait they may begin is over already.

    One statement, so that a wake and the beginning of a wait can pass each other in any order without the wake being lost.
    With `only`, jobs that wait for something else go on waiting. Call inside a transaction.
    """
    ready = Q(status=JobStatus.WAITING, wait_for=only) if only else Q(status=JobStatus.WAITING)
    jobs.filter(status__in=OPEN).update(nudges=F("nudges") + 1, updated_at=DatabaseNow(), **made_due(ready))
    ring_on_commit()


def made_due(ready: Q) -> dict[str, Case]:
    """The new values of waiting rows that become due if `ready`; the time of a wait that belongs to the generation counts as worked."""
    waited = ExpressionWrapper(F("worked") + (DatabaseNow() - F("waiting_since")), output_field=DurationField())
    generating = ready & Q(wait_for__in=GENERATING, waiting_since__isnull=False)
    return {
        "status": Case(When(ready, then=Value(JobStatus.QUEUED)), default=F("status"), output_field=CharField()),
        "wait_for": Case(When(ready, then=Value("")), default=F("wait_for"), output_field=CharField()),
        # Due since now, not since the end of the wait that it was spared: the claim takes the one that is due longest.
        "run_at": Case(When(ready, then=Least(F("run_at"), DatabaseNow())), default=F("run_at"), output_field=DateTimeField()),
        "worked": Case(When(generating, then=waited), default=F("worked"), output_field=DurationField()),
    }


def _with_consequences(job: Job) -> AbstractContextManager[None]:
    """A transaction, if anything is written besides the job's row."""
    return transaction.atomic() if job.parent_id or registry.end_hooks(job.name) else nullcontext()


def succeed(job: Job, done: Done, *, took: timedelta) -> None:
    worked = job.worked + took
    result = envelope.success(done, generation_time=worked.total_seconds())
    with _with_consequences(job):
        _end_turn(job, JobStatus.SUCCEEDED, took=took, progress=100, result=result, error=None, note_data={})


def fail(job: Job, sentence: Sentence, *, code: str, took: timedelta) -> None:
    with transaction.atomic():
        _end_turn(job, JobStatus.FAILED, took=took, **failed_values(sentence, code))


def failed_values(sentence: Sentence, code: str) -> dict[str, Any]:
    return {
        "result": envelope.failure(sentence),
        "error": {"code": code, "sentence": sentence.as_json()},
        "note_data": sentence.as_json(),
    }


def cancelled(job: Job, *, took: timedelta) -> None:
    with transaction.atomic():
        _end_turn(job, JobStatus.CANCELLED, took=took, **cancelled_values())


def cancelled_values() -> dict[str, Any]:
    sentence = Sentence(gettext_noop("Cancelled."))
    return {"result": envelope.failure(sentence), "error": {"code": "cancelled", "sentence": sentence.as_json()}, "note_data": sentence.as_json()}


def wait(job: Job, outcome: Wait, *, took: timedelta) -> None:
    """The job waits and gives back its attempt; if it was woken while it ran, it is due at once."""
    now = DatabaseNow()
    values = {"waiting_since": now, "attempts": job.attempts - 1, "note_data": outcome.note.as_json()}
    with transaction.atomic():
        if not _changed(job, took=took, unless_woken=True, status=JobStatus.WAITING, run_at=outcome.until or NEVER, wait_for=outcome.wait_for, **values):
            _write(job, took=took, status=JobStatus.QUEUED, run_at=now, **values)
        elif outcome.wait_for == WaitFor.PERSON:
            _tell_parent(job)
        ring_on_commit()


def _tell_parent(job: Job) -> None:
    """A part that waits for a person will not end by itself: the whole looks what else there is to do, or asks that person."""
    if job.parent_id:
        nudge(Job.objects.filter(pk=job.parent_id), only=WaitFor.CHILDREN)


def retry_or_fail(job: Job, sentence: Sentence, *, code: str, took: timedelta, detail: str = "") -> None:
    """Waits for the next attempt as the envelope says, or fails after the last one; `detail` goes into the log."""
    with transaction.atomic():
        log(job, sentence, level=JobLog.Level.ERROR, detail=detail)
        if job.attempts >= job.max_attempts:
            _end_turn(job, JobStatus.FAILED, took=took, **failed_values(sentence, code))
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


def unclear(job: Job, sentence: Sentence, *, code: str, took: timedelta) -> None:
    """A person has to decide; if the job was woken while it ran, somebody may have decided already, and it is due at once."""
    error = {"code": code, "sentence": sentence.as_json()}
    values = {"error": error, "note_data": sentence.as_json()}
    with transaction.atomic():
        if _changed(job, took=took, unless_woken=True, status=JobStatus.UNCLEAR, wait_for=WaitFor.PERSON, **values):
            log(job, sentence, level=JobLog.Level.WARNING)
            _tell_parent(job)
        else:
            _write(job, took=took, status=JobStatus.QUEUED, run_at=DatabaseNow(), attempts=job.attempts - 1)
            ring_on_commit()


def release(job: Job, *, took: timedelta) -> None:
    """Back into the queue without using up the attempt: the worker ends, the job does not."""
    with transaction.atomic():
        _write(job, took=took, status=JobStatus.QUEUED, run_at=DatabaseNow(), attempts=job.attempts - 1)
        ring_on_commit()


def _end_turn(job: Job, status: JobStatus, *, took: timedelta, **values: Any) -> None:
    now = database_now()
    _write(job, took=took, status=status, finished_at=now, **values)
    end(job, status, finished_at=now, **values)


def _write(job: Job, *, took: timedelta, **values: Any) -> None:
    """Ends the lease with these values. Raises LeaseLost, and nothing is written, if the token no longer holds."""
    if not _changed(job, took=took, **values):
        raise LeaseLost(job.pk)


def _changed(job: Job, *, took: timedelta, unless_woken: bool = False, **values: Any) -> bool:
    """Whether the token still held, and the lease was ended with these values.

    A cancel that was asked for stands in the way of every end but a cancelled one; `unless_woken`: so does a wake since the claim.
    """
    wanted = "IS NULL" if values["status"] != JobStatus.CANCELLED else "IS NOT NULL"
    where, params = f"id = %s AND token = %s AND status = 'running' AND cancel_requested_at {wanted}", [job.pk, job.token]
    if unless_woken:
        where, params = f"{where} AND nudges = %s", [*params, job.nudges]
    ends = {"lease_until": None, "worker": "", "wait_for": "", "waiting_since": None, "updated_at": DatabaseNow()}
    sums = {"worked": job.worked + took, "queue_wait": job.queue_wait + waited_in_queue(job)}
    return row.update({**ends, **sums, **values}, where=where, params=params) == 1


def waited_in_queue(job: Job) -> timedelta:
    """How long this turn's claim came after the job was due."""
    return max(job.claimed_at - job.run_at, timedelta()) if job.claimed_at else timedelta()
