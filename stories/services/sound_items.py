"""The speech of a line, the music of a film or a scene, or an effect, as an item of a plan."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.localized_messages import LocalizedMessage
from stories.enums import Mood, PlanState, SoundKind
from stories.models import Effect, Line, Scene, SoundTake

from .job_data import sound_key


class SoundItem(NamedTuple):
    """The speech of one line, the music of the film or of a scene, or one effect, in a plan. As
    `plan.Item`.

    `item` is the id of the line, of the story or the scene, or of the effect, `take` the selected
    take. The music and the effects of the whole film have no scene. `scene_order`: the ids of the
    scenes for whose order the film's music is made.
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
    effect: Effect | None = None
    take: SoundTake | None = None
    failed: bool = False
    scene_order: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Identifies it in confirmations and calls."""
        return sound_key(self.kind, self.item)

    @property
    def position(self) -> int:
        return self.scene.position if self.scene else 0

    @property
    def place(self) -> str:
        """Where it is heard, for people."""
        if self.scene is not None and self.kind == SoundKind.MUSIC:
            return _("Music of scene %(n)s") % {"n": self.scene.position}
        if self.scene is not None:
            return _("Scene %(n)s") % {"n": self.scene.position}
        return _("Music") if self.kind == SoundKind.MUSIC else _("Effect of the film")

    @property
    def title(self) -> str:
        if self.line:
            return self.line.current.text[:80]
        return self.request.prompt[:80] if self.kind == SoundKind.SOUND else ""

    @property
    def mood(self) -> str:
        """Of music, for people."""
        return str(Mood(self.request.mood).label) if self.kind == SoundKind.MUSIC else ""
