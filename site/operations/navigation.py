"""The side bar, and the search that opens with Ctrl+K."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult

from stories.services.permissions import stories_for

FOUND_AT_MOST = 12


def _may(permission: str) -> Any:
    return lambda request: request.user.has_perm(permission)


def groups(request: HttpRequest) -> list[dict[str, Any]]:  # noqa: ARG001  Unfold hands the request over
    """Returns the groups of the side bar: daily work first, set-up last."""
    return [
        {
            "items": [
                {
                    "title": _("Overview"),
                    "icon": "space_dashboard",
                    "link": reverse_lazy("admin:index"),
                },
                {
                    "title": _("Stories"),
                    "icon": "movie",
                    "link": reverse_lazy("admin:stories_story_changelist"),
                },
                {
                    "title": _("Queue"),
                    "icon": "conveyor_belt",
                    "link": reverse_lazy("admin:jobs_job_changelist"),
                },
                {
                    "title": _("Approvals"),
                    "icon": "approval",
                    "link": reverse_lazy("admin:stories_approval_changelist"),
                },
                {
                    "title": _("Costs"),
                    "icon": "payments",
                    "link": reverse_lazy("admin:costs"),
                    "permission": _may("providers.view_providercall"),
                },
            ]
        },
        {
            "title": _("Providers"),
            "items": [
                {
                    "title": _("AI providers"),
                    "icon": "hub",
                    "link": reverse_lazy("admin:providers_aiproviderconfig_changelist"),
                    "permission": _may("providers.view_aiproviderconfig"),
                },
                {
                    "title": _("Provider calls"),
                    "icon": "receipt_long",
                    "link": reverse_lazy("admin:providers_providercall_changelist"),
                    "permission": _may("providers.view_providercall"),
                },
                {
                    "title": _("Bills of providers"),
                    "icon": "request_quote",
                    "link": reverse_lazy("admin:providers_bill_changelist"),
                    "permission": _may("providers.view_bill"),
                },
            ],
        },
        {
            "title": _("Operations"),
            "items": [
                {
                    "title": _("Monitoring"),
                    "icon": "monitor_heart",
                    "link": reverse_lazy("admin:monitoring"),
                    "permission": _may("jobs.view_worker"),
                },
                {
                    "title": _("People"),
                    "icon": "group",
                    "link": reverse_lazy("admin:auth_user_changelist"),
                    "permission": _may("auth.view_user"),
                },
                {
                    "title": _("Roles"),
                    "icon": "shield_person",
                    "link": reverse_lazy("admin:auth_group_changelist"),
                    "permission": _may("auth.view_group"),
                },
                {
                    "title": _("Service accounts"),
                    "icon": "smart_toy",
                    "link": reverse_lazy("admin:service_accounts"),
                    "permission": lambda request: request.user.is_superuser,
                },
            ],
        },
    ]


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Returns the newest stories with the term in their title that the user may see."""
    stories = stories_for(request.user).filter(title__icontains=term)[:FOUND_AT_MOST]
    return [
        SearchResult(
            title=story.title,
            description=str(story.get_status_display()),
            link=reverse("admin:stories_story_change", args=[story.pk]),
            icon="movie",
        )
        for story in stories
    ]
