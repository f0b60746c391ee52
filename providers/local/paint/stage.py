"""What a place hands on to those who stand in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from providers.local.paint.canvas import Canvas, Pen
from providers.local.paint.color import Color
from providers.local.paint.dice import Dice
from providers.local.paint.palette import Palette
from providers.local.paint.words import Reading


@dataclass
class Shot:
    """One picture in the making. Lengths are pixels; `side` is the side of the frame (-1 left, 1 right) where the subject stands."""

    canvas: Canvas
    palette: Palette
    reading: Reading
    dice: Dice
    season: str = ""
    side: int = 1
    horizon: float = 0.0

    @property
    def w(self) -> float:
        return float(self.canvas.width)

    @property
    def h(self) -> float:
        return float(self.canvas.height)

    @property
    def unit(self) -> float:
        return self.canvas.unit

    @property
    def wide(self) -> float:
        """Width against the shorter side: 1 for square and upright frames, 1.78 for wide ones."""
        return self.w / self.unit

    def x(self, share: float) -> float:
        """A place across the frame, counted from the side away from the subject: 0.66 is the subject's third."""
        return self.w * (share if self.side > 0 else 1 - share)

    def lit(self, code: str, depth: float = 0.0) -> Color:
        return self.palette.lit_hex(code, depth)

    def pen(self, x: float, y: float, scale: float, *, flip: bool = False, turn: float = 0.0) -> Pen:
        return Pen(self.canvas, x, y, scale, flip=flip, turn=turn)

    @property
    def snowy(self) -> bool:
        return self.season == "snow"


def nothing() -> None:
    return


@dataclass
class Stage:
    """Where things may stand: `floor(x)` is the ground at a column, `tall` a grown-up's height there, both in pixels.

    `water` is the line on which boats lie and a grown-up's height there. `table` is a place for small things seen large. `front`
    draws what is nearer than the subject.
    """

    floor: Callable[[float], float]
    tall: float
    focus: float
    second: float
    water: tuple[float, float] | None = None
    table: tuple[float, float, float] | None = None
    indoors: bool = False
    airless: bool = False
    sunken: bool = False
    front: Callable[[], None] = nothing
    has: set[str] = field(default_factory=set)
