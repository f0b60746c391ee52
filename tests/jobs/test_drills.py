"""Real worker processes, killed, frozen and told to end in the middle of their work. Every job ends once, none is lost, none done twice."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from jobs.work import processes
from tests import services

from .crew import ROOT, Desk, Drill, drill_env, eventually, gone

pytestmark = pytest.mark.drill

EVERY = [("sqlite", "database"), ("sqlite", "redis"), ("postgresql", "database"), ("postgresql", "redis")]
BOTH = [EVERY[0], EVERY[3]]
on_every = pytest.mark.parametrize("drill", EVERY, indirect=True, ids="-".join)
on_both = pytest.mark.parametrize("drill", BOTH, indirect=True, ids="-".join)
on_redis = pytest.mark.parametrize("drill", [EVERY[1], EVERY[3]], indirect=True, ids="-".join)


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Any]]:
    """Servers that were started so far, by name; they end with the session."""
    with ExitStack() as stack:
        yield {"stack": stack}


def server(servers: dict[str, Any], name: str) -> Any:
    if name not in servers:
        servers[name] = servers["stack"].enter_context(services.SERVICES[name]())
    return servers[name]


@pytest.fixture(scope="session")
def migrated(servers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`migrated(store)`: the variables of a store whose tables exist (for SQLite the file to copy)."""
    made: dict[str, dict[str, str]] = {}

    def migrated(store: str) -> dict[str, str]:
        if store not in made:
            folder = tmp_path_factory.mktemp(store)
            env = {"DATABASE_URL": f"sqlite:///{folder / 'drill.sqlite3'}"} if store == "sqlite" else server(servers, store).env
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, env=drill_env(folder, **env), cwd=ROOT, check=True)
            made[store] = env
        return made[store]

    return migrated


@pytest.fixture(scope="session")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`desks(env)`: the process that enqueues under these variables, the same for all tests."""
    made: dict[tuple[str, ...], Desk] = {}

    def desk(env: dict[str, str]) -> Desk:
        key = tuple(env.values())
        if key not in made:
            made[key] = Desk(drill_env(tmp_path_factory.mktemp("desk"), **env))
        return made[key]

    yield desk
    for each in made.values():
        each.close()


@pytest.fixture
def drill(request: pytest.FixtureRequest, servers: dict[str, Any], migrated: Any, desks: Any, tmp_path: Path) -> Iterator[Drill]:
    store, bell = request.param
    env = dict(migrated(store))
    redis = server(servers, "redis") if bell == "redis" else None
    if redis:
        env |= redis.env
    own = Drill(drill_env(tmp_path, **env, **getattr(request.function, "drill_env", {})), tmp_path, desks(env))
    own.redis = redis
    own.desk.ask("clear")
    try:
        yield own
    finally:
        own.close()
        if redis and redis.process is None:
            redis.start()


def forty(seconds: float = 0.12) -> list[dict[str, Any]]:
    """Forty jobs of mixed priority, the same in every run."""
    mixed = random.Random(40)
    return [{"seconds": seconds, "priority": mixed.randint(1, 9)} for _ in range(40)]


# --- killed in the middle of forty jobs


@on_every
def test_worker_killed(drill):
    crew = drill.crew()
    jobs = drill.enqueue("drill_work", *forty())
    killed = 0
    for count in (6, 14, 22):
        job, _token, pid, _priority = drill.wait_for_starts(count)[-1]
        running = next(row for row in drill.rows() if row["id"] == job)
        processes.kill([pid])
        killed += running["status"] == "running"
    drill.require_each_once(jobs)
    drill.require_priorities_kept(crew.workers)
    assert killed >= 2
    assert len(drill.starts()) <= 40 + 3
    assert crew.process.poll() is None


@on_every
def test_everything_killed(drill):
    crew = drill.crew()
    jobs = drill.enqueue("drill_work", *forty())
    drill.wait_for_starts(12)
    crew.kill_all()
    eventually(lambda: not crew.left(), seconds=2, what="all processes have ended")
    again = drill.crew()
    drill.require_each_once(jobs)
    drill.require_priorities_kept(again.workers)
    assert len(drill.starts()) <= 40 + crew.workers


@on_every
def test_ticker_killed_and_frozen(drill):
    """Jobs whose time comes while the ticker is dead, and others while it is frozen, are done all the same."""
    crew = drill.crew()
    jobs = drill.enqueue("drill_work", *forty(0.02))
    jobs += drill.enqueue("drill_work", {"after": 0.4}, {"after": 0.8})
    processes.kill([crew.ticker])
    drill.require_each_once(jobs)
    eventually(lambda: len(crew.everyone()) == crew.workers + 5, what="the ticker is there again")
    processes.kill([crew.ticker], signal.SIGSTOP)
    jobs += drill.enqueue("drill_work", {"after": 0.4})
    drill.require_each_once(jobs)


@on_every
def test_any_process_killed_at_any_moment(drill):
    """Pool head, pusher, monitor, workers, ticker, one after the other, idle or busy: nothing locks up."""
    crew = drill.crew()
    jobs = drill.enqueue("drill_work", *forty(0.08))
    chance = random.Random(7)
    for _kill in range(10):
        victims = [pid for pid in crew.everyone() if pid != crew.process.pid]
        if victims:
            processes.kill([chance.choice(victims)])
        time.sleep(0.25)
    drill.require_each_once(jobs)
    # and the crew is whole again: the next job starts
    drill.require_each_once(jobs + drill.enqueue("drill_work", {}))
    eventually(lambda: len(crew.everyone()) == crew.workers + 5, what="the crew is complete")


@on_both
def test_idle_workers_killed(drill):
    """An idle worker waits for a task: its death must not lock the others out."""
    crew = drill.crew()
    jobs: list[str] = []
    for _round in range(3):
        jobs += drill.enqueue("drill_work", {})
        drill.require_each_once(jobs)
        pid = drill.starts()[-1][2]
        processes.kill([pid])
        eventually(lambda pid=pid: gone([pid]) and len(crew.everyone()) == crew.workers + 5, what="a new worker")
    jobs += drill.enqueue("drill_work", *({"seconds": 0.1} for _ in range(8)))
    drill.require_each_once(jobs)


@on_both
def test_supervisor_killed_leaves_nobody_behind(drill):
    crew = drill.crew()
    jobs = drill.enqueue("drill_deaf", *({"seconds": 0.3} for _ in range(8)))
    drill.wait_for_starts(2)
    crew.everyone()
    processes.kill([crew.process.pid])
    eventually(lambda: not crew.left(), seconds=2, what="all processes have ended")
    drill.crew()
    drill.require_each_once(jobs)


# --- Redis breaks


@on_redis
def test_redis_flushed_killed_and_restarted(drill):
    drill.crew()
    jobs = drill.enqueue("drill_work", *forty(0.05))
    drill.wait_for_starts(5)
    subprocess.run([sys.executable, "-c", f"import redis; redis.Redis.from_url({drill.redis.url!r}).flushall()"], check=True)
    drill.wait_for_starts(10)
    drill.redis.kill()
    for _request in range(10):  # no request fails, or is slow
        jobs += drill.enqueue("drill_work", {"seconds": 0.01})
        assert drill.desk.seconds < 0.5
    drill.require_each_once(jobs)  # Redis is still away
    drill.redis.start()
    jobs += drill.enqueue("drill_work", {})
    drill.require_each_once(jobs)
    time.sleep(1.2)  # until the bell is tried again
    asked = time.monotonic()
    jobs += drill.enqueue("drill_work", {})
    drill.require_each_once(jobs)
    assert time.monotonic() - asked < 2


@on_redis
def test_redis_frozen(drill):
    """It accepts connections and answers nothing: each ring waits a moment at most, and the first one only."""
    drill.crew()
    drill.redis.freeze()
    try:
        begun = time.monotonic()
        jobs = drill.enqueue("drill_work", *({} for _ in range(20)))
        assert time.monotonic() - begun < 6
        drill.require_each_once(jobs)
    finally:
        drill.redis.thaw()


@on_redis
def test_crew_starts_without_redis(drill):
    drill.redis.kill()
    drill.crew()
    jobs = drill.enqueue("drill_work", {}, {})
    drill.require_each_once(jobs)


# --- frozen past its lease


@on_every
def test_frozen_worker_cannot_write_over_the_newer_result(drill):
    drill.crew()
    jobs = drill.enqueue("drill_deaf", {"seconds": 0.6})
    ((_job, token, frozen, _priority),) = drill.wait_for_starts(1)
    assert token == 1
    processes.kill([frozen], signal.SIGSTOP)
    drill.wait_for_starts(2)  # the lease ran out, another worker has it
    processes.kill([frozen], signal.SIGCONT)  # both are at it now; the older one ends first or last
    drill.require_each_once(jobs)
    time.sleep(1)
    row = drill.row()
    assert (row["result"]["result"]["metadata"], row["effects"], row["token"], row["attempts"]) == ({"token": 2}, 1, 2, 2)


# --- told to end


@on_every
@pytest.mark.parametrize("group", [False, True], ids=["parent", "group"])
def test_terminated(drill, group):
    crew = drill.crew()
    jobs = drill.enqueue("drill_work", *forty())
    drill.wait_for_starts(9)
    assert crew.terminate(group=group) < 4
    assert crew.process.returncode == 0
    assert crew.left() == []
    interrupted = [row for row in drill.rows() if row["status"] != "succeeded"]
    # What ran was given back, with its attempt, and nothing is held by a worker that is no more.
    assert {(row["status"], row["attempts"], row["worker"]) for row in interrupted} == {("queued", 0, "")}
    assert drill.desk.ask("workers") == []
    drill.crew()
    drill.require_each_once(jobs)
    assert {row["attempts"] for row in drill.rows()} == {1}


@on_both
def test_terminated_with_a_handler_that_does_not_listen(drill):
    crew = drill.crew(grace=0.5)
    jobs = drill.enqueue("drill_deaf", {"seconds": 8}, {"seconds": 8})
    drill.wait_for_starts(2)
    assert crew.terminate() < 4
    assert crew.left() == []
    assert [(row["status"], row["attempts"]) for row in drill.rows()] == [("queued", 0)] * 2
    assert len(jobs) == 2


@on_both
def test_one_worker_terminated(drill):
    """SIGTERM to a single worker, idle or busy: its job goes back and a new worker takes its place."""
    crew = drill.crew()
    jobs = drill.enqueue("drill_work", {"seconds": 1.0})
    ((_job, _token, pid, _priority),) = drill.wait_for_starts(1)
    processes.kill([pid], signal.SIGTERM)
    eventually(lambda: gone([pid]), seconds=3, what="the worker has ended")
    drill.require_each_once(jobs)
    assert drill.row()["attempts"] == 1
    idle = drill.starts()[-1][2]
    processes.kill([idle], signal.SIGTERM)
    eventually(lambda: gone([idle]) and len(crew.everyone()) == crew.workers + 5, seconds=5, what="a new worker")
    drill.require_each_once(jobs + drill.enqueue("drill_work", {}))


# --- a pool that grows and shrinks


@on_both
def test_pool_grows_with_the_queue_and_shrinks_again(drill):
    crew = drill.crew(workers=1, more=("--max=3", "--idle=0.5"))
    jobs = drill.enqueue("drill_work", *({"seconds": 1.0} for _ in range(9)))
    eventually(lambda: len(crew.everyone()) == 3 + 5, what="three workers")
    drill.require_each_once(jobs)
    assert len({pid for _job, _token, pid, _priority in drill.starts()}) == 3
    eventually(lambda: len(crew.everyone()) == 1 + 5, what="one worker")
    drill.require_each_once(jobs + drill.enqueue("drill_work", {}))
    assert {row["attempts"] for row in drill.rows()} == {1}


# --- a job's child processes


def the_child(drill: Drill) -> list[int]:
    """The process that the job started and the ones below it."""
    ((_job, _worker, child),) = eventually(lambda: drill.lines("children"), what="a child")
    return eventually(lambda: len(found := [int(child), *processes.descendants(int(child))]) >= 3 and found, what="grandchildren")


@on_both
def test_child_process_ends_with_a_job_that_forgot_it(drill):
    drill.crew()
    drill.enqueue("drill_child", {"seconds": 0.5})
    family = the_child(drill)
    drill.wait_for_end()
    assert gone(family)


@on_both
def test_child_process_ends_when_its_job_is_cancelled(drill):
    drill.crew()
    (job,) = drill.enqueue("drill_child", {"seconds": 60})
    family = the_child(drill)
    assert drill.desk.ask("cancel", job=job) == "running"
    drill.wait_for_end(seconds=3)
    assert drill.row()["status"] == "cancelled"
    assert gone(family)


@on_both
def test_child_process_ends_when_its_worker_is_killed(drill):
    drill.crew()
    drill.enqueue("drill_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(drill)
    processes.kill([int(drill.lines("children")[0][1])])
    eventually(lambda: gone(family), seconds=2, what="the child has ended")
    drill.wait_for_end()
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "worker_lost")


@on_both
def test_child_process_ends_when_the_time_is_over(drill):
    drill.crew()
    drill.enqueue("drill_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(drill)
    drill.wait_for_end(seconds=5)
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "overtime")
    assert gone(family)


test_child_process_ends_when_the_time_is_over.drill_env = {"DRILL_TIME_LIMIT": "1.5"}


@on_both
def test_child_process_of_a_killed_crew_ends_with_the_next(drill):
    """Nobody was left to end it; the next crew on this machine does."""
    crew = drill.crew()
    drill.enqueue("drill_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(drill)
    everyone = [pid for pid in crew.everyone() if pid not in family]
    processes.kill(everyone)
    crew.process.wait()
    drill.crew()
    eventually(lambda: gone(family), seconds=3, what="the child has ended")


@on_both
def test_time_over_and_not_listening(drill):
    """A handler that does not even look is ended together with its process; the job says why."""
    drill.crew()
    drill.enqueue("drill_stuck", {"seconds": 60, "max_attempts": 1})
    ((_job, _token, pid, _priority),) = drill.wait_for_starts(1)
    drill.wait_for_end(seconds=8)
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "overtime")
    eventually(lambda: gone([pid]), seconds=2, what="the worker has ended")


test_time_over_and_not_listening.drill_env = {"DRILL_TIME_LIMIT": "0.5"}
