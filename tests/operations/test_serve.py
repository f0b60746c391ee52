"""The whole studio by one command: it serves, restarts what dies, and ends."""

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from .running import Installation, end, free_port, read_until, until

pytestmark = pytest.mark.fault_injection


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/admin/login/", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("number", "to", "code"),
    [
        (signal.SIGTERM, "it", 0),
        (signal.SIGTERM, "its group", 0),
        (signal.SIGINT, "its group", 130),
    ],
)
def test_serves_until_it_is_told_to_end(
    installation: Installation, number: signal.Signals, to: str, code: int
) -> None:
    port = free_port()
    studio = installation.start("serve", "--port", str(port))
    lines = read_until(studio, "Press Ctrl+C to stop")
    assert lines[-1] == f"The studio is at http://127.0.0.1:{port}/admin/. Press Ctrl+C to stop."
    until(lambda: answers(port), what="an answer")
    assert end(studio, number, group=to == "its group")[0] == code
    assert installation.processes() == {}


def test_second_start_has_nothing_to_prepare_and_a_style_sheet_is_served(
    installation: Installation,
) -> None:
    port = free_port()
    first = installation.start("serve", "--port", str(port))
    assert "Static files collected." in read_until(first, "Ctrl+C")
    until(lambda: answers(port), what="an answer")
    page = httpx.get(f"http://127.0.0.1:{port}/admin/login/").text
    sheet = page.split('<link href="/static/')[1].split('"')[0]
    assert (
        httpx.get(f"http://127.0.0.1:{port}/static/{sheet}")
        .headers["cache-control"]
        .endswith("immutable")
    )
    end(first, signal.SIGTERM)
    second = installation.start("serve", "--port", str(port))
    assert len(read_until(second, "Ctrl+C")) == 1
    end(second, signal.SIGTERM)


@pytest.mark.parametrize("name", ["manage.py work", "gunicorn"])
def test_killed_process_comes_back(installation: Installation, name: str) -> None:
    port = free_port()
    studio = installation.start("serve", "--port", str(port))
    until(lambda: answers(port), what="an answer")

    def child() -> int:
        """The one that the command itself started."""
        return next(
            (
                pid
                for pid, line in installation.processes().items()
                if name in line and parent(pid) == studio.pid
            ),
            0,
        )

    killed = child()
    os.kill(killed, signal.SIGKILL)
    until(lambda: child() not in {0, killed}, what="another process")
    until(lambda: answers(port), what="an answer")
    end(studio, signal.SIGTERM)
    assert installation.processes() == {}


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_nothing_outlives_a_killed_studio(installation: Installation) -> None:
    port = free_port()
    studio = installation.start("serve", "--port", str(port))
    until(lambda: answers(port), what="an answer")
    studio.kill()
    studio.communicate()
    until(lambda: installation.processes() == {}, what="the end of all processes")


def test_port_in_use_is_one_sentence(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = installation.manage("serve", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert (
        f"The studio cannot listen on 127.0.0.1 port {port} (address already in use)" in done.stderr
    )


def test_database_out_of_reach_is_one_sentence(installation: Installation) -> None:
    installation.env["DATABASE_URL"] = f"postgresql://studio@127.0.0.1:{free_port()}/studio"
    done = installation.manage("serve", "--port", str(free_port()))
    assert done.returncode == 1
    assert "CommandError: The database does not answer: connection failed" in done.stderr
    assert "Traceback" not in done.stderr
