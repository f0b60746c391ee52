"""Records the provider's balance before and after an unclear call.

The balances help a person to decide whether the call was charged. Requesting them is free and
optional.
"""

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
BALANCE_MAX_AGE = timedelta(minutes=5)


def ask_balance(config: AIProviderConfig, adapter: Adapter) -> Decimal | None:
    """Request the provider's balance in USD and store it on its row.

    Returns None if the provider does not report one. Must not run inside a transaction.
    """
    try:
        balance = adapter.balance()
    except ProviderError as error:
        log.info("%s: no balance: %s", config.name, error)
        return None
    config.balance, config.balance_at = balance, timezone.now()
    AIProviderConfig.objects.filter(pk=config.pk).update(
        balance=balance, balance_at=config.balance_at
    )
    return balance


def before_sending(config: AIProviderConfig, adapter: Adapter) -> dict[str, Any]:
    """Return the balance to record on a call that may cost something.

    The balance is at most five minutes old.
    """
    if not adapter.tells_balance:
        return {}
    if config.balance_at is None or timezone.now() - config.balance_at > BALANCE_MAX_AGE:
        ask_balance(config, adapter)
    if config.balance is None or config.balance_at is None:
        return {}
    return {
        "balance_before": str(config.balance),
        "balance_before_at": config.balance_at.isoformat(),
    }


def after_unclear(call: ProviderCall, config: AIProviderConfig, adapter: Adapter) -> None:
    """Record the balance again after the outcome of a call became unclear."""
    if not adapter.tells_balance or (balance := ask_balance(config, adapter)) is None:
        return
    assert config.balance_at is not None
    added = {
        "balance_after": str(balance),
        "balance_after_at": config.balance_at.isoformat(),
    }
    with transaction.atomic():
        call.evidence = merged_evidence(call, added)
        ProviderCall.objects.filter(pk=call.pk).update(evidence=call.evidence)
