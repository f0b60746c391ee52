"""Groups of workers whose processes are killed, stopped for a while, or told to end, at random
moments.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from jobs.worker.linux_processes import children
from tests.services.server import LAUNCH, Server

ROOT = Path(__file__).resolve().parents[2]
LONGEST_STOP = 9.0  # seconds, longer than a lease
OUTAGE = (1.0, 8.0)  # seconds that Redis or the store is off


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [below for child in found for below in descendants(child)]


class Groups:
    """So many `manage.py work`; one that ends is started anew until `end()`."""

    def __init__(self, count: int, *, env: dict[str, str], log: Path) -> None:
        self.count, self.env, self.log = count, env, log
        self.processes: list[subprocess.Popen[bytes]] = []
        self.lock = threading.RLock()

    def fill(self) -> None:
        """Start what is missing."""
        with self.lock:
            self.processes = [process for process in self.processes if process.poll() is None]
            while len(self.processes) < self.count:
                with self.log.open("ab") as log:
                    launcher = [
                        sys.executable,
                        "-c",
                        LAUNCH,
                        str(os.getpid()),
                        "0",
                        str(int(signal.SIGKILL)),
                    ]
                    command = [
                        sys.executable,
                        "manage.py",
                        "work",
                        "--grace",
                        "1",
                        "--paid-grace",
                        "8",
                    ]
                    started = subprocess.Popen(
                        [*launcher, *command],
                        env=self.env,
                        cwd=ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                self.processes.append(started)

    def kill_all(self) -> None:
        """SIGKILL to every process of every group."""
        with self.lock:
            for process in self.processes:
                for pid in [process.pid, *descendants(process.pid)]:
                    _signal(pid, signal.SIGKILL)
                process.wait()
            self.processes = []

    def end(self) -> None:
        """In order; what does not end is killed."""
        with self.lock:
            for process in self.processes:
                process.terminate()
            for process in self.processes:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(20)
            self.kill_all()


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


class Outages:
    """Servers (Redis, the store) that are switched off for some seconds, each only while it is on.

    Everything happens in the thread that started them: they end with it.
    """

    def __init__(self, servers: Sequence[Server], *, chance: random.Random) -> None:
        self.servers, self.chance = servers, chance
        self.off: dict[str, float] = {}  # until when, by name

    def strike(self) -> str:
        """Switch one off and return its name; empty if none is on."""
        on = [server for server in self.servers if server.name not in self.off]
        if not on:
            return ""
        server = self.chance.choice(on)
        # in order: a store that loses what it has acknowledged is not promised to be survived
        server.stop()
        self.off[server.name] = time.monotonic() + self.chance.uniform(*OUTAGE)
        return server.name

    def recover(self, *, at_once: bool = False) -> None:
        """Switch on those that were off for long enough."""
        for server in self.servers:
            if server.name in self.off and (at_once or time.monotonic() > self.off[server.name]):
                server.start()
                del self.off[server.name]


class Killer:
    """`run()` until so many SIGKILLs. `busy` gives the process ids of workers that have a job."""

    def __init__(
        self,
        groups: Groups,
        *,
        chance: random.Random,
        busy: Callable[[], list[int]],
        servers: Sequence[Server] = (),
    ) -> None:
        self.groups, self.chance, self.busy = groups, chance, busy
        self.outages = Outages(servers, chance=chance)
        self.done: Counter[str] = Counter()
        self.stopped: list[threading.Timer] = []

    def run(
        self,
        kills: int,
        *,
        pauses: tuple[float, float],
        over: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        while self.done["SIGKILL"] < kills and not over():
            time.sleep(self.chance.uniform(*pauses))
            self.groups.fill()
            self.outages.recover()
            self._strike()
            say(f"{dict(self.done)}")
        self.outages.recover(at_once=True)
        for timer in self.stopped:
            timer.join(LONGEST_STOP + 1)

    def _strike(self) -> None:
        group = self.chance.choice(self.groups.processes)
        below = descendants(group.pid)
        kinds = {
            "worker": 45,
            "process": 15,
            "group": 8,
            "supervisor": 6,
            "end": 6,
            "stop": 20,
            "outage": 10 if self.outages.servers else 0,
        }
        kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
        if kind == "outage":
            if name := self.outages.strike():
                self.done[f"{name} off"] += 1
        elif kind == "end":
            group.terminate()
            self.done["SIGTERM"] += 1
        elif kind == "stop" and below:
            self._stop(self._one_of(below))
        elif kind == "group":
            self._kill(group.pid, *below)
        elif kind == "supervisor":
            self._kill(group.pid)
        elif below:
            self._kill(self._one_of(below) if kind == "worker" else self.chance.choice(below))

    def _one_of(self, pids: list[int]) -> int:
        """A worker with a job, if there is one."""
        busy = set(self.busy())
        return self.chance.choice([pid for pid in pids if pid in busy] or pids)

    def _kill(self, *pids: int) -> None:
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        self.done["SIGKILL"] += 1

    def _stop(self, pid: int) -> None:
        _signal(pid, signal.SIGSTOP)
        self.done["SIGSTOP"] += 1
        timer = threading.Timer(
            self.chance.uniform(0.5, LONGEST_STOP), _signal, (pid, signal.SIGCONT)
        )
        timer.start()
        self.stopped.append(timer)
