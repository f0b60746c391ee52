"""The next job is claimed in the transaction that ends the one before."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from core.clock import moved
from jobs.enums import WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Wait
from jobs.registry import on_end
from jobs.runner import run
from jobs.services.claim import claim
from jobs.services.pause import pause
from jobs.services.queue import cancel, enqueue
from jobs.services.reclaim import reclaim_expired
from jobs.worker import process
from jobs.worker.process import WorkerProcess
from jobs.worker.shared_memory import Flag
from tests.module_time import replace_time

from .conftest import STORY

concurrent = pytest.mark.django_db(transaction=True)


def following() -> Job | None:
    return claim(worker="w")


def states() -> dict[str, tuple[str, int]]:
    return {
        pk: (status, token)
        for pk, status, token in Job.objects.values_list("pk", "status", "token")
    }


@concurrent
@pytest.mark.parametrize("count", [1, 3])
def test_end_and_next_claim_cost_one_transaction_for_each_job(
    handles, make_job, django_assert_num_queries, count
):
    handles("work", lambda _run: Done())
    jobs = [make_job() for _job in range(count + 1)]
    job = claim(worker="w")
    ran = []
    with django_assert_num_queries(4 * count):  # begin, end of one, claim of the next, commit
        while job.pk != jobs[-1].pk:
            ran.append(job.pk)
            job = run(job, following=following)
    assert ran == [job.pk for job in jobs[:-1]]
    assert states() == dict.fromkeys(ran, ("succeeded", 1)) | {jobs[-1].pk: ("running", 1)}


def test_urgent_job_that_comes_meanwhile_is_next(handles, make_job):
    made = []
    handles("work", lambda _run: made.append(make_job("urgent", priority=1)) or Done())
    handles("urgent", lambda _run: Done())
    make_job()
    waiting = make_job()
    assert run(claim(worker="w"), following=following).pk == made[0].pk
    assert states()[waiting.pk] == ("queued", 0)


def test_pause_and_cancel_meanwhile_are_heeded(handles, make_job):
    def work(_run):
        cancel(cancelled.pk)
        pause("paused")
        return Done()

    handles("work", work)
    make_job()
    cancelled, paused = make_job(), make_job("paused")
    assert run(claim(worker="w"), following=following) is None
    assert states()[cancelled.pk] == ("cancelled", 0)
    assert states()[paused.pk] == ("queued", 0)


def test_parent_that_the_job_wakes_is_next(handles, make_job):
    handles("work", lambda _run: Done())
    parent = make_job("parent")
    Job.objects.update(status="waiting", wait_for="children")
    make_job(parent=parent)
    assert run(claim(worker="w"), following=following).pk == parent.pk


def test_failing_hook_ends_its_job_alone(handles, make_job):
    handles("work", lambda _run: Done(), time_limit=timedelta(minutes=1))

    @on_end("work")
    def hook(job):
        if job.status == "succeeded":
            raise ValueError(job.status)

    job, other = make_job(), make_job()
    assert run(claim(worker="w"), following=following) is None
    assert states() == {job.pk: ("waiting", 1), other.pk: ("queued", 0)}


def test_failing_claim_does_not_fail_the_job(handles, make_job):
    def broken():
        claim(worker="w")
        raise ValueError

    handles("work", lambda _run: Done())
    job, other = make_job(), make_job()
    assert run(claim(worker="w"), following=broken) is None
    assert states() == {job.pk: ("succeeded", 1), other.pk: ("queued", 0)}


@concurrent
def test_claim_is_kept_when_only_the_answer_of_the_commit_is_lost(handles, make_job):
    """Nobody else would run that job until its lease ends."""

    def lose():
        raise ConnectionError

    handles("work", lambda _run: Done())
    on_end("work")(lambda _job: transaction.on_commit(lose))
    job, other = make_job(), make_job()
    assert run(claim(worker="w"), following=following).pk == other.pk
    assert states() == {job.pk: ("succeeded", 1), other.pk: ("running", 1)}


def test_late_result_is_dropped_and_the_next_job_claimed(handles, make_job):
    handles("work", lambda _run: Job.objects.filter(pk=job.pk).update(token=7) and Done())
    job, other = make_job(), make_job()
    assert run(claim(worker="w"), following=following).pk == other.pk
    assert states() == {job.pk: ("running", 7), other.pk: ("running", 1)}


@concurrent
def test_two_workers_that_end_jobs_at_once_do_not_get_the_same_next(handles, make_job):
    together = threading.Barrier(2)

    def work(_run):
        together.wait(60)
        return Done()

    def take(job):
        try:
            return run(job, following=following)
        finally:
            connection.close()

    handles("work", work)
    with ThreadPoolExecutor(2) as threads:
        for _round in range(5):
            make_job(), make_job()
            current = [claim(worker="w"), claim(worker="w")]
            wanted = make_job("next")
            taken = [job.pk for job in threads.map(take, current) if job]
            assert taken == [wanted.pk]


def test_job_of_a_worker_that_ended_before_it_began_is_reclaimed(handles, make_job):
    handles("work", lambda _run: Done())
    make_job(), make_job()
    lost = run(claim(worker="w"), following=following)
    with moved(timedelta(hours=1)):
        assert reclaim_expired() == 1
        again = claim(worker="other")
        assert (again.pk, again.token, again.attempts) == (lost.pk, 2, 2)
        assert run(lost, following=following) is None
        assert states()[lost.pk] == ("running", 2)


@concurrent
def test_worker_that_stops_claims_no_more(handles, make_job):
    stop = Flag()
    handles("work", lambda _run: stop.set() or Done())
    make_job(), make_job()
    assert WorkerProcess(worker_group="w/", stop=stop).drain() == 1
    assert sorted(states().values()) == [("queued", 0), ("succeeded", 1)]


@concurrent
def test_worker_drains_jobs_that_become_due_meanwhile(handles, make_job):
    def work(current):
        if not current.job.item:
            data = {"story_id": STORY, "action": "work", "parameters": {}}
            enqueue("work", data=data, subject=STORY, item="made meanwhile")
        return Done()

    waits = [Wait(None, WaitFor.PERSON)]
    handles("work", work)
    handles("waits", lambda _run: waits.pop() if waits else Done())
    make_job(), make_job(), make_job("waits")
    assert WorkerProcess(worker_group="w/", stop=Flag()).drain() == 5
    assert sorted(states().values()) == [("succeeded", 1)] * 4 + [("waiting", 1)]


@concurrent
@pytest.mark.skipif(connection.vendor != "sqlite", reason="flushes every commit")
def test_only_claims_and_ends_are_flushed_later(handles, make_job):
    """They reach the disk with the next commit. All others, with what was paid, are flushed when
    they return, and so is an end that is written together with a claim.
    """
    seen = {}

    def look(execute, sql, params, many, context):
        seen.setdefault(sql.split()[0], set()).add(level())
        return execute(sql, params, many, context)

    def fail(_execute, sql, *_arguments):
        raise ValueError(sql)

    def level():
        return connection.connection.execute("PRAGMA synchronous").fetchone()[0]

    def work(_run):
        with connection.execute_wrapper(look):
            make_job("later")
        return Done()

    full, normal = 2, 1
    handles("work", work)
    handles("later", lambda _run: Done())
    make_job(), make_job()
    connection.connection.execute("PRAGMA synchronous=FULL")
    with connection.execute_wrapper(look):
        job = claim(worker="w")
    assert (seen.pop("UPDATE"), level()) == ({normal}, full)
    run(job)
    assert (seen.pop("INSERT"), level()) == ({full}, full)
    second = claim(worker="w")
    with connection.execute_wrapper(look):
        run(second)
    assert (seen.pop("UPDATE"), level()) == ({normal}, full)
    third = claim(worker="w")
    with connection.execute_wrapper(look):
        assert run(third, following=following)
    assert (seen.pop("UPDATE"), level()) == ({full}, full)
    make_job(max_attempts=1)
    last = claim(worker="w")
    with connection.execute_wrapper(look):
        run(last)
    assert (seen.pop("UPDATE"), level()) == ({full}, full)  # it would not be made again
    make_job()
    with connection.execute_wrapper(fail), pytest.raises(ValueError, match="SELECT"):
        claim(worker="w")
    assert level() == full


@concurrent
@pytest.mark.skipif(connection.vendor != "sqlite", reason="ends and claims in one transaction")
def test_worker_ends_a_job_and_claims_the_next_in_two_transactions(handles, make_job):
    """Other writers get the lock in between."""
    begun = []

    def look(execute, sql, params, many, context):
        begun.append(sql.split()[0])
        return execute(sql, params, many, context)

    handles("work", lambda _run: Done())
    make_job(), make_job()
    with connection.execute_wrapper(look):
        assert WorkerProcess(worker_group="w/", stop=Flag()).drain() == 2
    assert begun.count("UPDATE") == 4
    assert "BEGIN" not in begun


@concurrent
def test_worker_looks_once_more_before_it_returns_to_the_pool(handles, make_job, monkeypatch):
    """A job that comes within the rest is run without a turn of the pool, and the worker rests
    again after it.
    """
    coming = [True]
    rests = []

    def rest(seconds):
        rests.append(seconds)
        if coming:
            coming.pop()
            make_job()

    handles("work", lambda _run: Done())
    make_job()
    replace_time(monkeypatch, process, sleep=rest)
    assert WorkerProcess(worker_group="w/", stop=Flag()).drain() == 2
    assert rests == [process.REST_SECONDS] * 2
    rests.clear()
    assert WorkerProcess(worker_group="w/", stop=Flag()).drain() == 0
    assert rests == []  # whoever has run nothing is back at once


@concurrent
def test_worker_whose_claim_failed_still_ends_when_it_is_told_to(handles, make_job, monkeypatch):
    def fail(**_values):
        raise OperationalError("gone")

    worker = WorkerProcess(worker_group="w/", stop=Flag())
    monkeypatch.setattr(process, "claim", fail)
    with pytest.raises(OperationalError, match="gone"):
        worker.drain()
    with pytest.raises(SystemExit):
        worker.on_terminate()
