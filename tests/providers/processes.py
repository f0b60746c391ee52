"""Workers that can be killed: each advances one call in a process of its own, on the database and files of the test."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]

# Goes on as a worker does: asks again when it is time, and ends with one line of JSON.
WORKER = """
import json, sys, time
import django
django.setup()
from django.utils import timezone
from providers import gate, requests
order = json.loads(sys.argv[1])
deadline = time.monotonic() + order["seconds"]
request = requests.from_json(order["request"])
said = {"state": "timeout"}
while time.monotonic() < deadline:
    try:
        answer = gate.advance(request, provider=order["provider"], key=order["key"], subject="story", item=order["key"])
    except gate.NotNow as error:
        said = {"state": "not now", "why": str(error)}
        until = error.until
    except (gate.Refused, gate.Unclear) as error:
        said = {"state": type(error).__name__.lower(), "why": str(error)}
        break
    else:
        if isinstance(answer, gate.Ready):
            said = {"state": "ready", "cost": str(answer.call.cost)}
            break
        until = answer.until
    time.sleep(max(0.01, min(0.5, (until - timezone.now()).total_seconds())))
print(json.dumps(said))
"""


def database_url() -> str:
    """Where the database of this test is, for another process."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:////{str(values['NAME']).lstrip('/')}"
    login = f"{values['USER']}:{values['PASSWORD']}@" if values["PASSWORD"] else f"{values['USER']}@"
    host = str(values["HOST"])
    if host.startswith("/"):
        return f"postgresql://{login}/{values['NAME']}?host={host}"
    return f"postgresql://{login}{host}:{values['PORT']}/{values['NAME']}"


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "site"), os.environ.get("PYTHONPATH", "")]),
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(settings.VAR_DIR),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "VP_SECRET_KEYS": ",".join(settings.PROVIDER_SECRETS),
        "LANGUAGE_CODE": "en",
    }


@dataclass
class Worker:
    """`run()` gives what the worker said at its end; None when it was killed on the way."""

    provider: str
    request: dict[str, Any]
    key: str = "k"
    seconds: float = 30.0
    extra: dict[str, str] = field(default_factory=dict)

    def start(self, **extra: str) -> subprocess.Popen[str]:
        order = {"provider": self.provider, "request": self.request, "key": self.key, "seconds": self.seconds}
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, json.dumps(order)],
            env={**environment(), **self.extra, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, **extra: str) -> dict[str, str] | None:
        process = self.start(**extra)
        out, error = process.communicate(timeout=self.seconds + 60)
        if process.returncode == -signal.SIGKILL:
            return None
        assert process.returncode == 0, error
        said: dict[str, str] = json.loads(out.splitlines()[-1])
        return said
