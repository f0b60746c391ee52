"""Reserving a call: whether the work may be requested, and the row that is committed first."""

from decimal import Decimal
from itertools import takewhile
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from core.clock import database_now
from providers import prices, store
from providers import requests as asked
from providers.enums import CallState, Kind, Refusal
from providers.errors import NotConfigured
from providers.models import ProviderCall
from providers.registry import adapter_for
from providers.requests import Request

from . import limits, spool
from .fault_points import hit
from .states import ENDED, was_decided, write_event
from .terms import Terms

S = CallState
MAX_VALIDATION_RETRIES = 2  # at most three calls for one answer


def latest(key: str) -> ProviderCall | None:
    return ProviderCall.objects.filter(key=key).order_by("-attempt_no").first()


def may_submit_again(call: ProviderCall, request_hash: str, *, request_no: int, after: int) -> bool:
    """Return whether work may be requested again, whose newest call this is."""
    if call.state in ENDED and call.attempt_no <= after:
        return True
    # Looked at here, and not by the caller: a person may decide while the caller is on its way.
    if was_decided(call):
        return request_no > call.request_no
    if call.state != S.REFUSED:
        return False
    bound_to_fail = call.refusal == Refusal.MODERATED and call.request_hash == request_hash
    return request_no > call.request_no or may_ask_again(call) or not (bound_to_fail or call.cost)


def may_ask_again(call: ProviderCall) -> bool:
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


def reserve(
    request: Request,
    *,
    request_hash: str,
    provider: str,
    terms: Terms,
    after: int,
    about: dict[str, Any],
) -> tuple[ProviderCall, bool]:
    """Record what is about to be requested and what it may cost.

    Returns the call, and whether this process created it; False means that another process was
    first with this key. `about` holds the key and the fields that identify the work and its user.
    """
    hit("before reserving")
    require_a_place(request, provider)
    with limits.spacing(provider), transaction.atomic(durable=True):
        terms.hold()
        organization_budget, config = limits.lock(provider)
        newest = latest(about["key"])
        if newest is not None and newest.attempt_no > after:
            return newest, False
        terms.require_current(request, provider)
        limits.check_usable(config)
        if asked.kind_of(request) not in adapter_for(config).kinds:
            raise NotConfigured(
                gettext_noop("%(provider)s does not make this kind of thing."), provider=config.name
            )
        price = prices.quote(config, request)
        # What the provider asked for this very request before, if it then refused the work.
        again = (
            newest is not None and newest.state == S.REFUSED and newest.request_hash == request_hash
        )
        quoted = newest.quote if newest is not None and again else None
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
            request_hash=request_hash,
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


def require_a_place(request: Request, provider: str) -> None:
    """Require, before money is spent, that the result can be stored.

    Raises `ServiceUnavailableError` otherwise.
    """
    if adapter_for(prices.config_of(provider)).repeatable:
        return
    spool.require_ready()
    if asked.kind_of(request) != Kind.TEXT:
        store.require_ready()
