"""The states of a scene's takes in words, the same on all pages."""

from functools import lru_cache
from typing import Any, NamedTuple

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.admin.display import Tone
from jobs.enums import JobStatus
from stories.enums import TakeKind
from stories.models import doubt_words
from stories.selectors.job_facts import JobFacts, JobRow
from stories.selectors.summary import (
    SETTLED,
    SceneSummary,
    has_doubts,
    is_locked,
    needs_picture,
)
from stories.services.plan import Item

WEIGHT: dict[Tone, int] = {"bad": 5, "live": 4, "ask": 3, "idle": 2, "good": 1, "quiet": 0}


class State(NamedTuple):
    """One state of a scene's take of one kind.

    `key`: the filter key of the board. `short`: text for a badge on the picture. `name` and `why`:
    full text, with the reason. `percent`: only while the take is being made.
    """

    kind: str
    key: str
    tone: Tone
    icon: str
    short: str
    name: str
    why: str = ""
    percent: int | None = None

    @property
    def text(self) -> str:
        return f"{self.name}: {self.why}" if self.name and self.why else self.name or self.why


def states_of(scene: SceneSummary, facts: JobFacts) -> list[State]:
    """The picture's states, and the clip's as soon as it has any."""
    pictures = _of_kind(TakeKind.IMAGE, scene, facts)
    more = _voice(scene, facts) + _warnings(scene)
    if scene.only_picture:
        return pictures + more
    clips = _of_kind(TakeKind.CLIP, scene, facts)
    if is_locked(scene.image) and is_locked(scene.clip):
        return pictures + more
    return (clips + pictures if pictures[0].key in SETTLED else pictures + clips) + more


def _voice(scene: SceneSummary, facts: JobFacts) -> list[State]:
    """Whether a line of the scene could not be spoken, and why."""
    job = facts.failed_voices.get(scene.scene.key)
    if job is None:
        return []
    name = _("Voice failed")
    return [State("sound", "voice", "bad", "volume_off", name, name, str(job.note))]


def _warnings(scene: SceneSummary) -> list[State]:
    """Warnings that block nothing, each once even if it concerns both picture and clip."""
    found: dict[str, State] = {}
    for kind in (TakeKind.IMAGE, TakeKind.CLIP):
        for warning in scene.item(kind).warnings:
            text = str(warning)
            found.setdefault(text, State(kind, "warning", "idle", "warning", _("Note"), "", text))
    return list(found.values())


def main_of(states: list[State]) -> State:
    """The most important state, for places with room for one."""
    return max(states, key=lambda state: WEIGHT[state.tone])


def _of_kind(kind: str, scene: SceneSummary, facts: JobFacts) -> list[State]:
    item, key = scene.item(kind), scene.scene.key
    take = scene.scene.take(kind)
    found = []
    for word in scene.words_of(kind):
        if word == "failed":
            found.append(_failed(kind, facts.failed(kind).get(key)))
        elif word == "running" and (job := facts.running(kind).get(key)) is not None:
            found.append(_running(kind, job))
        elif word != "missing" or not found:  # a missing take is not mentioned beside other states
            found.append(_standing(kind, word, item, take))
    return found


def _failed(kind: str, job: JobRow | None) -> State:
    name = _("Picture failed") if kind == TakeKind.IMAGE else _("Clip failed")
    return State(kind, "failed", "bad", "error", _("Failed"), name, str(job.note) if job else "")


def _standing(kind: str, word: str, item: Item, take: Any) -> State:
    if word == "doubtful":
        doubts = doubt_words(take.doubts) if has_doubts(take) else ""
        name = _("Doubtful picture") if kind == TakeKind.IMAGE else _("Doubtful clip")
        return State(kind, word, "ask", "help", _("Doubtful"), name, doubts or str(item.why))
    if word == "blocked":
        tone: Tone = "idle" if needs_picture(item) else "bad"
        icon, short = ("lock", _("Locked")) if is_locked(item) else ("block", _("Blocked"))
        return State(kind, word, tone, icon, short, "", str(item.why))
    tone, icon, picture, clip = _plain(get_language() or "en")[word]
    short, name = picture if kind == TakeKind.IMAGE else clip
    why = take.review_reason if word == "rejected" and take else ""
    percent = 0 if word == "running" else None
    if word == "missing" and kind == TakeKind.CLIP:
        icon = "movie"
    return State(kind, word, tone, icon, short or name, name, why, percent)


@lru_cache
def _plain(_language: str) -> dict[str, tuple[Tone, str, tuple[str, str], tuple[str, str]]]:
    """Colour and icon of each state, and its texts for pictures and clips.

    The texts are for a badge, if shorter, and in full.
    """
    return {
        "rejected": ("bad", "thumb_down", ("", _("Picture rejected")), ("", _("Clip rejected"))),
        "stale": (
            "ask",
            "history",
            (_("Picture out of date"), _("Picture is out of date")),
            (_("Clip out of date"), _("Clip is out of date")),
        ),
        "missing": (
            "idle",
            "add_photo_alternate",
            ("", _("No picture yet")),
            ("", _("No clip yet")),
        ),
        "approved": ("good", "check_circle", ("", _("Picture approved")), ("", _("Clip approved"))),
        "review": (
            "ask",
            "visibility",
            (_("Picture ready"), _("Picture to review")),
            (_("Clip ready"), _("Clip to review")),
        ),
        "running": ("live", "progress_activity", ("", _("Being made")), ("", _("Being made"))),
    }


def _running(kind: str, job: JobRow) -> State:
    picture, short = kind == TakeKind.IMAGE, job.get_status_display()
    if job.status == JobStatus.QUEUED:
        name = _("Picture is in the queue") if picture else _("Clip is in the queue")
        return State(kind, "running", "live", "hourglass_top", short, name, percent=0)
    if job.status == JobStatus.RUNNING:
        name = _("Making the picture") if picture else _("Making the clip")
        return State(
            kind, "running", "live", "progress_activity", short, name, percent=job.progress
        )
    note = str(job.note) or job.get_wait_for_display() or short
    tone: Tone = "ask" if job.status == JobStatus.UNCLEAR else "live"
    return State(kind, "running", tone, "hourglass_top", short, note, percent=job.progress)
