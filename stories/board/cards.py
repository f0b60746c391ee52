"""A scene as a card: its state in words, what it still costs, and a mark by which a page tells whether it shows it as it is."""

import hashlib
import zlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import NamedTuple

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from jobs.enums import JobStatus
from stories.domain.facts import Facts, JobRow
from stories.domain.plan import NEEDS_PICTURE, UNRESOLVED, Item
from stories.domain.scenes import fingerprint, value_of
from stories.enums import TakeKind, Verdict
from stories.models import Take
from web.admin_parts import Tone

from .rows import SceneRow, TakeRow

EDITABLE = ("title", "narration", "text", "camera", "duration_seconds")
MARK_LENGTH = 10
WEIGHT: dict[Tone, int] = {"bad": 5, "live": 4, "ask": 3, "idle": 2, "good": 1, "quiet": 0}
LATE = frozenset({"missing", "rejected"})
SETTLED = frozenset({"approved", "review"})
NOTHING = Decimal(0)


class State(NamedTuple):
    """What is the matter with a scene's take of one kind. `key` is what the board filters by; `percent` only while it is made."""

    kind: str
    key: str
    tone: Tone
    icon: str
    text: str
    percent: int | None = None


class Work(NamedTuple):
    """A scene's place in the plan of one kind, with its open job, or the one that failed."""

    item: Item
    take: TakeRow | None
    job: JobRow | None
    failure: JobRow | None


def word_of(item: Item, take: TakeRow | None) -> str:
    """The state in one word."""
    if item.failed:
        return "failed"
    if item.state == "done":
        return "approved" if take and take.verdict == Verdict.APPROVED else "review"
    return item.state


def needs_picture(item: Item) -> bool:
    return item.state == "blocked" and item.why.template == NEEDS_PICTURE


def is_locked(item: Item) -> bool:
    """No paid work until a person has decided on a call that may have been paid."""
    return item.state == "blocked" and item.why.template == UNRESOLVED.template


def left_of(item: Item) -> Decimal:
    """USD still to be paid for it until the film is whole."""
    return item.price if item.state in LATE or needs_picture(item) else NOTHING


def state_of(kind: str, work: Work) -> State:
    """The state in words, for a person who does not know how it is made."""
    item, key = work.item, word_of(work.item, work.take)
    if key == "running" and work.job is not None:
        return _running(kind, work.job)
    picture = kind == TakeKind.IMAGE
    match key:
        case "failed":
            reason = str(work.failure.note) if work.failure else ""
            shown = _state("bad", "error", (_("Picture failed: %s") if picture else _("Clip failed: %s")) % reason)
        case "blocked":
            shown = _state("idle" if needs_picture(item) else "bad", "lock" if is_locked(item) else "block", str(item.why))
        case "rejected":
            reason = work.take.verdict_reason if work.take else ""
            shown = _state("bad", "thumb_down", (_("Picture rejected: %s") if picture else _("Clip rejected: %s")) % reason)
        case "stale":
            shown = _state("ask", "history", _("Picture is older than the scene") if picture else _("Clip is older than the scene"))
        case "missing":
            shown = _state("idle", "add_photo_alternate" if picture else "movie", _("No picture yet") if picture else _("No clip yet"))
        case "approved":
            shown = _state("good", "check_circle", _("Picture approved") if picture else _("Clip approved"))
        case _:
            shown = _state("ask", "visibility", _("Picture to review") if picture else _("Clip to review"))
    return State(kind, key, *shown)


def _state(tone: Tone, icon: str, text: str) -> tuple[Tone, str, str]:
    return tone, icon, text


def _running(kind: str, job: JobRow) -> State:
    picture = kind == TakeKind.IMAGE
    if job.status == JobStatus.QUEUED:
        text = _("Picture is in the queue") if picture else _("Clip is in the queue")
        return State(kind, "running", "live", "hourglass_top", text, 0)
    if job.status == JobStatus.RUNNING:
        text = _("Making the picture") if picture else _("Making the clip")
        return State(kind, "running", "live", "progress_activity", text, job.progress)
    note = str(job.note) or job.get_wait_for_display() or job.get_status_display()
    return State(kind, "running", "ask" if job.status == JobStatus.UNCLEAR else "live", "hourglass_top", note, job.progress)


@dataclass
class Card:
    """One scene of the board, with its places in the plans of pictures and clips. What only a complete card shows is made when it is asked for."""

    scene: SceneRow
    image: Item
    clip: Item
    facts: Facts
    may_edit: bool
    base: str
    full: bool = True
    hidden: bool = False
    decide_url: str = ""  # of the unclear call that locks the scene, for who may decide on it

    def __post_init__(self) -> None:
        image, clip = word_of(self.image, self.scene.image_take), word_of(self.clip, self.scene.clip_take)
        self.one = self.scene.clip_take is None and (clip == "missing" or needs_picture(self.clip))  # nothing to say about the clip yet
        self.keys = image if self.one or image == clip else f"{clip} {image}" if image in SETTLED else f"{image} {clip}"
        self.left = left_of(self.image) + left_of(self.clip)

    def work(self, kind: str) -> Work:
        item, key = self.image if kind == TakeKind.IMAGE else self.clip, self.scene.key
        return Work(item, self.scene.take(kind), self.facts.running(kind).get(key), self.facts.failed(kind).get(key))

    @property
    def url(self) -> str:
        """Address of the scene's own page; its doors stand below it."""
        return f"{self.base}{self.scene.key}/"

    @cached_property
    def states(self) -> list[State]:
        """The picture's state, and the clip's once there is something to say about it."""
        picture = state_of(TakeKind.IMAGE, self.work(TakeKind.IMAGE))
        if self.one or self.is_locked:
            return [picture]
        clip = state_of(TakeKind.CLIP, self.work(TakeKind.CLIP))
        return [clip, picture] if picture.key in SETTLED else [picture, clip]

    @property
    def is_locked(self) -> bool:
        return is_locked(self.image)

    @property
    def main(self) -> State:
        return max(self.states, key=lambda state: WEIGHT[state.tone])

    @property
    def flags(self) -> list[State]:
        """What must not be overlooked on the picture itself."""
        return [state for state in self.states if state.key in {"stale", "rejected", "failed"}]

    @property
    def running(self) -> State | None:
        return next((state for state in self.states if state.percent is not None), None)

    @property
    def picture(self) -> str:
        """Address of the small picture; empty without one."""
        take = self.scene.image_take or self.scene.clip_take
        return thumb_url(take) if take else ""

    @property
    def clip_url(self) -> str:
        take = self.scene.clip_take
        return reverse("stories:take_file", args=[take.pk]) if take and take.verdict != Verdict.REJECTED else ""

    @cached_property
    def seen(self) -> dict[str, str]:
        """The fingerprint of each field that can be edited on the card."""
        return {name: fingerprint(value_of(self.scene, name)) for name in EDITABLE}

    @cached_property
    def mark(self) -> str:
        """Names what the card shows, but for its number; of a shell, what the shell shows."""
        if not self.full:
            return f"{zlib.crc32(f'{self.scene.title}\n{self.keys}'.encode()):08x}"
        scene, prompt = self.scene, self.scene.prompt
        shown = (
            *(scene.title, scene.narration, scene.duration_seconds, prompt.text, prompt.camera, scene.takes, scene.comments),
            *(scene.image_take and scene.image_take.id_text, scene.clip_take and scene.clip_take.id_text),
            *(self.left, self.may_edit, self.decide_url),
            *((state.key, state.text, state.percent) for state in self.states),
        )
        return hashlib.blake2b(repr(shown).encode(), digest_size=MARK_LENGTH // 2).hexdigest()

    @property
    def shell(self) -> SafeString:
        """The card as long as nobody looks at it: number, name and way to its page, from the board's address."""
        scene, key = self.scene, self.scene.key
        return mark_safe(  # noqa: S308  ids and marks of our own, and the escaped name
            f'<li class="bd-card bd-shell" id="scene-{key}" data-id="{key}" data-mark="{self.mark}" data-keys="{self.keys}"{" hidden" if self.hidden else ""}>'
            f'<div class="bd-shot"><span class="bd-n">{scene.position}</span></div><a href="scenes/{key}/">{escape(scene.title) or scene.position}</a></li>\n'
        )


def thumb_url(take: Take | TakeRow, width: int = 640) -> str:
    """Address of a take's small picture. It says the content, so a browser keeps it for ever."""
    return reverse("stories:take_thumb", args=[take.pk, take.sha256[:12], width])
