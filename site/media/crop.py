"""Selects the visible part of a take in a film of another aspect ratio."""

from collections.abc import Sequence
from dataclasses import dataclass

SAME = 0.03  # smaller differences are ignored; models make 1344 x 768 pixels for 16:9


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle within an image, in fractions of its width and height."""

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
    """Returns whether the image must be cropped to fill the frame."""
    return abs(picture[0] * frame[1] / (picture[1] * frame[0]) - 1) > SAME


def placed(
    picture: tuple[int, int], frame: tuple[int, int], *, x: float = 0.5, y: float = 0.5
) -> Crop:
    """Returns the largest part of the image with the frame's aspect ratio.

    `x` and `y` set its position: 0 is far left (top), 1 is far right (bottom).
    """
    wide = picture[0] * frame[1] / (picture[1] * frame[0])
    width, height = (1 / wide, 1.0) if wide > 1 else (1.0, wide)
    return Crop(
        round((1 - width) * x, 6), round((1 - height) * y, 6), round(width, 6), round(height, 6)
    )
