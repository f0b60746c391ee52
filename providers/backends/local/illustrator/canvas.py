"""A canvas and its few drawing primitives, all with soft edges and a slight brush texture."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from providers.backends.local.illustrator.color import Color
from providers.backends.local.illustrator.dice import Dice

type Point = tuple[float, float]
type Mask = npt.NDArray[np.uint8]

cv2.setNumThreads(1)
SHIFT = 4  # fractional bits of a pixel in OpenCV's shapes
TEXTURE = 512


@dataclass(frozen=True)
class Grad:
    """A gradient fill from one colour to another over the shape's box: vertical or horizontal."""

    first: Color
    last: Color
    across: bool = False


type Fill = Color | Grad


def smooth(points: Sequence[Point], *, closed: bool = True, rounds: int = 3) -> list[Point]:
    """Smooth the outline into a curve by cutting its corners repeatedly (Chaikin 1974)."""
    line = np.array(points, np.float64)
    for _round in range(rounds):
        after = np.roll(line, -1, axis=0) if closed else line[1:]
        before = line if closed else line[:-1]
        cut = np.stack(
            [0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1
        ).reshape(-1, 2)
        line = cut if closed else np.vstack([line[:1], cut, line[-1:]])
    return [(float(x), float(y)) for x, y in line]


class Canvas:
    """A canvas of `width` by `height` pixels.

    `unit` is the shorter side. Sizes are given in it, so that an image looks alike at any size.
    """

    def __init__(self, size: tuple[int, int], dice: Dice) -> None:
        self.width, self.height = size
        self.unit = float(min(size))
        self.rgb = np.zeros((self.height, self.width, 3), np.float32)
        self.dice = dice.apart("brush")
        self.brush = _brush(self.dice)

    def poly(
        self,
        points: Iterable[Point],
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        rough: float = 0.04,
        hole: Sequence[Point] = (),
    ) -> None:
        """Fill an outline, optionally with a hole.

        `soft` blurs its edge by that many pixels; `rough` is the strength of the brush texture.
        """
        outline = np.array(list(points), np.float64)
        box = self._box(outline, 2 + 3 * soft)
        if box is None:
            return
        left, top, right, bottom = box
        mask = np.zeros((bottom - top, right - left), np.uint8)
        contours = [outline, np.array(list(hole), np.float64)] if hole else [outline]
        cv2.fillPoly(
            mask,
            [
                np.rint((contour - (left, top)) * (1 << SHIFT)).astype(np.int32)
                for contour in contours
            ],
            255,
            cv2.LINE_AA,
            SHIFT,
        )
        self._lay(mask, box, fill, alpha, soft, rough)

    def union(
        self,
        outlines: Iterable[Sequence[Point]],
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        rough: float = 0.04,
    ) -> None:
        """Fill several outlines as one shape."""
        shapes = [np.array(list(outline), np.float64) for outline in outlines]
        box = self._box(np.vstack(shapes), 2 + 3 * soft)
        if box is None:
            return
        left, top, right, bottom = box
        mask = np.zeros((bottom - top, right - left), np.uint8)
        for shape in shapes:
            cv2.fillPoly(
                mask,
                [np.rint((shape - (left, top)) * (1 << SHIFT)).astype(np.int32)],
                255,
                cv2.LINE_AA,
                SHIFT,
            )
        self._lay(mask, box, fill, alpha, soft, rough)

    def blob(
        self,
        points: Sequence[Point],
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        rough: float = 0.04,
    ) -> None:
        """Fill an outline with its corners smoothed."""
        self.poly(smooth(points), fill, alpha=alpha, soft=soft, rough=rough)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        fill: Fill,
        *,
        slot: float = 0.0,
        alpha: float = 1.0,
        soft: float = 0.0,
        rough: float = 0.03,
    ) -> None:
        """Fill an ellipse, rotated by `turn` degrees."""
        angles = np.linspace(0, 2 * math.pi, max(20, int(max(rx, ry) * 0.9)), endpoint=False)
        cos, sin = math.cos(math.radians(slot)), math.sin(math.radians(slot))
        px, py = rx * np.cos(angles), ry * np.sin(angles)
        self.poly(
            zip(x + px * cos - py * sin, y + px * sin + py * cos, strict=True),
            fill,
            alpha=alpha,
            soft=soft,
            rough=rough,
        )

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
    ) -> None:
        self.ellipse(x, y, radius, radius, fill, alpha=alpha, soft=soft)

    def rect(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        rough: float = 0.04,
    ) -> None:
        self.poly(
            [(left, top), (right, top), (right, bottom), (left, bottom)],
            fill,
            alpha=alpha,
            soft=soft,
            rough=rough,
        )

    def line(
        self,
        points: Sequence[Point],
        thick: float | tuple[float, float],
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
    ) -> None:
        """Draw a stroke with round ends along the points.

        With two thicknesses it tapers from the first to the second.
        """
        first, last = thick if isinstance(thick, tuple) else (thick, thick)
        path = np.array(points, np.float64)
        way = np.gradient(path, axis=0) if len(path) > 1 else np.array([[1.0, 0.0]])
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        across = (
            np.stack([-way[:, 1], way[:, 0]], axis=1)
            * np.linspace(first, last, len(path))[:, None]
            / 2
        )
        outline = np.vstack(
            [
                _cap(path[-1], way[-1], last / 2),
                (path - across)[::-1],
                _cap(path[0], -way[0], first / 2),
                path + across,
            ]
        )
        self.poly(
            [(float(x), float(y)) for x, y in outline], fill, alpha=alpha, soft=soft, rough=0.0
        )

    def glow(self, x: float, y: float, radius: float, color: Color, strength: float) -> None:
        """Add light around a point with screen blending, fading out at `radius`."""
        box = self._box(np.array([(x, y)]), radius)
        if box is None:
            return
        left, top, right, bottom = box
        across = (np.arange(left, right, dtype=np.float32) - x) / radius
        down = (np.arange(top, bottom, dtype=np.float32) - y) / radius
        near = np.clip(1 - np.sqrt(across[None, :] ** 2 + down[:, None] ** 2), 0, 1)
        light = (near * near * (0.35 + 0.65 * near) * strength)[..., None] * (color / 255)
        part = self.rgb[top:bottom, left:right]
        part += (255 - part) * np.minimum(light, 1)

    def veil(self, color: Color, shares: npt.NDArray[np.float32]) -> None:
        """Blend the colour over the whole canvas.

        The share is given per pixel or per row ((height, 1) or (height, width)).
        """
        self.rgb += (color - self.rgb) * shares[..., None]

    def _box(
        self, outline: npt.NDArray[np.float64], pad: float
    ) -> tuple[int, int, int, int] | None:
        low, high = outline.min(axis=0) - pad, outline.max(axis=0) + pad
        left, top = max(0, math.floor(low[0])), max(0, math.floor(low[1]))
        right, bottom = (
            min(self.width, math.ceil(high[0]) + 1),
            min(self.height, math.ceil(high[1]) + 1),
        )
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _lay(
        self,
        mask: Mask,
        box: tuple[int, int, int, int],
        fill: Fill,
        alpha: float,
        soft: float,
        rough: float,
    ) -> None:
        left, top, right, bottom = box
        if soft > 0:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
        share = mask.astype(np.float32) * np.float32(alpha / 255)
        part = self.rgb[top:bottom, left:right]
        color = (
            _shaded(fill, mask.shape)
            if isinstance(fill, Grad)
            else np.broadcast_to(fill, part.shape)
        )
        if rough and mask.size > 400:
            color = color * (1 + np.float32(rough) * self._strokes(mask.shape))[..., None]
        part += (color - part) * share[..., None]

    def _strokes(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        rows = (np.arange(shape[0]) + self.dice.count(0, TEXTURE)) % TEXTURE
        columns = (np.arange(shape[1]) + self.dice.count(0, TEXTURE)) % TEXTURE
        strokes: npt.NDArray[np.float32] = self.brush[rows][:, columns]
        return strokes


def _cap(
    end: npt.NDArray[np.float64], way: npt.NDArray[np.float64], radius: float
) -> npt.NDArray[np.float64]:
    """Return a half circle around the end of a stroke, from its left side to its right."""
    side = np.array([-way[1], way[0]])
    angles = np.linspace(0, math.pi, 9)[:, None]
    arc: npt.NDArray[np.float64] = end + radius * (np.cos(angles) * side + np.sin(angles) * way)
    return arc


def _shaded(fill: Grad, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    ramp = np.linspace(0, 1, shape[1] if fill.across else shape[0], dtype=np.float32)
    shares = ramp[None, :, None] if fill.across else ramp[:, None, None]
    return np.broadcast_to(fill.first * (1 - shares) + fill.last * shares, (shape[0], shape[1], 3))


def _brush(dice: Dice) -> npt.NDArray[np.float32]:
    """Return a tile of brush strokes around zero: fine across, long along, on a cloudy ground."""
    fine = dice.numbers.normal(size=(TEXTURE, TEXTURE)).astype(np.float32)
    along = _wrapped_blur(fine, 9, 1.1)
    cloud = _wrapped_blur(dice.numbers.normal(size=(TEXTURE, TEXTURE)).astype(np.float32), 26, 26)
    return (0.32 * along / along.std() + 0.5 * cloud / cloud.std()).astype(np.float32)


def _wrapped_blur(
    field: npt.NDArray[np.float32], across: float, down: float
) -> npt.NDArray[np.float32]:
    pad = int(3 * max(across, down))
    wide = np.pad(field, pad, mode="wrap")
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), across, sigmaY=down), np.float32)[
        pad:-pad, pad:-pad
    ]


class Pen:
    """Draws in an object's own units.

    (0, 0) is where it stands, y points up, 1 is `scale` pixels; it may be mirrored.
    """

    def __init__(
        self,
        canvas: Canvas,
        x: float,
        y: float,
        scale: float,
        *,
        flip: bool = False,
        slot: float = 0.0,
    ) -> None:
        self.canvas, self.x, self.y, self.scale = canvas, x, y, scale
        self.sign = -1.0 if flip else 1.0
        self.cos, self.sin = math.cos(math.radians(slot)), math.sin(math.radians(slot))

    def at(self, x: float, y: float) -> Point:
        x *= self.sign
        return self.x + (x * self.cos - y * self.sin) * self.scale, self.y - (
            x * self.sin + y * self.cos
        ) * self.scale

    def poly(
        self, points: Sequence[Point], fill: Fill, *, alpha: float = 1.0, soft: float = 0.0
    ) -> None:
        self.canvas.poly(
            [self.at(*point) for point in points], fill, alpha=alpha, soft=soft * self.scale
        )

    def blob(
        self, points: Sequence[Point], fill: Fill, *, alpha: float = 1.0, soft: float = 0.0
    ) -> None:
        self.canvas.blob(
            [self.at(*point) for point in points], fill, alpha=alpha, soft=soft * self.scale
        )

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        fill: Fill,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
    ) -> None:
        px, py = self.at(x, y)
        self.canvas.circle(px, py, radius * self.scale, fill, alpha=alpha, soft=soft * self.scale)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        fill: Fill,
        *,
        slot: float = 0.0,
        alpha: float = 1.0,
    ) -> None:
        angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        cos, sin = math.cos(math.radians(slot)), math.sin(math.radians(slot))
        self.poly(
            [
                (
                    x + rx * math.cos(a) * cos - ry * math.sin(a) * sin,
                    y + rx * math.cos(a) * sin + ry * math.sin(a) * cos,
                )
                for a in angles
            ],
            fill,
            alpha=alpha,
        )

    def rect(
        self, left: float, low: float, right: float, high: float, fill: Fill, *, alpha: float = 1.0
    ) -> None:
        self.poly([(left, low), (right, low), (right, high), (left, high)], fill, alpha=alpha)

    def line(
        self,
        points: Sequence[Point],
        thick: float | tuple[float, float],
        fill: Fill,
        *,
        alpha: float = 1.0,
    ) -> None:
        wide = (
            (thick[0] * self.scale, thick[1] * self.scale)
            if isinstance(thick, tuple)
            else thick * self.scale
        )
        self.canvas.line([self.at(*point) for point in points], wide, fill, alpha=alpha)

    def curve(
        self,
        points: Sequence[Point],
        thick: float | tuple[float, float],
        fill: Fill,
        *,
        alpha: float = 1.0,
    ) -> None:
        """Draw a stroke with smoothed corners."""
        self.line(smooth(points, closed=False), thick, fill, alpha=alpha)

    def glow(self, x: float, y: float, radius: float, color: Color, strength: float) -> None:
        px, py = self.at(x, y)
        self.canvas.glow(px, py, radius * self.scale, color, strength)
