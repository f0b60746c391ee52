"""What a request costs, and which model it goes to."""

from decimal import Decimal
from typing import Any

import pytest

from providers.errors import NoPrice, NotConfigured
from providers.models import AIProviderConfig, ProviderModel
from providers.prices import config_of, price_of, quote
from providers.requests import (
    ClipRequest,
    ImageRequest,
    Request,
    TextRequest,
    from_json,
    hash_of,
    to_json,
)
from tests.providers.conftest import make_paid

IMAGE, CLIP, TEXT = (
    ImageRequest(prompt="x"),
    ClipRequest(prompt="x", duration_ms=7000),
    TextRequest(task="plan_story", script="x", scenes=1),
)


@pytest.fixture
def paid(db: None) -> AIProviderConfig:
    return make_paid()


def model(**values: Any) -> ProviderModel:
    return ProviderModel.objects.create(
        provider_id="paid", **({"kind": "clip", "unit": "second", "name": "m"} | values)
    )


@pytest.mark.parametrize(
    ("request_", "price"), [(IMAGE, "0.0300"), (CLIP, "0.3500"), (TEXT, "0.0100")]
)
def test_price_of_the_configuration(request_: Request, price: str, paid: AIProviderConfig) -> None:
    assert price_of("paid", request_) == Decimal(price)


@pytest.mark.parametrize("request_", [IMAGE, CLIP, TEXT])
def test_local_is_free(request_: Request, db: None) -> None:
    assert price_of("local", request_) == Decimal(0)


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(1, 1), (1000, 1), (1001, 2), (6999, 7), (7000, 7)]
)
def test_started_seconds_are_paid(milliseconds: int, seconds: int, paid: AIProviderConfig) -> None:
    assert quote(paid, ClipRequest(prompt="x", duration_ms=milliseconds)).units == seconds


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(3000, 4), (4000, 4), (4001, 6), (7000, 8), (30_000, 8)]
)
def test_only_lengths_that_the_model_makes_are_asked_for(
    milliseconds: int, seconds: int, paid: AIProviderConfig
) -> None:
    model(is_default=True, durations=[8, 4, 6], price=Decimal("0.2"))
    asked = quote(paid, ClipRequest(prompt="x", duration_ms=milliseconds))
    assert (asked.units, asked.total, asked.model) == (seconds, Decimal("0.2") * seconds, "m")


def test_model_asked_for_wins_then_the_settings_then_the_default(paid: AIProviderConfig) -> None:
    for name, price in (("a", "1"), ("b", "2"), ("c", "3")):
        model(name=name, price=Decimal(price), is_default=name == "a")
    assert quote(paid, CLIP).model == "a"
    paid.settings = {"default_model": "b"}
    assert quote(paid, CLIP).model == "b"
    paid.settings["clip_model"] = "c"
    assert quote(paid, CLIP).model == "c"
    assert quote(paid, ClipRequest(prompt="x", model="a", duration_ms=1000)).total == Decimal(1)


def test_name_that_stands_for_another_model_is_priced_as_that(paid: AIProviderConfig) -> None:
    model(name="gen-2", stands_for="gen4_turbo")
    model(name="gen4_turbo", price=Decimal("0.05"))
    paid.settings = {"default_model": "gen-2"}
    assert (quote(paid, CLIP).model, quote(paid, CLIP).total) == ("gen4_turbo", Decimal("0.35"))


def test_model_that_is_switched_off_is_not_used(paid: AIProviderConfig) -> None:
    model(name="a", price=Decimal(1), is_active=False)
    assert quote(paid, ClipRequest(prompt="x")).unit_price == Decimal("0.05")
    with pytest.raises(NotConfigured, match="does not offer the model a"):
        quote(paid, ClipRequest(prompt="x", model="a"))


def test_price_is_rounded_up_to_a_hundredth_of_a_cent(paid: AIProviderConfig) -> None:
    paid.cost_per_second_video = Decimal("0.00011")
    assert quote(paid, ClipRequest(prompt="x", duration_ms=1000)).total == Decimal("0.0002")


def test_no_price(paid: AIProviderConfig) -> None:
    AIProviderConfig.objects.update(cost_per_image=None)
    with pytest.raises(NoPrice, match="Paid has no price"):
        price_of("paid", IMAGE)
    with pytest.raises(NotConfigured):
        config_of("nobody")


@pytest.mark.parametrize("request_", [IMAGE, CLIP, TEXT])
def test_requests_survive_the_row(request_: Request) -> None:
    assert from_json(to_json(request_)) == request_
    assert len(hash_of(request_)) == 64


def test_hash_tells_requests_apart_and_ignores_defaults() -> None:
    assert (
        hash_of(IMAGE)
        == hash_of(ImageRequest(prompt="x", seed=0))
        != hash_of(ImageRequest(prompt="x", seed=1))
    )
    assert to_json(IMAGE) == {"kind": "image", "prompt": "x"}
