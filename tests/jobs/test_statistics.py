"""Success rate, generation time and queue wait over a span."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from jobs.models import Job, Worker
from jobs.outcomes import Done
from jobs.runner import run
from jobs.services.claim import claim
from jobs.services.statistics import Statistics, depth, live_workers, oldest_due, statistics

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ended(status, at, worked, waited):
    Job.objects.create(
        pk=f"j{Job.objects.count()}",
        name="work",
        subject="s",
        status=status,
        finished_at=at,
        started_at=at,
        worked=timedelta(seconds=worked),
        queue_wait=timedelta(seconds=waited),
    )


def test_statistics_over_a_span(db, django_assert_num_queries):
    hour = timedelta(hours=1)
    ended("succeeded", NOON, 10, 1)
    ended("succeeded", NOON + hour / 2, 20, 2)
    ended("succeeded", NOON, 30, 3)
    ended("failed", NOON, 900, 6)
    ended("cancelled", NOON, 900, 0)
    ended("succeeded", NOON + hour, 900, 900)  # the end of the span is not in it
    ended("failed", NOON - timedelta(microseconds=1), 900, 900)
    with django_assert_num_queries(1):
        found = statistics(since=NOON, until=NOON + hour)
    assert found == Statistics(
        succeeded=3,
        failed=1,
        cancelled=1,
        success_rate=0.75,
        mean_generation_time=20.0,
        mean_queue_wait=2.4,
    )


def test_statistics_of_nothing(db):
    assert statistics(since=NOON, until=NOON) == Statistics(0, 0, 0, None, None, None)


def test_queue_wait_is_the_time_between_due_and_claimed(handles, make_job):
    handles("work", lambda _run: Done())
    job = make_job(run_at=timezone.now() - timedelta(seconds=50))
    run(claim(worker="w"))
    job.refresh_from_db()
    assert job.queue_wait.total_seconds() == pytest.approx(50, abs=2)


def test_live_workers_are_those_seen_within_a_lease(db, settings):
    settings.JOB_LEASE_SECONDS = 30
    now = timezone.now()
    for name, role, age in (
        ("a", "worker", 1),
        ("b", "worker", 29),
        ("c", "worker", 31),
        ("d", "ticker", 1),
    ):
        Worker.objects.create(
            name=name, host="h", pid=1, role=role, seen_at=now - timedelta(seconds=age)
        )
    assert live_workers() == 2


def test_depth_counts_open_jobs(make_job, django_assert_num_queries):
    first = make_job()
    make_job()
    claim(worker="w")
    ended("succeeded", NOON, 1, 1)
    with django_assert_num_queries(1):
        assert depth() == {"queued": 1, "running": 1, "waiting": 0, "unclear": 0}
    assert oldest_due() > first.run_at
