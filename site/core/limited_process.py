"""Runs code on untrusted files in a separate process with limits on memory, time and concurrency.

    text = run_limited(
        "stories.imports.reading:words",
        [data],
        seconds=20,
        memory_bytes=256 * MB,
        max_output_bytes=4 * MB,
    )

The function is given by name. The process is a fork of a Python that has imported libraries and
knows neither the studio's settings nor the environment's secrets nor a database. Arguments and
result are None, bool, int, float, str, bytes, and lists and dicts of them; a tuple arrives as a
list. Pass a large file as a path.
"""

import fcntl
import logging
import os
import re
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from django.conf import settings
from django.utils.translation import gettext_noop

from .fork_server import ForkServer, ForkServerGoneError
from .localized_messages import DomainError, Value
from .unavailable import ServiceUnavailableError

logger = logging.getLogger("ai_video.limited")

MB = 1024 * 1024
ROOTS = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
# What most readers import, and what takes longest to import.
PRELOADED = ("core.limited_process", "numpy", "PIL.Image", "pillow_heif")
# The only variables passed on: the environment contains keys and passwords.
ENVIRONMENT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "FFMPEG",
    "FONTCONFIG_PATH",
    "LD_LIBRARY_PATH",
)
# One thread each: threads of numeric libraries reserve address space, which the limit counts.
FIXED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "PYTHONIOENCODING": "utf-8",
}

WAIT_SECONDS = 5.0
WAITERS = 4  # threads of one process that may wait for a free slot; others get BusyError at once
LOOK_SECONDS = 0.05
CHUNK = 1 << 16
OVERHEAD = 64 * 1024  # of a message, in addition to the output itself
TAIL_BYTES = 2000
LONGEST_TEMPLATE = 1000
_PLACE = re.compile(r"%%|%\([A-Za-z_]{1,40}\)[sd]")
_waiters = threading.BoundedSemaphore(WAITERS)


class LimitedError(DomainError):
    """The work failed, for a reason that is shown to the user.

    `code` is the code of the error that the function raised, or one of timed_out, too_much_memory,
    too_much_output, failed, stopped. `detail` is for the log.
    """

    code = "failed"

    def __init__(self, template: str, /, *, code: str, detail: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.code = code
        self.detail = detail


class BusyError(ServiceUnavailableError):
    """All slots for limited processes on this machine are in use. A retry will succeed shortly."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(
            gettext_noop("Other files are being read at the moment. Try again in a moment.")
        )


def timed_out() -> LimitedError:
    return LimitedError(
        gettext_noop("Reading the file took too long and was stopped."), code="timed_out"
    )


def too_much_memory() -> LimitedError:
    return LimitedError(
        gettext_noop("Reading the file takes more memory than is allowed."), code="too_much_memory"
    )


def too_much_output() -> LimitedError:
    return LimitedError(
        gettext_noop("There is more in the file than is read."), code="too_much_output"
    )


def failed(detail: str) -> LimitedError:
    return LimitedError(gettext_noop("The file could not be read."), code="failed", detail=detail)


@contextmanager
def _place(seconds: float) -> Iterator[int]:
    """Hold one of the machine's slots as a file lock, which the kernel releases when the holder
    ends.
    """
    folder = Path(settings.VAR_DIR) / "limited"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files: list[int] = []
    try:
        # O_CLOEXEC is Python's default: the started process does not hold the lock.
        names = [folder / f"place-{number}" for number in range(settings.LIMITED_PROCESSES)]
        files.extend(os.open(name, os.O_RDWR | os.O_CREAT, 0o600) for name in names)
        yield _lock(files, seconds)
    finally:
        for file in files:
            os.close(file)


def _lock(files: Sequence[int], seconds: float) -> int:
    """Return the first of the files that could be locked. Raises BusyError."""
    if (taken := _try(files)) is not None:
        return taken
    if not _waiters.acquire(blocking=False):
        raise BusyError
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            if (taken := _try(files)) is not None:
                return taken
    finally:
        _waiters.release()
    raise BusyError


def _try(files: Sequence[int]) -> int | None:
    for file in files:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
    return None


def run_limited(
    function: str,
    args: Sequence[Any] = (),
    *,
    seconds: float,
    memory_bytes: int,
    max_output_bytes: int,
    max_file_bytes: int = 0,
    wait_seconds: float = WAIT_SECONDS,
    should_stop: Callable[[], bool] | None = None,
) -> Any:
    """Run `function` ("package.module:name") with `args` in a limited process and return its
    result.

    `seconds` limits both processor time and elapsed time. `memory_bytes` limits the address space;
    Python with numpy and Pillow needs about 150 MB. `max_file_bytes` limits the size of each file
    written (none by default). `wait_seconds` is how long to wait for a free slot; a job may wait
    longer than a page.

    Raises LimitedError, or BusyError (503; a job waits) if no slot became free. A DomainError of
    the function keeps its message and code. If `should_stop` returns True the process is killed and
    LimitedError with code `stopped` is raised.
    """
    message = msgspec.msgpack.encode(
        {
            "function": function,
            "args": list(args),
            "seconds": seconds,
            "memory": memory_bytes,
            "output": max_output_bytes,
            "file": max_file_bytes,
        }
    )
    with _place(wait_seconds):
        code, out, stderr_text = _conversation(
            message, seconds, max_output_bytes + OVERHEAD, should_stop
        )
    return _answer(code, out, stderr_text, max_output_bytes)


def _conversation(
    message: bytes, seconds: float, most: int, should_stop: Callable[[], bool] | None
) -> tuple[int, bytes, str]:
    """`_converse`, once more if the server of the processes ended meanwhile."""
    with suppress(ForkServerGoneError):
        return _converse(message, seconds, most, should_stop)
    logger.warning("The server of limited processes has ended. It is started again.")
    try:
        return _converse(message, seconds, most, should_stop)
    except ForkServerGoneError as error:
        raise failed("The server of limited processes has ended twice.") from error


def _converse(
    message: bytes, seconds: float, most: int, should_stop: Callable[[], bool] | None
) -> tuple[int, bytes, str]:
    """Return exit code, output and the tail of standard error. Then the whole process group is
    killed.
    """
    end = time.monotonic() + seconds
    with ExitStack() as pipes:
        (their_in, stdin), (stdout, their_out), (stderr, their_error) = (
            [pipes.enter_context(os.fdopen(number, mode, buffering=0)) for number, mode in ends]
            for ends in (zip(os.pipe(), ("rb", "wb"), strict=True) for _ in range(3))
        )
        process = _server().fork(their_in.fileno(), their_out.fileno(), their_error.fileno())
        pipes.callback(process.end)
        for theirs in (their_in, their_out, their_error):
            theirs.close()
        out, stderr_text = bytearray(), bytearray()
        pending = memoryview(message)
        code = None
        with selectors.DefaultSelector() as selector:
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE)
            selector.register(stdout, selectors.EVENT_READ, out)
            selector.register(stderr, selectors.EVENT_READ, stderr_text)
            while selector.get_map():
                _check(end, should_stop)
                # A process outlives its server, so that the pipes alone do not tell that it died.
                code = process.wait(0) if code is None else code
                for key, _events in selector.select(0.2):
                    file = cast("IO[bytes]", key.fileobj)
                    if file is stdin:
                        pending = _write(stdin, pending)
                        done = not pending
                    else:
                        data = os.read(file.fileno(), CHUNK)
                        key.data.extend(data)
                        done = not data
                    if done:
                        selector.unregister(file)
                        file.close()
                del stderr_text[:-TAIL_BYTES]
                if len(out) > most:
                    raise too_much_output()
        while code is None:
            _check(end, should_stop)
            code = process.wait(0.2)
        return code, bytes(out), stderr_text.decode("utf-8", "replace")


@cache
def _server() -> ForkServer:
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | FIXED
    return ForkServer(roots=ROOTS, modules=PRELOADED, environment=environment)


def _check(end: float, should_stop: Callable[[], bool] | None) -> None:
    if time.monotonic() > end:
        raise timed_out()
    if should_stop is not None and should_stop():
        raise LimitedError(gettext_noop("Reading the file was stopped."), code="stopped")


def _write(file: IO[bytes], pending: memoryview) -> memoryview:
    """Return the data still to be written; nothing if the reader has closed the pipe."""
    try:
        return pending[os.write(file.fileno(), pending[: 1 << 20]) :]
    except BlockingIOError:
        return pending
    except BrokenPipeError:
        return pending[:0]


def _answer(code: int, out: bytes, stderr_text: str, most: int) -> Any:
    """Return the result of the process. Its output is untrusted, because it parsed an untrusted
    file.
    """
    if code == -signal.SIGXCPU:
        raise timed_out()
    try:
        answer = msgspec.msgpack.decode(out)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or code != 0:
        logger.warning(
            "A limited process ended with %s: %s", code, stderr_text.strip()[-TAIL_BYTES:]
        )
        raise failed(f"exit code {code}: {stderr_text}")
    if "result" in answer:
        if len(out) > most + OVERHEAD:
            raise too_much_output()
        return answer["result"]
    raise _error(answer)


def _error(answer: dict[str, Any]) -> LimitedError:
    kind, detail = str(answer.get("code", "failed")), str(answer.get("detail", ""))[:TAIL_BYTES]
    own = {
        "timed_out": timed_out,
        "too_much_memory": too_much_memory,
        "too_much_output": too_much_output,
    }
    if kind in own:
        return own[kind]()
    template, values = answer.get("template"), answer.get("values")
    if not (isinstance(template, str) and template and isinstance(values, dict)):
        logger.warning("A limited process failed: %s", detail)
        return failed(detail)
    plain = {
        str(name): value
        for name, value in values.items()
        if value is None or isinstance(value, str | int | float)
    }
    if len(template) > LONGEST_TEMPLATE or "%" in _PLACE.sub("", template):
        return failed(detail)
    try:
        return LimitedError(template, code=kind, detail=detail, **plain)
    except TypeError:
        return failed(detail)
