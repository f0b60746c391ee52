"""A job that waits for its children goes on when they end."""

import threading
import time

import pytest
from django.db import connection

from core.localized_messages import LocalizedMessage
from jobs.enums import WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Wait
from jobs.runner import run, run_due
from jobs.services.claim import claim
from jobs.services.finish import NEVER
from jobs.services.queue import enqueue

from .conftest import STORY


def test_children_end_their_parents_wait(handles, make_job):
    """A story job makes what is missing, waits, and goes on at the end of each child; the same
    whether a child ends before or in its wait.
    """
    attempts = []

    def parent(run):
        attempts.append(Job.objects.filter(parent=run.job).count())
        if attempts == [0]:
            for n in range(3):
                enqueue(
                    "child",
                    data={"story_id": STORY, "action": "child", "parameters": {"n": n}},
                    subject=STORY,
                    parent=run.job,
                )
            run_due(limit=1)  # this child ends while its parent still runs
        if Job.objects.filter(parent=run.job).exclude(status="succeeded").exists():
            return Wait(None, WaitFor.CHILDREN, LocalizedMessage("Waiting for the scenes."))
        return Done()

    handles("parent", parent)
    handles("child", lambda _run: Done())
    job = make_job("parent", priority=1)
    run_due()
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("succeeded", 1)
    assert len(attempts) in {3, 4}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", range(6))
def test_children_that_end_at_the_very_moment_are_not_missed(handles, make_job, order):
    """Parent's wait and child's end in two threads: afterwards the parent is due, whoever was
    first.
    """
    handles("child", lambda _run: Done())
    gate = threading.Barrier(2)

    def parent(run):
        open_child = Job.objects.filter(parent=run.job, status="running").exists()
        assert open_child
        gate.wait(60)
        time.sleep(0.001 * order)
        return Wait(None, WaitFor.CHILDREN)

    handles("parent", parent)
    job = make_job("parent", priority=1)
    make_job("child", parent=job)
    parent_run, child_run = claim(worker="p"), claim(worker="c")

    def end_child():
        gate.wait(60)
        time.sleep(0.003)
        run(child_run)
        connection.close()

    thread = threading.Thread(target=end_child)
    thread.start()
    run(parent_run)
    thread.join()
    job.refresh_from_db()
    assert (job.status, job.wakeup_count) == ("queued", 1)


def test_a_child_leaves_a_parent_that_waits_for_something_else(handles, make_job):
    handles("child", lambda _run: Done())
    parent = make_job("parent", priority=1)
    Job.objects.update(status="waiting", wait_for="budget", run_at=NEVER)
    make_job("child", parent=parent)
    run_due()
    parent.refresh_from_db()
    assert (parent.status, parent.wait_for) == ("waiting", "budget")
