"""Right before the bytes leave: the price that a person confirmed, the caller's right to act, the
time, the pause.
"""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from providers import before_sending
from providers.adapters import Accepted, Bytes, Result
from providers.calls import Pending, Ready, advance, attempt_no_of, reserving, sending
from providers.client import ProviderClient
from providers.enums import CallState, Refusal
from providers.errors import NotNow, PriceAboveConfirmed, Refused
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from providers.requests import ImageRequest
from providers.signals import capacity_freed
from tests.fakes.stability import Stability
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.real import IMAGE, KEYS, configure
from tests.providers.scripted import Script

REQUEST = ImageRequest(prompt="바다", prompt_en="sea", seed=7)


class LostError(Exception):
    """The caller's lease is somebody else's by now."""


def lost() -> None:
    raise LostError


def go(request: Any = REQUEST, key: str = "k", **more: Any) -> Ready | Pending:
    return advance(
        request, provider="paid", key=key, **({"subject": "story", "item": "scene"} | more)
    )


def configure_paid(**values: Any) -> None:
    AIProviderConfig.objects.filter(provider="paid").update(**values)


def state() -> tuple[str, str, Decimal | None, Any]:
    call = ProviderCall.objects.get()
    return call.state, call.refusal, call.cost, call.sending_at


# --- the confirmed price


@pytest.mark.parametrize("limit", ["0.03", "0.04", None])
def test_price_up_to_the_confirmed_one_is_paid(
    limit: str | None, paid: AIProviderConfig, script: Script
) -> None:
    ready = go(price_limit=None if limit is None else Decimal(limit))
    assert isinstance(ready, Ready)
    assert (ready.call.cost, ready.call.price_limit) == (
        Decimal("0.03"),
        None if limit is None else Decimal(limit),
    )


def test_price_above_the_confirmed_one_reserves_nothing_and_says_both(
    paid: AIProviderConfig, script: Script
) -> None:
    configure_paid(cost_per_image=Decimal("3.00"))
    with pytest.raises(
        PriceAboveConfirmed, match=r"It costs 3 USD now, and 0\.03 USD were confirmed\."
    ) as stop:
        go(price_limit=Decimal("0.03"))
    assert (stop.value.amount, stop.value.limit, stop.value.code) == (
        Decimal("3.00"),
        Decimal("0.03"),
        "price_above_confirmed",
    )
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)
    assert isinstance(go(price_limit=Decimal("3.00")), Ready)


def test_call_that_was_reserved_before_keeps_to_the_newer_confirmation(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserved_and_lost(monkeypatch)
    with pytest.raises(PriceAboveConfirmed):
        go(price_limit=Decimal("0.02"))
    assert (state(), script.submitted) == (("refused", "cancelled", Decimal(0), None), [])
    assert isinstance(go(price_limit=Decimal("0.03")), Ready)


# --- one key, one undecided call


def test_work_that_is_asked_for_again_after_its_end_is_made_again(
    paid: AIProviderConfig, script: Script
) -> None:
    first = go()
    assert isinstance(first, Ready)
    assert attempt_no_of("k") == 1
    again = go(after=1)
    assert isinstance(again, Ready)
    assert (again.call.attempt_no, again.call.pk != first.call.pk, len(script.submitted)) == (
        2,
        True,
        2,
    )
    same = go(after=1)
    assert isinstance(same, Ready)
    assert (same.call.pk, len(script.submitted)) == (again.call.pk, 2)


def test_refused_words_are_sent_again_when_a_person_asks_anew(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [
        Refused("No.", kind=Refusal.MODERATED),
        Result(media=Bytes(picture()), cost=Decimal("0.03")),
    ]
    for _ in range(2):
        with pytest.raises(Refused):
            go()
    assert isinstance(go(after=attempt_no_of("k")), Ready)
    assert len(script.submitted) == 2


@pytest.mark.parametrize("answer", [Accepted("t", poll_in=60)])
def test_second_order_of_work_that_is_out_goes_on_with_it(
    answer: Any, paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [answer]
    go()
    again = go(ImageRequest(prompt="other words by now"), after=1)
    assert isinstance(again, Pending)
    assert (again.call.attempt_no, len(script.submitted)) == (1, 1)


# --- the caller's right to act


def reserved_and_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker died after it had reserved the money."""

    def die(name: str) -> None:
        if name == "reserved":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reserving, "hit", die)
        with pytest.raises(KeyboardInterrupt):
            go()


def test_who_may_not_act_reserves_nothing(paid: AIProviderConfig, script: Script) -> None:
    with pytest.raises(LostError):
        go(hold=lost)
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)


@pytest.mark.parametrize("at", [2, 3], ids=["beginning to send", "right before the bytes"])
def test_who_may_not_act_any_more_sends_nothing(
    at: int, paid: AIProviderConfig, script: Script
) -> None:
    looks: list[int] = []

    def hold() -> None:
        looks.append(1)
        assert transaction.get_connection().in_atomic_block
        if len(looks) == at:
            raise LostError

    with pytest.raises(LostError):
        go(hold=hold)
    assert (state(), script.submitted) == (("refused", "cancelled", Decimal(0), None), [])
    assert isinstance(go(hold=lambda: None), Ready)


def when(point: str, change: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Something happens while the sender stands still at this point."""
    for module in (reserving, sending):
        monkeypatch.setattr(module, "hit", lambda name: change() if name == point else None)


def test_nothing_is_sent_after_a_cancel(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = threading.Event()
    when("reserved", cancelled.set, monkeypatch)
    with pytest.raises(Refused) as refused:
        go(should_stop=cancelled.is_set)
    assert (refused.value.kind, str(refused.value)) == (
        Refusal.CANCELLED,
        "It was stopped before it was sent.",
    )
    assert (state(), script.submitted) == (("refused", "cancelled", Decimal(0), None), [])


def test_nothing_is_sent_after_a_cancel_while_it_is_being_sent(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = threading.Event()
    when("sending", cancelled.set, monkeypatch)
    with pytest.raises(Refused):
        go(should_stop=cancelled.is_set)
    assert (state(), script.submitted) == (("refused", "cancelled", Decimal(0), None), [])


@pytest.mark.parametrize("point", ["reserved", "sending"])
@pytest.mark.parametrize(
    "change", [{"is_paused": True, "pause_reason": "bill"}, {"is_active": False}]
)
def test_nothing_is_sent_after_a_pause(
    point: str,
    change: dict[str, Any],
    paid: AIProviderConfig,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        when(point, lambda: configure_paid(**change), patch)
        with pytest.raises(NotNow) as stop:
            go()
    assert (stop.value.wait, script.submitted) == ("provider", [])
    configure_paid(is_paused=False, is_active=True)
    assert isinstance(go(), Ready)
    assert len(script.submitted) == 1


def test_nothing_is_sent_after_its_time(
    paid: AIProviderConfig, script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    when("sending", lambda: clock.forward(seconds=31), monkeypatch)
    with pytest.raises(Refused, match="its time to be sent was over"):
        go()
    assert (state(), script.submitted) == (("refused", "cancelled", Decimal(0), None), [])


@pytest.mark.parametrize(
    ("decided", "then"),
    [
        ({"state": CallState.UNCLEAR}, ("refused", "cancelled", Decimal(0), None)),
        ({"state": CallState.WRITTEN_OFF, "cost": Decimal("0.03")}, None),
    ],
)
def test_sender_that_stood_still_sees_that_others_have_decided(
    decided: dict[str, Any],
    then: Any,
    paid: AIProviderConfig,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    when("sending", lambda: ProviderCall.objects.update(**decided), monkeypatch)
    with pytest.raises(Refused):
        go()
    assert script.submitted == []
    assert then is None or state() == then


@pytest.mark.django_db(transaction=True)
def test_job_of_an_unclear_call_is_told_that_nothing_was_sent(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender knows it when it goes on; until then a person was asked, who has nothing to decide
    any more.
    """
    items: list[str] = []

    def listen(item: str, **_: Any) -> None:
        items.append(item)

    capacity_freed.connect(listen)
    try:
        when("sending", lambda: ProviderCall.objects.update(state=CallState.UNCLEAR), monkeypatch)
        with pytest.raises(Refused):
            go()
    finally:
        capacity_freed.disconnect(listen)
    assert (state()[0], items, script.submitted) == ("refused", ["scene"], [])


# --- over HTTP: after the connection stands, before the first byte


@pytest.fixture
def stability(settings: Any, db: None) -> Any:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    OrganizationBudget.objects.get_or_create(pk=1)
    with Stability() as fake:
        configure("stability_ai", fake, settings={"send_timeout": 2})
        yield fake


def test_sender_that_stood_still_while_it_connected_sends_nothing(
    stability: Stability, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look is the last thing before the bytes: here the time runs out after everything
    else has been done.
    """
    look, looks = before_sending.last_look, []

    def late_look(read: float = 0.0) -> None:
        looks.append(read)
        if len(looks) == 2:
            clock.forward(minutes=2)
        look(read)

    monkeypatch.setattr("providers.client.last_look", late_look)
    monkeypatch.setattr(before_sending, "last_look", late_look)
    with pytest.raises(Refused, match="its time to be sent was over"):
        advance(IMAGE, provider="stability_ai", key="k", subject="story", item="scene")
    assert looks == [0.0, 2.0]
    assert (stability.paid, stability.orders) == (0, [])
    assert state() == ("refused", "cancelled", Decimal(0), None)


def test_answer_must_be_able_to_come_before_the_sender_counts_as_lost(
    stability: Stability, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds for the answer, 77 in all: at 76 it is too late to send."""
    post_once = ProviderClient.post_once

    def slow(self: ProviderClient, path: str, *, read: float, **body: Any) -> Any:
        clock.forward(seconds=76)
        return post_once(self, path, read=read, **body)

    monkeypatch.setattr(ProviderClient, "post_once", slow)
    with pytest.raises(Refused, match="its time to be sent was over"):
        advance(IMAGE, provider="stability_ai", key="k", subject="story", item="scene")
    assert (stability.paid, stability.orders) == (0, [])


def test_limits_do_not_count_what_was_not_sent(
    paid: AIProviderConfig, script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_paid(rate_limit_per_minute=1)
    with monkeypatch.context() as patch:
        when("sending", lambda: clock.forward(seconds=31), patch)
        with pytest.raises(Refused):
            go()
    assert isinstance(go(), Ready)


def test_call_that_is_readmitted_does_not_count_itself(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_paid(rate_limit_per_minute=1, rate_limit_per_hour=1, max_concurrent=1)
    reserved_and_lost(monkeypatch)
    assert isinstance(go(), Ready)
    assert (ProviderCall.objects.count(), len(script.submitted)) == (1, 1)


def test_budget_is_read_under_the_lock(paid: AIProviderConfig, script: Script) -> None:
    asked: list[bool] = []

    def budget() -> Decimal:
        asked.append(transaction.get_connection().in_atomic_block)
        return Decimal("0.01")

    with pytest.raises(NotNow) as stop:
        go(subject_budget=budget)
    assert (stop.value.wait, asked, script.submitted) == ("budget", [True], [])
