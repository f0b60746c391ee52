"""The life of one call, step by step. Every function here may be left at any point and entered again by its key."""

import logging
import time
from collections.abc import Callable, Iterable
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
from ground.sentence import Sentence
from providers import prices, sending
from providers import requests as asked
from providers.adapters import Accepted, Adapter, Card, Errand, Result, ignore, never
from providers.enums import CallState, Refusal
from providers.errors import KeyReused, KeyUnreadable, NotConfigured, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import ClipRequest, Request
from providers.sending import NotSent

from . import admission, evidence, outcome
from .polling import poll
from .states import ENDED, move, write_event
from .steps import step

log = logging.getLogger("ai_video.providers")
S = CallState
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)  # seconds that a paid answer is held while it cannot be written down
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
        outcome.found_sending(call, adapter_for(call.provider))
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


def _quoted_before(newest: ProviderCall | None, request: Request) -> Decimal | None:
    """The provider's own price for this request, when the call before was given up because of it."""
    if newest is None or newest.refusal != Refusal.PRICE or newest.request_hash != asked.hash_of(request):
        return None
    return newest.quote


def _carry(call: ProviderCall, terms: Terms, *, fresh: bool) -> Ready | Pending:
    if call.state in {S.RESERVED, S.SENDING, S.ACCEPTED}:
        config = AIProviderConfig.objects.get(provider=call.provider_id)
        adapter = adapter_for(config)
        errand = errand_of(call, config, should_stop=terms.should_stop, on_progress=terms.on_progress)
        if call.state == S.RESERVED:
            _send(call, config, adapter, errand, terms, readmit=not fresh)
        elif call.state == S.SENDING:
            outcome.found_sending(call, adapter)
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
        nth=_nth(call) if config.settings.get("drill") else 1,
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
            until = database_now() + timedelta(seconds=2)
            return Pending(call, until, Sentence(gettext_noop("It is being sent.")))


def _send(call: ProviderCall, config: AIProviderConfig, adapter: Adapter, errand: Errand, terms: Terms, *, readmit: bool) -> None:
    """Submit once. Whoever moves the row from reserved to sending is the only one who sends."""
    known = {**call.evidence, **evidence.before_sending(config, adapter)} if call.estimate else call.evidence
    try:
        claimed = _begin_to_send(call, terms, known, readmit=readmit)
    except NotNow:
        raise  # it stays reserved, and whoever comes again at that time goes on
    except Exception:
        outcome.never_sent(call, STOPPED)  # frees the money; who may still act asks anew
        raise
    if not claimed:
        return
    step("sending")
    try:
        answer = _submit(call, adapter, errand, terms)
    except NotSent as stop:
        step("not sent")
        outcome.never_sent(call, stop.sentence)
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
    _write_down(call, adapter, answer)


def _submit(call: ProviderCall, adapter: Adapter, errand: Errand, terms: Terms) -> Accepted | Result | Refused | Unclear:
    """The provider's answer, of whichever kind. Raises `NotSent`, and what no provider has said."""
    with sending.watched(partial(_last_look, call, adapter, terms)):
        sending.last_look()
        try:
            return adapter.submit(asked.from_json(call.request), errand)
        except (Refused, Unclear) as said:
            return said


def _write_down(call: ProviderCall, adapter: Adapter, answer: Accepted | Result | Refused | Unclear) -> None:
    match answer:
        case Refused():
            step("refused")
            outcome.refuse(call, answer)
            outcome.raise_if_it_may_wait(call, answer)
        case Unclear():
            step("answer lost")
            outcome.leave_unclear(call, answer.sentence)
        case Accepted():
            _patiently(call, lambda: outcome.accept(call, answer), pauses=PAUSES)
            step("accepted")
        case Result():
            _settle_answer(call, adapter, answer)


def _begin_to_send(call: ProviderCall, terms: Terms, evidence_known: dict[str, Any], *, readmit: bool) -> bool:
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
        return move(call, name="send", expect=(S.RESERVED,), to=S.SENDING, sending_at=database_now(), evidence=evidence_known, **fields) is not None


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


def _settle_answer(call: ProviderCall, adapter: Adapter, answer: Result) -> None:
    """A result that came in the answer itself: it cannot be asked for again, so losing it is never silent."""
    try:
        _patiently(call, lambda: outcome.settle(call, answer, should_stop=never), pauses=() if adapter.repeatable else PAUSES)
    except Refused as refused:
        outcome.refuse(call, refused)
    except Unclear as unclear:
        outcome.leave_unclear(call, unclear.sentence)
    except Exception as error:
        outcome.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise


def _patiently(call: ProviderCall, write: Callable[[], None], *, pauses: Iterable[float]) -> None:
    """Writes down what a provider answered. While store or database are away, or the disk is full, this process holds
    the only copy of what was paid for: it waits and writes again. `write` may be repeated."""
    for pause in (*pauses, None):
        try:
            write()
        except Exception as error:
            if pause is None or not (is_away(error) or isinstance(error, (OperationalError, InterfaceError))):
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
