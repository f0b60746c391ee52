"""The usage that a provider reports against the sums of the ledger."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from runwayml import RunwayML

from providers.errors import Forbidden, Invalid, KeyRefused, Later
from providers.models import AIProviderConfig, Bill, ProviderCall
from providers.services import reported_usage
from tests.fakes.runway import Runway
from tests.fakes.server import Reply
from tests.providers.conftest import Clock
from tests.providers.real import CLIP, IMAGE, Real, configure, put_picture, specs

DAY = date(2026, 11, 10)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


@pytest.fixture
def runway(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"runway_ml": Runway.key}
    with Runway() as fake:
        configure("runway_ml", fake)
        put_picture()
        yield Real("runway_ml", fake, clock)


@pytest.fixture
def mina(db: None) -> User:
    return User.objects.create_superuser("mina")


def buy(runway: Real) -> tuple[ProviderCall, ProviderCall]:
    """A picture and a clip, both at noon of the day."""
    runway.finish(IMAGE, key="picture")
    runway.finish(CLIP, key="clip")
    ProviderCall.objects.update(sending_at=NOON)
    for task in runway.fake.tasks.values():  # type: ignore[attr-defined]
        task.created = NOON.timestamp()
    return ProviderCall.objects.get(key="picture"), ProviderCall.objects.get(key="clip")


def ask(runway: Real, actor: User, first: date = DAY, last: date = DAY) -> Bill:
    return reported_usage.ask(runway.config, actor=actor, first=first, last=last)


def by_model(found: reported_usage.Comparison) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    return {row.model: (row.billed, row.booked) for row in found.sums}


@pytest.mark.moderate
def test_usage_that_agrees(runway: Real, mina: User) -> None:
    picture, clip = buy(runway)
    bill = ask(runway, mina, DAY - timedelta(days=89))
    asked = runway.fake.asked[-1]
    assert (asked.path, asked.json) == (
        "/v1/organization/usage",
        {"startDate": "2026-08-13", "beforeDate": "2026-11-11"},
    )
    assert (bill.source, bill.total, bill.imported_by) == ("usage", runway.fake.charged, mina)
    found = reported_usage.compare(bill)
    assert by_model(found) == {
        picture.model: (picture.cost, picture.cost),
        clip.model: (clip.cost, clip.cost),
    }
    assert (found.agrees, found.billed, len(found.matched)) == (True, runway.fake.charged, 2)
    assert runway.fake.paid == 2  # the question is free


@pytest.mark.moderate
def test_what_differs_and_what_only_one_of_the_two_knows(runway: Real, mina: User) -> None:
    picture, clip = buy(runway)
    picture.cost, clip.model = Decimal("0.04"), "gen5"
    picture.save()
    clip.save()
    found = reported_usage.compare(ask(runway, mina))
    assert by_model(found) == {
        picture.model: (Decimal("0.05"), Decimal("0.04")),
        "gen4_turbo": (clip.cost, None),
        "gen5": (None, clip.cost),
    }
    assert (found.agrees, found.billed - found.booked) == (False, Decimal("0.01"))
    assert len(found.differing) == 3


@pytest.mark.moderate
def test_calls_of_other_days_and_free_ones_are_not_compared(runway: Real, mina: User) -> None:
    picture, clip = buy(runway)
    ProviderCall.objects.filter(pk=clip.pk).update(sending_at=NOON + timedelta(hours=12))
    ProviderCall.objects.filter(pk=picture.pk).update(
        state="refused", cost=None, sending_at=NOON + timedelta(hours=11, minutes=59)
    )
    found = reported_usage.compare(ask(runway, mina))
    assert {row.booked for row in found.sums} == {None}
    ProviderCall.objects.filter(pk=picture.pk).update(state="unclear")
    found = reported_usage.compare(Bill.objects.get())
    assert by_model(found)[picture.model] == (Decimal("0.05"), Decimal("0.05"))


@pytest.mark.moderate
def test_our_models_that_are_one_at_the_provider_are_added_up(runway: Real, mina: User) -> None:
    picture, clip = buy(runway)
    ProviderCall.objects.filter(pk=picture.pk).update(model="veo3.1")
    ProviderCall.objects.filter(pk=clip.pk).update(model="veo3.1-sound")
    found = reported_usage.compare(ask(runway, mina))
    assert by_model(found)["veo3.1"] == (None, runway.fake.charged)


def test_refunds_of_a_day_may_be_more_than_its_charges(runway: Real, mina: User) -> None:
    day = {"date": "2026-11-10", "usedCredits": [{"model": "gen4.5", "amount": -120}]}
    answer(runway, Reply(200, {"results": [day], "models": ["gen4.5"]}))
    bill = ask(runway, mina)
    assert bill.total == Decimal("-1.20")
    assert by_model(reported_usage.compare(bill)) == {"gen4.5": (Decimal("-1.20"), None)}


@pytest.mark.moderate
def test_same_answer_is_the_same_bill(runway: Real, mina: User) -> None:
    picture, _clip = buy(runway)
    assert ask(runway, mina) == ask(runway, mina)
    runway.fake.charges[picture.task_id].usd = Decimal(0)  # given back later
    ask(runway, mina)
    ask(runway, mina, DAY - timedelta(days=1))
    assert Bill.objects.count() == 3


def test_days_without_usage_agree(runway: Real, mina: User) -> None:
    bill = ask(runway, mina)
    assert (bill.lines, bill.total, bill.first_day, bill.last_day) == ([], 0, DAY, DAY)
    assert reported_usage.compare(bill).agrees


@pytest.mark.moderate
def test_queries_are_constant(runway: Real, mina: User, django_assert_num_queries: Any) -> None:
    buy(runway)
    pk = ask(runway, mina).pk
    bill = Bill.objects.select_related("provider").get(pk=pk)
    with django_assert_num_queries(2):
        reported_usage.compare(bill)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (DAY, DAY - timedelta(days=1), "after the last day"),
        (DAY - timedelta(days=90), DAY, "at most 90 days"),
        (date(1999, 12, 1), date(1999, 12, 2), "at most 90 days"),
    ],
)
def test_days_that_cannot_be_asked_for(
    runway: Real, mina: User, first: date, last: date, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        ask(runway, mina, first, last)
    assert not runway.fake.asked


def test_today_is_not_over(runway: Real, mina: User, clock: Clock) -> None:
    today = reported_usage.last_day() + timedelta(days=1)
    with pytest.raises(Invalid, match="The last day that is over"):
        ask(runway, mina, today, today)
    clock.forward(days=1)
    assert ask(runway, mina, today, today).first_day == today


def test_provider_that_does_not_report_says_so(runway: Real, mina: User) -> None:
    config = AIProviderConfig.objects.get(provider="stability_ai")
    with pytest.raises(Invalid, match="Stability AI does not report its usage"):
        reported_usage.ask(config, actor=mina, first=DAY, last=DAY)
    kinds = {row.kind for row in AIProviderConfig.objects.all() if reported_usage.is_reported(row)}
    assert kinds == {"runway_ml"}


def test_only_who_may_import_bills(runway: Real) -> None:
    with pytest.raises(Forbidden):
        ask(runway, User.objects.create_user("juno"))
    assert not runway.fake.asked


def answer(runway: Real, reply: Reply) -> None:
    runway.fake.usage = lambda _asked: reply  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        {},
        {"results": [{"date": "yesterday", "usedCredits": []}]},
        {"results": [{"date": "2026-11-10", "usedCredits": [{"model": "a", "amount": "many"}]}]},
        {"results": [{"date": "2026-11-10", "usedCredits": [{"model": "a", "amount": 10**15}]}]},
        {"results": [{"date": "2026-11-10", "usedCredits": [{"amount": 5}]}]},
    ],
)
def test_answer_that_cannot_be_read_is_no_bill(runway: Real, mina: User, body: Any) -> None:
    answer(runway, Reply(200, body))
    with pytest.raises(Later, match="does not tell its usage"):
        ask(runway, mina)
    assert not Bill.objects.exists()


def test_refused_key_and_outage(runway: Real, mina: User, settings: Any) -> None:
    answer(runway, Reply(503, {"error": "Service unavailable"}))
    with pytest.raises(Later, match="Service unavailable"):
        ask(runway, mina)
    del runway.fake.usage  # type: ignore[attr-defined]
    settings.PROVIDER_KEYS = {"runway_ml": "key_wrong"}
    with pytest.raises(KeyRefused):
        ask(runway, mina)


@pytest.mark.moderate
def test_official_client_and_specification_accept_the_fake(runway: Real) -> None:
    picture, clip = buy(runway)
    client = RunwayML(api_key=Runway.key, base_url=runway.fake.url, max_retries=0)
    usage = client.organization.retrieve_usage(start_date=DAY, before_date=DAY + timedelta(days=1))
    client.close()
    (day,) = usage.results
    assert (day.date, {one.model: one.amount for one in day.used_credits}) == (
        DAY,
        {picture.model: picture.cost * 100, clip.model: clip.cost * 100},  # type: ignore[operator]
    )
    if (file := specs("runway-openapi-2026-08-08.json")) is not None:
        content = json.loads(file.read_text())["paths"]["/v1/organization/usage"]["post"]
        schema = content["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(schema).validate(usage.to_dict(mode="json"))
