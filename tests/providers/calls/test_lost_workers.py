"""Workers that die or freeze in the middle of a call, and what the next one finds."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from providers import requests as asked
from providers.adapters import Accepted, Bytes, CallContext, Result
from providers.calls import Pending, Ready, advance, collect, outcomes, reconcile
from providers.enums import CallState, Refusal
from providers.errors import Refused, Unclear
from providers.models import AIProviderConfig, CallEvent, ProviderCall
from providers.requests import ImageRequest
from providers.signals import result_recorded
from tests.moments import is_due
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.scripted import Script

REQUEST = ImageRequest(prompt="sea", width=64, height=64)
ANSWER = Result(media=Bytes(picture()), cost=Decimal("0.03"))


def go(provider: str = "paid", **more: Any) -> Ready | Pending:
    return advance(REQUEST, provider=provider, key="k", subject="story", item="scene", **more)


class Died(BaseException):
    """The process ended here."""


def die() -> None:
    raise Died


def lost_while_sending(script: Script) -> ProviderCall:
    rest, script.submit = script.submit, [die]
    with pytest.raises(Died):
        go()
    script.submit = rest
    return ProviderCall.objects.get()


def test_found_in_sending_is_left_alone_while_its_sender_may_live(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    lost_while_sending(script)
    clock.forward(seconds=29)
    pending = go()
    assert isinstance(pending, Pending)
    assert str(pending.note) == "It is being sent."
    assert ProviderCall.objects.get().state == CallState.SENDING


def test_found_in_sending_becomes_unclear_and_is_never_sent_again(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    lost_while_sending(script)
    clock.forward(seconds=36)
    for _ in range(2):
        with pytest.raises(Unclear, match="lost before the answer was written down"):
            go()
    assert len(script.submitted) == 1
    call = ProviderCall.objects.get()
    assert (call.state, call.counted) == (CallState.UNCLEAR, Decimal("0.03"))
    assert [e.name for e in CallEvent.objects.filter(call=call)] == ["reserve", "send", "unclear"]


def test_local_call_found_in_sending_is_made_again(db: None) -> None:
    call = ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        key="k",
        subject="story",
        item="scene",
        state=CallState.SENDING,
        request=asked.to_json(REQUEST),
        request_hash=asked.hash_of(REQUEST),
        unit_price=0,
        units=1,
        estimate=0,
    )
    ready = go("local")
    assert isinstance(ready, Ready)
    assert ready.call.attempt_no == 2
    call.refresh_from_db()
    assert (call.state, call.refusal, str(call.note)) == (
        CallState.REFUSED,
        Refusal.FAILED,
        "The worker that made it was lost; it is made again.",
    )


def test_reserved_and_lost_is_sent_by_the_next_worker(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            "providers.calls.reserving.hit", lambda name: die() if name == "reserved" else None
        )
        with pytest.raises(Died):
            go()
    assert ProviderCall.objects.get().state == CallState.RESERVED
    ready = go()
    assert isinstance(ready, Ready)
    assert ready.call.attempt_no == 1
    assert len(script.submitted) == 1


def test_accepted_and_lost_is_asked_for_by_its_task_id(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.submit, script.poll = [Accepted("task-9", poll_in=0)], [ANSWER]
    with monkeypatch.context() as patch:
        patch.setattr(
            "providers.calls.sending.hit", lambda name: die() if name == "accepted" else None
        )
        with pytest.raises(Died):
            go()
    assert isinstance(go(), Ready)
    assert (len(script.submitted), script.polled) == (1, ["task-9"])


@pytest.mark.parametrize("point", ["polling", "polled", "fetching", "stored"])
def test_lost_while_polling_or_fetching_goes_on_from_there(
    point: str,
    paid: AIProviderConfig,
    script: Script,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script.submit, script.poll = [Accepted("t", poll_in=0)], [ANSWER]
    go()
    with monkeypatch.context() as patch:
        for module in ("polling", "outcomes"):
            patch.setattr(
                f"providers.calls.{module}.hit", lambda name: die() if name == point else None
            )
        with pytest.raises(Died):
            go()
    waits = go()
    assert isinstance(waits, Pending)
    clock.forward(seconds=61)
    assert isinstance(go(), Ready)
    assert len(script.submitted) == 1


# --- a frozen sender wakes up


def unclear_call(script: Script, clock: Clock) -> ProviderCall:
    call = lost_while_sending(script)
    clock.forward(seconds=36)
    with pytest.raises(Unclear):
        go()
    call.refresh_from_db()
    return call


def test_late_task_attaches_to_the_unclear_call(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    call = unclear_call(script, clock)
    outcomes.accept(call, Accepted("late", poll_in=0))
    script.poll = [ANSWER]
    ready = go()
    assert isinstance(ready, Ready)
    assert (ready.call.pk, script.polled, len(script.submitted)) == (call.pk, ["late"], 1)


def test_late_result_settles_the_unclear_call(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    call = unclear_call(script, clock)
    outcomes.settle(call, ANSWER, should_stop=lambda: False)
    ready = go()
    assert isinstance(ready, Ready)
    assert (ready.call.cost, len(script.submitted)) == (Decimal("0.03"), 1)


def test_late_task_reopens_a_call_that_a_person_thought_was_not_charged(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    call = unclear_call(script, clock)
    ProviderCall.objects.update(state=CallState.REFUSED, refusal=Refusal.CANCELLED, cost=0)
    outcomes.accept(call, Accepted("late", poll_in=0))
    call.refresh_from_db()
    assert (call.state, call.task_id, call.cost, call.ended_at) == (
        CallState.ACCEPTED,
        "late",
        None,
        None,
    )


def heard_landing() -> tuple[list[ProviderCall], Callable[..., None]]:
    heard: list[ProviderCall] = []

    def hear(call: ProviderCall, **_: object) -> None:
        heard.append(call)

    result_recorded.connect(hear)
    return heard, hear


def test_late_task_beside_a_newer_call_is_asked_for_and_lands(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    call = unclear_call(script, clock)
    ProviderCall.objects.update(state=CallState.REFUSED, refusal=Refusal.CANCELLED, cost=0)
    newer = go()
    assert isinstance(newer, Ready)
    outcomes.accept(call, Accepted("late", poll_in=0, quote=Decimal("0.04")))
    call.refresh_from_db()
    assert (call.state, call.task_id, call.is_late, call.cost, call.counted) == (
        CallState.ACCEPTED,
        "late",
        True,
        None,
        Decimal("0.04"),
    )
    assert (
        str(CallEvent.objects.filter(call=call).last().note) == "A late answer names the task late."
    )  # type: ignore[union-attr]
    script.poll = [Result(media=Bytes(picture("blue")), cost=Decimal("0.02"))]
    heard, hear = heard_landing()
    try:
        assert collect() == 1
    finally:
        result_recorded.disconnect(hear)
    call.refresh_from_db()
    assert (call.state, call.cost, [one.pk for one in heard]) == (
        CallState.SETTLED,
        Decimal("0.02"),
        [call.pk],
    )
    again = go()
    assert isinstance(again, Ready)
    assert (again.call.pk, len(script.submitted)) == (newer.call.pk, 2)


def test_late_task_beside_a_newer_call_that_is_out_is_no_second_undecided_call(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    call = unclear_call(script, clock)
    ProviderCall.objects.update(
        state=CallState.WRITTEN_OFF, cost=Decimal("0.03"), cost_is_estimated=True
    )
    script.submit = [Accepted("newer", poll_in=60)]
    assert isinstance(go(request_no=2), Pending)
    outcomes.accept(call, Accepted("late", poll_in=0))
    script.poll = [Refused("It failed.", kind=Refusal.FAILED, cost=Decimal("0.01"))]
    assert collect() == 0
    call.refresh_from_db()
    assert (call.state, call.cost) == (CallState.REFUSED, Decimal("0.01"))
    pending = go(request_no=2)
    assert isinstance(pending, Pending)
    assert (pending.call.task_id, len(script.submitted)) == ("newer", 2)


def test_late_result_beside_a_newer_call_is_settled_and_lands(
    paid: AIProviderConfig, script: Script, clock: Clock, django_capture_on_commit_callbacks: Any
) -> None:
    call = unclear_call(script, clock)
    ProviderCall.objects.update(state=CallState.WRITTEN_OFF, cost=Decimal("0.03"))
    assert isinstance(go(request_no=2), Ready)
    heard, hear = heard_landing()
    try:
        with django_capture_on_commit_callbacks(execute=True):
            outcomes.settle(
                call,
                Result(media=Bytes(picture("blue")), cost=Decimal("0.02")),
                should_stop=lambda: False,
            )
    finally:
        result_recorded.disconnect(hear)
    call.refresh_from_db()
    assert (call.state, call.cost, call.is_late, [one.pk for one in heard]) == (
        CallState.SETTLED,
        Decimal("0.02"),
        True,
        [call.pk],
    )
    assert call.result is not None


@pytest.mark.parametrize(
    ("decided", "late", "cost"),
    [
        (
            {"state": CallState.REFUSED, "refusal": Refusal.CANCELLED, "cost": 0},
            Decimal("0.03"),
            Decimal("0.03"),
        ),
        (
            {"state": CallState.WRITTEN_OFF, "cost": Decimal("0.03"), "cost_is_estimated": True},
            Decimal("0.01"),
            Decimal("0.01"),
        ),
        (
            {"state": CallState.WRITTEN_OFF, "cost": Decimal("0.03"), "cost_is_estimated": True},
            Decimal(0),
            Decimal(0),
        ),
    ],
)
def test_late_refusal_is_booked_at_what_it_cost(
    decided: dict[str, Any],
    late: Decimal,
    cost: Decimal,
    paid: AIProviderConfig,
    script: Script,
    clock: Clock,
) -> None:
    call = unclear_call(script, clock)
    ProviderCall.objects.update(**decided)
    outcomes.refuse(call, Refused("Blurred, and charged.", kind=Refusal.MODERATED, cost=late))
    call.refresh_from_db()
    assert (call.state, call.cost, call.counted, call.cost_is_estimated) == (
        CallState.REFUSED,
        cost,
        cost,
        False,
    )
    event = CallEvent.objects.filter(call=call).last()
    assert event is not None
    assert (event.name, event.from_state, event.to_state) == (
        "late refusal",
        decided["state"],
        "refused",
    )


def test_late_refusal_of_a_settled_call_changes_nothing(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    ready = go()
    assert isinstance(ready, Ready)
    outcomes.refuse(ready.call, Refused("No.", kind=Refusal.FAILED, cost=Decimal(0)))
    assert (ready.call.state, ready.call.cost) == (CallState.SETTLED, Decimal("0.03"))


def test_task_of_another_call_leaves_it_to_a_person(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Accepted("same", poll_in=60)]
    assert isinstance(go(), Pending)
    with pytest.raises(Unclear, match="which belongs to another call"):
        advance(REQUEST, provider="paid", key="other", subject="story", item="scene")
    assert list(ProviderCall.objects.order_by("reserved_at").values_list("state", "task_id")) == [
        ("accepted", "same"),
        ("unclear", ""),
    ]


def test_late_refusal_of_an_unclear_call_frees_the_money(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    call = unclear_call(script, clock)
    outcomes.refuse(call, Refused("It said no.", kind=Refusal.INVALID))
    call.refresh_from_db()
    assert (call.state, call.counted) == (CallState.REFUSED, Decimal(0))


# --- calls that nobody asks about


def test_tend_drops_what_was_never_sent(
    paid: AIProviderConfig, script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            "providers.calls.reserving.hit", lambda name: die() if name == "reserved" else None
        )
        with pytest.raises(Died):
            go()
    assert reconcile() == 0
    clock.forward(minutes=11)
    assert reconcile() == 1
    call = ProviderCall.objects.get()
    assert (call.state, call.counted, str(call.note)) == (
        CallState.REFUSED,
        Decimal(0),
        "It was reserved and never sent.",
    )


def test_tend_brings_up_what_was_never_answered(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    lost_while_sending(script)
    clock.forward(minutes=11)
    assert reconcile() == 1
    assert ProviderCall.objects.get().state == CallState.UNCLEAR


def test_collect_lands_what_nobody_waits_for(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit, script.poll = [Accepted("t", poll_in=5)], [ANSWER]
    go()
    heard: list[ProviderCall] = []

    def hear(call: ProviderCall, **_: object) -> None:
        heard.append(call)

    result_recorded.connect(hear)
    try:
        assert collect() == 0
        clock.forward(minutes=11)
        assert collect() == 1
    finally:
        result_recorded.disconnect(hear)
    assert [call.state for call in heard] == [CallState.SETTLED]


def test_collect_goes_on_when_one_call_fails(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit, script.poll = (
        [Accepted("t1", poll_in=5), Accepted("t2", poll_in=5)],
        [Refused("no", kind=Refusal.FAILED), ANSWER],
    )
    for key in ("a", "b"):
        advance(REQUEST, provider="paid", key=key, subject="story")
    clock.forward(minutes=11)
    assert collect() == 1
    assert sorted(ProviderCall.objects.values_list("state", flat=True)) == ["refused", "settled"]


@pytest.mark.moderate
def test_many_tasks_are_asked_for_the_rarer_the_more_are_before_them(
    paid: AIProviderConfig, script: Script
) -> None:
    from providers.adapters import Running
    from providers.calls.polling import poll
    from providers.registry import adapter_for

    script.submit, script.poll = (
        [Accepted(f"t{n}", poll_in=0) for n in range(41)],
        [Running(poll_in=5)],
    )
    calls = [advance(REQUEST, provider="paid", key=f"k{n}", subject="s").call for n in range(41)]
    for call, seconds in ((calls[0], 5), (calls[20], 5), (calls[40], 10)):
        since = timezone.now()
        poll(call, adapter_for(paid), CallContext(attempt=call.pk))
        assert call.poll_after is not None
        assert is_due(call.poll_after, since, seconds=seconds)
