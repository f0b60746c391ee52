"""Checks whether a call may be made now: pauses, rate limits and budgets.

The checks run under the lock of the organization budget.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from core.clock import database_now
from providers import keys
from providers.enums import OPEN_CALL, CallState
from providers.errors import NotConfigured, NotNow, PriceAboveConfirmed
from providers.ledger import counted, month_start
from providers.models import (
    AIProviderConfig,
    OrganizationBudget,
    ProviderCall,
    ProviderQuestion,
)
from providers.registry import adapter_for

RECHECK_INTERVAL = timedelta(minutes=10)  # a raised budget or a resume wakes jobs earlier
SLOT_WAIT = timedelta(seconds=1)
MIN_SPACING = timedelta(milliseconds=50)  # at most 20 retries a second per provider
FARTHEST_SLOT = timedelta(minutes=2)
QUESTIONS_ARE_KEPT = timedelta(hours=2)  # longer than the longest window of a limit
ABOVE = gettext_noop(
    "It costs %(amount)s USD now, and %(limit)s USD were confirmed. It goes on when a "
    "person confirms the new price."
)


def lock(provider: str) -> tuple[OrganizationBudget, AIProviderConfig]:
    """Lock and return both rows until the end of the transaction, always in this order.

    Raises `NotConfigured`. On SQLite a writing transaction locks the whole database from its start
    (BEGIN IMMEDIATE).
    """
    organization_budget = OrganizationBudget.objects.select_for_update().get_or_create(pk=1)[0]
    config = AIProviderConfig.objects.select_for_update().filter(provider=provider).first()
    if config is None:
        raise NotConfigured(
            gettext_noop("There is no provider named “%(provider)s”."), provider=provider
        )
    return organization_budget, config


@contextmanager
def spacing(provider: str) -> Iterator[None]:
    """Give each caller that must wait for a rate limit its own time to retry.

    Waiting callers therefore retry one after the other instead of all at once. The provider's row
    stores the last time handed out. It is written after the refused transaction has ended; it is a
    hint, not a guarantee.
    """
    try:
        yield
    except NotNow as wait:
        if wait.wait == "rate_limit":
            wait.until = _next_slot(provider, wait.until)
        raise


def _next_slot(provider: str, earliest: datetime) -> datetime:
    with transaction.atomic(durable=True):
        config = AIProviderConfig.objects.select_for_update().get(provider=provider)
        spacing = max(
            MIN_SPACING,
            timedelta(minutes=1) / config.rate_limit_per_minute
            if config.rate_limit_per_minute
            else MIN_SPACING,
        )
        slot = (
            max(earliest, min(config.next_slot_at + spacing, database_now() + FARTHEST_SLOT))
            if config.next_slot_at
            else earliest
        )
        AIProviderConfig.objects.filter(pk=config.pk).update(next_slot_at=slot)
    return slot


def check_usable(config: AIProviderConfig) -> None:
    """Raise `NotConfigured` if the provider is not set up, `NotNow` if it is paused or inactive.

    Work waits for a provider that a person has switched off; it is not lost.
    """
    if not config.is_active:
        raise NotNow(
            gettext_noop("%(provider)s is not active."),
            until=database_now() + RECHECK_INTERVAL,
            wait="provider",
            provider=config.name,
        )
    adapter = adapter_for(config)
    if adapter.needs_key and not keys.has_key(config):
        raise NotConfigured(gettext_noop("%(provider)s has no key."), provider=config.name)
    adapter.ready()
    if config.is_paused:
        raise NotNow(
            gettext_noop("%(provider)s is paused: %(reason)s"),
            until=database_now() + RECHECK_INTERVAL,
            wait="provider",
            provider=config.name,
            reason=config.paused_because,
        )


def count_question(provider: str) -> None:
    """Count a free question, which is asked right after, as the calls are counted.

    Call it outside of a transaction. Raises `NotConfigured` or `NotNow`, and counts nothing then.
    """
    with spacing(provider), transaction.atomic(durable=True):
        _budget, config = lock(provider)
        check_usable(config)
        check_limits(config)
        now = database_now()
        ProviderQuestion.objects.filter(asked_at__lt=now - QUESTIONS_ARE_KEPT).delete()
        ProviderQuestion.objects.create(provider=config, asked_at=now)


def check_limits(config: AIProviderConfig, *, besides: ProviderCall | None = None) -> None:
    """Check the rate limits across all workers, counted over the ledger rows and the questions.

    Raises `NotNow`. `besides` is a call that is not counted.
    """
    now = database_now()
    if config.not_before and config.not_before > now:
        raise _limited(
            gettext_noop("%(provider)s has asked for a pause until %(time)s."),
            config,
            config.not_before,
        )
    sent = ProviderCall.objects.filter(provider=config)
    if besides is not None:
        sent = sent.exclude(pk=besides.pk)
    for limit, window, template in (
        (
            config.rate_limit_per_minute,
            timedelta(minutes=1),
            gettext_noop(
                "%(provider)s: %(limit)s calls a minute are used up; goes on at %(time)s."
            ),
        ),
        (
            config.rate_limit_per_hour,
            timedelta(hours=1),
            gettext_noop("%(provider)s: %(limit)s calls an hour are used up; goes on at %(time)s."),
        ),
    ):
        if limit is None:
            continue
        free = _free_at(config, sent, limit=limit, window=window, now=now)
        if free:
            raise _limited(template, config, free, limit=limit)
    if (
        config.max_concurrent is not None
        and sent.filter(state__in=OPEN_CALL).count() >= config.max_concurrent
    ):
        raise NotNow(
            gettext_noop("%(provider)s: %(limit)s calls run at once; waits for one to end."),
            until=now + SLOT_WAIT,
            wait="rate_limit",
            provider=config.name,
            limit=config.max_concurrent,
        )


def _limited(template: str, config: AIProviderConfig, until: datetime, **values: Any) -> NotNow:
    return NotNow(
        template, until=until, wait="rate_limit", provider=config.name, time=until, **values
    )


def counting(sent: QuerySet[ProviderCall], *, since: datetime) -> QuerySet[ProviderCall]:
    """Return the calls that a rate limit counts. Calls that were never sent do not count."""
    return sent.filter(Q(reserved_at__gt=since) | Q(sending_at__gt=since)).exclude(
        state=CallState.REFUSED, sending_at=None
    )


def questions(config: AIProviderConfig, *, since: datetime) -> QuerySet[ProviderQuestion]:
    """Return the free questions that a rate limit counts with the calls."""
    return ProviderQuestion.objects.filter(provider=config, asked_at__gt=since)


def _free_at(
    config: AIProviderConfig,
    sent: QuerySet[ProviderCall],
    *,
    limit: int,
    window: timedelta,
    now: datetime,
) -> datetime | None:
    """Return when the next call fits into the window, or None if it fits now."""
    if limit == 0:
        return now + window
    calls = (
        counting(sent, since=now - window)
        .annotate(counts_from=Coalesce("sending_at", "reserved_at"))
        .order_by("-counts_from")
        .values_list("counts_from", flat=True)[:limit]
    )
    asked = (
        questions(config, since=now - window)
        .order_by("-asked_at")
        .values_list("asked_at", flat=True)[:limit]
    )
    newest: list[datetime] = sorted([*calls, *asked], reverse=True)[:limit]
    if len(newest) < limit:
        return None
    return max(newest[-1] + window, now + timedelta(milliseconds=10))


def check_price(amount: Decimal, limit: Decimal | None) -> None:
    """Raise `PriceAboveConfirmed` if the amount exceeds the price that a person confirmed."""
    if limit is not None and amount > limit:
        raise PriceAboveConfirmed(ABOVE, amount=amount, limit=limit)


def _counted_in(call: ProviderCall | None, since: datetime | None) -> Decimal:
    """Return what this call contributes to a sum over the calls since `since`."""
    return (
        call.counted
        if call is not None and (since is None or call.reserved_at >= since)
        else Decimal(0)
    )


def check_budgets(
    organization_budget: OrganizationBudget,
    config: AIProviderConfig,
    *,
    amount: Decimal,
    subject: str,
    subject_budget: Decimal | Callable[[], Decimal | None] | None,
    besides: ProviderCall | None = None,
) -> None:
    """Check the budgets against actual, reserved and unconfirmed amounts, including this call.

    Raises `NotNow`. Free calls are always allowed. `besides` is a call that is already counted and
    must not be counted twice.
    """
    if not amount:
        return
    if callable(subject_budget):
        subject_budget = subject_budget()
    month = month_start(database_now())
    caps: tuple[tuple[Decimal | None, dict[str, Any], str], ...] = (
        (
            subject_budget,
            {"subject": subject},
            gettext_noop(
                "The story's budget, or what its project has left, is %(cap)s USD and does not "
                "allow %(amount)s more; %(spent)s are spent or bound."
            ),
        ),
        (
            config.monthly_budget,
            {"provider": config.provider, "since": month},
            gettext_noop(
                "%(provider)s: this month's budget of %(cap)s USD does not allow "
                "%(amount)s more; %(spent)s are spent or bound."
            ),
        ),
        (
            organization_budget.monthly_budget,
            {"since": month},
            gettext_noop(
                "This month's organization budget of %(cap)s USD does not allow %(amount)s "
                "more; %(spent)s are spent or bound."
            ),
        ),
    )
    for cap, spent, template in caps:
        if (
            cap is not None
            and (already := counted(**spent) - _counted_in(besides, spent.get("since"))) + amount
            > cap
        ):
            raise NotNow(
                template,
                until=database_now() + RECHECK_INTERVAL,
                wait="budget",
                provider=config.name,
                cap=f"{cap:.2f}",
                amount=f"{amount:.2f}",
                spent=f"{already:.2f}",
            )
