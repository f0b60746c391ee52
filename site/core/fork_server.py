"""Starts processes by forking one that has already imported the large libraries.

A new interpreter with numpy, Pillow and Django's messages takes 0.3 s of processor time before it
reads the first byte of a file; a fork takes 0.01 s (`docs/adr/0009-limited-processes.md`).
Python's own `multiprocessing` has such a server too, but it hands on the whole environment, keys
and passwords included.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .fork_server_program import EXIT_CODE

PROGRAM = Path(__file__).with_name("fork_server_program.py")
SECONDS_TO_END = 5.0


class ForkServerGoneError(Exception):
    """The fork server ended before its process did."""


class ForkedProcess:
    """A process of the fork server. `end` must be called."""

    def __init__(self, life: socket.socket) -> None:
        self._life = life

    def wait(self, seconds: float) -> int | None:
        """Returns the exit code (negative: the signal), or None if it still runs after `seconds`.

        Raises ForkServerGoneError.
        """
        self._life.settimeout(seconds)
        try:
            message = self._life.recv(EXIT_CODE.size)
        except (TimeoutError, BlockingIOError):
            return None
        if len(message) < EXIT_CODE.size:
            raise ForkServerGoneError
        return int(EXIT_CODE.unpack(message)[0])

    def end(self) -> None:
        """Kills the process group and returns when it is gone."""
        with self._life, suppress(OSError):
            self._life.shutdown(socket.SHUT_WR)
            self._life.settimeout(SECONDS_TO_END)
            while self._life.recv(EXIT_CODE.size):
                pass


class ForkServer:
    """One server for this process, started when it is first needed and again when it has died."""

    def __init__(
        self, *, roots: Sequence[str], modules: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._arguments = [*roots, "--", *modules]
        self._environment = environment
        self._forget()
        atexit.register(self.stop)
        os.register_at_fork(after_in_child=self._forked)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def _forked(self) -> None:
        """A forked process starts a server of its own. It lets go of its parent's, which ends when
        nobody holds the other end of its socket.
        """
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.returncode = 0  # not a child of this process: nothing to wait for
        self._forget()

    def fork(self, stdin: int, stdout: int, stderr: int) -> ForkedProcess:
        """Starts a process with these descriptors. Raises ForkServerGoneError."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            control = self._started()
            try:
                socket.send_fds(control, [b"+"], [stdin, stdout, stderr, theirs.fileno()])
            except OSError as error:
                ours.close()
                raise ForkServerGoneError from error
        return ForkedProcess(ours)

    def _started(self) -> socket.socket:
        """Returns the socket to a running server."""
        if self._process is not None and self._process.poll() is None:
            assert self._control is not None
            return self._control
        if self._control is not None:
            self._control.close()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and our own file
                [sys.executable, "-I", "-B", str(PROGRAM), str(number), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
                env=dict(self._environment),
                cwd="/",
                process_group=0,
            )
        return self._control

    def stop(self) -> None:
        """Ends the server and its processes."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._process is not None:
                self._process.wait()
            self._control = self._process = None
