"""What Linux offers to keep a family of processes together: none outlives its head, and nobody is forgotten."""

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with(parent: int) -> None:
    """This process is killed when its parent ends, however that ends. `parent`: whom it believes to be its parent."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we could ask
        os._exit(1)


def adopt_orphans() -> None:
    """Descendants whose parent ends become children of this process, not of init."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def children(pid: int | None = None) -> list[int]:
    """The living children of a process (this one by default); those that have ended and wait to be collected are not living."""
    pid = pid or os.getpid()
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return [child for child in found if state(child) not in {"Z", ""}]


def is_childless() -> bool:
    """Whether this process has no child at all, living or uncollected; one system call."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def state(pid: int) -> str:
    """R, S, T, Z ... as in /proc; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def descendants(pid: int | None = None) -> list[int]:
    """Children, their children and so on."""
    found: list[int] = []
    level = children(pid)
    while level:
        found += level
        level = [grandchild for child in level for grandchild in children(child)]
    return found


def kill(pids: Iterable[int], number: int = signal.SIGKILL) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def kill_family(keep: Iterable[int] = ()) -> int:
    """Kills and collects all children of this process and theirs, except the ones to keep and what is below those.

    Returns how many there were. Works for a process that adopts orphans: killing a child brings its children here.
    """
    if is_childless():
        return 0
    kept = set(keep)
    killed = 0
    for _generation in range(100):
        found = [child for child in children() if child not in kept]
        if not found:
            break
        kill(found)
        killed += len(found)
        for pid in found:
            collect(pid, seconds=5)
    return killed


def collect(pid: int, *, seconds: float = 0) -> bool:
    """Takes note of a child's end, waiting for it so long; whether it has ended."""
    until = time.monotonic() + seconds
    while True:
        try:
            done, _status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return True
        if done:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.005)


MARK = "VIDEOPLANET_SUPERVISOR"


def _begun(pid: int) -> str:
    """When the process began, in ticks since the machine started: with its number, an identity that is not used again."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def mark() -> None:
    """Every program that is started below this process from now on carries its mark in the environment."""
    os.environ[MARK] = f"{os.getpid()}:{_begun(os.getpid())}"


def kill_strays() -> int:
    """Kills what a supervisor on this machine left behind that was itself killed together with all its workers; how many."""
    strays = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit() and _is_stray(folder)]
    strays = [pid for pid in strays if pid != os.getpid()]
    kill(strays)
    return len(strays)


def _is_stray(folder: Path) -> bool:
    try:
        environment = (folder / "environ").read_bytes()
    except OSError:  # it ended, or belongs to somebody else
        return False
    _before, found, after = environment.partition(f"\0{MARK}=".encode())
    if not found:
        return False
    pid, _colon, begun = after.partition(b"\0")[0].decode(errors="replace").partition(":")
    return pid.isdigit() and _begun(int(pid)) != begun
