"""The pages of one story: film, jobs, costs, history, and their polled fragments."""

import hashlib
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from accounts.admin_site import AdminSite
from core.localized_messages import DomainError
from core.numbers import amount
from jobs.admin import CAN_RETRY, next_look
from jobs.models import Job
from jobs.services.queue_position import queue_position
from stories.models import MAX_DURATION, MIN_DURATION, Scene, Story
from stories.selectors.cost_estimate import estimate_story
from stories.services.permissions import stories_for
from stories.services.planning import scene_count

from . import boundaries, mixer, scene_lengths, sound, status_colors, story_cards, timeline
from .spending import spending_of
from .story_state import StoryState, closed_to_retry, job_label

LIVE_TABS = ("film", "jobs", "money", "history", "edit")
STOP_POLLING = 286  # htmx stops polling on this status
LEDGER = "providers.view_providercall"
JOBS_SHOWN = 300


def site() -> AdminSite:
    # `accounts.admin_apps` installs the project's site there
    return admin.site  # type: ignore[return-value]


def uuid_or_404(text: str) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise Http404 from None


def story_or_404(request: HttpRequest, story_id: Any) -> Story:
    return get_object_or_404(
        stories_for(request.user).select_related("owner"), pk=uuid_or_404(story_id)
    )


def tabs(story: Story) -> list[tuple[str, str, str]]:
    """Name, label and URL of each tab. The board is included if its URLs are installed."""
    found = [
        ("board", _("Workbench"), "board"),
        ("cast", _("Cast"), "cast"),
        ("film", _("Film"), "film"),
        ("review", _("Review"), "review"),
        ("jobs", _("Jobs"), "jobs"),
    ]
    found += [
        ("money", _("Money"), "money"),
        ("history", _("History"), "history"),
        ("edit", _("Script and settings"), "edit"),
    ]
    shown = []
    for name, label, page in found:
        try:
            shown.append((name, label, reverse(f"admin:stories_story_{page}", args=[story.pk])))
        except NoReverseMatch:
            continue
    return shown


def context(request: HttpRequest, story: Story, *, tab: str, **values: Any) -> dict[str, Any]:
    """The layout, the story header and its tabs."""
    state = StoryState(story, request.user, film_id=request.GET.get("film", ""))
    crumbs = [(_("Stories"), reverse("admin:stories_story_changelist"))]
    frame = {
        "title": story.title,
        "crumbs": crumbs,
        "story": story,
        "s": state,
        "head": state.head,
        "tab": tab,
        "tabs": tabs(story),
        "live_url": live_url(state, tab),
    }
    return site().page_context(request, **frame, **values)


def live_url(state: StoryState, tab: str, digest: str = "") -> str:
    """The polling URL of the page, with a digest of what it shows. Empty if nothing is running."""
    if not state.poll_seconds or tab not in LIVE_TABS:
        return ""
    film = state.film.pk if state.film else ""
    address = reverse("admin:stories_story_live", args=[state.story.pk, tab])
    return f"{address}?film={film}&seen={digest}"


def _page(request: HttpRequest, story_id: Any, tab: str, **values: Any) -> HttpResponse:
    story = story_or_404(request, story_id)
    return TemplateResponse(
        request, f"studio/story/{tab}.html", context(request, story, tab=tab, **values)
    )


def film(request: HttpRequest, story_id: Any) -> HttpResponse:
    story = story_or_404(request, story_id)
    page = context(request, story, tab="film", sound=sound.section(story, request.user))
    page["provider_names"] = page["sound"]["provider_names"]
    page["mixer"] = mixer.section(page["s"])
    page["boundaries"] = boundaries.section(page["s"])
    page["cards"] = story_cards.section(page["s"])
    page["lengths"] = scene_lengths.section(page["s"], page["sound"]["plan"])
    return TemplateResponse(request, "studio/story/film.html", page)


def jobs(request: HttpRequest, story_id: Any) -> HttpResponse:
    story = story_or_404(request, story_id)
    page = context(request, story, tab="jobs", rows=job_rows(story))
    return TemplateResponse(request, "studio/story/jobs.html", page)


def spent(request: HttpRequest, story_id: Any) -> HttpResponse:
    story = story_or_404(request, story_id)
    try:
        guess: Any = estimate_story(story)
    except DomainError as error:
        guess = error
    page = context(request, story, tab="money")
    spending, left = spending_of(story), page["s"].summary.left
    page |= {
        "spending": spending,
        "estimate": guess,
        "left": left,
        "by_plan": spending.totals.counted + left,
        "may_export": request.user.has_perm(LEDGER),
    }
    return TemplateResponse(request, "studio/story/money.html", page)


def history(request: HttpRequest, story_id: Any) -> HttpResponse:
    story = story_or_404(request, story_id)
    return TemplateResponse(
        request,
        "studio/story/history.html",
        context(request, story, tab="history", days=timeline.days(story)),
    )


def job_rows(story: Story) -> list[Any]:
    """The newest jobs of a story, each with its colour, label and scene number.

    At most three queries, and one more while something is queued.
    """
    rows: list[Any] = list(
        Job.objects.filter(subject=str(story.pk)).order_by("-created_at", "-pk")[:JOBS_SHOWN]
    )
    positions = {
        str(pk): position
        for pk, position in Scene.objects.filter(story=story).values_list("pk", "position")
    }
    why = queue_position(rows)
    closed = closed_to_retry(rows, {str(story.pk): story.status})
    for row in rows:
        row.tone, row.label, row.position = (
            status_colors.of_job(row),
            job_label(row),
            positions.get(row.item),
        )
        row.may_retry = row.status in CAN_RETRY and row.pk not in closed
        row.queue_position, row.next_look = why.get(row.pk), next_look(row)
    return rows


def live(request: HttpRequest, story_id: Any, tab: str) -> HttpResponse:
    """The changing parts of a tab.

    204 if nothing has changed since `seen`, 286 with the final state when all work is done.
    """
    if tab not in LIVE_TABS:
        raise Http404
    story = story_or_404(request, story_id)
    shown_film = request.GET.get("film", "")
    state = StoryState(story, request.user)
    values = {
        "story": story,
        "s": state,
        "head": state.head,
        "tab": tab,
        "live": True,
        "rows": job_rows(story) if tab == "jobs" else [],
    }
    values["new_film"] = (
        state.film if tab == "film" and state.film and str(state.film.pk) != shown_film else None
    )
    html = render_to_string("studio/story/live.html", values, request=request)
    digest = hashlib.sha256(html.encode()).hexdigest()[:16]
    over = not state.poll_seconds
    if not over and digest == request.GET.get("seen"):
        return HttpResponse(status=204)
    return HttpResponse(
        html.replace("@@live@@", live_url(state, tab, digest)), status=STOP_POLLING if over else 200
    )


def estimate_context(duration_seconds: str) -> dict[str, Any]:
    """Scene count and cost of a story of this length, at the prices of the default providers."""
    seconds = amount(duration_seconds)
    if seconds is None or not MIN_DURATION <= seconds <= MAX_DURATION:
        return {}
    story = Story(duration_seconds=float(seconds))
    scenes = scene_count(float(seconds))
    try:
        priced = estimate_story(story)
    except DomainError as error:
        return {"scenes": scenes, "error": str(error)}
    return {"scenes": scenes, "total": priced.total}


def estimate_new(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(
        request,
        "studio/story/estimate.html",
        estimate_context(request.GET.get("duration_seconds", "")),
    )
