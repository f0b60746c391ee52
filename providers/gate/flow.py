"""The life of one call, step by step. Every function here may be left at any point and entered again by its key."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from ground.away import AwayError, is_away
from ground.sentence import Sentence
from providers import prices
from providers import requests as asked
from providers.adapters import Accepted, Adapter, Errand, Result, ignore, never
from providers.enums import CallState, Refusal
from providers.errors import KeyReused, KeyUnreadable, NotConfigured, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import Request

from . import admission, evidence, outcome
from .polling import poll
from .states import move, write_event
from .steps import step

log = logging.getLogger("ai_video.providers")
S = CallState
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)  # seconds that a paid answer is held while it cannot be written down
MOST_COMPLAINTS = 2  # so at most three calls for one answer


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


def advance(
    request: Request,
    *,
    provider: str,
    key: str,
    subject: str,
    item: str = "",
    actor: Any = None,
    subject_budget: Decimal | None = None,
    wish: int = 1,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> Ready | Pending:
    """Bring the piece of work named `key` one step further; enter as often as you like, it is paid for once.

    The first call reserves the money and submits; later ones ask the provider for news, or give the same result
    again. A call that is out is brought to its end as it was asked for, also when the request reads otherwise by now:
    it is paid. `subject_budget` caps in USD what all calls of the subject may cost. After a refusal the next call submits
    anew, except when the words were refused or the refusal was paid for: then only for a later `wish`, which is the number
    of times that somebody has asked for this piece of work.

    Not inside a transaction: what it commits must be on disk before a byte is sent (RuntimeError otherwise).
    Raises `NotNow` (nothing written), `Refused`, `Unclear`, `NoPrice`, `NotConfigured`, `KeyReused`.
    """
    call = latest(key)
    if call is not None and call.state == S.SENDING:
        outcome.found_sending(call, adapter_for(call.provider))
    if call is not None and (call.kind, call.subject, call.item) != (asked.kind_of(request), subject, item):
        raise KeyReused(gettext_noop("The name of this piece of work belongs to another one."))
    mine = False
    while True:
        if call is None or _may_try_anew(call, request, wish=wish):
            after = call.generation if call else 0
            about = {"key": key, "wish": wish, "subject": subject, "item": item, "actor": actor}
            call, mine = _reserve(request, provider=provider, subject_budget=subject_budget, after=after, about=about)
        try:
            return _carry(call, fresh=mine, should_stop=should_stop, on_progress=on_progress)
        except Refused:
            if call.state != S.REFUSED or not _may_ask_again(call):
                raise


def resume(call: ProviderCall, *, should_stop: Callable[[], bool] = never, on_progress: Callable[[int], None] = ignore) -> Ready | Pending:
    """Bring an existing call further, without making a new one. Raises as `advance` does."""
    return _carry(call, fresh=False, should_stop=should_stop, on_progress=on_progress)


def latest(key: str) -> ProviderCall | None:
    return ProviderCall.objects.filter(key=key).order_by("-generation").first()


def follow(key: str, *, should_stop: Callable[[], bool] = never, on_progress: Callable[[int], None] = ignore) -> Ready | Pending | None:
    """Bring the call of this key that is out to its end; None when there is none, or nothing has come of it.

    Never sends anything, whatever the call is refused for. Raises `Refused` or `Unclear`.
    """
    call = latest(key)
    if call is None or call.state in {S.RESERVED, S.REFUSED, S.WRITTEN_OFF}:
        return None
    return _carry(call, fresh=False, should_stop=should_stop, on_progress=on_progress)


def _may_try_anew(call: ProviderCall, request: Request, *, wish: int) -> bool:
    if call.state == S.WRITTEN_OFF:
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


def _reserve(request: Request, *, provider: str, subject_budget: Decimal | None, after: int, about: dict[str, Any]) -> tuple[ProviderCall, bool]:
    """Write down what is about to be asked and what it may cost. False: somebody else was first with this key.

    `about`: the key, and the fields that say for whom and what it is.
    """
    step("before reserving")
    with admission.turns(provider), transaction.atomic(durable=True):
        house, config = admission.lock(provider)
        newest = latest(about["key"])
        if newest is not None and newest.generation > after:
            return newest, False
        admission.check_usable(config)
        if asked.kind_of(request) not in adapter_for(config).kinds:
            raise NotConfigured(gettext_noop("%(provider)s does not make this kind of thing."), provider=config.name)
        price = prices.quote(config, request)
        admission.check_limits(config)
        admission.check_budgets(house, config, amount=price.total, subject=about["subject"], subject_budget=subject_budget)
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
        )
        write_event(call, name="reserve", came_from="", to=S.RESERVED, actor=about["actor"])
    step("reserved")
    return call, True


def _carry(call: ProviderCall, *, fresh: bool, should_stop: Callable[[], bool], on_progress: Callable[[int], None]) -> Ready | Pending:
    if call.state in {S.RESERVED, S.SENDING, S.ACCEPTED}:
        config = AIProviderConfig.objects.get(provider=call.provider_id)
        adapter = adapter_for(config)
        errand = errand_of(call, config, should_stop=should_stop, on_progress=on_progress)
        if call.state == S.RESERVED:
            _send(call, config, adapter, errand, readmit=not fresh)
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
    return Errand(
        attempt=call.pk,
        model=prices.card_of(config, kind=call.kind, model=call.model),
        units=call.units,
        estimate=call.estimate,
        nth=_nth(call) if config.settings.get("drill") else 1,
        complaint=(before or {}).get("complaint", ""),
        should_stop=should_stop,
        on_progress=on_progress,
    )


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
            until = call.poll_after or timezone.now()
            return Pending(call, until, call.note or Sentence(gettext_noop("The provider is working on it.")))
        case _:
            until = timezone.now() + timedelta(seconds=2)
            return Pending(call, until, Sentence(gettext_noop("It is being sent.")))


def _send(call: ProviderCall, config: AIProviderConfig, adapter: Adapter, errand: Errand, *, readmit: bool) -> None:
    """Submit once. Whoever moves the row from reserved to sending is the only one who sends."""
    known = {**call.evidence, **evidence.before_sending(config, adapter)} if call.estimate else call.evidence
    with admission.turns(call.provider_id), transaction.atomic(durable=True):
        if readmit:  # it was reserved earlier and never sent; the limits count from now
            _, locked = admission.lock(call.provider_id)
            admission.check_usable(locked)
            admission.check_limits(locked, besides=call)
        claimed = move(call, name="send", expect=(S.RESERVED,), to=S.SENDING, sending_at=timezone.now(), evidence=known)
    if not claimed:
        return
    step("sending")
    request = asked.from_json(call.request)
    try:
        answer = adapter.submit(request, errand)
    except Refused as refused:
        step("refused")
        outcome.refuse(call, refused)
        outcome.raise_if_it_may_wait(call, refused)
        return
    except Unclear as unclear:
        step("answer lost")
        outcome.leave_unclear(call, unclear.sentence)
        return
    except AwayError as away:  # our own store, asked for the picture to be sent along; nothing was sent
        outcome.refuse(call, Refused.of(away.sentence, kind=Refusal.UNREACHABLE))
        raise
    except (NotConfigured, KeyUnreadable) as error:  # changed since it was checked; nothing was sent
        outcome.refuse(call, Refused.of(error.sentence, kind=Refusal.INVALID))
        raise
    except Exception as error:
        outcome.unexpected(call, adapter, error)
        if adapter.repeatable:
            raise
        return
    step("answered")
    if isinstance(answer, Accepted):
        accepted = answer
        _patiently(call, lambda: outcome.accept(call, accepted), pauses=PAUSES)
        step("accepted")
    else:
        _settle_answer(call, adapter, answer)


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
