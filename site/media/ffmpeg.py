"""Runs ffmpeg so that it never outlives its job,
never hangs and never leaves partial output files.
"""

import fcntl
import os
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, cast

import imageio_ffmpeg
from django.utils.translation import gettext_noop

from media.errors import MediaError, disk_full, stopped
from media.probe import INPUT_GUARD, Probe, Timeline, parse_probe

__all__ = ["INPUT_GUARD", "MediaError", "Probe", "binary", "probe", "run", "watch"]

TICK_SECONDS = 0.2
PIPE_BYTES = 1 << 20
TAIL_BYTES = 8000

OLDEST = (5, 1)  # supports -fps_mode
_RELEASE = re.compile(r"ffmpeg version [a-z]*(\d+)\.(\d+)")

DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
BROKEN_INPUT = (
    "Invalid data found when processing input",
    "moov atom not found",
    "Error opening input",
    "does not contain any stream",
    "matches no streams",
    "Protocol not found",
    "not on whitelist",
    "not in whitelist",
)


def never() -> bool:
    return False


def ignore(_: object) -> None:
    return


@cache
def _named_binary(override: str) -> str:
    if not override:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    found = shutil.which(override)
    if not found:
        raise MediaError(
            gettext_noop("The program ffmpeg was not found at %(path)s."),
            code="failed",
            path=override,
        )
    output = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stdout  # noqa: S603  configured by the operator
    version = _RELEASE.match(output)
    if not output.startswith("ffmpeg version ") or (
        version and (int(version[1]), int(version[2])) < OLDEST
    ):
        raise MediaError(
            gettext_noop("%(path)s is no ffmpeg of version %(oldest)s or later."),
            code="failed",
            detail=output,
            path=found,
            oldest=".".join(map(str, OLDEST)),
        )
    return found


def binary() -> str:
    """Returns the path of ffmpeg: the environment variable FFMPEG, or the one of imageio-ffmpeg.

    Raises MediaError if FFMPEG names none, or one older than OLDEST. Builds without a version
    number are accepted.
    """
    return _named_binary(os.environ.get("FFMPEG", ""))


@cache
def _death_grip() -> tuple[str, ...]:
    """Returns a command prefix that makes the kernel kill the child when its parent dies."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


@dataclass
class _Talk:
    """Communicates with a running ffmpeg: writes its stdin and reads both outputs in the calling
    thread.
    """

    process: subprocess.Popen[bytes]
    feed: Iterator[memoryview]
    on_line: Callable[[str], None]
    check: Callable[[], None]
    tail: bytearray = field(default_factory=bytearray)
    rest: bytes = b""
    pending: memoryview = field(default_factory=lambda: memoryview(b""))

    def until_silent(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(
                cast("IO[bytes]", self.process.stdout), selectors.EVENT_READ, self._read_out
            )
            selector.register(
                cast("IO[bytes]", self.process.stderr), selectors.EVENT_READ, self._read_error
            )
            if self.process.stdin:
                _widen(self.process.stdin)
                selector.register(self.process.stdin, selectors.EVENT_WRITE, self._write)
            while selector.get_map():
                for key, _events in selector.select(TICK_SECONDS):
                    if not key.data():
                        selector.unregister(key.fileobj)
                        cast("IO[bytes]", key.fileobj).close()
                self.check()

    def _read_out(self) -> bool:
        data = os.read(cast("IO[bytes]", self.process.stdout).fileno(), PIPE_BYTES)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.on_line(line.decode("utf-8", "replace"))
        return bool(data)

    def _read_error(self) -> bool:
        data = os.read(cast("IO[bytes]", self.process.stderr).fileno(), PIPE_BYTES)
        self.tail += data
        del self.tail[:-TAIL_BYTES]
        return bool(data)

    def _write(self) -> bool:
        if not self.pending:
            self.pending = next(self.feed, memoryview(b""))
        if not self.pending:
            return False
        try:
            written = os.write(cast("IO[bytes]", self.process.stdin).fileno(), self.pending)
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self.pending = self.pending[written:]
        return True


def _widen(pipe: IO[bytes]) -> None:
    os.set_blocking(pipe.fileno(), False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # above the limit of an unprivileged user; the usual 64 kB remain
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _guard(limit_seconds: float, should_stop: Callable[[], bool]) -> Callable[[], None]:
    """Returns a check that raises on timeout or on request of the caller, who is asked a few times
    a second.
    """
    start = time.monotonic()
    asked = start

    def check() -> None:
        nonlocal asked
        now = time.monotonic()
        if now - start > limit_seconds:
            raise MediaError(
                gettext_noop("ffmpeg took longer than %(seconds)s seconds and was ended."),
                code="timed_out",
                seconds=int(limit_seconds),
            )
        if now - asked >= TICK_SECONDS:
            asked = now
            if should_stop():
                raise stopped()

    return check


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills the whole process group and waits for it. A finished process is only waited for."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe and not pipe.closed:
            with suppress(OSError):
                pipe.close()


def _execute(
    arguments: Sequence[str],
    *,
    feed: Iterable[memoryview] | None,
    on_line: Callable[[str], None],
    limit_seconds: float,
    should_stop: Callable[[], bool],
) -> tuple[int, str]:
    command = [
        *_death_grip(),
        binary(),
        "-hide_banner",
        *([] if feed else ["-nostdin"]),
        *arguments,
    ]
    check = _guard(limit_seconds, should_stop)
    # Our own program, no shell, and file names are passed as `file:` arguments
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        process_group=0,
    )
    try:
        talk = _Talk(process, iter(feed or ()), on_line, check)
        talk.until_silent()
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(TICK_SECONDS), talk.tail.decode("utf-8", "replace")
            check()
    finally:
        _end(process)


def failure(code: int, output: str) -> MediaError:
    """Returns the error for this exit code and the end of the output."""
    if code == -signal.SIGXFSZ or any(sign in output for sign in DISK_FULL):
        return disk_full(output)
    if code < 0:
        return MediaError(
            gettext_noop("ffmpeg was killed while it worked (signal %(signal)s)."),
            code="killed",
            detail=output,
            signal=-code,
        )
    if any(sign in output for sign in BROKEN_INPUT):
        return MediaError(
            gettext_noop(
                "A picture or clip could not be read: the file is damaged or of an unknown kind."
            ),
            code="broken_input",
            detail=output,
        )
    return MediaError(
        gettext_noop("ffmpeg failed (exit code %(exit)s)."), code="failed", detail=output, exit=code
    )


def run(
    arguments: Sequence[str],
    *,
    out: Path,
    feed: Iterable[memoryview] | None = None,
    limit_seconds: float = 900.0,
    should_stop: Callable[[], bool] = never,
    on_frame: Callable[[int], None] = ignore,
    on_line: Callable[[str], None] = ignore,
) -> str:
    """Runs ffmpeg with `arguments` and a temporary file beside `out`, renamed to `out` on success.

    `feed` yields the data for standard input as needed. `on_frame` receives the number of frames
    written so far, `on_line` each line of standard output. All run in the calling thread. Returns
    ffmpeg's warnings. Raises MediaError; then no file is left behind.
    """

    def hear(line: str) -> None:
        on_line(line)
        key, _equals, value = line.partition("=")
        if key == "frame" and value.strip().isdigit():
            on_frame(int(value))

    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    with ExitStack() as stack:
        stack.callback(part.unlink, missing_ok=True)
        code, output = _execute(
            [
                "-loglevel",
                "error",
                "-nostats",
                "-progress",
                "pipe:1",
                *arguments,
                "-y",
                f"file:{part}",
            ],
            feed=feed,
            on_line=hear,
            limit_seconds=limit_seconds,
            should_stop=should_stop,
        )
        if code or any(sign in output for sign in DISK_FULL):
            raise failure(code, output)
        _settle(part, out, output)
        return output


def _settle(part: Path, out: Path, output: str) -> None:
    """Syncs the finished file to disk, then renames it."""
    try:
        with part.open("rb") as file:
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        size = 0
    if not size:
        raise failure(1, output)
    part.replace(out)


def probe(path: Path, *, limit_seconds: float = 60.0) -> Probe:
    """Returns facts of a film or clip, with its frames counted. Raises MediaError (broken_input)
    without video.

    A cover image is ignored in favour of the moving stream.
    """
    timeline = Timeline()
    code, output = _execute(
        [
            *INPUT_GUARD,
            "-i",
            f"file:{path}",
            "-map",
            "0:V:0",
            "-c",
            "copy",
            "-f",
            "framecrc",
            "pipe:1",
        ],
        feed=None,
        on_line=timeline.hear,
        limit_seconds=limit_seconds,
        should_stop=never,
    )
    found = None if code else parse_probe(output, timeline)
    if found is None:
        raise MediaError(
            gettext_noop("A clip could not be read: the file is damaged or of an unknown kind."),
            code="broken_input",
            detail=output,
        )
    return found


def listen(
    arguments: Sequence[str],
    *,
    on_line: Callable[[str], None],
    feed: Iterable[memoryview] | None = None,
    limit_seconds: float = 900.0,
    should_stop: Callable[[], bool] = never,
) -> tuple[int, str]:
    """Runs ffmpeg for what it prints: `on_line` receives each line of its standard output. Returns
    the exit code and the end of its standard error. Raises MediaError on a stop or a timeout.
    """
    return _execute(
        arguments, feed=feed, on_line=on_line, limit_seconds=limit_seconds, should_stop=should_stop
    )


def watch(arguments: Sequence[str], *, limit_seconds: float) -> tuple[int, str]:
    """Runs ffmpeg without an output file. Returns the number of frames and its warnings.

    Raises MediaError on failure.
    """
    frames = 0

    def on_line(line: str) -> None:
        nonlocal frames
        key, _equals, value = line.partition("=")
        if key == "frame" and value.strip().isdigit():
            frames = int(value)

    code, output = _execute(
        ["-loglevel", "error", "-nostats", "-progress", "pipe:1", *arguments],
        feed=None,
        on_line=on_line,
        limit_seconds=limit_seconds,
        should_stop=never,
    )
    if code:
        raise failure(code, output)
    return frames, output
