"""The store is away for an hour when results of sound, of one's own machines and of outside workers
come, and a connection is switched off for an hour: nothing is lost, and nothing is bought again.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from core.unavailable import ServiceUnavailableError
from providers import ledger
from providers.calls import NotNow, Pending, Ready, collect, reconcile, sending, spool
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import (
    ClipRequest,
    ImageRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeechRequest,
)
from tests.fakes.bullmq import BullMQ
from tests.fakes.comfyui import ComfyUI
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.openai_images import OpenAIImages
from tests.fakes.openai_speech import OpenAISpeech
from tests.module_time import replace_time
from tests.providers.conftest import Clock
from tests.providers.connected import connect
from tests.providers.outages import FolderAway
from tests.providers.real import KEYS, Real, put_picture

pytestmark = pytest.mark.django_db

FAKES: dict[str, Any] = {
    "bullmq": BullMQ,
    "comfyui": ComfyUI,
    "elevenlabs": ElevenLabs,
    "openai_images": OpenAIImages,
    "openai_speech": OpenAISpeech,
}
WORDS = "a lighthouse at the sea"
IMAGE = ImageRequest(prompt=WORDS, prompt_en=WORDS)
CLIP = ClipRequest(prompt=WORDS, prompt_en=WORDS, duration_ms=2000, image_file="scene.png")
SPEECH = SpeechRequest(text=WORDS, language="en", voice="ben00002")
WORK: list[tuple[str, Request]] = [
    ("bullmq", IMAGE),
    ("bullmq", CLIP),
    ("comfyui", IMAGE),
    ("comfyui", CLIP),
    ("elevenlabs", SPEECH),
    ("elevenlabs", MusicRequest(prompt=WORDS, duration_ms=3000)),
    ("elevenlabs", SoundRequest(prompt=WORDS, duration_ms=1000)),
    ("openai_images", IMAGE),
    ("openai_speech", SpeechRequest(text=WORDS, language="en")),
]
NAMES = [f"{provider}-{type(request).__name__}" for provider, request in WORK]


@pytest.fixture
def real(request: pytest.FixtureRequest, settings: Any, clock: Clock) -> Iterator[Real]:
    provider = request.getfixturevalue("provider")
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    put_picture()
    with FAKES[provider]() as fake:
        connect(provider, fake, User.objects.create_superuser("mina"))
        yield Real(provider, fake, clock)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_time(monkeypatch, sending, sleep=lambda seconds: time.sleep(min(seconds, 0.05)))


def ask(real: Real, request: Request) -> Ready | Pending | None:
    """The work's next step; None if the store is away."""
    try:
        return real.go(request)
    except ServiceUnavailableError:
        return None


def until_charged(real: Real, request: Request) -> Ready | Pending | None:
    """Ask until the provider has made it. A worker of one's own takes real time for that."""
    deadline = time.monotonic() + 60
    answer = ask(real, request)
    while not real.fake.paid:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        real.clock.forward(seconds=5)  # type: ignore[union-attr]
        answer = ask(real, request)
    return answer


@pytest.mark.slow
@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(("provider", "request_"), WORK, ids=NAMES)
def test_result_that_comes_while_the_store_is_away_is_kept_for_an_hour_and_lands_once(
    provider: str,
    request_: Request,
    real: Real,
    clock: Clock,
    media_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, charge = FolderAway(media_folder), real.fake.charge

    def charged(*about: Any) -> None:
        charge(*about)
        store.on = True

    monkeypatch.setattr(real.fake, "charge", charged)
    assert not isinstance(until_charged(real, request_), Ready)
    for _ in range(4):
        clock.forward(minutes=15)
        reconcile()
        collect()
        assert not isinstance(ask(real, request_), Ready)
        call = ProviderCall.objects.get()
        assert call.state in {"sending", "accepted"}
        assert (real.fake.paid, ledger.totals().at_risk) == (1, call.counted)
    store.on = False
    reconcile()
    call = real.finish(request_)
    assert (call.state, call.attempt_no, real.fake.paid, spool.waiting()) == ("settled", 1, 1, [])
    assert ProviderCall.objects.count() == 1
    assert call.cost is not None
    assert 0 <= call.cost - real.fake.charged < most_above(call)
    assert ledger.totals().actual == call.cost
    assert ledger.totals().at_risk == 0


def most_above(call: ProviderCall) -> Decimal:
    """By how much the ledger may be above the bill where the answer names no amount."""
    if call.provider_id == "openai_speech":
        return call.estimate
    return Decimal("0.0003") if call.kind in {"music", "sound"} else Decimal("0.0001")


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "request_"), WORK, ids=NAMES)
def test_connection_that_is_switched_off_is_waited_for(
    provider: str, request_: Request, real: Real, clock: Clock
) -> None:
    AIProviderConfig.objects.filter(provider=provider).update(is_active=False)
    for _ in range(4):
        with pytest.raises(NotNow):
            real.go(request_)
        clock.forward(minutes=15)
    assert (ProviderCall.objects.count(), real.fake.asked, ledger.totals().counted) == (0, [], 0)
    AIProviderConfig.objects.filter(provider=provider).update(is_active=True)
    until_charged(real, request_)
    call = real.finish(request_)
    assert (call.state, real.fake.paid, ProviderCall.objects.count()) == ("settled", 1, 1)


@pytest.mark.parametrize("request_", [IMAGE, CLIP], ids=["image", "clip"])
@pytest.mark.parametrize("provider", ["bullmq", "comfyui"])
def test_connection_that_is_switched_off_is_still_asked_for_what_is_out(
    provider: str, request_: Request, real: Real
) -> None:
    real.go(request_)
    AIProviderConfig.objects.filter(provider=provider).update(is_active=False)
    until_charged(real, request_)
    call = real.finish(request_)
    assert (call.state, real.fake.paid, call.cost) == ("settled", 1, real.fake.charged)
