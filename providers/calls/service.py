"""The life of one call: `advance` makes the next step of its state.

Every function here may be interrupted at any point and called again with the same key.
`reserving`, `sending`, `polling` and `recovery` hold the steps, `states` the transitions, and
`outcomes` what follows from an answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from providers import requests as asked
from providers.adapters import Adapter, CallContext, ignore, never
from providers.enums import CallState, Refusal
from providers.errors import KeyReused, Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import Request

from . import balance_evidence, outcomes, polling, recovery, sending, spool
from .call_context import call_context_of
from .reserving import latest, may_ask_again, may_submit_again, reserve
from .terms import Budget, Pending, Ready, Terms, any_request, nothing

S = CallState
SPOOL_WAIT = timedelta(seconds=15)


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
    require_current: Callable[[Request, str], None] = any_request,
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
    longer act; nothing is then written or sent. `require_current` is called in the same three
    transactions, with the request and its provider, and raises if the work is to be made from
    something else by now: a reservation is then released at no cost, and the next call of `advance`
    reserves what is asked for then. `should_stop` is also checked before sending.

    After a refusal the next call submits again, except when the content was refused or the refusal
    was charged; then only a higher `request_no` submits again. `request_no` counts how often a user
    has requested this work. `after` is the number of the newest call (`attempt_no_of(key)`) at the
    time of the user's request; calls up to that number are earlier work whose result is not
    returned again.

    Must not run inside a transaction, because its commits must be durable before a byte is sent
    (RuntimeError otherwise). Raises `NotNow` (nothing was sent), `PriceAboveConfirmed`, `Refused`,
    `Unclear`, `NoPrice`, `NotConfigured`, `KeyReused`, and whatever `hold` and `require_current`
    raise.
    """
    terms = Terms(price_limit, subject_budget, hold, require_current, should_stop, on_progress)
    request_hash = asked.hash_of(request)
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
        if call is None or may_submit_again(call, request_hash, request_no=request_no, after=after):
            known = call.attempt_no if call else 0
            about = {
                "key": key,
                "request_no": request_no,
                "subject": subject,
                "item": item,
                "actor": actor,
            }
            call, mine = reserve(
                request,
                request_hash=request_hash,
                provider=provider,
                terms=terms,
                after=known,
                about=about,
            )
        try:
            return _carry(call, terms, newly_reserved=mine)
        except Refused:
            if call.state != S.REFUSED or not may_ask_again(call):
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


@dataclass(frozen=True, slots=True)
class _Known:
    """A call with all that its step needs."""

    call: ProviderCall
    config: AIProviderConfig
    adapter: Adapter
    context: CallContext
    terms: Terms
    newly_reserved: bool


def _send(known: _Known) -> None:
    with sending.ends_no_sooner(known.adapter):
        sending.send(
            known.call,
            known.config,
            known.adapter,
            known.context,
            known.terms,
            readmit=not known.newly_reserved,
        )


def _recover(known: _Known) -> None:
    recovery.recover_sending(known.call, known.adapter)


def _poll(known: _Known) -> None:
    polling.poll(known.call, known.adapter, known.context)


# One step in each state in which there is one to make. In every other state, `_answer` reports the
# state only. The transitions that the steps make are those of `states.TRANSITIONS`.
STEPS: dict[str, Callable[[_Known], None]] = {
    S.RESERVED: _send,
    S.SENDING: _recover,
    S.ACCEPTED: _poll,
}


def _carry(call: ProviderCall, terms: Terms, *, newly_reserved: bool) -> Ready | Pending:
    """Make the step of the call's state, and report the state after it."""
    if step := STEPS.get(call.state):
        config = AIProviderConfig.objects.get(provider=call.provider_id)
        adapter = adapter_for(config)
        context = call_context_of(
            call, config, should_stop=terms.should_stop, on_progress=terms.on_progress
        )
        step(_Known(call, config, adapter, context, terms, newly_reserved))
        if call.state == S.UNCLEAR:
            balance_evidence.after_unclear(call, config, adapter)
    return _answer(call)


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
