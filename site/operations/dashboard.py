"""The dashboard: what needs attention, open jobs, costs and queue performance (B18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.admin.display import Tone
from core.cached_values import cached
from jobs.services.statistics import alive_workers, ended_last, live_workers, statistics
from providers import ledger
from providers.models import AIProviderConfig, OrganizationBudget
from providers.services.configs import ORGANIZATION_BUDGET
from providers.services.configs import organization_budget as organization_budget_row
from stories.enums import StoryStatus
from stories.models import Film
from stories.services.permissions import stories_for
from stories.web import status_colors
from stories.web.films import poster_url
from stories.web.list_columns import facts_of, state_words
from stories.web.open_jobs import OpenJob
from stories.web.story_state import job_label, picture_url

from . import costs
from .open_work import SHOWN, Work, url_of
from .todos import todos

CONFIG_FIELDS = (
    "provider",
    "name",
    "is_active",
    "is_paused",
    "pause_reason",
    "pause_note_data",
    "test_works",
)
RECENT = 6  # stories to continue
FILMS = 4
SPAN = timedelta(days=7)
CHART_DAYS = 30
STOP_POLLING = 286  # htmx ends its polling on this status
QUICK = 3  # seconds between two polls


@dataclass(frozen=True, slots=True)
class Line:
    """An open job."""

    job: OpenJob
    tone: Tone
    label: str
    about: str
    link: str


def running(work: Work, workers: int) -> dict[str, Any]:
    """Returns the stories' open jobs, except those that wait for a person."""
    shown = [
        Line(
            job,
            status_colors.of_job(job),
            job_label(job),
            work.titles.get(job.subject, ""),
            url_of(job),
        )
        for job in work.running[:SHOWN]
    ]
    return {
        "lines": shown,
        "more": len(work.running) > SHOWN,
        "workers": workers,
        "poll": QUICK if shown else 0,
    }


def now(request: HttpRequest) -> HttpResponse:
    """Renders the polling part of the dashboard. It stops polling when no job is open."""
    found = running(Work.of(request.user), live_workers())
    return render(request, "studio/now.html", found, status=200 if found["poll"] else STOP_POLLING)


def films(user: Any) -> list[Any]:
    """Returns the newest films the user may see, one per story, each with a poster frame. One
    query.
    """
    newest = (
        Film.objects.filter(story__in=stories_for(user))
        .select_related("story")
        .defer("srt", "vtt", "manifest", "story__script")
    )
    rows: list[Any] = []
    for film in newest.order_by("-created_at")[: 4 * FILMS]:
        if len(rows) < FILMS and all(film.story_id != row.story_id for row in rows):
            film.poster = poster_url(film)  # type: ignore[attr-defined]  # for the template
            rows.append(film)
    return rows


def recent(user: Any) -> list[Any]:
    """Returns the stories of this person, own or assigned, that changed last, with their cover.

    Five queries.
    """
    mine = stories_for(user).filter(Q(owner=user) | Q(assignee=user))
    rows: list[Any] = list(
        mine.exclude(status=StoryStatus.ARCHIVED)
        .defer("script")
        .order_by("-updated_at", "-id")[:RECENT]
    )
    facts = facts_of(rows)
    for row in rows:
        row.facts = facts[row.pk]
        row.state_words = state_words(row)
        row.picture = picture_url(row.facts.cover)
    return rows


def load_organization_budget() -> Any:
    """Returns a row with the number of live `workers` and the versions `ended`, `called` and
    `state`, by which outdated figures are recognized.

    One query.
    """
    alive = alive_workers().order_by().values("role").annotate(n=Count("pk")).values("n")
    newest = ledger.newest()
    marks = {
        "ended": Subquery(ended_last().values("finished_at")),
        "called": Subquery(newest.values("id")),
        "state": Subquery(newest.values("state")),
    }
    rows = OrganizationBudget.objects.filter(pk=ORGANIZATION_BUDGET).annotate(
        workers=Coalesce(Subquery(alive), 0), **marks
    )
    return rows.first() or rows.get(pk=organization_budget_row().pk)


def figures(names: Mapping[str, str]) -> dict[str, Any]:
    """Returns the aggregates: the queue's last seven days, this month's costs, the chart of thirty
    days.

    Two queries.
    """
    until = timezone.now()
    since = timezone.localtime(until).replace(
        hour=0, minute=0, second=0, microsecond=0
    ) - timedelta(days=CHART_DAYS - 1)
    month = ledger.month_start()
    spent = ledger.breakdown("day", "provider", since=min(since, month))
    return {
        "statistics": statistics(since=until - SPAN, until=until),
        "month": sum(
            (
                totals.counted
                for (day, _provider), totals in spent.items()
                if day >= timezone.localdate(month)
            ),
            Decimal(0),
        ),
        "chart": costs.chart_of(spent, since, CHART_DAYS, names),
    }


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Returns the context of Unfold's index page.

    Figures are at most a few seconds old, and updated when a job ends or a call is made.
    """
    organization_budget, configs, work = (
        load_organization_budget(),
        list(AIProviderConfig.objects.only(*CONFIG_FIELDS).order_by("name")),
        Work.of(request.user),
    )
    names = {config.provider: config.name for config in configs}
    found = cached(
        "overview",
        get_language(),
        timezone.localdate(),
        organization_budget.ended,
        organization_budget.called,
        organization_budget.state,
        make=lambda: figures(names),
    )
    month, budget = found["month"], organization_budget.monthly_budget
    sees_money = request.user.has_perm(costs.PERMISSION)
    return {
        **context,
        "title": _("Overview"),
        "crumbs": [],
        "todos": todos(request.user, work, configs),
        "films": films(request.user),
        "recent": recent(request.user),
        **found,
        "budget": budget,
        "budget_used": min(100, int(100 * month / budget)) if budget else 0,
        "sees_money": sees_money,
        "chart": found["chart"] if sees_money else None,
        **running(work, organization_budget.workers),
    }
