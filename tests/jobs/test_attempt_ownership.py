"""What an attempt writes beside its own row is written only while the job is its own."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from core.clock import DatabaseNow, moved
from jobs.lease import Lease
from jobs.models import Job, JobLog
from jobs.outcomes import Done, JobStopped
from jobs.run import Run
from jobs.runner import run, run_due
from jobs.services.claim import claim
from jobs.services.queue import cancel
from jobs.services.reclaim import reclaim_expired

LONG = timedelta(minutes=1)


@pytest.fixture
def attempt(make_job):
    """`attempt()`: the claimed job as its handler sees it."""

    def attempt():
        job = claim(worker="w")
        return Run(job, Lease(job, time_limit=LONG), watched=True)

    make_job()
    return attempt


def lose_lease():
    Job.objects.update(lease_until=DatabaseNow(-timedelta(seconds=1)))


def be_taken_over():
    lose_lease()
    reclaim_expired()
    assert claim(worker="other").token == 2


def be_cancelled():
    cancel(Job.objects.get().pk)


def be_ended():
    Job.objects.update(status="failed", lease_until=None)


def be_queued_again():
    lose_lease()
    reclaim_expired()


def test_hold_lets_the_owner_write(attempt):
    current = attempt()
    with transaction.atomic():
        current.hold()
        current.hold()
        JobLog.objects.create(job=current.job)
    assert JobLog.objects.count() == 1
    assert not current.should_stop()


@pytest.mark.parametrize(
    "event", [lose_lease, be_taken_over, be_cancelled, be_ended, be_queued_again]
)
def test_hold_raises_and_nothing_is_written(attempt, event):
    current = attempt()
    event()
    before = JobLog.objects.count()

    def write():
        with transaction.atomic():
            JobLog.objects.create(job=current.job)
            current.hold()

    with pytest.raises(JobStopped):
        write()
    assert JobLog.objects.count() == before
    assert current.should_stop()  # the runner takes it for an ordered stop, not for a mistake


def test_hold_goes_by_the_databases_clock(attempt, settings):
    settings.JOB_LEASE_SECONDS = 30
    current = attempt()
    with moved(timedelta(seconds=29)), transaction.atomic():
        current.hold()
    with moved(timedelta(seconds=31)), pytest.raises(JobStopped), transaction.atomic():
        current.hold()


@pytest.mark.django_db(transaction=True)
def test_hold_needs_a_transaction(attempt):
    with pytest.raises(RuntimeError, match="inside"):
        attempt().hold()


def test_a_handler_that_held_nothing_any_more_leaves_the_job_to_the_next(handles, make_job):
    """An attempt whose lease has run out writes nothing; the job is queued again and the next
    attempt does it.
    """
    seen = []

    def work(current):
        if not seen:
            lose_lease()
        seen.append(current.job.token)
        with transaction.atomic():
            current.hold()
            JobLog.objects.create(job=current.job, detail="effect")
        return Done()

    handles("work", work)
    job = make_job()
    run(claim(worker="w"))
    job.refresh_from_db()
    assert (job.status, job.attempts, JobLog.objects.filter(detail="effect").count()) == (
        "queued",
        0,
        0,
    )
    run_due()
    job.refresh_from_db()
    assert (job.status, JobLog.objects.filter(detail="effect").count(), seen) == (
        "succeeded",
        1,
        [1, 2],
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.row_locks
def test_nobody_takes_the_job_over_while_it_is_held(attempt):
    """The reaper passes a held row by; a cancel waits for the commit,
    and what was written stays.
    """
    current = attempt()
    results = {}

    def others():
        try:
            with moved(timedelta(hours=1)):
                results["reaped"] = reclaim_expired()
            cancel(current.job.pk)
            results["logs"] = JobLog.objects.filter(detail="effect").count()
        finally:
            connection.close()

    thread = threading.Thread(target=others)
    with transaction.atomic():
        current.hold()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()  # the cancel waits
        JobLog.objects.create(job=current.job, detail="effect")
    thread.join()
    assert results == {"reaped": 0, "logs": 1}
