"""Ground and water: hills, mountains, dunes, fields, and reflections in the sea."""

from collections.abc import Callable

import cv2
import numpy as np

from providers.backends.local.illustrator import noise
from providers.backends.local.illustrator.canvas import Fill, Grad
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot

type Ridge = noise.Field

SAND, STONE = ink("e9cf9f"), ink("a39d96")


def ground_color(shot: Shot) -> tuple[str, str]:
    """Return the colour codes of the near and the far ground in this season."""
    return {
        "snow": ("e9eff5", "dbe5ee"),
        "leaves": ("b98a45", "a2703c"),
        "petals": ("93b864", "7aa653"),
    }.get(shot.season, ("8fb35f", "6f9a50"))


def surface(line: Ridge) -> Callable[[float], float]:
    """Return the height of a drawn line at a column."""

    def at(x: float) -> float:
        return float(line[int(np.clip(x, 0, len(line) - 1))])

    return at


def under(shot: Shot, line: Ridge, fill: Fill, *, soft: float = 0.0, rough: float = 0.05) -> None:
    """Fill everything below the line."""
    hit = max(1, int(shot.unit / 240))
    points = [
        (float(x), float(line[min(x, len(line) - 1)])) for x in range(0, len(line) + hit, hit)
    ]
    shot.canvas.poly(
        [
            (-2, shot.h + 2),
            (-2, points[0][1]),
            *points,
            (shot.w + 2, points[-1][1]),
            (shot.w + 2, shot.h + 2),
        ],
        fill,
        soft=soft,
        rough=rough,
    )


def rolling(
    shot: Shot, dice: Dice, y: float, high: float, *, lumps: float = 1.6, octaves: int = 2
) -> Ridge:
    """Return a soft line of hills with its feet at y and its tops `high` above."""
    return (
        y
        - high
        * noise.ridge(dice, shot.canvas.width, lumps=lumps * shot.wide / 1.5, octaves=octaves)
    ).astype(np.float32)


def hills(
    shot: Shot,
    dice: Dice,
    y: float,
    high: float,
    color: Color,
    *,
    lumps: float = 1.6,
    depth: float = 0.0,
    fade: float = 0.35,
) -> Ridge:
    """Draw hills in a daylight colour, lighter towards their feet where there is mist."""
    line = rolling(shot, dice, y, high, lumps=lumps)
    top = shot.palette.lit(color, depth)
    under(shot, line, Grad(lighter(top, 0.06), mix(top, shot.palette.haze, fade)))
    return line


def mountains(
    shot: Shot,
    dice: Dice,
    y: float,
    high: float,
    color: Color,
    *,
    lumps: float = 2.2,
    depth: float = 0.3,
    snow: float = 0.0,
) -> Ridge:
    """Draw sharp mountains with a light and a dark side.

    `snow` is how far down their tops are white (0 none, 1 all).
    """
    width = shot.canvas.width
    knots = max(4, round(lumps * 2 * shot.wide / 1.5))
    places = np.linspace(-0.05, 1.05, knots) + dice.numbers.uniform(-0.3, 0.3, knots) / knots
    peaks = np.where(
        np.arange(knots) % 2 == dice.count(0, 1),
        dice.numbers.uniform(0.55, 1.0, knots),
        dice.numbers.uniform(0.05, 0.4, knots),
    )
    line = np.interp(np.linspace(0, 1, width), np.sort(places), peaks) + 0.09 * (
        noise.ridge(dice, width, lumps=11 * shot.wide, octaves=3) - 0.5
    )
    ridge = (y - high * line).astype(np.float32)
    top, foot = max(0, int(ridge.min())), min(shot.canvas.height, int(y + high * 0.1))
    if foot <= top:
        return ridge
    rows = np.arange(top, foot, dtype=np.float32)[:, None]
    below = rows - ridge[None, :]
    slope = np.gradient(cv2.GaussianBlur(ridge[None, :], (0, 0), shot.unit * 0.004)[0])
    jag = noise.clouds(dice, (width, foot - top), cells=(14 * shot.wide, 6), octaves=3) - 0.5
    seen = np.clip(
        np.arange(width)[None, :] + below * 0.42 * (1 + jag) * shot.side, 0, width - 1
    ).astype(np.int32)
    light = 0.5 + 0.5 * np.tanh(slope[seen] * 2.5 * shot.side)
    fall = np.clip(below / (high * 0.95), 0, 1)[..., None]
    lit = shot.palette.lit(color, depth)
    paint = lit * 0.7 + (lighter(mix(lit, shot.palette.sun, 0.16), 0.1) - lit * 0.7) * light[
        ..., None
    ].astype(np.float32)
    if snow:
        cap = (
            (0.5 + 0.5 * np.tanh((snow * high * (0.55 + 0.9 * jag) - below) / (shot.unit * 0.012)))
            * np.clip((y - rows) / high - 0.28, 0, 0.2)
            * 5
        )
        white = shot.palette.lit(ink("f4f6fa"), depth * 0.7)
        paint = (
            paint
            + ((mix(white, lit, 0.45) + (white - mix(white, lit, 0.45)) * light[..., None]) - paint)
            * np.clip(cap, 0, 1)[..., None]
        )
    paint = paint + (shot.palette.haze - paint) * (0.75 * fall**1.4)
    share = np.clip(below + 0.5, 0, 1)[..., None].astype(np.float32)
    part = shot.canvas.rgb[top:foot]
    part += (paint.astype(np.float32) - part) * share
    under(shot, np.full(width, foot, np.float32), mix(lit, shot.palette.haze, 0.75))
    return ridge


def mist(shot: Shot, y: float, tall: float, strength: float, color: Color | None = None) -> None:
    """Draw a bank of haze around a height."""
    rows = (np.arange(shot.canvas.height, dtype=np.float32) - y) / tall
    lumps = noise.clouds(
        shot.dice.apart(f"mist{y:.0f}"),
        (shot.canvas.width, shot.canvas.height),
        cells=(3, 6),
        octaves=3,
    )
    shares = np.exp(-rows * rows)[:, None] * strength * (0.55 + 0.45 * lumps)
    shot.canvas.veil(shot.palette.haze if color is None else color, shares.astype(np.float32))


def water(
    shot: Shot,
    top: float,
    *,
    mirror: float,
    color: Color | None = None,
    bottom: float | None = None,
) -> None:
    """Draw water from a height down (to `bottom`).

    It has its own colour and, by `mirror`, a rippled reflection of the image above.
    """
    canvas, palette = shot.canvas, shot.palette
    start, end = int(top), int(min(shot.h, bottom if bottom is not None else shot.h))
    if end <= start:
        return
    rows = np.arange(end - start, dtype=np.float32)[:, None]
    near = rows / max(1, end - start)
    base = palette.lit(ink("2f86a6") if color is None else color)
    tone = (
        mix(palette.sky[-1], base, 0.35)
        + (darker(mix(base, palette.sky[0], 0.35), 0.2) - mix(palette.sky[-1], base, 0.35))
        * near[..., None] ** 0.7
    )
    ripple = (
        noise.clouds(
            shot.dice.apart("ripple"),
            (canvas.width, end - start),
            cells=(5 * shot.wide, 42),
            octaves=3,
        )
        - 0.5
    )
    sway = ripple * (2 + near * 26) * shot.unit / 720
    columns = (
        np.broadcast_to(np.arange(canvas.width, dtype=np.float32)[None, :], ripple.shape) + sway
    )
    above = np.clip(start - 1 - rows * 1.12 + sway * 2.2, 0, start - 1) + np.zeros_like(columns)
    seen = cv2.remap(
        canvas.rgb,
        columns.astype(np.float32),
        above.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    shine = mirror * (1 - 0.55 * near[..., None])
    paint = tone + (np.asarray(seen, np.float32) - tone) * shine
    paint *= 1 + 0.22 * ripple[..., None] * (0.3 + near[..., None])
    canvas.rgb[start:end] = np.clip(paint, 0, 255)


def wavelets(shot: Shot, top: float, bottom: float, *, strength: float = 1.0) -> None:
    """Draw light and dark strokes on open water, larger towards the viewer."""
    dice = shot.dice.apart("wavelets")
    light, dark = (
        lighter(shot.palette.sky[-1], 0.25),
        darker(mix(shot.palette.sky[0], shot.palette.key, 0.4), 0.25),
    )
    for _stroke in range(int(110 * shot.wide * strength)):
        near = dice.between(0, 1) ** 0.8
        y, x = top + (bottom - top) * near, dice.between(-0.05, 1.05) * shot.w
        wide = shot.unit * (0.01 + 0.085 * near) * dice.between(0.5, 1.3)
        bend = shot.unit * 0.006 * near
        shot.canvas.line(
            [
                (x - wide, y + bend),
                (x - wide / 3, y - bend * 0.6),
                (x + wide / 3, y - bend * 0.6),
                (x + wide, y + bend),
            ],
            (shot.unit * (0.001 + 0.003 * near), shot.unit * 0.0008),
            light if dice.chance(0.55) else dark,
            alpha=dice.between(0.1, 0.34),
        )


def stripes(shot: Shot, line: Ridge, color: Color, *, count: int, meet: float) -> None:
    """Draw furrows or rows of a field that converge in the distance at column `meet`."""
    top = float(line.min())
    for number in range(-count, count + 1):
        x = shot.w / 2 + number * shot.w * 0.16
        shot.canvas.line(
            [
                (meet + number * shot.w * 0.012, top),
                (meet * 0.45 + x * 0.55, top + (shot.h - top) * 0.42),
                (x * 1.6 - shot.w * 0.3, shot.h * 1.05),
            ],
            (shot.unit * 0.002, shot.unit * 0.035),
            color,
            alpha=0.4,
        )
