"""When a person of the random kills may say what became of a call: its sender lives no more, and
its provider has dealt with what was sent.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from tests.fakes.server import Asked, Fake, Reply

from .senders import MARK, may_live

SECOND = timedelta(seconds=1)
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""


def family(run: str) -> tuple[subprocess.Popen[str], int]:
    """A process with a child, and the child's id."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, MARK: run},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    return parent, int(parent.stdout.readline())


def test_sender_lives_until_the_last_process_that_had_begun_is_gone() -> None:
    parent, child = family("run one")
    try:
        now = datetime.now(UTC)
        assert may_live("run one", now)
        assert not may_live("run", now)  # another run's
        assert not may_live("run one", now - 60 * SECOND)  # nothing had begun by then
        os.kill(child, signal.SIGSTOP)
        parent.kill()
        parent.wait()
        assert may_live("run one", now)  # the child is left behind, and stopped
    finally:
        os.kill(child, signal.SIGKILL)
        parent.kill()
        parent.communicate()
    until = time.monotonic() + 10
    while may_live("run one", now):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_process_that_began_later_is_not_the_sender() -> None:
    sent = datetime.now(UTC)
    time.sleep(0.5)
    parent, child = family("run two")
    try:
        assert not may_live("run two", sent)
        assert may_live("run two", datetime.now(UTC))
    finally:
        os.kill(child, signal.SIGKILL)
        parent.communicate()


class Busy(Fake):
    """Charges only after a while, when its client has long stopped to wait."""

    key = "key"
    routes = [("POST", "/make", "make")]

    def __init__(self) -> None:
        super().__init__()
        self.asked_for, self.go_on = threading.Event(), threading.Event()

    def make(self, asked: Asked) -> Reply:
        self.asked_for.set()
        assert self.go_on.wait(30)
        self.charge("work", "picture", Decimal("0.05"), asked)
        return Reply(200, {"id": "work"})


def test_what_nobody_waits_for_is_charged_before_the_bill_is_looked_at() -> None:
    with Busy() as fake:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{fake.url}/make", timeout=0.3)
        assert fake.asked_for.wait(60)
        look = threading.Thread(target=fake.finish_abandoned, daemon=True)
        look.start()
        look.join(0.5)
        assert (look.is_alive(), fake.paid) == (True, 0)
        fake.go_on.set()
        look.join(60)
        assert (look.is_alive(), fake.paid) == (False, 1)


def test_client_that_still_waits_holds_up_nobody() -> None:
    with Busy() as fake:
        waits = threading.Thread(target=httpx.post, args=(f"{fake.url}/make",), daemon=True)
        waits.start()
        assert fake.asked_for.wait(60)
        fake.finish_abandoned()
        assert fake.paid == 0
        fake.go_on.set()
        waits.join(60)
        assert fake.paid == 1
