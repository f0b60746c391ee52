"""What the processes of one supervisor share: memory and sockets that a process killed at any moment cannot leave locked.

The locks of `multiprocessing` stay locked for ever when their holder is killed, and a worker that waits for a task holds one; so do
its events and values.
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
    """A flag and a sign of life in shared memory; made before the processes are forked. Has the shape of an Event."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 16)

    def set(self) -> None:
        self.memory[0] = 1

    def is_set(self) -> bool:
        return self.memory[0] == 1

    def wait(self, seconds: float) -> bool:
        """Whether it was set within that time. Each call is a sign of life."""
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
        """Seconds since the last sign of life."""
        (last,) = struct.unpack_from("d", self.memory, 8)
        return time.monotonic() - float(last)


class Watched(Flag):
    """A flag that its reader shows with each look that it lives."""

    def is_set(self) -> bool:
        self.sign()
        return super().is_set()


class Timer:
    """What a worker tells the pool's head: busy (above 0), idle (-1), over its time (0), to be replaced (-2). Has the shape of a Value.

    Made in the head, which only reads: with one writer there is nothing to lock.
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
        if os.getpid() != self.head:  # which would count down; a job's own time limit is the worker's pulse's business
            self._write(value)

    def _write(self, value: float) -> None:
        struct.pack_into("d", self.memory, 0, value)

    def get_lock(self) -> AbstractContextManager[None]:
        return nullcontext()


class ProcessRecord:
    """What one worker process shows to those who may end it. It writes, they read: with one writer there is nothing to lock."""

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
    """The records of the workers of one pool; made by the supervisor, so that it outlives the pool's head. Times are monotonic.

    `heartbeat`: when a thread of the worker last ran. It stands still while the process is stopped, and while a handler
    keeps the interpreter to itself. `limit`: when the attempt under way has to be over, written once when it begins, or 0.
    `paid_until`: until when the worker waits for something that is paid, or 0.
    """

    def __init__(self, places: int) -> None:
        self.memory = mmap.mmap(-1, 8 * places * len(ProcessRecord.FIELDS))
        self.records = [ProcessRecord(self.memory, place) for place in range(places)]


class TaskQueue:
    """A queue between forked processes on a datagram socket: the kernel hands each message to one reader, without a lock.

    Holds about ten messages. One that does not fit waits; it is dropped if the queue is `lossy`, or when `stop` is set: then
    every message means that the reader shall end.
    """

    def __init__(self, stop: Flag, *, lossy: bool = False) -> None:
        self.reader, self.writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.stop = stop
        self.lossy = lossy
        self.full = Flag()  # its sign of life: the last time a message had to wait

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
            except OSError:  # too long for one message: only a result can be, and nobody needs those
                if not self.lossy:
                    raise
                return
            else:
                return

    def get(self) -> Any:
        message = self.reader.recv(1 << 20)
        return "STOP" if self.stop.is_set() else pickle.loads(message)  # noqa: S301  written by our own processes

    def qsize(self) -> int:
        return 0

    def empty(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is buffered in this process."""

    def join_thread(self) -> None:
        """No thread writes."""
