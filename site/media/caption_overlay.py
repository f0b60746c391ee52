"""Renders captions: white letters with a soft dark edge and shadow,
blended into a frame's planes.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from media import fonts
from media.captions import style_for
from media.yuv import Frame, Plane

FADE_SECONDS = 0.12
EDGE_SHARE, GLOW_SHARE, DROP_SHARE = 0.055, 0.16, 0.045  # of the font size
EDGE_STRENGTH, GLOW_STRENGTH = 0.72, 0.62
FOOT = 0.375  # of the font size: from the middle of a line to its baseline
TALL = 1.2  # factor of the line spacing for scripts with marks above and below
WHITE, BLACK, GREY = 235, 16, 128

type Alpha = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """The overlay of one plane: the share of the image to keep (0 to 256) and the value to add,
    times 256.
    """

    keep: npt.NDArray[np.uint16]
    add: npt.NDArray[np.uint16]

    def blend(self, plane: Plane) -> None:
        plane[:] = (plane * self.keep + self.add + 128) >> 8

    def faded(self, share: float, neutral: npt.NDArray[np.uint16]) -> "Layer":
        """Returns the layer at reduced strength. `neutral` is 256 everywhere."""
        return Layer(
            (neutral - ((neutral - self.keep) * share)).astype(np.uint16),
            (self.add * share).astype(np.uint16),
        )


@dataclass(frozen=True)
class Overlay:
    """A rendered caption: the position of its box in the frame (even numbers), and luma and chroma
    layers.
    """

    left: int
    top: int
    luma: Layer
    chroma: Layer
    rgba: npt.NDArray[np.uint8]

    @staticmethod
    def of(text: str, size: tuple[int, int]) -> "Overlay":
        return _drawn(text, size)

    def paste(self, frame: Frame) -> None:
        height, width = self.luma.keep.shape
        top, left = self.top, self.left
        self.luma.blend(frame.y[top : top + height, left : left + width])
        for plane in (frame.u, frame.v):
            self.chroma.blend(
                plane[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
            )

    def faded(self, share: float) -> "Overlay":
        full = np.full_like(self.luma.keep, 256)
        half = np.full_like(self.chroma.keep, 256)
        return Overlay(
            self.left,
            self.top,
            self.luma.faded(share, full),
            self.chroma.faded(share, half),
            self.rgba,
        )


@lru_cache(maxsize=32)
def _drawn(text: str, size: tuple[int, int]) -> Overlay:
    letters, shade, left, top = _masks(text, size)
    cover = shade * (1 - letters)
    alpha = letters + cover
    value = np.divide(letters, alpha, out=np.zeros_like(alpha), where=alpha > 0)
    rgba = np.dstack([value, value, value, alpha])
    small = np.ascontiguousarray(
        cv2.resize(alpha, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32
    )
    return Overlay(
        left,
        top,
        Layer(_fixed(1 - alpha), _fixed(letters * WHITE + cover * BLACK)),
        Layer(_fixed(1 - small), _fixed(small * GREY)),
        np.rint(rgba * 255).astype(np.uint8),
    )


def _fixed(part: Alpha) -> npt.NDArray[np.uint16]:
    return np.rint(part * 256).astype(np.uint16)


def _masks(text: str, size: tuple[int, int]) -> tuple[Alpha, Alpha, int, int]:
    """Returns the masks of the letters and of the dark area around them, and their position in the
    frame.
    """
    style = style_for(size)
    names, base = fonts.order(text), fonts.base_level(text)
    lines = [fonts.set_line(line, names, base) for line in text.split("\n")]
    pitch = style.line_height * (TALL if any(line.tall for line in lines) else 1)
    room = size[1] - style.bottom
    # Merged captions may have more than two lines: reduce their size to fit the frame.
    shrink = min(
        1.0,
        room * 0.9 / (pitch * len(lines)),
        *(size[0] * 0.92 / (line.width * style.font_pixels) for line in lines if line.width),
    )
    letters, pitch = style.font_pixels * shrink, pitch * shrink
    pad = round(letters * 0.7)
    wide = min(size[0], _even(max(line.width for line in lines) * letters) + 2 * pad)
    high = min(size[1], _even(pitch * len(lines) + 2 * pad))
    box = (wide - wide % 2, high - high % 2)
    left = (size[0] - box[0]) // 2 // 2 * 2
    top = max(0, round(room - pitch * len(lines) - pad) // 2 * 2)
    fill = np.zeros((box[1], box[0]), np.uint8)
    for number, line in enumerate(lines):
        foot = pad + pitch * (number + 0.5) + letters * FOOT
        np.maximum(
            fill,
            line.mask(letters, size=box, left=(box[0] - line.width * letters) / 2, base=foot),
            out=fill,
        )
    reach = max(1, round(letters * EDGE_SHARE))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    edge = Image.fromarray(np.ascontiguousarray(cv2.dilate(fill, around), np.uint8))
    glow = Image.new("L", box)
    glow.paste(edge, (0, round(letters * DROP_SHARE)))
    glow = glow.filter(ImageFilter.GaussianBlur(letters * GLOW_SHARE))
    soft = edge.filter(ImageFilter.GaussianBlur(letters * 0.03))
    shade = 1 - (1 - EDGE_STRENGTH * _share(soft)) * (
        1 - np.minimum(1, GLOW_STRENGTH * 1.3 * _share(glow))
    )
    return _share(Image.fromarray(fill)), shade.astype(np.float32), left, min(top, size[1] - box[1])


def _share(image: Image.Image) -> Alpha:
    return np.asarray(image, np.float32) / np.float32(255)


def _even(length: float) -> int:
    return 2 * round(length / 2 + 0.5)


class Overlays:
    """All captions of a segment: selects the one of a frame, with a short fade at both ends."""

    def __init__(self, spans: Sequence[tuple[int, int, Overlay]], *, fps: int) -> None:
        self.spans = sorted(spans, key=lambda span: span[0])
        self.starts = [start for start, _end, _overlay in self.spans]
        self.steps = max(1, round(FADE_SECONDS * fps))
        self.cache: dict[tuple[int, int], Overlay] = {}

    def at(self, number: int) -> Overlay | None:
        place = bisect_right(self.starts, number) - 1
        if place < 0:
            return None
        start, end, overlay = self.spans[place]
        if number >= end:
            return None
        step = min(number - start, end - 1 - number) + 1
        if step > self.steps:
            return overlay
        key = (place, step)
        if key not in self.cache:
            self.cache[key] = overlay.faded(step / (self.steps + 1))
        return self.cache[key]
