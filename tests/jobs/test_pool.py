"""What the processes of a pool share: none that is killed leaves it locked, and one that hangs is
replaced.
"""

import multiprocessing
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from jobs.worker.pool import Pool, Size
from jobs.worker.shared_memory import Flag, TaskQueue, Timer

KILLS = 20  # a lock that is taken all the time is left locked by nearly every one of them
fork = multiprocessing.get_context("fork")


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool whose processes are not started; those it would start are in `pool.started`."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    pool = Pool(Flag(), Size(1, 1))
    for number, handler in handlers.items():
        signal.signal(number, handler)
    yield pool
    for queue in (pool.task_queue, pool.result_queue):
        queue.reader.close(), queue.writer.close()


@pytest.fixture
def shared(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What pusher, worker and monitor get to share with the head, by name."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        pool, "spawn_process", lambda target, *arguments: given.update({target.__name__: arguments})
    )
    pool.spawn_pusher(), pool.spawn_worker(), pool.spawn_monitor()
    return {
        "event": given["pusher"][1],
        "timer": given["worker"][2],
        "tasks": given["worker"][0],
        "results": given["monitor"][0],
    }


def look_at_event(shared: dict[str, Any]) -> None:
    shared["event"].is_set()


def use_timer(shared: dict[str, Any]) -> None:
    with shared["timer"].get_lock():
        shared["timer"].value = 5
        shared["timer"].value = -1


def pass_task(shared: dict[str, Any]) -> None:
    shared["tasks"].put({"task": 1})
    shared["tasks"].get()


def pass_result(shared: dict[str, Any]) -> None:
    shared["results"].put({"task": 1})
    shared["results"].get()


def again_and_again(act: Callable[[dict[str, Any]], None], shared: dict[str, Any]) -> None:
    while True:
        act(shared)


def empty(queue: TaskQueue) -> None:
    with suppress(BlockingIOError):
        while queue.reader.recv(1 << 20, socket.MSG_DONTWAIT):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("act", [look_at_event, use_timer, pass_task, pass_result])
def test_no_killed_process_leaves_a_lock_behind(
    shared: dict[str, Any], act: Callable[[dict[str, Any]], None]
) -> None:
    for _kill in range(KILLS):
        busy = fork.Process(target=again_and_again, args=(act, shared))
        busy.start()
        time.sleep(0.02)
        os.kill(busy.pid, signal.SIGKILL)
        busy.join()
        (
            empty(shared["tasks"]),
            empty(shared["results"]),
        )  # it may have put something and not taken it
    other = fork.Process(target=act, args=(shared,))
    other.start()
    other.join(30)
    other.kill()
    other.join()
    assert other.exitcode == 0


def test_hung_pusher_is_ended(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pool, "spawn_worker", lambda: None
    )  # it would go on in this process's place

    def be_silent() -> None:
        for flag in (pool.event_out, pool.task_queue.full):
            struct.pack_into("d", flag.memory, 8, time.monotonic() - 60)

    pool.pusher = fork.Process(target=time.sleep, args=(60,))
    pool.pusher.start()
    for sign in (
        pool.event_out.is_set,
        pool.task_queue.full.sign,
    ):  # what a living one does in each round, or at a full queue
        be_silent()
        sign()
        pool.wait(0)
        assert pool.pusher.is_alive()
    be_silent()
    pool.wait(0)
    pool.pusher.join(30)
    assert pool.pusher.exitcode == -signal.SIGKILL


def test_head_does_not_count_a_timer_down() -> None:
    """It would write back what it read before the worker wrote."""
    timer = Timer()
    other = fork.Process(target=setattr, args=(timer, "value", 7))
    other.start()
    other.join()
    timer.value -= 1
    assert timer.value == 7
