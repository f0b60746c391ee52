"""The runner, which handles the start, the end and the failure of every job."""

import logging
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Protocol

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.durability import flushed_later
from core.localized_messages import DomainError, LocalizedMessage
from core.log_context import job_id, log_context
from core.unavailable import ServiceUnavailableError, connection_lost, is_unavailable

from . import registry
from .enums import JobStatus, WaitFor
from .errors import LeaseLost
from .lease import Lease, never
from .models import Job
from .outcomes import Done, Fail, JobStopped, Unclear, Wait
from .run import Run
from .services import finish
from .services.claim import claim
from .services.reclaim import tick

logger = logging.getLogger("ai_video.jobs")

type Outcome = Done | Wait | Exception

MESSAGE_LENGTH = 300
AWAY = timedelta(seconds=10)  # delay before a job checks the store or the disk again


class HookError(Exception):
    """An end hook of a job raised an exception."""


class Watch(Protocol):
    """Renews a lease while the handler runs."""

    def holding(self, lease: Lease) -> AbstractContextManager[None]: ...


def run(
    job: Job,
    *,
    watch: Watch | None = None,
    stopping: Callable[[], bool] = never,
    clean: Callable[[], None] | None = None,
    following: Callable[[], Job | None] | None = None,
) -> Job | None:
    """Run one attempt of a claimed job: call its handler and write the outcome.

    `stopping` returns whether this process is shutting down. `clean` is always called after the
    handler ends and before the outcome is written. `following` claims the next job in the
    transaction that writes the outcome; return that job. Exceptions of the handler do not
    propagate.
    """
    registered = registry.find(job.name)
    lease = Lease(job, time_limit=registered.time_limit, stopping=stopping)
    with log_context(job_id, job.pk), watch.holding(lease) if watch else nullcontext():
        try:
            outcome = _call(registered.function, Run(job, lease, watched=watch is not None))
        except BaseException:
            with suppress(LeaseLost):
                finish.release(job, took=lease.took)  # Ctrl+C during an attempt
            raise
        finally:
            if clean:
                clean()
        if following:
            written, claimed = _write_and_claim(job, lease, outcome, following)
            if written:
                return claimed
        _write_while_leased(job, lease, outcome)
    return None


def _write_and_claim(
    job: Job, lease: Lease, outcome: Outcome, following: Callable[[], Job | None]
) -> tuple[bool, Job | None]:
    """Write the outcome and claim the next job in one transaction, which costs one commit.

    Return whether both were written, and the claimed job. If not, nothing was: the outcome is then
    written alone, so that a failing claim does not count as a failure of this job.
    """
    claimed: Job | None = None
    try:
        with transaction.atomic():
            _settle(job, lease, outcome)
            claimed = following()
    except Exception as error:  # noqa: BLE001  writing the outcome alone shows whose failure it is
        logger.warning("Job %s could not be ended together with a claim: %s", job.pk, error)
        lost = isinstance(error, (OperationalError, InterfaceError))
        if lost and not connection.in_atomic_block:
            connection.close()
        # The commit may have reached the database although its answer, or a callback after it, was
        # lost. Then the claimed job is ours, and nobody else would run it until its lease ends.
        return claimed is not None and _is_ours(claimed), claimed
    return True, claimed


def _is_ours(job: Job) -> bool:
    """Return whether this claim is in the database. False if that cannot be found out."""
    try:
        return Job.objects.filter(
            pk=job.pk, token=job.token, worker=job.worker, status=JobStatus.RUNNING
        ).exists()
    except (OperationalError, InterfaceError):
        return False


def _write_while_leased(job: Job, lease: Lease, outcome: Outcome) -> None:
    """Write the outcome. Retry while the database is unreachable and the lease is valid.

    After that, `reclaim_expired` takes over the job.
    """
    pause = 0.1
    while True:
        try:
            # An attempt whose end is forgotten in a power failure is made again when its lease
            # has ended. What it bought, and what it sent, was committed and flushed before. The
            # last attempt is flushed: it would not be made again.
            with flushed_later() if job.attempts < job.max_attempts else nullcontext():
                _settle(job, lease, outcome)
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block or time.monotonic() + pause > lease.until:
                raise
            logger.warning(
                "The outcome of job %s could not be written (%s); trying again.", job.pk, error
            )
            connection.close()
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
        except (
            Exception
        ) as error:  # a hook failed: the whole transaction of the job was rolled back
            logger.exception("Job %s could not be ended", job.pk)
            if isinstance(outcome, HookError):
                return  # the failure cannot be written either; the job is reclaimed later
            outcome = HookError(error)
        else:
            return


def _call(function: "registry.Handler", run: Run) -> Outcome:
    try:
        outcome = function(run)
    except OSError as error:
        return (
            ServiceUnavailableError(gettext_noop("The disk is full."))
            if is_unavailable(error)
            else error
        )
    except (OperationalError, InterfaceError) as error:
        return (
            ServiceUnavailableError(gettext_noop("The database did not answer."))
            if connection_lost(error)
            else error
        )
    except Exception as error:  # noqa: BLE001  the runner handles every failure
        return error
    if isinstance(outcome, (Done, Wait)):
        return outcome
    return TypeError(f"The handler of {run.job.name} returned {outcome!r}, not Done or Wait.")


def _settle(job: Job, lease: Lease, outcome: Outcome) -> None:
    try:
        try:
            _write(job, lease, outcome)
        except LeaseLost:
            finish.cancelled(job, took=lease.took)  # a cancel request may be the only reason
    except LeaseLost:
        logger.warning(
            "Job %s is no longer ours (token %s): its late result is dropped.", job.pk, job.token
        )


def _write(job: Job, lease: Lease, outcome: Outcome) -> None:
    match outcome:
        case Done():
            finish.succeed(job, outcome, took=lease.took)
        case Wait():
            finish.wait(job, outcome, took=lease.took)
        case Unclear():
            finish.unclear(job, outcome.sentence, code=outcome.code, took=lease.took)
        case Fail():
            finish.fail(job, outcome.sentence, code=outcome.code, took=lease.took)
        case ServiceUnavailableError():
            logger.warning("Job %s waits: %s", job.pk, outcome)
            finish.wait(
                job, Wait(database_now() + AWAY, WaitFor.TIME, outcome.sentence), took=lease.took
            )
        case _ if lease.overtime:
            limit = int(lease.limit - lease.begun)
            sentence = LocalizedMessage(
                gettext_noop("It took longer than %(seconds)s seconds."), {"seconds": limit}
            )
            finish.retry_or_fail(job, sentence, code="overtime", took=lease.took)
        case _ if lease.should_stop():
            finish.release(job, took=lease.took)
        case _:
            sentence, code, detail = _explained(outcome)
            finish.retry_or_fail(job, sentence, code=code, took=lease.took, detail=detail)


def _explained(error: Exception) -> tuple[LocalizedMessage, str, str]:
    """Return a message, the stable code, and the traceback unless the error was expected."""
    if isinstance(error, HookError):
        error = error.args[0]
    elif isinstance(error, DomainError):
        return error.sentence, error.code, ""
    logger.error("A handler failed unexpectedly", exc_info=error)
    detail = "".join(traceback.format_exception(error))
    if isinstance(error, JobStopped):
        return (
            LocalizedMessage(gettext_noop("It stopped although nobody had asked for it.")),
            "stopped",
            detail,
        )
    text = f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH]
    return (
        LocalizedMessage(gettext_noop("Unexpected error: %(error)s"), {"error": text}),
        "unexpected",
        detail,
    )


def run_due(*, worker: str = "here", limit: int | None = None) -> int:
    """Run all due jobs in this process, including those that become due; return the number of
    attempts.

    For tests and tools without a worker. Jobs whose wait has not expired are skipped.
    """
    runs = 0
    while limit is None or runs < limit:
        tick()
        job = claim(worker=worker)
        if job is None:
            break
        run(job)
        runs += 1
    return runs
