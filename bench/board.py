"""The board of 500 scenes beside an almost empty page of the same admin: the server's time for the page, a look for news and a move.

    python -m bench.board [--rounds 25] [--scenes 500]

In process, asked in turn by one person who is logged in, on SQLite and on PostgreSQL. The scenes have pictures and clips in
every state, comments, and the jobs that made them. Time is the process's CPU, and for PostgreSQL the wall's beside it.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import services

HERE = Path(__file__).resolve().parents[1]
BAR = 3.0
EMPTY = "an almost empty page"  # the change of one's password: three fields in the same frame
PAGE, NEWS, MOVE = "the board", "a look for news", "a move"
LABELS = (EMPTY, PAGE, NEWS, MOVE)


def measure(title: str, scenes: int, rounds: int, **more: str) -> None:
    with tempfile.TemporaryDirectory(prefix="vp-bench-") as folder:
        paths = os.pathsep.join([str(HERE), str(HERE / "site")])
        env = {**os.environ, "VAR_DIR": folder, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "config.settings", "LANGUAGE_CODE": "en", **more}
        command = [sys.executable, "-m", "bench.board", "--inside", "--scenes", str(scenes), "--rounds", str(rounds)]
        found = json.loads(subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    base = found[EMPTY]
    print(f"\n{title:26}{'CPU ms':>8}{'ms':>8}{'queries':>9}   against {EMPTY}")
    for label in LABELS:
        cpu, wall, queries = found[label]
        said = "" if label == EMPTY else f"   CPU {cpu / base[0]:.2f}x   wall {wall / base[1]:.2f}x" + (f"   bar {BAR}x" if label == PAGE else "")
        print(f"{label:26}{cpu:8.1f}{wall:8.1f}{queries:9d}{said}")


# What runs in a process of its own, with Django set up for its database


def inside(scenes: int, rounds: int) -> None:
    """Prints for each label the milliseconds of CPU, of the wall, and the queries."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", verbosity=0)
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    story, person = _fill(scenes)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    asks = _asks(client, reverse("admin:password_change"), reverse("admin:stories_story_board", args=[story.pk]))
    queries = {}
    for label, ask in asks.items():
        for _ in range(3):
            ask()
        with CaptureQueriesContext(connection) as seen:
            ask()
        queries[label] = len(seen)
    found: dict[str, list[tuple[float, float]]] = {label: [] for label in asks}
    for _ in range(rounds):
        for label, ask in asks.items():
            cpu, wall = time.process_time(), time.perf_counter()
            ask()
            found[label].append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    print(json.dumps({label: [*(statistics.median(column) for column in zip(*pairs, strict=True)), queries[label]] for label, pairs in found.items()}))


def _asks(client: Any, empty: str, board: str) -> dict[str, Callable[[], Any]]:
    page = client.get(board).content.decode()
    cards = re.findall(r'data-id="([0-9a-f-]+)" data-mark="([0-9a-f]+)"', page)
    known = {
        "marks": ",".join(f"{pk.replace('-', '')[:12]}:{'' if n < page.count('data-url=') else '~'}{mark}" for n, (pk, mark) in enumerate(cards)),
        "version": re.search(r'data-version="(\w+)"', page)[1],  # type: ignore[index]  # it is there
        "bar": re.search(r'id="bd-bar".*data-mark="(\w+)"', page)[1],  # type: ignore[index]  # it is there
    }
    places = iter(range(10**9))

    def move() -> Any:
        answer = client.post(f"{board}order/", {"move": f"{cards[250][0]}:{cards[next(places) % 200][0]}", "shown": "1"}, HTTP_HX_REQUEST="true")
        assert b"Scene moved." in answer.content, answer.content[:300]

    def news() -> Any:
        answer = client.post(f"{board}live/", known, HTTP_HX_REQUEST="true")
        assert answer.status_code in {200, 204, 286}, answer.status_code

    return {EMPTY: lambda: client.get(empty), PAGE: lambda: client.get(board), NEWS: news, MOVE: move}


def _fill(number: int) -> tuple[Any, Any]:
    from django.contrib.auth.models import Group, User

    from stories.models import Scene, ScenePrompt, Story

    person = User.objects.create(username="bench", is_staff=True)
    person.groups.add(Group.objects.get(name="producer"))
    story = Story.objects.create(owner=person, title="Bench", script="A boat.", image_provider="local", clip_provider="local", duration_seconds=7 * number)
    Story.objects.filter(pk=story.pk).update(status="previewing")
    prompts = ScenePrompt.objects.bulk_create(
        ScenePrompt(text=f"a small boat leaving a foggy harbour, number {n}", camera="push_in", seed=n) for n in range(number)
    )
    words = "The keeper puts out the light at the same hour every day. Nobody waits at the station."
    scenes = Scene.objects.bulk_create(
        Scene(story=story, position=n + 1, title=f"Scene {n}", narration=words, duration_seconds=3 + n % 9, prompt=prompt) for n, prompt in enumerate(prompts)
    )
    _takes(story, scenes, "image", [scene for n, scene in enumerate(scenes) if n % 20])
    _takes(story, scenes, "clip", [scene for n, scene in enumerate(scenes) if n % 20 and n % 2])
    _said(story, scenes, person)
    return story, person


def _takes(story: Any, scenes: list[Any], kind: str, made: list[Any]) -> None:
    """A take for each of these, one in ten of them stale and one in eleven rejected, and the jobs of all scenes: those without a take failed."""
    from jobs.models import Job
    from stories.domain import work
    from stories.domain.inputs import present_hash
    from stories.models import Scene, Take

    shown = {"width": 1600, "height": 900, "mime": "image/png" if kind == "image" else "video/mp4", "provider": "local", "model": "painter"}
    takes = Take.objects.bulk_create(
        Take(
            scene=scene,
            kind=kind,
            file=f"calls/{n:064x}",
            sha256=f"{n:064x}",
            prompt=scene.prompt,
            seed=n,
            duration_ms=0 if kind == "image" else scene.duration_seconds * 1000,
            input_hash="of an older prompt" if n % 10 == 0 else present_hash(story, scene, kind),
            verdict="rejected" if n % 11 == 0 else "approved" if n % 3 else "unreviewed",
            verdict_reason="too dark" if n % 11 == 0 else "",
            **shown,
        )
        for n, scene in enumerate(made)
    )
    for scene, take in zip(made, takes, strict=True):
        setattr(scene, f"{kind}_take", take)
    Scene.objects.bulk_update(made, [f"{kind}_take"])
    name, good = work.SCENE_JOB[kind], {scene.pk for scene in made}  # type: ignore[index]  # the kind's own value
    Job.objects.bulk_create(
        Job(
            id=f"{kind}_{n}",
            name=name,
            subject=str(story.pk),
            item=str(scene.pk),
            data=work.data(story.pk, name, {"prompt_id": scene.prompt_id}),
            status="succeeded" if scene.pk in good else "failed",
            note_data={} if scene.pk in good else {"template": "The provider refused the words.", "values": {}},
        )
        for n, scene in enumerate(scenes)
        if kind == "image" or scene.pk in good
    )


def _said(story: Any, scenes: list[Any], person: Any) -> None:
    from stories.models import Comment

    Comment.objects.bulk_create(Comment(story=story, scene=scene, text="Brighter, please.", author=person) for scene in scenes[::7])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        inside(asked.scenes, asked.rounds)
        return
    print(f"The board of {asked.scenes} scenes, asked in process, median of {asked.rounds} in turn")
    measure("SQLite", asked.scenes, asked.rounds)
    with services.postgresql() as server:
        measure("PostgreSQL", asked.scenes, asked.rounds, DATABASE_URL=server.url)


if __name__ == "__main__":
    main()
