"""Compares a provider's bill with the ledger: matches, differences and unmatched entries."""

import csv
import hashlib
import io
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import batched
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.identifiers import is_uuid
from providers.amounts import rounded
from providers.errors import Forbidden, Invalid
from providers.models import AIProviderConfig, Bill, ProviderCall

# Column headings that providers and their spreadsheets use, in lower case.
IDS = ("task_id", "task id", "id", "prediction_id", "prediction id", "request_id", "attempt")
AMOUNTS = ("amount", "amount (usd)", "cost", "cost (usd)", "usd", "total")
CREDITS = ("credits", "credits used")
DAYS = ("date", "day", "created_at", "created at", "time")
CREDIT = Decimal("0.01")  # USD, at Runway and at Stability AI alike
SEPARATORS = ",;\t"
MOST_LINES = 100_000
AT_ONCE = 1000  # ids in one query
MOST_USD = 99_999  # in one line; a hundred thousand such lines can still be added up in the books
FIRST_DAY = date(2000, 1, 1)  # of any bill; the last day is at most a year ahead
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the bill. `number` is its line in the file; `task_id` may be empty."""

    number: int
    day: date
    amount: Decimal
    task_id: str = ""


@dataclass(slots=True)
class Report:
    """Result of a comparison.

    `unknown`: billed, but not in the ledger as paid. `named`: the call that such a line names all
    the same, by the line's number: it was decided as not charged, is of other days, or was matched
    with an earlier line. `unbilled`: paid according to the ledger, but not on the bill.
    """

    matched: list[tuple[Line, ProviderCall]] = field(default_factory=list)
    differing: list[tuple[Line, ProviderCall]] = field(default_factory=list)
    unknown: list[Line] = field(default_factory=list)
    named: dict[int, ProviderCall] = field(default_factory=dict)
    unbilled: list[ProviderCall] = field(default_factory=list)

    @property
    def billed(self) -> Decimal:
        """Total of the bill in USD."""
        return sum((line.amount for line, _ in (*self.matched, *self.differing)), Decimal(0)) + sum(
            (line.amount for line in self.unknown), Decimal(0)
        )

    @property
    def booked(self) -> Decimal:
        """Total of the ledger for the same days, in USD."""
        return sum(
            (call.counted for _, call in (*self.matched, *self.differing)), Decimal(0)
        ) + sum((call.counted for call in self.unbilled), Decimal(0))

    @property
    def agrees(self) -> bool:
        return not (self.differing or self.unknown or self.unbilled)


def read_csv(text: str) -> list[Line]:
    """Parse the lines of a bill.

    It needs a column for the day and one for the amount in USD or in credits; a column for the task
    is optional. Raises `Invalid` with the line number and the reason.
    """
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(SEPARATORS, key=head.count), strict=True)
    try:
        return _lines(rows)
    except csv.Error:
        raise Invalid(
            gettext_noop("Line %(number)s of the bill cannot be read."),
            field="file",
            number=rows.line_num,
        ) from None


def _lines(rows: "csv.DictReader[str]") -> list[Line]:
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    day, amount = _column(names, DAYS), _column(names, AMOUNTS)
    credits_, task = _column(names, CREDITS), _column(names, IDS)
    if not day or not (amount or credits_):
        raise Invalid(
            gettext_noop(
                "The bill needs a heading “date” and a heading “amount” (USD) or “credits”."
            ),
            field="file",
        )
    lines = []
    for number, row in enumerate(rows, 2):
        if number > MOST_LINES:
            raise Invalid(
                gettext_noop("The bill has more than %(most)s lines."),
                field="file",
                most=MOST_LINES,
            )
        try:
            price = Decimal(
                (row[amount] if amount else row[credits_ or ""]).strip().lstrip("$")
            ) * (1 if amount else CREDIT)
            if not price.is_finite() or abs(price) > MOST_USD:
                raise ValueError(price)  # noqa: TRY301  reported below, with the line number
            lines.append(
                Line(
                    number,
                    _day(row[day]),
                    rounded(price),
                    (row[task] or "").strip() if task else "",
                )
            )
        except (InvalidOperation, OverflowError, ValueError, AttributeError, TypeError):
            raise Invalid(
                gettext_noop("Line %(number)s of the bill cannot be read."),
                field="file",
                number=number,
            ) from None
    return lines


def import_bill(config: AIProviderConfig, *, actor: Any, name: str, content: bytes) -> Bill:
    """Store the bill from this file; the same file of the same provider returns the existing bill.

    Raises `Forbidden`, or `Invalid` with the reason if the file is not a bill.
    """
    if not actor.is_active or not actor.has_perm("providers.add_bill"):
        raise Forbidden(gettext_noop("You may not import bills."))
    if len(content) > MOST_BYTES:
        raise Invalid(
            gettext_noop("The file is larger than %(most)s MB."),
            field="file",
            most=MOST_BYTES // 1024**2,
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(
            gettext_noop("The file is not UTF-8 text. Save the bill as CSV (UTF-8) first."),
            field="file",
        ) from None
    if "\0" in text:
        raise Invalid(
            gettext_noop("The file is not UTF-8 text. Save the bill as CSV (UTF-8) first."),
            field="file",
        )
    lines = read_csv(text)
    if not lines:
        raise Invalid(gettext_noop("The bill has no lines."), field="file")
    days = [line.day for line in lines]
    values = {
        "name": name[:200],
        "lines": [
            [line.number, line.day.isoformat(), str(line.amount), line.task_id] for line in lines
        ],
        "first_day": min(days),
        "last_day": max(days),
        "total": sum(line.amount for line in lines),
        "imported_by": actor,
    }
    return Bill.objects.get_or_create(
        provider=config, sha256=hashlib.sha256(content).hexdigest(), defaults=values
    )[0]


def lines_of(bill: Bill) -> list[Line]:
    return [
        Line(number, date.fromisoformat(day), Decimal(amount), task_id)
        for number, day, amount, task_id in bill.lines
    ]


def remove(bill: Bill, *, actor: Any) -> None:
    """Delete a bill that was imported by mistake. The ledger is unchanged. Raises `Forbidden`."""
    if not actor.is_active or not actor.has_perm("providers.delete_bill"):
        raise Forbidden(gettext_noop("You may not import bills."))
    bill.delete()


def _column(names: dict[str, str], known: Iterable[str]) -> str | None:
    return next((names[name] for name in known if name in names), None)


def _day(text: str) -> date:
    """Parse a day, or a timestamp as a day in the installation's time zone.

    A timestamp without a zone is UTC, as providers write them. Raises `ValueError` or
    `OverflowError` for an invalid or implausible day.
    """
    text = text.strip()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        day = timezone.localtime(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).date()
    if not FIRST_DAY <= day <= timezone.localdate() + timedelta(days=366):
        raise ValueError(day)
    return day


def compare(config: AIProviderConfig, lines: list[Line]) -> Report:
    """Compare the bill with the calls of its days.

    Lines are matched by the task's id or the call's own id, the rest by day and amount. Providers
    close their days at other hours than the installation, so a line without an id may be a day off.
    """
    report = Report()
    if not lines:
        return report
    first, last = min(line.day for line in lines), max(line.day for line in lines)
    calls = list(_calls(config, first - timedelta(days=1), last + timedelta(days=1)))
    named = {call.task_id: call for call in calls if call.task_id} | {
        str(call.pk): call for call in calls
    }
    open_calls = {call.pk: call for call in calls}
    rest: list[Line] = []
    for line in lines:
        call = named.get(line.task_id) if line.task_id else None
        if call is None or call.pk not in open_calls:
            (report.unknown if line.task_id else rest).append(line)
            continue
        del open_calls[call.pk]
        (report.matched if call.counted == line.amount else report.differing).append((line, call))
    _by_amount(rest, open_calls, report)
    report.named = _named(config, report.unknown)
    report.unbilled = [
        call
        for call in open_calls.values()
        if call.cost and first <= timezone.localdate(call.reserved_at) <= last
    ]
    return report


def _named(config: AIProviderConfig, lines: list[Line]) -> dict[int, ProviderCall]:
    """The call that each line names by its task or its own id, in whatever state and of any day."""
    calls: dict[str, ProviderCall] = {}
    for ids in batched({line.task_id for line in lines if line.task_id}, AT_ONCE):
        found = ProviderCall.objects.filter(
            Q(task_id__in=ids) | Q(pk__in=[one for one in ids if is_uuid(one)]), provider=config
        )
        for call in found:
            calls |= {call.task_id: call, str(call.pk): call}
    return {line.number: calls[line.task_id] for line in lines if line.task_id in calls}


def _calls(config: AIProviderConfig, first: date, last: date) -> Iterable[ProviderCall]:
    """Return the calls that were or may have been paid, by the day of their reservation."""
    zone = timezone.get_current_timezone()
    since, before = (
        datetime.combine(first, time(), zone),
        datetime.combine(last + timedelta(days=1), time(), zone),
    )
    return ProviderCall.objects.filter(
        Q(cost__gt=0) | Q(cost=None),
        provider=config,
        reserved_at__gte=since,
        reserved_at__lt=before,
    ).order_by("reserved_at")


def _by_amount(lines: list[Line], open_calls: dict[UUID, ProviderCall], report: Report) -> None:
    """Match lines with the oldest call of that amount on the day, the day before or after."""
    waiting: dict[tuple[Decimal, date], deque[ProviderCall]] = defaultdict(deque)
    for call in open_calls.values():
        waiting[call.counted, timezone.localdate(call.reserved_at)].append(call)
    for line in lines:
        near = next(
            (
                calls
                for days in (0, -1, 1)
                if (calls := waiting.get((line.amount, line.day + timedelta(days=days))))
            ),
            None,
        )
        if near is None:
            report.unknown.append(line)
            continue
        call = near.popleft()
        del open_calls[call.pk]
        report.matched.append((line, call))
