"""What became of a call: each outcome has its one function, which writes it down whatever happened meanwhile."""

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from ground.clock import database_now
from ground.sentence import Sentence
from providers import requests as asked
from providers import results
from providers.adapters import Accepted, Adapter, Result
from providers.enums import OVER, CallState, Refusal
from providers.errors import NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.signals import freed, landed
from providers.store import workplace

from .states import move, write_event
from .steps import step

log = logging.getLogger("ai_video.providers")
S = CallState
MARGIN = timedelta(seconds=5)
LIMIT_PAUSE = timedelta(seconds=60)
LOOK_AGAIN = timedelta(minutes=10)
NO_NOTE = Sentence("")
LONGEST_TASK_ID = 120
NO_TASK_ID = gettext_noop("The provider accepted it under a name that cannot be kept: %(task)s…")
FOREIGN_TASK = gettext_noop("The provider named the task %(task)s, which belongs to another call.")
LOST = gettext_noop("The worker that made it was lost; it is made again.")
MAYBE_SENT = gettext_noop("The worker that sent it was lost before the answer was written down; it may have been paid.")


def accept(call: ProviderCall, answer: Accepted) -> None:
    """The provider has the task: from now on it is asked for, never sent again."""
    if len(answer.task_id) > LONGEST_TASK_ID:
        leave_unclear(call, Sentence(NO_TASK_ID, {"task": answer.task_id[:LONGEST_TASK_ID]}))
        return
    now = database_now()
    fields: dict[str, Any] = {
        "task_id": answer.task_id,
        "quote": answer.quote,
        "accepted_at": now,
        "poll_after": now + timedelta(seconds=answer.poll_in),
        "ended_at": None,
        "refusal": "",
        "cost": None,
    }
    try:
        with transaction.atomic(durable=True):
            came_from = move(call, name="accept", expect=(S.SENDING, S.UNCLEAR), to=S.ACCEPTED, note=NO_NOTE, **fields)
            if came_from is None:
                _late_task(call, answer, fields)
            if came_from != S.SENDING:
                _tell(call)
    except IntegrityError:  # one task, one call: what this one was charged for, only a person can find out
        call.refresh_from_db()
        leave_unclear(call, Sentence(FOREIGN_TASK, {"task": answer.task_id}))


def _late_task(call: ProviderCall, answer: Accepted, fields: dict[str, Any]) -> None:
    """The answer of a sender that was thought dead, after a person decided. The truth is written down in any case.

    Beside a newer call of its key it is marked as late: its cost and its result are asked for all the same.
    """
    if call.task_id == answer.task_id and call.state in {S.ACCEPTED, S.SETTLED}:
        return  # a webhook was faster than the answer
    note = Sentence(gettext_noop("A late answer names the task %(task)s."), {"task": answer.task_id})
    log.warning("Call %s: late answer, task %s, the call is %s", call.pk, answer.task_id, call.state)
    if not move(call, name="late answer", expect=OVER, to=S.ACCEPTED, note=note, **fields, is_late=_has_newer(call)):
        write_event(call, name="late answer", came_from=call.state, to=call.state, note=note)


def _has_newer(call: ProviderCall) -> bool:
    return ProviderCall.objects.filter(key=call.key, generation__gt=call.generation).exists()


def settle(call: ProviderCall, answer: Result, *, should_stop: Callable[[], bool]) -> None:
    """Fetch the result into the storage, then write down that it is there and what it cost.

    Raises what fetching raises (`Later`, `Expired`, `Unclear`); the call then stays as it was.
    """
    step("fetching")
    with workplace() as folder:
        result = results.take_in(answer, asked.from_json(call.request), folder, should_stop=should_stop)
    step("stored")
    cost = (call.estimate if call.quote is None else call.quote) if answer.cost is None else answer.cost
    fields: dict[str, Any] = {
        "result": result,
        "cost": cost,
        "cost_is_estimated": bool(cost) and (answer.cost is None or answer.is_estimated),
        "progress": 100,
        "refusal": "",
    }
    with transaction.atomic(durable=True):
        came_from = move(call, name="settle", expect=(S.SENDING, S.ACCEPTED, S.UNCLEAR), to=S.SETTLED, note=NO_NOTE, **fields)
        if came_from is None:
            _late_result(call, fields)
        if came_from not in {S.SENDING, S.ACCEPTED}:
            _tell(call)
    step("settled")


def _late_result(call: ProviderCall, fields: dict[str, Any]) -> None:
    """As `_late_task`, for a result that came in the answer itself."""
    if call.state == S.SETTLED:
        return
    note = Sentence(gettext_noop("A late answer brought the result."))
    log.warning("Call %s: late result, the call is %s", call.pk, call.state)
    if move(call, name="late answer", expect=OVER, to=S.SETTLED, note=note, **fields, is_late=_has_newer(call)):
        transaction.on_commit(lambda: landed.send_robust(sender=ProviderCall, call=call))


def refuse(call: ProviderCall, refused: Refused) -> None:
    """The provider did not do it, whatever somebody thought of it before."""
    complaint = {"evidence": {**call.evidence, "complaint": refused.complaint[:2000]}} if refused.complaint else {}
    with transaction.atomic(durable=True):
        came_from = move(
            call,
            name="refuse",
            expect=(S.SENDING, S.ACCEPTED, S.UNCLEAR),
            to=S.REFUSED,
            note=refused.sentence,
            refusal=refused.kind,
            cost=refused.cost,
            reason=refused.kind,
            **complaint,
        )
        if came_from is None:
            _late_refusal(call, refused)
        elif came_from == S.UNCLEAR:
            _tell(call)


def _late_refusal(call: ProviderCall, refused: Refused) -> None:
    """As `_late_task`, for a refusal: what it really cost takes the place of what a person had to assume."""
    if call.state not in OVER or call.cost == refused.cost:
        return
    log.warning("Call %s: late refusal, cost %s, the call is %s", call.pk, refused.cost, call.state)
    move(
        call,
        name="late refusal",
        expect=OVER,
        to=S.REFUSED,
        note=refused.sentence,
        refusal=refused.kind,
        cost=refused.cost,
        cost_is_estimated=False,
        reason=refused.kind,
    )


def never_sent(call: ProviderCall, why: Sentence | str) -> None:
    """This process was to send it, and surely has not: nothing was spent, and no limit counts it."""
    note = why if isinstance(why, Sentence) else Sentence(why)
    with transaction.atomic(durable=True):
        move(
            call,
            name="not sent",
            expect=(S.RESERVED, S.SENDING, S.UNCLEAR),
            to=S.REFUSED,
            note=note,
            refusal=Refusal.CANCELLED,
            cost=0,
            sending_at=None,
        )


def leave_unclear(call: ProviderCall, why: Sentence) -> None:
    """Nobody knows whether it was done: a person is asked, and until then the money counts as spent."""
    with transaction.atomic(durable=True):
        move(call, name="unclear", expect=(S.SENDING, S.ACCEPTED), to=S.UNCLEAR, note=why)


def unexpected(call: ProviderCall, adapter: Adapter, error: Exception) -> None:
    """Something broke that no adapter foresaw after the sending began."""
    log.error("Call %s: unexpected error at %s", call.pk, call.provider_id, exc_info=error)
    what = Sentence(gettext_noop("Unexpected error: %(error)s"), {"error": type(error).__name__})
    if adapter.repeatable:
        refuse(call, Refused.of(what, kind=Refusal.FAILED))
    else:
        leave_unclear(call, what)


def found_sending(call: ProviderCall, adapter: Adapter) -> None:
    """A new worker meets a call in the middle of being sent; whether it went out, only its sender knew."""
    if adapter.repeatable:
        refuse(call, Refused(LOST, kind=Refusal.FAILED))
    elif call.sending_at is None or database_now() >= call.sending_at + adapter.send_limit + MARGIN:
        leave_unclear(call, Sentence(MAYBE_SENT))


def raise_if_it_may_wait(call: ProviderCall, refused: Refused) -> None:
    """Refusals that say nothing about this piece of work stop the provider for a while, not the job: raises `NotNow`."""
    if refused.kind == Refusal.LIMIT:
        until = refused.until or database_now() + LIMIT_PAUSE
        AIProviderConfig.objects.filter(pk=call.provider.pk).update(not_before=until)
        raise NotNow.of(refused.sentence, until=until, wait="rate_limit")
    if refused.kind in {Refusal.KEY, Refusal.CREDITS}:
        reason = str(refused.sentence)
        AIProviderConfig.objects.filter(pk=call.provider.pk).update(is_paused=True, pause_reason=reason[:200])
        log.error("%s is paused: %s", call.provider_id, reason)
        raise NotNow.of(refused.sentence, until=database_now() + LOOK_AGAIN, wait="provider")


def as_refused(call: ProviderCall) -> Refused:
    """The refusal that the row tells of."""
    return Refused.of(call.note, kind=Refusal(call.refusal), cost=call.cost or Decimal(0), call=call)


def as_unclear(call: ProviderCall) -> Unclear:
    return Unclear.of(call.note, call=call)


def _tell(call: ProviderCall) -> None:
    """Whoever waits for this piece of work is told after the commit."""
    transaction.on_commit(lambda: freed.send_robust(sender=ProviderCall, provider=call.provider_id, subject=call.subject, item=call.item))
