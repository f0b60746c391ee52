"""The studio's screens for stories: list, pages, questions before something happens, and the jobs with a story's eyes."""

from . import approvals, jobs, story

__all__ = ["approvals", "jobs", "story"]
