"""Pages on which administrators manage webhooks of programs, and read what was sent."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.localized_messages import DomainError
from notifications import webhooks
from notifications.enums import FOR_PROGRAMS, words_for_programs
from notifications.models import WebhookEndpoint

from . import story_pages

SHOWN = 50  # deliveries
TITLE = gettext_lazy("Webhooks")


def _administrator(request: HttpRequest) -> Any:
    if not request.user.is_superuser:
        raise PermissionDenied
    return request.user


def _posted(request: HttpRequest) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", "")[:200],
        "events": request.POST.getlist("events")[:50],
    }


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """List the webhooks, and add one on POST. The answer alone shows its signing secret."""
    actor, error = _administrator(request), ""
    if request.method == "POST":
        try:
            row, secret = webhooks.add(
                url=request.POST.get("url", "")[:4000], actor=actor, **_posted(request)
            )
        except DomainError as failure:
            error = str(failure)
        else:
            return _webhook_page(request, row, secret=secret)
    return TemplateResponse(
        request,
        "studio/webhooks.html",
        story_pages.site().page_context(
            request,
            title=TITLE,
            crumbs=[],
            rows=WebhookEndpoint.objects.select_related("created_by"),
            events=_events(request.POST.getlist("events")),
            posted=request.POST if error else {},
            error=error,
        ),
        status=409 if error else 200,
    )


def _events(chosen: list[str]) -> list[tuple[str, str, bool]]:
    return [(event, words_for_programs(event), event in chosen) for event in FOR_PROGRAMS]


@never_cache
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Show a webhook and what was sent; on POST change it, or test, rotate or delete."""
    actor = _administrator(request)
    row = get_object_or_404(WebhookEndpoint, pk=webhook_id)
    if request.method == "POST":
        try:
            return _done(request, row, actor)
        except DomainError as failure:
            return _webhook_page(request, row, error=str(failure))
    return _webhook_page(request, row)


def _done(request: HttpRequest, row: WebhookEndpoint, actor: Any) -> HttpResponse:
    do = request.POST.get("do", "")
    if do == "rotate":
        row, secret = webhooks.rotate_secret(row.pk, actor=actor)
        return _webhook_page(request, row, secret=secret)
    if do == "delete":
        webhooks.remove(row.pk, actor=actor)
        return HttpResponseRedirect(reverse("admin:webhooks"))
    if do == "test":
        webhooks.send_test(row.pk, actor=actor)
    elif do in {"on", "off"}:
        webhooks.change(row.pk, actor=actor, is_active=do == "on")
    else:
        url = request.POST.get("url", "").strip()[:4000]
        webhooks.change(row.pk, actor=actor, url=url or None, **_posted(request))
    return HttpResponseRedirect(reverse("admin:webhook", args=[row.pk]))


def _webhook_page(
    request: HttpRequest, row: WebhookEndpoint, *, error: str = "", secret: str = ""
) -> HttpResponse:
    chosen = request.POST.getlist("events") if error else row.events
    return TemplateResponse(
        request,
        "studio/webhook.html",
        story_pages.site().page_context(
            request,
            title=row.name,
            crumbs=[(TITLE, reverse("admin:webhooks"))],
            webhook=row,
            address=reverse("admin:webhook", args=[row.pk]),
            events=_events(chosen),
            deliveries=row.deliveries.all()[:SHOWN],
            posted=request.POST if error else {},
            error=error,
            secret=secret,
        ),
        status=409 if error else 200,
    )
