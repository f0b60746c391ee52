"""What is hung on the end of a job happens with it or not at all."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs import registry
from jobs.models import Job
from jobs.outcomes import Done
from jobs.runner import run_due
from jobs.services.reclaim import reclaim_expired

from .conftest import later


def test_hooks_run_in_the_finishing_transaction(handles, make_job):
    handles("work", lambda _run: Done())
    seen = []
    registry.on_end("work")(
        lambda job: seen.append(
            (
                job.status,
                job.result["success"],
                Job.objects.get(pk=job.pk).status,
                connection.in_atomic_block,
            )
        )
    )
    make_job()
    run_due()
    assert seen == [("succeeded", True, "succeeded", True)]


@pytest.mark.django_db(transaction=True)
def test_a_hook_that_raises_undoes_the_end_and_counts_as_a_failed_attempt(
    handles, make_job, caplog
):
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
    assert reclaim_expired() == 0
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.status, good.status) == ("running", "succeeded")
    assert bad.lease_until > timezone.now()  # it is tried again later
