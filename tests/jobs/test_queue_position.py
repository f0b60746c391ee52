"""Why a queued job is not taken yet, in words."""

import pytest

from jobs.enums import JobStatus
from jobs.models import Job, Worker
from jobs.services import queue_position as module
from jobs.services.claim import claim
from jobs.services.pause import pause
from jobs.services.queue_position import queue_position


@pytest.fixture
def worker(db):
    return Worker.objects.create(name="w", host="here", pid=1, role="worker")


def _positions():
    jobs = list(Job.objects.order_by("created_at"))
    found = queue_position(jobs)
    return {job.item: str(found[job.pk]) for job in jobs if job.pk in found}


def test_places_are_in_the_order_of_the_claim(make_job, worker):
    make_job(item="late", priority=9)
    make_job(item="first", priority=1)
    make_job(item="usual")
    assert _positions() == {
        "first": "It is next: the first free worker takes it.",
        "usual": "One job is taken before it.",
        "late": "2 jobs are taken before it.",
    }
    assert [claim(worker="w").item for _ in range(3)] == ["first", "usual", "late"]


def test_a_place_far_behind_is_not_counted(make_job, worker, monkeypatch):
    monkeypatch.setattr(module, "COUNTED", 2)
    for item in ("a", "b", "c"):
        make_job(item=item)
    assert _positions()["c"] == "More than 2 jobs are taken before it."


def test_without_a_worker(make_job):
    make_job(item="a")
    assert _positions() == {"a": "No worker is running."}


def test_paused_as_a_whole_or_by_kind(make_job, worker):
    make_job(item="a")
    make_job("other", item="b")
    pause("work")
    assert _positions() == {
        "a": "Jobs of this kind are paused.",
        "b": "It is next: the first free worker takes it.",
    }
    pause()
    assert _positions() == {"a": "The queue is paused.", "b": "The queue is paused."}


def test_only_queued_jobs_stand_in_the_queue(make_job, worker, django_assert_num_queries):
    job = make_job(item="a")
    with django_assert_num_queries(3):
        queue_position([job])
    Job.objects.update(status=JobStatus.RUNNING)
    job.refresh_from_db()
    with django_assert_num_queries(0):
        assert queue_position([job]) == {}
