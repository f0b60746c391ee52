"""The command that serves a fake provider, as docs/development/set-up.md gives it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["runway", "replicate", "stability", "llm"])
@pytest.mark.moderate
def test_fake_starts_without_a_path_of_its_own(name):
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes", name],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as served:
        assert served.stdout is not None
        line = served.stdout.readline()
        served.send_signal(signal.SIGTERM)
    assert line.startswith(f"{name}: http://127.0.0.1:")
