"""Registers the admin pages for stories: list, detail pages, confirm dialogs and the job admin."""

from typing import Any

from django.contrib import admin

from providers.admin.calls import NAMES, OFFERS, WALLS

from .services.permissions import calls_for
from .web import (
    again,
    approvals,
    call_names,
    jobs,
    library_page,
    notifications,
    project_admin,
    story_admin,
    webhooks,
)

NAMES.append(call_names.names_of)
OFFERS.append(again.offer)
WALLS.append(calls_for)
_site: Any = admin.site
_site.add_page("library/", library_page.page, name="library")
_site.add_page("notifications/", notifications.page, name="notifications")
_site.add_page("notifications/settings/", notifications.choices, name="notification_choices")
_site.add_page("webhooks/", webhooks.page, name="webhooks")
_site.add_page("webhooks/<uuid:webhook_id>/", webhooks.webhook, name="webhook")

__all__ = ["approvals", "jobs", "project_admin", "story_admin"]
