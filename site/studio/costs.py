"""The costs of the house: by day, provider, story and person, what was rejected, what is unclear; and as CSV."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from providers import ledger
from providers.domain.configs import house
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import Verdict
from stories.models import Story, Take
from web.csv import BYTE_ORDER, safe

PERMISSION = "providers.view_providercall"
SPANS = (7, 30, 90)
SHOWN = 20  # rows of a table


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    totals: ledger.Totals
    key: str = ""
    share: int = 0  # percent of the dearest row


def span_of(request: HttpRequest) -> tuple[int, datetime]:
    """Days looked back, and the midnight they begin at, in the studio's time zone."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdigit() and int(asked) in SPANS else SPANS[1]
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return days, today - timedelta(days=days - 1)


def _rows(totals: dict[Any, ledger.Totals], names: dict[Any, str]) -> list[Row]:
    most = max((t.actual for t in totals.values()), default=Decimal(0)) or Decimal(1)
    rows = [Row(names.get(key) or str(key or "–"), t, str(key or ""), int(100 * t.actual / most)) for key, t in totals.items()]
    return sorted(rows, key=lambda row: row.totals.actual, reverse=True)[:SHOWN]


def provider_names() -> dict[str, str]:
    return dict(AIProviderConfig.objects.values_list("provider", "name"))


def _people(ids: Any) -> dict[Any, str]:
    people = get_user_model().objects.filter(pk__in=[pk for pk in ids if pk])
    return {person.pk: person.get_full_name() or person.get_username() for person in people} | {None: _("Nobody any more")}


def chart_of(since: datetime, days: int, names: dict[str, str]) -> dict[str, Any]:
    """What was spent on each day, by provider, as the chart and its table take it."""
    found = ledger.breakdown("day", "provider", since=since)
    wanted = [(since + timedelta(days=n)).date() for n in range(days)]
    providers = sorted({provider for _day, provider in found if any(found.get((day, provider)) for day in wanted)})

    def spent(day: date, provider: str) -> float:
        totals = found.get((day, provider))
        return float(totals.actual) if totals else 0.0

    sets = [{"label": names.get(provider, provider), "values": [spent(day, provider) for day in wanted]} for provider in providers]
    sets = [one for one in sets if any(one["values"])]
    return {"money": True, "labels": [date_format(day, "MONTH_DAY_FORMAT") for day in wanted], "sets": sets}


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    from django.contrib import admin  # noqa: PLC0415  the site is there only when all apps are

    days, since = span_of(request)
    names = provider_names()
    by_story = ledger.breakdown("subject", since=since)
    titles = {str(pk): title for pk, title in Story.objects.filter(pk__in=[s for s in by_story if len(s) == 36]).values_list("pk", "title")}  # noqa: PLR2004  a UUID
    by_person = ledger.breakdown("actor", since=since)
    rejected = Take.objects.filter(verdict=Verdict.REJECTED, created_at__gte=since)
    values = {
        "title": _("Costs"),
        "crumbs": [],
        "days": days,
        "spans": SPANS,
        "total": (total := ledger.totals(since=since)),
        "open": total.reserved + total.at_risk,
        "month": ledger.totals(since=ledger.month_start()),
        "budget": house().monthly_budget,
        "providers": _rows(ledger.breakdown("provider", since=since), names),
        "stories": _rows(by_story, titles),
        "known_stories": titles,
        "people": _rows(by_person, _people(by_person)),
        "rejected": rejected.aggregate(cost=Sum("cost"), takes=Count("pk")),
        "rejected_takes": rejected.select_related("scene__story", "verdict_by").order_by("-cost", "-created_at")[:SHOWN],
        "unclear": ProviderCall.objects.filter(state=CallState.UNCLEAR).select_related("provider", "actor").order_by("reserved_at")[:SHOWN],
        "chart": chart_of(since, days, names),
    }
    site: Any = admin.site
    return TemplateResponse(request, "studio/costs.html", site.page_context(request, **values))


class _Echo:
    """A file that hands each written line on."""

    def write(self, line: str) -> str:
        return line


COLUMNS = ("reserved", "provider", "model", "kind", "state", "story", "scene", "person", "estimate_usd", "cost_usd", "cost_is_estimated", "task")


def lines(since: datetime) -> Iterator[tuple[object, ...]]:
    """The calls since then, oldest first, under a head of column names."""
    yield COLUMNS
    for call in ledger.calls(since=since).select_related("provider", "actor").order_by("reserved_at", "pk").iterator(2000):
        person = call.actor.get_username() if call.actor else ""
        paid = "" if call.cost is None else call.cost
        names = (call.provider_id, call.model, call.kind, call.state, call.subject, call.item, person)
        yield (
            timezone.localtime(call.reserved_at).isoformat(timespec="seconds"),
            *map(safe, names),
            call.estimate,
            paid,
            int(call.cost_is_estimated),
            safe(call.task_id),
        )


def export(request: HttpRequest) -> HttpResponseBase:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    days, since = span_of(request)
    writer: Any = csv.writer(_Echo())
    name = f"costs-{timezone.localdate():%Y-%m-%d}-{days}d.csv"
    body = (writer.writerow(line) for line in lines(since))

    def rows() -> Iterator[str]:
        yield BYTE_ORDER
        yield from body

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8", headers=headers)
