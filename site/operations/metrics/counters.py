"""Counters shared by all processes of a machine.

Each process counts in its own file and a reader adds the files up. A file is a row of slots in
shared memory, so a count costs no system call and outlives its process.
"""

import fcntl
import json
import mmap
import os
import struct
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

SLOT = 256  # bytes: the value, the length of its key, the key
GROW = 64 * SLOT
HEAD = struct.Struct("<dH")
LONGEST_KEY = SLOT - HEAD.size
ENDED = "ended.counts"  # totals of ended processes

type Key = tuple[str, ...]


def folder() -> Path:
    return Path(settings.VAR_DIR) / "metrics"


class _File:
    """The slots of this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
        self.memory: mmap.mmap | None = None
        self.places: dict[Key, int] = {}
        self.values: dict[Key, float] = {}

    def add(self, key: Key, amount: float) -> None:
        if key not in self.places:
            self._begin(key)
        self.values[key] += amount
        assert self.memory is not None
        struct.pack_into("<d", self.memory, self.places[key], self.values[key])

    def _begin(self, key: Key) -> None:
        """Starts a slot. It becomes visible when its length is written, which happens last."""
        name = json.dumps(key, ensure_ascii=False, separators=(",", ":")).encode()[:LONGEST_KEY]
        place = len(self.places) * SLOT
        if self.memory is None or place >= len(self.memory):
            with self.path.open("r+b") as file:
                file.truncate(place + GROW)
                self.memory = mmap.mmap(file.fileno(), place + GROW)
        self.memory[place + HEAD.size : place + HEAD.size + len(name)] = name
        struct.pack_into("<dH", self.memory, place, 0.0, len(name))
        self.places[key], self.values[key] = place, 0.0


class _Here:
    """The file of this process, created at the first count. A forked child creates its own."""

    lock = threading.Lock()
    file: _File | None = None
    pid = 0
    folder: Path | None = None


def add(*amounts: tuple[Key, float]) -> None:
    """Adds to a counter. Never raises, because a full disk must not fail a request."""
    with suppress(OSError, ValueError), _Here.lock:
        place = folder()
        if _Here.file is None or _Here.pid != os.getpid() or _Here.folder != place:
            _gather(place)
            _Here.file = _File(place / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.counts")
            _Here.pid, _Here.folder = os.getpid(), place
        for key, amount in amounts:
            _Here.file.add(key, amount)


def totals() -> dict[Key, float]:
    """Returns the totals of all running and ended processes of this machine."""
    found: defaultdict[Key, float] = defaultdict(float)
    place = folder()
    if not place.is_dir():
        return {}
    with _locked(place, fcntl.LOCK_SH):
        for file in place.glob("*.counts"):
            for key, value in _read(file):
                found[key] += value
    return dict(found)


def _read(file: Path) -> Iterator[tuple[Key, float]]:
    data = file.read_bytes()
    for place in range(0, len(data) - SLOT + 1, SLOT):
        value, length = HEAD.unpack_from(data, place)
        if not length:
            return
        with suppress(ValueError):
            yield tuple(json.loads(data[place + HEAD.size : place + HEAD.size + length])), value


def _gather(place: Path) -> None:
    """Merges the files of ended processes, so that their number does not grow with restarts."""
    place.mkdir(parents=True, exist_ok=True)
    with _locked(place, fcntl.LOCK_EX):
        over = [
            file
            for file in place.glob("*-*.counts")
            if not _lives(int(file.name.partition("-")[0]))
        ]
        if not over:
            return
        sums: defaultdict[Key, float] = defaultdict(float)
        kept = place / ENDED
        for file in [*over, *([kept] if kept.exists() else [])]:
            for key, value in _read(file):
                sums[key] += value
        fresh = _File(place / f".{uuid.uuid4().hex}")
        for key, value in sums.items():
            fresh.add(key, value)
        fresh.path.replace(kept)
        for file in over:
            file.unlink()


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def _locked(place: Path, how: int) -> Iterator[None]:
    with (place / "lock").open("ab") as lock:
        fcntl.flock(lock, how)
        yield
