"""Sums over the ledger of calls.

Every function makes one query. Amounts are exact, in USD.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.db.models import Case, Count, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from .enums import AT_RISK, CallState
from .models import ProviderCall

QUANTUM = Decimal("0.0001")
MONEY = DecimalField(max_digits=14, decimal_places=4)
NOTHING = Value(Decimal(0), output_field=MONEY)

type Dimension = Literal["subject", "item", "provider", "model", "kind", "actor", "day"]
DIMENSIONS: dict[str, Any] = {
    "subject": F("subject"),
    "item": F("item"),
    "provider": F("provider_id"),
    "model": F("model"),
    "kind": F("kind"),
    "actor": F("actor_id"),
    "day": TruncDate("reserved_at"),
}

# A refusal is free unless it has a cost; an open or unclear call may cost the provider's quote,
# else the estimate.
_may_cost = Coalesce("quote", "estimate", output_field=MONEY)
_expected = Case(
    When(state=CallState.REFUSED, then=NOTHING), default=F("estimate"), output_field=MONEY
)
_counted = Coalesce(
    "cost",
    Case(When(state=CallState.REFUSED, then=NOTHING), default=_may_cost, output_field=MONEY),
    output_field=MONEY,
)

SUMS = {
    "sum_estimate": Sum(_expected, output_field=MONEY),
    "sum_reserved": Sum(_may_cost, filter=Q(state=CallState.RESERVED), output_field=MONEY),
    "sum_actual": Sum("cost", output_field=MONEY),
    "sum_at_risk": Sum(_may_cost, filter=Q(state__in=AT_RISK), output_field=MONEY),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over calls, in USD.

    `estimate`: the estimates of the calls that were not refused. `actual`: what was paid, including
    refusals with a cost. `reserved`: not sent yet. `at_risk`: sent, cost unconfirmed. Budgets count
    the last three.
    """

    estimate: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    actual: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    calls: int = 0

    @property
    def counted(self) -> Decimal:
        return self.reserved + self.actual + self.at_risk

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.estimate + other.estimate,
            self.reserved + other.reserved,
            self.actual + other.actual,
            self.at_risk + other.at_risk,
            self.calls + other.calls,
        )


def exact(amount: Any) -> Decimal:
    """Round a sum to four places.

    SQLite sums in binary; rounding to four places is exact for any sum below a hundred million.
    """
    return Decimal(amount or 0).quantize(QUANTUM)


def month_start(day: datetime | None = None) -> datetime:
    """Return the first moment of the month in the installation's time zone."""
    return timezone.localtime(day).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def calls(
    *,
    subject: str | None = None,
    subjects: Iterable[str] | None = None,
    item: str | None = None,
    items: Iterable[str] | None = None,
    provider: str | None = None,
    kind: str | None = None,
    actor: Any = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[ProviderCall]:
    """Return the calls that match all given values.

    Times refer to the reservation; `before` is exclusive.
    """
    wanted = {
        "subject": subject,
        "subject__in": subjects if subjects is None else list(subjects),
        "item": item,
        "item__in": items if items is None else list(items),
        "provider_id": provider,
        "kind": kind,
        "actor": actor,
        "reserved_at__gte": since,
        "reserved_at__lt": before,
    }
    return ProviderCall.objects.filter(
        **{name: value for name, value in wanted.items() if value is not None}
    )


def _totals(row: Mapping[str, Any]) -> Totals:
    return Totals(
        calls=row["count"], **{name.removeprefix("sum_"): exact(row[name]) for name in SUMS}
    )


def mark() -> object:
    """Return a value that changes with each new call and with the newest call's state.

    It needs one index lookup.
    """
    return newest().values_list("id", "state").first()


def newest() -> QuerySet[ProviderCall]:
    """Return a query for the newest call, for `mark` and for use as a subquery."""
    return ProviderCall.objects.order_by("-reserved_at", "-id")[:1]


def totals(**wanted: Any) -> Totals:
    """Return the sums over `calls(**wanted)`."""
    aggregates: dict[str, Any] = {"count": Count("id"), **SUMS}
    return _totals(calls(**wanted).aggregate(**aggregates))


def counted(**wanted: Any) -> Decimal:
    """Return the sum that budgets count: actual, reserved and unconfirmed amounts."""
    return counted_of(calls(**wanted))


def counted_of(rows: QuerySet[ProviderCall]) -> Decimal:
    """Return what budgets count of these calls."""
    return exact(rows.aggregate(sum=Sum(_counted, output_field=MONEY))["sum"])


def sent_sums(
    provider: str, *, since: datetime, before: datetime
) -> dict[tuple[date, str], Decimal]:
    """Return what budgets count of the calls sent in this time, by day (UTC) and model.

    A call that certainly costs nothing is not among them.
    """
    rows = (
        calls(provider=provider)
        .filter(
            Q(cost__gt=0) | Q(cost=None) & ~Q(state=CallState.REFUSED),
            sending_at__gte=since,
            sending_at__lt=before,
        )
        .order_by()
        .values("model", day=TruncDate("sending_at", tzinfo=UTC))
        .annotate(sum=Sum(_counted, output_field=MONEY))
    )
    return {(row["day"], row["model"]): exact(row["sum"]) for row in rows}


def breakdown(*dimensions: Dimension, **wanted: Any) -> dict[Any, Totals]:
    """Return the sums by one dimension, or by several (keys are then tuples), ordered by key."""
    named = {f"by_{name}": DIMENSIONS[name] for name in dimensions}
    rows: Any = (
        calls(**wanted)
        .order_by()
        .values(**named)
        .annotate(count=Count("id"), **SUMS)
        .order_by(*named)
    )
    return {
        (tuple(row[n] for n in named) if len(named) > 1 else row[next(iter(named))]): _totals(row)
        for row in rows
    }


def daily(*, since: datetime, before: datetime | None = None, **wanted: Any) -> dict[date, Totals]:
    """Return the sums by day of the installation's time zone; days without calls are omitted."""
    return breakdown("day", since=since, before=before, **wanted)
