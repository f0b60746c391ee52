"""The studio's commands as real processes in an installation of their own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# Limits in seconds for a busy machine; a test that passes does not wait for them.
ENDS_WITHIN = 90.0
LIMIT_SECONDS = 240.0
KEPT = ("PATH", "HOME", "LANG", "FFMPEG")


class Installation:
    """A folder with a database, media and logs of its own; what runs in it can be found by it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env = kept | {"VAR_DIR": str(folder), "LANGUAGE_CODE": "en"}

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments),
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=2 * LIMIT_SECONDS,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """In a group of its own, so that Ctrl+C can be sent to it as a terminal would."""
        return subprocess.Popen(
            self._command(arguments),
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def end(self) -> None:
        """Nothing of it goes on after its test, whatever happened."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def processes(self) -> dict[int, str]:
        """What runs in this installation: process ids and command lines."""
        mark = f"VAR_DIR={self.folder}".encode()
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0") and (
                    line := (process / "cmdline").read_bytes()
                ):
                    found[int(process.name)] = line.replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found


def until(
    condition: Callable[[], object], *, seconds: float = LIMIT_SECONDS, what: str = "it"
) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


def read_until(process: subprocess.Popen[str], word: str) -> list[str]:
    """The lines up to the first with this word. Fails if that takes longer than the limit."""
    assert process.stdout is not None
    lines = []
    limit = threading.Timer(LIMIT_SECONDS, process.kill)
    limit.start()
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if word in line:
                return lines
    finally:
        limit.cancel()
    raise AssertionError(f"it ended without printing “{word}”:\n" + "\n".join(lines))


def end(
    process: subprocess.Popen[str], number: signal.Signals, *, group: bool = False
) -> tuple[int, str]:
    """Sends the signal and returns the exit code and the last output.

    Fails if the process does not end within the limit.
    """
    (os.killpg if group else os.kill)(process.pid, number)
    try:
        output, _ = process.communicate(timeout=ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
