"""Failed attempts: how long a job waits for the next one, and when it has failed."""

import pytest

from jobs import registry
from jobs.outcomes import Retry
from jobs.runner import run_due
from jobs.services.backoff import delay

from .conftest import later


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
        waited.append(
            (job.status, job.wait_for, round((job.run_at - job.waiting_since).total_seconds(), 3))
        )
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
