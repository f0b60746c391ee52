"""Answers that were paid for and are dressed a little differently are read; what cannot be read is
kept for a person.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.http import http_date

from providers import raw_answer_store
from providers.errors import Conflict, Forbidden, Invalid, NotNow
from providers.models import AIProviderConfig, CallEvent, ProviderCall, RawAnswer
from providers.requests import ClipRequest, ImageRequest, SpeechRequest, TextRequest
from providers.services.raw_answers import recover
from providers.signals import result_recorded
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.llm import Llm
from tests.fakes.openai_speech import OpenAISpeech
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.server import Reply
from tests.fakes.stability import Stability
from tests.providers.conftest import Clock
from tests.providers.real import CLIP, IMAGE, PLAN, Real, configure, put_picture, stored

CORE = ImageRequest(prompt="등대", prompt_en="a lighthouse", seed=7, model="core")
SDXL = ImageRequest(prompt="등대", prompt_en="a lighthouse", seed=7)
SPEECH = SpeechRequest(text="바다", language="ko", voice="voice_0001")
SHORT = ClipRequest(prompt="sea", prompt_en="sea", seed=7, duration_ms=4000, image_file="scene.png")


def started(provider: str, fake: Any, settings: Any, clock: Clock) -> Real:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {provider: fake.key}
    cache.clear()
    configure(provider, fake)
    put_picture()
    return Real(provider, fake, clock)


@pytest.fixture
def stability(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    with Stability() as fake:
        yield started("stability_ai", fake, settings, clock)


@pytest.fixture
def runway(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    with Runway() as fake:
        yield started("runway_ml", fake, settings, clock)


@pytest.fixture
def replicate(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    with Replicate() as fake:
        yield started("replicate", fake, settings, clock)


@pytest.fixture
def llm(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    with Llm() as fake:
        yield started("llm", fake, settings, clock)


@pytest.fixture
def elevenlabs(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    with ElevenLabs() as fake:
        yield started("elevenlabs", fake, settings, clock)


@pytest.fixture
def openai_speech(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    with OpenAISpeech() as fake:
        yield started("openai_speech", fake, settings, clock)


# --- Stability AI

DRESSED = [
    "bom",
    "utf16",
    "junk_before",
    "not_a_number",
    "more_fields",
    "wrapped",
    "data_uri",
    "url_base64",
    "lower_finish",
    "no_finish",
]
SEEDS = [
    ("seed_text", 123),
    ("seed_float", 42),
    ("seed_null", 7),
    ("seed_object", 7),
    ("seed_huge", 7),
]


@pytest.mark.slow
@pytest.mark.parametrize("request_", [CORE, SDXL], ids=["core", "sdxl"])
@pytest.mark.parametrize(("scenario", "seed"), [*((name, 7) for name in DRESSED), *SEEDS])
def test_picture_in_another_dress(
    scenario: str, seed: int, request_: ImageRequest, stability: Real
) -> None:
    stability.expect(scenario)
    call = stability.finish(request_)
    assert (call.state, call.result and call.result["seed"], call.cost) == (
        "settled",
        seed,
        stability.fake.charged,
    )
    assert stability.fake.paid == 1


def test_picture_that_comes_as_itself(stability: Real) -> None:
    stability.fake.expect("plain_picture", times=1)
    call = stability.finish(CORE)
    assert (call.state, call.result and call.result["width"]) == ("settled", 1344)


def test_original_is_kept_beside_the_cleaned_copy(stability: Real) -> None:
    import hashlib

    from django.core.files.storage import storages

    from tests.fakes import media

    call = stability.finish(CORE)
    assert call.result is not None
    original = media.picture(1344, 768, 7)
    assert call.result["original"] == {
        "file": call.result["original"]["file"],
        "sha256": hashlib.sha256(original).hexdigest(),
    }
    with storages["media"].open(call.result["original"]["file"]) as file:
        assert file.read() == original
    assert stored(call) != original


def test_refused_words_are_a_refusal_of_the_content(stability: Real) -> None:
    stability.fake.expect("filtered_words", times=1)
    stability.ends(SDXL, state="refused", refusal="moderated", cost="0", paid=0)


def test_model_that_the_account_may_not_use_pauses_nobody(stability: Real) -> None:
    stability.fake.expect("no_model", times=1)
    call = stability.finish(CORE)
    assert (call.state, call.refusal, stability.config.is_paused) == ("refused", "invalid", False)


# --- Runway


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", ["quote_text", "quote_words", "quote_null", "bom", "utf16", "more_fields"]
)
def test_task_id_is_all_that_is_needed(scenario: str, runway: Real) -> None:
    runway.expect(scenario)
    assert runway.finish(IMAGE).state == "settled"
    assert runway.fake.paid == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        *(
            "lower_status",
            "progress_text",
            "progress_words",
            "nulls",
            "bom_task",
            "in_a_list",
            "output_text",
            "output_objects",
        ),
        *("cost_text", "cost_null", "completed", "new_final_word", "two_outputs"),
        *(
            "odd_type",
            "upper_type",
            "text_type",
            "no_type",
            "moved_within",
            "silently_cut_file",
            "short_file",
            "empty_file",
        ),
    ],
)
def test_clip_in_another_dress(scenario: str, runway: Real) -> None:
    runway.expect(scenario)
    call = runway.finish(CLIP)
    assert (call.state, call.cost, call.result and call.result["duration_ms"]) == (
        "settled",
        Decimal("0.20"),
        4000,
    )
    assert (runway.fake.paid, runway.fake.charged) == (1, Decimal("0.20"))


@pytest.mark.moderate
def test_clip_that_stays_too_short_is_put_before_a_person_who_may_take_it(
    runway: Real, admin_user: Any
) -> None:
    runway.fake.expect("always_short_file", times=1)
    call = runway.finish(CLIP)
    assert (call.state, str(call.note)) == (
        "unclear",
        "The clip that the provider sent is 2 s long; 4 s were ordered.",
    )
    recover(call, actor=admin_user, reason="good enough")
    call.refresh_from_db()
    assert (call.state, call.cost, call.result and call.result["duration_ms"]) == (
        "settled",
        Decimal("0.20"),
        2000,
    )


@pytest.mark.parametrize(("scenario", "minutes"), [("unreadable", 59), ("kaputt", 59)])
def test_task_that_nobody_understands_is_put_before_a_person_after_an_hour(
    scenario: str, minutes: int, runway: Real, clock: Clock
) -> None:
    runway.expect(scenario)
    for _ in range(7):
        runway.go(IMAGE)
        clock.forward(seconds=10)
    clock.forward(minutes=minutes - 3)
    assert runway.go(IMAGE).call.state == "accepted"
    clock.forward(minutes=5)
    call = runway.finish(IMAGE)
    assert (call.state, RawAnswer.objects.filter(call=call).exists()) == ("unclear", True)


def test_word_that_is_new_for_a_moment_is_waited_for(runway: Real, clock: Clock) -> None:
    runway.fake.expect("new_state", times=1)
    runway.go(IMAGE)
    runway.go(IMAGE)
    assert "unreadable_since" in ProviderCall.objects.get().evidence
    assert runway.finish(IMAGE).state == "settled"


@pytest.mark.parametrize("provider", ["runway", "replicate"])
def test_key_that_is_refused_while_asking_pauses_the_provider(
    provider: str, request: Any, clock: Clock, admin_user: Any
) -> None:
    from providers.services import configs

    real: Real = request.getfixturevalue(provider)
    real.fake.expect("key_gone", times=1)
    real.go(IMAGE)
    real.go(IMAGE)
    config = real.config
    assert (config.is_paused, "does not accept the key" in config.pause_reason) == (True, True)
    assert ProviderCall.objects.get().state == "accepted"
    asked = len(real.fake.asked)
    for _ in range(5):
        clock.forward(minutes=1)
        real.go(IMAGE)
    assert len(real.fake.asked) == asked  # a person has to look first
    for work in (
        *getattr(real.fake, "tasks", {}).values(),
        *getattr(real.fake, "made", {}).values(),
    ):
        work.scenario = ""
    configs.resume(config, actor=admin_user)
    assert real.finish(IMAGE).state == "settled"
    assert real.fake.paid == 1


@pytest.mark.parametrize(
    ("scenario", "refusal", "paused"),
    [("no_model", "invalid", False), ("forbidden_key", "key", True)],
)
def test_forbidden_is_not_always_the_key(
    scenario: str,
    refusal: str,
    paused: bool,  # noqa: FBT001
    runway: Real,
) -> None:
    runway.expect(scenario)
    call = runway.finish(IMAGE)
    assert (call.state, call.refusal, runway.config.is_paused) == ("refused", refusal, paused)


def test_redirects_are_bounded(runway: Real) -> None:
    runway.fake.expect("moved_in_a_circle", times=1)
    for _ in range(7):
        runway.go(IMAGE)
    call = ProviderCall.objects.get()
    assert (call.state, str(call.note)) == (
        "accepted",
        "The result could not be fetched at the moment (too many redirects).",
    )
    assert sum(asked.path.startswith("/outputs/") for asked in runway.fake.asked) <= 12


# --- Replicate


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        "successful",
        "new_final_word",
        "upper_status",
        "nulls",
        "odd_types",
        "data_output",
        "bom",
        "more_fields",
    ],
)
def test_prediction_in_another_dress(scenario: str, replicate: Real) -> None:
    replicate.expect(scenario)
    call = replicate.finish(IMAGE)
    assert (call.state, call.cost, replicate.fake.paid) == ("settled", Decimal("0.003"), 1)


def test_forbidden_model_of_replicate_pauses_nobody(replicate: Real) -> None:
    replicate.fake.expect("no_model", times=1)
    call = replicate.finish(IMAGE)
    assert (call.state, call.refusal, replicate.config.is_paused) == ("refused", "invalid", False)


# --- language models


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        *(
            "thought",
            "open_thought",
            "prose",
            "prose_after",
            "bom_content",
            "channel",
            "trailing_comma",
            "number_text",
            "number_float",
        ),
        *(
            "upper_camera",
            "own_camera",
            "more",
            "bare_list",
            "within",
            "parts",
            "reasoning_part",
            "tool_call",
            "object",
            "old_form",
        ),
        *("null_error", "bom", "utf16", "fenced", "extra_field"),
    ],
)
def test_plan_in_another_dress(scenario: str, llm: Real) -> None:
    llm.expect(scenario)
    call = llm.finish(PLAN)
    assert (call.state, call.attempt_no, llm.fake.paid) == ("settled", 1, 1)
    assert call.result is not None
    assert [scene["camera"] for scene in call.result["scenes"]] in (
        ["push_in", "pan_right"],
        ["push_in", "pull_out"],
    )
    assert [scene["prompt_en"] for scene in call.result["scenes"]] == ["picture 1", "picture 2"]


@pytest.mark.parametrize(
    ("scenario", "estimated"),
    [("null_usage", True), ("no_usage", True), ("float_usage", False), ("text_usage", False)],
)
def test_usage_is_read_when_it_is_there(scenario: str, estimated: bool, llm: Real) -> None:  # noqa: FBT001
    llm.expect(scenario)
    call = llm.finish(PLAN)
    assert (call.state, call.cost_is_estimated) == ("settled", estimated)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "refusal", "waits"),
    [
        ("inside_429", "limit", "rate_limit"),
        ("inside_503", "limit", "rate_limit"),
        ("inside_529", "limit", "rate_limit"),
        ("inside_502", "limit", "rate_limit"),
        ("inside_402", "credits", "provider"),
        ("inside_401", "key", "provider"),
        ("inside_400", "invalid", ""),
        ("inside_text_code", "limit", "rate_limit"),
        ("inside_null_choices", "limit", "rate_limit"),
        ("inside_choice", "limit", "rate_limit"),
        ("inside_named", "limit", "rate_limit"),
        ("inside_quota", "credits", "provider"),
        ("inside_policy", "moderated", ""),
        ("inside_words", "invalid", ""),
        ("http_503", "limit", "rate_limit"),
        ("http_529", "limit", "rate_limit"),
        ("policy", "moderated", ""),
        ("no_model", "invalid", ""),
    ],
)
def test_refusal_whatever_its_number(scenario: str, refusal: str, waits: str, llm: Real) -> None:
    llm.expect(scenario)
    try:
        llm.go(PLAN)
        wait = ""
    except NotNow as later:
        wait = later.wait
    except Exception:  # noqa: BLE001  the row tells which
        wait = ""
    call = ProviderCall.objects.get()
    assert (call.state, call.refusal, call.cost, wait, llm.fake.charged) == (
        "refused",
        refusal,
        0,
        waits,
        0,
    )


def test_end_for_safety_is_a_refusal_of_the_content(llm: Real) -> None:
    llm.fake.expect("stops_for_safety", times=1)
    call = llm.finish(PLAN)
    assert (call.state, call.refusal) == ("refused", "moderated")


@pytest.mark.parametrize(
    ("scenario", "forms"),
    [
        ("no_schema", ["json_schema", "json_object"]),
        ("no_form", ["json_schema", "json_object", "none"]),
    ],
)
def test_form_that_the_server_does_not_know_is_left_out(
    scenario: str, forms: list[str], llm: Real
) -> None:
    llm.fake.expect(scenario)
    assert llm.finish(PLAN).state == "settled"
    assert [
        asked.json.get("response_format", {}).get("type", "none") for asked in llm.fake.orders
    ] == forms
    assert (llm.fake.paid, ProviderCall.objects.count()) == (1, 1)
    assert llm.finish(TextRequest(task="to_english", script="바다"), key="other").state == "settled"
    assert len(llm.fake.orders) == len(forms) + 1  # it is remembered


# --- how long to wait

WAITS: list[tuple[str, float | None]] = [
    ("120", 120),
    ("1.5", 1.5),
    ("DATE+600", 600),
    ("RFC850+600", 600),
    ("ASCTIME+600", 600),
    ("MAIL+600", 600),
    ("DATE-600", 1),
    ("0", 1),
    ("99999999999", 3600),
    ("DATE+86400", 3600),
    ("", None),
    ("-5", None),
    ("soon", None),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "provider", ["stability", "runway", "replicate", "llm", "elevenlabs", "openai_speech"]
)
@pytest.mark.parametrize(("header", "seconds"), WAITS)
def test_retry_after(
    header: str, seconds: float | None, provider: str, request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Real = request.getfixturevalue(provider)
    now = timezone.now()
    if "DATE" in header:
        header = http_date((now + timedelta(seconds=float(header[4:]))).timestamp())
    elif header.startswith("RFC850"):
        header = (now + timedelta(seconds=600)).strftime("%A, %d-%b-%y %H:%M:%S GMT")
    elif header.startswith("MAIL"):
        header = (now + timedelta(seconds=600)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    elif header.startswith("ASCTIME"):
        header = (now + timedelta(seconds=600)).strftime("%a %b %e %H:%M:%S %Y")
    reply = Reply(
        429,
        {"error": "slow", "detail": "slow", "errors": ["slow"]},
        {"Retry-After": header} if header else {},
    )
    monkeypatch.setattr(type(real.fake), "answer", lambda _self, _asked: reply)
    with pytest.raises(NotNow) as wait:
        real.go(
            {"llm": PLAN, "stability": CORE, "elevenlabs": SPEECH, "openai_speech": SPEECH}.get(
                provider, IMAGE
            )
        )
    default = {
        "stability": 60,
        "runway": 3600,
        "replicate": 30,
        "llm": 20,
        "elevenlabs": 15,
        "openai_speech": 20,
    }[provider]
    wanted = default if seconds is None else seconds
    assert abs((wait.value.until - now).total_seconds() - wanted) < 10


# --- what cannot be read is kept


def test_picture_in_an_unknown_place_is_recovered_by_a_person(
    stability: Real, admin_user: Any, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[Any] = []

    def hear(call: ProviderCall, **_: Any) -> None:
        heard.append(call.pk)

    stability.fake.expect("in_other_field", times=1)
    call = stability.finish(CORE)
    assert (call.state, call.result, stability.fake.paid) == ("unclear", None, 1)
    kept = RawAnswer.objects.get(call=call)
    assert b"picture" not in bytes(kept.encrypted)
    assert b"picture" in raw_answer_store.read(kept)
    result_recorded.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            recover(call, actor=admin_user, reason="seen in the list")
    finally:
        result_recorded.disconnect(hear)
    call.refresh_from_db()
    assert (call.state, call.cost, call.result and call.result["width"], heard) == (
        "settled",
        stability.fake.charged,
        1344,
        [call.pk],
    )
    event = CallEvent.objects.filter(call=call).latest("id")
    assert (event.name, event.actor, event.reason) == ("recover", admin_user, "seen in the list")
    assert (stability.finish(CORE).pk, stability.fake.paid) == (call.pk, 1)


def test_task_in_an_unknown_place_is_attached(
    runway: Real, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = runway.fake._create  # type: ignore[attr-defined]

    def create(asked: Any, models: Any) -> Reply:
        reply = real(asked, models)
        return Reply(200, {"task": {"uuid": reply.body["id"]}, "ok": True})

    monkeypatch.setattr(runway.fake, "_create", create)
    call = runway.finish(IMAGE)
    assert call.state == "unclear"
    recover(call, actor=admin_user, reason="named in the answer")
    assert runway.finish(IMAGE).state == "settled"
    assert runway.fake.paid == 1


@pytest.mark.parametrize("scenario", ["half", "done_http_500", "garbage"])
def test_answer_that_holds_nothing_stays_before_a_person(
    scenario: str, stability: Real, admin_user: Any
) -> None:
    stability.expect(scenario)
    call = stability.finish(CORE)
    assert (call.state, RawAnswer.objects.filter(call=call).count()) == ("unclear", 1)
    with pytest.raises(Invalid):
        recover(call, actor=admin_user, reason="perhaps")
    call.refresh_from_db()
    assert call.state == "unclear"


def test_who_may_recover_and_when(stability: Real, admin_user: Any, viewer: Any) -> None:
    stability.fake.expect("in_other_field", times=1)
    call = stability.finish(CORE)
    with pytest.raises(Forbidden):
        recover(call, actor=viewer, reason="x")
    with pytest.raises(Invalid, match="Give a reason"):
        recover(call, actor=admin_user, reason=" ")
    recover(call, actor=admin_user, reason="x")
    with pytest.raises(Conflict):
        recover(call, actor=admin_user, reason="x")


def test_call_without_an_answer_has_nothing_to_recover(stability: Real, admin_user: Any) -> None:
    stability.fake.expect("drop", times=1)
    with pytest.raises(Invalid, match="No answer to this call was stored"):
        recover(stability.finish(CORE), actor=admin_user, reason="x")


def test_large_answer_is_kept_in_the_storage_and_bounded(
    stability: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_answer_store, "MOST_BYTES", 300_000)
    call = stability.finish(CORE)
    raw = b"x" * 400_000
    kept = raw_answer_store.prepare(call, raw)
    assert kept is not None
    assert (kept.file.startswith("answers/"), bytes(kept.encrypted), kept.size, kept.is_cut) == (
        True,
        b"",
        300_000,
        True,
    )
    assert raw_answer_store.read(kept) == raw[:300_000]


@pytest.mark.moderate
def test_page_of_the_call_offers_it_and_never_shows_it(stability: Real, admin_client: Any) -> None:
    stability.fake.expect("in_other_field", times=1)
    call = stability.finish(CORE)
    page = admin_client.get(f"/admin/providers/providercall/{call.pk}/change/").content.decode()
    assert "iVBOR" not in page
    dialog = admin_client.get(f"/admin/providers/providercall/{call.pk}/resolve/").content.decode()
    assert 'value="recover"' in dialog
    answer = admin_client.post(
        f"/admin/providers/providercall/{call.pk}/resolve/",
        {"decision": "recover", "reason": "seen"},
    )
    assert answer.status_code in {200, 302}
    call.refresh_from_db()
    assert call.state == "settled"


def test_old_settings_that_make_no_sense_stop_nobody(runway: Real) -> None:
    odd = {"send_timeout": "5 s", "poll_seconds": [], "result_hosts": {"a": 1}, "default_model": 7}
    AIProviderConfig.objects.filter(provider="runway_ml").update(settings=odd)
    assert runway.go(IMAGE).call.state == "accepted"
    AIProviderConfig.objects.filter(provider="runway_ml").update(settings=["odd"])
    assert runway.go(IMAGE).call.state == "accepted"
