"""Typecast and Supertone, before their fakes: what is sent, and what each answer becomes."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from providers.errors import Later, NoPrice, NotConfigured, Refused
from providers.models import ProviderModel
from providers.registry import adapter_for
from providers.requests import MusicRequest, SpeechRequest
from providers.services import catalogue, unclear_calls
from providers.services.raw_answers import recover
from providers.voices import voices_of
from tests.fakes import media, supertone, typecast
from tests.fakes.supertone import Supertone
from tests.fakes.typecast import Typecast
from tests.providers.conftest import Clock
from tests.providers.connected import connect
from tests.providers.real import Real, specs

TEXT = "바다가 보였다."  # 8 characters: 0.4 s of sound
FAKES: dict[str, Any] = {"typecast": Typecast, "supertone": Supertone}
VOICES = {"typecast": typecast.VOICE, "supertone": supertone.VOICE}


def spoken(provider: str, **values: Any) -> SpeechRequest:
    return SpeechRequest(
        **{"text": TEXT, "language": "ko", "voice": VOICES[provider], **values}  # type: ignore[arg-type]
    )


@pytest.fixture
def speech(
    request: pytest.FixtureRequest, db: None, settings: Any, clock: Clock, admin_user: User
) -> Iterator[Real]:
    provider = request.getfixturevalue("provider")
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {}
    for form in ("wav", "mp3"):  # made before a request waits for them
        media.sound(0.4, form)
        media.silence(0.4, form)
    with FAKES[provider]() as fake:
        connect(provider, fake, admin_user)
        yield Real(provider, fake, clock)


both = pytest.mark.parametrize("provider", sorted(FAKES))
of_typecast = pytest.mark.parametrize("provider", ["typecast"])
of_supertone = pytest.mark.parametrize("provider", ["supertone"])


@of_typecast
def test_typecast_speaks_with_the_time_of_each_word(provider: str, speech: Real) -> None:
    call = speech.finish(spoken(provider, direction="Whispers, then laughs", speed=1.5))
    (order,) = speech.fake.orders
    assert order.query == {"granularity": "word"}
    assert order.headers["x-api-key"] == Typecast.key
    assert order.json == {
        "voice_id": typecast.VOICE,
        "text": TEXT,
        "model": "ssfm-v30",
        "language": "kor",
        "output": {"audio_format": "wav", "audio_tempo": 1.5},
        "prompt": {"emotion_type": "preset", "emotion_preset": "whisper"},
    }
    assert (call.state, call.units) == ("settled", Decimal("0.008"))
    assert call.cost == call.estimate
    assert call.result is not None
    assert call.result["marks"] == [
        {"text": "바다가", "start_ms": 0, "end_ms": 190},
        {"text": "보였다.", "start_ms": 200, "end_ms": 390},
    ]


@of_typecast
def test_typecast_without_an_emotion_or_a_word_speaks_all_the_same(
    provider: str, speech: Real
) -> None:
    call = speech.finish(spoken(provider, direction="as if remembering", text="[[no_words]] 가"))
    assert "prompt" not in speech.fake.orders[0].json
    assert (call.state, call.result and call.result["marks"]) == ("settled", [])
    speech.finish(spoken(provider, model="ssfm-v21", direction="whispers"), "b")
    assert "prompt" not in speech.fake.orders[1].json


@of_supertone
def test_supertone_is_paid_by_the_length_that_it_states(provider: str, speech: Real) -> None:
    call = speech.finish(spoken(provider, speed=0.5))
    (order,) = speech.fake.orders
    assert order.path == f"/v1/text-to-speech/{supertone.VOICE}"
    assert order.headers["x-sup-api-key"] == Supertone.key
    assert order.json == {
        "text": TEXT,
        "language": "ko",
        "model": "sona_speech_1",
        "output_format": "wav",
        "voice_settings": {"speed": 0.5},
    }
    assert (call.state, call.cost_is_estimated) == ("settled", True)
    assert call.cost is not None
    assert call.cost < call.estimate
    assert abs(call.cost - speech.fake.charged) <= Decimal("0.0001")
    assert call.result is not None
    assert call.result["samples"] == 38_400


@of_supertone
def test_supertone_without_a_length_costs_the_estimate(provider: str, speech: Real) -> None:
    speech.fake.expect("no_length", times=1)
    call = speech.finish(spoken(provider))
    assert (call.state, call.cost) == ("settled", call.estimate)


@of_supertone
def test_supertone_predicts_the_length_for_nothing(provider: str, speech: Real) -> None:
    adapter: Any = adapter_for(speech.config)
    row = ProviderModel.objects.get(provider="supertone", name="sona_speech_1")
    from providers.prices import spec_from

    spec = spec_from(row, row.name)
    assert adapter.predicted_ms(spoken(provider), spec) == 400
    assert adapter.predicted_ms(spoken(provider, text="[[validation]] 가"), spec) is None
    with pytest.raises(Refused):
        adapter.predicted_ms(spoken(provider, text="가" * 301), spec)
    assert (speech.fake.orders, speech.fake.paid) == ([], 0)


@both
@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_every_format_is_read(provider: str, form: str, speech: Real) -> None:
    config = speech.config
    config.settings["output_format"] = form
    config.save()
    call = speech.finish(spoken(provider))
    assert (call.state, call.result and call.result["samples"]) == ("settled", 19_200)


@both
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"voice": ""}, "Choose one of the voices of"),
        ({"voice": "../v1/voices"}, "Choose one of the voices of"),
        ({"text": "가" * 2001}, "takes at most"),
        ({"text": "…"}, "nothing that can be spoken"),
        ({"speed": 2.5}, "0.5 to 2 times"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_paid(
    provider: str, values: dict[str, Any], words: str, speech: Real
) -> None:
    with pytest.raises(Refused) as refused:
        speech.go(spoken(provider, **values))
    assert words in str(refused.value)
    assert (refused.value.kind, refused.value.cost, speech.fake.orders) == ("invalid", 0, [])


@pytest.mark.slow
@both
@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "paid"),
    [
        ("bad_key", "refused", "key", 0),
        ("quota", "refused", "credits", 0),
        ("limit", "refused", "limit", 0),
        ("no_voice", "refused", "invalid", 0),
        ("validation", "refused", "invalid", 0),
        ("http_403", "refused", "key", 0),
        ("redirect", "refused", "invalid", 0),
        ("http_408", "unclear", "", 0),
        ("http_500", "unclear", "", 0),
        ("html", "unclear", "", 0),
        ("drop_before", "unclear", "", 0),
        ("drop", "unclear", "", 1),
        ("slow", "unclear", "", 1),
        ("half", "unclear", "", 1),
        ("garbage", "unclear", "", 1),
        ("done_http_500", "unclear", "", 1),
        ("bad_file", "unclear", "", 1),
    ],
)
def test_outcome(
    provider: str, scenario: str, state: str, refusal: str, paid: int, speech: Real
) -> None:
    speech.expect(scenario)
    cost = "" if state == "unclear" else "0"
    speech.ends(spoken(provider), state=state, refusal=refusal, cost=cost, paid=paid)


@both
@pytest.mark.parametrize("scenario", ["silent", "empty"])
def test_sound_in_which_nothing_is_heard_failed_and_keeps_its_cost(
    provider: str, scenario: str, speech: Real
) -> None:
    speech.expect(scenario)
    call = speech.finish(spoken(provider))
    assert (call.state, call.refusal) == ("refused", "failed")
    assert call.cost is not None
    assert call.cost > 0
    assert speech.finish(spoken(provider)).pk == call.pk
    assert speech.fake.paid == 1


@of_typecast
def test_lost_answer_that_was_stored_is_recovered_with_its_words(
    provider: str, speech: Real, admin_user: User
) -> None:
    speech.fake.expect("junk_before", times=1)
    call = speech.finish(spoken(provider))
    if call.state == "unclear":
        recover(call, actor=admin_user, reason="the sound is in it")
        call = speech.finish(spoken(provider))
    assert (call.state, speech.fake.paid) == ("settled", 1)


@both
def test_nothing_is_kept_at_the_provider(provider: str, speech: Real, admin_user: User) -> None:
    speech.fake.expect("drop", times=1)
    call = speech.finish(spoken(provider))
    assert unclear_calls.candidates(call) == []
    unclear_calls.attach_task(call, actor=admin_user, reason="x", task_id="req_1")
    assert "keeps no speech" in str(speech.finish(spoken(provider)).note)
    assert speech.fake.paid == 1


@both
def test_music_is_not_made(provider: str, speech: Real) -> None:
    with pytest.raises(NotConfigured, match="does not make this kind"):
        speech.go(MusicRequest(prompt="piano"))


@of_typecast
def test_typecast_lists_voices_with_a_sample_to_hear(provider: str, speech: Real) -> None:
    from django.utils.translation import override

    first, own = voices_of(speech.config)
    assert (first.id, first.name, first.languages) == (typecast.VOICE, "Olivia", ("en", "ko"))
    assert (first.sample_url, own.name, own.sample_url) == (
        "https://static.typecast.ai/olivia.wav",
        "Own",
        "",
    )
    with override("ko"):
        assert adapter_for(speech.config).voices()[0].name == "올리비아"
    assert adapter_for(speech.config).check().facts == {"credits": "750", "plan": "lite"}


@of_supertone
def test_supertone_lists_all_pages_of_voices_with_a_korean_sample(
    provider: str, speech: Real
) -> None:
    first, second = voices_of(speech.config)
    assert (first.id, first.name, first.languages) == (supertone.VOICE, "Agatha", ("en", "ko"))
    assert first.sample_url == "https://supertoneapi.com/ko.wav"
    assert (second.id, second.name, second.sample_url) == ("9Xy", "9Xy", "")
    assert adapter_for(speech.config).check().facts == {"credits": "120.5"}


@both
def test_wrong_key_is_told_by_the_connection_test(provider: str, speech: Real) -> None:
    speech.fake.key = "another"  # type: ignore[misc]  # this fake's own
    assert not adapter_for(speech.config).check().ok
    with pytest.raises(Later, match="does not list its voices"):
        adapter_for(speech.config).voices()


@both
@pytest.mark.parametrize("scenario", ["echo", "half", "garbage"])
def test_key_stays_where_it_belongs(provider: str, scenario: str, speech: Real) -> None:
    speech.expect(scenario)
    call = speech.finish(spoken(provider))
    assert any(speech.fake.key in asked.headers.values() for asked in speech.fake.asked)
    assert speech.fake.key not in f"{call.note}{call.note_data}{call.evidence}{call.request}"
    assert speech.fake.key not in repr(speech.config.__dict__)


@both
def test_without_a_price_nothing_is_bought(provider: str, speech: Real) -> None:
    ProviderModel.objects.filter(provider=provider).update(price=None)
    with pytest.raises(NoPrice):
        speech.go(spoken(provider))
    assert speech.fake.asked == []


def test_catalogue_has_both_and_dates_each_price() -> None:
    rows = [one for one in catalogue.shipped().models if one.connection in FAKES]
    assert {one.connection for one in rows} == set(FAKES)
    assert all((one.price is None) == (one.priced_on is None) for one in rows)
    assert all(one.options["most_characters"] for one in rows)


def test_fields_of_supertone_are_those_of_its_published_document() -> None:
    found = specs("supertone-openapi-2025-12-11.json")
    if found is None:
        pytest.skip("the official specification is not beside the project")
    schemas = json.loads(found.read_text())["components"]["schemas"]
    sent = schemas["APIConvertTextToSpeechUsingCharacterRequest"]["properties"]
    assert set(sent) == supertone.FIELDS | {"include_phonemes"}
    assert set(sent["model"]["enum"]) == set(supertone.MODELS)
    predicted = schemas["PredictTTSDurationUsingCharacterRequest"]["properties"]
    assert set(predicted) == supertone.FIELDS
    settings = schemas["ConvertTextToSpeechParameters"]["properties"]["speed"]
    assert (settings["minimum"], settings["maximum"]) == (0.5, 2)


def test_answer_of_typecast_is_the_published_one() -> None:
    found = specs("typecast-with-timestamps-answer-word.json")
    if found is None:
        pytest.skip("the official specification is not beside the project")
    answer = json.loads(found.read_text())
    assert set(answer) == {"audio", "audio_format", "audio_duration", "words", "characters"}
    assert set(answer["words"][0]) == {"text", "start", "end"}
