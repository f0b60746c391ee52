"""The JSON API beside django-modern-rest alone, Django REST framework and django-ninja, and deep
pages of a million stories.

    python -m benchmarks.api [--rounds 7] [--requests 300] [--rows 1000000]

Each server is gunicorn with one worker process, the same database, middleware, token check and
rows; they are asked in turn over loopback by four threads with kept connections. CPU is that of the
server's processes. Every side must give the same stories. Pages are asked in process: the first one
and one behind nine tenths of the rows.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import services

from .jobs import cpu_seconds

HERE = Path(__file__).resolve().parents[1]
SIDES = {
    "studio": "studio",
    "modern": "django-modern-rest",
    "drf": "Django REST framework",
    "ninja": "django-ninja",
}
BARS = {"modern": 1.0, "drf": 1.5, "ninja": 1.5}
DEEP_BAR = 1.5
PATH = "/api/ai-video/stories/?page_size=50"
PATHS = {"drf": "/api/ai-video/stories/"}
STORIES, SCENES = 2_000, 3
CLIENTS = 4


def environment(folder: str, **more: str) -> dict[str, str]:
    paths = os.pathsep.join([str(HERE), str(HERE / "site")])
    return {
        **os.environ,
        "VAR_DIR": folder,
        "PYTHONPATH": paths,
        "DJANGO_SETTINGS_MODULE": "benchmarks.api_app.settings",
        "LANGUAGE_CODE": "en",
        **more,
    }


class Server:
    """One side under gunicorn, on a port that the system chooses."""

    def __init__(self, side: str, folder: str) -> None:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--chdir",
            str(HERE),
            "--bind",
            "127.0.0.1:0",
            "--workers",
            "1",
            "--threads",
            "4",
        ]
        command += ["--worker-class", "gthread", "--keep-alive", "30"]
        self.side, self.path = side, PATHS.get(side, PATH)
        self.process = subprocess.Popen(
            command, env=environment(folder, BENCH_SIDE=side), stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.port = 0
        for line in self.process.stderr:
            if "Listening at: http://127.0.0.1:" in line:
                self.port = int(line.split("127.0.0.1:")[1].split(" ")[0])
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def cpu(self) -> float:
        """Seconds of the server with its worker."""
        children = (
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        )
        return cpu_seconds(self.process.pid) + sum(cpu_seconds(int(child)) for child in children)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def ask(connection: http.client.HTTPConnection, path: str, token: str) -> bytes:
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise SystemExit(f"{path} answered {response.status}: {body[:200]!r}")
    return body


def load(server: Server, token: str, requests: int) -> tuple[float, float]:
    """Requests a second, and milliseconds of the server's CPU for each."""

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for _ in range(requests // CLIENTS):
            ask(connection, server.path, token)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    began, cpu = time.perf_counter(), server.cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    return requests / took, (server.cpu() - cpu) * 1000 / requests


def same_stories(bodies: dict[str, bytes]) -> None:
    """Raises SystemExit unless every side gives the same values of the same stories."""
    found = {
        side: json.loads(body).get("items") or json.loads(body).get("results")
        for side, body in bodies.items()
    }
    plain = {
        side: [{name: _plain(value) for name, value in story.items()} for story in stories]
        for side, stories in found.items()
    }
    for side, stories in plain.items():
        if stories != plain["studio"]:
            raise SystemExit(
                f"{side} gives other stories than the studio: {stories[:1]} and "
                f"{plain['studio'][:1]}"
            )


def _plain(value: Any) -> Any:
    """Times as the millisecond that they name, whatever the zone and however many digits they are
    written with.
    """
    if isinstance(value, str) and value[4:5] == "-" and "T" in value:
        from datetime import datetime

        return int(datetime.fromisoformat(value).timestamp() * 1000)
    return value


def lists(rounds: int, requests: int) -> None:
    with tempfile.TemporaryDirectory(prefix="vp-bench-") as folder, ExitStack() as stack:
        token = subprocess.run(
            [sys.executable, "-m", "benchmarks.api", "--prepare"],
            env=environment(folder),
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        servers = {side: Server(side, folder) for side in SIDES}
        for server in servers.values():
            stack.callback(server.close)
        bodies = {
            side: ask(
                http.client.HTTPConnection("127.0.0.1", server.port, timeout=30), server.path, token
            )
            for side, server in servers.items()
        }
        same_stories(bodies)
        for server in servers.values():
            load(server, token, requests // 2)
        found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side, server in servers.items():
                found[side].append(load(server, token, requests))
    size = len(bodies["studio"]) // 1024
    print(
        f"List of 50 stories ({size} KB) with JWT, SQLite, gunicorn, {CLIENTS} connections, "
        f"{rounds} rounds of {requests} requests in turn"
    )
    print(f"{'':26}{'req/s':>8}{'CPU ms':>8}   studio is faster by")
    for side, title in SIDES.items():
        rate, cpu = (statistics.median(values) for values in zip(*found[side], strict=True))
        ratios = [
            mine[0] / theirs[0] for mine, theirs in zip(found["studio"], found[side], strict=True)
        ]
        suffix = (
            ""
            if side == "studio"
            else (
                f"   {statistics.median(ratios):.2f}x "
                f"[{min(ratios):.2f}-{max(ratios):.2f}]   bar {BARS[side]}x"
            )
        )
        print(f"{title:26}{rate:8.0f}{cpu:8.2f}{suffix}")


def deep(rows: int, rounds: int) -> None:
    print(f"\nPages of 50 among {rows:,} stories, ms (median of {rounds} in turn, in process)")
    print(f"{'':26}{'first':>8}{'at 90 %':>9}   deep / first   bar {DEEP_BAR}x")
    with tempfile.TemporaryDirectory(prefix="vp-bench-") as folder:
        _deep("SQLite", environment(folder), rows, rounds)
        with services.postgresql() as server:
            _deep("PostgreSQL", environment(folder, DATABASE_URL=server.url), rows, rounds)


def _deep(title: str, env: dict[str, str], rows: int, rounds: int) -> None:
    command = [sys.executable, "-m", "benchmarks.api", "--deep", str(rows), "--rounds", str(rounds)]
    first, far, ratio = json.loads(
        subprocess.run(
            command, env=env, check=True, capture_output=True, text=True
        ).stdout.splitlines()[-1]
    )
    print(f"{title:26}{first:8.2f}{far:9.2f}   {ratio:.2f}x")


# What runs in processes of their own, with Django set up for their database


def _person() -> Any:
    from django.contrib.auth.models import Group, User

    person = User.objects.create(username="bench")
    person.groups.add(Group.objects.get(name="producer"))
    return person


def prepare() -> None:
    """A database with stories and scenes; prints a token for it."""
    _set_up()
    from accounts import refresh_tokens
    from stories.models import Scene, ScenePrompt, Story
    from stories.models.project import default_project_id

    person, project = _person(), default_project_id()
    stories = Story.objects.bulk_create(
        Story(
            owner=person,
            project_id=project,
            title=f"Story {n}",
            script="A boat. " * 100,
            style="soft light",
        )
        for n in range(STORIES)
    )
    prompt = ScenePrompt.objects.create(text="a boat")
    Scene.objects.bulk_create(
        Scene(story=story, position=n + 1, prompt=prompt)
        for story in stories
        for n in range(SCENES)
    )
    print(refresh_tokens.start(person).access.token)


def measure_depth(rows: int, rounds: int) -> None:
    """Prints the milliseconds of the first page and of one at nine tenths, and their ratio."""
    _set_up()
    from django.db import connection
    from django.test import Client

    from accounts import refresh_tokens
    from api.paging import NEWEST_FIRST, binding, cursor_at
    from stories.api.inputs.stories import StoryFilter
    from stories.models import Story

    person = _person()
    _fill(rows, person.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client, token = Client(SERVER_NAME="127.0.0.1"), refresh_tokens.start(person).access.token
    place = Story.objects.order_by("-created_at", "-id").values_list("created_at", "id")[
        rows * 9 // 10
    ]
    far = cursor_at(place, binding(StoryFilter(), NEWEST_FIRST, ""))

    def timed(path: str) -> float:
        began = time.perf_counter()
        response = client.get(path, headers={"Authorization": f"Bearer {token}"})
        took = time.perf_counter() - began
        assert len(response.json()["items"]) == 50, response.content[:300]
        return took * 1000

    paths = (PATH, f"{PATH}&cursor={far}")
    for path in paths * 3:
        timed(path)
    found = [[timed(path) for path in paths] for _ in range(max(rounds * 5, 25))]
    first, deep_page = (statistics.median(column) for column in zip(*found, strict=True))
    print(json.dumps([first, deep_page, statistics.median(pair[1] / pair[0] for pair in found)]))


def _fill(rows: int, owner: int) -> None:
    """So many stories, of which each twenty share their moment, written by one statement."""
    from django.db import connection

    from stories.models import Story

    model = Story.objects.create(owner_id=owner, title="Story 0", duration_seconds=60)
    columns = [field.column for field in Story._meta.concrete_fields]  # noqa: SLF001  Django documents it
    if connection.vendor == "sqlite":
        moment = "strftime('%Y-%m-%d %H:%M:%S', 1700000000 + n / 20, 'unixepoch')"
        key = "lower(hex(randomblob(16)))"
        counted = f"SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows}"
        numbers = f"WITH RECURSIVE c(n) AS ({counted}) SELECT n FROM c"
    else:
        moment, key = "to_timestamp(1700000000 + n / 20)", "gen_random_uuid()"
        numbers = f"SELECT n FROM generate_series(1, {rows}) AS n"
    own = {"id": key, "title": "'Story ' || n", "created_at": moment, "updated_at": moment}
    values = ", ".join(own.get(column, f"model.{column}") for column in columns)
    where = f"FROM ({numbers}) AS numbers, stories_story AS model"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO stories_story ({', '.join(columns)}) SELECT {values} {where}")
    Story.objects.filter(pk=model.pk).delete()


def _set_up() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--deep", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.prepare:
        prepare()
    elif asked.deep:
        measure_depth(asked.deep, asked.rounds)
    else:
        lists(asked.rounds, asked.requests)
        deep(asked.rows, asked.rounds)


if __name__ == "__main__":
    main()
