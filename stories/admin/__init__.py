"""The studio's screens for stories: list, pages, questions before something happens, and the jobs with a story's eyes."""

from . import jobs, story

__all__ = ["jobs", "story"]
