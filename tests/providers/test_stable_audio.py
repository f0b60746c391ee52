"""Stable Audio of Stability AI, before its fake: music and effects under the
key of the pictures.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from providers.errors import NotConfigured, Refused
from providers.requests import MusicRequest, Request, SoundRequest, SpeechRequest
from tests.fakes import media
from tests.fakes.server import multipart
from tests.fakes.stability import Stability
from tests.providers.conftest import Clock
from tests.providers.real import Real, configure

MUSIC = MusicRequest(prompt="a slow piano", mood="calm", duration_ms=2_500, seed=7)
EFFECT = SoundRequest(prompt="a door closes", duration_ms=800, seed=7)


@pytest.fixture
def stability(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"stability_ai": Stability.key}
    for seconds in (1.0, 3.0):  # made before a request waits for them
        media.sound(seconds)
        media.silence(seconds)
    with Stability() as fake:
        configure("stability_ai", fake)
        yield Real("stability_ai", fake, clock)


@pytest.mark.parametrize(
    ("request_", "prompt", "seconds"),
    [(MUSIC, "a slow piano. Mood: calm.", 3), (EFFECT, "a door closes", 1)],
)
def test_sound(request_: Request, prompt: str, seconds: int, stability: Real) -> None:
    call = stability.finish(request_)
    fields = {name: value.decode() for name, value in multipart(stability.fake.orders[0]).items()}
    assert fields == {
        "prompt": prompt,
        "duration": str(seconds),
        "output_format": "mp3",
        "seed": "7",
        "model": "stable-audio-2.5",
    }
    assert (call.state, call.model, call.cost, stability.fake.charged) == (
        "settled",
        "stable-audio-2.5",
        Decimal("0.20"),
        Decimal("0.20"),
    )
    assert call.result is not None
    assert (call.result["duration_ms"], call.result["channels"], call.result["seed"]) == (
        seconds * 1000,
        2,
        7,
    )


@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "cost", "paid"),
    [
        ("bad_key", "refused", "key", "0", 0),
        ("no_credits", "refused", "credits", "0", 0),
        ("moderated", "refused", "moderated", "0", 0),
        ("limit", "refused", "limit", "0", 0),
        ("http_500", "unclear", "", "", 0),
        ("drop", "unclear", "", "", 1),
        ("slow", "unclear", "", "", 1),
        ("half", "unclear", "", "", 1),
        ("garbage", "unclear", "", "", 1),
        ("bad_file", "unclear", "", "", 1),
        ("new_finish", "unclear", "", "", 1),
        ("filtered", "refused", "moderated", "price", 1),
        ("silent", "refused", "failed", "price", 1),
        ("empty", "refused", "failed", "price", 1),
    ],
)
def test_outcome(
    scenario: str, state: str, refusal: str, cost: str, paid: int, stability: Real
) -> None:
    stability.expect(scenario)
    stability.ends(MUSIC, state=state, refusal=refusal, cost=cost, paid=paid)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            MusicRequest(prompt="잔잔한 피아노"),
            "understands English only: describe the sound in English",
        ),
        (MusicRequest(prompt="piano", duration_ms=190_001), "at most 190 s"),
        (SoundRequest(prompt=""), "The text is empty."),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_paid(
    request_: Request, words: str, stability: Real
) -> None:
    with pytest.raises(Refused) as refused:
        stability.go(request_)
    assert words in str(refused.value)
    assert stability.fake.orders == []


def test_speech_is_not_made(stability: Real) -> None:
    with pytest.raises(NotConfigured, match="does not make this kind"):
        stability.go(SpeechRequest(text="x", language="en"))
