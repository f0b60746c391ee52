"""Real worker processes, killed, frozen and terminated in the middle of their work. Every job
ends once, none is lost, none is done twice.
"""

import random
import signal
import subprocess
import sys
import time

import pytest

from jobs.worker import linux_processes

from .marks import forty, long_lease, on_both, on_every, on_redis, under
from .worker_group import eventually, gone

pytestmark = pytest.mark.fault_injection

A_FEW_SECONDS = 60  # on a busy machine


# --- killed in the middle of forty jobs


@on_every
def test_worker_killed(system):
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", *forty())
    for count in (6, 14, 22):
        system.wait_for_starts(count)
        system.kill_in_the_middle()
    system.require_each_once(jobs)
    system.require_all_known()
    system.require_priorities_kept()
    assert sum(row["vanished"] for row in system.rows()) >= 3
    assert worker_group.process.poll() is None


@on_every
@under(JOB_TICK_MS="2000")  # a worker whose tick is due claims nothing together with an end
def test_worker_killed_between_a_claim_and_its_run(system):
    """Another worker takes the job over whose claim is committed."""
    jobs = system.enqueue("chaos_last", *({} for _job in range(6)))
    system.start_workers(workers=1)
    system.require_each_once(jobs)
    system.require_all_known()
    rows, deaths = system.rows(), system.lines("deaths")
    assert len(deaths) >= 1
    assert sum(row["vanished"] for row in rows) == len(deaths)
    assert len(system.starts()) == len(jobs)  # what was taken over had not begun


@on_both
def test_everything_killed(system):
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", *forty())
    system.wait_for_starts(12)
    worker_group.kill_all()
    eventually(lambda: not worker_group.left(), what="all processes have ended")
    system.start_workers()
    system.require_each_once(jobs)
    system.require_all_known()
    system.require_priorities_kept()


@on_both
def test_ticker_killed_and_frozen(system):
    """Jobs whose time comes while the ticker is dead, and others while it is frozen, are done all
    the same.
    """
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", *forty(0.02))
    jobs += system.enqueue("chaos_work", {"after": 0.4}, {"after": 0.8})
    linux_processes.kill([worker_group.ticker])
    system.require_each_once(jobs)
    system.freeze(worker_group.ticker)
    jobs += system.enqueue("chaos_work", {"after": 0.4})
    system.require_each_once(jobs)


@on_both
def test_hung_ticker_and_pusher_are_replaced(system):
    """Also a ticker that hung in the middle of a write, which on SQLite keeps everybody else from
    writing.
    """
    worker_group = system.start_workers()
    ticker, pusher = worker_group.ticker, worker_group.pusher
    (system.folder / "hold").touch()
    eventually(lambda: system.lines("held"), what="a write without an end")
    (system.folder / "hold").unlink()
    linux_processes.kill([ticker, pusher], signal.SIGSTOP)
    jobs = system.enqueue("chaos_work", {}, {})
    system.require_each_once(jobs)
    eventually(
        lambda: gone([ticker, pusher]) and worker_group.is_complete(),
        what="all processes run",
    )


@on_every
def test_any_process_killed_at_any_moment(system):
    """Pool head, pusher, monitor, workers, ticker, one after the other, idle or busy: nothing locks
    up.
    """
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", *forty(0.08))
    chance = random.Random(7)
    for _kill in range(10):
        victims = [pid for pid in worker_group.everyone() if pid != worker_group.process.pid]
        if victims:
            linux_processes.kill([chance.choice(victims)])
        time.sleep(0.25)
    system.require_each_once(jobs)
    system.require_all_known()
    # all processes run again: the next job starts
    system.require_each_once(jobs + system.enqueue("chaos_work", {}))
    eventually(worker_group.is_complete, what="all processes run")


@on_both
def test_idle_workers_killed(system):
    """An idle worker waits for a task: its death must not lock the others out."""
    worker_group = system.start_workers()
    jobs: list[str] = []
    for _round in range(3):
        jobs += system.enqueue("chaos_work", {})
        system.require_each_once(jobs)
        pid = system.starts()[-1][2]
        linux_processes.kill([pid])
        eventually(
            lambda pid=pid: gone([pid]) and worker_group.is_complete(),
            what="a new worker",
        )
    jobs += system.enqueue("chaos_work", *({"seconds": 0.1} for _ in range(8)))
    system.require_each_once(jobs)


@on_both
def test_supervisor_killed_leaves_nobody_behind(system):
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_unresponsive", *({"seconds": 0.3} for _ in range(8)))
    system.wait_for_starts(2)
    worker_group.everyone()
    linux_processes.kill([worker_group.process.pid])
    eventually(lambda: not worker_group.left(), what="all processes have ended")
    system.start_workers()
    system.require_each_once(jobs)


# --- Redis breaks


@on_redis
def test_redis_flushed_killed_and_restarted(system):
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", *forty(0.05))
    system.wait_for_starts(5)
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import redis; redis.Redis.from_url({system.redis.url!r}).flushall()",
        ],
        check=True,
    )
    system.wait_for_starts(10)
    system.redis.kill()
    for _request in range(20):  # no request fails
        jobs += system.enqueue("chaos_work", {"seconds": 0.01})
    system.require_each_once(jobs)  # Redis is still away
    system.redis.start()
    eventually(
        lambda: "Redis is reachable again" in worker_group.log.read_text(),
        what="Redis answers again",
    )
    jobs += system.enqueue("chaos_work", {})
    system.require_each_once(jobs)


@on_redis
def test_redis_frozen(system):
    """It accepts connections and answers nothing: jobs are queued and done all the same."""
    system.start_workers()
    system.redis.freeze()
    try:
        jobs = [job for _request in range(20) for job in system.enqueue("chaos_work", {})]
        system.require_each_once(jobs)
    finally:
        system.redis.thaw()


@on_redis
def test_workers_start_without_redis(system):
    system.redis.kill()
    system.start_workers()
    jobs = system.enqueue("chaos_work", {}, {})
    system.require_each_once(jobs)


# --- frozen past its lease


@on_both
def test_frozen_worker_cannot_write_over_the_newer_result(system):
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_unresponsive", {"seconds": 1.5})
    ((_job, token, frozen, _priority),) = system.wait_for_starts(1)
    assert token == 1
    system.freeze(frozen)
    system.wait_for_starts(2)  # the lease ran out, another worker has it
    linux_processes.kill(
        [frozen], signal.SIGCONT
    )  # both are at it now; the older one ends first or last
    system.require_each_once(jobs)
    eventually(
        lambda: "its late result is dropped" in worker_group.log.read_text(),
        what="the older one has ended too",
    )
    system.require_each_once(jobs)
    system.require_all_known()
    assert system.row()["token"] > token


# --- terminated


@on_both
@pytest.mark.parametrize("group", [False, True], ids=["parent", "group"])
@long_lease
def test_terminated(system, group):
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", *forty())
    system.wait_for_starts(9)
    assert worker_group.terminate(group=group) < A_FEW_SECONDS
    assert worker_group.process.returncode == 0
    assert worker_group.left() == []
    interrupted = [row for row in system.rows() if row["status"] != "succeeded"]
    # What ran was given back, with its attempt, and nothing is held by a worker that is no more.
    assert {(row["status"], row["attempts"], row["worker"]) for row in interrupted} == {
        ("queued", 0, "")
    }
    assert system.client.ask("workers") == []
    system.start_workers()
    system.require_each_once(jobs)
    assert {row["attempts"] for row in system.rows()} == {1}


@on_both
@long_lease
def test_terminated_with_a_handler_that_does_not_listen(system):
    worker_group = system.start_workers(grace=0.5)
    jobs = system.enqueue("chaos_unresponsive", {"seconds": 200}, {"seconds": 200})
    system.wait_for_starts(2)
    assert worker_group.terminate() < A_FEW_SECONDS
    assert worker_group.left() == []
    assert [(row["status"], row["attempts"]) for row in system.rows()] == [("queued", 0)] * 2
    assert len(jobs) == 2


@on_both
@long_lease
def test_one_worker_terminated(system):
    """SIGTERM to a single worker, idle or busy: its job goes back and a new
    worker takes its place.
    """
    worker_group = system.start_workers()
    jobs = system.enqueue("chaos_work", {"seconds": 1.0})
    ((_job, _token, pid, _priority),) = system.wait_for_starts(1)
    linux_processes.kill([pid], signal.SIGTERM)
    eventually(lambda: gone([pid]), what="the worker has ended")
    system.require_each_once(jobs)
    assert system.row()["attempts"] == 1
    idle = system.starts()[-1][2]
    linux_processes.kill([idle], signal.SIGTERM)
    eventually(
        lambda: gone([idle]) and worker_group.is_complete(),
        what="a new worker",
    )
    system.require_each_once(jobs + system.enqueue("chaos_work", {}))


# --- a pool that grows and shrinks


@on_both
@long_lease
def test_pool_grows_with_the_queue_and_shrinks_again(system):
    worker_group = system.start_workers(workers=1, more=("--max=3", "--idle=0.5"))
    jobs = system.enqueue("chaos_work", *({"seconds": 1.0} for _ in range(9)))
    eventually(lambda: len(worker_group.everyone()) == 3 + 5, what="three workers")
    system.require_each_once(jobs)
    assert len({pid for _job, _token, pid, _priority in system.starts()}) == 3
    eventually(lambda: len(worker_group.everyone()) == 1 + 5, what="one worker")
    system.require_each_once(jobs + system.enqueue("chaos_work", {}))
    assert {row["attempts"] for row in system.rows()} == {1}
