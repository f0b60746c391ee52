"""Hosts whose clocks are far apart work side by side: the database's clock decides."""

import pytest

from .marks import BOTH

pytestmark = pytest.mark.fault_injection

LEASE = 2  # seconds, of every drill


@pytest.mark.each_database
@pytest.mark.parametrize("drill", BOTH, indirect=True, ids="-".join)
@pytest.mark.parametrize("ahead", [45, -45, 3600, -3600])
def test_healthy_jobs_stay_with_their_worker(drill, ahead):
    """Eight jobs that last longer than a lease, on two hosts: nobody takes a living worker's job
    away, none waits an hour.
    """
    drill.crew()
    drill.crew(ahead=ahead)
    jobs = drill.enqueue(
        "chaos_work", *({"seconds": LEASE + 0.5, "after": 1 if n % 2 else 0} for n in range(8))
    )
    drill.require_each_once(jobs)
    assert len({pid for _job, _token, pid, _priority in drill.starts()}) > 2  # both hosts took part
    rows = drill.rows()
    assert [(row["token"], row["attempts"], row["vanished"]) for row in rows] == [(1, 1, 0)] * 8
