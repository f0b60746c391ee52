"""Tells people when 50, 80 or 100 % of a budget is used: of a project, of a provider's month, and
of the studio's month. Each once in a period, and again when the budget itself is changed.
"""

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy, gettext_noop

from core.localized_messages import LocalizedMessage, Value
from notifications.enums import Event
from notifications.outbox import notify, remember
from providers import ledger
from providers.models import AIProviderConfig, OrganizationBudget
from stories.models import Project
from stories.models.project import ProjectRole

from . import notices, projects
from .permissions import visible_projects

PROVIDERS = "providers.change_organizationbudget"
PROJECTS = "stories.change_project"


def check() -> int:
    """Look at all budgets. Returns how many alerts were written.

    Periodic; two processes at once write each alert once.
    """
    since = ledger.month_start()
    month = f"{since:%Y-%m}"
    made = 0
    spent = ledger.breakdown("provider", since=since)
    everything = sum((totals.counted for totals in spent.values()), Decimal(0))
    studio = OrganizationBudget.objects.filter(monthly_budget__isnull=False).first()
    if studio is not None:
        made += _alert(
            "organization",
            gettext_lazy("all providers in this month"),
            everything,
            studio.monthly_budget,
            period=month,
        )
    for config in AIProviderConfig.objects.filter(monthly_budget__isnull=False):
        counted = spent[config.provider].counted if config.provider in spent else Decimal(0)
        name = LocalizedMessage(
            gettext_noop("%(provider)s in this month"), {"provider": config.name}
        )
        made += _alert(
            f"provider {config.provider}", name, counted, config.monthly_budget, period=month
        )
    rows = list(Project.objects.filter(budget__isnull=False, archived_at=None))
    sums = projects.money_of(rows) if rows else {}
    for project in rows:
        counted = sums[project.pk].counted
        made += _alert(
            f"project {project.pk}",
            LocalizedMessage(gettext_noop("the project “%(name)s”"), {"name": project.name}),
            counted,
            project.budget,
            project=project,
        )
    return made


def _alert(
    scope: str,
    name: Value,
    counted: Decimal,
    budget: Decimal | None,
    *,
    period: str = "",
    project: Project | None = None,
) -> bool:
    level = projects.money(counted, budget).alert
    if not level or not counted or budget is None:
        return False
    key = f"budget {scope} {period} {budget}"
    with transaction.atomic():
        is_new = notify(
            Event.BUDGET,
            LocalizedMessage(
                gettext_noop(
                    "%(level)s%% of the budget of %(name)s is used: %(counted)s of %(budget)s USD."
                ),
                {
                    "level": level,
                    "name": name,
                    "counted": f"{counted:.2f}",
                    "budget": f"{budget:.2f}",
                },
            ),
            people=_people(project),
            path=_page(project),
            data={
                "scope": scope,
                "level": level,
                "counted": f"{counted:.2f}",
                "budget": f"{budget:.2f}",
            },
            once=f"{key} {level}",
        )
        if is_new:  # what was passed at once is not told of later
            for lower in projects.ALERTS:
                if lower < level:
                    remember(f"{key} {lower}")
    return is_new


def _people(project: Project | None) -> set[int]:
    if project is None:
        return set(
            notices.with_right(PROVIDERS)
            .order_by("pk")
            .values_list("pk", flat=True)[: notices.MOST]
        )
    leads = get_user_model().objects.filter(
        project_memberships__project=project,
        project_memberships__role=ProjectRole.LEAD,
        is_active=True,
        is_staff=True,
        service_account=None,
    )
    found = set(leads.values_list("pk", flat=True))
    others: Any = notices.with_right(PROJECTS).order_by("pk")[: notices.MOST]
    return found | {
        one.pk for one in others if visible_projects(one).filter(pk=project.pk).exists()
    }


def _page(project: Project | None) -> str:
    if project is None:
        return reverse("admin:costs")
    return reverse("admin:stories_project_change", args=[project.pk])
