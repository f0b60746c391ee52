"""The overview: what needs somebody now, what runs, what it costs, and how well the queue does its work (B18)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jobs.domain.statistics import mark, statistics
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job, Pause, Worker
from providers import ledger
from providers.domain.configs import house
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from stories.admin import tones
from stories.admin.filters import needs_person
from stories.admin.state import job_label, picture_url
from stories.domain.approvals import PERMISSION as APPROVE
from stories.domain.approvals import approvals_for
from stories.domain.permissions import jobs_for, stories_for
from stories.enums import Decision, StoryStatus
from stories.models import Film, Scene, Story
from web.admin_parts import Tone, money, person
from web.kept import kept

from . import costs

SHOWN = 8  # rows of a list
FILMS = 4
SPAN = timedelta(days=7)
NEWS = timedelta(days=2)  # for which a refusal is news
STOP_POLLING = 286  # htmx ends its polling on this status
QUICK = 3  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that goes on only when somebody does something."""

    icon: str
    tone: Tone
    title: str
    why: str
    link: str


def todos(request: HttpRequest) -> list[Todo]:
    """What waits for this person: decisions on stories of their own, and, as far as they may decide, on money and providers."""
    user = request.user
    found = [*_approvals(user), *_unclear(user), *_waiting(user), *_paused(user), *_stories(user)]
    return found[: 2 * SHOWN]


def _unclear(user: Any) -> list[Todo]:
    if not user.has_perm("providers.resolve_call"):
        return []
    calls = ProviderCall.objects.filter(state=CallState.UNCLEAR).select_related("provider").order_by("reserved_at")[:SHOWN]
    title = _("A call may have been paid: %(provider)s")
    return [
        Todo("help", "ask", title % {"provider": call.provider.name}, str(call.note), reverse("admin:providers_providercall_change", args=[call.pk]))
        for call in calls
    ]


def _approvals(user: Any) -> list[Todo]:
    """What others ask this person to approve, and what was said to their own requests."""
    rows = approvals_for(user).filter(started_at=None).select_related("story", "asked_by", "decided_by").order_by("asked_at")
    mine = Q(asked_by=user) & (Q(decision=Decision.APPROVED) | Q(decision=Decision.REFUSED, decided_at__gte=timezone.now() - NEWS))
    if user.has_perm(APPROVE):
        mine |= Q(decision="", asked_by__isnull=False) & ~Q(asked_by=user)
    words: dict[str, tuple[str, Tone, str]] = {
        "asked": ("approval", "ask", _("%(who)s asks for your approval of %(amount)s.")),
        "approved": ("verified", "good", _("%(who)s has approved %(amount)s. Start it from the board.")),
        "refused": ("block", "bad", _("%(who)s has refused %(amount)s: %(reason)s")),
    }
    found = []
    for row in rows.filter(mine)[:SHOWN]:
        icon, tone, why = words[row.state]
        values = {"who": person(row.asked_by if row.state == "asked" else row.decided_by), "amount": money(row.total), "reason": row.reason}
        found.append(Todo(icon, tone, row.story.title, why % values, reverse("admin:stories_approval_change", args=[row.pk])))
    return found


def _waiting(user: Any) -> list[Todo]:
    """Jobs of this person (of all for those who manage all) that wait for a person or for money."""
    jobs = Job.objects.filter(status=JobStatus.WAITING, wait_for__in=(WaitFor.PERSON, WaitFor.BUDGET))
    if not user.has_perm("stories.manage_all_stories"):
        jobs = jobs.filter(owner=user)
    rows = list(jobs.order_by("created_at")[:SHOWN])
    titles = _titles(rows)
    return [
        Todo("payments" if job.wait_for == WaitFor.BUDGET else "front_hand", "ask", titles.get(job.subject) or job_label(job), str(job.note), _story_url(job))
        for job in rows
    ]


def _paused(user: Any) -> list[Todo]:
    found = [
        Todo("pause_circle", "ask", _("The queue is paused"), pause.reason or str(pause), reverse("admin:jobs_job_changelist"))
        for pause in Pause.objects.all()[:SHOWN]
    ]
    if user.has_perm("providers.pause_provider"):
        for config in AIProviderConfig.objects.filter(is_paused=True)[:SHOWN]:
            link = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
            found.append(Todo("pause_circle", "ask", _("%(provider)s is paused") % {"provider": config.name}, config.pause_reason, link))
    return found


def _stories(user: Any) -> list[Todo]:
    words: dict[str, tuple[str, Tone, str]] = {
        StoryStatus.PLANNED: ("checklist", "ask", _("The plan is ready. Look at the scenes and make the preview.")),
        StoryStatus.PREVIEWING: ("rate_review", "ask", _("The preview is ready. Watch it and render the film.")),
        StoryStatus.FAILED: ("error", "bad", _("It failed. Take it up again.")),
    }
    mine = needs_person(stories_for(user).filter(owner_id=user.pk)).filter(status__in=words).order_by("-updated_at")[:SHOWN]
    return [
        Todo(words[story.status][0], words[story.status][1], story.title, words[story.status][2], reverse("admin:stories_story_change", args=[story.pk]))
        for story in mine
    ]


def _titles(jobs: list[Job]) -> dict[str, str]:
    return {str(pk): title for pk, title in Story.objects.filter(pk__in={job.subject for job in jobs if len(job.subject) == 36}).values_list("pk", "title")}  # noqa: PLR2004  a UUID


def _story_url(job: Job) -> str:
    return reverse("admin:stories_story_change", args=[job.subject]) if len(job.subject) == 36 else reverse("admin:jobs_job_change", args=[job.pk])  # noqa: PLR2004  a UUID


def running(request: HttpRequest) -> dict[str, Any]:
    """The stories' jobs that are under way; those that wait for somebody stand in the list of what needs them. Three queries."""
    rows: list[Any] = list(
        jobs_for(request.user)
        .filter(parent=None, status__in=(JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING))
        .select_related("owner")
        .order_by("created_at")[: SHOWN + 1]
    )
    titles = _titles(rows)
    rows = [job for job in rows if tones.of_job(job) != "ask"]
    for job in rows:
        job.tone, job.label, job.about, job.link = tones.of_job(job), job_label(job), titles.get(job.subject, ""), _story_url(job)
    alive = Worker.objects.filter(role="worker", seen_at__gte=timezone.now() - timedelta(minutes=1)).count()
    return {"rows": rows[:SHOWN], "more": len(rows) > SHOWN, "workers": alive, "poll": QUICK if rows else 0}


def now(request: HttpRequest) -> HttpResponse:
    """The part of the overview that looks again by itself; ends its polling when nothing is under way."""
    found = running(request)
    return render(request, "studio/now.html", found, status=200 if found["poll"] else STOP_POLLING)


def films(request: HttpRequest) -> list[Any]:
    """The newest films that this person may see, one of each story, each with its poster; two queries."""
    rows: list[Any] = []
    for film in (
        Film.objects.filter(story__in=stories_for(request.user)).select_related("story").defer("srt", "vtt", "manifest").order_by("-created_at")[: 4 * FILMS]
    ):
        if len(rows) < FILMS and all(film.story_id != row.story_id for row in rows):
            rows.append(film)
    first = Scene.live.filter(story__in=[film.story_id for film in rows], position=1).select_related("image_take")
    posters = {scene.story_id: scene.image_take for scene in first}
    for film in rows:
        film.poster = picture_url(posters.get(film.story_id))
    return rows


def figures() -> dict[str, Any]:
    """What is counted over many rows: the queue's last seven days, this month's money, the chart of thirty days."""
    until = timezone.now()
    since = timezone.localtime(until).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=29)
    return {
        "statistics": statistics(since=until - SPAN, until=until),
        "month": ledger.totals(since=ledger.month_start()),
        "chart": costs.chart_of(since, 30, costs.provider_names()),
    }


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What Unfold's front page shows; its figures are at most a few seconds old, and new as soon as a job ends or a call is made."""
    found = kept("overview", get_language(), timezone.localdate(), mark(), ledger.mark(), make=figures)
    month, budget = found["month"], house().monthly_budget
    sees_money = request.user.has_perm(costs.PERMISSION)
    return {
        **context,
        "title": _("Overview"),
        "crumbs": [],
        "todos": todos(request),
        "films": films(request),
        **found,
        "budget": budget,
        "budget_used": min(100, int(100 * month.counted / budget)) if budget else 0,
        "sees_money": sees_money,
        "chart": found["chart"] if sees_money else None,
        **running(request),
    }
