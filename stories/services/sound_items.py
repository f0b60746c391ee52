"""The speech of a line, the music of a story or the effect of a scene, as an item of a plan."""

from decimal import Decimal
from typing import Any, NamedTuple

from core.localized_messages import LocalizedMessage
from stories.enums import PlanState, SoundKind
from stories.models import Line, Scene, SoundTake

from .job_data import sound_key


class SoundItem(NamedTuple):
    """The speech of one line, the story's music, or the effect of a scene, in a plan. As
    `plan.Item`.

    `item` is the id of the line, the story or the scene, `take` the selected take.
    """

    kind: str
    item: str
    state: PlanState
    will: bool
    price: Decimal
    why: LocalizedMessage
    provider: str
    request: Any
    input_hash: str
    scene: Scene | None = None
    line: Line | None = None
    take: SoundTake | None = None
    failed: bool = False

    @property
    def key(self) -> str:
        """Identifies it in confirmations and calls."""
        return sound_key(self.kind, self.item)

    @property
    def position(self) -> int:
        return self.scene.position if self.scene else 0

    @property
    def title(self) -> str:
        if self.line:
            return self.line.current.text[:80]
        return self.request.prompt[:80] if self.kind == SoundKind.SOUND else ""
