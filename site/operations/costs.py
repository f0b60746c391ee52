"""The costs page of the organization: estimate and actual by day, story, scene, provider, model and
person, rejected takes, and unclear calls.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.numbers import whole_number
from providers import ledger
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from providers.services.configs import organization_budget
from stories.enums import ReviewStatus
from stories.models import Take
from stories.services.permissions import behind_a_wall

from .cost_tables import Estimated, estimated, reasons, rows_by

PERMISSION = "providers.view_providercall"
SPANS = (7, 30, 90)
SHOWN = 20  # rows of a table
COMPARED = 10  # stories in the chart of estimates
LONGEST = 24  # characters of a name below a chart


def span_of(request: HttpRequest) -> tuple[int, datetime]:
    """Returns the number of days and the midnight at which they start,
    in the studio's time zone.
    """
    asked = request.GET.get("days", "")
    days = found if (found := whole_number(asked)) in SPANS else SPANS[1]
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return days, today - timedelta(days=days - 1)


def provider_names() -> dict[str, str]:
    return dict(AIProviderConfig.objects.values_list("provider", "name"))


def chart_of(
    found: Mapping[tuple[date, str], ledger.Totals],
    since: datetime,
    days: int,
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Returns the daily spending by provider, from a breakdown by both, for the chart and its
    table.
    """
    wanted = [(since + timedelta(days=n)).date() for n in range(days)]
    providers = sorted(
        {provider for _day, provider in found if any(found.get((day, provider)) for day in wanted)}
    )

    def spent(day: date, provider: str) -> float:
        totals = found.get((day, provider))
        return float(totals.actual) if totals else 0.0

    sets = [
        {"label": names.get(provider, provider), "values": [spent(day, provider) for day in wanted]}
        for provider in providers
    ]
    sets = [one for one in sets if any(one["values"])]
    return {
        "money": True,
        "labels": [date_format(day, "MONTH_DAY_FORMAT") for day in wanted],
        "sets": sets,
    }


def chart_of_estimates(rows: list[Estimated]) -> dict[str, Any]:
    """Compares for each story the guide's estimate, the estimate of its calls
    and the amount paid.
    """
    shown = rows[:COMPARED]
    values = [
        (_("By price list"), [float(row.formula or 0) for row in shown]),
        (_("By its calls"), [float(row.totals.estimate) for row in shown]),
        (_("Paid"), [float(row.totals.actual) for row in shown]),
    ]
    labels = [
        row.story.title if len(row.story.title) <= LONGEST else f"{row.story.title[:LONGEST]}…"
        for row in shown
    ]
    return {
        "money": True,
        "beside": True,
        "labels": labels,
        "sets": [{"label": label, "values": numbers} for label, numbers in values],
    }


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(PERMISSION) or behind_a_wall(request.user):
        raise PermissionDenied
    from django.contrib import admin  # noqa: PLC0415  the site is there only when all apps are

    days, since = span_of(request)
    stories = rows_by("story", since=since, most=SHOWN)
    compared = estimated(stories)
    rejected = Take.objects.filter(review_status=ReviewStatus.REJECTED, created_at__gte=since)
    values = {
        "title": _("Costs"),
        "crumbs": [],
        "days": days,
        "spans": SPANS,
        "total": ledger.totals(since=since),
        "month": ledger.totals(since=ledger.month_start()),
        "budget": organization_budget().monthly_budget,
        "tables": [
            ("story", _("By story"), stories),
            ("scene", _("By scene"), rows_by("scene", since=since, most=SHOWN)),
            ("kind", _("By kind"), rows_by("kind", since=since, most=SHOWN)),
            ("provider", _("By provider"), rows_by("provider", since=since, most=SHOWN)),
            ("model", _("By model"), rows_by("model", since=since, most=SHOWN)),
            ("person", _("By person"), rows_by("person", since=since, most=SHOWN)),
        ],
        "known_stories": {str(row.story.pk) for row in compared},
        "compared": compared,
        "compared_chart": chart_of_estimates(compared),
        "rejected": rejected.aggregate(cost=Sum("cost"), takes=Count("pk")),
        "reasons": reasons(since, most=SHOWN),
        "rejected_takes": rejected.select_related("scene__story", "reviewed_by").order_by(
            "-cost", "-created_at"
        )[:SHOWN],
        "unclear": ProviderCall.objects.filter(state=CallState.UNCLEAR)
        .select_related("provider", "actor")
        .order_by("reserved_at")[:SHOWN],
        "chart": chart_of(
            ledger.breakdown("day", "provider", since=since), since, days, provider_names()
        ),
    }
    site: Any = admin.site
    return TemplateResponse(request, "studio/costs.html", site.page_context(request, **values))
