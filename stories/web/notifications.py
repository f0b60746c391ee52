"""The page of a person's notifications, and the one on which they choose what they are told of."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.identifiers import is_uuid
from core.localized_messages import DomainError
from notifications import personal
from notifications.enums import Channel, Event
from stories.services import unread_notifications

from . import story_pages

ROWS = 50
TITLE = gettext_lazy("Notifications")


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """List the notifications; on POST mark all as read, or one, which is opened.

    Two queries more than the frame.
    """
    rows = unread_notifications.notifications_of(request.user)
    if request.method == "POST":
        return _read(request, rows)
    pages = Paginator(rows, ROWS)
    shown = pages.get_page(request.GET.get("page"))
    return TemplateResponse(
        request,
        "studio/notifications.html",
        story_pages.site().page_context(
            request,
            title=TITLE,
            crumbs=[],
            rows=shown,
            pages=pages.get_elided_page_range(shown.number),
            has_unread=any(row.read_at is None for row in shown),
        ),
    )


def _read(request: HttpRequest, rows: Any) -> HttpResponse:
    wanted = request.POST.get("open", "")
    if not wanted:
        personal.mark_read(request.user)
        return HttpResponseRedirect(reverse("admin:notifications"))
    row = get_object_or_404(rows, pk=wanted if is_uuid(wanted) else None)
    personal.mark_read(request.user, [row.pk])
    return HttpResponseRedirect(row.path or reverse("admin:notifications"))


@never_cache
@require_http_methods(["GET", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Choose the channels of each event, and the address of the chat. It is never shown again."""
    error = ""
    if request.method == "POST":
        try:
            personal.choose(
                request.user,
                channels={event: request.POST.getlist(event)[:10] for event in Event.values},
                chat_url=_chat_url(request),
            )
        except DomainError as failure:
            error = str(failure)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("admin:notification_choices"))
    preference = personal.preference_of(request.user)
    user: Any = request.user
    return TemplateResponse(
        request,
        "studio/notification_choices.html",
        story_pages.site().page_context(
            request,
            title=_("My notifications"),
            crumbs=[(TITLE, reverse("admin:notifications"))],
            channels=list(Channel),
            rows=[
                (
                    event,
                    event.label,
                    request.POST.getlist(event) if error else preference.channels_of(event),
                )
                for event in Event
            ],
            chat_host=preference.chat_host,
            is_mail_set_up=settings.EMAIL_IS_SET_UP,
            email=user.email,
            posted_url=request.POST.get("chat_url", "") if error else "",
            error=error,
        ),
        status=409 if error else 200,
    )


def _chat_url(request: HttpRequest) -> str | None:
    """The new address; empty to remove it, None to keep it."""
    if request.POST.get("remove_chat"):
        return ""
    return request.POST.get("chat_url", "").strip() or None
