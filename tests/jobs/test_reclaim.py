"""Jobs whose worker is lost come back, and what it says later counts no more."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs import registry
from jobs.models import Job
from jobs.outcomes import Done
from jobs.runner import run
from jobs.services.claim import claim
from jobs.services.queue import cancel
from jobs.services.reclaim import reclaim_expired, reclaim_job


def test_a_late_result_is_dropped(handles, make_job):
    """The lease ran out, another worker has taken the job and finished it; then the first one comes
    back.
    """
    handles("work", lambda run: Done(metadata={"token": run.job.token}))
    hooks = []
    registry.on_end("work")(lambda job: hooks.append(job.result["result"]["metadata"]))
    job = make_job()
    frozen = claim(worker="a")
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reclaim_expired() == 1
    newer = claim(worker="b")
    run(frozen)
    job.refresh_from_db()
    assert (job.status, job.worker, hooks) == ("running", "b", [])
    run(newer)
    run(frozen)
    job.refresh_from_db()
    assert (job.status, job.result["result"]["metadata"], job.attempts, hooks) == (
        "succeeded",
        {"token": 2},
        2,
        [{"token": 2}],
    )


def test_reap_counts_an_attempt_and_fails_after_the_last(make_job):
    job = make_job(max_attempts=2)
    for expected in ("queued", "failed"):
        claim(worker="w")
        assert reclaim_expired() == 0  # the lease holds
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert reclaim_expired() == (expected == "queued")
        job.refresh_from_db()
        assert (job.status, job.worker, job.lease_until) == (expected, "", None)
    assert job.error["code"] == "worker_lost"
    assert [(line.level, line.detail) for line in job.log.all()] == [
        ("warning", "w"),
        ("error", "w"),
    ]


def test_reap_ends_a_job_that_was_to_be_cancelled(make_job):
    job = make_job()
    claim(worker="w")
    cancel(job.pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    reclaim_expired()
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_take_back_of_workers_that_were_ended_uses_up_no_attempt(make_job):
    mine, other = make_job(), make_job()
    claim(worker="host/1/a")
    claim(worker="host/2/a")
    assert reclaim_job(Q(worker__startswith="host/1/"), interrupted=True) == 1
    rows = dict(Job.objects.values_list("status", "attempts"))
    assert rows == {"queued": 0, "running": 1}
    assert {mine.pk, other.pk} == set(Job.objects.values_list("pk", flat=True))
