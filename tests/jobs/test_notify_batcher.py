"""Notifications in the background: every one is followed by a push, a burst is merged,
and nobody waits or dies for it.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jobs.wakeup import notify_batcher as module
from jobs.wakeup.notify_batcher import NotifyBatcher

HERE = Path(__file__).resolve().parents[2]
PATIENCE = 10.0


class Server:
    """What is pushed to: it can hang, and it can fail."""

    def __init__(self) -> None:
        self.pushes = 0
        self.open = threading.Event()
        self.open.set()
        self.error: Exception | None = None

    def push(self) -> None:
        self.open.wait(PATIENCE)
        self.pushes += 1
        if self.error:
            raise self.error


@pytest.fixture
def server() -> Server:
    return Server()


def test_every_notification_is_followed_by_a_push(server):
    notify_batcher = NotifyBatcher(server.push)
    for number in range(5):
        notify_batcher.notify()
        assert notify_batcher.wait(PATIENCE)
        assert server.pushes == number + 1


def test_a_burst_is_pushed_a_few_times_and_after_its_last_notification(server, monkeypatch):
    monkeypatch.setattr(module, "GATHER_SECONDS", 60.0)
    notify_batcher = NotifyBatcher(server.push)
    notify_batcher.notify()
    assert notify_batcher.wait(PATIENCE)
    for _ in range(1000):
        notify_batcher.notify()
    assert not notify_batcher.wait(0.05)  # gathered, not forgotten
    assert (server.pushes, notify_batcher.asked, notify_batcher.notified) == (1, 1001, 1)


def test_notifications_from_many_threads_are_all_followed_by_a_push(server):
    notify_batcher = NotifyBatcher(server.push)
    threads = [
        threading.Thread(target=lambda: [notify_batcher.notify() for _ in range(200)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notify_batcher.wait(PATIENCE)
    assert notify_batcher.notified == notify_batcher.asked == 1600
    assert 1 <= server.pushes <= 1600


def test_nobody_waits_for_a_server_that_hangs(server):
    server.open.clear()
    notify_batcher = NotifyBatcher(server.push)
    for _ in range(100):
        notify_batcher.notify()  # would hang here
    assert server.pushes == 0
    server.open.set()
    assert notify_batcher.wait(PATIENCE)
    assert 1 <= server.pushes <= 2


def test_a_server_that_fails_is_left_alone_for_a_moment_and_asked_again(
    server, monkeypatch, caplog
):
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.3)
    server.error = ConnectionError("no route")
    notify_batcher = NotifyBatcher(server.push)
    begun = time.monotonic()
    notify_batcher.notify()
    assert notify_batcher.wait(PATIENCE)
    server.error = None
    notify_batcher.notify()
    assert notify_batcher.wait(PATIENCE)
    assert time.monotonic() - begun >= 0.3
    assert server.pushes == 2
    assert [record.message for record in caplog.records] == [
        "No worker was woken (no route); the ticker will find the job."
    ]


def run(script: str) -> str:
    """What a process of its own prints: it may fork and end without harm to the tests."""
    head = (
        "import os, sys\nfrom jobs.wakeup.notify_batcher import NotifyBatcher\ndef push(): "
        "os.write(1, b'pushed ')\nbatcher = NotifyBatcher(push)\n"
    )
    env = os.environ | {
        "PYTHONPATH": f"{HERE}:{HERE / 'site'}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", head + script],
        env=env,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


@pytest.mark.moderate
def test_a_process_that_ends_at_once_still_notifies():
    assert run("batcher.notify()") == "pushed "


@pytest.mark.moderate
def test_a_process_that_ends_waits_no_longer_than_a_moment_for_a_server_that_hangs():
    assert (
        run(
            "import time\nbatcher.push = lambda: "
            "time.sleep(600)\nbatcher.notify()\nos.write(1, b'over')"
        )
        == "over"
    )


def test_after_the_end_the_next_notification_begins_anew(server):
    notify_batcher = NotifyBatcher(server.push)
    notify_batcher.notify()
    first = notify_batcher.thread
    notify_batcher.end()
    assert first is not None
    assert not first.is_alive()
    notify_batcher.notify()
    assert notify_batcher.wait(PATIENCE)
    assert server.pushes == 2


@pytest.mark.moderate
def test_no_process_forks_while_it_pushes_and_each_goes_on_notifying():
    script = (
        "import threading\n"
        "batcher.notify()\n"
        "pid = os.fork()\n"
        "if not pid:\n    batcher.notify(); os._exit(0 if batcher.wait(10) else 1)\n"
        "assert threading.active_count() == 1\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "batcher.notify(); batcher.wait(10)"
    )
    assert run(script) == "pushed pushed pushed "
