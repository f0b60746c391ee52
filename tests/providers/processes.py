"""Workers that can be killed: each advances one call in a process of its own, on the database and
files of the test.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import connection

from providers import requests as asked
from providers.requests import Request

ROOT = Path(__file__).resolve().parents[2]

# Loads the studio once and forks a worker for each order that it reads: a worker begins within
# milliseconds.
FORGE = """
import json, os, sys, time
import django
django.setup()
from django.utils import timezone
from providers import calls, registry, requests
from providers.registry import ADAPTERS
from django.utils.module_loading import import_string
for path in ADAPTERS.values():
    import_string(path)

def work(order):
    deadline = time.monotonic() + order["seconds"]
    request = requests.from_json(order["request"])
    report = {"state": "timeout"}
    while time.monotonic() < deadline:
        try:
            answer = calls.advance(request, provider=order["provider"], key=order["key"],
                subject="story", item=order["key"])
        except calls.NotNow as error:
            report, until = {"state": "not now", "why": str(error)}, error.until
        except (calls.Refused, calls.Unclear) as error:
            return {"state": type(error).__name__.lower(), "why": str(error)}
        else:
            if isinstance(answer, calls.Ready):
                return {"state": "ready", "cost": str(answer.call.cost)}
            until = answer.until
        time.sleep(max(0.005, min(0.5, (until - timezone.now()).total_seconds())))
    return report

for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        os.environ.update(order["environment"])
        try:
            report = work(order)
        except BaseException:
            import traceback
            report = {"state": "error", "why": traceback.format_exc()}
        with open(order["answer"], "w") as file:
            json.dump(report, file)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def database_url() -> str:
    """Where the database of this test is, for another process."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:////{str(values['NAME']).lstrip('/')}"
    login = (
        f"{values['USER']}:{values['PASSWORD']}@" if values["PASSWORD"] else f"{values['USER']}@"
    )
    host = str(values["HOST"])
    if host.startswith("/"):
        return f"postgresql://{login}/{values['NAME']}?host={host}"
    return f"postgresql://{login}{host}:{values['PORT']}/{values['NAME']}"


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(ROOT / "site"), os.environ.get("PYTHONPATH", "")]
        ),
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(settings.VAR_DIR),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "VP_SECRET_KEYS": ",".join(settings.PROVIDER_SECRETS),
        "LANGUAGE_CODE": "en",
        "CHECK_TAKES": "1" if settings.CHECK_TAKES else "0",
        "LOOPBACK_PROVIDERS": "1" if settings.LOOPBACK_PROVIDERS else "",
        "STABILITY_AI_KEY": settings.PROVIDER_KEYS.get("stability_ai", ""),
        "RUNWAY_ML_KEY": settings.PROVIDER_KEYS.get("runway_ml", ""),
        "REPLICATE_API_TOKEN": settings.PROVIDER_KEYS.get("replicate", ""),
        "LLM_API_KEY": settings.PROVIDER_KEYS.get("llm", ""),
        "ELEVENLABS_API_KEY": settings.PROVIDER_KEYS.get("elevenlabs", ""),
        "OPENAI_API_KEY": settings.PROVIDER_KEYS.get("openai_speech", ""),
    }


class Running:
    """A worker at work. `end()` gives what it report; None when it was killed."""

    def __init__(self, forge: subprocess.Popen[str], pid: int, answer: Path) -> None:
        self.forge, self.pid, self.answer = forge, pid, answer

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self) -> dict[str, str] | None:
        assert self.forge.stdout
        code = int(self.forge.stdout.readline())
        if code == -signal.SIGKILL:
            return None
        report: dict[str, str] = json.loads(self.answer.read_text())
        assert (code, report["state"] != "error") == (0, True), report
        return report


class Workers:
    """`with Workers() as workers: workers.run("local", request, "key")`; one worker at a time for
    each `Workers`.
    """

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self._forge = subprocess.Popen(
            [sys.executable, "-c", FORGE],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._forge.stdin
        assert self._forge.stdout
        self._forge.stdin.close()
        self._forge.wait(30)
        self._forge.stdout.close()
        self._folder.cleanup()

    def start(
        self, provider: str, request: Request, key: str, *, seconds: float = 30.0, **extra: str
    ) -> Running:
        answer = Path(self._folder.name) / f"{key}-{uuid.uuid4().hex}"
        order: dict[str, Any] = {
            "provider": provider,
            "request": asked.to_json(request),
            "key": key,
            "seconds": seconds,
        }
        assert self._forge.stdin
        assert self._forge.stdout
        self._forge.stdin.write(
            json.dumps({**order, "environment": extra, "answer": str(answer)}) + "\n"
        )
        self._forge.stdin.flush()
        return Running(self._forge, int(self._forge.stdout.readline()), answer)

    def run(self, provider: str, request: Request, key: str, **extra: str) -> dict[str, str] | None:
        return self.start(provider, request, key, **extra).end()
