"""Budgets and limits: counted over the rows, judged under a lock, so that they hold over all
workers at once.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.clock import database_now
from providers.adapters import Accepted, Bytes, Result
from providers.calls import Pending, Ready, advance, limits
from providers.enums import CallState, Refusal
from providers.errors import NotNow, ProviderError, Refused, Unclear
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from providers.requests import ImageRequest
from tests.moments import SLACK
from tests.pictures import picture
from tests.providers.conftest import Clock, make_paid
from tests.providers.scripted import Script


def go(key: str, *, subject: str = "story", **more: Any) -> Ready | Pending:
    return advance(ImageRequest(prompt=key), provider="paid", key=key, subject=subject, **more)


def denied(key: str, **more: Any) -> NotNow:
    with pytest.raises(NotNow) as not_now:
        go(key, **more)
    return not_now.value


def configure(**values: Any) -> None:
    AIProviderConfig.objects.filter(provider="paid").update(**values)


# --- budgets


def test_budget_of_the_story_stops_the_call_that_would_go_over(
    paid: AIProviderConfig, script: Script
) -> None:
    go("a", subject_budget=Decimal("0.06"))
    go("b", subject_budget=Decimal("0.06"))
    stop = denied("c", subject_budget=Decimal("0.06"))
    assert stop.wait == "budget"
    assert (
        str(stop)
        == "The story's budget, or what its project has left, is 0.06 USD and does not allow 0.03 "
        "more; 0.06 are spent or bound."
    )
    assert ProviderCall.objects.count() == 2
    assert isinstance(go("c", subject_budget=Decimal("0.09")), Ready)
    assert isinstance(go("d", subject="another story", subject_budget=Decimal("0.03")), Ready)


def test_budget_of_the_provider_counts_this_month_only(
    paid: AIProviderConfig, script: Script
) -> None:
    configure(monthly_budget=Decimal("0.05"))
    go("a")
    assert denied("b").wait == "budget"
    ProviderCall.objects.update(reserved_at=timezone.now() - timedelta(days=32))
    assert isinstance(go("b"), Ready)


def test_budget_of_the_house_counts_all_providers(paid: AIProviderConfig, script: Script) -> None:
    OrganizationBudget.objects.update(monthly_budget=Decimal("0.05"))
    go("a")
    assert str(denied("b")) == (
        "This month's organization budget of 0.05 USD does not allow 0.03 more; 0.03 "
        "are spent or bound."
    )
    assert isinstance(
        advance(
            ImageRequest(prompt="free", width=64, height=64),
            provider="local",
            key="free",
            subject="story",
        ),
        Ready,
    )


@pytest.mark.parametrize(
    ("answer", "state", "counts"),
    [
        (Accepted("t", poll_in=60), CallState.ACCEPTED, True),
        (Unclear("?"), CallState.UNCLEAR, True),
        (Refused("no", kind=Refusal.INVALID), CallState.REFUSED, False),
        (Refused("no", kind=Refusal.FAILED, cost=Decimal("0.03")), CallState.REFUSED, True),
        (Result(media=Bytes(picture()), cost=Decimal("0.03")), CallState.SETTLED, True),
        (Result(media=Bytes(picture()), cost=Decimal("0.01")), CallState.SETTLED, False),
    ],
)
def test_budget_counts_what_is_or_may_be_paid(
    answer: Any, state: str, *, counts: bool, paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [answer, Result(media=Bytes(picture()), cost=Decimal("0.03"))]
    try:
        go("a")
    except ProviderError:
        pass
    assert ProviderCall.objects.get().state == state
    if counts:
        denied("b", subject_budget=Decimal("0.05"))
    else:
        go("b", subject_budget=Decimal("0.05"))


def test_quote_of_the_provider_counts_over_our_estimate(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Accepted("t", poll_in=60, quote=Decimal("0.50"))]
    go("a")
    denied("b", subject_budget=Decimal("0.50"))


def test_month_begins_in_the_time_zone_of_the_studio() -> None:
    from providers.ledger import month_start

    with timezone.override("Asia/Seoul"):
        assert month_start(datetime(2026, 11, 30, 15, 0, tzinfo=UTC)) == datetime(
            2026, 11, 30, 15, 0, tzinfo=UTC
        )  # 1 December in Seoul
        assert month_start(datetime(2026, 11, 30, 14, 59, tzinfo=UTC)) == datetime(
            2026, 10, 31, 15, 0, tzinfo=UTC
        )


# --- limits


def test_calls_a_minute(paid: AIProviderConfig, script: Script, clock: Clock) -> None:
    configure(rate_limit_per_minute=2)
    since = timezone.now()
    go("a")
    first_until = timezone.now()
    clock.forward(seconds=20)
    go("b")
    stop = denied("c")
    assert stop.wait == "rate_limit"
    minute = timedelta(minutes=1)
    assert since + minute - SLACK <= stop.until <= first_until + minute + timedelta(seconds=1)
    assert ProviderCall.objects.count() == 2
    clock.forward(seconds=10)
    denied("c")
    clock.forward(seconds=31)
    assert isinstance(go("c"), Ready)
    denied("d")


def test_calls_an_hour(paid: AIProviderConfig, script: Script, clock: Clock) -> None:
    configure(rate_limit_per_hour=1)
    since = timezone.now()
    go("a")
    first_until = timezone.now()
    clock.forward(minutes=59)
    hour = timedelta(hours=1)
    until = denied("b").until
    assert since + hour - SLACK <= until <= first_until + hour + timedelta(seconds=1)
    clock.forward(minutes=1, seconds=1)
    assert isinstance(go("b"), Ready)


@pytest.mark.parametrize(
    "ahead", [timedelta(seconds=61), timedelta(hours=1), timedelta(seconds=-61)]
)
def test_limits_go_by_the_database_whatever_the_host_says(
    ahead: timedelta, paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(rate_limit_per_hour=2)
    go("a")
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + ahead)  # the next worker's host
    go("b")
    stop = denied("c")
    assert timedelta(minutes=59) < stop.until - database_now() <= timedelta(minutes=60)


def test_limit_of_nothing_lets_nothing_through(paid: AIProviderConfig, script: Script) -> None:
    configure(rate_limit_per_minute=0)
    denied("a")


def test_what_was_never_sent_uses_up_no_limit(paid: AIProviderConfig, script: Script) -> None:
    configure(rate_limit_per_minute=1)
    go("a")
    ProviderCall.objects.update(state=CallState.REFUSED, sending_at=None)
    assert isinstance(go("b"), Ready)


def test_calls_at_once(paid: AIProviderConfig, script: Script) -> None:
    configure(max_concurrent=2)
    script.submit = [
        Accepted("t1", poll_in=0),
        Accepted("t2", poll_in=60),
        Accepted("t3", poll_in=60),
    ]
    script.poll = [Result(media=Bytes(picture()))]
    go("a")
    go("b")
    stop = denied("c")
    assert (stop.wait, str(stop)) == (
        "rate_limit",
        "Paid: 2 calls run at once; waits for one to end.",
    )
    assert isinstance(go("a"), Ready)
    assert isinstance(go("c"), Pending)


def test_unclear_call_holds_no_place(paid: AIProviderConfig, script: Script) -> None:
    configure(max_concurrent=1)
    script.submit = [Unclear("?"), *script.submit]
    with pytest.raises(Unclear):
        go("a")
    assert isinstance(go("b"), Ready)


def test_those_who_wait_come_back_one_after_the_other(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(max_concurrent=0)
    now = timezone.now()
    monkeypatch.setattr(
        limits, "database_now", lambda: now
    )  # on a busy machine a try may take longer than a turn
    turns = [denied(f"k{n}").until for n in range(5)]
    assert [later - sooner for sooner, later in pairwise(turns)] == [timedelta(milliseconds=50)] * 4


def test_slots_never_lie_far_ahead(paid: AIProviderConfig, script: Script) -> None:
    configure(max_concurrent=0, next_slot_at=timezone.now() + timedelta(hours=3))
    assert denied("a").until <= timezone.now() + timedelta(minutes=2)


def test_reserved_and_found_again_asks_for_the_limits_anew(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    configure(rate_limit_per_minute=1)
    go("a")
    ProviderCall.objects.update(state=CallState.RESERVED, sending_at=None, key="found")
    ProviderCall.objects.update(
        request={"kind": "image", "prompt": "found"}, request_hash=_hash("found"), result=None
    )
    clock.forward(minutes=5)
    go("b")
    denied("found")
    clock.forward(minutes=1, seconds=1)
    assert isinstance(go("found"), Ready)


def _hash(prompt: str) -> str:
    from providers.requests import hash_of

    return hash_of(ImageRequest(prompt=prompt))


# --- all at once


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Run `work(n)` in so many threads that begin together, each with its own connection."""
    gate = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(n: int) -> None:
        gate.wait()
        try:
            work(n)
        except BaseException as error:  # noqa: BLE001  told to the test below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["story", "provider", "organization_budget"])
def test_fifty_calls_at_once_against_a_budget_for_seven_make_seven(
    where: str, script: Script
) -> None:
    make_paid(monthly_budget=Decimal("0.23") if where == "provider" else None)
    OrganizationBudget.objects.update(
        monthly_budget=Decimal("0.23") if where == "organization_budget" else None
    )
    outcomes: list[str] = []

    def work(n: int) -> None:
        try:
            go(f"k{n}", subject_budget=Decimal("0.23") if where == "story" else None)
            outcomes.append("made")
        except NotNow as stop:
            outcomes.append(stop.wait)

    at_once(50, work)
    assert sorted(outcomes) == ["budget"] * 43 + ["made"] * 7
    assert len(script.submitted) == 7
    assert ProviderCall.objects.filter(state="settled").count() == ProviderCall.objects.count() == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["rate_limit_per_minute", "max_concurrent"])
@pytest.mark.moderate
def test_thirty_calls_at_once_against_a_limit_of_five_make_five(limit: str, script: Script) -> None:
    make_paid(**{limit: 5})
    script.submit = [Accepted(f"t{n}", poll_in=600) for n in range(30)]
    outcomes: list[str] = []

    def work(n: int) -> None:
        try:
            go(f"k{n}")
            outcomes.append("made")
        except NotNow as stop:
            outcomes.append(stop.wait)

    at_once(30, work)
    assert sorted(outcomes) == ["made"] * 5 + ["rate_limit"] * 25
    assert len(script.submitted) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_twenty_calls_at_once_with_one_key_are_one_call(script: Script) -> None:
    make_paid()
    answers: list[Ready | Pending] = []
    at_once(20, lambda _: answers.append(go("same")))
    assert len(script.submitted) == 1
    assert ProviderCall.objects.count() == 1
    assert len(answers) == 20
    assert isinstance(go("same"), Ready)
