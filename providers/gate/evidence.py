"""What helps a person to judge an unclear call: the balance at the provider before and after it. Free to ask, never needed."""

import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from providers.adapters import Adapter
from providers.errors import ProviderError
from providers.models import AIProviderConfig, ProviderCall

from .states import merged_evidence

log = logging.getLogger("ai_video.providers")
FRESH = timedelta(minutes=5)


def ask_balance(config: AIProviderConfig, adapter: Adapter) -> Decimal | None:
    """USD at the provider, noted on its row; None when it does not tell. Not inside a transaction."""
    try:
        balance = adapter.balance()
    except ProviderError as error:
        log.info("%s: no balance: %s", config.name, error)
        return None
    config.balance, config.balance_at = balance, timezone.now()
    AIProviderConfig.objects.filter(pk=config.pk).update(balance=balance, balance_at=config.balance_at)
    return balance


def before_sending(config: AIProviderConfig, adapter: Adapter) -> dict[str, Any]:
    """What to note on a call that may cost something; the balance is at most five minutes old."""
    if not adapter.tells_balance:
        return {}
    if config.balance_at is None or timezone.now() - config.balance_at > FRESH:
        ask_balance(config, adapter)
    if config.balance is None or config.balance_at is None:
        return {}
    return {"balance_before": str(config.balance), "balance_before_at": config.balance_at.isoformat()}


def after_unclear(call: ProviderCall, config: AIProviderConfig, adapter: Adapter) -> None:
    """Note the balance once more, now that nobody knows what became of the call."""
    if not adapter.tells_balance or (balance := ask_balance(config, adapter)) is None:
        return
    added = {
        "balance_after": str(balance),
        "balance_after_at": timezone.now().isoformat(),
    }
    with transaction.atomic():
        call.evidence = merged_evidence(call, added)
        ProviderCall.objects.filter(pk=call.pk).update(evidence=call.evidence)
