"""The sums of the ledger, over the calls themselves. Every function is one query; amounts are exact, in USD."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
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

# A refusal is free unless it says so; an open or unclear call may cost what the provider quoted, else what we reckoned.
_may_cost = Coalesce("quote", "estimate", output_field=MONEY)
_expected = Case(When(state=CallState.REFUSED, then=NOTHING), default=F("estimate"), output_field=MONEY)
_counted = Coalesce("cost", Case(When(state=CallState.REFUSED, then=NOTHING), default=_may_cost, output_field=MONEY), output_field=MONEY)

SUMS = {
    "sum_estimate": Sum(_expected, output_field=MONEY),
    "sum_reserved": Sum(_may_cost, filter=Q(state=CallState.RESERVED), output_field=MONEY),
    "sum_actual": Sum("cost", output_field=MONEY),
    "sum_at_risk": Sum(_may_cost, filter=Q(state__in=AT_RISK), output_field=MONEY),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """`estimate`: what the calls that were not refused were reckoned at. `actual`: what was paid, refusals with a cost
    included. `reserved`: not sent yet. `at_risk`: sent, and the outcome is not known. Budgets count the last three."""

    estimate: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    actual: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    calls: int = 0

    @property
    def counted(self) -> Decimal:
        return self.reserved + self.actual + self.at_risk


def exact(amount: Any) -> Decimal:
    """SQLite sums in binary; four places are exact after rounding for any sum below a hundred million."""
    return Decimal(amount or 0).quantize(QUANTUM)


def month_start(day: datetime | None = None) -> datetime:
    """The first moment of the month in the studio's time zone."""
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
    """The calls that fit all that is given; times are of the reservation, `before` is exclusive."""
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
    return ProviderCall.objects.filter(**{name: value for name, value in wanted.items() if value is not None})


def _totals(row: Mapping[str, Any]) -> Totals:
    return Totals(calls=row["count"], **{name.removeprefix("sum_"): exact(row[name]) for name in SUMS})


def mark() -> object:
    """Changes with each new call, and with what becomes of the newest. One look into an index."""
    return newest().values_list("id", "state").first()


def newest() -> QuerySet[ProviderCall]:
    """The newest call, for `mark` and for who asks for it among other things."""
    return ProviderCall.objects.order_by("-reserved_at", "-id")[:1]


def totals(**wanted: Any) -> Totals:
    """The sums over `calls(**wanted)`."""
    aggregates: dict[str, Any] = {"count": Count("id"), **SUMS}
    return _totals(calls(**wanted).aggregate(**aggregates))


def counted(**wanted: Any) -> Decimal:
    """Actual + reserved + at risk: what budgets count."""
    return exact(calls(**wanted).aggregate(sum=Sum(_counted, output_field=MONEY))["sum"])


def breakdown(*dimensions: Dimension, **wanted: Any) -> dict[Any, Totals]:
    """The sums by one dimension, or by several (then the keys are tuples), in the order of the keys."""
    named = {f"by_{name}": DIMENSIONS[name] for name in dimensions}
    rows: Any = calls(**wanted).order_by().values(**named).annotate(count=Count("id"), **SUMS).order_by(*named)
    return {(tuple(row[n] for n in named) if len(named) > 1 else row[next(iter(named))]): _totals(row) for row in rows}


def daily(*, since: datetime, before: datetime | None = None, **wanted: Any) -> dict[date, Totals]:
    """The sums by day of the studio's time zone; days without a call are left out."""
    return breakdown("day", since=since, before=before, **wanted)
