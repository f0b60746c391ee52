"""Claiming: the best due job, once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.clock import database_now, moved, sql_now
from jobs import registry
from jobs.models import Job
from jobs.outcomes import Done
from jobs.runner import run, run_due
from jobs.services.claim import claim, is_due
from jobs.services.pause import pause, resume
from jobs.services.queue import wake
from jobs.services.reclaim import reclaim_expired
from jobs.services.statistics import oldest_due
from operations import monitoring


def test_claim_takes_priority_then_age(make_job):
    now = timezone.now()
    late = make_job(priority=1, run_at=now - timedelta(seconds=1))
    early = make_job(priority=1, run_at=now - timedelta(seconds=9))
    ordinary = make_job(run_at=now - timedelta(days=1))
    first = make_job(priority=1, run_at=now - timedelta(seconds=10))
    assert [claim(worker="a").pk for _ in range(4)] == [first.pk, early.pk, late.pk, ordinary.pk]
    assert claim(worker="a") is None


def test_claim_writes_lease_token_worker_and_attempt(make_job, settings):
    settings.JOB_LEASE_SECONDS = 30
    made = make_job()
    before = database_now()
    claimed = claim(worker="host:1")
    row = Job.objects.get(pk=made.pk)
    assert (row.status, row.token, row.attempts, row.worker) == ("running", 1, 1, "host:1")
    assert before <= row.claimed_at <= database_now()
    assert row.started_at == row.claimed_at
    assert (
        timedelta(0)
        <= row.lease_until - row.claimed_at - timedelta(seconds=30)
        < timedelta(seconds=1)
    )
    # What the worker holds is the row as it now is, JSON and times included.
    for field in Job._meta.fields:
        assert getattr(claimed, field.attname) == getattr(row, field.attname), field.attname


def test_claim_of_a_job_with_a_later_time_has_to_wait(make_job):
    job = make_job(run_at=timezone.now() + timedelta(hours=1))
    assert (job.status, job.wait_for) == ("waiting", "time")
    assert claim(worker="a") is None


def test_claim_passes_over_jobs_without_a_handler_here(make_job, monkeypatch):
    make_job("new_thing", priority=1)
    known = make_job("work")
    monkeypatch.delitem(registry._handlers, "new_thing")
    assert claim(worker="a").pk == known.pk
    assert claim(worker="a") is None
    assert not is_due()


def test_claim_respects_pauses(make_job, stranger):
    first, second = make_job("a", priority=1), make_job("b")
    row = pause("a", actor=stranger, reason="The provider is down.")
    assert (row.name, row.actor, row.reason) == ("a", stranger, "The provider is down.")
    assert claim(worker="w").pk == second.pk
    assert claim(worker="w") is None
    assert resume("a")
    assert not resume("a")
    pause()
    assert claim(worker="w") is None
    assert not is_due()
    resume()
    assert is_due()
    assert claim(worker="w").pk == first.pk


@pytest.mark.django_db(transaction=True)
def test_claim_by_many_threads_gives_each_job_to_one(make_job):
    jobs = {make_job().pk for _ in range(40)}

    def take_all(worker):
        try:
            taken = []
            while job := claim(worker=str(worker)):
                taken.append(job.pk)
            return taken
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = [pk for each in pool.map(take_all, range(8)) for pk in each]
    assert len(taken) == len(jobs)
    assert set(taken) == jobs


@pytest.mark.slow
def test_claim_reads_the_partial_index_whatever_the_history(make_job, django_assert_num_queries):
    """Among 20,000 ended jobs and 500 waiting ones the plan is the index of queued jobs, in order,
    without a sort.
    """
    make_job()
    template = Job.objects.get()
    rows = [
        Job(pk=f"ended_{n}", name="work", subject="s", status="succeeded", priority=1 + n % 9)
        for n in range(20_000)
    ]
    rows += [
        Job(pk=f"waiting_{n}", name="work", subject="s", status="waiting", priority=1)
        for n in range(500)
    ]
    Job.objects.bulk_create(rows, batch_size=2_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_job" if connection.vendor == "postgresql" else "ANALYZE")
    from jobs.services.claim import _sql

    now, at = sql_now()
    due, statement = _sql(connection.vendor, 1, now)
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        for sql, params in ((due, ["work"]), (statement, ["w", at, at, at, at, "work"])):
            cursor.execute(explain + sql, params)
            plan = "\n".join(str(line[-1]) for line in cursor.fetchall())
            assert "job_due" in plan, plan
            assert "Sort" not in plan, plan
            assert "TEMP B-TREE" not in plan, plan
            assert "Seq Scan on jobs_job" not in plan, plan
    with django_assert_num_queries(1):
        assert claim(worker="w").pk == template.pk
    with django_assert_num_queries(1):
        assert claim(worker="w") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.row_locks
def test_reaper_passes_over_a_row_that_a_hung_process_holds(make_job):
    held, other = make_job(), make_job()
    for _job in range(2):
        claim(worker="gone")
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    locked, over = threading.Event(), threading.Event()

    def hang() -> None:
        with transaction.atomic():
            Job.objects.filter(pk=held.pk).update(progress=50)
            locked.set()
            over.wait(60)
        connection.close()

    with ThreadPoolExecutor() as threads:
        threads.submit(hang)
        try:
            assert locked.wait(60)
            assert reclaim_expired() == 1
            assert list(Job.objects.filter(status="queued")) == [other]
        finally:
            over.set()
    assert reclaim_expired() == 1


def test_woken_jobs_come_in_the_order_in_which_they_became_due(handles, make_job):
    """A wake counts from its moment, whatever the wait would have lasted; what waited longest for a
    worker is taken first.
    """
    handles("child", lambda _run: Done())
    far = database_now() + timedelta(days=1)
    by_child, by_wake, by_person, never = (
        make_job("work", unique_key=key, item=key) for key in ("child", "wake", "person", "never")
    )
    Job.objects.update(status="waiting", wait_for="children", run_at=far)
    Job.objects.filter(pk=by_wake.pk).update(wait_for="budget")
    Job.objects.filter(pk=by_person.pk).update(status="unclear", wait_for="person")
    before = database_now()
    wake(item="wake")
    second = make_job()
    child = make_job("child", parent=by_child, priority=1)
    run(claim(worker="w"))
    fourth = make_job()
    wake(item="person")
    sixth = make_job()
    assert child.pk not in Job.objects.filter(status="queued")
    woken = dict(Job.objects.filter(status="queued").values_list("pk", "run_at"))
    assert all(before <= at <= database_now() for at in woken.values())
    assert oldest_due() == woken[by_wake.pk]
    order = [claim(worker="w").pk for _ in range(6)]
    assert order == [by_wake.pk, second.pk, by_child.pk, fourth.pk, by_person.pk, sixth.pk]
    never.refresh_from_db()
    assert (never.status, never.run_at) == ("waiting", far)


def test_a_wait_that_was_over_before_the_wake_counts_from_its_end(make_job):
    """The ticker had not looked yet: the job has been due since the end of its wait."""
    over = database_now() - timedelta(minutes=2)
    job = make_job(item="i")
    Job.objects.update(status="waiting", wait_for="provider", run_at=over)
    wake(item="i")
    job.refresh_from_db()
    assert (job.status, job.run_at) == ("queued", over)


def test_waiting_of_a_woken_job_is_counted(handles, make_job):
    """Ten minutes between the wake and the claim are queue wait, and monitoring says that work is
    late.
    """
    handles("work", lambda _run: Done())
    job = make_job(item="i")
    Job.objects.update(
        status="waiting", wait_for="person", run_at=database_now() + timedelta(days=1)
    )
    wake(item="i")
    with moved(timedelta(minutes=10)):
        assert timedelta(minutes=10) <= database_now() - oldest_due() < timedelta(minutes=11)
        assert monitoring.context()["late"]
        run_due()
    job.refresh_from_db()
    assert timedelta(minutes=10) <= job.queue_wait < timedelta(minutes=11)
