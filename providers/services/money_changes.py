"""Records changes of prices and limits, so that no user can bypass a second person's approval.

For 24 hours after a user's own changes, that user's starts are checked with the higher of the
current price and the prices before those changes, and with the lower of the current limit and the
limits before them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from core.clock import DatabaseNow, database_now
from core.localized_messages import DomainError
from providers.errors import Forbidden
from providers.models import AIProviderConfig, MoneyChange, OrganizationBudget, ProviderModel
from providers.prices import model_row as row_of
from providers.prices import priced
from providers.requests import Request

from .configs import ORGANIZATION_BUDGET, organization_budget, plan_limit_of, wake_the_waiting

DAY = timedelta(hours=24)
PRICES = ("cost_per_image", "cost_per_second_video", "cost_per_text_call")
OF_MODEL = ("name", "kind", "is_active", "is_default", "stands_for", "unit", "price", "durations")


def _snapshot(provider: str) -> dict[str, Any]:
    config = AIProviderConfig.objects.filter(provider=provider).first()
    if config is None:
        return {}
    rows = ProviderModel.objects.filter(provider=config).order_by("pk").values(*OF_MODEL)
    models = [{**row, "price": None if row["price"] is None else str(row["price"])} for row in rows]
    prices = {
        name: None if getattr(config, name) is None else str(getattr(config, name))
        for name in PRICES
    }
    return {"prices": prices, "settings": config.settings, "models": models}


@contextmanager
def of_prices(provider: str, *, actor: Any) -> Iterator[None]:
    """Within this context the user changes the provider, whose row is locked.

    The prices from before are recorded if they differ.
    """
    with transaction.atomic():
        # Locked before they are read: another's change may be about to commit.
        AIProviderConfig.objects.select_for_update().filter(provider=provider).first()
        before = _snapshot(provider)
        yield
        _keep_prices(provider, before, actor)


def _keep_prices(provider: str, before: dict[str, Any], actor: Any) -> None:
    if before and before != _snapshot(provider):
        MoneyChange.objects.create(actor=actor, provider=provider, before=before, at=database_now())


@contextmanager
def of_limits(*, actor: Any) -> Iterator[None]:
    """Within this context the user changes limits or roles, one user after the other.

    What the user could start alone before is recorded if it differs.
    """
    with transaction.atomic():
        OrganizationBudget.objects.select_for_update().get_or_create(pk=ORGANIZATION_BUDGET)
        before = plan_limit_of(actor)
        yield
        if plan_limit_of(actor) != before:
            MoneyChange.objects.create(
                actor=actor,
                before={"limit": None if before is None else str(before)},
                at=database_now(),
            )


def change_budget(*, actor: Any, **values: Decimal | None) -> OrganizationBudget:
    """Change `monthly_budget`, `plan_limit` or `one_press_limit`, in USD; None means no limit.

    What the user could start alone before still binds them for a day. Raises `Forbidden`.
    """
    limits = {"plan_limit", "one_press_limit"} & set(values)
    rights = {"change_organizationbudget", *(["set_plan_limits"] if limits else [])}
    if not actor.is_active or not actor.has_perms([f"providers.{right}" for right in rights]):
        raise Forbidden(gettext_noop("You may not change this about the organization budget."))
    with of_limits(actor=actor):
        row = organization_budget()
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=[*values, "updated_at"])
        wake_the_waiting()
    return row


def limit_of(person: Any) -> Decimal | None:
    """Return what the user may start alone, in USD; None means no limit.

    It is the lowest of the current limit and the limits before the user's own changes of the last
    day.
    """
    changes = MoneyChange.objects.filter(
        actor=person, provider="", at__gt=DatabaseNow(-DAY)
    ).values_list("before", flat=True)
    limits = [
        plan_limit_of(person),
        *(None if one["limit"] is None else Decimal(one["limit"]) for one in changes),
    ]
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None


def has_changed_prices(person: Any) -> bool:
    """Return whether this user changed a price within the last day."""
    changes = MoneyChange.objects.filter(actor=person, at__gt=DatabaseNow(-DAY))
    return changes.exclude(provider="").exists()


def prices_before(provider: str, *, person: Any) -> list[dict[str, Any]]:
    """Return the prices before each of the user's own changes of the last day; one query."""
    changes = MoneyChange.objects.filter(actor=person, provider=provider, at__gt=DatabaseNow(-DAY))
    return list(changes.values_list("before", flat=True))


def highest_price(
    provider: str, request: Request, *, before: list[dict[str, Any]], now: Decimal
) -> Decimal:
    """Return the higher of `now` and the prices `before`, in USD."""
    return max([now, *(_price_then(provider, one, request) for one in before)])


def _price_then(provider: str, before: dict[str, Any], request: Request) -> Decimal:
    prices = {
        name: None if text is None else Decimal(text) for name, text in before["prices"].items()
    }
    config = AIProviderConfig(pk=0, provider=provider, settings=before["settings"], **prices)
    rows = [
        ProviderModel(**{**row, "price": None if row["price"] is None else Decimal(row["price"])})
        for row in before["models"]
    ]
    config._prefetched_objects_cache = {"models": rows}  # type: ignore[attr-defined]  # noqa: SLF001  as prefetch_related leaves it
    try:
        return priced(config, request, row_of(config, request)).total
    except DomainError:
        return Decimal(0)
