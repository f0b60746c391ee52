"""Registers the admin pages for stories: list, detail pages, confirm dialogs and the job admin."""

from providers.admin.calls import OFFERS

from .web import again, approvals, jobs, story_admin

OFFERS.append(again.offer)

__all__ = ["approvals", "jobs", "story_admin"]
