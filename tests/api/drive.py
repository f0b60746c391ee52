"""Drives a live server from its own document with thousands of made-up requests: `python -m
tests.api.drive --cases 2000`.

It starts the studio's web server on an installation of its own (no worker: jobs stay queued),
writes a world into it, and runs Schemathesis with all checks over all phases, several requests that
build on each other included. The server reads addresses of any length, so that the API answers to
them and not gunicorn.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
# of the wanted cases for each route and phase: the phases that need no luck give more than half of
# them
SHARE = 100
WORLD = """
import json
from django.contrib.auth.models import Group, User
from tests.api.world import make_world
from accounts import refresh_tokens
person = User.objects.create_user("mina")
person.groups.add(Group.objects.get(name="manager"))
world = make_world(person)
print(json.dumps({"token": refresh_tokens.start(person).access.token,
  "story_id": str(world.story.pk), "scene_id": str(world.scenes[0].pk),
  "take_id": str(world.take.pk), "film_id": str(world.film.pk), "job_id": world.job.pk,
  "approval_id": str(world.approval.pk)}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="At least so many requests.")
    wanted = parser.parse_args().cases
    with tempfile.TemporaryDirectory(prefix="vp-drive-") as folder:
        env = {
            **os.environ,
            "VAR_DIR": folder,
            "LANGUAGE_CODE": "en",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'site'}",
            "SCHEMATHESIS_HOOKS": "",
        }
        manage = [sys.executable, str(ROOT / "manage.py")]
        (Path(folder) / "static").mkdir()
        subprocess.run([*manage, "migrate", "--verbosity", "0"], env=env, check=True)
        output = subprocess.run(
            [*manage, "shell", "--verbosity", "0", "-c", WORLD],
            env=env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        world = json.loads(output.strip().splitlines()[-1])
        server = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "--chdir",
                    str(ROOT),
                    "--pythonpath",
                    "site",
                    "config.wsgi",
                ),
                *("--bind", "127.0.0.1:0", "--threads", "8", "--limit-request-line", "0"),
            ],
            env=env,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            return drive(_address(server), world, max(10, wanted // SHARE), wanted, env)
        finally:
            server.terminate()
            server.wait(timeout=120)


def _address(server: "subprocess.Popen[str]") -> str:
    """Where the server listens: it says so, for the system has chosen the port."""
    assert server.stderr is not None
    for line in server.stderr:
        if match := re.search(r"Listening at: (http://\S+)", line):
            httpx.get(f"{match[1]}/api/ai-video/openapi.json", timeout=30).raise_for_status()
            return match[1]
    raise SystemExit("The server did not start.")


def drive(address: str, world: dict[str, str], each: int, wanted: int, env: dict[str, str]) -> int:
    """Run it, show what it says, and fail below the wanted number of cases."""
    config = Path(env["VAR_DIR"]) / "schemathesis.toml"
    known = "\n".join(
        f'"path.{name}" = "{value}"' for name, value in world.items() if name != "token"
    )
    # Nobody changes anything here while a request waits: waiting in full would only take time.
    config.write_text(
        CONFIG.read_text(encoding="utf-8") + f'\n[parameters]\n{known}\n"query.wait" = 1\n',
        encoding="utf-8",
    )
    command = [
        *(
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(config),
            "run",
            f"{address}/api/ai-video/openapi.json",
        ),
        *(
            "--checks",
            "all",
            "--max-examples",
            str(each),
            "--workers",
            "2",
            "--seed",
            "7",
            "--no-color",
            "--request-timeout",
            "40",
        ),
        *("--header", f"Authorization: Bearer {world['token']}"),
    ]
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    print(run.stdout, run.stderr)  # noqa: T201  what the person asked for
    cases = int(found[1]) if (found := re.search(r"(\d+) generated", run.stdout)) else 0
    if cases < wanted:
        print(f"{cases} cases are fewer than {wanted}.")  # noqa: T201  see above
        return 1
    return run.returncode


if __name__ == "__main__":
    raise SystemExit(main())
