"""Hosts whose clocks are far apart work side by side: the database's clock decides."""

import pytest

from .marks import BOTH, under

pytestmark = pytest.mark.fault_injection

LEASE = 6  # seconds; the default of these tests, 2, is too short for a busy machine


@pytest.mark.each_database
@pytest.mark.parametrize("system", BOTH, indirect=True, ids="-".join)
@under(JOB_LEASE_SECONDS=str(LEASE))
@pytest.mark.parametrize("ahead", [45, -45, 3600, -3600])
def test_healthy_jobs_stay_with_their_worker(system, ahead):
    """Eight jobs that last longer than a lease, on two hosts: nobody takes a living worker's job
    away, none waits an hour.
    """
    system.start_workers()
    system.start_workers(ahead=ahead)
    jobs = system.enqueue(
        "chaos_work", *({"seconds": LEASE + 0.5, "after": 1 if n % 2 else 0} for n in range(8))
    )
    system.require_each_once(jobs)
    assert (
        len({pid for _job, _token, pid, _priority in system.starts()}) > 2
    )  # both hosts took part
    rows = system.rows()
    assert [(row["token"], row["attempts"], row["vanished"]) for row in rows] == [(1, 1, 0)] * 8
