"""Requests for sound: their hash, their price, and what is stored of a result."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from providers import ingest, prices
from providers import requests as asked
from providers.adapters import Bytes, ModelSpec, Result
from providers.enums import Kind, Refusal, Unit
from providers.errors import NoPrice, Refused, Unclear
from providers.marks import within, words_of
from providers.models import AIProviderConfig, ProviderModel
from providers.requests import (
    ClipRequest,
    ImageRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeechRequest,
    TextRequest,
)
from providers.sound_requests import longest_speech_ms, require_speech
from tests.fakes import media

SPEECH = SpeechRequest(text="바다가 보였다.", language="ko", voice="anna")
MUSIC = MusicRequest(prompt="a calm piano", mood="calm", duration_ms=61_000)
SOUND = SoundRequest(prompt="a door", duration_ms=1_500)


@pytest.mark.parametrize(
    ("request_", "kind", "stored"),
    [
        (SPEECH, Kind.SPEECH, {"text": "바다가 보였다.", "language": "ko", "voice": "anna"}),
        (MUSIC, Kind.MUSIC, {"prompt": "a calm piano", "mood": "calm", "duration_ms": 61_000}),
        (SOUND, Kind.SOUND, {"prompt": "a door", "duration_ms": 1_500}),
    ],
)
def test_request_is_stored_without_its_defaults(
    request_: Request, kind: Kind, stored: dict[str, Any]
) -> None:
    assert asked.to_json(request_) == {"kind": str(kind), **stored}
    assert asked.from_json(asked.to_json(request_)) == request_
    assert asked.kind_of(request_) == kind


@pytest.mark.parametrize(
    ("request_", "form"),
    [
        (ImageRequest(prompt="x", seed=7), b'{"kind":"image","prompt":"x","seed":7}'),
        (ClipRequest(prompt="x", seed=7), b'{"kind":"clip","prompt":"x","seed":7}'),
        (
            TextRequest(task="to_english", script="x"),
            b'{"kind":"text","script":"x","task":"to_english"}',
        ),
    ],
)
def test_hash_of_the_older_kinds_is_what_it_was(request_: Request, form: bytes) -> None:
    assert asked.hash_of(request_) == hashlib.sha256(form).hexdigest()


# --- prices


@pytest.fixture
def stability(db: None) -> AIProviderConfig:
    """A provider without any model of sound."""
    config = AIProviderConfig.objects.get(provider="stability_ai")
    config.models.filter(kind__in=(Kind.SPEECH, Kind.MUSIC, Kind.SOUND)).delete()
    return config


@pytest.mark.parametrize(
    ("request_", "unit", "price", "options", "units", "total"),
    [
        (SPEECH, Unit.CHARACTERS, "0.1", {}, "0.008", "0.0008"),
        (SpeechRequest(text="가" * 1500, language="ko"), Unit.CHARACTERS, "0.1", {}, "1.5", "0.15"),
        # 1 s of silence, 30 letters at 0.1 s: 4 s, at half the speed 8 s
        (SpeechRequest(text="a" * 30, language="en"), Unit.MINUTE, "0.6", {}, "0.067", "0.0400"),
        (SpeechRequest(text="a" * 30, language="en", speed=0.5), Unit.SECOND, "1", {}, "8", "8"),
        (SPEECH, Unit.CALL, "0.5", {}, "1", "0.5"),
        (MUSIC, Unit.MINUTE, "0.15", {}, "1.017", "0.1525"),
        (MUSIC, Unit.CALL, "0.26", {}, "1", "0.26"),
        (SOUND, Unit.MINUTE, "0.12", {}, "0.025", "0.003"),
        (SOUND, Unit.SECOND, "0.002", {}, "1.5", "0.003"),
        # What is ordered is never shorter than what the model makes.
        (
            MusicRequest(prompt="x", duration_ms=10),
            Unit.MINUTE,
            "0.6",
            {"least_ms": 3000},
            "0.05",
            "0.03",
        ),
    ],
)
def test_price(
    request_: Request,
    unit: Unit,
    price: str,
    options: dict[str, Any],
    units: str,
    total: str,
    stability: AIProviderConfig,
) -> None:
    ProviderModel.objects.create(
        provider=stability,
        name="m",
        kind=asked.kind_of(request_),
        unit=unit,
        price=Decimal(price),
        is_default=True,
        options=options,
    )
    quoted = prices.quote(stability, request_)
    assert (quoted.model, quoted.units, quoted.total) == ("m", Decimal(units), Decimal(total))


@pytest.mark.parametrize("request_", [SPEECH, MUSIC, SOUND])
def test_sound_without_a_price_is_not_bought(
    request_: Request, stability: AIProviderConfig
) -> None:
    with pytest.raises(NoPrice):
        prices.quote(stability, request_)
    ProviderModel.objects.create(
        provider=stability, name="m", kind=asked.kind_of(request_), unit="minute", price=0
    )
    with pytest.raises(NoPrice):
        prices.quote(stability, request_)


@pytest.mark.parametrize("request_", [SPEECH, MUSIC, SOUND])
def test_free_provider_needs_no_price_for_sound(request_: Request, db: None) -> None:
    local = AIProviderConfig.objects.get(provider="local")
    assert prices.quote(local, request_).total == 0


def test_longest_speech() -> None:
    assert longest_speech_ms(SpeechRequest(text="바다 3", language="ko")) == 1000 + 600 + 100 + 600
    assert longest_speech_ms(SpeechRequest(text="", language="ko", speed=2.0)) == 500


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (SpeechRequest(text=" \n", language="ko"), "The text is empty."),
        (SpeechRequest(text="🌊 …", language="ko"), "The text holds nothing that can be spoken."),
        (
            SpeechRequest(text="가" * 11, language="ko"),
            "The text is 11 characters long, and P's model m takes at most 10. Split it.",
        ),
        (
            SpeechRequest(text="가", language="ko", speed=1.3),
            "P speaks at 0.7 to 1.2 times its own speed.",
        ),
    ],
)
def test_text_that_would_not_be_spoken_is_refused(request_: SpeechRequest, says: str) -> None:
    spec = ModelSpec("m", options={"most_characters": 10})
    with pytest.raises(Refused) as refused:
        require_speech(request_, spec, sent=request_.text, provider="P", most=5, speeds=(0.7, 1.2))
    assert (str(refused.value), refused.value.kind) == (says, Refusal.INVALID)
    fits = SpeechRequest(text="가" * 10, language="ko")
    require_speech(fits, spec, sent=fits.text, provider="P", most=5, speeds=(0.7, 1.2))


# --- what is stored


def taken(content: bytes, request: Request, folder: Path, **data: Any) -> dict[str, Any]:
    result = Result(media=Bytes(content), data=data)
    return ingest.ingest(result, request, folder, should_stop=lambda: False, cost=Decimal("0.25"))


@pytest.mark.parametrize("form", ["mp3", "wav", "flac", "ogg"])
@pytest.mark.parametrize(("request_", "channels"), [(SPEECH, 1), (MUSIC, 2), (SOUND, 2)])
def test_sound_is_stored_as_flac_beside_its_original(
    form: str, request_: Request, channels: int, tmp_path: Path
) -> None:
    content = media.sound(1.5, form)
    facts = taken(content, request_, tmp_path)
    assert (facts["mime"], facts["rate"], facts["channels"]) == ("audio/flac", 48_000, channels)
    assert (facts["samples"], facts["duration_ms"]) == (72_000, 1500)
    assert facts.get("marks") == ([] if request_ is SPEECH else None)
    assert facts["original"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["original"]["file"].endswith(f".{form}")
    with storages["media"].open(facts["original"]["file"]) as file:
        assert file.read() == content
    with storages["media"].open(facts["file"]) as file:
        header = file.read(26)
    # STREAMINFO: 20 bits of rate, 3 of channels - 1, 5 of bits - 1, 36 of samples
    packed = int.from_bytes(header[18:26])
    assert header[:4] == b"fLaC"
    assert (packed >> 44, (packed >> 41 & 7) + 1) == (48_000, channels)
    assert ((packed >> 36 & 31) + 1, packed & (1 << 36) - 1) == (16, 72_000)


@pytest.mark.parametrize(
    "content",
    [lambda: media.silence(1.0, "mp3"), lambda: media.silence(0.0, "wav"), lambda: b""],
    ids=["silent", "no samples", "no bytes"],
)
def test_sound_in_which_nothing_is_heard_is_a_refusal_that_was_paid(
    content: Callable[[], bytes], tmp_path: Path
) -> None:
    with pytest.raises(Refused) as refused:
        taken(content(), SPEECH, tmp_path)
    assert (refused.value.kind, refused.value.cost) == (Refusal.FAILED, Decimal("0.25"))
    assert str(refused.value) == "The provider sent a sound in which nothing can be heard."


@pytest.mark.parametrize("form", ["flac", "ogg", "wav"])
def test_quiet_sound_is_no_silence(form: str, tmp_path: Path) -> None:
    assert taken(media.sound(0.5, form, gain_db=-50), SOUND, tmp_path)["samples"] == 24_000


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Bad gateway</html>",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        bytes(range(256)) * 50,
        pytest.param("flac", id="broken-off flac"),
        pytest.param("m4a", id="broken-off m4a"),
    ],
)
def test_what_is_no_sound_is_kept_for_a_person(content: bytes | str, tmp_path: Path) -> None:
    if isinstance(content, str):
        whole = media.sound(2.0, content)
        content = whole[: len(whole) // 2]
    with pytest.raises(Unclear, match="is not a sound that can be read") as unclear:
        taken(content, SPEECH, tmp_path)
    assert unclear.value.raw == content


# --- marks


def test_words_of_characters() -> None:
    text = "Hi, you "
    starts = [0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6]
    ends = [*starts[1:], 0.7]
    assert words_of(list(text), starts, ends) == [
        {"text": "Hi,", "start_ms": 0, "end_ms": 250},
        {"text": "you", "start_ms": 300, "end_ms": 600},
    ]


@pytest.mark.parametrize(
    ("characters", "starts", "ends"),
    [
        (["a", "b"], [0.0], [0.1, 0.2]),
        (["a"], ["soon"], [0.1]),
        (["a"], [float("nan")], [0.1]),
        ([1], [0.0], [0.1]),
        ([], [], []),
    ],
)
def test_times_that_do_not_belong_to_the_text_are_no_marks(
    characters: list[Any], starts: list[Any], ends: list[Any]
) -> None:
    assert words_of(characters, starts, ends) == []


def test_marks_within_the_sound() -> None:
    first = {"text": "a", "start_ms": 0, "end_ms": 500}
    second = {"text": "b", "start_ms": 500, "end_ms": 1010}
    assert within([first, second], 1000) == [first, second | {"end_ms": 1000}]
    assert within([second, first], 1010) == []
    assert within([second], 400) == []
    assert within(None, 1000) == []
