"""What of a take is shown in a film of another format."""

from collections.abc import Sequence
from dataclasses import dataclass

SAME = 0.03  # formats that differ by less look alike; models make 1344 x 768 pixels for 16:9


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle within a picture, in parts of its width and height."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, parts: Sequence[float]) -> "Crop":
        return cls(*map(float, parts))

    @property
    def parts(self) -> list[float]:
        return [self.left, self.top, self.width, self.height]


def differs(picture: tuple[int, int], frame: tuple[int, int]) -> bool:
    """Whether the picture has to be cut to fill the frame."""
    return abs(picture[0] * frame[1] / (picture[1] * frame[0]) - 1) > SAME


def placed(picture: tuple[int, int], frame: tuple[int, int], *, x: float = 0.5, y: float = 0.5) -> Crop:
    """The largest part of the picture that has the frame's format.

    `x` and `y` say where: 0 is as far to the left (to the top) as it goes, 1 to the right (to the bottom).
    """
    wide = picture[0] * frame[1] / (picture[1] * frame[0])
    width, height = (1 / wide, 1.0) if wide > 1 else (1.0, wide)
    return Crop(round((1 - width) * x, 6), round((1 - height) * y, 6), round(width, 6), round(height, 6))
