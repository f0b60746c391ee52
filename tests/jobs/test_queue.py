"""Enqueue, cancel, retry, wake: final rows and notifications."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs import registry
from jobs.enums import WaitFor
from jobs.errors import AlreadyOpen, NoSuchJob, NotPossible
from jobs.models import Job
from jobs.outcomes import Done, Wait
from jobs.runner import run_due
from jobs.services.claim import claim
from jobs.services.envelope import envelope
from jobs.services.finish import NEVER
from jobs.services.queue import cancel, enqueue, retry, wake
from jobs.wakeup import notifications as wakeup
from tests.moments import is_due

from .conftest import STORY

DATA = {"story_id": STORY, "action": "plan_story", "parameters": {"scenes": 9}}


def test_enqueue_makes_the_envelope_of_the_worker_interface(handles, db, stranger):
    handles("story_planning", lambda _run: Done())
    job, made = enqueue("story_planning", data=DATA, subject=STORY, owner=stranger)
    assert made
    assert re.fullmatch(r"story_8f14e45f_[0-9a-f]{12}", job.pk)
    assert envelope(Job.objects.get()) == {
        "id": job.pk,
        "name": "story_planning",
        "data": {"story_id": STORY, "action": "plan_story", "parameters": {"scenes": 9}},
        "opts": {"priority": 5, "attempts": 3, "backoff": {"type": "exponential", "delay": 2000}},
    }


def test_enqueue_is_one_query_and_returns_the_row_with_its_times(
    make_job, django_assert_num_queries
):
    make_job()
    Job.objects.all().delete()
    with django_assert_num_queries(1):  # the insert reads the clock, too
        job = make_job()
    row = Job.objects.get()
    assert (job.created_at, job.run_at) == (row.created_at, row.created_at)
    assert row.run_at == row.created_at


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": "unheard_of"}, LookupError),
        ({"data": {"story_id": STORY}}, ValueError),
        ({"data": DATA | {"more": 1}}, ValueError),
        ({"data": DATA | {"parameters": []}}, ValueError),
        ({"backoff": {"type": "linear", "delay": 1}}, ValueError),
        ({"backoff": {"type": "fixed", "delay": -1}}, ValueError),
        ({"priority": 0}, ValueError),
        ({"max_attempts": 0}, ValueError),
    ],
)
def test_enqueue_refuses_what_is_not_of_the_form(handles, db, wrong, error):
    handles("work", lambda _run: Done())
    options = {"name": "work", "data": DATA, "subject": STORY} | wrong
    with pytest.raises(error):
        enqueue(options.pop("name"), **options)
    assert not Job.objects.exists()


def test_enqueue_with_a_key_gives_the_open_job(make_job):
    first = make_job(unique_key="preview:1")
    again, made = enqueue("work", data=DATA, subject=STORY, unique_key="preview:1")
    assert (again.pk, made) == (first.pk, False)
    cancel(first.pk)
    assert make_job(unique_key="preview:1").pk != first.pk


@pytest.mark.django_db(transaction=True)
def test_enqueue_with_a_key_by_many_threads_makes_one(handles):
    handles("work", lambda _run: Done())

    def one(_n):
        try:
            return enqueue("work", data=DATA, subject=STORY, unique_key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(24)))
    assert Job.objects.count() == 1
    assert {job.pk for job, _made in found} == {Job.objects.get().pk}
    assert sum(made for _job, made in found) == 1


@pytest.mark.django_db(transaction=True)
def test_enqueue_notifies_once_after_the_commit(make_job, monkeypatch):
    sent = []
    monkeypatch.setattr(wakeup.broker(), "enqueue", sent.append)
    with transaction.atomic():
        for _ in range(5):
            make_job()
        assert sent == []
    assert sent == [wakeup.WAKEUP]
    with transaction.atomic():
        make_job()
        transaction.set_rollback(True)
    assert len(sent) == 1


@pytest.mark.django_db(transaction=True)
def test_a_notification_survives_the_rollback_of_another_change(make_job, monkeypatch):
    sent = []
    monkeypatch.setattr(wakeup.broker(), "enqueue", sent.append)
    with transaction.atomic():  # all of it is lost
        make_job()
        transaction.set_rollback(True)
    with transaction.atomic():
        with transaction.atomic():  # a savepoint is lost, with the first registration
            make_job()
            transaction.set_rollback(True)
        make_job()
        with transaction.atomic():
            make_job()
            transaction.set_rollback(True)
    assert sent == [wakeup.WAKEUP]
    make_job()  # in its own transaction
    assert sent == [wakeup.WAKEUP] * 2


@pytest.mark.django_db(transaction=True)
def test_enqueue_works_while_nobody_can_be_woken(make_job, monkeypatch, caplog):
    def broken(_task):
        raise ConnectionError("no route")

    monkeypatch.setattr(wakeup.broker(), "enqueue", broken)
    make_job()
    make_job()
    assert Job.objects.filter(status="queued").count() == 2
    assert [record.message for record in caplog.records] == [
        "No worker was woken (no route); the ticker will find the job."
    ] * 2


def test_cancel_of_a_waiting_family_ends_it_from_below(make_job):
    ended = []
    parent = make_job("parent")
    registry.on_end("parent")(lambda job: ended.append((job.name, job.status)))
    registry.on_end("child")(lambda job: ended.append((job.name, job.status)))
    child = make_job("child", parent=parent)
    make_job("child", parent=child)
    done = cancel(parent.pk, reason="Not wanted.")
    assert done.status == "cancelled"
    assert set(Job.objects.values_list("status", flat=True)) == {"cancelled"}
    assert ended == [("child", "cancelled"), ("child", "cancelled"), ("parent", "cancelled")]
    assert done.result == {"success": False, "result": None, "error": "Cancelled."}
    assert [str(line) for line in done.log.all()] == ["Cancelled. Not wanted."]
    assert done.finished_at is not None
    with pytest.raises(NotPossible):
        cancel(parent.pk)
    with pytest.raises(NoSuchJob):
        cancel("story_x_y")


def test_cancel_of_a_running_job_asks_it_to_stop(make_job):
    make_job()
    running = claim(worker="w")
    job = cancel(running.pk)
    assert (job.status, job.cancel_requested_at is not None) == ("running", True)


def test_retry_starts_anew(make_job, stranger):
    job = make_job()
    with pytest.raises(NotPossible):
        retry(job.pk)
    Job.objects.update(
        status="failed",
        attempts=3,
        progress=40,
        error={"code": "x"},
        result={"success": False},
        finished_at=timezone.now(),
    )
    again = retry(job.pk, actor=stranger)
    assert (
        again.status,
        again.attempts,
        again.progress,
        again.error,
        again.result,
        again.finished_at,
    ) == ("queued", 0, 0, None, None, None)
    assert [str(line) for line in again.log.all()] == ["Queued again by stranger. "]


def test_retry_of_a_job_that_has_a_successor_is_refused(make_job):
    first = make_job(unique_key="k")
    cancel(first.pk)
    make_job(unique_key="k")
    with pytest.raises(AlreadyOpen):
        retry(first.pk)


def test_wake_makes_only_what_matches_due(make_job, handles):
    handles("money", lambda _run: Wait(None, WaitFor.BUDGET))
    handles("slow", lambda _run: Wait(None, WaitFor.PROVIDER))
    budget, provider = make_job("money", subject="s1"), make_job("slow", subject="s1")
    other = make_job("money", subject="s2")
    run_due()
    assert set(Job.objects.values_list("status", "run_at")) == {("waiting", NEVER)}
    assert wake(subject="s1", wait_for="budget") == 1
    assert {job.pk: job.status for job in Job.objects.all()} == {
        budget.pk: "queued",
        provider.pk: "waiting",
        other.pk: "waiting",
    }
    assert wake(wait_for="budget") == 1
    assert wake(name="slow") == 1
    assert set(Job.objects.values_list("status", "wait_for")) == {("queued", "")}


def test_wake_while_it_runs_is_not_lost(make_job, handles):
    """The budget is raised between the refusal by the limits and the beginning of the wait."""
    tokens = []

    def handler(run):
        tokens.append(run.job.token)
        if len(tokens) == 1:
            wake(wait_for="budget")
            return Wait(None, WaitFor.BUDGET)
        return Done()

    handles("money", handler)
    job = make_job("money")
    assert run_due() == 2
    job.refresh_from_db()
    assert (job.status, tokens, job.attempts) == ("succeeded", [1, 2], 1)


def test_wake_by_a_person_leads_out_of_unclear(make_job):
    job = make_job(item="scene-1")
    Job.objects.update(status="unclear", wait_for="person")
    assert wake(wait_for="budget") == 0
    since = timezone.now()
    assert wake(item="scene-1") == 1
    job.refresh_from_db()
    assert (job.status, job.wait_for) == ("queued", "")
    assert is_due(job.run_at, since, seconds=0)
