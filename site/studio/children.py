"""Child processes of one command: started together, restarted when one dies, ended together whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from django.utils.translation import gettext_noop

from ground.sentence import SaidError

STOP_SECONDS = 8.0  # a worker finishes or hands back what it does
PAID_STOP_SECONDS = 550.0  # workers wait for the answers to paid requests; without any they end as quickly
YOUNG_SECONDS = 10.0  # one that dies younger than this did not start well
MAX_YOUNG_DEATHS = 4


class ChildError(SaidError):
    """A child process cannot be kept running."""

    code = "child_died"


class PortInUseError(SaidError):
    """Another program listens where the studio should."""

    code = "port_in_use"


class Ended(BaseException):
    """Somebody asked this command to end (Ctrl-C, SIGTERM, a closed terminal)."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 0 if number == signal.SIGTERM else 128 + number


END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within it the signals that ask a program to end raise `Ended` in the main thread."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in END_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require_free_port(host: str, port: int) -> None:
    """Raises PortInUseError with a sentence if nobody could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(
                gettext_noop("The studio cannot listen on %(host)s port %(port)s (%(reason)s): end the program that does, or choose another, e.g. PORT=8080."),
                host=host,
                port=str(port),
                reason=str(error.strerror).lower(),
            ) from None


@dataclass
class Child:
    """One program. It leads a session of its own, so that Ctrl-C in a terminal reaches only the command that tends it."""

    name: str
    command: Sequence[str]
    log: Path | None = None
    stop_seconds: float = STOP_SECONDS
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    young_deaths: int = 0

    def start(self) -> None:
        setpriv = shutil.which("setpriv")
        grip = (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()
        output = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(  # noqa: S603  our own programs
                [*grip, *self.command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        finally:
            if output:
                output.close()
        self.born = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        """SIGTERM to the program alone: it knows how to end the processes that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.terminate()

    def kill(self) -> None:
        """SIGKILL to the whole session: nothing of it survives."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass
class Children:
    """`with Children() as children: children.start(...); while ...: children.tend()`. Leaving it ends them all."""

    all: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], *, log: Path | None = None, stop_seconds: float = STOP_SECONDS) -> Child:
        """`command` without the Python that runs it: `["manage.py", "work"]` or `["-m", "gunicorn", ...]`."""
        child = Child(name, (sys.executable, *command), log, stop_seconds)
        self.all.append(child)
        child.start()
        return child

    def tend(self) -> list[str]:
        """Starts what has died again and returns the names. Raises ChildError for one that never lives long."""
        restarted = []
        for child in self.all:
            if child.is_alive():
                continue
            child.young_deaths = child.young_deaths + 1 if time.monotonic() - child.born < YOUNG_SECONDS else 1
            if child.young_deaths >= MAX_YOUNG_DEATHS:
                raise ChildError(
                    gettext_noop("The process “%(name)s” ends again and again: %(log)s says why."), name=child.name, log=str(child.log or "its output")
                )
            child.kill()  # what it left behind
            child.start()
            restarted.append(child.name)
        return restarted

    def stop(self) -> None:
        """Ends all: orderly first, each by force after its `stop_seconds`. A second Ctrl-C shortens the wait."""
        hurry = False

        def no_more_waiting(_number: int, _frame: FrameType | None) -> None:
            nonlocal hurry
            hurry = True

        before = {number: signal.signal(number, no_more_waiting) for number in END_SIGNALS}
        try:
            for child in self.all:
                child.ask_to_end()
            begun = time.monotonic()
            while (living := [child for child in self.all if child.is_alive()]) and not hurry:
                late = [child for child in living if time.monotonic() > begun + child.stop_seconds]
                for child in late:
                    child.kill()
                time.sleep(0.05)
            for child in self.all:
                child.kill()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
