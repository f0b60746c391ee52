"""What is done now and then by itself, and what jobs do while the store is away or the disk is
full.
"""

import errno
import threading
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.utils import timezone

from core.isolation import PartlyDone, each
from core.unavailable import ServiceUnavailableError, connection_lost, is_unavailable
from jobs import registry, runner
from jobs.lease import Lease
from jobs.models import Job, PeriodicTask
from jobs.outcomes import Done
from jobs.run import Run
from jobs.services.queue import enqueue
from jobs.worker import periodic
from jobs.worker.shared_memory import Flag
from operations import handlers, health
from providers.models import ProviderCall
from tests.moments import is_due


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_periodic", {})
    monkeypatch.setattr(periodic, "LOOK_SECONDS", 0.01)


@pytest.mark.django_db(transaction=True)
def test_chores_are_done_in_their_time_whatever_others_do(chores: None) -> None:
    done: list[str] = []

    @registry.periodic_task(0.05)
    def often() -> None:
        done.append("often")

    @registry.periodic_task(60)
    def seldom() -> None:
        done.append("seldom")

    @registry.periodic_task(0.05)
    def broken() -> None:
        done.append("broken")
        raise RuntimeError("no network")

    stop = Flag()
    threads = periodic.start(stop)
    until = time.monotonic() + 120
    while done.count("often") < 3 and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert done.count("often") >= 3
    assert done.count("broken") >= 2
    assert done.count("seldom") == 1
    rows = {row.name.rpartition(".")[2]: row for row in PeriodicTask.objects.all()}
    assert {
        name: (row.error, bool(row.failed_at), bool(row.succeeded_at)) for name, row in rows.items()
    } == {
        "often": ("", False, True),
        "seldom": ("", False, True),
        "broken": ("RuntimeError", True, False),
    }


@pytest.mark.django_db(transaction=True)
def test_step_that_hangs_holds_up_no_other(chores: None) -> None:
    done, released = [], threading.Event()

    @registry.periodic_task(60)
    def hangs() -> None:
        released.wait(60)

    @registry.periodic_task(60)
    def other() -> None:
        done.append("other")

    stop = Flag()
    threads = periodic.start(stop)
    until = time.monotonic() + 120
    while not done and time.monotonic() < until:
        time.sleep(0.01)
    stop.set(), released.set()
    for thread in threads:
        thread.join(30)
    assert done == ["other"]


@pytest.mark.django_db(transaction=True)
def test_health_shows_a_step_until_it_succeeds_again(chores: None) -> None:
    fails = [True]

    @registry.periodic_task(60)
    def step() -> None:
        if fails:
            raise RuntimeError("secret words")

    (one,) = registry.periodic()
    periodic.run_once(one)
    since = PeriodicTask.objects.get().failed_at
    periodic.run_once(one)
    assert PeriodicTask.objects.get().failed_at == since
    with pytest.raises(health.Unhealthy, match="step") as raised:
        health.periodic_tasks()
    assert "secret" not in str(raised.value)
    fails.clear()
    periodic.run_once(one)
    assert str(health.periodic_tasks()) == "1 succeeded"


def test_one_bad_row_leaves_the_others_their_turn() -> None:
    seen = []

    def act(item: int) -> bool:
        seen.append(item)
        if item == 2:
            raise ValueError
        return True

    with pytest.raises(PartlyDone, match="1 of 3"):
        each([1, 2, 3], act)
    assert seen == [1, 2, 3]
    assert each([1, 3], act) == 2
    seen.clear()

    def away(item: int) -> bool:
        seen.append(item)
        raise lost("57P01")

    with pytest.raises(OperationalError):
        each([1, 2, 3], away)
    assert seen == [1]


def test_studio_looks_after_calls_each_minute_and_rows_each_hour() -> None:
    assert {
        one.function.__name__: one.seconds
        for one in registry.periodic()
        if one.function.__module__ == "operations.handlers"
    } == {
        "look_after_calls": 60.0,
        "collect_results": 60.0,
        "record_results": 60.0,
        "know_the_signing_secret": 60.0,
        "send_messages": 60.0,
        "look_at_budgets": 60.0,
        "remind": 3600.0,
        "tidy": 3600.0,
    }


@pytest.mark.django_db(transaction=True)
def test_forgotten_reservation_is_freed() -> None:
    money = {
        "unit_price": 1,
        "units": 1,
        "estimate": 1,
        "request_hash": "h",
        "provider_id": "local",
        "kind": "image",
    }
    call = ProviderCall.objects.create(
        key="1", state="reserved", reserved_at=timezone.now() - timedelta(minutes=11), **money
    )
    handlers.look_after_calls()
    call.refresh_from_db()
    assert (call.state, call.cost) == ("refused", 0)
    handlers.tidy()


# --- away


@pytest.fixture
def job_that(db: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))

    def make(errors: list[BaseException]) -> Job:
        @registry.handler("away_probe")
        def probe(_run: Any) -> Done:
            if errors:
                raise errors.pop()
            return Done()

        job, _made = enqueue(
            "away_probe",
            data={"story_id": "s", "action": "x", "parameters": {}},
            subject="s",
            max_attempts=1,
        )
        return job

    return make


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ServiceUnavailableError(
                "The file store does not answer (%(reason)s).", reason="Timeout"
            ),
            "The file store does not answer (Timeout).",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (OSError(errno.EDQUOT, "Quota exceeded"), "The disk is full."),
    ],
)
def test_job_waits_without_using_up_its_attempt_and_goes_on(
    job_that: Any, error: BaseException, message: str
) -> None:
    job = job_that([error, error, error])
    for _ in range(3):
        since = timezone.now()
        runner.run_due()
        job.refresh_from_db()
        assert (job.status, job.wait_for, job.attempts, str(job.note)) == (
            "waiting",
            "time",
            0,
            message,
        )
        assert is_due(job.run_at, since, seconds=runner.AWAY.total_seconds())
        Job.objects.update(run_at=timezone.now())
    runner.run_due()
    job.refresh_from_db()
    assert job.status == "succeeded"


@pytest.mark.django_db
def test_other_errors_of_the_system_fail_as_ever(job_that: Any) -> None:
    job = job_that([OSError(errno.EACCES, "Permission denied")])
    runner.run_due()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == ("failed", "unexpected")
    assert not is_unavailable(OSError(errno.EACCES, "x"))


# --- a database that goes away in the middle


def lost(state: str | None) -> OperationalError:
    error = OperationalError("server closed the connection unexpectedly")
    error.__cause__ = psycopg.OperationalError()
    error.__cause__.sqlstate = state
    return error


@pytest.mark.parametrize(
    ("state", "away"),
    [
        (None, True),
        ("57P01", True),
        ("08006", True),
        ("53100", True),
        ("40P01", False),
        ("42703", False),
    ],
)
def test_lost_connection_is_told_from_a_wrong_question(state: str | None, away: bool) -> None:  # noqa: FBT001  a parameter of the test
    assert connection_lost(lost(state)) is away
    assert not connection_lost(OperationalError("no such column"))


@pytest.mark.django_db
def test_job_waits_for_the_database_without_using_up_its_attempt(job_that: Any) -> None:
    job = job_that([lost("57P01")])
    runner.run_due()
    job.refresh_from_db()
    assert (job.status, job.attempts, str(job.note)) == (
        "waiting",
        0,
        "The database did not answer.",
    )


@pytest.mark.django_db(transaction=True)
def test_progress_that_cannot_be_told_does_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = Job.objects.create(id="p", name="scene_preview", subject="s", status="running", token=1)
    run = Run(job, Lease(job, time_limit=timedelta(minutes=1)), watched=True)

    def away(*_: Any, **__: Any) -> int:
        raise lost(None)

    monkeypatch.setattr("django.db.models.query.QuerySet.update", away)
    run.progress(10)
    assert not run.should_stop()
