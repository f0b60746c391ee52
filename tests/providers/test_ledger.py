"""The sums: exact, by every dimension, in one query each."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from providers.ledger import Totals, breakdown, counted, daily, totals
from providers.models import AIProviderConfig, ProviderCall
from tests.providers.conftest import make_paid

AT = datetime(2026, 11, 10, 3, tzinfo=UTC)


@pytest.fixture
def book(db: None, owner: Any) -> None:
    make_paid()
    AIProviderConfig.objects.create(provider="other", name="Other")
    rows: list[dict[str, Any]] = [
        {"state": "settled", "estimate": "0.03", "cost": "0.0299", "item": "one", "actor": owner},
        {
            "state": "settled",
            "estimate": "0.35",
            "cost": "0.35",
            "item": "two",
            "kind": "clip",
            "model": "gen4_turbo",
        },
        {"state": "refused", "estimate": "0.03", "cost": "0", "item": "one"},
        {"state": "refused", "estimate": "0.03", "cost": "0.03", "item": "one"},
        {"state": "reserved", "estimate": "0.03", "item": "three"},
        {"state": "sending", "estimate": "0.03", "item": "three"},
        {
            "state": "accepted",
            "estimate": "0.35",
            "quote": "0.40",
            "item": "two",
            "kind": "clip",
            "model": "gen4_turbo",
        },
        {
            "state": "unclear",
            "estimate": "0.03",
            "item": "three",
            "reserved_at": AT.replace(day=11),
        },
        {"state": "written_off", "estimate": "0.03", "cost": "0.03", "item": "three"},
        {
            "state": "settled",
            "estimate": "1.00",
            "cost": "1.00",
            "subject": "other story",
            "provider_id": "other",
        },
    ]
    for n, row in enumerate(rows):
        common = {
            "provider_id": "paid",
            "kind": "image",
            "subject": "story",
            "key": str(n),
            "request_hash": "",
            "unit_price": 1,
            "units": 1,
            "reserved_at": AT,
        }
        ProviderCall.objects.create(**(common | row))


STORY = Totals(
    estimate=Decimal("0.8500"),
    reserved=Decimal("0.0300"),
    actual=Decimal("0.4399"),
    at_risk=Decimal("0.4600"),
    calls=9,
)


@pytest.mark.usefixtures("book")
def test_totals_of_a_story(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        found = totals(subject="story")
    assert found == STORY
    assert found.counted == Decimal("0.9299")
    with django_assert_num_queries(1):
        assert counted(subject="story") == found.counted


@pytest.mark.usefixtures("book")
def test_counted_agrees_with_the_rows(db: None) -> None:
    assert (
        counted() == sum(call.counted for call in ProviderCall.objects.all()) == Decimal("1.9299")
    )


@pytest.mark.usefixtures("book")
def test_totals_of_nothing(db: None) -> None:
    assert totals(subject="nobody") == Totals()
    assert counted(subject="nobody") == Decimal(0)


@pytest.mark.usefixtures("book")
def test_by_item_and_kind(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        found = breakdown("item", "kind", subject="story")
    assert {key: (sums.actual, sums.at_risk, sums.calls) for key, sums in found.items()} == {
        ("one", "image"): (Decimal("0.0599"), Decimal(0), 3),
        ("three", "image"): (Decimal("0.0300"), Decimal("0.0600"), 4),
        ("two", "clip"): (Decimal("0.3500"), Decimal("0.4000"), 2),
    }


@pytest.mark.usefixtures("book")
def test_by_provider_person_and_model(owner: Any) -> None:
    assert {key: sums.calls for key, sums in breakdown("provider").items()} == {
        "other": 1,
        "paid": 9,
    }
    assert {key: sums.actual for key, sums in breakdown("actor", subject="story").items()} == {
        None: Decimal("0.4100"),
        owner.pk: Decimal("0.0299"),
    }
    assert {key: sums.calls for key, sums in breakdown("model").items()} == {"": 8, "gen4_turbo": 2}


@pytest.mark.usefixtures("book")
def test_by_day_of_the_studio(db: None) -> None:
    with timezone.override("Asia/Seoul"):
        assert {day: sums.calls for day, sums in daily(since=AT.replace(day=1)).items()} == {
            date(2026, 11, 10): 9,
            date(2026, 11, 11): 1,
        }
    assert {day: sums.calls for day, sums in daily(since=AT.replace(day=11)).items()} == {
        date(2026, 11, 11): 1
    }
    assert daily(since=AT.replace(day=1), before=AT) == {}


@pytest.mark.slow
def test_ten_thousand_small_amounts_are_exact(db: None) -> None:
    make_paid()
    ProviderCall.objects.bulk_create(
        ProviderCall(
            provider_id="paid",
            kind="image",
            key=str(n),
            state="settled",
            request_hash="",
            unit_price=1,
            units=1,
            estimate=Decimal("0.0001"),
            cost=Decimal("0.0333"),
        )
        for n in range(10_000)
    )
    assert totals().actual == Decimal("333.0000")
    assert totals().estimate == Decimal("1.0000")
