"""The colour of each state; grey is at rest, blue moves, amber waits for a person, green is finished, red has failed."""

from jobs.admin import Stated
from jobs.admin import tone as of_job
from stories.enums import StoryStatus, Verdict
from web.admin_parts import Tone

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
SCENE: dict[str, Tone] = {"missing": "idle", "stale": "ask", "rejected": "bad", "running": "live", "done": "good", "blocked": "ask"}
VERDICT: dict[str, Tone] = {Verdict.UNREVIEWED: "idle", Verdict.APPROVED: "good", Verdict.REJECTED: "bad"}


def of_story(status: str, work: Stated | None) -> Tone:
    """A story moves while its job does; without one, its status says whose turn it is."""
    return of_job(work) if work is not None else STORY[status] if status != StoryStatus.PLANNING else "ask"


__all__ = ["SCENE", "STORY", "VERDICT", "of_job", "of_story"]
