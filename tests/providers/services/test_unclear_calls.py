"""What a person decides about an unclear call."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from providers.adapters import Bytes, Result
from providers.calls import Pending, Ready, advance, was_decided
from providers.enums import CallState
from providers.errors import Conflict, Forbidden, Invalid, Refused, Unclear
from providers.models import AIProviderConfig, CallEvent, ProviderCall
from providers.requests import ImageRequest
from providers.services import unclear_calls
from providers.signals import capacity_freed
from tests.pictures import picture
from tests.providers.scripted import Script


def go(**more: Any) -> Ready | Pending:
    return advance(
        ImageRequest(prompt="sea"), provider="paid", key="k", subject="story", item="scene", **more
    )


@pytest.fixture
def unclear(paid: AIProviderConfig, script: Script) -> ProviderCall:
    script.submit = [Unclear("No answer."), Result(media=Bytes(picture()), cost=Decimal("0.03"))]
    with pytest.raises(Unclear):
        go()
    return ProviderCall.objects.get()


def last_event(call: ProviderCall) -> tuple[str, str, str, str, Any]:
    event = CallEvent.objects.filter(call=call).latest("id")
    return event.name, event.from_state, event.to_state, event.reason, event.actor


def test_attached_task_is_asked_for_and_settled(
    unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    script.poll = [Result(media=Bytes(picture()), cost=Decimal("0.02"))]
    unclear_calls.attach_task(
        unclear, actor=admin_user, reason="found in their list", task_id=" task-7 "
    )
    assert last_event(unclear) == (
        "attach task",
        "unclear",
        "accepted",
        "found in their list",
        admin_user,
    )
    ready = go()
    assert isinstance(ready, Ready)
    assert (ready.call.pk, ready.call.cost, script.polled, len(script.submitted)) == (
        unclear.pk,
        Decimal("0.02"),
        ["task-7"],
        1,
    )


def test_not_charged_frees_the_money_and_the_work(
    unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    unclear_calls.not_charged(unclear, actor=admin_user, reason="balance unchanged")
    assert last_event(unclear) == (
        "not charged",
        "unclear",
        "refused",
        "balance unchanged",
        admin_user,
    )
    assert unclear.counted == Decimal(0)
    ready = go(subject_budget=Decimal("0.03"), request_no=2)
    assert isinstance(ready, Ready)
    assert (ready.call.attempt_no, len(script.submitted)) == (2, 2)


def test_write_off_books_the_amount_at_risk(
    unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    unclear_calls.write_off(unclear, actor=admin_user, reason="never came")
    assert last_event(unclear) == ("write off", "unclear", "written_off", "never came", admin_user)
    assert (unclear.cost, unclear.counted, unclear.cost_is_estimated) == (
        Decimal("0.03"),
        Decimal("0.03"),
        True,
    )
    ready = go(request_no=2)
    assert isinstance(ready, Ready)
    assert ready.call.attempt_no == 2


@pytest.mark.parametrize("decide", [unclear_calls.not_charged, unclear_calls.write_off])
def test_decision_orders_nothing_again(
    decide: Any, unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    """A job that was on its way when the person decided submits nothing.

    Only a later request does.
    """
    decide(unclear, actor=admin_user, reason="seen in their list")
    for more in ({}, {"request_no": 1, "after": 0}):
        with pytest.raises(Refused) as refused:
            go(**more)
        assert refused.value.call is not None
        assert was_decided(refused.value.call)
    assert (len(script.submitted), ProviderCall.objects.count()) == (1, 1)
    ready = go(after=1)
    assert isinstance(ready, Ready)
    assert (ready.call.attempt_no, len(script.submitted)) == (2, 2)


WAYS: list[Any] = [
    lambda call, **who: unclear_calls.attach_task(call, task_id="t", **who),
    unclear_calls.not_charged,
    unclear_calls.write_off,
]


@pytest.mark.parametrize("way", WAYS)
def test_without_the_permission_nothing_changes(
    way: Any, unclear: ProviderCall, viewer: Any
) -> None:
    with pytest.raises(Forbidden):
        way(unclear, actor=viewer, reason="because")
    unclear.refresh_from_db()
    assert (unclear.state, CallEvent.objects.filter(call=unclear).count()) == (CallState.UNCLEAR, 3)


@pytest.mark.parametrize("way", WAYS)
def test_a_reason_is_needed(way: Any, unclear: ProviderCall, admin_user: Any) -> None:
    with pytest.raises(Invalid) as invalid:
        way(unclear, actor=admin_user, reason="  ")
    assert invalid.value.field == "reason"
    unclear.refresh_from_db()
    assert unclear.state == CallState.UNCLEAR


@pytest.mark.parametrize("way", WAYS)
def test_only_the_first_decision_counts(way: Any, unclear: ProviderCall, admin_user: Any) -> None:
    stale = ProviderCall.objects.get()
    unclear_calls.write_off(unclear, actor=admin_user, reason="first")
    with pytest.raises(Conflict, match="it is now “Written off”"):
        way(stale, actor=admin_user, reason="second")
    assert CallEvent.objects.filter(call=unclear).count() == 4


@pytest.mark.parametrize("task_id", ["", "   ", "x" * 121])
def test_attaching_needs_an_id(task_id: str, unclear: ProviderCall, admin_user: Any) -> None:
    with pytest.raises(Invalid) as invalid:
        unclear_calls.attach_task(unclear, actor=admin_user, reason="r", task_id=task_id)
    assert invalid.value.field == "task_id"


def test_one_task_belongs_to_one_call(
    unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    advance(ImageRequest(prompt="other"), provider="paid", key="other", subject="story")
    ProviderCall.objects.filter(key="other").update(task_id="task-1")
    with pytest.raises(Invalid, match="belongs to another call"):
        unclear_calls.attach_task(unclear, actor=admin_user, reason="r", task_id="task-1")


def test_who_waits_for_the_scene_is_told(
    unclear: ProviderCall, admin_user: Any, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[str, str, str]] = []

    def hear(provider: str, subject: str, item: str, **_: Any) -> None:
        heard.append((provider, subject, item))

    capacity_freed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            unclear_calls.not_charged(unclear, actor=admin_user, reason="r")
    finally:
        capacity_freed.disconnect(hear)
    assert heard == [("paid", "story", "scene")]


def test_attached_task_that_failed_is_a_refusal(
    unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    script.poll = [Refused("It failed.", kind="failed", cost=Decimal(0))]  # type: ignore[arg-type]
    unclear_calls.attach_task(unclear, actor=admin_user, reason="r", task_id="t")
    with pytest.raises(Refused):
        go()
    assert ProviderCall.objects.get().counted == Decimal(0)


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_attach_one_task_to_two_calls(script: Script, admin_user: Any) -> None:
    """At the same moment: both look, and only one of them may find that the task is nobody's."""
    from tests.providers.conftest import make_paid

    paid = make_paid()
    facts = {
        "kind": "image",
        "request": {},
        "request_hash": "",
        "unit_price": 1,
        "units": 1,
        "estimate": Decimal("0.03"),
        "state": "unclear",
    }
    calls = [
        ProviderCall.objects.create(
            provider=paid, key=f"k{n}", subject="story", item=f"scene {n}", **facts
        )
        for n in range(2)
    ]
    together = threading.Barrier(2)
    ends: list[str] = []

    def attach(call: ProviderCall) -> None:
        together.wait()
        try:
            unclear_calls.attach_task(call, actor=admin_user, reason="r", task_id="same")
            ends.append("attached")
        except Invalid as error:
            ends.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=attach, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["The task same belongs to another call.", "attached"]
    assert sorted(ProviderCall.objects.values_list("state", "task_id")) == [
        ("accepted", "same"),
        ("unclear", ""),
    ]


def test_answer_that_names_the_task_of_an_attached_call_is_told_apart(
    unclear: ProviderCall, script: Script, admin_user: Any
) -> None:
    """The row itself holds it, whoever is first."""
    advance(ImageRequest(prompt="other"), provider="paid", key="other", subject="story")
    other = ProviderCall.objects.get(key="other")
    unclear_calls.attach_task(unclear, actor=admin_user, reason="r", task_id="task-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderCall.objects.filter(pk=other.pk).update(task_id="task-1")
