"""The screens beside the barest page of the same admin: the server's time for the board of 500
scenes, for each list, a look for news and a move.

    python -m benchmarks.board [--rounds 25] [--scenes 500]

In process, asked by one person who is logged in, on SQLite and on PostgreSQL; each screen in turn
with the empty page, and its ratio is the median over these pairs. `benchmarks.rows` says what the
screens show. Figures that pages keep for some seconds are counted anew each time. Time is the
process's CPU, and for PostgreSQL the wall's beside it.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from tests import services

HERE = Path(__file__).resolve().parents[1]
BAR, MOST_QUERIES = 3.0, 15
EMPTY = "an empty page"  # “Password changed”: the frame, and nothing in it
ALONE = "  the move itself"
LISTS = {
    "stories": "stories_story_changelist",
    "queue": "jobs_job_changelist",
    "approvals": "stories_approval_changelist",
    "providers": "providers_aiproviderconfig_changelist",
    "calls": "providers_providercall_changelist",
    "bills": "providers_bill_changelist",
    "people": "auth_user_changelist",
    "roles": "auth_group_changelist",
}

REPORTS = {
    "overview": "index",
    "costs": "costs",
    "monitoring": "monitoring",
}  # no lists, without a bar

type SpendRequest = Callable[[], Any]


def measure(title: str, scenes: int, rounds: int, **more: str) -> None:
    with tempfile.TemporaryDirectory(prefix="vp-bench-") as folder:
        paths = os.pathsep.join([str(HERE), str(HERE / "site")])
        env = {
            **os.environ,
            "VAR_DIR": folder,
            "PYTHONPATH": paths,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LANGUAGE_CODE": "en",
            **more,
        }
        command = [
            sys.executable,
            "-m",
            "benchmarks.board",
            "--inside",
            "--scenes",
            str(scenes),
            "--rounds",
            str(rounds),
        ]
        found = json.loads(
            subprocess.run(
                command, env=env, check=True, stdout=subprocess.PIPE, text=True
            ).stdout.splitlines()[-1]
        )
    print(f"\n{title:28}{'CPU ms':>8}{'ms':>8}{'queries':>9}   against {EMPTY}")
    for label, (cpu, wall, queries, ratio, wall_ratio, barred) in found.items():
        suffix = (
            ""
            if label == EMPTY
            else f"   CPU {ratio:.2f}x   wall {wall_ratio:.2f}x"
            + (f"   bar {BAR}x, {MOST_QUERIES} queries" if barred else "")
        )
        print(f"{label:28}{cpu:8.1f}{wall:8.1f}{queries:9d}{suffix}")


# What runs in a process of its own, with Django set up for its database


def inside(scenes: int, rounds: int) -> None:
    """Prints for each screen the milliseconds of CPU and of the wall, the queries, both ratios to
    the empty page, and whether it has a bar.
    """
    import django
    from django.core.management import call_command

    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", verbosity=0)
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from benchmarks import rows

    person = rows.worker_row()
    rows.organization_budget_of(person)
    boards = [
        reverse("admin:stories_story_board", args=[rows.story_of(scenes, person).pk])
        for _ in range(2)
    ]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    empty = _page(client, reverse("admin:password_change_done"))
    asks = {
        EMPTY: empty,
        f"the board of {scenes}": _page(client, boards[0]),
        "a look for news, none": _look(client, boards[0]),
        "a look for news, one": _look(client, boards[0], news=True),
        f"a move of 1 of {scenes}": _move(client, boards[1]),
        ALONE: _move_alone(person, boards[1]),
        **{
            label: _page(client, reverse(f"admin:{name}"))
            for label, name in (LISTS | REPORTS).items()
        },
    }
    barred = {*LISTS, f"the board of {scenes}"}
    print(
        json.dumps(
            {
                label: [*_measured(ask, empty, rounds), label in barred]
                for label, ask in asks.items()
            }
        )
    )


def _measured(ask: SpendRequest, empty: SpendRequest, rounds: int) -> list[float]:
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(3):
        ask()
    cache.clear()
    with CaptureQueriesContext(connection) as seen:
        ask()
    queries = len(seen)
    pairs = []
    for _ in range(rounds):
        cache.clear()
        pairs.append((_timed(empty), _timed(ask)))
    cpu, wall = ([one[part] for _base, one in pairs] for part in (0, 1))
    ratios = [statistics.median(one[part] / base[part] for base, one in pairs) for part in (0, 1)]
    return [statistics.median(cpu), statistics.median(wall), queries, *ratios]


def _timed(ask: SpendRequest) -> tuple[float, float]:
    """Milliseconds of CPU and of the wall."""
    cpu, wall = time.process_time(), time.perf_counter()
    ask()
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def _page(client: Any, address: str) -> SpendRequest:
    def ask() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)

    return ask


def _look(client: Any, board: str, *, news: bool = False) -> SpendRequest:
    """What an open page asks again and again, with all that it shows; with news, it shows an older
    state of one complete card.
    """
    page = client.get(board).content.decode()
    complete = re.findall(r'data-id="([0-9a-f-]+)" data-mark="([0-9a-f]+)" data-far', page)
    marks = [f"{pk.replace('-', '')[:12]}:{mark}" for pk, mark in complete]
    shells = _scenes(client, board)[len(complete) :]
    marks.extend(f"{scene['id'].replace('-', '')[:12]}:~{scene['mark']}" for scene in shells)
    known = {
        "marks": ",".join([f"{marks[0]}0" if news else marks[0], *marks[1:]]),
        "version": re.search(r'data-version="(\w+)"', page)[1],  # type: ignore[index]  # it is there
        "bar": re.search(r'id="bd-bar"[^>]*data-mark="(\w+)"', page)[1],  # type: ignore[index]  # it is there
    }

    def ask() -> None:
        answer = client.post(f"{board}live/", known, HTTP_HX_REQUEST="true")
        assert answer.status_code == (200 if news else 204), answer.status_code

    return ask


def _move(client: Any, board: str) -> SpendRequest:
    """Scene 251 to another place among the first two hundred each time."""
    ids = [scene["id"] for scene in _scenes(client, board)]
    places = _places()

    def ask() -> None:
        answer = client.post(
            f"{board}order/",
            {"move": f"{ids[250]}:{ids[next(places)]}", "shown": "1"},
            HTTP_HX_REQUEST="true",
        )
        assert b"Scene moved." in answer.content, answer.content[:300]

    return ask


def _move_alone(person: Any, board: str) -> SpendRequest:
    """The same without the request: no session, person, rights, story to find, and no answer."""
    from stories.models import Scene
    from stories.services import scene_order

    story_id = UUID(board.split("/")[-3])
    ids = list(Scene.live.filter(story=story_id).order_by("position").values_list("pk", flat=True))
    places = _places()
    person.get_all_permissions()
    return lambda: scene_order.reorder(
        story_id, actor=person, moves=[scene_order.Move(ids[-1], ids[next(places)])]
    )


def _places() -> Iterator[int]:
    while True:
        yield from range(200)


def _scenes(client: Any, board: str) -> list[dict[str, Any]]:
    """What the page is told of each scene after its first ones are shown."""
    found: list[dict[str, Any]] = client.get(f"{board}timeline/").json()["scenes"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        inside(asked.scenes, asked.rounds)
        return
    print(
        f"The board of {asked.scenes} scenes and the lists of a studio with a hundred of "
        f"everything, asked in process, median of {asked.rounds} in turn"
    )
    measure("SQLite", asked.scenes, asked.rounds)
    with services.postgresql() as server:
        measure("PostgreSQL", asked.scenes, asked.rounds, DATABASE_URL=server.url)


if __name__ == "__main__":
    main()
