"""The studio's screens for stories: list, pages, questions before something happens, and the jobs with a story's eyes."""

from providers.admin.calls import OFFERS

from . import again, approvals, jobs, story

OFFERS.append(again.offer)

__all__ = ["approvals", "jobs", "story"]
