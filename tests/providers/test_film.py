"""A whole film through Stability AI and Runway as they behave and charge, at their own pace, with a
worker killed in the middle.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.storage import storages

from jobs.models import Job, Worker
from media.ffmpeg import probe
from operations.demo import steps_left, walk
from providers import ledger
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from stories.enums import FilmKind
from stories.models import Film, Story, Take
from tests.fakes.runway import Runway
from tests.fakes.stability import Stability
from tests.providers.processes import ROOT, environment
from tests.providers.real import KEYS, configure

pytestmark = [pytest.mark.fault_injection, pytest.mark.django_db(transaction=True)]

SCRIPT = (
    "At dawn a girl walks along the harbour. A red boat sails past the lighthouse. "
    "Rain falls on the narrow streets of the town. She waits under an old tree. "
    "In the evening her grandfather lights the lantern. They smile at the sea."
)
SCENES, SECONDS = 3, 21


@pytest.fixture
def group(settings: Any, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Two real workers, with a lease short enough to notice the death of one."""
    with (tmp_path / "work.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work", "--workers=2"],
            env={**environment(), "JOB_LEASE_SECONDS": "4", "JOB_TICK_MS": "200"},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    yield process
    process.terminate()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def eventually(condition: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def test_film_is_finished_and_every_cent_agrees(
    settings: Any, request: pytest.FixtureRequest
) -> None:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    OrganizationBudget.objects.get_or_create(pk=1)
    with ExitStack() as stack:
        runway, stability = (
            stack.enter_context(Runway(seconds=4.0, at_once=2)),
            stack.enter_context(Stability(seconds=0.5)),
        )
        configure("runway_ml", runway, settings={"poll_seconds": 1})
        configure("stability_ai", stability)
        AIProviderConfig.objects.filter(provider="local").update(is_active=True)
        request.getfixturevalue("group")
        owner = get_user_model().objects.create_superuser("boss", password="boss")
        story = Story.objects.create(
            owner=owner,
            title="The lantern",
            script=SCRIPT,
            language="en",
            style="watercolour",
            duration_seconds=SECONDS,
            image_provider="stability_ai",
            clip_provider="runway_ml",
        )
        killed: list[int] = []

        def kill_one() -> None:
            """As soon as all clips are out, kill a worker; the other finishes."""
            out = ProviderCall.objects.filter(provider="runway_ml", state="accepted")
            if not killed and len(out) == SCENES:
                victim = Worker.objects.filter(role="worker").order_by("pid")[0].pid
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        for hit in steps_left(story):
            walk(story, hit, actor=owner, check_children=kill_one, seen=lambda _: None)
    story.refresh_from_db()
    assert (story.status, len(killed)) == ("completed", 1)
    film = Film.objects.get(story=story, kind=FilmKind.FINAL)
    with storages["media"].open(film.file) as source:
        target = Path(settings.WORK_DIR) / "film.mp4"
        target.write_bytes(source.read())
    assert abs(probe(target).duration_ms - SECONDS * 1000) <= 1000 / film.fps
    assert (runway.paid, stability.paid) == (SCENES, SCENES)
    assert Take.objects.filter(scene__story=story).count() == 2 * SCENES
    sums = ledger.breakdown("provider", subject=str(story.pk))
    assert (
        (sums["runway_ml"].actual, sums["stability_ai"].actual)
        == (runway.charged, stability.charged)
        == (Decimal("1.05"), Decimal("0.06"))
    )
    assert ledger.totals(subject=str(story.pk)).at_risk == 0
    assert (
        sum((take.cost for take in Take.objects.all()), Decimal(0))
        == runway.charged + stability.charged
    )
    assert not Job.objects.exclude(status="succeeded").exists()
