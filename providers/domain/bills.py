"""A provider's bill against our ledger: what agrees, what differs, what only one of the two knows."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.errors import Invalid
from providers.ledger import QUANTUM
from providers.models import AIProviderConfig, ProviderCall

# Headings that the providers and their spreadsheets use, in lower case.
IDS = ("task_id", "task id", "id", "prediction_id", "prediction id", "request_id", "attempt")
AMOUNTS = ("amount", "amount (usd)", "cost", "cost (usd)", "usd", "total")
CREDITS = ("credits", "credits used")
DAYS = ("date", "day", "created_at", "created at", "time")
CREDIT = Decimal("0.01")  # USD, at Runway and at Stability AI alike
MOST_LINES = 100_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the bill; `number` is its line in the file, `task_id` may be empty."""

    number: int
    day: date
    amount: Decimal
    task_id: str = ""


@dataclass(slots=True)
class Report:
    """`unknown`: billed, and no call of ours. `unbilled`: paid by our ledger, and not on the bill."""

    matched: list[tuple[Line, ProviderCall]] = field(default_factory=list)
    differing: list[tuple[Line, ProviderCall]] = field(default_factory=list)
    unknown: list[Line] = field(default_factory=list)
    unbilled: list[ProviderCall] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not (self.differing or self.unknown or self.unbilled)


def read_csv(text: str) -> list[Line]:
    """The lines of a bill with a heading for the day, one for the amount in USD or in credits, and perhaps one for the task.

    Raises `Invalid` with the line and what is wrong with it.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    day, amount = _column(names, DAYS), _column(names, AMOUNTS)
    credits_, task = _column(names, CREDITS), _column(names, IDS)
    if not day or not (amount or credits_):
        raise Invalid(gettext_noop("The bill needs a heading “date” and a heading “amount” (USD) or “credits”."), field="file")
    lines = []
    for number, row in enumerate(rows, 2):
        if number > MOST_LINES:
            raise Invalid(gettext_noop("The bill has more than %(most)s lines."), field="file", most=MOST_LINES)
        try:
            price = Decimal((row[amount] if amount else row[credits_ or ""]).strip().lstrip("$")) * (1 if amount else CREDIT)
            lines.append(Line(number, _day(row[day]), price.quantize(QUANTUM), (row[task] or "").strip() if task else ""))
        except (InvalidOperation, ValueError, AttributeError, TypeError):
            raise Invalid(gettext_noop("Line %(number)s of the bill cannot be read."), field="file", number=number) from None
    return lines


def _column(names: dict[str, str], known: Iterable[str]) -> str | None:
    return next((names[name] for name in known if name in names), None)


def _day(text: str) -> date:
    """A day, or the day in the studio's time zone of a moment; a moment without a zone is UTC, as providers write them."""
    text = text.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return timezone.localtime(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).date()


def compare(config: AIProviderConfig, lines: list[Line]) -> Report:
    """The bill against the calls of its days: first by the task's id or the call's own, the rest by day and amount.

    Providers close their days at other hours than the studio, so a line without an id may be a day off.
    """
    report = Report()
    if not lines:
        return report
    first, last = min(line.day for line in lines), max(line.day for line in lines)
    calls = list(_calls(config, first - timedelta(days=1), last + timedelta(days=1)))
    named = {call.task_id: call for call in calls if call.task_id} | {str(call.pk): call for call in calls}
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
    report.unbilled = [call for call in open_calls.values() if call.cost and first <= timezone.localdate(call.reserved_at) <= last]
    return report


def _calls(config: AIProviderConfig, first: date, last: date) -> Iterable[ProviderCall]:
    """What was or may have been paid, by the day of its reservation."""
    zone = timezone.get_current_timezone()
    since, before = datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
    return ProviderCall.objects.filter(Q(cost__gt=0) | Q(cost=None), provider=config, reserved_at__gte=since, reserved_at__lt=before).order_by("reserved_at")


def _by_amount(lines: list[Line], open_calls: dict[UUID, ProviderCall], report: Report) -> None:
    waiting: dict[Decimal, list[ProviderCall]] = defaultdict(list)
    for call in open_calls.values():
        waiting[call.counted].append(call)
    for line in lines:
        near = [call for call in waiting[line.amount] if abs((timezone.localdate(call.reserved_at) - line.day).days) <= 1]
        if not near:
            report.unknown.append(line)
            continue
        call = min(near, key=lambda one: abs((timezone.localdate(one.reserved_at) - line.day).days))
        waiting[line.amount].remove(call)
        del open_calls[call.pk]
        report.matched.append((line, call))
