"""Linux process control: children die with their parent, and orphans are adopted and killed."""

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
    """Have the kernel kill this process when its parent ends.

    `parent` is the pid that this process expects its parent to have.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before prctl took effect
        os._exit(1)


def adopt_orphans() -> None:
    """Make this process the new parent of its orphaned descendants, in place of init."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def children(pid: int | None = None) -> list[int]:
    """Return the living children of a process (this one by default), without zombies."""
    pid = pid or os.getpid()
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return [child for child in found if state(child) not in {"Z", ""}]


def is_childless() -> bool:
    """Return whether this process has no child, living or zombie. One system call."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def state(pid: int) -> str:
    """Return the process state as in /proc (R, S, T, Z ...); empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def descendants(pid: int | None = None) -> list[int]:
    """Return all descendants of a process: children, their children and so on."""
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
    """Kill and reap all descendants of this process, except those in `keep` and their descendants.

    Return the number of killed processes. Requires `adopt_orphans`: after a child is killed, its
    children become children of this process.
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
    """Reap a child, waiting up to `seconds` for it to end; return whether it has ended."""
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
    """Return the start time of the process in clock ticks since boot.

    The pid and the start time together identify a process uniquely.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def mark() -> None:
    """Set an environment variable that all programs started by this process inherit."""
    os.environ[MARK] = f"{os.getpid()}:{_begun(os.getpid())}"


def kill_orphans() -> int:
    """Kill processes left behind by a supervisor that was killed with all its workers; return their
    number.
    """
    orphans = [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and _is_orphan(folder)
    ]
    orphans = [pid for pid in orphans if pid != os.getpid()]
    kill(orphans)
    return len(orphans)


def _is_orphan(folder: Path) -> bool:
    try:
        environment = (folder / "environ").read_bytes()
    except OSError:  # it ended, or belongs to another user
        return False
    _before, found, after = environment.partition(f"\0{MARK}=".encode())
    if not found:
        return False
    pid, _colon, begun = after.partition(b"\0")[0].decode(errors="replace").partition(":")
    return pid.isdigit() and _begun(int(pid)) != begun
