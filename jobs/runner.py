"""One runner owns the start, the finish and the failure of every job."""

import logging
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Protocol

from django.db import InterfaceError, OperationalError, connection
from django.utils.translation import gettext_noop

from ground.away import AwayError, connection_lost, is_away
from ground.clock import database_now
from ground.sentence import SaidError, Sentence
from ground.tracing import job_id, traced

from . import registry
from .domain import finish
from .domain.claim import claim
from .domain.reap import tick
from .enums import WaitFor
from .errors import LeaseLost
from .lease import Lease, never
from .models import Job
from .outcomes import Done, Fail, JobStopped, Unclear, Wait
from .run import Run

logger = logging.getLogger("ai_video.jobs")

type Outcome = Done | Wait | Exception

MESSAGE_LENGTH = 300
AWAY = timedelta(seconds=10)  # until a job looks again whether the store is back or the disk has room


class HookError(Exception):
    """A function that is called at the end of a job raised."""


class Watch(Protocol):
    """Keeps a lease alive while the handler works."""

    def holding(self, lease: Lease) -> AbstractContextManager[None]: ...


def run(job: Job, *, watch: Watch | None = None, stopping: Callable[[], bool] = never, clean: Callable[[], None] | None = None) -> None:
    """One turn of a claimed job: calls its handler and writes what became of it. Raises nothing that the handler raised.

    `stopping` says that this process wants to end; `clean` is called between the handler's end and the writing, whatever happened.
    """
    registered = registry.find(job.name)
    lease = Lease(job, time_limit=registered.time_limit, stopping=stopping)
    with traced(job_id, job.pk), watch.holding(lease) if watch else nullcontext():
        try:
            outcome = _call(registered.function, Run(job, lease, watched=watch is not None))
        except BaseException:
            with suppress(LeaseLost):
                finish.release(job, took=lease.took)  # Ctrl-C in the middle of a turn
            raise
        finally:
            if clean:
                clean()
        _write_while_leased(job, lease, outcome)


def _write_while_leased(job: Job, lease: Lease, outcome: Outcome) -> None:
    """Writes the outcome, again and again while the database is away and the lease lasts; after that the reaper has the job."""
    pause = 0.1
    while True:
        try:
            _settle(job, lease, outcome)
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block or time.monotonic() + pause > lease.until:
                raise
            logger.warning("The outcome of job %s could not be written (%s); trying again.", job.pk, error)
            connection.close()
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
        except Exception as error:  # a hook's mistake: the job's transaction was rolled back as a whole
            logger.exception("Job %s could not be ended", job.pk)
            if isinstance(outcome, HookError):
                return  # not even its failure can be written; the reaper tries again later
            outcome = HookError(error)
        else:
            return


def _call(function: "registry.Handler", turn: Run) -> Outcome:
    try:
        outcome = function(turn)
    except OSError as error:
        return AwayError(gettext_noop("The disk is full.")) if is_away(error) else error
    except (OperationalError, InterfaceError) as error:
        return AwayError(gettext_noop("The database did not answer.")) if connection_lost(error) else error
    except Exception as error:  # noqa: BLE001  the runner is the one place that judges every failure
        return error
    if isinstance(outcome, (Done, Wait)):
        return outcome
    return TypeError(f"The handler of {turn.job.name} returned {outcome!r}, not Done or Wait.")


def _settle(job: Job, lease: Lease, outcome: Outcome) -> None:
    try:
        try:
            _write(job, lease, outcome)
        except LeaseLost:
            finish.cancelled(job, took=lease.took)  # nothing but a cancel request may have been in the way
    except LeaseLost:
        logger.warning("Job %s is no longer ours (token %s): its late result is dropped.", job.pk, job.token)


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
        case AwayError():
            logger.warning("Job %s waits: %s", job.pk, outcome)
            finish.wait(job, Wait(database_now() + AWAY, WaitFor.TIME, outcome.sentence), took=lease.took)
        case _ if lease.overtime:
            limit = int(lease.limit - lease.begun)
            sentence = Sentence(gettext_noop("It took longer than %(seconds)s seconds."), {"seconds": limit})
            finish.retry_or_fail(job, sentence, code="overtime", took=lease.took)
        case _ if lease.should_stop():
            finish.release(job, took=lease.took)
        case _:
            sentence, code, detail = _explained(outcome)
            finish.retry_or_fail(job, sentence, code=code, took=lease.took, detail=detail)


def _explained(error: Exception) -> tuple[Sentence, str, str]:
    """What to tell a person, the stable code, and the traceback unless the error was expected."""
    if isinstance(error, HookError):
        error = error.args[0]
    elif isinstance(error, SaidError):
        return error.sentence, error.code, ""
    logger.error("A handler failed unexpectedly", exc_info=error)
    detail = "".join(traceback.format_exception(error))
    if isinstance(error, JobStopped):
        return Sentence(gettext_noop("It stopped although nobody had asked for it.")), "stopped", detail
    text = f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH]
    return Sentence(gettext_noop("Unexpected error: %(error)s"), {"error": text}), "unexpected", detail


def run_due(*, worker: str = "here", limit: int | None = None) -> int:
    """Runs all jobs that are due, and those that become due by it, in this process; returns how many turns were taken.

    For tests and tools that want no worker. Waits whose time has not come are left waiting.
    """
    turns = 0
    while limit is None or turns < limit:
        tick()
        job = claim(worker=worker)
        if job is None:
            break
        run(job)
        turns += 1
    return turns
