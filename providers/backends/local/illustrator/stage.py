"""The values that a place returns for drawing figures and objects in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from providers.backends.local.illustrator.canvas import Canvas, Pen
from providers.backends.local.illustrator.color import Color
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.palette import Palette
from providers.backends.local.illustrator.words import Reading


@dataclass(frozen=True)
class Figure:
    """A character of the cast: a kind of person, and colours as hex; empty: those of the kind."""

    kind: str
    coat: str = ""
    hair: str = ""


@dataclass
class Shot:
    """One image being drawn.

    Lengths are in pixels; `side` is the side of the frame (-1 left, 1 right) with the subject.
    """

    canvas: Canvas
    palette: Palette
    reading: Reading
    dice: Dice
    season: str = ""
    side: int = 1
    horizon: float = 0.0
    figures: tuple[Figure, ...] = ()

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
        """Width divided by the shorter side: 1 for square and upright frames, 1.78 for wide."""
        return self.w / self.unit

    def x(self, share: float) -> float:
        """Return a column across the frame, counted from the side away from the subject.

        0.66 is the subject's third.
        """
        return self.w * (share if self.side > 0 else 1 - share)

    def lit(self, code: str, depth: float = 0.0) -> Color:
        return self.palette.lit_hex(code, depth)

    def pen(
        self, x: float, y: float, scale: float, *, flip: bool = False, slot: float = 0.0
    ) -> Pen:
        return Pen(self.canvas, x, y, scale, flip=flip, slot=slot)

    @property
    def snowy(self) -> bool:
        return self.season == "snow"


def nothing() -> None:
    return


@dataclass
class Stage:
    """Where figures and objects may stand.

    `floor(x)` is the ground at a column, `tall` the height of an adult there, both in pixels.
    `water` is the line on which boats lie, with the height of an adult there. `table` is a place
    for small objects in close view. `front` draws what is nearer than the subject.
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
