"""Asks a provider what was used of each model and day, and compares it with the ledger.

The answer is kept as a bill of source `usage`. It has daily sums only, so that sums are compared,
not calls.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers import ledger
from providers.adapters import TellsUsage
from providers.enums import BillSource
from providers.errors import Forbidden, Invalid
from providers.models import AIProviderConfig, Bill
from providers.registry import adapter_for, class_of

from .bills import FIRST_DAY

MOST_DAYS = 90  # in one question, as Runway has it


@dataclass(frozen=True, slots=True)
class DaySum:
    """What the provider reports of a model and day (UTC), and what the ledger has; USD.

    `billed` of None: the provider reports nothing. `booked` of None: the ledger has no call.
    """

    day: date
    model: str
    billed: Decimal | None
    booked: Decimal | None

    @property
    def difference(self) -> Decimal:
        return (self.billed or Decimal(0)) - (self.booked or Decimal(0))

    @property
    def agrees(self) -> bool:
        return self.difference == 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sums of each day and model, in order."""

    sums: list[DaySum]

    @property
    def billed(self) -> Decimal:
        return sum((row.billed or Decimal(0) for row in self.sums), Decimal(0))

    @property
    def booked(self) -> Decimal:
        return sum((row.booked or Decimal(0) for row in self.sums), Decimal(0))

    @property
    def matched(self) -> list[DaySum]:
        return [row for row in self.sums if row.agrees]

    @property
    def differing(self) -> list[DaySum]:
        return [row for row in self.sums if not row.agrees]

    @property
    def agrees(self) -> bool:
        return not self.differing


def is_reported(config: AIProviderConfig) -> bool:
    """Return whether the provider can be asked for its usage."""
    found = class_of(config)
    return found is not None and issubclass(found, TellsUsage)


def last_day() -> date:
    """Return yesterday (UTC): the sums of today still grow."""
    return timezone.now().astimezone(UTC).date() - timedelta(days=1)


def ask(config: AIProviderConfig, *, actor: Any, first: date, last: date) -> Bill:
    """Ask the provider for its usage of these days (UTC) and keep the answer as a bill.

    The same answer about the same days is the same bill. The question is free. Must not run inside
    a transaction. Raises `Forbidden`; `Invalid` for days that cannot be asked for or a provider
    that does not report its usage; `NotConfigured`, `KeyRefused` or `Later`.
    """
    if not actor.is_active or not actor.has_perm("providers.add_bill"):
        raise Forbidden(gettext_noop("You may not import bills."))
    if not is_reported(config):
        raise Invalid(
            gettext_noop("%(provider)s does not report its usage. Import its bill as CSV."),
            field="provider",
            provider=config.name,
        )
    _require_days(first, last)
    adapter = adapter_for(config)
    assert isinstance(adapter, TellsUsage)
    used = sorted(
        (one for one in adapter.usage(first, last) if first <= one.day <= last),
        key=lambda one: (one.day, one.model),
    )
    lines = [
        [number, one.day.isoformat(), str(one.amount), one.model]
        for number, one in enumerate(used, 1)
    ]
    content = json.dumps([BillSource.USAGE, first.isoformat(), last.isoformat(), lines])
    values = {
        "source": BillSource.USAGE,
        "lines": lines,
        "first_day": first,
        "last_day": last,
        "total": sum((one.amount for one in used), Decimal(0)),
        "imported_by": actor,
    }
    return Bill.objects.get_or_create(
        provider=config, sha256=hashlib.sha256(content.encode()).hexdigest(), defaults=values
    )[0]


def _require_days(first: date, last: date) -> None:
    if first > last:
        raise Invalid(gettext_noop("The first day is after the last day."), field="first_day")
    if first < FIRST_DAY or (last - first).days >= MOST_DAYS:
        raise Invalid(
            gettext_noop("Ask for at most %(most)s days at once."),
            field="first_day",
            most=MOST_DAYS,
        )
    if last > last_day():
        raise Invalid(
            gettext_noop("The last day that is over is %(day)s (UTC)."),
            field="last_day",
            day=last_day().isoformat(),
        )


def compare(bill: Bill) -> Comparison:
    """Compare the reported sums with the ledger's sums of the calls sent on each day (UTC).

    Models of ours that are one model at the provider are added up. Two queries.
    """
    billed: dict[tuple[date, str], Decimal] = {}
    for _number, day, amount, model in bill.lines:
        key = date.fromisoformat(day), model
        billed[key] = billed.get(key, Decimal(0)) + Decimal(amount)
    booked = _booked(bill)
    return Comparison(
        [
            DaySum(day, model, billed.get((day, model)), booked.get((day, model)))
            for day, model in sorted(billed.keys() | booked.keys())
        ]
    )


def _booked(bill: Bill) -> dict[tuple[date, str], Decimal]:
    called = {
        row.name: str(row.options.get("called") or row.name) for row in bill.provider.models.all()
    }
    found: dict[tuple[date, str], Decimal] = {}
    since = datetime.combine(bill.first_day, time(), UTC)
    before = datetime.combine(bill.last_day + timedelta(days=1), time(), UTC)
    sums = ledger.sent_sums(bill.provider_id, since=since, before=before)
    for (day, name), amount in sums.items():
        key = day, called.get(name, name)
        found[key] = found.get(key, Decimal(0)) + amount
    return found
