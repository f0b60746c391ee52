"""The server that forks limited processes: what happens when it, its owner or a process ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import limited_process
from core.fork_server import ForkServerGoneError
from core.limited_process import MB, run_limited

ROOM = {"seconds": 60, "memory_bytes": 256 * MB, "max_output_bytes": MB}
OWNER = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(VAR_DIR=sys.argv[1], LIMITED_PROCESSES=2, USE_I18N=False)
from core.limited_process import run_limited
run_limited(
    "tests.core.greedy:sleep_with_child",
    [sys.argv[2]],
    seconds=500, memory_bytes=1 << 28, max_output_bytes=1000, max_file_bytes=100,
)
"""


def server_pid() -> int:
    process = limited_process._server()._process
    assert process is not None
    return process.pid


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_ended(pid: int) -> None:
    for _ in range(1200):
        if not is_running(pid):
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")


def parent_of_the_run() -> int:
    return int(run_limited("tests.core.greedy:parent", [], **ROOM))


def test_each_run_is_a_fork_of_one_server():
    parents = {parent_of_the_run() for _ in range(3)}
    assert parents == {server_pid()}


def test_a_run_leaves_nothing_for_the_next():
    assert run_limited("tests.core.greedy:remember", ["a"], **ROOM) == ["a"]
    assert run_limited("tests.core.greedy:remember", ["b"], **ROOM) == ["b"]


@pytest.mark.moderate
def test_a_server_that_died_between_two_runs_is_started_again():
    first = parent_of_the_run()
    os.kill(first, signal.SIGKILL)
    wait_until_ended(first)
    assert parent_of_the_run() == server_pid() != first


def test_a_server_that_dies_during_a_run_makes_it_run_again(tmp_path):
    """The first run kills its server, as the kernel does when memory is short."""
    first = parent_of_the_run()
    file = tmp_path / "once"
    assert run_limited(
        "tests.core.greedy:kill_server_once", [str(file)], **ROOM, max_file_bytes=100
    ) == str(first)
    assert server_pid() != first


@pytest.mark.moderate
def test_a_server_that_dies_each_time_is_an_error():
    with pytest.raises(limited_process.LimitedError) as caught:
        run_limited("tests.core.greedy:kill_server", [], **ROOM)
    assert (caught.value.code, str(caught.value)) == ("failed", "The file could not be read.")
    assert run_limited("tests.core.greedy:echo", [1], **ROOM) == [1]


@pytest.mark.moderate
def test_a_fork_of_the_owner_has_a_server_of_its_own():
    """And the server of the owner ends with the owner, not with its forks."""
    ours = parent_of_the_run()
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(sending, str(parent_of_the_run()).encode())
        finally:
            limited_process._server().stop()
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as answer:
        theirs = int(answer.read())
    os.waitpid(child, 0)
    assert theirs != ours
    assert not is_running(theirs)
    assert parent_of_the_run() == ours


def test_everything_ends_with_a_killed_owner(tmp_path):
    """The owner is killed while its file is read: the server and what the reader started end."""
    file = tmp_path / "pid"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), str(file)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(limited_process.ROOTS)},
    )
    for _ in range(2400):
        if file.exists() and file.read_text():
            break
        assert owner.poll() is None
        time.sleep(0.05)
    started = int(file.read_text())
    assert is_running(started)
    owner.kill()
    owner.wait()
    wait_until_ended(started)


def test_end_tells_when_the_server_is_gone():
    """A process whose server is gone has no exit code."""
    server = limited_process._server()
    pipes = [os.pipe() for _ in range(3)]
    process = server.fork(pipes[0][0], pipes[1][1], pipes[2][1])
    assert process.wait(0.0) is None
    os.kill(server_pid(), signal.SIGKILL)
    with pytest.raises(ForkServerGoneError):
        process.wait(60.0)
    process.end()
    for pipe in pipes:
        for end in pipe:
            os.close(end)
