"""Finds lines of letter-like shapes in a picture.

Letters of one line have a common height and stroke, stand close together, and differ in shape.
Windows, fence posts and leaves fail at least one of these.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST, TALLEST = 9, 0.25  # of a letter: pixels, and part of the picture's height
MOST_SHAPES = 4000  # a picture with more of them is noise
FEWEST = 6  # characters of a line
JOINED = (1, 3, 5, 9, 13)  # pixels over which parts are taken as one shape
CELL = 16  # pixels of a side when shapes are compared

type Grey = NDArray[np.uint8]


class Shape(NamedTuple):
    """A connected area in pixels. `stroke`: width of its lines, in parts of its height."""

    left: int
    top: int
    width: int
    height: int
    stroke: float
    cell: NDArray[np.float32]

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


def longest_line(grey: Grey) -> int:
    """The number of shapes in the longest line of letters, dark on light or light on dark.

    The parts of a Korean syllable do not touch, so they are also looked for joined.
    """
    return max(_longest(_shapes(mask, joined=joined)) for mask in _masks(grey) for joined in JOINED)


def _masks(grey: Grey) -> tuple[Grey, Grey]:
    """What is darker, and what is lighter, than its surroundings by far."""
    around = max(15, grey.shape[0] // 12) | 1
    ground = cv2.blur(grey, (around, around)).astype(np.int16)
    values = grey.astype(np.int16)
    return (
        (values < ground - 28).astype(np.uint8),
        (values > ground + 28).astype(np.uint8),
    )


def _shapes(mask: Grey, *, joined: int) -> list[Shape]:
    near = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((joined, joined), np.uint8))
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(near, connectivity=8)
    if count > MOST_SHAPES:
        return []
    tallest = TALLEST * mask.shape[0]
    found = []
    for label in range(1, count):
        left, top, width, height = (int(value) for value in stats[label][:4])
        if not (SMALLEST <= height <= tallest and 0.12 <= width / height <= 1.8):  # noqa: PLR2004
            continue
        place = np.s_[top : top + height, left : left + width]
        own = np.asarray((labels[place] == label) & (mask[place] > 0), np.uint8)
        if not 0.15 <= np.count_nonzero(own) / own.size <= 0.85:  # noqa: PLR2004
            continue
        inside = cv2.distanceTransform(np.pad(own, 1), cv2.DIST_L2, 3)
        stroke = 2 * float(inside.max()) / height
        if stroke > 0.45:  # noqa: PLR2004
            continue
        cell = cv2.resize(own.astype(np.float32), (CELL, CELL), interpolation=cv2.INTER_AREA)
        found.append(Shape(left, top, width, height, stroke, np.asarray(cell, np.float32)))
    return found


def _longest(shapes: list[Shape]) -> int:
    """The most shapes of one line that passes for letters."""
    most = 0
    left = sorted(shapes)
    while left:
        line = [left.pop(0)]
        rest = []
        for shape in left:
            if _follows(line[-1], shape):
                line.append(shape)
            else:
                rest.append(shape)
        left = rest
        if len(line) > most and _is_text(line):
            most = len(line)
    return most


def _follows(one: Shape, other: Shape) -> bool:
    """Whether `other` may be the next letter of the line."""
    tall, low = max(one.height, other.height), min(one.height, other.height)
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = other.left - one.right
    return low > 0.55 * tall and shared > 0.6 * low and -0.2 * tall <= gap <= 1.1 * tall


def _is_text(line: list[Shape]) -> bool:
    if len(line) < FEWEST:
        return False
    strokes = np.asarray([shape.stroke * shape.height for shape in line])
    if strokes.std() > 0.25 * strokes.mean():
        return False
    cells = np.stack([shape.cell for shape in line])
    differences = np.abs(cells[:, None] - cells[None]).mean(axis=(2, 3))
    others = differences[np.triu_indices(len(line), 1)]
    bottoms = np.asarray([shape.bottom for shape in line])
    tall = max(shape.height for shape in line)
    uneven = float(np.median(np.abs(bottoms - np.median(bottoms))))
    return float(np.median(others)) > 0.2 and uneven < 0.04 * tall  # noqa: PLR2004
