"""How much of a provider is used, counted as the gate counts it."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from providers import prices
from providers.enums import CallState, Refusal
from providers.errors import NotConfigured
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.requests import ClipRequest, ImageRequest
from providers.services.configs import organization_budget
from providers.usage import budgets_of, last_errors, limits_of, prices_of, unpriced_of
from tests.markup import flat

REQUESTS = {"image": ImageRequest(prompt="x"), "clip": ClipRequest(prompt="x")}
pytestmark = pytest.mark.django_db


@pytest.fixture
def config():
    AIProviderConfig.objects.filter(provider="runway_ml").update(
        rate_limit_per_minute=10, rate_limit_per_hour=None, max_concurrent=4, monthly_budget=2
    )
    return AIProviderConfig.objects.get(provider="runway_ml")


def call(state=CallState.SETTLED, *, ago=0, cost="0.50", **values):
    at = timezone.now() - timedelta(seconds=ago)
    common = {
        "provider_id": "runway_ml",
        "kind": "clip",
        "key": uuid.uuid4().hex,
        "request_hash": "0",
        "unit_price": 1,
        "units": 1,
    }
    times = {"reserved_at": at, "sending_at": at}
    return ProviderCall.objects.create(
        state=state,
        estimate=Decimal("0.50"),
        cost=cost and Decimal(cost),
        **{**common, **times, **values},
    )


def test_limits_are_counted_as_the_gate_does(config):
    call(ago=5)
    call(ago=300)
    call(CallState.ACCEPTED, ago=30, cost=None)
    call(CallState.REFUSED, ago=1, cost="0", sending_at=None)
    assert [
        (str(use.label), use.used, use.limit, use.percent, use.tone) for use in limits_of(config)
    ] == [
        ("Calls in a minute", 2, 10, 20, "live"),
        ("Calls in an hour", 3, None, 0, "live"),
        ("Calls at once", 1, 4, 25, "live"),
    ]


def test_budgets_count_what_is_open_too(config):
    money = organization_budget()
    money.monthly_budget = Decimal(1)
    money.save()
    call()
    call(CallState.UNCLEAR, cost=None)
    call(provider_id="stability_ai", cost="0.75")
    assert [(use.used, use.limit, use.percent, use.tone) for use in budgets_of(config)] == [
        (1, 2, 50, "live"),
        (Decimal("1.75"), 1, 100, "bad"),
    ]


def test_a_limit_of_nothing_is_used_up(config):
    config.max_concurrent = 0
    assert limits_of(config)[2].percent == 100


def test_prices_say_whose_they_are_and_when_they_were_read(config):
    ProviderModel.objects.filter(provider=config).delete()
    today = timezone.localdate()
    common = {"provider": config, "kind": "clip", "unit": "second"}
    ProviderModel.objects.create(name="a", price=Decimal("0.12"), priced_on=today, **common)
    ProviderModel.objects.create(name="b", priced_on=today - timedelta(days=91), **common)
    ProviderModel.objects.create(name="c", is_active=False, **common)
    ProviderModel.objects.create(name="d", stands_for="a", **common)
    ProviderModel.objects.create(name="e", stands_for="c", **common)
    assert [(row.model.name, row.price, row.is_own, row.is_old) for row in prices_of(config)] == [
        ("a", Decimal("0.12"), True, False),
        ("b", config.cost_per_second_video, False, True),
        ("d", Decimal("0.12"), True, True),
        ("e", config.cost_per_second_video, False, True),
    ]
    for name in ("a", "b", "d", "e"):
        request = ClipRequest(prompt="sea", duration_ms=1000, model=name)
        shown = next(row.price for row in prices_of(config) if row.model.name == name)
        assert prices.quote(config, request).unit_price == shown


@pytest.mark.parametrize(
    ("changes", "used"),
    [
        ({}, {"still", "clip-a"}),
        ({"default_model": "clip-b"}, {"still", "clip-b"}),
        ({"clip_model": "clip-c", "default_model": "clip-b"}, {"still", "clip-c"}),
        ({"clip_model": "old-name"}, {"still", "clip-b"}),
        ({"clip_model": "gone"}, {"still", "clip-a"}),
    ],
)
@pytest.mark.moderate
def test_the_page_marks_the_model_that_calls_go_to(config, admin_client, changes, used):
    ProviderModel.objects.filter(provider=config).delete()
    clip = {"provider": config, "kind": "clip", "unit": "second", "price": Decimal("0.1")}
    for name, more in {
        "clip-a": {"is_default": True},
        "clip-b": {},
        "clip-c": {},
        "old-name": {"stands_for": "clip-b"},
        "gone": {"is_active": False},
    }.items():
        ProviderModel.objects.create(name=name, **clip, **more)
    ProviderModel.objects.create(
        provider=config,
        name="still",
        kind="image",
        unit="image",
        price=Decimal("0.1"),
        is_default=True,
    )
    config.settings = changes
    config.save()
    assert {row.model.name for row in prices_of(config) if row.is_used} == used
    for name in used:
        assert prices.quote(config, REQUESTS["image" if name == "still" else "clip"]).model == name
    page = flat(
        admin_client.get(reverse("admin:providers_aiproviderconfig_change", args=[config.pk]))
    )
    assert set(re.findall(r"<b>([-\w]+)</b> <small>used when none is named", page)) == used


@pytest.mark.moderate
def test_page_says_which_models_are_not_used_until_they_have_a_price(config, admin_client):
    names = [row.name for row in unpriced_of(config)]
    assert names == [
        *("kling3.0_pro", "seedance2_5", "seedance2_5-draft", "seedance2_5-final"),
        "gpt_image_2",
    ]
    shown = flat(
        admin_client.get(reverse("admin:providers_aiproviderconfig_change", args=[config.pk]))
    )
    words = "<small> not used until its price is entered below </small>"
    assert re.findall(rf"<b>([-.\w]+)</b> {words}", shown) == names
    with pytest.raises(NotConfigured, match=r"does not offer the model kling3\.0_pro here"):
        prices.quote(config, ClipRequest(prompt="sea", duration_ms=5000, model="kling3.0_pro"))
    row = config.models.get(name="kling3.0_pro")
    row.price, row.is_active = Decimal("0.20"), True
    row.save()
    config = AIProviderConfig.objects.get(pk=config.pk)
    assert [row.name for row in unpriced_of(config)] == names[1:]
    request = ClipRequest(prompt="sea", duration_ms=5000, model="kling3.0_pro")
    assert prices.quote(config, request).total == Decimal("1.00")


def test_last_errors_are_the_newest_that_did_not_work(config):
    call()
    refused = call(CallState.REFUSED, ago=50, refusal=Refusal.MODERATED, cost="0")
    unclear = call(CallState.UNCLEAR, ago=10, cost=None)
    assert last_errors(config) == [unclear, refused]
