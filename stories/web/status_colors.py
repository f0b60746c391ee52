"""The colour of each state, and a story's state in words.

Grey is idle, blue in progress, amber needs a person, green is done, red has failed.
"""

from django.utils.translation import gettext as _

from core.admin.display import Tone
from jobs.admin import Stated
from jobs.admin import tone as of_job
from stories.enums import ReviewStatus, StoryStatus

STORY: dict[str, Tone] = {
    StoryStatus.DRAFT: "idle",
    StoryStatus.PLANNING: "live",
    StoryStatus.PLANNED: "ask",
    StoryStatus.PREVIEWING: "ask",
    StoryStatus.RENDERING: "live",
    StoryStatus.COMPLETED: "good",
    StoryStatus.FAILED: "bad",
    StoryStatus.ARCHIVED: "quiet",
}
SCENE: dict[str, Tone] = {
    "missing": "idle",
    "stale": "ask",
    "rejected": "bad",
    "running": "live",
    "done": "good",
    "blocked": "ask",
}
REVIEW_STATUS: dict[str, Tone] = {
    ReviewStatus.UNREVIEWED: "idle",
    ReviewStatus.APPROVED: "good",
    ReviewStatus.REJECTED: "bad",
}


def of_story(status: str, work: Stated | None) -> Tone:
    """The colour of a story: that of its open job, if it has one, else by its status."""
    return (
        of_job(work)
        if work is not None
        else STORY[status]
        if status != StoryStatus.PLANNING
        else "ask"
    )


def story_words(status: str, work: Stated | None, *, has_preview: bool) -> str:
    """The state of a story in words: a preview that is made is not still being made."""
    if status == StoryStatus.PREVIEWING and work is None:
        return _("Preview ready") if has_preview else _("Preview not complete")
    return str(StoryStatus(status).label)


__all__ = ["REVIEW_STATUS", "SCENE", "STORY", "of_job", "of_story", "story_words"]
