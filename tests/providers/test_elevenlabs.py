"""ElevenLabs, before its fake: what is sent, what each answer becomes, and lost answers that are
found again.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from providers.adapters import Voice
from providers.calls.recovery import recover_sending
from providers.errors import Invalid, Later, NotNow, Refused
from providers.models import ProviderCall, ProviderModel, RawAnswer
from providers.prices import price_of, quote
from providers.registry import adapter_for
from providers.requests import ImageRequest, MusicRequest, Request, SoundRequest, SpeechRequest
from providers.services import unclear_calls
from providers.services.raw_answers import recover
from providers.voices import voices_of
from tests.fakes import media
from tests.fakes.elevenlabs import ElevenLabs
from tests.moments import is_due
from tests.providers.conftest import Clock
from tests.providers.real import Real, configure, specs

TEXT = "바다가 보였다. 파도가 높았다."
SPEECH = SpeechRequest(text=TEXT, language="ko", voice="anna0001", seed=7)
MUSIC = MusicRequest(prompt="a slow piano", mood="calm", duration_ms=4_000, seed=7)
EFFECT = SoundRequest(prompt="a door closes", duration_ms=1_500)
MARKS = [
    {"text": "바다가", "start_ms": 0, "end_ms": 150},
    {"text": "보였다.", "start_ms": 200, "end_ms": 400},
    {"text": "파도가", "start_ms": 450, "end_ms": 600},
    {"text": "높았다.", "start_ms": 650, "end_ms": 850},
]


@pytest.fixture
def elevenlabs(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"elevenlabs": ElevenLabs.key}
    cache.clear()
    for seconds in (0.85, 1.5, 3.0, 4.0):  # made before a request waits for them
        media.sound(seconds)
        media.silence(seconds)
    with ElevenLabs() as fake:
        configure("elevenlabs", fake)
        yield Real("elevenlabs", fake, clock)


def sent(real: Real) -> tuple[str, dict[str, str], Any]:
    asked = real.fake.orders[-1]
    return asked.path, asked.query, asked.json


def spoken(real: Real, scenario: str, request: Request = SPEECH) -> ProviderCall:
    real.expect(scenario)
    return real.finish(request)


# --- what is sent and stored


@pytest.mark.moderate
def test_speech(elevenlabs: Real) -> None:
    call = elevenlabs.finish(SPEECH)
    assert (call.state, call.model) == ("settled", "eleven_multilingual_v2")
    assert call.result is not None
    assert sent(elevenlabs) == (
        "/v1/text-to-speech/anna0001/with-timestamps",
        {"output_format": "mp3_44100_128"},
        {"text": TEXT, "model_id": "eleven_multilingual_v2", "seed": 7},
    )
    # 17 characters at 0.10 USD for 1,000, as the header says
    assert (call.units, call.cost, call.cost_is_estimated) == (
        Decimal("0.017"),
        Decimal("0.0017"),
        False,
    )
    assert call.cost == elevenlabs.fake.charged
    facts = {
        name: call.result[name]
        for name in ("mime", "rate", "channels", "samples", "duration_ms", "marks", "seed")
    }
    assert facts == {
        "mime": "audio/flac",
        "rate": 48_000,
        "channels": 1,
        "samples": 40_800,
        "duration_ms": 850,
        "marks": MARKS,
        "seed": 7,
    }
    assert call.result["original"]["file"].endswith(".mp3")


def test_speech_of_a_newer_model(elevenlabs: Real) -> None:
    request = SpeechRequest(
        text="바다가 보였다.",
        language="ko",
        voice="anna0001",
        direction="[whispers]",
        speed=0.9,
        model="eleven_v3",
    )
    call = elevenlabs.finish(request)
    assert sent(elevenlabs)[2] == {
        "text": "[whispers] 바다가 보였다.",
        "model_id": "eleven_v3",
        "seed": 0,
        "language_code": "ko",
        "voice_settings": {"speed": 0.9},
    }
    assert (call.units, call.estimate, call.cost, elevenlabs.fake.charged) == (
        Decimal("0.019"),
        *[Decimal("0.0019")] * 3,
    )
    assert call.result is not None
    assert [mark["text"] for mark in call.result["marks"]] == ["바다가", "보였다."]


def test_direction_counts_only_where_it_is_sent(elevenlabs: Real) -> None:
    adapter = adapter_for(elevenlabs.config)
    from providers.enums import Kind
    from providers.prices import spec_of

    older, newer = (
        spec_of(elevenlabs.config, kind="speech", model=name)
        for name in ("eleven_multilingual_v2", "eleven_v3")
    )
    assert adapter.used_fields(Kind.SPEECH, older) == {"text", "language", "voice", "speed", "seed"}
    assert adapter.used_fields(Kind.SPEECH, newer) == {
        "text",
        "language",
        "voice",
        "speed",
        "seed",
        "direction",
    }


def test_flash_costs_half(elevenlabs: Real) -> None:
    call = elevenlabs.finish(
        SpeechRequest(text="a" * 40, language="en", voice="ben00002", model="eleven_flash_v2_5")
    )
    assert (call.estimate, call.cost, elevenlabs.fake.charged) == (*[Decimal("0.0020")] * 3,)


def test_music(elevenlabs: Real) -> None:
    call = elevenlabs.finish(MUSIC)
    body = {
        "prompt": "a slow piano. Mood: calm.",
        "music_length_ms": 4000,
        "model_id": "music_v1",
        "seed": 7,
        "force_instrumental": True,
    }
    assert sent(elevenlabs) == ("/v1/music", {"output_format": "mp3_44100_128"}, body)
    assert (call.state, call.units, call.cost, call.cost_is_estimated) == (
        "settled",
        Decimal("0.067"),
        Decimal("0.0100"),
        True,
    )
    assert call.result is not None
    assert (call.result["channels"], call.result["duration_ms"], "marks" in call.result) == (
        2,
        4000,
        False,
    )
    assert 0 <= call.cost - elevenlabs.fake.charged < Decimal("0.0002")


def test_shorter_music_than_is_made_is_ordered_and_priced_at_the_shortest(elevenlabs: Real) -> None:
    call = elevenlabs.finish(MusicRequest(prompt="piano", duration_ms=1_000))
    assert (sent(elevenlabs)[2]["music_length_ms"], call.units, call.estimate) == (
        3000,
        Decimal("0.05"),
        Decimal("0.0075"),
    )


def test_effect(elevenlabs: Real) -> None:
    call = elevenlabs.finish(EFFECT)
    body = {"text": "a door closes", "duration_seconds": 1.5, "model_id": "eleven_text_to_sound_v2"}
    assert sent(elevenlabs) == ("/v1/sound-generation", {"output_format": "mp3_44100_128"}, body)
    assert (call.state, call.estimate, call.cost, elevenlabs.fake.charged) == (
        "settled",
        *[Decimal("0.0030")] * 3,
    )


# --- refused before anything is paid


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            SpeechRequest(text="가" * 10_001, language="ko", voice="anna0001"),
            "10001 characters long, and ElevenLabs's model eleven_multilingual_v2",
        ),
        (
            SpeechRequest(text="가" * 3_001, language="ko", voice="anna0001", model="eleven_v3"),
            "takes at most 3000",
        ),
        (
            SpeechRequest(
                text="가" * 2_995,
                language="ko",
                voice="anna0001",
                direction="soft",
                model="eleven_v3",
            ),
            "takes at most 3000",
        ),
        (SpeechRequest(text="", language="ko", voice="anna0001"), "The text is empty."),
        (
            SpeechRequest(
                text="🌊", language="ko", voice="anna0001", direction="soft", model="eleven_v3"
            ),
            "nothing that can be spoken",
        ),
        (SpeechRequest(text="가", language="ko"), "Choose one of the voices of ElevenLabs."),
        (
            SpeechRequest(text="가", language="ko", voice="../user"),
            "Choose one of the voices of ElevenLabs.",
        ),
        (SpeechRequest(text="가", language="ko", voice="anna0001", speed=1.3), "0.7 to 1.2 times"),
        (MusicRequest(prompt="piano", duration_ms=600_001), "at most 600 s"),
        (MusicRequest(prompt="x" * 4101), "at most 4100"),
        (MusicRequest(prompt=" "), "The text is empty."),
        (SoundRequest(prompt="rain", duration_ms=30_001), "at most 30 s"),
        (SoundRequest(prompt="x" * 451), "at most 450"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_paid(
    request_: Request, words: str, elevenlabs: Real
) -> None:
    with pytest.raises(Refused) as refused:
        elevenlabs.go(request_)
    assert words in str(refused.value)
    assert (refused.value.kind, refused.value.cost, elevenlabs.fake.orders) == ("invalid", 0, [])


def test_voice_of_the_settings_speaks_when_none_is_named(elevenlabs: Real) -> None:
    configure("elevenlabs", elevenlabs.fake, settings={"default_voice": "ben00002"})
    assert elevenlabs.finish(SpeechRequest(text="가", language="ko")).state == "settled"
    assert sent(elevenlabs)[0] == "/v1/text-to-speech/ben00002/with-timestamps"


def test_pictures_are_not_made(elevenlabs: Real) -> None:
    from providers.errors import NotConfigured

    with pytest.raises(NotConfigured, match="does not make this kind"):
        elevenlabs.go(ImageRequest(prompt="x"))


# --- every answer

REFUSALS = [
    ("bad_key", "key"),
    ("quota", "credits"),
    ("too_long", "invalid"),
    ("no_voice", "invalid"),
    ("plan", "invalid"),
    ("concurrent", "limit"),
    ("busy", "limit"),
    ("policy", "moderated"),
    ("field", "invalid"),
    ("plain_words", "invalid"),
    ("http_402", "credits"),
    ("http_401", "key"),
    ("http_403", "key"),
    ("http_404", "invalid"),
    ("http_429", "limit"),
    ("redirect", "invalid"),
]


@pytest.mark.parametrize("request_", [SPEECH, MUSIC, EFFECT], ids=["speech", "music", "effect"])
@pytest.mark.parametrize(("scenario", "refusal"), REFUSALS)
def test_refusal(scenario: str, refusal: str, request_: Request, elevenlabs: Real) -> None:
    elevenlabs.expect(scenario)
    elevenlabs.ends(request_, state="refused", refusal=refusal, cost="0", paid=0)


@pytest.mark.parametrize(
    ("scenario", "paused", "wait"),
    [
        ("quota", True, "provider"),
        ("bad_key", True, "provider"),
        ("plan", False, ""),
        ("busy", False, "rate_limit"),
    ],
)
def test_who_waits_after_a_refusal(
    scenario: str,
    paused: bool,  # noqa: FBT001
    wait: str,
    elevenlabs: Real,
) -> None:
    elevenlabs.expect(scenario)
    with pytest.raises((NotNow, Refused)) as raised:
        elevenlabs.go(SPEECH)
    assert getattr(raised.value, "wait", "") == wait
    assert elevenlabs.config.is_paused is paused
    assert ("no credits left" in elevenlabs.config.pause_reason) is (scenario == "quota")


def test_wait_that_is_asked_for(elevenlabs: Real) -> None:
    elevenlabs.fake.expect("limit_seconds", times=1)
    since = timezone.now()
    with pytest.raises(NotNow) as not_now:
        elevenlabs.go(SPEECH)
    assert is_due(not_now.value.until, since, seconds=120)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["drop", "slow", "half", "garbage", "done_http_500"])
@pytest.mark.parametrize("request_", [MUSIC, EFFECT], ids=["music", "effect"])
def test_lost_music_is_not_bought_again(scenario: str, request_: Request, elevenlabs: Real) -> None:
    elevenlabs.expect(scenario)
    elevenlabs.ends(request_, state="unclear", refusal="", cost="", paid=1)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["http_408", "http_409", "http_500", "html", "drop_before"])
@pytest.mark.parametrize("request_", [SPEECH, MUSIC, EFFECT], ids=["speech", "music", "effect"])
def test_answer_that_does_not_say_whether_it_was_done(
    scenario: str, request_: Request, elevenlabs: Real
) -> None:
    elevenlabs.expect(scenario)
    elevenlabs.ends(request_, state="unclear", refusal="", cost="", paid=0)


@pytest.mark.parametrize("scenario", ["silent", "empty"])
@pytest.mark.parametrize("request_", [SPEECH, MUSIC, EFFECT], ids=["speech", "music", "effect"])
def test_sound_in_which_nothing_is_heard_failed_and_keeps_its_cost(
    scenario: str, request_: Request, elevenlabs: Real
) -> None:
    call = spoken(elevenlabs, scenario, request_)
    assert (call.state, call.refusal, call.result) == ("refused", "failed", None)
    assert call.cost is not None
    assert 0 <= call.cost - elevenlabs.fake.charged < Decimal("0.0002")
    for _ in range(2):  # it was paid: a person asks for it once more
        assert elevenlabs.finish(request_).pk == call.pk
    assert elevenlabs.fake.paid == 1


@pytest.mark.moderate
def test_file_that_cannot_be_read_is_put_before_a_person(elevenlabs: Real) -> None:
    for key, request in (("a", SPEECH), ("b", MUSIC), ("c", EFFECT)):
        elevenlabs.fake.expect("bad_file", times=1)
        call = elevenlabs.finish(request, key)
        assert (call.state, RawAnswer.objects.filter(call=call).exists()) == ("unclear", True)
    assert elevenlabs.fake.paid == 3


@pytest.mark.parametrize(
    "scenario", ["no_alignment", "short_alignment", "words_for_times", "odd_alignment"]
)
def test_speech_without_times_has_no_marks(scenario: str, elevenlabs: Real) -> None:
    call = spoken(elevenlabs, scenario)
    assert (call.state, call.result and call.result["marks"], call.cost) == (
        "settled",
        [],
        Decimal("0.0017"),
    )


@pytest.mark.parametrize("scenario", ["no_cost", "cost_in_words", "cost_negative", "cost_absurd"])
def test_answer_that_names_no_cost_is_counted_at_its_price(scenario: str, elevenlabs: Real) -> None:
    call = spoken(elevenlabs, scenario)
    assert (call.state, call.cost, call.cost_is_estimated) == ("settled", Decimal("0.0017"), True)


@pytest.mark.parametrize("scenario", ["bom", "utf16", "junk_before", "not_a_number", "more_fields"])
def test_speech_in_another_dress(scenario: str, elevenlabs: Real) -> None:
    call = spoken(elevenlabs, scenario)
    assert (call.state, call.result and call.result["marks"], elevenlabs.fake.paid) == (
        "settled",
        MARKS,
        1,
    )


# --- lost answers


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", ["lost", "slow", "half", "garbage", "done_http_500", "in_other_field"]
)
def test_lost_speech_is_found_in_the_history_and_not_bought_again(
    scenario: str, elevenlabs: Real
) -> None:
    call = spoken(elevenlabs, scenario)
    assert (call.state, call.task_id, call.cost, call.cost_is_estimated) == (
        "settled",
        "item0001",
        Decimal("0.0017"),
        False,
    )
    assert call.result is not None
    assert (call.result["marks"], call.result["duration_ms"]) == (MARKS, 850)
    assert (elevenlabs.fake.paid, elevenlabs.fake.charged) == (1, call.cost)


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_clock_of_the_provider_may_be_wrong(ahead: float, elevenlabs: Real) -> None:
    elevenlabs.fake.ahead = ahead  # type: ignore[attr-defined]
    assert spoken(elevenlabs, "lost").state == "settled"


def test_lost_speech_that_the_history_does_not_hold_is_put_before_a_person(
    elevenlabs: Real,
) -> None:
    call = spoken(elevenlabs, "not_in_history")
    assert (call.state, elevenlabs.fake.paid) == ("unclear", 1)
    assert elevenlabs.finish(SPEECH).state == "unclear"
    assert len(elevenlabs.fake.orders) == 1


def test_older_item_with_the_same_words_is_not_taken_for_it(elevenlabs: Real) -> None:
    assert elevenlabs.finish(SPEECH, key="first").state == "settled"
    elevenlabs.fake.items[0]["date_unix"] -= 60  # type: ignore[attr-defined]
    elevenlabs.fake.expect("not_in_history", times=1)
    assert elevenlabs.finish(SPEECH, key="second").state == "unclear"


@pytest.mark.moderate
def test_item_of_other_words_or_another_model_is_not_taken_for_it(elevenlabs: Real) -> None:
    others = [
        SpeechRequest(text="다른 말", language="ko", voice="anna0001"),
        SpeechRequest(text=TEXT, language="ko", voice="anna0001", model="eleven_v3"),
    ]
    for n, other in enumerate(others):
        assert elevenlabs.finish(other, key=f"other{n}").state == "settled"
    elevenlabs.fake.expect("not_in_history", times=1)
    assert elevenlabs.finish(SPEECH).state == "unclear"


def lost_sender(real: Real, scenario: str) -> ProviderCall:
    """A call whose worker died after it had sent: nobody looked into the history for it."""
    call = spoken(real, scenario)
    long_ago = timezone.now() - timedelta(minutes=30)
    ProviderCall.objects.filter(pk=call.pk).update(
        state="sending",
        sending_at=long_ago,
        task_id="",
        result=None,
        cost=None,
        accepted_at=None,
        poll_after=None,
    )
    return ProviderCall.objects.get(pk=call.pk)


def test_next_worker_finds_the_speech_of_a_lost_one(elevenlabs: Real) -> None:
    call = lost_sender(elevenlabs, "lost")
    recover_sending(call, adapter_for(elevenlabs.config))
    assert (call.state, call.task_id) == ("accepted", "item0001")
    call = elevenlabs.finish(SPEECH)
    assert (call.state, call.cost, elevenlabs.fake.paid) == ("settled", Decimal("0.0017"), 1)


def test_speech_of_a_lost_worker_that_another_call_has_is_left_alone(elevenlabs: Real) -> None:
    call = lost_sender(elevenlabs, "lost")
    twin = elevenlabs.finish(
        SpeechRequest(text="다른 말", language="ko", voice="anna0001"), key="twin"
    )
    ProviderCall.objects.filter(pk=twin.pk).update(task_id="item0001")
    recover_sending(call, adapter_for(elevenlabs.config))
    assert call.state == "unclear"


def test_history_that_cannot_be_asked_leaves_it_to_a_person(
    elevenlabs: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.server import Reply

    monkeypatch.setattr(ElevenLabs, "list_history", lambda _self, _asked: Reply(503, {}))
    assert spoken(elevenlabs, "lost").state == "unclear"


def test_person_is_shown_what_may_belong_to_it_and_attaches_it(
    elevenlabs: Real, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.server import Reply

    with monkeypatch.context() as away:
        away.setattr(ElevenLabs, "list_history", lambda _self, _asked: Reply(503, {}))
        call = spoken(elevenlabs, "lost")
    found = unclear_calls.candidates(call)
    assert [(one.task_id, one.status, one.matches) for one in found] == [
        ("item0001", "created", True)
    ]
    unclear_calls.attach_task(call, actor=admin_user, reason="found", task_id="item0001")
    assert elevenlabs.finish(SPEECH).state == "settled"
    assert elevenlabs.fake.paid == 1


@pytest.mark.parametrize("task", ["item9999", "../user"])
def test_item_that_is_not_there(task: str, elevenlabs: Real, admin_user: Any) -> None:
    call = spoken(elevenlabs, "not_in_history")
    unclear_calls.attach_task(call, actor=admin_user, reason="found", task_id=task)
    call = elevenlabs.finish(SPEECH)
    assert (call.state, str(call.note)) == (
        "unclear",
        "ElevenLabs has no such item in its history.",
    )


def test_music_has_no_history(elevenlabs: Real, admin_user: Any) -> None:
    call = spoken(elevenlabs, "drop", MUSIC)
    assert unclear_calls.candidates(call) == []
    unclear_calls.attach_task(call, actor=admin_user, reason="found", task_id="song1")
    assert "keeps no music" in str(elevenlabs.finish(MUSIC).note)


def test_kept_answer_is_read_once_more(
    elevenlabs: Real, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.server import Reply

    monkeypatch.setattr(ElevenLabs, "list_history", lambda _self, _asked: Reply(503, {}))
    call = spoken(elevenlabs, "in_other_field")
    assert call.state == "unclear"
    recover(call, actor=admin_user, reason="it is there")
    call.refresh_from_db()
    assert (call.state, call.result and call.result["duration_ms"]) == ("settled", 850)


def test_kept_answer_without_a_sound(elevenlabs: Real, admin_user: Any) -> None:
    call = spoken(elevenlabs, "garbage", MUSIC)
    with pytest.raises(Invalid, match="no sound that can be read"):
        recover(call, actor=admin_user, reason="it may be there")


# --- the account


def test_balance_and_connection_test(elevenlabs: Real) -> None:
    adapter = adapter_for(elevenlabs.config)
    elevenlabs.fake.spent = 250.0  # type: ignore[attr-defined]
    assert adapter.balance() == Decimal("9.9750")  # 99,750 credits of 0.0001 USD
    assert adapter.check().facts == {"credits": "99750", "plan": "creator"}
    elevenlabs.fake.spent = 200_000.0  # type: ignore[attr-defined]
    assert adapter.balance() == 0


def test_wrong_key_is_told_by_the_connection_test(elevenlabs: Real, settings: Any) -> None:
    settings.PROVIDER_KEYS = {"elevenlabs": "sk_wrong_0123456789"}
    health = adapter_for(elevenlabs.config).check()
    assert (health.ok, health.facts) == (False, {"answer": "HTTP 401, the key is not accepted"})
    with pytest.raises(Later):
        adapter_for(elevenlabs.config).balance()


def test_voices_of_all_pages_are_listed_and_cached(elevenlabs: Real) -> None:
    wanted = [
        Voice(
            "anna0001", "Anna", ("en", "ko"), sample_url="https://samples.example.com/anna0001.mp3"
        ),
        Voice("ben00002", "Ben", ("en",), sample_url="https://samples.example.com/ben00002.mp3"),
        Voice("carla003", "Carla", ("de",), sample_url="https://samples.example.com/carla003.mp3"),
    ]
    assert voices_of(elevenlabs.config) == wanted
    asked = len(elevenlabs.fake.asked)
    assert voices_of(elevenlabs.config) == wanted
    assert len(elevenlabs.fake.asked) == asked


def test_price_of_credits_can_be_set(elevenlabs: Real) -> None:
    configure("elevenlabs", elevenlabs.fake, settings={"usd_per_credit": 0.0003})
    assert elevenlabs.finish(SPEECH).cost == Decimal("0.0051")


def test_prices_stand_at_the_models(elevenlabs: Real) -> None:
    assert price_of("elevenlabs", SPEECH) == Decimal("0.0017")
    ProviderModel.objects.filter(provider="elevenlabs", name="eleven_multilingual_v2").update(
        price=Decimal("0.2")
    )
    assert quote(elevenlabs.config, SPEECH).total == Decimal("0.0034")


def test_fields_are_those_of_the_published_interface() -> None:
    found = specs("elevenlabs-audio-subset-2026-08-22.json")
    if found is None:
        pytest.skip("the official specification is not beside the project")
    schemas = json.loads(found.read_text())["components"]["schemas"]
    from tests.fakes import elevenlabs as fake

    assert (
        set(schemas["Body_text_to_speech_full_with_timestamps"]["properties"]) >= fake.SPEECH_FIELDS
    )
    assert set(schemas["Body_Compose_music_v1_music_post"]["properties"]) >= fake.MUSIC_FIELDS
    assert (
        set(schemas["Body_Sound_Generation_v1_sound_generation_post"]["properties"])
        >= fake.EFFECT_FIELDS
    )
