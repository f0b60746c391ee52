"""docs/operation/deployment.md, step by step, without containers: its own commands, the units' own
programs, real servers.
"""

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as studio

from tests import services
from tests.chaos.installation import kill, until

pytestmark = pytest.mark.fault_injection

ROOT = Path(studio.BASE_DIR)
PAGE = (ROOT / "docs/operation/deployment.md").read_text()
PASSWORD = "p@ss/w:rd-of-redis"
HOST = "studio.example.com"


class GuardedRedis(services.Redis):
    """As step 3 says: with a password."""

    def command(self) -> Sequence[str]:
        return [*super().command(), "--requirepass", PASSWORD]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((services.LOOPBACK, self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"-NOAUTH")
        except OSError:
            return False


def steps() -> dict[str, list[str]]:
    """The commands of `studio` by the heading that they stand under."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"(?m)^## ", PAGE)[1:]:
        heading, _, text = part.partition("\n")
        blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL))
        found[heading] = re.findall(r"(?m)^studio ([^(\n]+)$", blocks)
    return found


def program(unit: str) -> list[str]:
    """What the unit starts, from this tree and this Python."""
    (line,) = re.findall(
        r"(?m)^ExecStart=(.*)$", (ROOT / f"deploy/systemd/{unit}.service").read_text()
    )
    words = shlex.split(line)
    known = {
        "/opt/videoplanet/.venv/bin/python": [sys.executable],
        "/opt/videoplanet/.venv/bin/gunicorn": [sys.executable, "-m", "gunicorn"],
    }
    return [*known[words[0]], *words[1:]]


class Machine:
    """The machine on which somebody follows the page."""

    def __init__(self, folder: Path, env: dict[str, str], port: int) -> None:
        self.folder, self.env, self.port = folder, env, port
        self.processes: list[subprocess.Popen[bytes]] = []

    def studio(self, command: str, **env: str) -> str:
        line = [sys.executable, str(ROOT / "manage.py"), *shlex.split(command)]
        done = subprocess.run(
            line, env=self.env | env, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, unit: str) -> subprocess.Popen[bytes]:
        words = [word.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}") for word in program(unit)]
        with (self.folder / "processes.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    words,
                    env=self.env,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        return self.processes[-1]

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(
                "GET",
                path,
                headers={
                    "Host": HOST,
                    **{name.replace("_", "-"): value for name, value in headers.items()},
                },
            )
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        except OSError:
            return 0, {}, ""
        finally:
            connection.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with ExitStack() as stack:
        database, store = (
            stack.enter_context(services.postgresql()),
            stack.enter_context(services.s3()),
        )
        redis: Any = stack.enter_context(services.running(GuardedRedis))
        settings = dict(
            re.findall(r"(?m)^([A-Z_]+)=(.*)$", (ROOT / "deploy/studio.env").read_text())
        )
        settings |= {
            **{
                name: os.urandom(32).hex()
                for name in ("SECRET_KEY", "VP_SECRET_KEYS", "METRICS_TOKEN")
            },
            "DATABASE_URL": database.url,
            "REDIS_PORT": str(redis.port),
            "REDIS_PASSWORD": PASSWORD,
            "MINIO_ENDPOINT": store.url,
            "MINIO_ACCESS_KEY": store.access_key,
            "MINIO_SECRET_KEY": store.secret_key,
            "MINIO_BUCKET": "a-new-bucket",
            "VAR_DIR": str(tmp_path / "lib"),
            "LOG_FILE": str(tmp_path / "log/ai_video.log"),
            "WORKERS": "2",
            "LANGUAGE_CODE": "en",
        }
        (tmp_path / "log").mkdir()
        (port,) = services.free_ports(1)
        path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
        here = Machine(
            tmp_path, {**settings, "PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8"}, port
        )
        try:
            yield here
        finally:
            for process in here.processes:
                kill(process)


@pytest.mark.slow
def test_page_followed_step_by_step(machine: Machine) -> None:
    todo = steps()
    assert {heading: commands for heading, commands in todo.items() if commands} == {
        "5. The settings": ["check --deploy"],
        "6. Migrate": ["migrate", "collectstatic --noinput", "health database migrations"],
        "7. The bucket": ["make_bucket", "health storage"],
        "8. The first account": ["createsuperuser"],
        "9. The web and the workers": ["health"],
    }
    assert "no issues" in machine.studio(todo["5. The settings"][0])
    for command in todo["6. Migrate"]:
        machine.studio(command)
    assert (
        machine.studio(todo["7. The bucket"][0])
        == "Bucket a-new-bucket made; its files are private.\n"
    )
    assert machine.studio(todo["7. The bucket"][1]) == "ok     storage: writes and reads\n"
    machine.studio(
        "createsuperuser --noinput --username mina --email mina@example.com",
        DJANGO_SUPERUSER_PASSWORD="a long enough word",
    )

    web, worker = machine.start("videoplanet-web"), machine.start("videoplanet-worker")
    until(lambda: machine.ask("/healthz")[0] == 200, what="/healthz")
    until(lambda: machine.ask("/readyz")[0] == 200, what="/readyz")
    output = machine.studio(todo["9. The web and the workers"][0])
    assert [line.split(":")[0] for line in output.splitlines()] == [
        f"ok     {name}"
        for name in (
            "database",
            "migrations",
            "storage",
            "wakeup",
            "workers",
            "clocks",
            "periodic",
            "spool",
            "ffmpeg",
            "font",
        )
    ]

    # Through the proxy: HTTPS is demanded, and what it tells is believed.
    status, headers, _page = machine.ask("/admin/login/")
    assert (status, headers["Location"]) == (301, f"https://{HOST}/admin/login/")
    status, headers, page = machine.ask(
        "/admin/login/", X_Forwarded_Proto="https", X_Forwarded_For="203.0.113.9"
    )
    assert (status, "<form" in page, headers["Strict-Transport-Security"]) == (
        200,
        True,
        "max-age=31536000; includeSubDomains; preload",
    )
    assert "media-src 'self' blob: https://files.example.com" in headers["Content-Security-Policy"]
    style = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert style
    assert machine.ask(style[1], X_Forwarded_Proto="https")[0] == 200

    status, _headers, text = machine.ask(
        "/metrics",
        Authorization=f"Bearer {machine.env['METRICS_TOKEN']}",
        X_Forwarded_For="203.0.113.9",
    )
    assert status == 200
    assert re.search(r'videoplanet_workers\{role="worker"\} 2', text)
    assert machine.ask("/metrics", X_Forwarded_For="203.0.113.9")[0] == 404

    # As systemd does with KillMode=mixed: the first process alone is asked to end, and has nothing
    # left afterwards.
    for process in (worker, web):
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(120) == 0
        assert (
            subprocess.run(
                ["pgrep", "-s", str(process.pid)], capture_output=True, check=False
            ).stdout
            == b""
        )
    log = (machine.folder / "log/ai_video.log").read_text()
    assert "workers have ended" in log
    assert not [
        secret
        for secret in (
            "SECRET_KEY",
            "VP_SECRET_KEYS",
            "METRICS_TOKEN",
            "MINIO_SECRET_KEY",
            "REDIS_PASSWORD",
        )
        if machine.env[secret] in log
    ]


def test_compose_files_secrets_are_read_from_files(tmp_path: Path) -> None:
    """The settings as the compose file gives them: by files, with a check that finds nothing to
    say.
    """
    import yaml

    environment = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["web"][
        "environment"
    ]
    env = {
        name: re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", str(value))
        for name, value in environment.items()
    }
    for name in [name for name in env if name.endswith("_FILE") and name != "LOG_FILE"]:
        file = tmp_path / Path(env[name]).name
        file.write_text(
            "postgresql://studio:x@postgresql:5432/studio\n"
            if name == "DATABASE_URL_FILE"
            else os.urandom(32).hex() + "\n"
        )
        env[name] = str(file)
    line = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(
        line,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    script = (
        "import json; from config import settings as s; print(json.dumps([s.REDIS_URL[:9], "
        "s.STORE.endpoint, s.STORE.public, s.SECURE_CSP['img-src'][-1]]))"
    )
    env |= {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'site'}",
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
    }
    output = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(output) == [
        "redis://:",
        "http://store:8333",
        "https://files.localhost/videoplanet",
        "https://files.localhost",
    ]
