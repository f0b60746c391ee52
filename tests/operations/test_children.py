"""Child processes are started again when they die, and none outlives its parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from operations import process_supervisor as module
from operations.process_supervisor import (
    ChildError,
    Children,
    Ended,
    PortInUseError,
    ended_by_signals,
    require_free_port,
)

SLEEP = ["-c", "import time; time.sleep(60)"]
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""
PARENT = """
import time
from operations.process_supervisor import Children
with Children() as children:
    print(children.start("sleeper", ["-c", "import time; time.sleep(60)"]).process.pid, flush=True)
    time.sleep(60)
"""


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def members(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, leader = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(leader) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_ended_child_is_started_again() -> None:
    with Children() as children:
        child = children.start("sleeper", SLEEP)
        assert child.process is not None
        first = child.process.pid
        assert children.check() == []
        os.kill(first, signal.SIGKILL)
        until(lambda: children.check() == ["sleeper"])
        assert child.process.pid != first
        assert child.is_alive()


def test_child_that_never_lives_long_is_given_up(tmp_path: Path) -> None:
    with Children() as children:
        children.start(
            "broken", ["-c", "raise SystemExit('no database')"], log=tmp_path / "broken.log"
        )
        with pytest.raises(ChildError) as caught:
            until(lambda: children.check() is None)
    assert (
        str(caught.value)
        == f"The process “broken” ends again and again: {tmp_path}/broken.log says why."
    )
    assert (tmp_path / "broken.log").read_text().splitlines() == [
        "no database"
    ] * module.MAX_YOUNG_DEATHS


@pytest.mark.slow
def test_leaving_ends_a_child_that_ignores_it_and_what_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    with Children() as children:
        child = children.start("stubborn", ["-c", STUBBORN])
        assert child.process is not None
        session = child.process.pid
        until(lambda: len(members(session)) == 2)
    until(lambda: members(session) == [])


def test_children_end_with_a_killed_parent() -> None:
    path = {"PYTHONPATH": f"{settings.BASE_DIR}:{settings.BASE_DIR / 'site'}"}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=os.environ | path
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert members(child) == [child]
    parent.kill()
    parent.communicate()
    until(lambda: members(child) == [])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_signal_ends_the_command(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Ended) as caught, ended_by_signals():
        signal.raise_signal(number)
    assert caught.value.exit_code == code
    assert signal.getsignal(number) == before


def test_port_in_use_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            require_free_port("127.0.0.1", port)
    assert str(caught.value) == (
        f"The studio cannot listen on 127.0.0.1 port {port} (address already in use): end "
        f"the program that does, or choose another, e.g. PORT=8080."
    )
    require_free_port("127.0.0.1", port)
