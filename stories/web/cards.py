"""A scene as a card: states, remaining cost, and a version by which a page detects changes."""

import hashlib
import zlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import NamedTuple

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from providers.requests import CastReference
from stories.enums import ReviewStatus
from stories.models import Take
from stories.selectors.job_facts import JobFacts, JobRow
from stories.selectors.summary import SceneSummary, is_locked
from stories.services.plan import Item
from stories.services.scene_values import fingerprint, value_of
from stories.web.scene_states import State, main_of, states_of

from .board_rows import SceneRow, TakeRow

CAST_KEY = "cast-"  # how the filter's key of a cast member begins
EDITABLE = ("title", "narration", "text", "camera", "duration_seconds")
MARK_LENGTH = 10


class Work(NamedTuple):
    """A scene's item in the plan of one kind, with its open or failed job."""

    item: Item
    take: TakeRow | None
    job: JobRow | None
    failure: JobRow | None


@dataclass
class Card:
    """One scene of the board, with its items in the plans of pictures and clips.

    Values only needed by a complete card are computed on demand.
    """

    summary: SceneSummary
    facts: JobFacts
    may_edit: bool
    base: str
    full: bool = True
    hidden: bool = False
    may_arrange: bool = False
    decide_url: str = ""  # of the unclear call that locks the scene, for users who may resolve it

    def __post_init__(self) -> None:
        self.scene: SceneRow = self.summary.scene
        cast = (f"{CAST_KEY}{member}" for member in self.scene.members)
        self.keys = " ".join((*self.summary.words, *cast))

    @property
    def cast(self) -> list[tuple[str, CastReference]]:
        """The ids of the members of the cast that the scene shows, and what it shows of them."""
        return list(zip(self.scene.members, self.scene.references, strict=True))

    @property
    def left(self) -> Decimal:
        """The scene's remaining cost in USD until the film is complete."""
        return self.summary.left

    def work(self, kind: str) -> Work:
        item, key = self.summary.item(kind), self.scene.key
        return Work(
            item,
            self.scene.take(kind),
            self.facts.running(kind).get(key),
            self.facts.failed(kind).get(key),
        )

    @property
    def url(self) -> str:
        """The URL of the scene's own page. Its actions are below it."""
        return f"{self.base}{self.scene.key}/"

    @cached_property
    def states(self) -> list[State]:
        """All states of its takes."""
        return states_of(self.summary, self.facts)

    @property
    def is_locked(self) -> bool:
        return is_locked(self.summary.image) or is_locked(self.summary.clip)

    @property
    def main(self) -> State:
        return main_of(self.states)

    @property
    def flags(self) -> list[State]:
        """Warnings shown on the picture itself."""
        return [
            state
            for state in self.states
            if state.key in {"stale", "rejected", "failed", "doubtful"}
        ]

    @property
    def running(self) -> State | None:
        return next((state for state in self.states if state.percent is not None), None)

    @property
    def picture(self) -> str:
        """The URL of the thumbnail. Empty if there is none."""
        take = self.scene.image_take or self.scene.clip_take
        return thumb_url(take) if take else ""

    @property
    def clip_url(self) -> str:
        take = self.scene.clip_take
        return (
            reverse("stories:take_file", args=[take.pk])
            if take and take.review_status != ReviewStatus.REJECTED
            else ""
        )

    @cached_property
    def seen(self) -> dict[str, str]:
        """The fingerprint of each field that can be edited on the card."""
        return {name: fingerprint(value_of(self.scene, name)) for name in EDITABLE}

    @cached_property
    def mark(self) -> str:
        """A version of what the card or its placeholder shows, except its number."""
        if not self.full:
            return self.far_mark
        scene, prompt = self.scene, self.scene.prompt
        shown = (
            *(
                scene.title,
                scene.narration,
                scene.duration_seconds,
                prompt.text,
                prompt.camera,
                scene.takes,
                scene.comments,
            ),
            *(
                scene.image_take and scene.image_take.id_text,
                scene.clip_take and scene.clip_take.id_text,
            ),
            *(self.left, self.may_edit, self.may_arrange, self.decide_url),
            *((one.name, member) for member, one in self.cast),
            *((state.key, state.text, state.percent) for state in self.states),
        )
        return hashlib.blake2b(repr(shown).encode(), digest_size=MARK_LENGTH // 2).hexdigest()

    @property
    def far_mark(self) -> str:
        """The version of its placeholder, for a page that makes the card one."""
        return f"{zlib.crc32(f'{self.scene.title}\n{self.keys}'.encode()):08x}"

    @property
    def placeholder(self) -> SafeString:
        """The card while it is not visible: number, title and link to its page.

        The link is relative to the board's URL.
        """
        scene, key = self.scene, self.scene.key
        return mark_safe(  # noqa: S308  our own ids and versions, and the escaped title
            f'<li class="bd-card bd-shell" id="scene-{key}" data-id="{key}" '
            f'data-mark="{self.mark}" data-keys="{self.keys}"{" hidden" if self.hidden else ""}>'
            f'<a href="scenes/{key}/" data-n="{scene.position}">'
            f"{escape(scene.title) or scene.position}</a></li>\n"
        )


def thumb_url(take: Take | TakeRow, width: int = 640) -> str:
    """The URL of a take's thumbnail.

    It contains the content hash, so browsers may cache it forever.
    """
    return reverse("stories:take_thumb", args=[take.pk, take.sha256[:12], width])
