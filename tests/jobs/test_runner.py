"""One turn of a job: what a handler's end does to the row."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ground.sentence import SaidError, Sentence
from jobs import registry
from jobs.domain.claim import claim
from jobs.domain.finish import NEVER, delay
from jobs.domain.queue import cancel, enqueue
from jobs.domain.reap import make_due, reap, take_back, tick
from jobs.enums import WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Fail, JobStopped, Retry, Unclear, Wait
from jobs.runner import run, run_due

from .conftest import STORY


def later() -> None:
    """As if the time of every wait had come."""
    Job.objects.filter(status="waiting").update(run_at=timezone.now())


@pytest.fixture
def outcome(handles, make_job):
    """`outcome(x)`: runs one turn of a new job whose handler returns or raises x; gives the row."""

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
    assert job.result == {"success": True, "result": {"preview_url": "https://cdn.example/p.png", "metadata": {"width": 1280}}, "error": None}
    assert 0 <= seconds < 5
    assert job.finished_at >= job.started_at


def test_wait_holds_no_worker_and_gives_the_attempt_back(outcome):
    until = timezone.now() + timedelta(minutes=1)
    job = outcome(Wait(until, WaitFor.RATE_LIMIT, Sentence("Free again in %(s)s s.", {"s": 60})))
    assert (job.status, job.wait_for, job.run_at, job.attempts, str(job.note)) == ("waiting", "rate_limit", until, 0, "Free again in 60 s.")
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
    assert job.result["result"]["generation_time"] == pytest.approx(job.worked.total_seconds(), abs=0.001)


def test_retry_waits_longer_each_time_and_fails_after_the_last_attempt(handles, make_job):
    def handler(_run):
        raise Retry("The server said %(code)s.", code=503)

    ended = []
    handles("work", handler)
    registry.on_end("work")(lambda job: ended.append((job.status, job.error["code"])))
    job = make_job(backoff={"type": "exponential", "delay": 2000})
    waited = []
    for _attempt in range(2):
        run_due()
        job.refresh_from_db()
        waited.append((job.status, job.wait_for, round((job.run_at - job.waiting_since).total_seconds(), 3)))
        later()
    run_due()
    job.refresh_from_db()
    assert waited == [("waiting", "backoff", 2), ("waiting", "backoff", 4)]
    assert (job.status, job.attempts, str(job.note)) == ("failed", 3, "The server said 503.")
    assert job.result == {"success": False, "result": None, "error": "The server said 503."}
    assert ended == [("failed", "retry")]
    assert [line.level for line in job.log.all()] == ["error"] * 3


@pytest.mark.parametrize(
    ("backoff", "seconds"),
    [
        ({"type": "exponential", "delay": 2000}, [2, 4, 8, 16]),
        ({"type": "fixed", "delay": 500}, [0.5] * 4),
        ({"type": "exponential", "delay": 10**9}, [86400] * 4),
    ],
)
def test_backoff(backoff, seconds):
    assert [delay(backoff, attempt=n).total_seconds() for n in (1, 2, 3, 4)] == seconds
    assert delay(backoff, attempt=5000).total_seconds() <= 86400


def test_fail_ends_at_the_first_attempt(outcome):
    job = outcome(Fail("The picture is broken.", code="broken_picture"))
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error == {"code": "broken_picture", "sentence": {"template": "The picture is broken.", "values": {}}}


def test_unclear_waits_for_a_person(outcome):
    job = outcome(Unclear("It may have been paid."))
    assert (job.status, job.wait_for, str(job.note), job.finished_at) == ("unclear", "person", "It may have been paid.", None)
    later()
    assert tick() == 0
    assert claim(worker="w") is None


def test_an_unexpected_error_keeps_its_traceback(outcome):
    job = outcome(ZeroDivisionError("by zero"))
    assert (job.status, job.wait_for, str(job.note)) == ("waiting", "backoff", "Unexpected error: ZeroDivisionError: by zero")
    line = job.log.get()
    assert line.level == "error"
    assert "Traceback" in line.detail
    assert "test_runner.py" in line.detail


def test_an_expected_error_of_another_floor_is_said_without_a_traceback(outcome):
    job = outcome(SaidError("The disk is full."))
    assert (job.status, str(job.note), job.log.get().detail) == ("waiting", "The disk is full.", "")


def test_a_wrong_answer_counts_as_an_error(outcome):
    job = outcome(None)
    assert str(job.note) == "Unexpected error: TypeError: The handler of work returned None, not Done or Wait."


def test_hooks_run_in_the_finishing_transaction(handles, make_job):
    handles("work", lambda _run: Done())
    seen = []
    registry.on_end("work")(lambda job: seen.append((job.status, job.result["success"], Job.objects.get(pk=job.pk).status, connection.in_atomic_block)))
    make_job()
    run_due()
    assert seen == [("succeeded", True, "succeeded", True)]


@pytest.mark.django_db(transaction=True)
def test_a_hook_that_raises_undoes_the_end_and_counts_as_a_failed_attempt(handles, make_job, caplog):
    handles("work", lambda _run: Done())
    broken = [True]

    def hook(_job):
        if broken:
            raise ValueError("the story's row is locked")

    registry.on_end("work")(hook)
    job = make_job()
    run_due()
    job.refresh_from_db()
    assert (job.status, job.wait_for, job.attempts) == ("waiting", "backoff", 1)
    assert "the story's row is locked" in job.log.get().detail
    broken.clear()
    later()
    run_due()
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("succeeded", 2)


@pytest.mark.django_db(transaction=True)
def test_a_hook_that_always_raises_does_not_stop_the_others(handles, make_job, settings):
    handles("bad", lambda _run: Done())
    handles("good", lambda _run: Done())

    def hook(_job):
        raise ValueError

    registry.on_end("bad")(hook)
    bad, good = make_job("bad", max_attempts=1, priority=1), make_job("good")
    run_due()
    Job.objects.filter(pk=bad.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reap() == 0
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.status, good.status) == ("running", "succeeded")
    assert bad.lease_until > timezone.now()  # its turn comes again later


def test_a_late_result_is_dropped(handles, make_job):
    """The lease ran out, another worker has taken the job and finished it; then the first one comes back."""
    handles("work", lambda run: Done(metadata={"token": run.started_with_token}))
    hooks = []
    registry.on_end("work")(lambda job: hooks.append(job.result["result"]["metadata"]))
    job = make_job()
    frozen = claim(worker="a")
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reap() == 1
    newer = claim(worker="b")
    run(frozen)
    job.refresh_from_db()
    assert (job.status, job.worker, hooks) == ("running", "b", [])
    run(newer)
    run(frozen)
    job.refresh_from_db()
    assert (job.status, job.result["result"]["metadata"], job.attempts, hooks) == ("succeeded", {"token": 2}, 2, [{"token": 2}])


def test_reap_counts_an_attempt_and_fails_after_the_last(make_job):
    job = make_job(max_attempts=2)
    for expected in ("queued", "failed"):
        claim(worker="w")
        assert reap() == 0  # the lease holds
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert reap() == (expected == "queued")
        job.refresh_from_db()
        assert (job.status, job.worker, job.lease_until) == (expected, "", None)
    assert job.error["code"] == "worker_lost"
    assert [(line.level, line.detail) for line in job.log.all()] == [("warning", "w"), ("error", "w")]


def test_reap_ends_a_job_that_was_to_be_cancelled(make_job):
    job = make_job()
    claim(worker="w")
    cancel(job.pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    reap()
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_take_back_of_workers_that_were_ended_uses_up_no_attempt(make_job):
    from django.db.models import Q

    mine, other = make_job(), make_job()
    claim(worker="host/1/a")
    claim(worker="host/2/a")
    assert take_back(Q(worker__startswith="host/1/"), interrupted=True) == 1
    rows = dict(Job.objects.values_list("status", "attempts"))
    assert rows == {"queued": 0, "running": 1}
    assert {mine.pk, other.pk} == set(Job.objects.values_list("pk", flat=True))


def test_cancel_while_it_runs_ends_as_cancelled_whatever_the_handler_does(handles, make_job):
    for name, after in (("returns", Done()), ("waits", Wait(None, WaitFor.PERSON)), ("stops", JobStopped()), ("fails", Fail("No.")), ("breaks", OSError())):

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
    """Money may have been spent: that it is unclear must not be forgotten because the worker was ending."""

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
        until = time.monotonic() + 5
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


def test_progress_is_written_now_and_then_and_only_by_the_holder(handles, make_job, django_assert_num_queries):
    def handler(run):
        with django_assert_num_queries(1):
            for percent in range(50):
                run.progress(percent)
        run.progress(50, Sentence("Encoding scene %(n)s.", {"n": 3}))
        row = Job.objects.get(pk=run.job.pk)
        assert (row.progress, str(row.note)) == (50, "Encoding scene 3.")
        Job.objects.update(token=9)
        run.progress(60, Sentence("Late."))
        assert Job.objects.get(pk=run.job.pk).progress == 50
        assert run.should_stop()
        return Done()

    handles("work", handler)
    make_job()
    run_due()


def test_children_end_their_parents_wait(handles, make_job):
    """A story job makes what is missing, waits, and goes on at the end of each child; the same whether a child ends before or in its wait."""
    turns = []

    def parent(run):
        turns.append(Job.objects.filter(parent=run.job).count())
        if turns == [0]:
            for n in range(3):
                enqueue("child", data={"story_id": STORY, "action": "child", "parameters": {"n": n}}, subject=STORY, parent=run.job)
            run_due(limit=1)  # this child ends while its parent still runs
        if Job.objects.filter(parent=run.job).exclude(status="succeeded").exists():
            return Wait(None, WaitFor.CHILDREN, Sentence("Waiting for the scenes."))
        return Done()

    handles("parent", parent)
    handles("child", lambda _run: Done())
    job = make_job("parent", priority=1)
    run_due()
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("succeeded", 1)
    assert len(turns) in {3, 4}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", range(6))
def test_children_that_end_at_the_very_moment_are_not_missed(handles, make_job, order):
    """Parent's wait and child's end in two threads: afterwards the parent is due, whoever was first."""
    handles("child", lambda _run: Done())
    gate = threading.Barrier(2)

    def parent(run):
        open_child = Job.objects.filter(parent=run.job, status="running").exists()
        assert open_child
        gate.wait(5)
        time.sleep(0.001 * order)
        return Wait(None, WaitFor.CHILDREN)

    handles("parent", parent)
    job = make_job("parent", priority=1)
    make_job("child", parent=job)
    parent_turn, child_turn = claim(worker="p"), claim(worker="c")

    def end_child():
        gate.wait(5)
        time.sleep(0.003)
        run(child_turn)
        connection.close()

    thread = threading.Thread(target=end_child)
    thread.start()
    run(parent_turn)
    thread.join()
    job.refresh_from_db()
    assert (job.status, job.nudges) == ("queued", 1)


def test_a_child_leaves_a_parent_that_waits_for_something_else(handles, make_job):
    handles("child", lambda _run: Done())
    parent = make_job("parent", priority=1)
    Job.objects.update(status="waiting", wait_for="budget", run_at=NEVER)
    make_job("child", parent=parent)
    run_due()
    parent.refresh_from_db()
    assert (parent.status, parent.wait_for) == ("waiting", "budget")


def test_a_no_op_job_costs_few_queries(handles, make_job, django_assert_max_num_queries):
    handles("work", lambda _run: Done())
    make_job()
    with django_assert_max_num_queries(4):  # claim; savepoint, update, release
        run(claim(worker="w"))
