"""One attempt of a job: what the end of its handler does to the row."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from core.localized_messages import DomainError, LocalizedMessage
from jobs.enums import WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Fail, JobStopped, Unclear, Wait
from jobs.runner import run, run_due
from jobs.services.claim import claim
from jobs.services.queue import cancel, wake
from jobs.services.reclaim import make_due, tick

from .conftest import later


@pytest.fixture
def outcome(handles, make_job):
    """`outcome(x)`: runs a new job whose handler returns or raises x, once; gives the row."""

    def once(what, **options):
        def handler(_run):
            if isinstance(what, Exception):
                raise what
            return what

        handles("work", handler)
        job = make_job(**options)
        run(claim(worker="w"))
        job.refresh_from_db()
        assert (job.worker, job.lease_until) == ("", None)
        return job

    return once


def test_done_gives_the_answer_of_the_worker_interface(outcome):
    job = outcome(Done(preview_url="https://cdn.example/p.png", metadata={"width": 1280}))
    assert (job.status, job.progress, job.error, job.attempts) == ("succeeded", 100, None, 1)
    seconds = job.result["result"].pop("generation_time")
    assert job.result == {
        "success": True,
        "result": {"preview_url": "https://cdn.example/p.png", "metadata": {"width": 1280}},
        "error": None,
    }
    assert 0 <= seconds < 5
    assert job.finished_at >= job.started_at


def test_wait_holds_no_worker_and_gives_the_attempt_back(outcome):
    until = timezone.now() + timedelta(minutes=1)
    job = outcome(
        Wait(until, WaitFor.RATE_LIMIT, LocalizedMessage("Free again in %(s)s s.", {"s": 60}))
    )
    assert (job.status, job.wait_for, job.run_at, job.attempts, str(job.note)) == (
        "waiting",
        "rate_limit",
        until,
        0,
        "Free again in 60 s.",
    )
    assert make_due() == 0
    later()
    assert make_due() == 1
    job.refresh_from_db()
    assert (job.status, job.wait_for) == ("queued", "")


def test_time_at_the_provider_is_generation_time_and_time_for_budget_is_not(handles, make_job):
    waits = [WaitFor.PROVIDER, WaitFor.BUDGET]
    handles("work", lambda _run: Wait(None, waits.pop(0)) if waits else Done())
    job = make_job()
    for _wait in range(2):
        run_due()
        Job.objects.update(waiting_since=timezone.now() - timedelta(seconds=100))
        later()
    run_due()
    job.refresh_from_db()
    assert 100 <= job.worked.total_seconds() < 110
    assert job.result["result"]["generation_time"] == pytest.approx(
        job.worked.total_seconds(), abs=0.001
    )


def test_fail_ends_at_the_first_attempt(outcome):
    job = outcome(Fail("The picture is broken.", code="broken_picture"))
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error == {
        "code": "broken_picture",
        "sentence": {"template": "The picture is broken.", "values": {}},
    }


def test_unclear_that_was_decided_before_the_attempt_ended_is_due_at_once(handles, make_job):
    decided = []

    def handler(run):
        if decided:
            return Done()
        decided.append(wake(item=run.job.item))
        raise Unclear("It may have been paid.")

    handles("work", handler)
    job = make_job(item="scene")
    run(claim(worker="w"))
    job.refresh_from_db()
    assert (job.status, job.wait_for, job.attempts, job.error) == ("queued", "", 0, None)
    assert run_due() == 1
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("succeeded", 1)


def test_unclear_waits_for_a_person(outcome):
    job = outcome(Unclear("It may have been paid."))
    assert (job.status, job.wait_for, str(job.note), job.finished_at) == (
        "unclear",
        "person",
        "It may have been paid.",
        None,
    )
    later()
    assert tick() == 0
    assert claim(worker="w") is None


def test_an_unexpected_error_keeps_its_traceback(outcome):
    job = outcome(ZeroDivisionError("by zero"))
    assert (job.status, job.wait_for, str(job.note)) == (
        "waiting",
        "backoff",
        "Unexpected error: ZeroDivisionError: by zero",
    )
    line = job.log.get()
    assert line.level == "error"
    assert "Traceback" in line.detail
    assert "test_runner.py" in line.detail


def test_an_expected_error_of_another_floor_is_said_without_a_traceback(outcome):
    job = outcome(DomainError("The disk is full."))
    assert (job.status, str(job.note), job.log.get().detail) == ("waiting", "The disk is full.", "")


def test_a_wrong_answer_counts_as_an_error(outcome):
    job = outcome(None)
    assert (
        str(job.note)
        == "Unexpected error: TypeError: The handler of work returned None, not Done or Wait."
    )


def test_cancel_while_it_runs_ends_as_cancelled_whatever_the_handler_does(handles, make_job):
    for name, after in (
        ("returns", Done()),
        ("waits", Wait(None, WaitFor.PERSON)),
        ("stops", JobStopped()),
        ("fails", Fail("No.")),
        ("breaks", OSError()),
    ):

        def handler(run, after=after):
            cancel(run.job.pk)
            run.looked = 0.0
            assert run.should_stop()
            if isinstance(after, Exception):
                raise after
            return after

        handles(name, handler)
        job = make_job(name)
        run_due()
        job.refresh_from_db()
        assert (name, job.status, job.error["code"]) == (name, "cancelled", "cancelled")


def test_a_worker_that_ends_gives_the_job_back(handles, make_job):
    def handler(run):
        assert run.should_stop()
        raise JobStopped

    handles("work", handler)
    job = make_job()
    run(claim(worker="w"), stopping=lambda: True)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("queued", 0)


def test_a_worker_that_ends_keeps_what_is_known(handles, make_job):
    """Money may have been spent: that it is unclear must not be forgotten because the worker was
    ending.
    """

    def handler(_run):
        raise Unclear("It may have been paid.")

    handles("work", handler)
    job = make_job()
    run(claim(worker="w"), stopping=lambda: True)
    job.refresh_from_db()
    assert job.status == "unclear"


def test_stopping_for_no_reason_is_an_error(outcome):
    job = outcome(JobStopped())
    assert (job.status, job.wait_for, job.attempts) == ("waiting", "backoff", 1)


def test_overtime_tells_the_handler_and_counts_as_a_failed_attempt(handles, make_job):
    def handler(run):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if run.should_stop():
                raise JobStopped
            time.sleep(0.01)
        return Done()

    handles("work", handler, time_limit=timedelta(seconds=0.1))
    job = make_job()
    run(claim(worker="w"))
    job.refresh_from_db()
    assert (job.status, job.wait_for, job.attempts, job.log.count()) == ("waiting", "backoff", 1, 1)


def test_progress_is_written_now_and_then_and_only_by_the_holder(
    handles, make_job, django_assert_num_queries
):
    def handler(run):
        with django_assert_num_queries(1):
            for percent in range(50):
                run.progress(percent)
        run.progress(50, LocalizedMessage("Encoding scene %(n)s.", {"n": 3}))
        row = Job.objects.get(pk=run.job.pk)
        assert (row.progress, str(row.note)) == (50, "Encoding scene 3.")
        Job.objects.update(token=9)
        run.progress(60, LocalizedMessage("Late."))
        assert Job.objects.get(pk=run.job.pk).progress == 50
        assert run.should_stop()
        return Done()

    handles("work", handler)
    make_job()
    run_due()


def test_a_no_op_job_costs_few_queries(handles, make_job, django_assert_max_num_queries):
    handles("work", lambda _run: Done())
    make_job()
    with django_assert_max_num_queries(4):  # claim; savepoint, update, release
        run(claim(worker="w"))
