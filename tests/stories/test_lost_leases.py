"""Attempts of sound, ComfyUI and outside workers that stand still past their lease: resumed, they
send and write nothing that another has done by then, and each piece of work is paid for once.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from core.clock import DatabaseNow
from jobs.models import Job
from jobs.runner import run, run_due
from jobs.services.claim import claim
from jobs.services.reclaim import reclaim_expired
from providers import calls, ledger
from providers.calls import polling, sending
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from stories.handlers.paid_results import record_leftover_results
from stories.models import SoundTake, Take
from stories.services import sound, sound_takes, takes
from stories.services.generation import generate_sound
from tests.fakes import media
from tests.fakes.bullmq import BullMQ
from tests.fakes.comfyui import ComfyUI
from tests.fakes.elevenlabs import ElevenLabs
from tests.providers.connected import connect
from tests.providers.real import KEYS
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FAKES: dict[str, Any] = {"bullmq": BullMQ, "comfyui": ComfyUI, "elevenlabs": ElevenLabs}
PATHS = [
    ("elevenlabs", "speech"),
    ("elevenlabs", "music"),
    ("elevenlabs", "scene_music"),
    ("comfyui", "image"),
    ("comfyui", "clip"),
    ("bullmq", "image"),
    ("bullmq", "clip"),
]
SOUND = {"speech", "music", "scene_music"}


@pytest.fixture
def fake(request: pytest.FixtureRequest, settings: Any, admin_user: Any) -> Any:
    provider = request.getfixturevalue("provider")
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    OrganizationBudget.objects.get_or_create(pk=1)
    with FAKES[provider]() as fake:
        connect(provider, fake, admin_user)
        yield fake


@pytest.fixture
def order(request: pytest.FixtureRequest, owner: Any, fake: Any) -> Callable[[], None]:
    """A person orders one take of the path at its price."""
    provider, kind = request.getfixturevalue("provider"), request.getfixturevalue("kind")
    makers = {} if kind in SOUND else {"image_provider": provider, "clip_provider": provider}
    story = make_story(owner, status="previewing", duration_seconds=4, **makers)
    scene = make_scene(story, duration_seconds=4, narration="The boat leaves.")
    if kind in SOUND:
        sound.change_settings(story.pk, actor=owner, music_provider="elevenlabs")
        sound.set_voice(story.pk, actor=owner, provider="elevenlabs", voice="ben00002")
        lines = None if kind == "speech" else []
        tunes = [scene.pk] if kind == "scene_music" else []
        sound.change_scene_sound(scene.pk, actor=owner, mood="tense" if tunes else "")
        return lambda: generate_sound(
            story.pk, actor=owner, lines=lines, music=kind == "music", scene_music=tunes
        ).require()
    if kind == "clip":
        make_take(scene, content=media.picture(320, 180))
    return lambda: make_takes(scene.pk, kind, actor=owner)


def be_taken_over() -> None:
    """The lease runs out unnoticed, and the job goes to whoever is there."""
    Job.objects.filter(status="running").update(lease_until=DatabaseNow(-timedelta(seconds=1)))
    assert reclaim_expired() == 1


def freeze(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, meanwhile: Callable[[], object]
) -> list[str]:
    """The first time that the function is reached, another worker takes the job and `meanwhile`
    happens.
    """
    real, reached = getattr(module, name), []

    def stands_still(*args: Any, **kwargs: Any) -> Any:
        if not reached:
            reached.append(name)
            be_taken_over()
            meanwhile()
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, stands_still)
    return reached


def go_on(clock: Any, *, rounds: int = 8) -> None:
    """Everything that is due or only waits for its time, for minutes."""
    for _ in range(rounds):
        clock.forward(seconds=20)
        run_due()
        calls.reconcile()
        calls.collect()
        record_leftover_results()
        time.sleep(0.05)


def until_done(clock: Any) -> None:
    """A worker of the queue takes real time."""
    deadline = time.monotonic() + 60
    while Job.objects.exclude(status__in=["succeeded", "failed", "cancelled", "unclear"]).exists():
        assert time.monotonic() < deadline, list(Job.objects.values("status", "note", "wait_for"))
        go_on(clock, rounds=1)


def require_paid_once(fake: Any, kind: str) -> None:
    """One charge, one call that cost money, one take, and the ledger equal to the bill."""
    calls_, jobs = ProviderCall.objects.all(), Job.objects.all()
    known = [(call.state, str(call.note)) for call in calls_]
    known += [(job.status, str(job.note), job.error) for job in jobs]
    assert [call.state for call in calls_ if call.cost] == ["settled"], known
    assert (fake.paid, (SoundTake if kind in SOUND else Take).objects.count() - given(kind)) == (
        1,
        1,
    )
    assert 0 <= ledger.totals().actual - fake.charged <= Decimal("0.0003")
    assert ledger.totals().at_risk == 0
    # What an attempt brings that has lost its job may be fetched by a job of its own.
    assert set(Job.objects.values_list("status", flat=True)) == {"succeeded"}


def given(kind: str) -> int:
    """The picture that a clip begins with."""
    return 1 if kind == "clip" else 0


POINTS = [(sending, "_submit"), (sending, "_take_answer")]
LATE = [False, True]


@pytest.mark.parametrize("late", LATE, ids=["at once", "past the time of sending"])
@pytest.mark.parametrize(("module", "name"), POINTS, ids=[name for _, name in POINTS])
@pytest.mark.parametrize(("provider", "kind"), PATHS)
def test_frozen_while_it_sends(
    provider: str,
    kind: str,
    module: ModuleType,
    name: str,
    late: bool,  # noqa: FBT001  a parameter of the test
    fake: Any,
    order: Any,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """Before the bytes leave, and after the answer has come; the other finds the call being sent,
    or is so late that its sender counts as lost.
    """
    order()

    def meanwhile() -> None:
        if late:
            clock.forward(hours=1)
        go_on(clock)

    reached = freeze(monkeypatch, module, name, meanwhile)
    with django_capture_on_commit_callbacks(execute=True):  # a call that is decided wakes its job
        run(claim(worker="frozen"))
    until_done(clock)
    assert reached == [name]
    require_paid_once(fake, kind)


@pytest.mark.parametrize(("provider", "kind"), [path for path in PATHS if path[1] not in SOUND])
def test_frozen_while_it_asks_for_the_task(
    provider: str,
    kind: str,
    fake: Any,
    order: Any,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other records the result meanwhile."""
    order()
    run(claim(worker="first"))
    clock.forward(minutes=2)
    Job.objects.filter(status="waiting").update(status="queued", wait_for="")
    reached = freeze(monkeypatch, polling, "poll", lambda: until_done(clock))
    run(claim(worker="frozen"))
    until_done(clock)
    assert reached == ["poll"]
    require_paid_once(fake, kind)


@pytest.mark.parametrize(("provider", "kind"), PATHS)
def test_frozen_before_the_take_is_written(
    provider: str,
    kind: str,
    fake: Any,
    order: Any,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order()
    module = sound_takes if kind in SOUND else takes
    reached = freeze(monkeypatch, module, "record_result", lambda: None)
    until_done(clock)
    assert reached == ["record_result"]
    require_paid_once(fake, kind)


@pytest.mark.parametrize(("provider", "kind"), PATHS)
def test_job_of_a_connection_that_is_switched_off_waits_and_does_not_fail(
    provider: str, kind: str, fake: Any, order: Any, clock: Any
) -> None:
    """Ordered while it was on, as when somebody switches it off for a moment (B17)."""
    order()
    AIProviderConfig.objects.filter(provider=provider).update(is_active=False)
    for _ in range(4):
        clock.forward(minutes=15)
        go_on(clock, rounds=1)
        assert [job.status for job in Job.objects.all()] == ["waiting"]
    assert (fake.paid, ledger.totals().counted) == (0, 0)
    AIProviderConfig.objects.filter(provider=provider).update(is_active=True)
    clock.forward(minutes=15)
    until_done(clock)
    require_paid_once(fake, kind)
