"""A film of twenty scenes, half of them made by two ComfyUI servers of which one is killed, half by
outside workers of which one is killed: each take is run and booked once.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from redis import Redis

from jobs.models import Job
from jobs.runner import run_due
from media.ffmpeg import binary
from providers import calls, ledger
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from providers.services import unclear_calls
from stories.enums import FilmKind
from stories.handlers.paid_results import record_leftover_results
from stories.models import Film, Scene, Story, Take
from stories.services import generation
from stories.services.transitions import apply_transition
from tests.fakes import bullmq, comfyui, media
from tests.fakes.bullmq import DurableRedis
from tests.fakes.comfyui import ComfyUI
from tests.providers.connected import connect_comfyui
from tests.providers.processes import ROOT
from tests.services.server import running
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = [pytest.mark.fault_injection, pytest.mark.django_db(transaction=True)]

SCENES, QUEUE = 20, "studio"
MAKERS = ("gpu-1", "gpu-2", "workers", "workers")  # scene after scene


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The folder in which the workers put files, and its address."""
    folder = tmp_path / "made"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def worker(server: DurableRedis, served: tuple[Path, str], ffmpeg: str) -> Iterator[Any]:
    """The worker of the documentation, in a process of its own."""
    environment = {
        **os.environ,
        "REDIS_URL": server.url,
        "QUEUE": QUEUE,
        "OUTPUT_DIR": str(served[0]),
        "PUBLIC_URL": served[1],
        "FFMPEG": ffmpeg,
        "LOCK_MS": "1000",
    }
    command = [sys.executable, str(ROOT / "docs/workers/worker.py")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def hanging(folder: Path) -> str:
    """A program that writes down its process id and never ends."""
    program = folder / "hanging"
    program.write_text(f"#!/bin/sh\necho $$ > {folder}/pid\nexec sleep 600\n")
    program.chmod(0o755)
    return str(program)


def eventually(
    clock: Any,
    condition: Callable[[], Any],
    *,
    seconds: float = 240,
    at_once: int | None = None,
) -> Any:
    """Let the studio go on until it is so, looking after each `at_once` jobs; its own waits are
    moved, a worker takes real time.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, list(
            Job.objects.exclude(status="succeeded").values_list("name", "status", "note_data")
        )
        clock.forward(seconds=15)
        run_due(limit=at_once)
        calls.reconcile()
        calls.collect()
        record_leftover_results()
        time.sleep(0.05)
    return value


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def story(boss: User) -> Story:
    """Its pictures are there; the clips begin with them."""
    story = make_story(boss, status="previewing", duration_seconds=SCENES, clip_provider="gpu-1")
    for number in range(SCENES):
        maker = MAKERS[number % len(MAKERS)]
        scene = make_scene(story, duration_seconds=1, narration="", clip_provider=maker)
        make_take(scene, content=media.picture(160, 90, number))
        scene.save()
    return story


def test_each_clip_is_run_and_booked_once(
    settings: Any, clock: Any, served: tuple[Path, str], boss: User, story: Story
) -> None:
    settings.LOOPBACK_PROVIDERS = True
    OrganizationBudget.objects.get_or_create(pk=1)
    with ExitStack() as stack:
        first, second = stack.enter_context(ComfyUI()), stack.enter_context(ComfyUI())
        server = stack.enter_context(running(DurableRedis))
        connect_comfyui(first, boss, "gpu-1", priced=True)
        connect_comfyui(second, boss, "gpu-2", priced=True)
        # A while between two questions, so that the servers can be met at work.
        AIProviderConfig.objects.filter(kind="comfyui").update(
            settings={"poll_seconds": 10, "send_timeout": 20}
        )
        connect_queue(server)
        apply_transition(story.pk, "render_final", actor=boss)
        lost = kill_the_first(clock, boss, first)
        kill_a_worker(clock, server, served)
        with worker(server, served, binary()):
            eventually(clock, lambda: Take.objects.filter(kind="clip").count() == SCENES - lost)
            make_what_was_lost(story, boss, lost)
            eventually(clock, lambda: Story.objects.get(pk=story.pk).status == "completed")
        judge(story, first, second, server)


def connect_queue(server: DurableRedis) -> None:
    AIProviderConfig.objects.create(
        kind="bullmq",
        provider="workers",
        name="Our workers",
        base_url=server.url.removesuffix("/0"),
        is_active=True,
        cost_per_image=bullmq.COST,
        cost_per_second_video=bullmq.COST_PER_SECOND,
        settings={"poll_seconds": 10, "queue": QUEUE, "result_hosts": ["127.0.0.1"]},
    )


def kill_the_first(clock: Any, boss: User, first: ComfyUI) -> int:
    """The server dies with jobs in its queue, and comes back without them: how many it lost. A
    person knows that it has made nothing of them.
    """
    first.polls = 1
    rows = ProviderCall.objects.filter(provider="gpu-1")

    def in_the_middle() -> bool:
        settled = {str(key) for key in rows.filter(state="settled").values_list("pk", flat=True)}
        return bool(first.waiting) and bool(first.done) and set(first.done) <= settled

    eventually(clock, in_the_middle, at_once=1)
    first.shut()
    first.restart()
    clock.forward(minutes=5)
    run_due()
    first.listen()
    eventually(clock, lambda: not rows.filter(state="accepted").exists())
    lost = list(rows.filter(state="unclear"))
    assert lost
    for call in lost:
        assert str(call.pk) not in first.charges
        unclear_calls.not_charged(call, actor=boss, reason="the machine was killed")
    return len(lost)


def kill_a_worker(clock: Any, server: DurableRedis, served: tuple[Path, str]) -> None:
    """It holds a job, which another takes up when the lock has run out."""
    folder = served[0]
    at_work = folder / "pid"
    with worker(server, served, hanging(folder)) as process:
        eventually(clock, lambda: at_work.exists() and at_work.read_text().strip())
        process.kill()
    os.kill(int(at_work.read_text()), signal.SIGKILL)  # what it had begun


def make_what_was_lost(story: Story, boss: User, lost: int) -> None:
    start, plan = generation.start_generation(story.pk, "clip", actor=boss)
    start.require()
    assert (len(plan.todo), plan.total) == (lost, comfyui.COST_PER_SECOND * lost)


def judge(story: Story, first: ComfyUI, second: ComfyUI, server: DurableRedis) -> None:
    film = Film.objects.get(story=story, kind=FilmKind.FINAL)
    assert film.frames == SCENES * film.fps
    clips = Take.objects.filter(kind="clip")
    assert clips.count() == SCENES
    booked = Counter(call.item for call in ProviderCall.objects.filter(state="settled"))
    assert booked == {str(scene.pk): 1 for scene in Scene.live.filter(story=story)}
    redis = Redis.from_url(server.url, decode_responses=True)
    half = SCENES // 2
    assert redis.zcard(f"bull:{QUEUE}:completed") == half
    assert redis.zcard(f"bull:{QUEUE}:failed") == 0
    assert first.paid + second.paid == half
    sums = ledger.breakdown("provider", subject=str(story.pk))
    assert {name: row.actual for name, row in sums.items()} == {
        "gpu-1": first.charged,
        "gpu-2": second.charged,
        "workers": half * bullmq.COST_PER_SECOND,
    }
    assert first.charged + second.charged == half * comfyui.COST_PER_SECOND
    assert sum((take.cost for take in clips), Decimal(0)) == SCENES * bullmq.COST_PER_SECOND
    assert ledger.totals(subject=str(story.pk)).at_risk == 0
