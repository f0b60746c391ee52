"""The files that a platform as a service reads: Procfile and railway.json."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings
from django.core.management import get_commands

from tests.operations.running import Installation, until

ROOT = Path(settings.BASE_DIR)
RAILWAY = ("railway.json", "deploy/railway.worker.json")


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def railway(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return found


def commands() -> dict[str, str]:
    """Each command of the files, as it is given to a shell."""
    found = {f"Procfile {name}": line for name, line in procfile().items()}
    for name in RAILWAY:
        deploy = railway(name)["deploy"]
        lines = [deploy["startCommand"], *deploy.get("preDeployCommand", [])]
        found |= {f"{name} {number}": line for number, line in enumerate(lines)}
    return found


def test_processes_of_the_procfile() -> None:
    assert list(procfile()) == ["release", "web", "worker"]


@pytest.mark.parametrize("name", RAILWAY)
def test_railway_files_have_the_documented_fields_only(name: str) -> None:
    schema = json.loads((ROOT / "tests/operations/schema/railway.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(railway(name))
    assert (ROOT / railway(name)["build"]["dockerfilePath"]).exists()


@pytest.mark.parametrize("name", commands())
def test_commands_exist(name: str) -> None:
    line = commands()[name]
    words = [word for part in shlex.split(line) for word in part.split()]
    managed = [words[place + 1] for place, word in enumerate(words) if word == "manage.py"]
    assert set(managed) <= set(get_commands())
    assert managed or "gunicorn" in words
    for path in re.findall(r"site/[\w./]+", line):
        assert (ROOT / path).exists()


def test_web_listens_on_the_port_and_address_of_the_platform() -> None:
    web = [line for line in commands().values() if "gunicorn" in line]
    assert len(web) == 2
    assert all("--bind 0.0.0.0:$PORT" in line for line in web)


def test_worker_has_time_for_the_answer_to_a_paid_request() -> None:
    from jobs.worker.supervisor import PAID_SECONDS

    assert railway("deploy/railway.worker.json")["deploy"]["drainingSeconds"] > PAID_SECONDS


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    found = Installation(tmp_path)
    yield found
    found.end()


@pytest.mark.slow
@pytest.mark.fault_injection
def test_web_process_answers_the_health_check(installation: Installation) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = installation.env | {
        "PORT": str(port),
        "PATH": f"{ROOT / '.venv/bin'}:{installation.env['PATH']}",
        "STATIC_ROOT": str(installation.folder / "static"),
    }
    for name in ("release", "web"):
        line = procfile()[name].replace("0.0.0.0", "127.0.0.1")
        process = subprocess.Popen(
            ["/bin/sh", "-c", line], cwd=ROOT, env=env, start_new_session=True
        )
        if name == "release":
            assert process.wait(120) == 0
    path = railway("railway.json")["deploy"]["healthcheckPath"]

    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    try:
        until(healthy, seconds=120, what="the health check")
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
