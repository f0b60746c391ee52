"""Functions that a limited process is asked to run: what a decoder does with a hostile file, done
on purpose.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core.localized_messages import DomainError


class RefusedFileError(DomainError):
    code = "broken_input"


def echo(*values: Any) -> list[Any]:
    return list(values)


def surroundings() -> dict[str, Any]:
    return {
        "environment": sorted(os.environ),
        "folder": str(Path.cwd()),
        "settings": bool(os.environ.get("DJANGO_SETTINGS_MODULE")),
        "studio": sorted(
            name for name in sys.modules if name.split(".")[0] in {"config", "stories", "studio"}
        ),
    }


def printing() -> str:
    sys.stdout.write("hello")
    os.write(1, b"hello")
    subprocess.run(["/bin/echo", "hello"], check=True)
    return "result"


def spin() -> None:
    while True:
        pass


def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def sleep_with_child(file: str) -> None:
    """Leaves a program behind in its group."""
    child = subprocess.Popen(["/bin/sleep", "600"])
    Path(file).write_text(str(child.pid))
    time.sleep(600)


def grow() -> int:
    return len(bytearray(4 * 1024**3))


def grow_slowly() -> int:
    kept = []
    while True:
        kept.append(bytes(1_000_000) + os.urandom(1))


def talk(count: int) -> bytes:
    return b"x" * count


def refuse() -> None:
    raise RefusedFileError("%(name)s is no picture: %(percent)s %%.", name="a.png", percent=7)


def lie() -> None:
    raise RefusedFileError("%(name)999999999s", name="x")


def crash() -> None:
    raise ZeroDivisionError("secret detail")


def die() -> None:
    os.abort()


def chatter() -> None:
    """Says more than is listened to, past the protocol."""
    while True:
        os.write(2, b"x" * 65536)


def forge() -> None:
    for number in range(3, 64):
        try:
            os.write(number, b"\xc1 not a message")
        except OSError:
            continue
    os._exit(0)


def write_file(path: str, count: int) -> int:
    return Path(path).write_bytes(b"x" * count)


def unsayable() -> object:
    return object()


def hold(folder: str, seconds: float) -> str:
    """Tells that it runs by a file of its own, and how many others it saw."""
    mine = Path(folder) / str(os.getpid())
    mine.touch()
    seen = len(list(Path(folder).iterdir()))
    time.sleep(seconds)
    mine.unlink()
    return str(seen)


def parent() -> int:
    return os.getppid()


_remembered: list[str] = []


def remember(word: str) -> list[str]:
    _remembered.append(word)
    return _remembered


def kill_server() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(20)


def kill_server_once(file: str) -> str:
    """The second run returns the process id of the server that the first one killed."""
    if Path(file).exists():
        return Path(file).read_text()
    Path(file).write_text(str(os.getppid()))
    kill_server()
    return ""
