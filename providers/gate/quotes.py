"""A provider that names its own price, after it has taken the work: what is done when that is more than was allowed."""

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_noop

from ground.sentence import Sentence
from providers import requests as asked
from providers.adapters import Adapter, Errand, Running
from providers.enums import CallState
from providers.errors import NotNow, PriceAboveConfirmed, ProviderError, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall

from . import admission, evidence, outcome
from .states import write_event

if TYPE_CHECKING:
    from .flow import Budget

log = logging.getLogger("ai_video.providers")
QUEUED = "queued"  # `cancel_is_free` of an adapter whose tasks cost nothing when they are cancelled before they begin
ABOVE = gettext_noop("The provider asks for %(amount)s USD, and %(limit)s USD were confirmed. It goes on when a person confirms the new price.")
GOES_ON = gettext_noop("The provider asks for %(amount)s USD, which is more than was allowed; it cannot be stopped free of charge any more.")


def stop_if_dearer(call: ProviderCall, config: AIProviderConfig, adapter: Adapter, errand: Errand, subject_budget: "Budget") -> None:
    """Cancel the task if its price is above the confirmed one or the budgets, where that is free; its real cost is booked.

    Raises `PriceAboveConfirmed` or `NotNow` (budget) when it was cancelled. A task that cannot be cancelled free of
    charge is paid in any case: it goes on, its result is kept, and its price counts in the budgets.
    """
    if call.state != CallState.ACCEPTED or call.quote is None or call.quote <= call.estimate:
        return
    reason = _objection(call, subject_budget)
    if reason is None:
        return
    log.warning("Call %s: %s", call.pk, reason)
    if not _cancelled(call, config, adapter, errand, reason.sentence):
        note = Sentence(GOES_ON, {"amount": f"{call.quote.normalize():f}"})
        write_event(call, name="dearer", came_from=call.state, to=call.state, note=note)
        return
    raise reason


def _objection(call: ProviderCall, subject_budget: "Budget") -> PriceAboveConfirmed | NotNow | None:
    amount = call.quote or Decimal(0)
    if call.price_limit is not None and amount > call.price_limit:
        return PriceAboveConfirmed(ABOVE, amount=amount, limit=call.price_limit, call=call)
    try:
        with transaction.atomic(durable=True):
            house, config = admission.lock(call.provider_id)
            admission.check_budgets(house, config, amount=amount, subject=call.subject, subject_budget=subject_budget, besides=call)
    except NotNow as error:
        return error
    return None


def _cancelled(call: ProviderCall, config: AIProviderConfig, adapter: Adapter, errand: Errand, why: Sentence) -> bool:
    """Whether the task was stopped before it began. Asks the provider, which is free; not inside a transaction."""
    if getattr(adapter, "cancel_is_free", "never") != QUEUED:
        return False
    request = asked.from_json(call.request)
    try:
        now = adapter.poll(call.task_id, request, errand)
        waits = isinstance(now, Running) and now.queued
        before = evidence.ask_balance(config, adapter) if waits and adapter.tells_balance else None
        if not waits or not adapter.cancel(call.task_id):
            return False
    except ProviderError:
        return False
    try:
        adapter.poll(call.task_id, request, errand)
    except Refused as refused:
        outcome.give_up(call, why, cost=refused.cost, is_estimated=False)
    except Unclear:  # it is not known there any more, as it should be
        outcome.give_up(call, why, cost=_kept_back(call, config, adapter, before), is_estimated=True)
    except ProviderError:
        pass  # what became of it is found out when it is asked for as usual, as when it did not stop
    return call.state == CallState.REFUSED


def _kept_back(call: ProviderCall, config: AIProviderConfig, adapter: Adapter, before: Decimal | None) -> Decimal:
    """What the provider did not give back, by its own balance; all of it when it does not say."""
    amount = call.counted
    after = evidence.ask_balance(config, adapter) if before is not None else None
    if before is None or after is None:
        return amount
    return min(amount, max(Decimal(0), amount - max(Decimal(0), after - before)))
