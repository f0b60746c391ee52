"""What a limited process may do, what stops it, and what its caller is told."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from api import problems
from core import limited_process
from core.limited_process import MB, BusyError, LimitedError, run_limited
from core.unavailable import is_unavailable

ROOT = Path(__file__).parents[2]
ROOM = {"seconds": 60, "memory_bytes": 256 * MB, "max_output_bytes": MB}


def run(name: str, *args: Any, **limits: Any) -> Any:
    return run_limited(f"tests.core.greedy:{name}", args, **{**ROOM, **limits})


def refusal(name: str, *args: Any, **limits: Any) -> LimitedError:
    with pytest.raises(LimitedError) as caught:
        run(name, *args, **limits)
    return caught.value


@pytest.mark.moderate
def test_values_go_and_come_back():
    values = [None, True, -5, 2.5, "글자 \U0001f3ac", b"\x00\xff", [1, [2]], {"a": {"b": b"c"}}]
    assert run("echo", *values) == values


def test_much_comes_in_and_goes_out():
    data = os.urandom(20 * MB)
    assert run("echo", data, max_output_bytes=21 * MB) == [data]


def test_it_knows_nothing_of_the_studio(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x" * 50)
    monkeypatch.setenv("LLM_API_KEY", "sk-secret")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
    found = run("surroundings")
    assert set(found["environment"]) <= {
        *limited_process.ENVIRONMENT,
        *limited_process.FIXED,
        "LC_CTYPE",
    }
    assert (found["folder"], found["settings"], found["studio"]) == ("/", False, [])


def test_what_it_prints_disturbs_nothing():
    assert run("printing") == "result"


@pytest.mark.parametrize(
    ("name", "args", "limits", "code", "sentence"),
    [
        (
            "spin",
            (),
            {"seconds": 1},
            "timed_out",
            "Reading the file took too long and was stopped.",
        ),
        (
            "sleep",
            (600,),
            {"seconds": 1},
            "timed_out",
            "Reading the file took too long and was stopped.",
        ),
        (
            "chatter",
            (),
            {"seconds": 1},
            "timed_out",
            "Reading the file took too long and was stopped.",
        ),
        ("grow", (), {}, "too_much_memory", "Reading the file takes more memory than is allowed."),
        (
            "grow_slowly",
            (),
            {},
            "too_much_memory",
            "Reading the file takes more memory than is allowed.",
        ),
        ("talk", (2 * MB,), {}, "too_much_output", "There is more in the file than is read."),
        ("refuse", (), {}, "broken_input", "a.png is no picture: 7 %."),
        ("lie", (), {}, "failed", "The file could not be read."),
        ("crash", (), {}, "failed", "The file could not be read."),
        ("die", (), {}, "failed", "The file could not be read."),
        ("forge", (), {}, "failed", "The file could not be read."),
        ("unsayable", (), {}, "failed", "The file could not be read."),
        ("nothing_of_this_name", (), {}, "failed", "The file could not be read."),
    ],
)
def test_what_goes_wrong_is_told(name, args, limits, code, sentence):
    error = refusal(name, *args, **limits)
    assert (error.code, str(error)) == (code, sentence)


def test_files_are_written_only_as_large_as_allowed(tmp_path):
    assert refusal("write_file", str(tmp_path / "a"), 1).code == "failed"
    assert run("write_file", str(tmp_path / "b"), 1000, max_file_bytes=1000) == 1000
    assert refusal("write_file", str(tmp_path / "c"), 1001, max_file_bytes=1000).code == "failed"


def test_no_bytecode_is_written():
    """It would be cut short by the limit on files, and every later import would fail on it."""
    kept = ROOT / "tests/core/__pycache__"
    for file in kept.glob("greedy.*.pyc"):
        file.unlink()
    assert run("echo", 1, max_file_bytes=1000) == [1]
    assert list(kept.glob("greedy.*.pyc")) == []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_nothing_is_left_behind(tmp_path):
    file = tmp_path / "pid"
    error = refusal(
        "sleep_with_child",
        str(file),
        max_file_bytes=100,
        should_stop=lambda: file.exists() and bool(file.read_text()),
    )
    assert error.code == "stopped"
    pid = int(file.read_text())
    for _ in range(200):
        if not is_running(pid):
            break
        time.sleep(0.05)
    assert not is_running(pid)


def test_few_at_once_and_the_others_are_told_so(settings, tmp_path):
    """Two places: never three at once, whoever asks; who does not get one in time is told to come
    back.
    """
    settings.LIMITED_PROCESSES = 2
    (running := tmp_path / "running").mkdir()
    seen: list[str] = []

    def ask() -> None:
        try:
            seen.append(run("hold", str(running), 0.3, wait_seconds=0.4))
        except BusyError as busy:
            seen.append(busy.code)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) <= {"1", "2", "busy"}
    assert "busy" in seen
    assert len(seen) == 10
    assert run("echo", 1) == [1]  # the places are free again


def test_busy_is_503_with_a_time(settings):
    settings.LIMITED_PROCESSES = 1
    with limited_process._place(0), pytest.raises(BusyError) as caught:
        run("echo", wait_seconds=0)
    assert is_unavailable(caught.value)
    problem = problems.problem_of(caught.value)
    assert (problem.status, problem.code, problem.headers["Retry-After"]) == (503, "busy", "10")
    assert str(caught.value) == "Other files are being read at the moment. Try again in a moment."


def test_places_of_a_killed_holder_are_free(settings):
    """The lock ends with its holder: another process that took all places and was killed leaves
    them free.
    """
    settings.LIMITED_PROCESSES = 1
    holder = os.fork()
    if holder == 0:
        with limited_process._place(0):
            os.kill(os.getpid(), 9)
    os.waitpid(holder, 0)
    assert run("echo", 1) == [1]
