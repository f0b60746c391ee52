"""The life of one call, step by step. Every function here may be left at any point and entered again by its key."""

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

from ground.away import AwayError, is_away
from ground.clock import database_now
from ground.outgoing import paid_request
from ground.sentence import Sentence
from providers import prices, sending, store
from providers import requests as asked
from providers.adapters import Accepted, Adapter, Card, Errand, Result, ignore, never
from providers.enums import CallState, Kind, Refusal
from providers.errors import KeyReused, KeyUnreadable, NotConfigured, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import ClipRequest, Request
from providers.sending import NotSent

from . import admission, evidence, outcome, quotes, recovery, spool
from .polling import poll
from .states import ENDED, move, write_event
from .steps import step

log = logging.getLogger("ai_video.providers")
S = CallState
# Seconds that a paid answer is held while it cannot be written down: in the spool, and in this process alone.
PAUSES_WHEN_SPOOLED = (1, 2, 4)
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)
SPOOL_WAIT = timedelta(seconds=15)
MOST_COMPLAINTS = 2  # so at most three calls for one answer
STOPPED = gettext_noop("It was stopped before it was sent.")
TOO_LATE = gettext_noop("It was not sent: its time to be sent was over.")

type Budget = Decimal | Callable[[], Decimal | None] | None


@dataclass(frozen=True, slots=True)
class Ready:
    """Settled: `call.result` and `call.cost` stand."""

    call: ProviderCall


@dataclass(frozen=True, slots=True)
class Pending:
    """On its way: ask again at `until` with the same key; nothing will be submitted twice."""

    call: ProviderCall
    until: datetime
    note: Sentence


def nothing() -> None:
    """Hold on to nothing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which conditions a call may be made and go on; see `advance`."""

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
    wish: int = 1,
    after: int = 0,
    hold: Callable[[], None] = nothing,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> Ready | Pending:
    """Bring the piece of work named `key` one step further; enter as often as you like, it is paid for once.

    The first call reserves the money and submits; later ones ask the provider for news, or give the same
    result again. At most one call of a key is undecided, whoever enters: a call that is out is brought to
    its end as it was asked for, also when the request reads otherwise by now, because it is paid.

    `subject_budget` caps in USD what all calls of the subject may cost; a function is asked under the lock.
    `price_limit` is the price in USD that a person confirmed for this piece of work; None means no limit.
    `hold` is called first in the transaction that reserves, in the one that begins to send, and once more
    right before the bytes leave: it raises if the caller may no longer act, and then nothing is written or sent.
    `should_stop` is asked before sending as well.

    After a refusal the next call submits anew, except when the words were refused or the refusal was paid
    for: then only for a later `wish`, which is the number of times that somebody has asked for this piece of
    work. `after` is the number of the newest call (`generation_of(key)`) at the moment when a person asked
    for the work: what ended up to there is an earlier piece of work, whose result is not given again.

    Not inside a transaction: what it commits must be on disk before a byte is sent (RuntimeError otherwise).
    Raises `NotNow` (nothing was sent), `PriceAboveConfirmed`, `Refused`, `Unclear`, `NoPrice`,
    `NotConfigured`, `KeyReused`, and whatever `hold` raises.
    """
    terms = Terms(price_limit, subject_budget, hold, should_stop, on_progress)
    call = latest(key)
    if call is not None and call.state == S.SENDING:
        recovery.found_sending(call, adapter_for(call.provider))
    elif call is not None and call.state == S.UNCLEAR and spool.holds(call.pk):
        recovery.take_up(call)
    if call is not None and (call.kind, call.subject, call.item) != (asked.kind_of(request), subject, item):
        raise KeyReused(gettext_noop("The name of this piece of work belongs to another one."))
    mine = False
    while True:
        if call is None or _may_try_anew(call, request, wish=wish, after=after):
            known = call.generation if call else 0
            about = {"key": key, "wish": wish, "subject": subject, "item": item, "actor": actor}
            call, mine = _reserve(request, provider=provider, terms=terms, after=known, about=about)
        try:
            return _carry(call, terms, fresh=mine)
        except Refused:
            if call.state != S.REFUSED or not _may_ask_again(call):
                raise


def generation_of(key: str) -> int:
    """The number of the newest call of a key, 0 when there is none: `after` for work that is asked for now."""
    call = latest(key)
    return 0 if call is None else call.generation


def resume(call: ProviderCall, *, should_stop: Callable[[], bool] = never, on_progress: Callable[[int], None] = ignore) -> Ready | Pending:
    """Bring an existing call further, without making a new one. Raises as `advance` does."""
    return _carry(call, Terms(should_stop=should_stop, on_progress=on_progress), fresh=False)


def latest(key: str) -> ProviderCall | None:
    return ProviderCall.objects.filter(key=key).order_by("-generation").first()


def follow(key: str, *, should_stop: Callable[[], bool] = never, on_progress: Callable[[int], None] = ignore) -> Ready | Pending | None:
    """Bring the call of this key that is out to its end; None when there is none, or nothing has come of it.

    Never sends anything, whatever the call is refused for. Raises `Refused` or `Unclear`.
    """
    call = latest(key)
    if call is None or call.state in {S.RESERVED, S.REFUSED, S.WRITTEN_OFF}:
        return None
    return _carry(call, Terms(should_stop=should_stop, on_progress=on_progress), fresh=False)


def _may_try_anew(call: ProviderCall, request: Request, *, wish: int, after: int) -> bool:
    if call.state == S.WRITTEN_OFF:
        return True
    if call.state in ENDED and call.generation <= after:
        return True
    if call.state != S.REFUSED:
        return False
    bound_to_fail = call.refusal == Refusal.MODERATED and call.request_hash == asked.hash_of(request)
    return wish > call.wish or _may_ask_again(call) or not (bound_to_fail or call.cost)


def _may_ask_again(call: ProviderCall) -> bool:
    """An answer that a model can put right is asked for again, each time as a call of its own, a bounded number of times."""
    return bool(call.evidence.get("complaint")) and _complaints(call) <= MOST_COMPLAINTS


def _complaints(call: ProviderCall) -> int:
    """How many calls of this key in a row, up to this one, were answered wrongly."""
    earlier = ProviderCall.objects.filter(key=call.key, generation__lte=call.generation).order_by("-generation")
    return sum(1 for _ in takewhile(lambda known: known.get("complaint"), earlier.values_list("evidence", flat=True)))


def _reserve(request: Request, *, provider: str, terms: Terms, after: int, about: dict[str, Any]) -> tuple[ProviderCall, bool]:
    """Write down what is about to be asked and what it may cost. False: somebody else was first with this key.

    `about`: the key, and the fields that say for whom and what it is.
    """
    step("before reserving")
    _require_a_place(request, provider)
    with admission.turns(provider), transaction.atomic(durable=True):
        terms.hold()
        house, config = admission.lock(provider)
        newest = latest(about["key"])
        if newest is not None and newest.generation > after:
            return newest, False
        admission.check_usable(config)
        if asked.kind_of(request) not in adapter_for(config).kinds:
            raise NotConfigured(gettext_noop("%(provider)s does not make this kind of thing."), provider=config.name)
        price = prices.quote(config, request)
        quoted = _quoted_before(newest, request)
        amount = max(price.total, quoted or Decimal(0))
        admission.check_price(amount, terms.price_limit)
        admission.check_limits(config)
        admission.check_budgets(house, config, amount=amount, subject=about["subject"], subject_budget=terms.subject_budget)
        call = ProviderCall.objects.create(
            provider=config,
            kind=asked.kind_of(request),
            model=price.model,
            generation=after + 1,
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
    step("reserved")
    return call, True


def _require_a_place(request: Request, provider: str) -> None:
    """Before money is spent: what comes back can be kept. Raises `AwayError` when it could not."""
    if adapter_for(prices.config_of(provider)).repeatable:
        return
    spool.require_ready()
    if asked.kind_of(request) != Kind.TEXT:
        store.require_ready()


def _quoted_before(newest: ProviderCall | None, request: Request) -> Decimal | None:
    """The provider's own price for this request, when it has named one before and did not do it."""
    if newest is None or newest.state != S.REFUSED or newest.request_hash != asked.hash_of(request):
        return None
    return newest.quote


def _carry(call: ProviderCall, terms: Terms, *, fresh: bool) -> Ready | Pending:
    if call.state in {S.RESERVED, S.SENDING, S.ACCEPTED}:
        config = AIProviderConfig.objects.get(provider=call.provider_id)
        adapter = adapter_for(config)
        errand = errand_of(call, config, should_stop=terms.should_stop, on_progress=terms.on_progress)
        if call.state == S.RESERVED:
            with _ends_no_sooner(adapter):
                _send(call, config, adapter, errand, terms, readmit=not fresh)
        elif call.state == S.SENDING:
            recovery.found_sending(call, adapter)
        else:
            poll(call, adapter, errand)
        if call.state == S.UNCLEAR:
            evidence.after_unclear(call, config, adapter)
    return _answer(call)


def errand_of(call: ProviderCall, config: AIProviderConfig, *, should_stop: Callable[[], bool] = never, on_progress: Callable[[int], None] = ignore) -> Errand:
    """The call as its adapter sees it."""
    before = ProviderCall.objects.filter(key=call.key, generation=call.generation - 1).values_list("evidence", flat=True).first()
    model = prices.card_of(config, kind=call.kind, model=call.model)
    return Errand(
        attempt=call.pk,
        model=model,
        units=call.units,
        estimate=call.estimate,
        seconds=_seconds(call, model),
        nth=_nth(call) if isinstance(config.settings, dict) and config.settings.get("drill") else 1,
        complaint=(before or {}).get("complaint", ""),
        should_stop=should_stop,
        on_progress=on_progress,
    )


def _seconds(call: ProviderCall, model: Card) -> int:
    """The length that was reserved; by the model's lengths where a clip is not priced by the second."""
    request = asked.from_json(call.request)
    if not isinstance(request, ClipRequest):
        return 0
    return int(call.units) if call.units > 1 else prices.seconds_for(request, model.durations)


def _answer(call: ProviderCall) -> Ready | Pending:
    """What the caller is told about the call as it now stands."""
    match call.state:
        case S.SETTLED:
            return Ready(call)
        case S.REFUSED:
            raise outcome.as_refused(call)
        case S.UNCLEAR:
            raise outcome.as_unclear(call)
        case S.WRITTEN_OFF:
            raise Refused(gettext_noop("It was written off."), kind=Refusal.FAILED, cost=call.cost or Decimal(0), call=call)
        case S.ACCEPTED:
            until = call.poll_after or database_now()
            return Pending(call, until, call.note or Sentence(gettext_noop("The provider is working on it.")))
        case _:
            if call.evidence.get("spooled_on"):
                return Pending(call, database_now() + SPOOL_WAIT, call.note)
            return Pending(call, database_now() + timedelta(seconds=2), Sentence(gettext_noop("It is being sent.")))


def _ends_no_sooner(adapter: Adapter) -> AbstractContextManager[None]:
    """While a request that may be charged is out, its process holds the only copy of the answer: it is to be waited for."""
    if adapter.repeatable:
        return nullcontext()
    return paid_request(adapter.send_limit.total_seconds() + sum(PAUSES))


def _send(call: ProviderCall, config: AIProviderConfig, adapter: Adapter, errand: Errand, terms: Terms, *, readmit: bool) -> None:
    """Submit once. Whoever moves the row from reserved to sending is the only one who sends."""
    if readmit:
        _require_a_place(asked.from_json(call.request), call.provider_id)
    known = evidence.before_sending(config, adapter) if call.estimate else {}
    now = database_now()
    try:
        claimed = _begin_to_send(call, terms, known, now, readmit=readmit)
    except NotNow:
        raise  # it stays reserved, and whoever comes again at that time goes on
    except Exception:
        outcome.never_sent(call, STOPPED, claimed_at=now)  # frees the money; who may still act asks anew
        raise
    if not claimed:
        return
    step("sending")
    try:
        answer = _submit(call, adapter, errand, terms)
    except NotSent as stop:
        step("not sent")
        _write_unsent(call, stop.sentence)
        if stop.reason is not None:
            raise stop.reason from stop
        return
    except (AwayError, NotConfigured, KeyUnreadable) as error:
        # Our own store, asked for the picture to be sent along, or settings that were changed since they were
        # checked: nothing was sent.
        kind = Refusal.UNREACHABLE if isinstance(error, AwayError) else Refusal.INVALID
        outcome.refuse(call, Refused.of(error.sentence, kind=kind))
        raise
    except Exception as error:
        outcome.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise
        return
    step("answered")
    _take_answer(call, adapter, answer, terms)
    quotes.stop_if_dearer(call, config, adapter, errand, terms.subject_budget)


def _write_unsent(call: ProviderCall, why: Sentence) -> None:
    """That nothing was sent is known to this process alone."""
    claimed_at = call.sending_at
    assert claimed_at is not None
    try:
        outcome.never_sent(call, why, claimed_at=claimed_at)
    except (OperationalError, InterfaceError):
        if kept := spool.keep(call, spool.NeverSent(why, claimed_at)):
            kept.release()
        raise


def _take_answer(call: ProviderCall, adapter: Adapter, answer: Accepted | Result | Refused | Unclear, terms: Terms) -> None:
    """To the disk of this machine first, then to store and database."""
    kept = None if adapter.repeatable else spool.keep(call, answer)
    if kept is None:
        if isinstance(answer, Accepted) and not adapter.repeatable:  # so that a person can still find it
            log.error("Call %s: %s has accepted it as the task %s, which is not on the disk yet", call.pk, call.provider_id, answer.task_id)
        _write_down(call, adapter, answer, terms, pauses=() if adapter.repeatable else PAUSES)
        return
    step("spooled")
    try:
        _write_down(call, adapter, answer, terms, pauses=PAUSES_WHEN_SPOOLED)
    finally:
        kept.release()


def _submit(call: ProviderCall, adapter: Adapter, errand: Errand, terms: Terms) -> Accepted | Result | Refused | Unclear:
    """The provider's answer, of whichever kind. Raises `NotSent`, and what no provider has said."""
    with sending.watched(partial(_last_look, call, adapter, terms)):
        sending.last_look()
        try:
            return adapter.submit(asked.from_json(call.request), errand)
        except (Refused, Unclear) as said:
            return said


def _write_down(call: ProviderCall, adapter: Adapter, answer: Accepted | Result | Refused | Unclear, terms: Terms, *, pauses: Iterable[float]) -> None:
    match answer:
        case Refused():
            step("refused")
            _patiently(call, partial(outcome.refuse, call, answer), terms, pauses=pauses)
            outcome.raise_if_it_may_wait(call, answer)
        case Unclear():
            step("answer lost")
            _patiently(call, partial(outcome.leave_unclear, call, answer.sentence, raw=answer.raw), terms, pauses=pauses)
            spool.forget(call.pk)
        case Accepted():
            _patiently(call, partial(outcome.accept, call, answer), terms, pauses=pauses)
            step("accepted")
        case Result():
            _settle_answer(call, adapter, answer, terms, pauses=pauses)


def _begin_to_send(call: ProviderCall, terms: Terms, known: dict[str, Any], now: datetime, *, readmit: bool) -> bool:
    """Whether this process is the one that sends. Raises what `hold` raises, `NotNow` and `PriceAboveConfirmed`."""
    with admission.turns(call.provider_id), transaction.atomic(durable=True):
        terms.hold()
        house, config = admission.lock(call.provider_id)
        if terms.should_stop():
            raise Refused(STOPPED, kind=Refusal.CANCELLED, call=call)
        admission.check_usable(config)
        fields: dict[str, Any] = {}
        if readmit:  # it was reserved earlier and never sent; limits and budgets count from now
            admission.check_price(call.counted, terms.price_limit)
            admission.check_limits(config, besides=call)
            admission.check_budgets(house, config, amount=call.counted, subject=call.subject, subject_budget=terms.subject_budget, besides=call)
            fields["price_limit"] = terms.price_limit
        return move(call, name="send", sending_at=now, evidence=known, **fields) is not None


def _last_look(call: ProviderCall, adapter: Adapter, terms: Terms, read: float) -> None:
    """Right before the bytes leave, which may be minutes after the row was written: a process can be suspended anywhere.

    `read` is how many seconds the answer may take; it has to arrive before anybody takes the sender for lost.
    Raises `NotSent`.
    """
    if terms.should_stop():
        raise NotSent(STOPPED, reason=Refused(STOPPED, kind=Refusal.CANCELLED, call=call))
    if adapter.repeatable:
        return
    try:
        with transaction.atomic(durable=True):
            terms.hold()
            now = database_now()
            row = ProviderCall.objects.select_related("provider").only("state", "sending_at", "provider").get(pk=call.pk)
    except Exception as error:
        raise NotSent(STOPPED, reason=error) from error
    if row.state != S.SENDING or row.sending_at != call.sending_at:
        raise NotSent(TOO_LATE)
    if call.sending_at is None or now + timedelta(seconds=read) > call.sending_at + adapter.send_limit:
        raise NotSent(TOO_LATE, reason=Refused(TOO_LATE, kind=Refusal.CANCELLED, call=call))
    try:
        admission.check_usable(row.provider)
    except NotNow as wait:
        raise NotSent(STOPPED, reason=wait) from wait


def _settle_answer(call: ProviderCall, adapter: Adapter, answer: Result, terms: Terms, *, pauses: Iterable[float]) -> None:
    """A result that came in the answer itself: it cannot be asked for again, so losing it is never silent."""
    try:
        _patiently(call, partial(outcome.settle, call, answer, should_stop=never), terms, pauses=pauses)
    except Refused as refused:
        outcome.refuse(call, refused)
    except Unclear as unclear:
        outcome.leave_unclear(call, unclear.sentence, raw=unclear.raw)
    except Exception as error:
        if not adapter.repeatable and spool.holds(call.pk) and _passes(error):
            if isinstance(error, (OperationalError, InterfaceError)):
                raise
            outcome.is_spooled(call)
            return
        outcome.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise


def _passes(error: Exception) -> bool:
    """Whether store, disk or database will take it later."""
    return is_away(error) or isinstance(error, (OperationalError, InterfaceError))


def _patiently(call: ProviderCall, write: Callable[[], None], terms: Terms, *, pauses: Iterable[float]) -> None:
    """Writes down what a provider answered, again and again while store or database are away or the disk is full.

    `write` may be repeated. Where the answer is in the spool, only short interruptions are waited for; where it could
    not be kept there either, this process holds the only copy of what was paid for.
    """
    for pause in (*pauses, None):
        try:
            write()
        except Exception as error:
            if pause is None or not _passes(error) or (terms.should_stop() and spool.holds(call.pk)):
                raise
            log.warning("Call %s: its answer cannot be written down yet: %s", call.pk, error)
            if not connection.in_atomic_block:
                connection.close()
            time.sleep(pause)
        else:
            return


def _nth(call: ProviderCall) -> int:
    earlier = ProviderCall.objects.filter(provider__provider=call.provider_id, kind=call.kind, subject=call.subject)
    return earlier.filter(reserved_at__lt=call.reserved_at).count() + 1
