"""Sending a reserved call once, and recording its answer, whatever fails meanwhile."""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.outgoing_requests import paid_request
from core.unavailable import ServiceUnavailableError, is_unavailable
from providers import before_sending
from providers import requests as asked
from providers.adapters import Accepted, Adapter, CallContext, Result, never
from providers.before_sending import NotSent
from providers.enums import CallState, Refusal
from providers.errors import (
    Expired,
    KeyUnreadable,
    Later,
    NotConfigured,
    NotNow,
    OutdatedRequest,
    Refused,
    Unclear,
)
from providers.models import AIProviderConfig, ProviderCall

from . import balance_evidence, limits, outcomes, quotes, spool
from .fault_points import hit
from .reserving import require_a_place
from .states import move
from .terms import Terms

log = logging.getLogger("ai_video.providers")
S = CallState
# Seconds for which a paid response is held while it cannot be recorded: when it is in the spool,
# and when it is in this process's memory only.
PAUSES_WHEN_SPOOLED = (1, 2, 4)
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)
FETCH_PAUSES = (1, 3)
SPOOL_WAIT = timedelta(seconds=15)
STOPPED = gettext_noop("It was stopped before it was sent.")
TOO_LATE = gettext_noop("It was not sent: its time to be sent was over.")


def ends_no_sooner(adapter: Adapter) -> AbstractContextManager[None]:
    """Delay the end of the process while a request that may be charged is in progress.

    Until then the process holds the only copy of the response.
    """
    if adapter.repeatable:
        return nullcontext()
    return paid_request(adapter.send_limit.total_seconds() + sum(PAUSES))


def send(
    call: ProviderCall,
    config: AIProviderConfig,
    adapter: Adapter,
    call_context: CallContext,
    terms: Terms,
    *,
    readmit: bool,
) -> None:
    """Submit once. Only the process that moves the row from reserved to sending sends."""
    if readmit:
        require_a_place(asked.from_json(call.request), call.provider_id)
    known = balance_evidence.before_sending(config, adapter) if call.estimate else {}
    now = database_now()
    try:
        claimed = _begin_to_send(call, terms, known, now, readmit=readmit)
    except NotNow:
        raise  # it stays reserved; the next caller at that time continues
    except Exception as error:
        outcomes.never_sent(call, _why_stopped(error), claimed_at=now)  # releases the amount
        raise
    if not claimed:
        return
    hit("sending")
    try:
        answer = _submit(call, adapter, call_context, terms)
    except NotSent as stop:
        hit("not sent")
        _write_unsent(call, stop.sentence)
        if stop.reason is not None:
            raise stop.reason from stop
        return
    except (ServiceUnavailableError, NotConfigured, KeyUnreadable) as error:
        # Our own store failed to provide the image to send, or the settings were changed after they
        # were checked. Nothing was sent.
        kind = (
            Refusal.UNREACHABLE if isinstance(error, ServiceUnavailableError) else Refusal.INVALID
        )
        outcomes.refuse(call, Refused.of(error.sentence, kind=kind))
        raise
    except Exception as error:
        outcomes.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise
        return
    hit("answered")
    _take_answer(call, adapter, answer, terms)
    quotes.stop_if_dearer(call, config, adapter, call_context, terms.subject_budget)


def _write_unsent(call: ProviderCall, why: LocalizedMessage) -> None:
    """Record that nothing was sent, which only this process knows."""
    claimed_at = call.sending_at
    assert claimed_at is not None
    try:
        outcomes.never_sent(call, why, claimed_at=claimed_at)
    except (OperationalError, InterfaceError):
        if kept := spool.save(call, spool.NeverSent(why, claimed_at)):
            kept.release()
        raise


def _take_answer(
    call: ProviderCall,
    adapter: Adapter,
    answer: Accepted | Result | Refused | Unclear,
    terms: Terms,
) -> None:
    """Write the response to this machine's disk first, then to store and database."""
    kept = None if adapter.repeatable else spool.save(call, answer)
    if kept is None:
        if isinstance(answer, Accepted) and not adapter.repeatable:  # for a person to find
            log.error(
                "Call %s: %s has accepted it as the task %s, which is not on the disk yet",
                call.pk,
                call.provider_id,
                answer.task_id,
            )
        _write_down(call, adapter, answer, terms, pauses=() if adapter.repeatable else PAUSES)
        return
    hit("spooled")
    try:
        _write_down(call, adapter, answer, terms, pauses=PAUSES_WHEN_SPOOLED)
    finally:
        kept.release()


def _submit(
    call: ProviderCall, adapter: Adapter, call_context: CallContext, terms: Terms
) -> Accepted | Result | Refused | Unclear:
    """Return the provider's response of any kind.

    Raises `NotSent`, and any error that is not a response of the provider.
    """
    with before_sending.watched(partial(_last_look, call, adapter, terms)):
        before_sending.last_look()
        try:
            return adapter.submit(asked.from_json(call.request), call_context)
        except (Refused, Unclear) as error:
            return error


def _write_down(
    call: ProviderCall,
    adapter: Adapter,
    answer: Accepted | Result | Refused | Unclear,
    terms: Terms,
    *,
    pauses: Iterable[float],
) -> None:
    match answer:
        case Refused():
            hit("refused")
            _patiently(call, partial(outcomes.refuse, call, answer), terms, pauses=pauses)
            outcomes.raise_if_it_may_wait(call, answer)
        case Unclear():
            hit("answer lost")
            _patiently(
                call,
                partial(outcomes.leave_unclear, call, answer.sentence, raw=answer.raw),
                terms,
                pauses=pauses,
            )
            spool.forget(call.pk)
        case Accepted():
            _patiently(call, partial(outcomes.accept, call, answer), terms, pauses=pauses)
            hit("accepted")
        case Result():
            _settle_answer(call, adapter, answer, terms, pauses=pauses)


def _begin_to_send(
    call: ProviderCall, terms: Terms, known: dict[str, Any], now: datetime, *, readmit: bool
) -> bool:
    """Return whether this process is the one that sends.

    Raises what `hold` and `require_current` raise, `NotNow` and `PriceAboveConfirmed`.
    """
    with limits.spacing(call.provider_id), transaction.atomic(durable=True):
        terms.hold()
        terms.require_current(asked.from_json(call.request), call.provider_id)
        organization_budget, config = limits.lock(call.provider_id)
        if terms.should_stop():
            raise Refused(STOPPED, kind=Refusal.CANCELLED, call=call)
        limits.check_usable(config)
        fields: dict[str, Any] = {}
        if readmit:  # reserved earlier and never sent; limits and budgets count from now
            limits.check_price(call.counted, terms.price_limit)
            limits.check_limits(config, besides=call)
            limits.check_budgets(
                organization_budget,
                config,
                amount=call.counted,
                subject=call.subject,
                subject_budget=terms.subject_budget,
                besides=call,
            )
            fields["price_limit"] = terms.price_limit
        return move(call, name="send", sending_at=now, evidence=known, **fields) is not None


def _why_stopped(error: Exception) -> LocalizedMessage:
    """Return what the row says of a call whose caller may not send it for this reason."""
    return error.sentence if isinstance(error, OutdatedRequest) else LocalizedMessage(STOPPED)


def _last_look(call: ProviderCall, adapter: Adapter, terms: Terms, read: float) -> None:
    """Check once more right before the bytes are sent.

    This may be minutes after the row was written, because a process can be suspended anywhere.
    `read` is the number of seconds the response may take; it has to arrive before another process
    treats the sender as lost. Raises `NotSent`.
    """
    if terms.should_stop():
        raise NotSent(STOPPED, reason=Refused(STOPPED, kind=Refusal.CANCELLED, call=call))
    if adapter.repeatable:
        return
    try:
        with transaction.atomic(durable=True):
            terms.hold()
            terms.require_current(asked.from_json(call.request), call.provider_id)
            now = database_now()
            row = (
                ProviderCall.objects.select_related("provider")
                .only("state", "sending_at", "provider")
                .get(pk=call.pk)
            )
    except Exception as error:
        why = _why_stopped(error)
        raise NotSent(why.template, reason=error, **why.values) from error
    if row.state != S.SENDING or row.sending_at != call.sending_at:
        raise NotSent(TOO_LATE)
    if (
        call.sending_at is None
        or now + timedelta(seconds=read) > call.sending_at + adapter.send_limit
    ):
        raise NotSent(TOO_LATE, reason=Refused(TOO_LATE, kind=Refusal.CANCELLED, call=call))
    try:
        limits.check_usable(row.provider)
    except NotNow as wait:
        raise NotSent(STOPPED, reason=wait) from wait


def _settle_answer(
    call: ProviderCall, adapter: Adapter, answer: Result, terms: Terms, *, pauses: Iterable[float]
) -> None:
    """Settle a result that was part of the response.

    It cannot be requested again, so a loss is always recorded.
    """
    settle = partial(outcomes.settle, call, answer, should_stop=never)
    try:
        _patiently(call, partial(_fetch_patiently, settle), terms, pauses=pauses)
    except Refused as refused:
        outcomes.refuse(call, refused)
    except (Later, Unclear) as error:  # a person may have it fetched again
        outcomes.leave_unclear(call, error.sentence, raw=outcomes.raw_of(answer, error))
        spool.forget(call.pk)
    except Exception as error:
        if not adapter.repeatable and spool.holds(call.pk) and _passes(error):
            if isinstance(error, (OperationalError, InterfaceError)):
                raise
            outcomes.is_spooled(call)
            return
        outcomes.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise


def _fetch_patiently(settle: Callable[[], None]) -> None:
    """Settle a result; a file that is elsewhere and cannot be fetched now is fetched again."""
    for pause in FETCH_PAUSES:
        try:
            settle()
        except Expired:
            raise
        except Later as later:
            log.warning("A paid result cannot be fetched yet: %s", later)
            time.sleep(pause)
        else:
            return
    settle()


def _passes(error: Exception) -> bool:
    """Return whether store, disk or database may accept it later."""
    return is_unavailable(error) or isinstance(error, (OperationalError, InterfaceError))


def _patiently(
    call: ProviderCall, write: Callable[[], None], terms: Terms, *, pauses: Iterable[float]
) -> None:
    """Record a provider's response, with retries.

    It retries while store or database are unavailable or the disk is full. `write` may be repeated.
    If the response is in the spool, only short interruptions are waited for. If it could not be
    spooled, this process holds the only copy of what was paid for.
    """
    for pause in (*pauses, None):
        try:
            write()
        except Exception as error:
            if (
                pause is None
                or not _passes(error)
                or (terms.should_stop() and spool.holds(call.pk))
            ):
                raise
            log.warning("Call %s: its answer cannot be written down yet: %s", call.pk, error)
            if not connection.in_atomic_block:
                connection.close()
            time.sleep(pause)
        else:
            return
