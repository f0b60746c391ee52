"""A short run of random kills while people meddle, on each database. The long one: make kills."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.drill
@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_nothing_is_paid_twice_lost_or_stuck(database: str, tmp_path: Path) -> None:
    options = ("--kills", "15", "--database", database, "--seed", "11", "--minutes", "5", "--keep", str(tmp_path / "run"))
    done = subprocess.run([sys.executable, "-m", "tests.chaos.meddling", *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert (found["wrong"], found["completed"]) == ([], found["stories"])
    assert found["faults"]["SIGKILL"] == 15
    assert found["pieces of work paid"] >= 18  # a picture and a clip for each scene of three stories at least
    assert done.returncode == 0
