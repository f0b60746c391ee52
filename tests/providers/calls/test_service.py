"""One call from the reservation to the result, and every way in which it can end."""

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from providers.adapters import Accepted, Bytes, Result, Running
from providers.calls import Pending, Ready, advance
from providers.enums import CallState, Refusal
from providers.errors import (
    Expired,
    KeyReused,
    Later,
    NoPrice,
    NotConfigured,
    NotNow,
    Refused,
    Unclear,
)
from providers.models import AIProviderConfig, CallEvent, ProviderCall
from providers.requests import ClipRequest, ImageRequest
from tests.moments import is_due
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.scripted import Breaks, Script

REQUEST = ImageRequest(prompt="바다", prompt_en="sea", seed=7)


def go(request: Any = REQUEST, key: str = "k", **more: Any) -> Ready | Pending:
    return advance(
        request, provider="paid", key=key, **({"subject": "story", "item": "scene"} | more)
    )


def path_of(call: ProviderCall) -> list[str]:
    return [str(event) for event in CallEvent.objects.filter(call=call)]


def test_result_in_the_answer_is_settled(paid: AIProviderConfig, script: Script) -> None:
    ready = go()
    assert isinstance(ready, Ready)
    call = ProviderCall.objects.get()
    assert ready.call == call
    assert (call.state, call.cost, call.cost_is_estimated, call.estimate) == (
        CallState.SETTLED,
        Decimal("0.0300"),
        False,
        Decimal("0.0300"),
    )
    assert (call.subject, call.item, call.kind, call.key, call.attempt_no) == (
        "story",
        "scene",
        "image",
        "k",
        1,
    )
    assert call.request == {"kind": "image", "prompt": "바다", "prompt_en": "sea", "seed": 7}
    assert call.result is not None
    assert {
        name: call.result[name] for name in ("mime", "width", "height", "duration_ms", "seed")
    } == {
        "mime": "image/png",
        "width": 64,
        "height": 36,
        "duration_ms": 0,
        "seed": 7,
    }
    assert call.result["file"] == f"calls/{call.result['sha256'][:2]}/{call.result['sha256']}.png"
    assert storages["media"].exists(call.result["file"])
    assert path_of(call) == [
        "reserve:  → reserved",
        "send: reserved → sending",
        "settle: sending → settled",
    ]
    assert call.reserved_at <= call.sending_at <= call.ended_at  # type: ignore[operator]


def test_same_key_gives_the_same_result_and_spends_nothing(
    paid: AIProviderConfig, script: Script
) -> None:
    first, second = go(), go()
    assert isinstance(first, Ready)
    assert isinstance(second, Ready)
    assert first.call.pk == second.call.pk
    assert len(script.submitted) == 1
    assert ProviderCall.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"item": "another scene"},
        {"subject": "another story"},
        {"request": ClipRequest(prompt="바다")},
    ],
)
def test_key_of_another_piece_of_work_is_refused(
    other: dict[str, Any], paid: AIProviderConfig, script: Script
) -> None:
    go()
    with pytest.raises(KeyReused):
        go(**other)
    assert len(script.submitted) == 1


def test_call_that_is_out_ends_as_it_was_asked_for(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Result(media=Bytes(picture()))]
    go()
    ready = go(ImageRequest(prompt="by now somebody has changed the words"))
    assert isinstance(ready, Ready)
    assert (ready.call.request["prompt"], len(script.submitted)) == ("바다", 1)


def test_accepted_task_is_polled_when_due_and_settled(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit = [Accepted("task-1", poll_in=5, quote=Decimal("0.35"))]
    script.poll = [
        Running(poll_in=5, progress=20),
        Running(poll_in=5, progress=60, queued=True),
        Result(media=Bytes(picture()), cost=Decimal("0.33")),
    ]
    heard: list[int] = []

    sent = go(on_progress=heard.append)
    assert isinstance(sent, Pending)
    assert (sent.call.state, sent.call.task_id, sent.call.quote, sent.call.counted) == (
        CallState.ACCEPTED,
        "task-1",
        Decimal("0.35"),
        Decimal("0.35"),
    )
    assert sent.until == sent.call.poll_after
    early = go(on_progress=heard.append)
    assert isinstance(early, Pending)
    assert script.polled == []

    clock.forward(seconds=6)
    since = timezone.now()
    running = go(on_progress=heard.append)
    assert isinstance(running, Pending)
    assert (running.call.progress, str(running.note)) == (20, "The provider is working on it.")
    assert is_due(running.until, since, seconds=5)
    clock.forward(seconds=6)
    queued = go(on_progress=heard.append)
    assert isinstance(queued, Pending)
    assert (queued.call.progress, str(queued.note)) == (60, "It waits in the provider's own queue.")
    clock.forward(seconds=6)
    done = go()
    assert isinstance(done, Ready)
    assert (done.call.cost, done.call.progress, done.call.note.template) == (
        Decimal("0.33"),
        100,
        "",
    )
    assert (len(script.submitted), script.polled, heard) == (1, ["task-1"] * 3, [20, 60])


def test_cost_that_the_answer_does_not_name_is_estimated(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Result(media=Bytes(picture()))]
    ready = go()
    assert isinstance(ready, Ready)
    assert (ready.call.cost, ready.call.cost_is_estimated) == (Decimal("0.03"), True)


@pytest.mark.parametrize(
    "kind", [Refusal.INVALID, Refusal.FAILED, Refusal.UNREACHABLE, Refusal.CANCELLED]
)
def test_refusal_frees_the_money_and_the_next_call_submits_anew(
    kind: Refusal, paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Refused("No: %(why)s", kind=kind, why="too blue"), *script.submit]
    with pytest.raises(Refused) as refused:
        go()
    assert (refused.value.kind, str(refused.value)) == (kind, "No: too blue")
    assert refused.value.call is not None
    assert (refused.value.call.state, refused.value.call.cost, refused.value.call.counted) == (
        CallState.REFUSED,
        Decimal(0),
        Decimal(0),
    )
    assert isinstance(go(), Ready)
    assert list(ProviderCall.objects.order_by("attempt_no").values_list("attempt_no", "state")) == [
        (1, "refused"),
        (2, "settled"),
    ]
    assert len(script.submitted) == 2


def test_refused_words_are_not_sent_again_unless_a_person_asks(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Refused("Change the words.", kind=Refusal.MODERATED), *script.submit]
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            go()
        assert refused.value.kind == Refusal.MODERATED
    assert len(script.submitted) == 1
    assert isinstance(go(request_no=2), Ready)


def test_other_words_are_sent_under_the_same_key(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Refused("Change the words.", kind=Refusal.MODERATED), *script.submit]
    with pytest.raises(Refused):
        go()
    assert isinstance(go(ImageRequest(prompt="잔잔한 바다")), Ready)


def test_paid_refusal_is_counted_and_not_sent_again_by_itself(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [
        Refused("It was blurred.", kind=Refusal.FAILED, cost=Decimal("0.03")),
        *script.submit,
    ]
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            go()
        assert refused.value.cost == Decimal("0.03")
    assert len(script.submitted) == 1
    assert ProviderCall.objects.get().counted == Decimal("0.03")
    assert isinstance(go(request_no=2), Ready)


def test_unclear_outcome_is_never_sent_again(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Unclear("No answer.")]
    for _ in range(3):
        with pytest.raises(Unclear) as unclear:
            go(request_no=2)
        assert str(unclear.value) == "No answer."
    assert len(script.submitted) == 1
    call = ProviderCall.objects.get()
    assert (call.state, call.counted) == (CallState.UNCLEAR, Decimal("0.03"))


def test_unforeseen_error_of_an_adapter_is_unclear(
    paid: AIProviderConfig, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    script.submit = [KeyError("surprise")]
    logging.getLogger("ai_video").propagate = True
    try:
        with pytest.raises(Unclear, match="Unexpected error: KeyError"):
            go()
    finally:
        logging.getLogger("ai_video").propagate = False
    assert "KeyError: 'surprise'" in caplog.text
    assert ProviderCall.objects.get().state == CallState.UNCLEAR


def test_answer_that_is_no_picture_is_unclear(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Result(media=Bytes(b"<html>"))]
    with pytest.raises(Unclear, match="is not a picture"):
        go()


def test_done_without_a_file_is_unclear(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Result()]
    go()
    with pytest.raises(Unclear, match="gives no file"):
        go()


def test_failure_at_the_provider_is_a_refusal_with_its_cost(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Refused("It failed there.", kind=Refusal.FAILED, cost=Decimal("0.12"))]
    go()
    with pytest.raises(Refused):
        go()
    call = ProviderCall.objects.get()
    assert (call.state, call.cost, call.task_id) == (CallState.REFUSED, Decimal("0.12"), "t")


def test_expired_link_is_asked_for_again(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    media = Breaks(Expired)
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Result(media=media, cost=Decimal("0.03"))]
    go()
    waits = go()
    assert isinstance(waits, Pending)
    assert str(waits.note) == "The link is no good."
    clock.forward(seconds=2)
    assert isinstance(go(), Ready)
    assert (len(script.submitted), len(script.polled)) == (1, 2)


def test_poll_that_does_not_get_through_is_repeated_with_patience(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Later("Not reachable."), Later("Not reachable."), Result(media=Bytes(picture()))]
    go()
    since = timezone.now()
    first = go()
    assert isinstance(first, Pending)
    assert is_due(first.until, since, seconds=5)
    clock.forward(seconds=100)
    since = timezone.now()
    second = go()
    assert isinstance(second, Pending)
    assert is_due(second.until, since, seconds=20, jitter=1)
    clock.forward(seconds=30)
    assert isinstance(go(), Ready)


def test_task_that_never_ends_is_given_to_a_person(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Running(poll_in=5)]
    go()
    clock.forward(hours=25)
    with pytest.raises(Unclear, match="not finished it in 24 hours"):
        go()


def test_error_while_polling_leaves_the_call_accepted(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [ZeroDivisionError(), Result(media=Bytes(picture()))]
    go()
    odd = go()
    assert isinstance(odd, Pending)
    assert (odd.call.state, str(odd.note)) == (
        CallState.ACCEPTED,
        "Unexpected error: ZeroDivisionError",
    )
    clock.forward(seconds=61)
    assert isinstance(go(), Ready)


def test_database_that_is_away_while_polling_is_told(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [OperationalError("the connection was closed")]
    go()
    with pytest.raises(OperationalError):
        go()
    assert ProviderCall.objects.get().state == CallState.ACCEPTED


def test_disk_error_while_fetching_is_tried_again(
    paid: AIProviderConfig, script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Result(media=Bytes(picture()))]
    go()
    with monkeypatch.context() as patch:
        patch.setattr("providers.ingest.save", _full_disk)
        with pytest.raises(OSError, match="No space left"):
            go()
    assert ProviderCall.objects.get().state == CallState.ACCEPTED
    clock.forward(seconds=61)
    assert isinstance(go(), Ready)


def test_result_that_a_full_disk_does_not_take_is_kept_until_it_does(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.calls.sending.PAUSES_WHEN_SPOOLED", (0.01, 0.01))
    with monkeypatch.context() as patch:
        patch.setattr("providers.ingest.save", _full_disk)
        assert isinstance(go(), Pending)
    assert ProviderCall.objects.get().counted == Decimal("0.03")
    assert isinstance(go(), Ready)
    assert len(script.submitted) == 1


def _full_disk(*_args: Any) -> None:
    raise OSError(28, "No space left on device")


def test_rate_limit_of_the_provider_lets_everybody_wait(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    until = timezone.now() + timedelta(seconds=90)
    script.submit = [Refused("Too many.", kind=Refusal.LIMIT, until=until), *script.submit]
    with pytest.raises(NotNow) as not_now:
        go()
    assert (not_now.value.wait, not_now.value.until, str(not_now.value)) == (
        "rate_limit",
        until,
        "Too many.",
    )
    with pytest.raises(NotNow) as other:
        go(key="other")
    assert other.value.until >= until
    assert ProviderCall.objects.filter(key="other").count() == 0
    clock.forward(seconds=91)
    assert isinstance(go(), Ready)
    assert isinstance(go(key="other"), Ready)


@pytest.mark.parametrize("kind", [Refusal.KEY, Refusal.CREDITS])
def test_bad_key_or_empty_account_pauses_the_provider(
    kind: Refusal, paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Refused("The account is empty.", kind=kind), *script.submit]
    with pytest.raises(NotNow) as not_now:
        go()
    assert not_now.value.wait == "provider"
    paid.refresh_from_db()
    assert (paid.is_paused, paid.pause_reason) == (True, "The account is empty.")
    with pytest.raises(NotNow, match=r"Paid is paused: The account is empty\."):
        go(key="other")
    assert len(script.submitted) == 1
    AIProviderConfig.objects.update(is_paused=False)
    assert isinstance(go(), Ready)


def test_paused_provider_is_still_asked_for_what_is_out(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Result(media=Bytes(picture()))]
    go()
    AIProviderConfig.objects.update(is_paused=True, is_active=False)
    assert isinstance(go(), Ready)


def test_provider_without_a_key_is_not_called(paid: AIProviderConfig, script: Script) -> None:
    AIProviderConfig.objects.filter(provider="paid").update(api_key_enc="")
    with pytest.raises(NotConfigured, match=r"Paid has no key\."):
        go()
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_active": False}, "Paid is not active."),
        ({"is_paused": True, "pause_reason": "full"}, "Paid is paused: full"),
    ],
)
def test_provider_that_is_switched_off_is_waited_for(
    change: dict[str, Any], message: str, paid: AIProviderConfig, script: Script
) -> None:
    AIProviderConfig.objects.filter(provider="paid").update(**change)
    with pytest.raises(NotNow, match=message) as not_now:
        go()
    assert (not_now.value.wait, script.submitted, ProviderCall.objects.count()) == (
        "provider",
        [],
        0,
    )


def test_no_price_no_call(paid: AIProviderConfig, script: Script) -> None:
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=None)
    with pytest.raises(NoPrice):
        go()
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)


def test_unknown_provider(db: None) -> None:
    with pytest.raises(NotConfigured):
        advance(REQUEST, provider="nobody", key="k", subject="s")


def test_price_is_frozen_on_the_row(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Accepted("t", poll_in=0)]
    script.poll = [Result(media=Bytes(picture()))]
    go()
    AIProviderConfig.objects.update(cost_per_image=Decimal("9.99"))
    ready = go()
    assert isinstance(ready, Ready)
    assert (ready.call.unit_price, ready.call.units, ready.call.cost) == (
        Decimal("0.0300"),
        Decimal(1),
        Decimal("0.0300"),
    )


def test_clip_is_priced_by_started_seconds(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Accepted("t", poll_in=60)]
    pending = go(ClipRequest(prompt="sea", duration_ms=6500))
    assert (pending.call.units, pending.call.estimate) == (Decimal(7), Decimal("0.35"))


def test_nothing_is_sent_inside_a_transaction(paid: AIProviderConfig, script: Script) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        go()
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_rows_are_committed_before_the_provider_is_asked(script: Script) -> None:
    from tests.providers.conftest import make_paid

    make_paid()
    seen: list[tuple[str, bool]] = []
    script.submit = [
        lambda: (
            seen.append((ProviderCall.objects.get().state, connection.in_atomic_block))
            or Accepted("t", poll_in=0)
        )
    ]
    script.poll = [
        lambda: (
            seen.append((ProviderCall.objects.get().state, connection.in_atomic_block))
            or Result(media=Bytes(picture()))
        )
    ]
    go()
    go()
    assert seen == [("sending", False), ("accepted", False)]


def test_untrusted_picture_is_written_anew(paid: AIProviderConfig, script: Script) -> None:
    script.submit = [Result(media=Bytes(picture(form="JPEG") + b"<script>hidden</script>"))]
    ready = go()
    assert isinstance(ready, Ready)
    assert ready.call.result is not None
    with storages["media"].open(ready.call.result["file"]) as file:
        assert b"hidden" not in file.read()
    assert (ready.call.result["mime"], ready.call.result["file"][-4:]) == ("image/jpeg", ".jpg")


def test_actor_is_kept(
    paid: AIProviderConfig, script: Script, make_person: Callable[..., Any]
) -> None:
    person = make_person("ann")
    ready = go(actor=person)
    assert ready.call.actor == person
    assert CallEvent.objects.get(name="reserve").actor == person
