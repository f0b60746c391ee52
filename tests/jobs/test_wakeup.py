"""Both brokers behave the same: they wake for what is due, carry no job, fail without harm."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.signing import SignedPackage

from jobs.models import Job
from jobs.services.claim import claim
from jobs.services.pause import pause, resume
from jobs.wakeup import notifications
from jobs.wakeup.base import WakeupBroker
from jobs.wakeup.database import DatabaseWakeup
from jobs.wakeup.redis import MAX_PENDING, RedisWakeup
from tests import services

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.fault_injection,
    pytest.mark.each_database,
]

LONG_TICK = 300  # seconds; what is found sooner was notified


@pytest.fixture(scope="module")
def redis() -> Iterator[Any]:
    with services.redis() as server:
        yield server


@pytest.fixture(params=["database", "redis"])
def wakeup(request, settings, monkeypatch) -> Iterator[WakeupBroker]:
    """The broker of this process and of whoever enqueues here."""
    settings.JOB_TICK_MS = 2_000
    if request.param == "redis":
        settings.REDIS_URL = request.getfixturevalue("redis").url
    kind = RedisWakeup if request.param == "redis" else DatabaseWakeup
    wakeup = kind(list_key="test")
    if request.param == "redis":
        wakeup.connection.flushall()
    monkeypatch.setattr(notifications, "broker", lambda: wakeup)
    yield wakeup
    if request.param == "redis":
        wakeup.notify_batcher.end()
        wakeup.connection.close()


def settle(wakeup: WakeupBroker) -> None:
    """Until it has nothing to tell of what was before."""
    wakeup.wait(0.05)
    while wakeup.dequeue():
        claim(worker="w")
    wakeup.wait(0.05)


def in_another_process(action: Any) -> threading.Thread:
    """A thread has a database connection of its own, as another process has."""

    def act() -> None:
        time.sleep(0.1)
        try:
            action()
        finally:
            connection.close()

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_commit_wakes(wakeup, make_job, settings):
    make_job()
    settle(wakeup)
    settings.JOB_TICK_MS = LONG_TICK * 1000
    thread = in_another_process(make_job)
    begun = time.monotonic()
    found = []
    while not found:
        found = wakeup.dequeue()
    assert time.monotonic() - begun < LONG_TICK
    thread.join()
    ((ack, task),) = found
    assert ack is None
    task = SignedPackage.loads(task)
    assert (task["func"], task["args"], task["kwargs"]) == ("jobs.tasks.drain", (), {})


def test_one_notification_for_many_jobs_wakes_until_all_are_claimed(wakeup, make_job):
    for _ in range(3):
        make_job()
    for _claimed in range(3):
        assert wakeup.dequeue()
        assert claim(worker="w")
    assert wakeup.dequeue() == []


def test_nothing_due_wakes_nobody(wakeup, make_job):
    make_job()
    settle(wakeup)
    pause()
    make_job()
    assert wakeup.dequeue() == []
    resume()
    assert wakeup.dequeue()


def test_a_lost_notification_costs_one_tick(wakeup, make_job, monkeypatch, settings):
    make_job()
    settle(wakeup)
    settings.JOB_TICK_MS = 100
    monkeypatch.setattr(notifications, "notify", lambda: None)
    Job.objects.update(status="queued", lease_until=None)
    assert wakeup.dequeue()


def test_the_wakeup_queues_due_jobs_when_the_periodic_task_does_not(wakeup, make_job, settings):
    make_job()
    settle(wakeup)
    settings.JOB_TICK_MS = 20
    Job.objects.update(status="waiting", wait_for="backoff", run_at=timezone.now())
    wakeup.ticked = 0.0
    assert wakeup.dequeue()
    assert Job.objects.get().status == "queued"


@pytest.mark.postgresql
def test_postgresql_receives_all_notifications_of_a_burst_at_once(make_job):
    wakeup = DatabaseWakeup(list_key="burst")
    wakeup.wait(0.0)
    in_another_process(lambda: [notifications.notify() for _ in range(50)]).join()
    Job.objects.count()  # with its answer come the notifications that were waiting
    wakeup.wait(10)
    begun = time.monotonic()
    wakeup.wait(0.2)
    assert time.monotonic() - begun >= 0.2  # nothing is left to be heard


@pytest.mark.postgresql
def test_a_connection_that_is_lost_while_it_listens_is_made_again(wakeup, make_job):
    settle(wakeup)
    pid = connection.connection.info.backend_pid
    thread = in_another_process(
        lambda: connection.cursor().execute("SELECT pg_terminate_backend(%s)", [pid])
    )
    assert wakeup.dequeue() == []
    thread.join()
    make_job()
    assert wakeup.dequeue()


def test_redis_keeps_few_notifications(redis, settings, make_job, monkeypatch):
    settings.REDIS_URL = redis.url
    wakeup = RedisWakeup(list_key="wakeups")
    monkeypatch.setattr(notifications, "broker", lambda: wakeup)
    for _ in range(3 * MAX_PENDING):
        notifications.notify()
        assert wakeup.notify_batcher.wait(10)
    assert wakeup.connection.llen(wakeup.key) == MAX_PENDING
    wakeup.notify_batcher.end()
    wakeup.connection.close()


def test_redis_away_fails_nobody(redis, settings, make_job, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.JOB_TICK_MS = 50
    wakeup = RedisWakeup(list_key="away")
    monkeypatch.setattr(notifications, "broker", lambda: wakeup)
    push, pushing = wakeup.notify_batcher.push, list[threading.Thread]()

    def watched() -> None:
        pushing.append(threading.current_thread())
        push()

    wakeup.notify_batcher.push = watched
    for _ in range(50):
        make_job()
    assert wakeup.notify_batcher.wait(60)
    assert pushing
    assert threading.current_thread() not in pushing  # who makes a job does not wait for Redis
    assert Job.objects.filter(status="queued").count() == 50
    assert wakeup.dequeue()
    assert claim(worker="w")
    wakeup.notify_batcher.end()
