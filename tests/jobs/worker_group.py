"""Real worker processes for a fault test, and the means to break them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.worker import linux_processes

ROOT = Path(__file__).resolve().parents[2]
# A busy machine may take long; a test that passes does not wait for it.
LIMIT_SECONDS = 120.0


def eventually(
    condition: Callable[[], Any], *, seconds: float = LIMIT_SECONDS, what: str = ""
) -> Any:
    """The first true value of the condition; fails when it stays false."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what or condition} was not so within {seconds} s")


def gone(pids: list[int]) -> bool:
    return all(linux_processes.state(pid) in {"", "Z", "X"} for pid in pids)


class Client:
    """The process that enqueues and looks."""

    def __init__(self, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.chaos.client"],
            env=env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seconds = 0.0

    def ask(self, do: str, **options: Any) -> Any:
        """The answer; AssertionError with the client's traceback if it could not do that. `seconds`
        is how long it took.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do} | options) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.seconds = answer["seconds"]
        assert not answer["error"], f"The client could not {do}:\n{answer['error']}"
        return answer["answer"]

    def close(self) -> None:
        self.process.communicate()


class WorkerGroup:
    """`manage.py work` in a session of its own.

    `ahead`: how many seconds its host's clock is fast.
    """

    def __init__(
        self,
        env: dict[str, str],
        *,
        workers: int = 2,
        grace: float = 3.0,
        more: tuple[str, ...] = (),
        ahead: float = 0,
    ) -> None:
        self.workers = workers
        env = env | {"CHAOS_CLOCK_AHEAD": str(ahead)}
        self.log = Path(env["CHAOS_FOLDER"]) / "work.log"
        with self.log.open("a") as log:
            command = [
                sys.executable,
                "manage.py",
                "work",
                f"--workers={workers}",
                f"--grace={grace}",
                *more,
            ]
            self.process = subprocess.Popen(
                command, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        self.known: set[int] = set()
        eventually(
            lambda: self.process.poll() is not None or self.is_complete(),
            what="all processes run",
        )
        assert self.process.poll() is None, self.log.read_text()

    def everyone(self) -> list[int]:
        found = [self.process.pid, *linux_processes.descendants(self.process.pid)]
        self.known |= set(found)
        return found

    def is_complete(self) -> bool:
        """Whether all processes run: the workers, and five that manage them."""
        return len(self.everyone()) == self.workers + 5

    @property
    def pool(self) -> int:
        """The head of the pool: the supervisor's child that has children."""
        return eventually(
            lambda: next(
                (
                    child
                    for child in linux_processes.children(self.process.pid)
                    if linux_processes.children(child)
                ),
                0,
            ),
            what="a pool",
        )

    @property
    def ticker(self) -> int:
        pool = self.pool
        return eventually(
            lambda: next(
                (child for child in linux_processes.children(self.process.pid) if child != pool), 0
            ),
            what="a ticker",
        )

    def kill_all(self) -> None:
        """kill -9 of every process at once."""
        linux_processes.kill(self.everyone())
        self.process.wait()

    @property
    def pusher(self) -> int:
        """The last process that a pool starts; for a group that has lost no process."""
        return linux_processes.children(self.pool)[-1]

    @property
    def working(self) -> list[int]:
        """The worker processes, which a pool starts first; for a group that has lost no process."""
        return linux_processes.children(self.pool)[: self.workers]

    def terminate(self, *, group: bool = False) -> float:
        """SIGTERM to the supervisor, or to all processes as a service manager may do it; the
        seconds until it had ended.
        """
        everyone = self.everyone()
        begun = time.monotonic()
        linux_processes.kill(everyone if group else [self.process.pid], signal.SIGTERM)
        self.process.wait(LIMIT_SECONDS)
        return time.monotonic() - begun

    def left(self) -> list[int]:
        """Processes of this group that still run."""
        return [pid for pid in self.known if not gone([pid])]

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill_all()
        linux_processes.kill(self.left())


class JobSystem:
    """A database, a way to wake workers, a client and any number of worker groups."""

    def __init__(self, env: dict[str, str], folder: Path, client: Client) -> None:
        self.folder = folder
        self.env = env
        self.client = client
        self.worker_groups: list[WorkerGroup] = []
        self.redis: Any = None

    def start_workers(self, **options: Any) -> WorkerGroup:
        self.worker_groups.append(WorkerGroup(self.env, **options))
        return self.worker_groups[-1]

    def enqueue(self, name: str, *jobs: dict[str, Any]) -> list[str]:
        """The new jobs' ids. All become due in the same moment."""
        return self.client.ask("enqueue", name=name, jobs=jobs)

    def rows(self) -> list[dict[str, Any]]:
        return self.client.ask("rows")

    def row(self) -> dict[str, Any]:
        (row,) = self.rows()
        return row

    def lines(self, file: str) -> list[list[str]]:
        path = self.folder / file
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def starts(self) -> list[tuple[str, int, int, int]]:
        """(job, token, process, priority) of each start of a handler, in order."""
        return [
            (job, int(token), int(pid), int(priority))
            for job, token, pid, priority in self.lines("starts")
        ]

    def wait_for_starts(self, count: int) -> list[tuple[str, int, int, int]]:
        eventually(lambda: len(self.starts()) >= count, what=f"{count} starts")
        return self.starts()

    def wait_for_end(self, *, seconds: float = LIMIT_SECONDS) -> list[dict[str, Any]]:
        """The rows, once all have ended."""
        ended = {"succeeded", "failed", "cancelled"}
        eventually(
            lambda: all(row["status"] in ended for row in self.rows()),
            seconds=seconds,
            what="all jobs have ended",
        )
        return self.rows()

    def kill_in_the_middle(self) -> None:
        """kill -9 of a worker that is in the middle of a job.

        A worker is frozen before the rows are read: on a busy machine a short job would end while
        they are read.
        """

        def kill() -> bool:
            for pid in dict.fromkeys(pid for _job, _token, pid, _priority in self.starts()[::-1]):
                linux_processes.kill([pid], signal.SIGSTOP)
                running = (row["worker"] for row in self.rows() if row["status"] == "running")
                if linux_processes.state(pid) == "T" and str(pid) in {
                    worker.rpartition("/")[2] for worker in running
                }:
                    linux_processes.kill([pid])
                    return True
                linux_processes.kill([pid], signal.SIGCONT)
            return False

        eventually(kill, what="a worker in the middle of a job")

    def freeze(self, pid: int) -> None:
        """SIGSTOP at a moment at which the process does not hold SQLite's one lock for writers:
        nobody could go on.
        """

        def stop() -> bool:
            linux_processes.kill([pid], signal.SIGSTOP)
            if self.client.ask("is_writable"):
                return True
            linux_processes.kill([pid], signal.SIGCONT)
            return False

        eventually(stop, what="a moment without a write")

    def require_each_once(self, jobs: list[str]) -> None:
        """Every job ended as succeeded, and left behind exactly one effect."""
        rows = self.wait_for_end()
        assert [row["id"] for row in rows] == jobs
        assert {(row["status"], row["effects"]) for row in rows} == {("succeeded", 1)}
        # The result is that of the attempt that began last.
        newest = {job: token for job, token, _pid, _priority in self.starts()}
        assert {row["id"]: row["result"]["result"]["metadata"]["token"] for row in rows} == newest

    def require_all_known(self) -> None:
        """A job that was claimed more than once was claimed again because its worker had vanished,
        and its log says so.
        """
        rows = self.rows()
        assert [row["token"] for row in rows] == [1 + row["vanished"] for row in rows]

    def require_priorities_kept(self) -> None:
        """No worker took a job while a more urgent one was due. For jobs that became due in the
        same moment.

        A worker reports a start after its claim, and claims after it reported its job before. So
        whatever the others had reported by then was claimed earlier and must have been as urgent.
        Only first claims count, because a job whose worker was killed is due later.
        """
        starts = self.starts()
        # process -> how many starts had been reported when it reported its last one
        reported_before: dict[int, int] = {}
        for index, (_job, token, pid, priority) in enumerate(starts):
            earlier = [
                other
                for _other, first, _pid, other in starts[: reported_before.get(pid, 0)]
                if first == 1
            ]
            assert token > 1 or all(other <= priority for other in earlier), starts
            reported_before[pid] = index + 1

    def close(self) -> None:
        for group in self.worker_groups:
            group.close()


def fault_environment(folder: Path, **more: str) -> dict[str, str]:
    base = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("REDIS", "DATABASE", "MINIO", "PYTEST", "DJANGO"))
    }
    return base | {
        "VAR_DIR": str(folder),
        "CHAOS_FOLDER": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'site'}",
        "EXTRA_APPS": "tests.jobs.chaos",
        "SECRET_KEY": "only for tests",
        "JOB_LEASE_SECONDS": "2",
        "CHECK_TAKES": "0",  # the files of the fakes are smaller than a film
        "JOB_TICK_MS": "200",
        **more,
    }
