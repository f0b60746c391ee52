"""The side bar, and the search that opens with Ctrl+K."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult

from stories.services.permissions import scenes_for, stories_for

FOUND_AT_MOST = 12
SCENES_AT_MOST = 8


def _may(permission: str) -> Any:
    return lambda request: request.user.has_perm(permission)


# Unfold hands the request over
def groups(request: HttpRequest) -> list[dict[str, Any]]:  # noqa: ARG001
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
                    "title": _("Projects"),
                    "icon": "folder_managed",
                    "link": reverse_lazy("admin:stories_project_changelist"),
                    "permission": _may("stories.view_project"),
                },
                {
                    "title": _("Library"),
                    "icon": "photo_library",
                    "link": reverse_lazy("admin:library"),
                    "permission": _may("stories.view_story"),
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
                    "title": _("Audit log"),
                    "icon": "history",
                    "link": reverse_lazy("admin:audit"),
                    "permission": _may("web.view_auditentry"),
                },
                {
                    "title": _("Service accounts"),
                    "icon": "smart_toy",
                    "link": reverse_lazy("admin:service_accounts"),
                    "permission": lambda request: request.user.is_superuser,
                },
                {
                    "title": _("Webhooks"),
                    "icon": "webhook",
                    "link": reverse_lazy("admin:webhooks"),
                    "permission": lambda request: request.user.is_superuser,
                },
            ],
        },
    ]


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Actions, pages, stories by title, and scenes by their words, that the user may see.

    Three queries.
    """
    found = [*_actions(request, term), *_pages(request, term)]
    stories = stories_for(request.user).filter(title__icontains=term)[:FOUND_AT_MOST]
    found += [
        SearchResult(
            title=story.title,
            description=str(story.get_status_display()),
            link=reverse("admin:stories_story_board", args=[story.pk]),
            icon="movie",
        )
        for story in stories
    ]
    return [*found, *_scenes(request, term)]


def _actions(request: HttpRequest, term: str) -> list[SearchResult]:
    if not request.user.has_perm("stories.add_story") or not _has(str(_("New story")), term):
        return []
    link = reverse("admin:stories_story_add")
    title, description = str(_("New story")), str(_("Action"))
    return [SearchResult(title=title, description=description, link=link, icon="add")]


def _pages(request: HttpRequest, term: str) -> list[SearchResult]:
    """The pages of the side bar."""
    return [
        SearchResult(
            title=str(item["title"]),
            description=str(_("Page")),
            link=str(item["link"]),
            icon=item["icon"],
        )
        for group in groups(request)
        for item in group["items"]
        if _has(str(item["title"]), term)
        and ("permission" not in item or item["permission"](request))
    ]


def _scenes(request: HttpRequest, term: str) -> list[SearchResult]:
    """The scenes with the term in title, narration or prompt; those of new stories first."""
    words = Q(title__icontains=term) | Q(narration__icontains=term)
    words |= Q(prompt__text__icontains=term)
    rows = scenes_for(request.user).filter(words).select_related("story", "prompt")
    return [
        SearchResult(
            title=scene.title or str(_("Scene %(number)s")) % {"number": scene.position},
            description=f"{scene.story.title} · {scene.position}",
            link=reverse("admin:board_scene", args=[scene.story_id, scene.pk]),
            icon="photo_library",
        )
        for scene in rows.order_by("-story__created_at", "position")[:SCENES_AT_MOST]
    ]


def _has(text: str, term: str) -> bool:
    return term.casefold() in text.casefold()
