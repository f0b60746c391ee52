"""Handles provider quotes made after the work was accepted that exceed what was allowed."""

import logging
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from providers import requests as asked
from providers.adapters import Adapter, CallContext, Running
from providers.enums import CallState
from providers.errors import NotNow, PriceAboveConfirmed, ProviderError, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall

from . import balance_evidence, limits, outcomes
from .states import write_event
from .terms import Budget

log = logging.getLogger("ai_video.providers")
QUEUED = "queued"  # `cancel_is_free` of adapters that refund a queued task
ABOVE = gettext_noop(
    "The provider asks for %(amount)s USD, and %(limit)s USD were confirmed. It goes on "
    "when a person confirms the new price."
)
CONTINUES = gettext_noop(
    "The provider asks for %(amount)s USD, which is more than was allowed; it cannot be "
    "stopped free of charge any more."
)


def stop_if_dearer(
    call: ProviderCall,
    config: AIProviderConfig,
    adapter: Adapter,
    call_context: CallContext,
    subject_budget: Budget,
) -> None:
    """Cancel a task whose quote exceeds the confirmed price or the budgets, if that is free.

    The actual cost is recorded. Raises `PriceAboveConfirmed` or `NotNow` (budget) if the task was
    cancelled. A task that cannot be cancelled free of charge is paid in any case: it continues, its
    result is stored, and its price counts towards the budgets.
    """
    if call.state != CallState.ACCEPTED or call.quote is None or call.quote <= call.estimate:
        return
    reason = _objection(call, subject_budget)
    if reason is None:
        return
    log.warning("Call %s: %s", call.pk, reason)
    if not _cancelled(call, config, adapter, call_context, reason.sentence):
        note = LocalizedMessage(CONTINUES, {"amount": f"{call.quote.normalize():f}"})
        write_event(call, name="dearer", came_from=call.state, to=call.state, note=note)
        return
    raise reason


def _objection(call: ProviderCall, subject_budget: Budget) -> PriceAboveConfirmed | NotNow | None:
    amount = call.quote or Decimal(0)
    if call.price_limit is not None and amount > call.price_limit:
        return PriceAboveConfirmed(ABOVE, amount=amount, limit=call.price_limit, call=call)
    try:
        with transaction.atomic(durable=True):
            organization_budget, config = limits.lock(call.provider_id)
            limits.check_budgets(
                organization_budget,
                config,
                amount=amount,
                subject=call.subject,
                subject_budget=subject_budget,
                besides=call,
            )
    except NotNow as error:
        return error
    return None


def _cancelled(
    call: ProviderCall,
    config: AIProviderConfig,
    adapter: Adapter,
    call_context: CallContext,
    why: LocalizedMessage,
) -> bool:
    """Return whether the task was cancelled before it started.

    Calls the provider, which is free. Must not run inside a transaction.
    """
    if getattr(adapter, "cancel_is_free", "never") != QUEUED:
        return False
    request = asked.from_json(call.request)
    try:
        now = adapter.poll(call.task_id, request, call_context)
        waits = isinstance(now, Running) and now.queued
        before = (
            balance_evidence.ask_balance(config, adapter)
            if waits and adapter.tells_balance
            else None
        )
        if not waits or not adapter.cancel(call.task_id):
            return False
    except ProviderError:
        return False
    try:
        adapter.poll(call.task_id, request, call_context)
    except Refused as refused:
        outcomes.give_up(call, why, cost=refused.cost, is_estimated=False)
    except Unclear:  # the provider no longer knows the task, as expected
        outcomes.give_up(
            call, why, cost=_kept_back(call, config, adapter, before), is_estimated=True
        )
    except ProviderError:
        pass  # regular polling finds out the outcome, as for a task that was not cancelled
    return call.state == CallState.REFUSED


def _kept_back(
    call: ProviderCall, config: AIProviderConfig, adapter: Adapter, before: Decimal | None
) -> Decimal:
    """Return the amount that was not refunded, according to the provider's balance.

    Returns the whole amount if the provider does not report a balance.
    """
    amount = call.counted
    after = balance_evidence.ask_balance(config, adapter) if before is not None else None
    if before is None or after is None:
        return amount
    return min(amount, max(Decimal(0), amount - max(Decimal(0), after - before)))
