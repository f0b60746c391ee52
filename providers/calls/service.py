"""The life of one call, step by step.

Every function here may be interrupted at any point and called again with the same key.
"""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import takewhile
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.outgoing_requests import paid_request
from core.unavailable import ServiceUnavailableError, is_unavailable
from providers import before_sending, prices, store
from providers import requests as asked
from providers.adapters import Accepted, Adapter, CallContext, ModelSpec, Result, ignore, never
from providers.before_sending import NotSent
from providers.enums import CallState, Kind, Refusal
from providers.errors import KeyReused, KeyUnreadable, NotConfigured, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import ClipRequest, Request

from . import balance_evidence, limits, outcomes, quotes, recovery, spool
from .fault_points import hit
from .polling import poll
from .states import ENDED, move, was_decided, write_event

log = logging.getLogger("ai_video.providers")
S = CallState
# Seconds for which a paid response is held while it cannot be recorded: when it is in the spool,
# and when it is in this process's memory only.
PAUSES_WHEN_SPOOLED = (1, 2, 4)
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)
SPOOL_WAIT = timedelta(seconds=15)
MAX_VALIDATION_RETRIES = 2  # at most three calls for one answer
STOPPED = gettext_noop("It was stopped before it was sent.")
TOO_LATE = gettext_noop("It was not sent: its time to be sent was over.")

type Budget = Decimal | Callable[[], Decimal | None] | None


@dataclass(frozen=True, slots=True)
class Ready:
    """The call is settled: `call.result` and `call.cost` are set."""

    call: ProviderCall


@dataclass(frozen=True, slots=True)
class Pending:
    """The call is in progress.

    Call again at `until` with the same key; nothing will be submitted twice.
    """

    call: ProviderCall
    until: datetime
    note: LocalizedMessage


def nothing() -> None:
    """Do nothing; the default `hold`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions under which a call may be made and continued; see `advance`."""

    price_limit: Decimal | None = None
    subject_budget: Budget = None
    hold: Callable[[], None] = nothing
    should_stop: Callable[[], bool] = never
    on_progress: Callable[[int], None] = ignore


def advance(
    request: Request,
    *,
    provider: str,
    key: str,
    subject: str,
    item: str = "",
    actor: Any = None,
    subject_budget: Budget = None,
    price_limit: Decimal | None = None,
    request_no: int = 1,
    after: int = 0,
    hold: Callable[[], None] = nothing,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> Ready | Pending:
    """Advance the work named `key` by one step.

    It may be called any number of times; the work is paid for once.

    The first call reserves the amount and submits. Later calls poll the provider, or return the
    same result again. At most one call of a key is undecided at a time. A call in progress is
    completed as it was requested, even if the request has changed since, because it is paid.

    `subject_budget` caps, in USD, what all calls of the subject may cost; a callable is evaluated
    under the lock. `price_limit` is the price in USD that a person confirmed for this work; None
    means no limit. `hold` runs first in the transaction that reserves, first in the transaction
    that begins to send, and again right before the bytes are sent. It raises if the caller may no
    longer act; nothing is then written or sent. `should_stop` is also checked before sending.

    After a refusal the next call submits again, except when the content was refused or the refusal
    was charged; then only a higher `request_no` submits again. `request_no` counts how often a user
    has requested this work. `after` is the number of the newest call (`attempt_no_of(key)`) at the
    time of the user's request; calls up to that number are earlier work whose result is not
    returned again.

    Must not run inside a transaction, because its commits must be durable before a byte is sent
    (RuntimeError otherwise). Raises `NotNow` (nothing was sent), `PriceAboveConfirmed`, `Refused`,
    `Unclear`, `NoPrice`, `NotConfigured`, `KeyReused`, and whatever `hold` raises.
    """
    terms = Terms(price_limit, subject_budget, hold, should_stop, on_progress)
    call = latest(key)
    if call is not None and call.state == S.SENDING:
        recovery.recover_sending(call, adapter_for(call.provider))
    elif call is not None and call.state == S.UNCLEAR and spool.holds(call.pk):
        recovery.take_up(call)
    if call is not None and (call.kind, call.subject, call.item) != (
        asked.kind_of(request),
        subject,
        item,
    ):
        raise KeyReused(gettext_noop("The name of this piece of work belongs to another one."))
    mine = False
    while True:
        if call is None or _may_submit_again(call, request, request_no=request_no, after=after):
            known = call.attempt_no if call else 0
            about = {
                "key": key,
                "request_no": request_no,
                "subject": subject,
                "item": item,
                "actor": actor,
            }
            call, mine = _reserve(request, provider=provider, terms=terms, after=known, about=about)
        try:
            return _carry(call, terms, newly_reserved=mine)
        except Refused:
            if call.state != S.REFUSED or not _may_ask_again(call):
                raise


def attempt_no_of(key: str) -> int:
    """Return the number of the newest call of a key, or 0.

    It is the value of `after` for work that is requested now.
    """
    call = latest(key)
    return 0 if call is None else call.attempt_no


def resume(
    call: ProviderCall,
    *,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> Ready | Pending:
    """Advance an existing call without making a new one. Raises as `advance` does."""
    return _carry(
        call, Terms(should_stop=should_stop, on_progress=on_progress), newly_reserved=False
    )


def latest(key: str) -> ProviderCall | None:
    return ProviderCall.objects.filter(key=key).order_by("-attempt_no").first()


def follow(
    key: str,
    *,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> Ready | Pending | None:
    """Complete the call of this key that is in progress.

    Returns None if there is none, or if the newest call was refused or written off.

    Never sends a new request, whatever the call is refused for. Raises `Refused` or `Unclear`.
    """
    call = latest(key)
    if call is None or call.state in {S.RESERVED, S.REFUSED, S.WRITTEN_OFF}:
        return None
    return _carry(
        call, Terms(should_stop=should_stop, on_progress=on_progress), newly_reserved=False
    )


def _may_submit_again(call: ProviderCall, request: Request, *, request_no: int, after: int) -> bool:
    if call.state in ENDED and call.attempt_no <= after:
        return True
    # Looked at here, and not by the caller: a person may decide while the caller is on its way.
    if was_decided(call):
        return request_no > call.request_no
    if call.state != S.REFUSED:
        return False
    bound_to_fail = call.refusal == Refusal.MODERATED and call.request_hash == asked.hash_of(
        request
    )
    return request_no > call.request_no or _may_ask_again(call) or not (bound_to_fail or call.cost)


def _may_ask_again(call: ProviderCall) -> bool:
    """Return whether to retry an invalid answer that a model can correct.

    Each retry is a call of its own; the number of retries is bounded.
    """
    return (
        bool(call.evidence.get("complaint")) and _validation_retries(call) <= MAX_VALIDATION_RETRIES
    )


def _validation_retries(call: ProviderCall) -> int:
    """Return how many consecutive calls of this key, up to this one, had an invalid answer."""
    earlier = ProviderCall.objects.filter(key=call.key, attempt_no__lte=call.attempt_no).order_by(
        "-attempt_no"
    )
    return sum(
        1
        for _ in takewhile(
            lambda known: known.get("complaint"), earlier.values_list("evidence", flat=True)
        )
    )


def _reserve(
    request: Request, *, provider: str, terms: Terms, after: int, about: dict[str, Any]
) -> tuple[ProviderCall, bool]:
    """Record what is about to be requested and what it may cost.

    Returns the call, and whether this process created it; False means that another process was
    first with this key. `about` holds the key and the fields that identify the work and its user.
    """
    hit("before reserving")
    _require_a_place(request, provider)
    with limits.spacing(provider), transaction.atomic(durable=True):
        terms.hold()
        organization_budget, config = limits.lock(provider)
        newest = latest(about["key"])
        if newest is not None and newest.attempt_no > after:
            return newest, False
        limits.check_usable(config)
        if asked.kind_of(request) not in adapter_for(config).kinds:
            raise NotConfigured(
                gettext_noop("%(provider)s does not make this kind of thing."), provider=config.name
            )
        price = prices.quote(config, request)
        quoted = _quoted_before(newest, request)
        amount = max(price.total, quoted or Decimal(0))
        limits.check_price(amount, terms.price_limit)
        limits.check_limits(config)
        limits.check_budgets(
            organization_budget,
            config,
            amount=amount,
            subject=about["subject"],
            subject_budget=terms.subject_budget,
        )
        call = ProviderCall.objects.create(
            provider=config,
            kind=asked.kind_of(request),
            model=price.model,
            attempt_no=after + 1,
            **about,
            request=asked.to_json(request),
            request_hash=asked.hash_of(request),
            unit_price=price.unit_price,
            units=price.units,
            estimate=price.total,
            price_limit=terms.price_limit,
            quote=quoted,
            reserved_at=database_now(),
        )
        write_event(call, name="reserve", came_from="", to=S.RESERVED, actor=about["actor"])
    hit("reserved")
    return call, True


def _require_a_place(request: Request, provider: str) -> None:
    """Require, before money is spent, that the result can be stored.

    Raises `ServiceUnavailableError` otherwise.
    """
    if adapter_for(prices.config_of(provider)).repeatable:
        return
    spool.require_ready()
    if asked.kind_of(request) != Kind.TEXT:
        store.require_ready()


def _quoted_before(newest: ProviderCall | None, request: Request) -> Decimal | None:
    """Return the provider's earlier quote for this request, if it then refused the work."""
    if newest is None or newest.state != S.REFUSED or newest.request_hash != asked.hash_of(request):
        return None
    return newest.quote


def _carry(call: ProviderCall, terms: Terms, *, newly_reserved: bool) -> Ready | Pending:
    if call.state in {S.RESERVED, S.SENDING, S.ACCEPTED}:
        config = AIProviderConfig.objects.get(provider=call.provider_id)
        adapter = adapter_for(config)
        call_context = call_context_of(
            call, config, should_stop=terms.should_stop, on_progress=terms.on_progress
        )
        if call.state == S.RESERVED:
            with _ends_no_sooner(adapter):
                _send(call, config, adapter, call_context, terms, readmit=not newly_reserved)
        elif call.state == S.SENDING:
            recovery.recover_sending(call, adapter)
        else:
            poll(call, adapter, call_context)
        if call.state == S.UNCLEAR:
            balance_evidence.after_unclear(call, config, adapter)
    return _answer(call)


def call_context_of(
    call: ProviderCall,
    config: AIProviderConfig,
    *,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> CallContext:
    """Return the call as its adapter sees it."""
    before = (
        ProviderCall.objects.filter(key=call.key, attempt_no=call.attempt_no - 1)
        .values_list("evidence", flat=True)
        .first()
    )
    model = prices.spec_of(config, kind=call.kind, model=call.model)
    injects_faults = isinstance(config.settings, dict) and config.settings.get("faults")
    return CallContext(
        attempt=call.pk,
        model=model,
        subject=call.subject,
        units=call.units,
        estimate=call.estimate,
        seconds=_seconds(call, model),
        nth=_nth(call) if injects_faults else 1,
        validation_error=(before or {}).get("complaint", ""),
        should_stop=should_stop,
        on_progress=on_progress,
    )


def _seconds(call: ProviderCall, model: ModelSpec) -> int:
    """Return the reserved clip length in seconds.

    If the clip is not priced by the second, it follows from the lengths that the model supports.
    """
    request = asked.from_json(call.request)
    if not isinstance(request, ClipRequest):
        return 0
    return int(call.units) if call.units > 1 else prices.seconds_for(request, model.durations)


def _answer(call: ProviderCall) -> Ready | Pending:
    """Return or raise what the caller receives for the call's current state."""
    match call.state:
        case S.SETTLED:
            return Ready(call)
        case S.REFUSED:
            raise outcomes.as_refused(call)
        case S.UNCLEAR:
            raise outcomes.as_unclear(call)
        case S.WRITTEN_OFF:
            raise Refused(
                gettext_noop("It was written off."),
                kind=Refusal.FAILED,
                cost=call.cost or Decimal(0),
                call=call,
            )
        case S.ACCEPTED:
            until = call.poll_after or database_now()
            return Pending(
                call,
                until,
                call.note or LocalizedMessage(gettext_noop("The provider is working on it.")),
            )
        case _:
            if call.evidence.get("spooled_on"):
                return Pending(call, database_now() + SPOOL_WAIT, call.note)
            return Pending(
                call,
                database_now() + timedelta(seconds=2),
                LocalizedMessage(gettext_noop("It is being sent.")),
            )


def _ends_no_sooner(adapter: Adapter) -> AbstractContextManager[None]:
    """Delay the end of the process while a request that may be charged is in progress.

    Until then the process holds the only copy of the response.
    """
    if adapter.repeatable:
        return nullcontext()
    return paid_request(adapter.send_limit.total_seconds() + sum(PAUSES))


def _send(
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
        _require_a_place(asked.from_json(call.request), call.provider_id)
    known = balance_evidence.before_sending(config, adapter) if call.estimate else {}
    now = database_now()
    try:
        claimed = _begin_to_send(call, terms, known, now, readmit=readmit)
    except NotNow:
        raise  # it stays reserved; the next caller at that time continues
    except Exception:
        outcomes.never_sent(call, STOPPED, claimed_at=now)  # releases the amount
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

    Raises what `hold` raises, `NotNow` and `PriceAboveConfirmed`.
    """
    with limits.spacing(call.provider_id), transaction.atomic(durable=True):
        terms.hold()
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
            now = database_now()
            row = (
                ProviderCall.objects.select_related("provider")
                .only("state", "sending_at", "provider")
                .get(pk=call.pk)
            )
    except Exception as error:
        raise NotSent(STOPPED, reason=error) from error
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
    try:
        _patiently(
            call, partial(outcomes.settle, call, answer, should_stop=never), terms, pauses=pauses
        )
    except Refused as refused:
        outcomes.refuse(call, refused)
    except Unclear as unclear:
        outcomes.leave_unclear(call, unclear.sentence, raw=unclear.raw)
    except Exception as error:
        if not adapter.repeatable and spool.holds(call.pk) and _passes(error):
            if isinstance(error, (OperationalError, InterfaceError)):
                raise
            outcomes.is_spooled(call)
            return
        outcomes.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise


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


def _nth(call: ProviderCall) -> int:
    earlier = ProviderCall.objects.filter(
        provider__provider=call.provider_id, kind=call.kind, subject=call.subject
    )
    return earlier.filter(reserved_at__lt=call.reserved_at).count() + 1
