"""Stability AI through the call service, before a server that behaves and charges as it does."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from core import limited_process
from providers import ingest, keys
from providers.calls import Ready
from providers.errors import Later, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.prices import price_of
from providers.registry import adapter_for
from providers.requests import ImageRequest
from tests.fakes.server import multipart
from tests.fakes.stability import ENGINE, Stability
from tests.moments import is_due
from tests.providers.conftest import Clock
from tests.providers.real import CLIP, IMAGE, Real, configure, specs

CORE = ImageRequest(
    prompt="등대", prompt_en="a lighthouse", seed=7, model="core", negative="people"
)
SDXL = ImageRequest(prompt="등대", prompt_en="a lighthouse", seed=7)


@pytest.fixture
def stability(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"stability_ai": Stability.key}
    with Stability() as fake:
        configure("stability_ai", fake)
        yield Real("stability_ai", fake, clock)


def sent(stability: Real) -> tuple[str, Any]:
    asked = next(asked for asked in stability.fake.asked if asked.method == "POST")
    if asked.path.startswith("/v1/"):
        return asked.path, asked.json
    return asked.path, {name: value.decode() for name, value in multipart(asked).items()}


@pytest.mark.parametrize(
    ("model", "path", "fields", "price", "size"),
    [
        ("core", "core", {}, "0.03", (1344, 768)),
        ("ultra", "ultra", {}, "0.08", (1344, 768)),
        ("sd3.5-large", "sd3", {"model": "sd3.5-large"}, "0.065", (1344, 768)),
        ("sd3.5-flash", "sd3", {"model": "sd3.5-flash"}, "0.025", (1344, 768)),
    ],
)
def test_picture_by_the_present_interface(
    model: str,
    path: str,
    fields: dict[str, str],
    price: str,
    size: tuple[int, int],
    stability: Real,
) -> None:
    call = stability.finish(
        ImageRequest(
            prompt="등대",
            prompt_en="a lighthouse",
            style="watercolour",
            seed=7,
            model=model,
            negative="people",
        )
    )
    assert (call.state, call.cost, call.cost_is_estimated, call.model) == (
        "settled",
        Decimal(price),
        True,
        model,
    )
    assert call.result is not None
    assert ((call.result["width"], call.result["height"]), call.result["seed"]) == (size, 7)
    common = {
        "prompt": "a lighthouse. watercolour",
        "aspect_ratio": "16:9",
        "output_format": "png",
        "seed": "7",
        "negative_prompt": "people",
    }
    assert sent(stability) == (f"/v2beta/stable-image/generate/{path}", common | fields)
    assert stability.fake.charged == call.cost


@pytest.mark.parametrize(
    ("ratio", "size"), [("16:9", (1344, 768)), ("9:16", (768, 1344)), ("1:1", (1024, 1024))]
)
def test_model_of_the_guide_by_the_older_interface(
    ratio: Any, size: tuple[int, int], stability: Real
) -> None:
    call = stability.finish(
        ImageRequest(
            prompt="x", prompt_en="a lighthouse", seed=7, aspect_ratio=ratio, negative="people"
        )
    )
    assert (call.state, call.cost, call.model) == ("settled", Decimal("0.02"), ENGINE)
    prompts = [{"text": "a lighthouse", "weight": 1}, {"text": "people", "weight": -1}]
    body = {
        "text_prompts": prompts,
        "width": size[0],
        "height": size[1],
        "samples": 1,
        "steps": 30,
        "seed": 7,
    }
    assert sent(stability) == (f"/v1/generation/{ENGINE}/text-to-image", body)
    assert (price_of("stability_ai", SDXL), stability.fake.charged) == (
        Decimal("0.02"),
        Decimal("0.02"),
    )


OUTCOMES: list[tuple[str, str, str, str, int]] = [
    ("bad_key", "refused", "key", "0", 0),
    ("no_credits", "refused", "credits", "0", 0),
    ("moderated", "refused", "moderated", "0", 0),
    ("permission", "refused", "key", "0", 0),
    ("retired", "refused", "invalid", "0", 0),
    ("too_large", "refused", "invalid", "0", 0),
    ("public_figure", "refused", "moderated", "0", 0),
    ("limit", "refused", "limit", "0", 0),
    ("redirect", "refused", "invalid", "0", 0),
    ("http_408", "unclear", "", "", 0),
    ("http_409", "unclear", "", "", 0),
    ("http_500", "unclear", "", "", 0),
    ("html", "unclear", "", "", 0),
    ("drop_before", "unclear", "", "", 0),
    ("drop", "unclear", "", "", 1),
    ("slow", "unclear", "", "", 1),
    ("half", "unclear", "", "", 1),
    ("garbage", "unclear", "", "", 1),
    ("done_http_500", "unclear", "", "", 1),
    ("filtered", "refused", "moderated", "price", 1),
    ("new_finish", "unclear", "", "", 1),
    ("bad_file", "unclear", "", "", 1),
]


@pytest.mark.parametrize("request_", [CORE, SDXL], ids=["core", "sdxl"])
@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "cost", "paid"), OUTCOMES, ids=[row[0] for row in OUTCOMES]
)
def test_outcome(
    scenario: str,
    state: str,
    refusal: str,
    cost: str,
    paid: int,
    request_: ImageRequest,
    stability: Real,
) -> None:
    stability.expect(scenario)
    stability.ends(request_, state=state, refusal=refusal, cost=cost, paid=paid)


def test_answer_without_a_picture_of_the_older_interface(stability: Real) -> None:
    stability.fake.expect("no_artifact", times=1)
    assert stability.finish(SDXL).state == "unclear"


def test_blurred_picture_is_not_shown_and_not_made_again_by_itself(stability: Real) -> None:
    stability.fake.expect("filtered", times=1)
    for _ in range(2):
        with pytest.raises(Refused, match="blurred it"):
            stability.go(CORE)
    assert (ProviderCall.objects.get().result, stability.fake.paid) == (None, 1)


@pytest.mark.parametrize(
    "request_",
    [
        ImageRequest(prompt="등대", model="core"),
        ImageRequest(prompt="등대", prompt_en="등대 lighthouse", model="core"),
        ImageRequest(prompt=" ", model="core"),
    ],
)
def test_other_languages_are_not_sent(request_: ImageRequest, stability: Real) -> None:
    with pytest.raises(Refused, match="understands English only"):
        stability.go(request_)
    assert stability.fake.orders == []


def test_korean_style_and_avoidance_are_left_out(stability: Real) -> None:
    stability.finish(
        ImageRequest(
            prompt="등대", prompt_en="a lighthouse", style="수채화", negative="사람", model="core"
        )
    )
    assert sent(stability)[1] == {
        "prompt": "a lighthouse",
        "aspect_ratio": "16:9",
        "output_format": "png",
        "seed": "0",
    }


def test_limit_is_a_minute(stability: Real) -> None:
    stability.fake.expect("limit", times=1)
    since = timezone.now()
    with pytest.raises(NotNow) as not_now:
        stability.go(CORE)
    assert is_due(not_now.value.until, since, seconds=60)


def test_clips_are_not_made(stability: Real) -> None:
    from providers.errors import NotConfigured

    with pytest.raises(NotConfigured, match="does not make this kind"):
        stability.go(CLIP)


def test_attached_id_tells_that_nothing_is_kept(stability: Real, admin_user: Any) -> None:
    from providers.services import unclear_calls

    stability.fake.expect("drop", times=1)
    call = stability.finish(CORE)
    unclear_calls.attach_task(call, actor=admin_user, reason="try", task_id="abc")
    with pytest.raises(Unclear, match="keeps no results"):
        stability.go(CORE)


def test_balance_and_check(stability: Real, settings: Any) -> None:
    stability.finish(CORE)
    adapter = adapter_for(stability.config)
    assert adapter.balance() == Decimal("9.97")
    assert adapter.check().facts == {"balance": "9.9700 USD", "v1 engines": ENGINE}
    settings.PROVIDER_KEYS = {"stability_ai": "sk-wrong-key"}
    assert adapter_for(stability.config).check().ok is False
    with pytest.raises(Later):
        adapter_for(stability.config).balance()


def enter_key_at(address: str) -> None:
    """The provider has a new address, and its key was entered for it."""
    config = AIProviderConfig.objects.get(provider="stability_ai")
    config.base_url = address
    keys.put_key(config, "key-made-up-for-a-test")
    config.save()


def test_https_is_demanded_outside_of_this_machine(stability: Real, settings: Any) -> None:
    from providers.errors import NotConfigured

    enter_key_at("http://api.stability.ai")
    with pytest.raises(NotConfigured, match="must begin with https"):
        stability.go(CORE)
    settings.LOOPBACK_PROVIDERS = False
    enter_key_at(stability.fake.url)
    with pytest.raises(NotConfigured, match="must begin with https"):
        stability.go(CORE)
    assert (stability.fake.orders, ProviderCall.objects.count()) == ([], 0)


@pytest.mark.skipif(
    specs("stability-v1-openapi-2023-06.json") is None,
    reason="the official specification does not lie here",
)
def test_official_specification_accepts_what_is_sent(stability: Real) -> None:
    import jsonschema

    path = specs("stability-v1-openapi-2023-06.json")
    assert path
    document = json.loads(path.read_text())
    stability.finish(SDXL)
    jsonschema.Draft202012Validator(
        {
            "$ref": "#/components/schemas/TextToImageRequestBody",
            "components": document["components"],
        }
    ).validate(sent(stability)[1])


def test_ready_is_ready(stability: Real) -> None:
    assert isinstance(stability.go(CORE), Ready)
    assert isinstance(stability.go(CORE), Ready)
    assert stability.fake.paid == 1


@pytest.mark.slow
def test_paid_picture_waits_while_the_machine_reads_other_files(
    stability: Real, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """No place to read it came free in time: nothing is lost, and nothing is bought again."""
    settings.LIMITED_PROCESSES = 1
    monkeypatch.setattr(ingest, "WAIT_TIMEOUT", 0)
    with limited_process._place(0), pytest.raises(limited_process.BusyError):
        stability.finish(IMAGE)
    assert stability.fake.paid == 1
    assert stability.finish(IMAGE).state == "settled"
    assert stability.fake.paid == 1
