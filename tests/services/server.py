"""What every server here has in common: free ports, a process that ends with ours, start, kill,
stop and freeze.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"


READY_SECONDS = 60.0
FREEZE_SECONDS = 60.0


TRIES = 5  # another program may take a port between our look and the server's start


# Becomes the server: as another user if one is given, and ending with the process that started it.
LAUNCH = """
import ctypes, os, sys
parent, user, dying = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if user:
    os.setgroups([]), os.setgid(user), os.setuid(user)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, dying, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[4], sys.argv[4:])
"""


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, below the range from which the system lends ports to
    outgoing connections.
    """
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = random.SystemRandom().randrange(15_000, 32_000)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            ports.append(port)
    return ports


class NotStartedError(RuntimeError):
    """The server ended before it was ready; the message ends with its last words."""


class Server(ABC):
    """One server process. `start()` after `kill()` or `stop()` goes on with the same address and
    data.
    """

    name = ""
    stop_signal = signal.SIGTERM
    stop_seconds = 10.0
    dying_signal = signal.SIGKILL
    user = 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{self.name}.log"

    @property
    @abstractmethod
    def env(self) -> dict[str, str]:
        """The studio's variables that name this server."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The program (an absolute path) and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers now."""

    @abstractmethod
    def choose_ports(self) -> None:
        """Chooses the ports; called again when another program was faster."""

    def prepare(self) -> None:  # noqa: B027  most servers need nothing
        """What is done once, before the first start."""

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} does not run"
        return self.process.pid

    def open(self) -> None:
        self.prepare()
        for attempt in range(1, TRIES + 1):
            self.choose_ports()
            try:
                self.start()
            except NotStartedError:
                self.kill()
                if attempt == TRIES:
                    raise
            else:
                return

    def start(self) -> None:
        assert self.process is None, f"{self.name} runs already"
        launcher = [
            sys.executable,
            "-c",
            LAUNCH,
            str(os.getpid()),
            str(self.user),
            str(int(self.dying_signal)),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*launcher, *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        until = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise NotStartedError(
                    f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL to the server and everything it started; data that it had not written is lost, as
        in a power cut.
        """
        self._end(signal.SIGKILL, 0)

    def stop(self) -> None:
        """An orderly end; SIGKILL if it takes longer than `stop_seconds`."""
        self._end(self.stop_signal, self.stop_seconds)

    def _end(self, first: signal.Signals, patience: float) -> None:
        if self.process is None:
            return
        self._signal_all(signal.SIGCONT)
        children = self._children()
        self.process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self._signal_all(signal.SIGKILL, children)
        self.process.wait()
        self.process = None

    def freeze(self) -> None:
        """It hangs: connections are held and nothing is answered, until `thaw()`."""
        self._signal_all(signal.SIGSTOP)
        # On a busy machine its other threads answer until one of them has taken the signal.
        deadline = time.monotonic() + FREEZE_SECONDS
        while not all(map(_is_stopped, [self.pid, *self._children()])):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not stop")
            time.sleep(0.01)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _children(self) -> list[int]:
        """Some servers (PostgreSQL) put each of their processes into a group of its own."""
        try:
            return [
                int(pid)
                for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            ]
        except FileNotFoundError:
            return []

    def _signal_all(self, number: signal.Signals, children: Sequence[int] | None = None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        for pid in self._children() if children is None else children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def close(self) -> None:
        self.kill()


def _is_stopped(pid: int) -> bool:
    """Whether every thread of the process is stopped, or it has ended."""
    states = []
    for task in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            states.append(task.read_text().rpartition(")")[2].split()[0])
    return set(states) <= {"T", "Z", "X"}


@contextmanager
def running[S: Server](kind: type[S], place: Path | None = None) -> Iterator[S]:
    """A server of this kind in a folder of its own within `place`, ended and cleared away at the
    end of the block.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"vp-{kind.name}-", dir=place))
    server = kind(folder)
    try:
        server.open()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
