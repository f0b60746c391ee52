"""Runway through the gate, before a server that behaves and charges as Runway does."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from runwayml import RunwayML

from core import limited_process
from core.unavailable import ServiceUnavailableError
from providers import ingest
from providers.calls import Pending, Ready, advance
from providers.errors import Later, NotNow, Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.prices import price_of
from providers.registry import adapter_for
from providers.requests import (
    ClipRequest,
    ImageRequest,
    SoundRequest,
)
from providers.store import FileMissing
from tests.fakes import media
from tests.fakes.runway import Runway
from tests.providers.conftest import Clock
from tests.providers.real import CLIP, IMAGE, Real, configure, put_picture, specs, stored


@pytest.fixture
def runway(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"runway_ml": Runway.key}
    with Runway() as fake:
        configure("runway_ml", fake)
        put_picture()
        yield Real("runway_ml", fake, clock)


def sent(runway: Real) -> dict[str, Any]:
    body: dict[str, Any] = next(asked.json for asked in runway.fake.asked if asked.method == "POST")
    return body


def test_clip_from_the_scene_s_picture(runway: Real) -> None:
    call = runway.finish(CLIP)
    assert (call.state, call.cost, call.cost_is_estimated, call.model) == (
        "settled",
        Decimal("0.20"),
        False,
        "gen4_turbo",
    )
    assert call.result is not None
    assert (call.result["mime"], call.result["duration_ms"], call.result["width"]) == (
        "video/mp4",
        4000,
        160,
    )
    body = sent(runway)
    assert body.pop("promptImage").startswith("data:image/png;base64,")
    assert body == {
        "model": "gen4_turbo",
        "ratio": "1280:720",
        "seed": 7,
        "promptText": "a lighthouse at the sea by night. Camera: slow dolly in.",
        "duration": 4,
    }
    assert (runway.fake.charged, runway.fake.paid) == (call.cost, 1)


def test_name_of_the_guide_calls_a_model_that_exists(runway: Real) -> None:
    assert runway.config.settings["default_model"] == "gen-2"
    assert price_of("runway_ml", CLIP) == Decimal("0.20")


@pytest.mark.moderate
def test_clip_from_words(runway: Real) -> None:
    call = runway.finish(
        ClipRequest(
            prompt="바다", duration_ms=3000, aspect_ratio="9:16", model="gen4.5", camera="tilt_up"
        )
    )
    assert (call.state, call.cost, call.model) == ("settled", Decimal("0.36"), "gen4.5")
    assert sent(runway) == {
        "model": "gen4.5",
        "ratio": "720:1280",
        "seed": 0,
        "promptText": "바다. Camera: slow tilt up.",
        "duration": 3,
    }


@pytest.mark.parametrize("image", ["", "scene.png"])
def test_hailuo_is_asked_for_the_size_that_is_priced(image: str, runway: Real) -> None:
    request = ClipRequest(prompt="sea", duration_ms=5000, image_file=image, model="hailuo3")
    call = runway.finish(request)
    assert (call.state, call.estimate, call.cost) == ("settled", Decimal("0.50"), Decimal("0.50"))
    body = sent(runway)
    assert bool(body.pop("promptImage", "")) is bool(image)
    assert body == {
        "model": "hailuo3",
        "ratio": "16:9",
        "promptText": "sea. Camera: slow dolly in.",
        "duration": 5,
        "resolution": "768P",
    }


@pytest.mark.parametrize(("image", "ratio"), [("", "720:1280"), ("scene.png", "auto_720p")])
def test_wan_takes_the_format_of_its_first_picture(image: str, ratio: str, runway: Real) -> None:
    request = ClipRequest(
        prompt="sea", duration_ms=5000, aspect_ratio="9:16", image_file=image, model="wan3"
    )
    call = runway.finish(request)
    assert (call.state, call.estimate, call.cost) == ("settled", Decimal("0.50"), Decimal("0.50"))
    body = sent(runway)
    assert bool(body.pop("promptImage", "")) is bool(image)
    assert body == {
        "model": "wan3",
        "ratio": ratio,
        "promptText": "sea. Camera: slow dolly in.",
        "audio": False,
        "duration": 5,
    }


def test_picture(runway: Real) -> None:
    call = runway.finish(IMAGE)
    assert (call.state, call.cost, call.model) == ("settled", Decimal("0.05"), "gen4_image")
    assert sent(runway) == {
        "model": "gen4_image",
        "ratio": "1280:720",
        "seed": 7,
        "promptText": "a lighthouse at the sea by night. watercolour",
    }
    assert call.result is not None
    assert (call.result["mime"], call.result["width"], call.result["height"]) == (
        "image/png",
        1280,
        720,
    )


def test_sound_effect(runway: Real) -> None:
    call = runway.finish(SoundRequest(prompt="a door bell", duration_ms=1500, seed=7))
    assert (call.state, call.cost, call.model) == (
        "settled",
        Decimal("0.02"),
        "eleven_text_to_sound_v2",
    )
    assert sent(runway) == {
        "model": "eleven_text_to_sound_v2",
        "promptText": "a door bell",
        "duration": 1.5,
    }
    assert call.result is not None
    assert (call.result["samples"], runway.fake.charged) == (72_000, Decimal("0.02"))


def test_length_that_the_model_does_not_make_is_rounded_up_and_paid(runway: Real) -> None:
    call = runway.finish(
        ClipRequest(prompt="sea", duration_ms=7000, model="veo3.1", image_file="scene.png")
    )
    assert (sent(runway)["duration"], call.estimate, runway.fake.charged) == (
        8,
        Decimal("1.60"),
        Decimal("1.60"),
    )


@pytest.mark.parametrize(("model", "price"), [("veo3.1", "0.80"), ("veo3.1_fast", "0.40")])
def test_sound_that_the_film_drops_is_not_bought(model: str, price: str, runway: Real) -> None:
    call = runway.finish(
        ClipRequest(
            prompt="sea", duration_ms=4000, model=model, image_file="scene.png", negative="people"
        )
    )
    body = sent(runway)
    assert (body["audio"], body["negativePrompt"]) == (False, "people")
    assert (call.estimate, call.cost, runway.fake.charged) == (Decimal(price),) * 3


@pytest.mark.parametrize(("model", "price"), [("veo3.1", "1.60"), ("veo3.1_fast", "0.60")])
def test_sound_is_bought_of_the_row_that_says_so(model: str, price: str, runway: Real) -> None:
    call = runway.finish(
        ClipRequest(prompt="sea", duration_ms=4000, model=f"{model}-sound", image_file="scene.png")
    )
    body = sent(runway)
    assert (body["model"], body["audio"], call.model) == (model, True, f"{model}-sound")
    assert (call.estimate, call.cost, runway.fake.charged) == (Decimal(price),) * 3


def test_models_without_these_settings_are_not_sent_them(runway: Real) -> None:
    runway.finish(
        ClipRequest(prompt="sea", duration_ms=4000, image_file="scene.png", negative="people")
    )
    assert set(sent(runway)) == {"model", "ratio", "seed", "promptText", "promptImage", "duration"}


def test_every_state_on_the_way(runway: Real) -> None:
    heard: list[int] = []
    notes = []
    for _ in range(6):
        answer = runway.go(IMAGE, on_progress=heard.append)
        if isinstance(answer, Ready):
            break
        notes.append(str(answer.note))
    assert notes == [
        "The provider is working on it.",
        "It waits in the provider's own queue.",
        "It waits in the provider's own queue.",
        "The provider is working on it.",
        "The provider is working on it.",
    ]
    assert heard == [20, 60]
    assert isinstance(runway.go(IMAGE), Ready)


OUTCOMES: list[tuple[str, str, str, str, int]] = [
    # scenario, state, refusal, cost, pieces of work that were charged
    ("no_credits", "refused", "credits", "0", 0),
    ("bad_key", "refused", "key", "0", 0),
    ("limit", "refused", "limit", "0", 0),
    ("asset", "refused", "invalid", "0", 0),
    ("redirect", "refused", "invalid", "0", 0),
    ("http_402", "refused", "credits", "0", 0),
    ("http_403", "refused", "key", "0", 0),
    ("http_404", "refused", "invalid", "0", 0),
    ("http_413", "refused", "invalid", "0", 0),
    ("http_422", "refused", "invalid", "0", 0),
    ("http_408", "unclear", "", "", 0),
    ("http_409", "unclear", "", "", 0),
    ("http_500", "unclear", "", "", 0),
    ("http_503", "unclear", "", "", 0),
    ("http_504", "unclear", "", "", 0),
    ("html", "unclear", "", "", 0),
    ("drop_before", "unclear", "", "", 0),
    ("drop", "unclear", "", "", 1),
    ("slow", "unclear", "", "", 1),
    ("half", "unclear", "", "", 1),
    ("garbage", "unclear", "", "", 1),
    ("no_id", "unclear", "", "", 1),
    ("done_http_500", "unclear", "", "", 1),
    ("safety_input", "refused", "moderated", "0", 0),
    ("safety_output", "refused", "moderated", "0.05", 1),
    ("bad_output", "refused", "failed", "0", 0),
    ("bad_asset", "refused", "invalid", "0", 0),
    ("new_failure", "refused", "failed", "0", 0),
    ("failed_without_cost", "unclear", "", "", 1),
    ("cancelled", "refused", "cancelled", "0.05", 1),
    ("deleted", "unclear", "", "", 1),
    ("no_output", "unclear", "", "", 1),
    ("bad_file", "unclear", "", "", 1),
    ("evil_link", "unclear", "", "", 1),
    ("new_state", "settled", "", "0.05", 1),
    ("busy_polls", "settled", "", "0.05", 1),
    ("expired_link", "settled", "", "0.05", 1),
    ("html_file", "settled", "", "0.05", 1),
    ("cut_file", "settled", "", "0.05", 1),
    ("cheaper", "settled", "", "0.04", 1),
]


@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "cost", "paid"), OUTCOMES, ids=[row[0] for row in OUTCOMES]
)
def test_outcome(
    scenario: str, state: str, refusal: str, cost: str, paid: int, runway: Real
) -> None:
    runway.expect(scenario)
    runway.ends(IMAGE, state=state, refusal=refusal, cost=cost, paid=paid)


def test_link_that_leads_elsewhere_is_never_followed(runway: Real) -> None:
    runway.fake.expect("moved_file", times=1)
    answer: Any = None
    for _ in range(7):
        answer = runway.go(IMAGE)
    assert isinstance(answer, Pending)
    assert str(answer.note) == "The result could not be fetched at the moment (HTTP 302)."


def test_key_is_sent_to_the_api_only(runway: Real) -> None:
    runway.finish(IMAGE)
    outputs = [asked for asked in runway.fake.asked if asked.path.startswith("/outputs/")]
    assert [
        ("authorization" in asked.headers, "x-runway-version" in asked.headers) for asked in outputs
    ] == [(False, False)]
    assert Runway.key not in json.dumps(
        [str(list(ProviderCall.objects.values())), str(list(AIProviderConfig.objects.values()))]
    )


def test_nobody_listens(runway: Real) -> None:
    AIProviderConfig.objects.filter(provider="runway_ml").update(base_url="http://127.0.0.1:9")
    with pytest.raises(Refused) as refused:
        runway.go(IMAGE)
    assert refused.value.kind == "unreachable"
    AIProviderConfig.objects.filter(provider="runway_ml").update(base_url=runway.fake.url)
    assert runway.finish(IMAGE).state == "settled"
    assert runway.fake.paid == 1


def test_daily_limit_is_asked_for_again_much_later(runway: Real, clock: Clock) -> None:
    runway.fake.expect("limit", times=1)
    with pytest.raises(NotNow, match="limit for today") as not_now:
        runway.go(IMAGE)
    assert not_now.value.wait == "rate_limit"
    clock.forward(minutes=59)
    with pytest.raises(NotNow):
        runway.go(IMAGE)
    clock.forward(minutes=2)
    assert runway.finish(IMAGE).state == "settled"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (ClipRequest(prompt="sea", duration_ms=4000), "needs a picture to begin with"),
        (
            ClipRequest(prompt="sea", duration_ms=4000, model="gen4.5", aspect_ratio="1:1"),
            "does not make the format 1:1",
        ),
        (ImageRequest(prompt=" "), "The prompt is empty"),
        (SoundRequest(prompt=" "), "The text is empty."),
        (SoundRequest(prompt="x" * 3001), "at most 3000"),
        (SoundRequest(prompt="rain", duration_ms=30_001), "at most 30 s"),
    ],
)
def test_what_cannot_be_asked_for_is_not_sent(request_: Any, message: str, runway: Real) -> None:
    with pytest.raises(Refused, match=message):
        runway.go(request_)
    assert runway.fake.orders == []


def test_long_korean_prompt_fits_into_the_limit(runway: Real) -> None:
    assert (
        runway.finish(
            ClipRequest(prompt="바다 위의 등대 😀 " * 200, duration_ms=2000, image_file="scene.png")
        ).state
        == "settled"
    )
    assert 900 < len(sent(runway)["promptText"].encode("utf-16-le")) / 2 <= 1000


@pytest.mark.moderate
def test_large_picture_is_made_smaller(runway: Real) -> None:
    import io
    import random

    from PIL import Image

    noise = Image.frombytes("RGB", (1600, 900), random.Random(1).randbytes(1600 * 900 * 3))
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(out.getvalue()) > 4_000_000
    put_picture("large.png", out.getvalue())
    assert (
        runway.finish(ClipRequest(prompt="sea", duration_ms=2000, image_file="large.png")).state
        == "settled"
    )
    assert sent(runway)["promptImage"].startswith("data:image/jpeg;base64,")


def test_cancel_and_balance_and_check(runway: Real) -> None:
    pending = runway.go(IMAGE)
    adapter = adapter_for(runway.config)
    assert adapter.balance() == Decimal("49.95")
    health = adapter.check()
    assert (health.ok, health.facts["balance"], health.facts["gen4_turbo at once"]) == (
        True,
        "49.9500 USD",
        "2",
    )
    assert adapter.cancel(pending.call.task_id) is True
    assert adapter.cancel(pending.call.task_id) is False


def test_check_with_a_wrong_key(runway: Real, settings: Any) -> None:
    settings.PROVIDER_KEYS = {"runway_ml": "key_wrong"}
    adapter = adapter_for(runway.config)
    assert adapter.check().ok is False
    with pytest.raises(Later):
        adapter.balance()


def test_unclear_call_shows_the_balance_before_and_after(runway: Real, clock: Clock) -> None:
    runway.fake.expect("drop", times=1)
    call = runway.finish(IMAGE)
    assert (call.evidence["balance_before"], call.evidence["balance_after"]) == (
        "50.0000",
        "49.9500",
    )
    config = runway.config
    assert (config.balance, config.balance_at.isoformat()) == (
        Decimal("49.9500"),
        call.evidence["balance_after_at"],
    )


@pytest.mark.moderate
def test_balance_is_asked_for_every_few_minutes_only(runway: Real, clock: Clock) -> None:
    def asked_for() -> int:
        return sum(asked.path == "/v1/organization" for asked in runway.fake.asked)

    for n in range(3):
        runway.finish(IMAGE, key=f"k{n}")
    assert asked_for() == 1
    clock.forward(minutes=6)
    runway.finish(IMAGE, key="later")
    assert asked_for() == 2


# --- judges


@pytest.mark.moderate
def test_official_client_understands_every_answer_and_sends_the_same(runway: Real) -> None:
    client = RunwayML(api_key=Runway.key, base_url=runway.fake.url, max_retries=0)
    picture = "data:image/png;base64,iVBORw0KGgo="
    for scenario in ("", "safety_input", "cancelled"):
        runway.fake.expect(scenario or "fine", times=1)
        task = client.image_to_video.create(
            model="gen4_turbo",
            prompt_image=picture,
            prompt_text="slow dolly in",
            ratio="1280:720",
            duration=7,
            seed=42,
        )
        seen = [client.tasks.retrieve(task.id).status for _ in range(5)]
        ends = {"": "SUCCEEDED", "safety_input": "FAILED", "cancelled": "CANCELLED"}
        assert seen == ["PENDING", "THROTTLED", "RUNNING", "RUNNING", ends[scenario]]
    theirs = next(asked for asked in runway.fake.asked if asked.path == "/v1/image_to_video")
    runway.finish(CLIP)
    ours = [asked for asked in runway.fake.asked if asked.path == "/v1/image_to_video"][-1]
    assert set(ours.json) == set(theirs.json)
    for name in ("authorization", "x-runway-version", "content-type"):
        assert ours.headers[name] == theirs.headers[name]
    assert client.organization.retrieve().credit_balance == runway.fake.balance  # type: ignore[attr-defined]
    client.close()


@pytest.mark.skipif(
    specs("runway-openapi-2026-08-08.json") is None,
    reason="the official specification does not lie here",
)
@pytest.mark.parametrize("scenario", ["fine", "safety_input", "safety_output", "cancelled"])
@pytest.mark.moderate
def test_official_specification_accepts_what_the_fake_answers(scenario: str, runway: Real) -> None:
    import httpx
    import jsonschema

    path = specs("runway-openapi-2026-08-08.json")
    assert path
    paths = json.loads(path.read_text())["paths"]

    def schema(name: str, method: str) -> Any:
        return paths[name][method]["responses"]["200"]["content"]["application/json"]["schema"]

    headers = {"authorization": f"Bearer {Runway.key}", "x-runway-version": "2024-11-06"}
    runway.expect(scenario)
    body = {"model": "gen4_image", "promptText": "sea", "ratio": "1280:720"}
    created = httpx.post(f"{runway.fake.url}/v1/text_to_image", json=body, headers=headers).json()
    jsonschema.Draft202012Validator(schema("/v1/text_to_image", "post")).validate(created)
    for _ in range(5):
        task = httpx.get(f"{runway.fake.url}/v1/tasks/{created['id']}", headers=headers).json()
        jsonschema.Draft202012Validator(schema("/v1/tasks/{id}", "get")).validate(task)
    organization = httpx.get(f"{runway.fake.url}/v1/organization", headers=headers).json()
    jsonschema.Draft202012Validator(schema("/v1/organization", "get")).validate(organization)


@pytest.mark.skipif(
    specs("runway-openapi-2026-08-08.json") is None,
    reason="the official specification does not lie here",
)
@pytest.mark.parametrize(
    "request_",
    [
        CLIP,
        IMAGE,
        SoundRequest(prompt="a door bell", duration_ms=1500),
        SoundRequest(prompt="rain", duration_ms=100),
        ClipRequest(prompt="sea", model="gen4.5", duration_ms=9000),
        ClipRequest(
            prompt="sea",
            model="veo3.1",
            duration_ms=5000,
            aspect_ratio="9:16",
            image_file="scene.png",
        ),
        ClipRequest(prompt="sea", model="hailuo3", duration_ms=6000),
        ClipRequest(prompt="sea", model="hailuo3", duration_ms=5000, image_file="scene.png"),
    ],
)
def test_official_specification_accepts_what_is_sent(request_: Any, runway: Real) -> None:
    import jsonschema

    path = specs("runway-openapi-2026-08-08.json")
    assert path
    document = json.loads(path.read_text())
    runway.finish(request_)
    asked = next(asked for asked in runway.fake.asked if asked.method == "POST")
    schema = document["paths"][asked.path]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    branch = next(
        one
        for one in schema["oneOf"]
        if one["properties"]["model"].get("const") == asked.json["model"]
    )
    jsonschema.Draft202012Validator(
        {**branch, "components": document.get("components", {})}
    ).validate(asked.json)


def test_picture_larger_than_the_studio_s_own_is_kept_as_it_came(runway: Real) -> None:
    call = runway.finish(IMAGE)
    assert stored(call) != media.picture(1280, 720, 7)  # written anew
    assert advance(IMAGE, provider="runway_ml", key="k", subject="story", item="k").call == call


# --- the studio's own store


@pytest.mark.parametrize("trouble", ["missing", "away"])
def test_picture_that_our_store_cannot_give_is_no_call_and_is_sent_when_it_can(
    runway: Real, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def away(*_: Any) -> Any:
        raise ServiceUnavailableError(
            "The file store does not answer (%(reason)s).", reason="Timeout"
        )

    if trouble == "missing":
        storages["media"].delete("scene.png")
        kind: type[ServiceUnavailableError] = FileMissing
    else:
        monkeypatch.setattr(FileSystemStorage, "_open", away)
        kind = ServiceUnavailableError
    for _ in range(2):
        with pytest.raises(kind):
            runway.go(CLIP)
    assert list(ProviderCall.objects.values_list("state", "refusal", "cost")) == 2 * [
        ("refused", "unreachable", Decimal(0))
    ]
    assert runway.fake.orders == []
    monkeypatch.undo()
    if trouble == "missing":
        put_picture()
    assert runway.finish(CLIP).state == "settled"
    assert runway.fake.paid == 1


@pytest.mark.moderate
def test_paid_picture_waits_while_the_machine_reads_other_files(
    runway: Real, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """No place to read it came free in time: nothing is lost, and nothing is bought again."""
    settings.LIMITED_PROCESSES = 1
    monkeypatch.setattr(ingest, "WAIT_TIMEOUT", 0)
    with limited_process._place(0):
        call = runway.finish(IMAGE)
        assert (call.state in {"accepted", "sending"}, runway.fake.paid) == (True, 1)
    assert runway.finish(IMAGE).state == "settled"
    assert runway.fake.paid == 1
