"""Workers that hang are replaced, also when they cannot say so; those that wait for something paid
are waited for.
"""

import signal
import time

import pytest

from jobs.worker import linux_processes

from .marks import on_both, patient
from .worker_group import eventually, gone

pytestmark = pytest.mark.fault_injection

SLOW = 60.0


@on_both
def test_handlers_that_keep_the_interpreter_are_ended(drill):
    """Both workers hang in a regular expression; no thread of theirs runs. Five good jobs are done
    all the same.
    """
    crew = drill.crew()
    drill.enqueue(
        "chaos_regex", {"max_attempts": 1, "priority": 1}, {"max_attempts": 1, "priority": 1}
    )
    hung = {pid for _job, _token, pid, _priority in drill.wait_for_starts(2)}
    good = drill.enqueue("chaos_work", *[{}] * 5)
    rows = {row["id"]: row for row in drill.wait_for_end(seconds=SLOW)}
    assert {(rows[job]["status"], rows[job]["token"], rows[job]["effects"]) for job in good} == {
        ("succeeded", 1, 1)
    }
    assert [row["error"]["code"] for row in rows.values() if row["id"] not in good] == [
        "worker_lost"
    ] * 2
    assert gone(list(hung))
    assert crew.process.poll() is None
    assert crew.log.read_text().count("has stood still for") == 2


@on_both
def test_stopped_workers_are_ended(drill):
    """SIGSTOP of all workers, as if they hung in the kernel: others take their place."""
    crew = drill.crew()
    drill.require_each_once(drill.enqueue("chaos_work", {}, {}))
    stopped = crew.working
    for pid in stopped:
        drill.freeze(pid)
    drill.enqueue("chaos_work", *[{}] * 5)
    rows = drill.wait_for_end(seconds=SLOW)
    assert {(row["status"], row["effects"]) for row in rows} == {("succeeded", 1)}
    assert gone(stopped)


@on_both
@patient
def test_paid_request_is_waited_for(drill):
    """SIGTERM while one worker waits for a paid answer and another does not listen: the first is
    waited for, the second is ended.
    """
    crew = drill.crew(grace=0.5)
    (deaf,) = drill.enqueue("chaos_deaf", {"seconds": 60})
    (paid,) = drill.enqueue("chaos_paid", {"seconds": 6})
    pids = {job: pid for job, _token, pid, _priority in drill.wait_for_starts(2)}
    begun = time.monotonic()
    linux_processes.kill([crew.process.pid], signal.SIGTERM)
    drill.enqueue("chaos_work", {})  # nobody takes it any more
    eventually(lambda: gone([pids[deaf]]), what="the deaf one has been ended")
    assert not gone([pids[paid]])
    crew.process.wait(SLOW)
    assert time.monotonic() - begun > 4
    assert crew.process.returncode == 0
    assert crew.left() == []
    rows = {row["id"]: row for row in drill.rows()}
    assert (rows[paid]["status"], rows[paid]["effects"], rows[paid]["token"]) == ("succeeded", 1, 1)
    assert (rows[deaf]["status"], rows[deaf]["attempts"]) == ("queued", 0)
    assert sorted(row["status"] for row in rows.values()) == ["queued", "queued", "succeeded"]


@on_both
@patient
def test_paid_grace_has_an_end(drill):
    crew = drill.crew(grace=0.5, more=("--paid-grace=1.5",))
    drill.enqueue("chaos_paid", {"seconds": 60})
    drill.wait_for_starts(1)
    assert crew.terminate() < SLOW / 2
    assert crew.left() == []
    assert [(row["status"], row["attempts"]) for row in drill.rows()] == [("queued", 0)]
