"""Lock-free shared memory and sockets for the processes of one supervisor.

The locks of `multiprocessing` stay locked for ever when their holder is killed, and its queues,
events and values use them. A worker holds such a lock while it waits for a task.
"""

import mmap
import os
import pickle
import select
import socket
import struct
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

STOP_LOOK_SECONDS = 0.05


class Flag:
    """A flag and a heartbeat in shared memory, with the interface of an Event.

    Create it before the processes are forked.
    """

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 16)

    def set(self) -> None:
        self.memory[0] = 1

    def is_set(self) -> bool:
        return self.memory[0] == 1

    def wait(self, seconds: float) -> bool:
        """Return whether the flag was set within that time. Each call updates the heartbeat."""
        until = time.monotonic() + seconds
        self.sign()
        while not self.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, STOP_LOOK_SECONDS))
        return True

    def sign(self) -> None:
        struct.pack_into("d", self.memory, 8, time.monotonic())

    @property
    def silence(self) -> float:
        """Seconds since the last heartbeat."""
        (last,) = struct.unpack_from("d", self.memory, 8)
        return time.monotonic() - float(last)


class Watched(Flag):
    """A flag whose reader updates the heartbeat with each check."""

    def is_set(self) -> bool:
        self.sign()
        return super().is_set()


class Timer:
    """The state of a worker for the pool: busy (above 0), idle (-1), out of time (0), to be
    replaced (-2).

    Has the interface of a Value. The pool's main process creates it and only reads it; with a
    single writer no lock is needed.
    """

    def __init__(self) -> None:
        self.head = os.getpid()
        self.memory = mmap.mmap(-1, 8)
        self._write(-1)

    @property
    def value(self) -> float:
        (value,) = struct.unpack_from("d", self.memory)
        return float(value)

    @value.setter
    def value(self, value: float) -> None:
        if (
            os.getpid() != self.head
            # the sentinel would count down; the worker's heartbeat thread enforces the time limit
            # of a job
        ):
            self._write(value)

    def _write(self, value: float) -> None:
        struct.pack_into("d", self.memory, 0, value)

    def get_lock(self) -> AbstractContextManager[None]:
        return nullcontext()


class ProcessRecord:
    """The shared state of one worker process. Only the worker writes it, so no lock is needed."""

    FIELDS = ("pid", "heartbeat", "limit", "paid_until")

    def __init__(self, memory: mmap.mmap, place: int) -> None:
        self.memory = memory
        self.place = place

    def _offset(self, name: str) -> int:
        return 8 * (self.place * len(self.FIELDS) + self.FIELDS.index(name))

    def write(self, name: str, value: float) -> None:
        struct.pack_into("d", self.memory, self._offset(name), value)

    def read(self, name: str) -> float:
        (value,) = struct.unpack_from("d", self.memory, self._offset(name))
        return float(value)

    def clear(self) -> None:
        for name in self.FIELDS:
            self.write(name, 0.0)


class ProcessTable:
    """The records of the workers of one pool. Times are monotonic seconds.

    The supervisor creates the table, so that it outlives the pool's main process. `heartbeat`: when
    a thread of the worker last ran; it stops while the process is suspended or a handler holds the
    interpreter lock. `limit`: the deadline of the current attempt, written at its start, or 0.
    `paid_until`: until when the worker waits for a paid request, or 0.
    """

    def __init__(self, places: int) -> None:
        self.memory = mmap.mmap(-1, 8 * places * len(ProcessRecord.FIELDS))
        self.records = [ProcessRecord(self.memory, place) for place in range(places)]


class TaskQueue:
    """A queue between forked processes on a datagram socket.

    The kernel delivers each message to one reader, without a lock. The queue holds about ten
    messages. If it is full, `put` waits; the message is dropped if the queue is `lossy`, or when
    `stop` is set, because then every message means that the reader must end.
    """

    def __init__(self, stop: Flag, *, lossy: bool = False) -> None:
        self.reader, self.writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.stop = stop
        self.lossy = lossy
        self.full = Flag()  # its heartbeat is the last time that a message had to wait

    def put(self, item: Any) -> None:
        message = pickle.dumps(item)
        while True:
            try:
                self.writer.send(message, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if self.lossy or self.stop.is_set():
                    return
                self.full.sign()
                select.select([], [self.writer], [], STOP_LOOK_SECONDS)
            except OSError:  # message too long: only a result can be, and results are not used
                if not self.lossy:
                    raise
                return
            else:
                return

    def get(self) -> Any:
        message = self.reader.recv(1 << 20)
        # Written by our own processes
        return "STOP" if self.stop.is_set() else pickle.loads(message)  # noqa: S301

    def qsize(self) -> int:
        return 0

    def empty(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing: this process buffers no messages."""

    def join_thread(self) -> None:
        """Do nothing: there is no writer thread."""
