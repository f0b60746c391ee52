"""The sky: its colours, sun, moon and stars, clouds, northern lights and rainbows."""

import math

import cv2
import numpy as np

from providers.backends.local.illustrator import noise
from providers.backends.local.illustrator.canvas import Canvas, Grad
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.palette import Palette


def gradient(canvas: Canvas, palette: Palette, horizon: float) -> None:
    """Draw sky colours from the top to the horizon (in pixels), and the last colour below it.

    They are slightly uneven, as if painted.
    """
    rows = np.clip(np.arange(canvas.height, dtype=np.float32) / max(1.0, horizon), 0, 1)
    stops = np.linspace(0, 1, len(palette.sky))
    sweep = (
        noise.clouds(
            canvas.dice.apart("sky"), (canvas.width, canvas.height), cells=(2, 3), octaves=2
        )
        - 0.5
    )
    places = np.clip(rows[:, None] + sweep * 0.07, 0, 1)
    for channel in range(3):
        canvas.rgb[..., channel] = np.interp(
            places, stops, [color[channel] for color in palette.sky]
        )


def sun(canvas: Canvas, palette: Palette, x: float, y: float, radius: float) -> None:
    low = palette.hour in {"dawn", "dusk"}
    canvas.glow(x, y, canvas.unit * (1.15 if low else 0.8), palette.sun, 0.34 * palette.glow)
    canvas.glow(x, y, radius * 3.4, palette.sun, 0.6 * palette.glow)
    canvas.circle(
        x,
        y,
        radius,
        Grad(lighter(palette.sun, 0.4), mix(palette.sun, palette.sky[-1], 0.28 if low else 0.1)),
        soft=radius * 0.015,
    )


def moon(
    canvas: Canvas,
    palette: Palette,
    x: float,
    y: float,
    radius: float,
    dice: Dice,
    *,
    crescent: bool = False,
) -> None:
    pale = palette.sun
    canvas.glow(x, y, canvas.unit * 0.7, pale, 0.2)
    canvas.glow(x, y, radius * 3.0, pale, 0.42)
    if crescent:
        slot = math.radians(dice.between(-45, -15))
        angles = np.linspace(-math.pi / 2, math.pi / 2, 40)
        outer = [(math.cos(a), math.sin(a)) for a in angles]
        inner = [(math.cos(a) * 0.5, math.sin(a)) for a in angles[::-1]]
        outline = [
            (
                x + radius * (px * math.cos(slot) - py * math.sin(slot)),
                y + radius * (px * math.sin(slot) + py * math.cos(slot)),
            )
            for px, py in outer + inner
        ]
        canvas.poly(outline, pale)
        return
    canvas.circle(x, y, radius, Grad(lighter(pale, 0.3), mix(pale, palette.sky[-1], 0.12)))
    for px, py, size in (
        (-0.35, -0.2, 0.2),
        (0.3, 0.28, 0.26),
        (0.15, -0.42, 0.12),
        (-0.2, 0.45, 0.13),
        (0.48, -0.12, 0.1),
    ):
        canvas.circle(
            x + px * radius,
            y + py * radius,
            size * radius,
            mix(pale, palette.sky[-1], 0.26),
            alpha=0.5,
            soft=radius * 0.02,
        )


def stars(
    canvas: Canvas,
    palette: Palette,
    horizon: float,
    dice: Dice,
    *,
    many: float = 1.0,
    band: bool = False,
) -> None:
    """Draw stars above the horizon, fewer near it; with `band` the Milky Way."""
    if band:
        _milky_way(canvas, palette, horizon, dice)
    count = int(240 * many * canvas.width * horizon / (canvas.unit * canvas.unit))
    for _star in range(count):
        x, y = dice.between(0, canvas.width), horizon * dice.between(0, 1) ** 1.25
        bright = dice.between(0, 1) ** 3
        size = canvas.unit * (0.0008 + 0.0016 * bright)
        share = (0.35 + 0.65 * bright) * (1 - 0.75 * y / horizon)
        canvas.circle(x, y, size, mix(ink("ffffff"), palette.sun, dice.between(0, 1)), alpha=share)
        if bright > 0.8 and dice.chance(0.5):
            canvas.glow(x, y, size * 9, palette.sun, 0.55 * share)


def _milky_way(canvas: Canvas, palette: Palette, horizon: float, dice: Dice) -> None:
    slot = math.radians(dice.between(25, 50)) * dice.side()
    across = np.arange(canvas.width, dtype=np.float32)[None, :] - canvas.width * dice.between(
        0.35, 0.65
    )
    down = np.arange(canvas.height, dtype=np.float32)[:, None] - horizon * 0.45
    off = np.abs(across * math.cos(slot) + down * math.sin(slot)) / (canvas.unit * 0.22)
    lumps = noise.clouds(dice, (canvas.width, canvas.height), cells=(5, 5), octaves=5)
    share = (
        np.exp(-off * off)
        * (0.1 + 0.5 * lumps**1.6)
        * np.clip(1.15 - down / (horizon * 0.62), 0, 1)
    )
    canvas.veil(mix(palette.sky[-1], ink("ffe9f4"), 0.55), (share * 0.7).astype(np.float32))


def shooting_star(canvas: Canvas, palette: Palette, x: float, y: float, length: float) -> None:
    canvas.line(
        [(x + length * part, y - length * 0.45 * part) for part in np.linspace(0, 1, 12)],
        (canvas.unit * 0.006, canvas.unit * 0.0008),
        lighter(palette.sun, 0.5),
        alpha=0.85,
    )
    canvas.glow(x, y, canvas.unit * 0.05, palette.sun, 0.9)


def clouds(canvas: Canvas, palette: Palette, horizon: float, dice: Dice, *, cover: float) -> None:
    """Draw banks of cloud: long thin ones near the horizon, larger above.

    `cover` goes from 0 (few) to 1 (overcast).
    """
    low = mix(palette.sky[-1], palette.haze, 0.4)
    top = lighter(low, 0.55) if not palette.dark else lighter(palette.sky[-2], 0.16)
    base = mix(palette.sky[len(palette.sky) // 2], low, 0.45)
    for number in range(round(3 + 7 * cover)):
        nearness = dice.between(0, 1)
        y = horizon * (0.86 - 0.7 * nearness)
        wide = canvas.unit * (0.18 + 0.4 * nearness) * dice.between(0.7, 1.4)
        x = canvas.width * ((number * 0.618 + dice.between(-0.1, 0.1)) % 1.2 - 0.1)
        _cloud(
            canvas,
            x,
            y,
            wide,
            Grad(mix(top, low, 1 - nearness), base),
            dice,
            alpha=0.55 + 0.4 * cover,
        )
    if cover > 0.7:
        lumps = noise.clouds(dice, (canvas.width, canvas.height), cells=(4, 7), octaves=4)
        fade = np.clip(1.1 - np.arange(canvas.height, dtype=np.float32) / horizon, 0, 1)[:, None]
        canvas.veil(darker(palette.sky[0], 0.25), (lumps * fade * 0.55 * cover).astype(np.float32))


def _cloud(
    canvas: Canvas, x: float, y: float, wide: float, fill: Grad, dice: Dice, *, alpha: float
) -> None:
    """Draw a cloud: a flat base and a heap of round tops, highest in the middle."""
    heads = dice.count(5, 8)
    high = wide * dice.between(0.1, 0.17)
    shapes = [_oval(x, y - high * 0.12, wide * 0.52, high * 0.2)]
    for head in range(heads):
        middle = (head + 0.5) / heads
        radius = wide * dice.between(0.09, 0.13) * (0.6 + 0.6 * math.sin(math.pi * middle))
        rise = high * (0.15 + math.sin(math.pi * middle) * dice.between(0.55, 1.1))
        shapes.append(_oval(x + wide * 0.92 * (middle - 0.5), y - rise, radius, radius * 0.8))
    shapes = [[(px, min(py, y)) for px, py in shape] for shape in shapes]
    canvas.union(shapes, fill, alpha=alpha, soft=canvas.unit * 0.0014, rough=0.03)


def _oval(x: float, y: float, rx: float, ry: float) -> list[tuple[float, float]]:
    return [
        (x + rx * math.cos(angle), y + ry * math.sin(angle))
        for angle in np.linspace(0, math.tau, 40, endpoint=False)
    ]


def aurora(canvas: Canvas, horizon: float, dice: Dice) -> None:
    """Draw an aurora: curtains of light with a wandering, brighter base, fading upwards."""
    for color, strength in ((ink("5af0b0"), 0.75), (ink("4fd0e6"), 0.5), (ink("b06af0"), 0.45)):
        foot = horizon * (0.45 + 0.3 * noise.ridge(dice, canvas.width, lumps=2.5, octaves=3))
        rays = 0.5 + 0.5 * noise.ridge(dice, canvas.width, lumps=26, octaves=3)
        tall = horizon * dice.between(0.35, 0.6)
        rise = (foot[None, :] - np.arange(canvas.height, dtype=np.float32)[:, None]) / tall
        share = (
            np.where(rise > 0, np.exp(-2.6 * rise) * np.minimum(1, rise * 14), 0)
            * rays[None, :]
            * strength
        )
        light = np.asarray(
            cv2.GaussianBlur(share.astype(np.float32), (0, 0), canvas.unit * 0.006), np.float32
        )
        canvas.rgb += (255 - canvas.rgb) * (light[..., None] * color / 255)


def rainbow(canvas: Canvas, horizon: float, dice: Dice) -> None:
    x, radius = canvas.width * dice.between(0.35, 0.65), canvas.unit * dice.between(0.62, 0.78)
    y = horizon * 1.05
    across = np.arange(canvas.width, dtype=np.float32)[None, :] - x
    down = np.arange(canvas.height, dtype=np.float32)[:, None] - y
    place = (np.sqrt(across**2 + down**2) / canvas.unit - radius / canvas.unit) / 0.085
    bands: tuple[Color, ...] = tuple(
        ink(code) for code in ["8a5fc0", "4f7fd8", "4fc0b0", "8fd06a", "f6dc6a", "f7a24f", "ee5f5f"]
    )
    for number, band in enumerate(bands):
        share = (
            np.exp(-(((place - number / 6) * 7) ** 2))
            * np.clip(-down / (radius * 0.25), 0, 1)
            * 0.55
        )
        canvas.veil(band, share.astype(np.float32))
