"""Supervises the child processes of a command: starts, restarts and stops them together."""

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

from core.localized_messages import DomainError

STOP_SECONDS = 8.0  # a worker finishes its job or returns it to the queue
PAID_STOP_SECONDS = (
    580.0  # Workers wait for the responses to paid requests; without any they stop as quickly
)
YOUNG_SECONDS = 10.0  # a process that ends sooner did not start properly
MAX_YOUNG_DEATHS = 4


class ChildError(DomainError):
    """A child process cannot be kept running."""

    code = "child_died"


class PortInUseError(DomainError):
    """Another program listens on the studio's port."""

    code = "port_in_use"


class Ended(BaseException):
    """The command was asked to stop (Ctrl+C, SIGTERM, a closed terminal)."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 0 if number == signal.SIGTERM else 128 + number


END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A context in which termination signals raise `Ended` in the main thread."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in END_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require_free_port(host: str, port: int) -> None:
    """Raises PortInUseError if the port cannot be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(
                gettext_noop(
                    "The studio cannot listen on %(host)s port %(port)s (%(reason)s): end "
                    "the program that does, or choose another, e.g. PORT=8080."
                ),
                host=host,
                port=str(port),
                reason=str(error.strerror).lower(),
            ) from None


@dataclass
class Child:
    """One program. It leads its own session, so that Ctrl+C only
    reaches the supervising command.
    """

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
                [*grip, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        self.born = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        """Sends SIGTERM to the program alone, which stops the processes it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.terminate()

    def kill(self) -> None:
        """Sends SIGKILL to the whole session."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass
class Children:
    """`with Children() as children: children.start(...); while ...: children.check()`.

    Leaving the context stops them all.
    """

    all: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path | None = None,
        stop_seconds: float = STOP_SECONDS,
    ) -> Child:
        """Starts `command`, given without the Python executable: `["manage.py", "work"]` or `["-m",
        "gunicorn", ...]`.
        """
        child = Child(name, (sys.executable, *command), log, stop_seconds)
        self.all.append(child)
        child.start()
        return child

    def check(self) -> list[str]:
        """Restarts ended programs and returns their names.

        Raises ChildError for one that repeatedly ends soon after its start.
        """
        restarted = []
        for child in self.all:
            if child.is_alive():
                continue
            child.young_deaths = (
                child.young_deaths + 1 if time.monotonic() - child.born < YOUNG_SECONDS else 1
            )
            if child.young_deaths >= MAX_YOUNG_DEATHS:
                raise ChildError(
                    gettext_noop("The process “%(name)s” ends again and again: %(log)s says why."),
                    name=child.name,
                    log=str(child.log or "its output"),
                )
            child.kill()  # processes it left behind
            child.start()
            restarted.append(child.name)
        return restarted

    def stop(self) -> None:
        """Stops all programs: first by request, then by force after `stop_seconds`.

        A second Ctrl+C shortens the wait.
        """
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
