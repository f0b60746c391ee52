"""Real worker processes, killed, frozen and told to end in the middle of their work. Every job ends
once, none is lost, none done twice.
"""

import random
import signal
import subprocess
import sys
import time

import pytest

from jobs.worker import linux_processes

from .marks import forty, on_both, on_every, on_redis, patient
from .worker_group import eventually, gone

pytestmark = pytest.mark.fault_injection

A_FEW_SECONDS = 10  # on a busy machine


# --- killed in the middle of forty jobs


@on_every
def test_worker_killed(drill):
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", *forty())
    for count in (6, 14, 22):
        drill.wait_for_starts(count)
        drill.kill_in_the_middle()
    drill.require_each_once(jobs)
    drill.require_all_known()
    drill.require_priorities_kept()
    assert sum(row["vanished"] for row in drill.rows()) >= 3
    assert crew.process.poll() is None


@on_both
def test_everything_killed(drill):
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", *forty())
    drill.wait_for_starts(12)
    crew.kill_all()
    eventually(lambda: not crew.left(), what="all processes have ended")
    drill.crew()
    drill.require_each_once(jobs)
    drill.require_all_known()
    drill.require_priorities_kept()


@on_both
def test_ticker_killed_and_frozen(drill):
    """Jobs whose time comes while the ticker is dead, and others while it is frozen, are done all
    the same.
    """
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", *forty(0.02))
    jobs += drill.enqueue("chaos_work", {"after": 0.4}, {"after": 0.8})
    linux_processes.kill([crew.ticker])
    drill.require_each_once(jobs)
    drill.freeze(crew.ticker)
    jobs += drill.enqueue("chaos_work", {"after": 0.4})
    drill.require_each_once(jobs)


@on_both
def test_hung_ticker_and_pusher_are_replaced(drill):
    """Also a ticker that hung in the middle of a write, which on SQLite keeps everybody else from
    writing.
    """
    crew = drill.crew()
    ticker, pusher = crew.ticker, crew.pusher
    (drill.folder / "hold").touch()
    eventually(lambda: drill.lines("held"), what="a write without an end")
    (drill.folder / "hold").unlink()
    linux_processes.kill([ticker, pusher], signal.SIGSTOP)
    jobs = drill.enqueue("chaos_work", {}, {})
    drill.require_each_once(jobs)
    eventually(
        lambda: gone([ticker, pusher]) and len(crew.everyone()) == crew.workers + 5,
        what="the crew is complete",
    )


@on_every
def test_any_process_killed_at_any_moment(drill):
    """Pool head, pusher, monitor, workers, ticker, one after the other, idle or busy: nothing locks
    up.
    """
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", *forty(0.08))
    chance = random.Random(7)
    for _kill in range(10):
        victims = [pid for pid in crew.everyone() if pid != crew.process.pid]
        if victims:
            linux_processes.kill([chance.choice(victims)])
        time.sleep(0.25)
    drill.require_each_once(jobs)
    drill.require_all_known()
    # and the crew is whole again: the next job starts
    drill.require_each_once(jobs + drill.enqueue("chaos_work", {}))
    eventually(lambda: len(crew.everyone()) == crew.workers + 5, what="the crew is complete")


@on_both
def test_idle_workers_killed(drill):
    """An idle worker waits for a task: its death must not lock the others out."""
    crew = drill.crew()
    jobs: list[str] = []
    for _round in range(3):
        jobs += drill.enqueue("chaos_work", {})
        drill.require_each_once(jobs)
        pid = drill.starts()[-1][2]
        linux_processes.kill([pid])
        eventually(
            lambda pid=pid: gone([pid]) and len(crew.everyone()) == crew.workers + 5,
            what="a new worker",
        )
    jobs += drill.enqueue("chaos_work", *({"seconds": 0.1} for _ in range(8)))
    drill.require_each_once(jobs)


@on_both
def test_supervisor_killed_leaves_nobody_behind(drill):
    crew = drill.crew()
    jobs = drill.enqueue("chaos_deaf", *({"seconds": 0.3} for _ in range(8)))
    drill.wait_for_starts(2)
    crew.everyone()
    linux_processes.kill([crew.process.pid])
    eventually(lambda: not crew.left(), what="all processes have ended")
    drill.crew()
    drill.require_each_once(jobs)


# --- Redis breaks


@on_redis
def test_redis_flushed_killed_and_restarted(drill):
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", *forty(0.05))
    drill.wait_for_starts(5)
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import redis; redis.Redis.from_url({drill.redis.url!r}).flushall()",
        ],
        check=True,
    )
    drill.wait_for_starts(10)
    drill.redis.kill()
    begun = time.monotonic()
    for _request in range(20):  # no request fails, and hardly one is slow
        jobs += drill.enqueue("chaos_work", {"seconds": 0.01})
    assert time.monotonic() - begun < 10
    drill.require_each_once(jobs)  # Redis is still away
    drill.redis.start()
    eventually(
        lambda: "Redis is reachable again" in crew.log.read_text(), what="wake-ups arrive again"
    )
    jobs += drill.enqueue("chaos_work", {})
    drill.require_each_once(jobs)


@on_redis
def test_redis_frozen(drill):
    """It accepts connections and answers nothing: each notification waits a moment at most, and the
    first one only.
    """
    drill.crew()
    drill.redis.freeze()
    try:
        begun = time.monotonic()
        jobs = [job for _request in range(20) for job in drill.enqueue("chaos_work", {})]
        assert time.monotonic() - begun < 20  # two seconds each if every notification were tried
        drill.require_each_once(jobs)
    finally:
        drill.redis.thaw()


@on_redis
def test_crew_starts_without_redis(drill):
    drill.redis.kill()
    drill.crew()
    jobs = drill.enqueue("chaos_work", {}, {})
    drill.require_each_once(jobs)


# --- frozen past its lease


@on_both
def test_frozen_worker_cannot_write_over_the_newer_result(drill):
    crew = drill.crew()
    jobs = drill.enqueue("chaos_deaf", {"seconds": 1.5})
    ((_job, token, frozen, _priority),) = drill.wait_for_starts(1)
    assert token == 1
    drill.freeze(frozen)
    drill.wait_for_starts(2)  # the lease ran out, another worker has it
    linux_processes.kill(
        [frozen], signal.SIGCONT
    )  # both are at it now; the older one ends first or last
    drill.require_each_once(jobs)
    eventually(
        lambda: "its late result is dropped" in crew.log.read_text(),
        what="the older one has ended too",
    )
    drill.require_each_once(jobs)
    drill.require_all_known()
    assert drill.row()["token"] > token


# --- told to end


@on_both
@pytest.mark.parametrize("group", [False, True], ids=["parent", "group"])
@patient
def test_terminated(drill, group):
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", *forty())
    drill.wait_for_starts(9)
    assert crew.terminate(group=group) < A_FEW_SECONDS
    assert crew.process.returncode == 0
    assert crew.left() == []
    interrupted = [row for row in drill.rows() if row["status"] != "succeeded"]
    # What ran was given back, with its attempt, and nothing is held by a worker that is no more.
    assert {(row["status"], row["attempts"], row["worker"]) for row in interrupted} == {
        ("queued", 0, "")
    }
    assert drill.desk.ask("workers") == []
    drill.crew()
    drill.require_each_once(jobs)
    assert {row["attempts"] for row in drill.rows()} == {1}


@on_both
@patient
def test_terminated_with_a_handler_that_does_not_listen(drill):
    crew = drill.crew(grace=0.5)
    jobs = drill.enqueue("chaos_deaf", {"seconds": 8}, {"seconds": 8})
    drill.wait_for_starts(2)
    assert crew.terminate() < A_FEW_SECONDS
    assert crew.left() == []
    assert [(row["status"], row["attempts"]) for row in drill.rows()] == [("queued", 0)] * 2
    assert len(jobs) == 2


@on_both
@patient
def test_one_worker_terminated(drill):
    """SIGTERM to a single worker, idle or busy: its job goes back and a new
    worker takes its place.
    """
    crew = drill.crew()
    jobs = drill.enqueue("chaos_work", {"seconds": 1.0})
    ((_job, _token, pid, _priority),) = drill.wait_for_starts(1)
    linux_processes.kill([pid], signal.SIGTERM)
    eventually(lambda: gone([pid]), what="the worker has ended")
    drill.require_each_once(jobs)
    assert drill.row()["attempts"] == 1
    idle = drill.starts()[-1][2]
    linux_processes.kill([idle], signal.SIGTERM)
    eventually(
        lambda: gone([idle]) and len(crew.everyone()) == crew.workers + 5, what="a new worker"
    )
    drill.require_each_once(jobs + drill.enqueue("chaos_work", {}))


# --- a pool that grows and shrinks


@on_both
@patient
def test_pool_grows_with_the_queue_and_shrinks_again(drill):
    crew = drill.crew(workers=1, more=("--max=3", "--idle=0.5"))
    jobs = drill.enqueue("chaos_work", *({"seconds": 1.0} for _ in range(9)))
    eventually(lambda: len(crew.everyone()) == 3 + 5, what="three workers")
    drill.require_each_once(jobs)
    assert len({pid for _job, _token, pid, _priority in drill.starts()}) == 3
    eventually(lambda: len(crew.everyone()) == 1 + 5, what="one worker")
    drill.require_each_once(jobs + drill.enqueue("chaos_work", {}))
    assert {row["attempts"] for row in drill.rows()} == {1}
