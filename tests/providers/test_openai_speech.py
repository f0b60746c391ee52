"""OpenAI's speech, before its fake: what is sent, and what each answer becomes."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from providers.errors import Invalid, Refused
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.registry import adapter_for
from providers.requests import MusicRequest, SpeechRequest
from providers.services import test_runs, unclear_calls
from providers.services.raw_answers import recover
from providers.voices import voices_of
from tests.fakes import media
from tests.fakes.openai_speech import FIELDS, VOICES, OpenAISpeech
from tests.providers.conftest import Clock
from tests.providers.real import Real, configure, specs

TEXT = "바다가 보였다."  # 8 characters: 0.4 s of sound
SPEECH = SpeechRequest(text=TEXT, language="ko", voice="nova", direction="whispers")
OLDER = SpeechRequest(text=TEXT, language="ko", model="tts-1", direction="whispers")


@pytest.fixture
def openai(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"openai_speech": OpenAISpeech.key}
    for form in ("flac", "wav", "mp3", "ogg", "m4a"):  # made before a request waits for them
        media.sound(0.4, form)
    media.silence(0.4, "flac")
    with OpenAISpeech() as fake:
        configure("openai_speech", fake)
        yield Real("openai_speech", fake, clock)


def test_speech(openai: Real) -> None:
    call = openai.finish(SPEECH)
    body = {
        "model": "gpt-4o-mini-tts",
        "input": TEXT,
        "voice": "nova",
        "response_format": "flac",
        "instructions": "whispers",
    }
    assert openai.fake.orders[0].json == body
    # The longest that it may take: 1 s, six syllables at 0.3 s, a blank and a full stop at 0.1 s.
    assert (call.state, call.units, call.estimate) == (
        "settled",
        Decimal("0.05"),
        Decimal("0.0008"),
    )
    assert (call.cost, call.cost_is_estimated) == (call.estimate, True)
    assert openai.fake.charged <= call.cost
    assert call.result is not None
    assert (call.result["samples"], call.result["channels"], call.result["marks"]) == (
        19_200,
        1,
        [],
    )
    assert call.result["original"]["file"].endswith(".flac")


def test_older_model_takes_no_direction_and_counts_characters(openai: Real) -> None:
    call = openai.finish(OLDER)
    assert openai.fake.orders[0].json == {
        "model": "tts-1",
        "input": TEXT,
        "voice": "alloy",
        "response_format": "flac",
    }
    assert (call.units, call.cost) == (Decimal("0.008"), Decimal("0.0002"))
    assert 0 <= call.cost - openai.fake.charged < Decimal("0.0001")


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "aac"])
def test_every_format_is_read(form: str, openai: Real) -> None:
    configure("openai_speech", openai.fake, settings={"output_format": form})
    call = openai.finish(SPEECH)
    assert (call.state, call.result and call.result["samples"]) == ("settled", 19_200)


def test_voice_of_the_account_and_speed(openai: Real) -> None:
    assert (
        openai.finish(SpeechRequest(text=TEXT, language="ko", voice="voice_1234", speed=1.5)).state
        == "settled"
    )
    assert openai.fake.orders[0].json["voice"] == {"id": "voice_1234"}
    assert openai.fake.orders[0].json["speed"] == 1.5


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            SpeechRequest(text="가" * 4097, language="ko"),
            "4097 characters long, and OpenAI's model gpt-4o-mini-tts takes at most 4096",
        ),
        (SpeechRequest(text=" ", language="ko"), "The text is empty."),
        (SpeechRequest(text="…!", language="ko"), "nothing that can be spoken"),
        (
            SpeechRequest(text="가", language="ko", voice="anna"),
            "Choose one of the voices of OpenAI.",
        ),
        (
            SpeechRequest(text="가", language="ko", voice="cedar", model="tts-1"),
            "Choose one of the voices of OpenAI.",
        ),
        (SpeechRequest(text="가", language="ko", speed=4.5), "0.25 to 4 times"),
        (
            SpeechRequest(text="가", language="ko", direction="x" * 4097),
            "longer than 4096 characters",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_paid(
    request_: SpeechRequest, words: str, openai: Real
) -> None:
    with pytest.raises(Refused) as refused:
        openai.go(request_)
    assert words in str(refused.value)
    assert (refused.value.kind, refused.value.cost, openai.fake.orders) == ("invalid", 0, [])


@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "paid"),
    [
        ("bad_key", "refused", "key", 0),
        ("quota", "refused", "credits", 0),
        ("limit", "refused", "limit", 0),
        ("no_model", "refused", "invalid", 0),
        ("policy", "refused", "moderated", 0),
        ("http_403", "refused", "key", 0),
        ("http_404", "refused", "invalid", 0),
        ("redirect", "refused", "invalid", 0),
        ("http_408", "unclear", "", 0),
        ("http_409", "unclear", "", 0),
        ("http_500", "unclear", "", 0),
        ("html", "unclear", "", 0),
        ("drop_before", "unclear", "", 0),
        ("drop", "unclear", "", 1),
        ("slow", "unclear", "", 1),
        ("half", "unclear", "", 1),
        ("garbage", "unclear", "", 1),
        ("error_in_success", "unclear", "", 1),
        ("done_http_500", "unclear", "", 1),
        ("bad_file", "unclear", "", 1),
    ],
)
def test_outcome(scenario: str, state: str, refusal: str, paid: int, openai: Real) -> None:
    openai.expect(scenario)
    openai.ends(
        SPEECH, state=state, refusal=refusal, cost="" if state == "unclear" else "0", paid=paid
    )


@pytest.mark.parametrize("scenario", ["silent", "empty"])
def test_sound_in_which_nothing_is_heard_failed_and_keeps_its_cost(
    scenario: str, openai: Real
) -> None:
    openai.expect(scenario)
    call = openai.finish(SPEECH)
    assert (call.state, call.refusal, call.cost) == ("refused", "failed", call.estimate)
    assert openai.finish(SPEECH).pk == call.pk
    assert openai.fake.paid == 1


def test_lost_speech_is_not_kept_anywhere(openai: Real, admin_user: Any) -> None:
    openai.fake.expect("garbage", times=1)
    call = openai.finish(SPEECH)
    assert unclear_calls.candidates(call) == []
    with pytest.raises(Invalid, match="no sound that can be read"):
        recover(call, actor=admin_user, reason="it may be there")
    unclear_calls.attach_task(call, actor=admin_user, reason="x", task_id="req_1")
    assert (
        str(openai.finish(SPEECH).note)
        == "OpenAI keeps no speech: a lost answer cannot be fetched again."
    )


def test_music_is_not_made(openai: Real) -> None:
    from providers.errors import NotConfigured

    with pytest.raises(NotConfigured, match="does not make this kind"):
        openai.go(MusicRequest(prompt="piano"))


def test_voices_and_connection_test(openai: Real) -> None:
    assert {voice.id for voice in voices_of(openai.config)} == VOICES
    assert {voice.languages for voice in voices_of(openai.config)} == {("en", "ko")}
    assert adapter_for(openai.config).check().facts == {
        "models": "gpt-4o-mini-tts, tts-1, tts-1-hd"
    }
    assert adapter_for(openai.config).balance() is None


def test_rows_say_where_their_prices_are_from(db: None) -> None:
    for row in ProviderModel.objects.filter(provider__in=["elevenlabs", "openai_speech"]):
        assert (row.price is None) is (row.priced_on is None), row.name
    assert not AIProviderConfig.objects.filter(
        provider__in=["elevenlabs", "openai_speech"], is_active=True
    ).exists()


def test_fields_are_those_of_the_published_interface() -> None:
    found = specs("openai-audio-speech-subset-2026-08-21.json")
    if found is None:
        pytest.skip("the official specification is not beside the project")
    schema = json.loads(found.read_text())["components"]["schemas"]["CreateSpeechRequest"]
    assert set(schema["properties"]) == FIELDS


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_voice_is_heard_by_a_test_run_at_the_price_shown(openai: Real, admin_client: Any) -> None:
    row = openai.config.models.get(name="tts-1")
    run = reverse("admin:providers_test_run", args=[openai.config.pk, row.pk])
    shown = admin_client.get(run, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    price = test_runs.price_of(row)
    assert f'name="price" value="{price}"' in shown
    assert "OpenAI gives none." in shown
    assert openai.fake.orders == []
    answer = admin_client.post(
        run, {"price": str(price), "voice": "nova"}, HTTP_ACCEPT_LANGUAGE="en"
    )
    call = ProviderCall.objects.get()
    assert answer["Location"].endswith(f"/{call.pk}/change/")
    order = openai.fake.orders[0].json
    assert (order["voice"], order["input"]) == ("nova", test_runs.SPOKEN["en"])
    assert (call.state, call.cost) == ("settled", price)
    page = admin_client.get(answer["Location"], HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "<audio" in page
