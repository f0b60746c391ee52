"""Workers that hang are replaced, also when they cannot say so; those that wait for something paid
are waited for.
"""

import signal
import time

import pytest

from jobs.worker import linux_processes

from .marks import long_lease, on_both, under
from .worker_group import eventually, gone

pytestmark = pytest.mark.fault_injection

SLOW = 240.0  # seconds, on a busy machine


@on_both
@under(JOB_LEASE_SECONDS="5")
def test_handlers_that_keep_the_interpreter_are_ended(system):
    """Both workers hang in a regular expression; no thread of theirs runs. Five good jobs are done
    all the same.
    """
    worker_group = system.start_workers()
    system.enqueue(
        "chaos_regex", {"max_attempts": 1, "priority": 1}, {"max_attempts": 1, "priority": 1}
    )
    hung = {pid for _job, _token, pid, _priority in system.wait_for_starts(2)}
    good = system.enqueue("chaos_work", *[{}] * 5)
    rows = {row["id"]: row for row in system.wait_for_end(seconds=SLOW)}
    assert {(rows[job]["status"], rows[job]["token"], rows[job]["effects"]) for job in good} == {
        ("succeeded", 1, 1)
    }
    assert [row["error"]["code"] for row in rows.values() if row["id"] not in good] == [
        "worker_lost"
    ] * 2
    eventually(lambda: gone(list(hung)), what="the hung ones are ended")
    assert worker_group.process.poll() is None
    assert worker_group.log.read_text().count("has stood still for") == 2


@on_both
def test_stopped_workers_are_ended(system):
    """SIGSTOP of all workers, as if they hung in the kernel: others take their place."""
    worker_group = system.start_workers()
    system.require_each_once(system.enqueue("chaos_work", {}, {}))
    stopped = worker_group.working
    for pid in stopped:
        system.freeze(pid)
    system.enqueue("chaos_work", *[{}] * 5)
    rows = system.wait_for_end(seconds=SLOW)
    assert {(row["status"], row["effects"]) for row in rows} == {("succeeded", 1)}
    eventually(lambda: gone(stopped), what="the stopped ones are ended")


@on_both
@long_lease
def test_paid_request_is_waited_for(system):
    """SIGTERM while one worker waits for a paid answer and another does not listen: the first is
    waited for, the second is ended.
    """
    worker_group = system.start_workers(grace=0.5)
    (unresponsive,) = system.enqueue("chaos_unresponsive", {"seconds": 60})
    (paid,) = system.enqueue("chaos_paid", {"seconds": 6})
    pids = {job: pid for job, _token, pid, _priority in system.wait_for_starts(2)}
    begun = time.monotonic()
    linux_processes.kill([worker_group.process.pid], signal.SIGTERM)
    system.enqueue("chaos_work", {})  # nobody takes it any more
    eventually(lambda: gone([pids[unresponsive]]), what="the unresponsive one has been ended")
    assert not gone([pids[paid]])
    worker_group.process.wait(SLOW)
    assert time.monotonic() - begun > 4
    assert worker_group.process.returncode == 0
    assert worker_group.left() == []
    rows = {row["id"]: row for row in system.rows()}
    assert (rows[paid]["status"], rows[paid]["effects"], rows[paid]["token"]) == ("succeeded", 1, 1)
    assert (rows[unresponsive]["status"], rows[unresponsive]["attempts"]) == ("queued", 0)
    assert sorted(row["status"] for row in rows.values()) == ["queued", "queued", "succeeded"]


@on_both
@long_lease
def test_paid_grace_has_an_end(system):
    worker_group = system.start_workers(grace=0.5, more=("--paid-grace=1.5",))
    system.enqueue("chaos_paid", {"seconds": 60})
    system.wait_for_starts(1)
    assert worker_group.terminate() < SLOW / 2
    assert worker_group.left() == []
    assert [(row["status"], row["attempts"]) for row in system.rows()] == [("queued", 0)]
