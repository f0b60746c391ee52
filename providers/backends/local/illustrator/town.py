"""Buildings: skylines, houses, shopfronts, hanok, bridges, stations, schools, castles."""

import math

import numpy as np

from providers.backends.local.illustrator.canvas import Grad, Pen
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot

WALLS = ("f3e3c8", "e9c9a6", "d9a98a", "cfd8d4", "e8b7a0", "b9c7d0", "f2d7a4", "dfe3d6", "c98f7a")
ROOFS = ("b5523f", "8f4a3f", "4f6a86", "5c5f78", "c46a3f", "3f6f73", "7a4a5a")
SHOPS = ("c9564a", "2f7f7a", "e0a13a", "3f6fa3", "8a5a8f", "5f8a4f", "d9785a")


def window(
    shot: Shot,
    left: float,
    top: float,
    right: float,
    bottom: float,
    dice: Dice,
    *,
    lit_share: float = 0.6,
    depth: float = 0.0,
) -> None:
    """Draw a window: warm light in it after dark, a piece of sky by day."""
    if shot.palette.dark and dice.chance(lit_share):
        light = mix(ink("ffcf78"), ink("ffe9b0"), dice.between(0, 1))
        shot.canvas.rect(
            left, top, right, bottom, mix(light, shot.palette.haze, depth * 0.6), rough=0
        )
        return
    pane = (
        mix(shot.palette.sky[1], shot.lit("6f8697"), 0.55)
        if not shot.palette.dark
        else darker(shot.palette.lit(ink("5a6a86"), depth), 0.25)
    )
    shot.canvas.rect(left, top, right, bottom, mix(pane, shot.palette.haze, depth * 0.8), rough=0)


def skyline(
    shot: Shot,
    y: float,
    high: float,
    dice: Dice,
    *,
    depth: float,
    windows: bool = True,
    color: str = "5f6f8c",
) -> None:
    """Draw a row of towers standing on y, with haze by depth."""
    x = -shot.unit * 0.05
    while x < shot.w * 1.02:
        wide = shot.unit * dice.between(0.05, 0.13) * (1.3 - depth * 0.6)
        tall = high * dice.between(0.35, 1.0) * (1.0 if dice.chance(0.75) else 1.25)
        tone = mix(
            shot.lit(color, depth),
            shot.lit(dice.pick(("8f8a96", "a8857a", "6f8a96", "9a94a8")), depth),
            dice.between(0, 0.5),
        )
        top = y - tall
        shot.canvas.rect(
            x, top, x + wide, y + 4, Grad(darker(tone, 0.08), mix(tone, shot.palette.haze, 0.45))
        )
        shot.canvas.rect(
            x + wide * (0.72 if shot.side < 0 else 0.0),
            top,
            x + wide * (1.0 if shot.side < 0 else 0.28),
            y + 4,
            darker(tone, 0.16),
            alpha=0.5,
        )
        kind = dice.count(0, 4)
        if kind == 0:
            shot.canvas.line(
                [(x + wide / 2, top), (x + wide / 2, top - tall * 0.18)], shot.unit * 0.003, tone
            )
        elif kind == 1:
            shot.canvas.rect(x + wide * 0.2, top - tall * 0.06, x + wide * 0.8, top + 1, tone)
        elif kind == 2:
            shot.canvas.poly(
                [(x, top + 1), (x + wide * 0.5, top - tall * 0.08), (x + wide, top + 1)], tone
            )
        if windows:
            _tower_windows(shot, x, top, wide, tall, dice, depth)
        x += wide * dice.between(0.9, 1.15)


def _tower_windows(
    shot: Shot, x: float, top: float, wide: float, tall: float, dice: Dice, depth: float
) -> None:
    hit = shot.unit * 0.017 * (1.25 - depth * 0.5)
    columns, rows = int(wide / hit) - 1, int(min(tall, shot.h) / (hit * 1.5)) - 1
    for row in range(rows):
        for column in range(columns):
            if not dice.chance(0.55 if shot.palette.dark else 0.75):
                continue
            left, high = x + hit * (column + 0.75), top + hit * 1.5 * (row + 0.6)
            if shot.palette.dark:
                tone = mix(ink("ffc766"), ink("fff0c0"), dice.between(0, 1))
                shot.canvas.rect(
                    left,
                    high,
                    left + hit * 0.55,
                    high + hit * 0.8,
                    mix(tone, shot.palette.haze, depth * 0.75),
                    alpha=dice.between(0.55, 1),
                    rough=0,
                )
            else:
                shot.canvas.rect(
                    left,
                    high,
                    left + hit * 0.55,
                    high + hit * 0.8,
                    mix(shot.palette.sky[0], shot.palette.haze, depth),
                    alpha=0.35,
                    rough=0,
                )


def house(
    shot: Shot,
    x: float,
    y: float,
    wide: float,
    dice: Dice,
    *,
    depth: float = 0.0,
    wall: Color | None = None,
    roof: Color | None = None,
) -> None:
    """Draw a small house with a gable, a chimney, a door and windows.

    It has smoke in the cold and snow on its roof in winter.
    """
    pen = Pen(shot.canvas, x, y, wide, flip=dice.chance(0.5))
    plaster = shot.lit(dice.pick(WALLS), depth) if wall is None else wall
    tiles = shot.lit(dice.pick(ROOFS), depth) if roof is None else roof
    high = dice.between(0.42, 0.6)
    peak = high + dice.between(0.34, 0.46)
    if dice.chance(0.6):
        pen.rect(0.2, high, 0.32, peak + 0.02, darker(plaster, 0.3))
    pen.rect(-0.42, 0, 0.42, high + 0.02, Grad(plaster, darker(plaster, 0.12)))
    pen.rect(0.2, 0, 0.42, high, darker(plaster, 0.3), alpha=0.35)
    cover = shot.lit("f2f6fa", depth) if shot.snowy else tiles
    pen.poly(
        [(-0.52, high - 0.02), (-0.26, peak), (0.26, peak), (0.52, high - 0.02)],
        Grad(lighter(cover, 0.08), darker(cover, 0.18)),
    )
    pen.line([(-0.52, high - 0.02), (0.52, high - 0.02)], 0.025, darker(tiles, 0.35))
    pen.rect(-0.09, 0, 0.09, 0.3, darker(tiles, 0.35))
    for left in (-0.34, 0.18):
        px, py = pen.at(left, 0.38)
        qx, qy = pen.at(left + 0.16, 0.2)
        window(shot, min(px, qx), py, max(px, qx), qy, dice, lit_share=0.85, depth=depth)
        pen.rect(left + 0.073, 0.2, left + 0.087, 0.38, darker(plaster, 0.4))
    if shot.palette.dark:
        pen.glow(0, 0.3, 0.8, shot.palette.lamp, 0.28 * (1 - depth))


def hanok(
    shot: Shot, x: float, y: float, wide: float, *, depth: float = 0.0, tall: float = 1.0
) -> None:
    """Draw a hanok: stone base, wooden columns, paper doors, a wide tiled roof with lifted ends."""
    pen = Pen(shot.canvas, x, y, wide)
    stone, wood, paper, tile = (
        shot.lit(code, depth) for code in ("b3aca0", "7a4a33", "f3e6c8", "4b5563")
    )
    pen.rect(-0.46, 0, 0.46, 0.06, Grad(lighter(stone, 0.1), darker(stone, 0.2)))
    high = 0.26 * tall
    glow = shot.palette.dark
    pen.rect(-0.4, 0.06, 0.4, 0.06 + high, mix(paper, shot.palette.lamp, 0.75) if glow else paper)
    for number in range(9):
        px = -0.4 + 0.1 * number
        pen.rect(px - 0.012, 0.06, px + 0.012, 0.07 + high, wood)
    for row in (0.35, 0.6):
        pen.rect(-0.4, 0.06 + high * row, 0.4, 0.066 + high * row, mix(wood, paper, 0.4))
    eave = 0.06 + high
    pen.rect(-0.42, eave - 0.015, 0.42, eave + 0.03, darker(wood, 0.1))
    top = eave + 0.24
    pen.poly(
        [
            (-0.62, eave + 0.085),
            (-0.5, eave + 0.02),
            (-0.25, eave - 0.012),
            (0.25, eave - 0.012),
            (0.5, eave + 0.02),
            (0.62, eave + 0.085),
            (0.46, eave + 0.09),
            (0.4, top - 0.02),
            (0.42, top + 0.025),
            (0.2, top),
            (-0.2, top),
            (-0.42, top + 0.025),
            (-0.4, top - 0.02),
            (-0.46, eave + 0.09),
        ],
        Grad(lighter(tile, 0.12), darker(tile, 0.2)),
    )
    for number in range(15):
        px = -0.36 + 0.0514 * number
        pen.line([(px, top - 0.01), (px * 1.26, eave + 0.012)], 0.006, darker(tile, 0.3), alpha=0.7)
    pen.line(
        [(-0.43, top + 0.03), (-0.2, top + 0.004), (0.2, top + 0.004), (0.43, top + 0.03)],
        0.03,
        darker(tile, 0.25),
    )
    if shot.snowy:
        pen.poly(
            [
                (-0.44, top + 0.03),
                (-0.2, top + 0.02),
                (0.2, top + 0.02),
                (0.44, top + 0.03),
                (0.46, eave + 0.13),
                (-0.46, eave + 0.13),
            ],
            shot.lit("f4f7fb", depth),
            alpha=0.92,
        )
    if glow:
        pen.glow(0, 0.16, 0.62, shot.palette.lamp, 0.3 * (1 - depth))


def shopfront(shot: Shot, left: float, right: float, foot: float, top: float, dice: Dice) -> None:
    """Draw one building of a street from the front.

    It has upper windows, an awning, a lit shop window and a door.
    """
    wall = shot.lit(dice.pick(WALLS))
    wide, tall = right - left, foot - top
    shot.canvas.rect(left, top, right, foot, Grad(lighter(wall, 0.05), darker(wall, 0.1)))
    shot.canvas.rect(
        left, top - shot.unit * 0.012, right, top + shot.unit * 0.012, darker(wall, 0.28)
    )
    shop_top = foot - shot.unit * 0.27
    rows = max(1, int((shop_top - top) / (shot.unit * 0.17)))
    columns = max(2, int(wide / (shot.unit * 0.13)))
    for row in range(rows):
        for column in range(columns):
            x = left + wide * (column + 0.5) / columns
            y = top + shot.unit * 0.04 + (shop_top - top - shot.unit * 0.05) * row / rows
            window(
                shot,
                x - shot.unit * 0.033,
                y,
                x + shot.unit * 0.033,
                y + shot.unit * 0.092,
                dice,
                lit_share=0.45,
            )
            shot.canvas.rect(
                x - shot.unit * 0.04,
                y + shot.unit * 0.092,
                x + shot.unit * 0.04,
                y + shot.unit * 0.101,
                darker(wall, 0.3),
            )
    paint = shot.lit(dice.pick(SHOPS))
    shot.canvas.rect(left + wide * 0.04, shop_top, right - wide * 0.04, foot, darker(paint, 0.35))
    glass = (
        mix(shot.palette.lamp, ink("fff2cc"), 0.3)
        if shot.palette.dark
        else mix(shot.palette.sky[2], shot.lit("50606a"), 0.45)
    )
    door = left + wide * (0.74 if dice.chance(0.5) else 0.1)
    shot.canvas.rect(
        left + wide * 0.08,
        shop_top + shot.unit * 0.06,
        right - wide * 0.08,
        foot - shot.unit * 0.05,
        Grad(glass, darker(glass, 0.22)),
    )
    for _thing in range(6):
        x = dice.between(left + wide * 0.12, right - wide * 0.14)
        shot.canvas.rect(
            x,
            foot - shot.unit * dice.between(0.07, 0.11),
            x + shot.unit * 0.02,
            foot - shot.unit * 0.05,
            mix(shot.lit(dice.pick(SHOPS)), glass, 0.35),
        )
    shot.canvas.rect(
        door, shop_top + shot.unit * 0.05, door + wide * 0.16, foot, darker(paint, 0.55)
    )
    shot.canvas.rect(
        door + wide * 0.03,
        shop_top + shot.unit * 0.08,
        door + wide * 0.13,
        foot - shot.unit * 0.08,
        glass,
    )
    _awning(shot, left + wide * 0.02, right - wide * 0.02, shop_top, paint)
    if shot.palette.dark:
        shot.canvas.glow(
            (left + right) / 2, foot - shot.unit * 0.1, shot.unit * 0.42, shot.palette.lamp, 0.4
        )
    if tall > shot.unit * 0.5 and dice.chance(0.6):
        _sign(shot, right - wide * 0.06, top + tall * 0.2, dice)


def _awning(shot: Shot, left: float, right: float, y: float, paint: Color) -> None:
    stripes = max(5, int((right - left) / (shot.unit * 0.035)) | 1)
    hit = (right - left) / stripes
    drop, slope = shot.unit * 0.06, shot.unit * 0.012
    for number in range(stripes):
        tone = paint if number % 2 == 0 else shot.lit("f6efe0")
        a, b = left + hit * number, left + hit * (number + 1)
        middle = (left + right) / 2
        shot.canvas.poly(
            [
                (a + (middle - a) * 0.03, y),
                (b + (middle - b) * 0.03, y),
                (b, y + drop),
                (b - hit * 0.5, y + drop + slope),
                (a, y + drop),
            ],
            Grad(lighter(tone, 0.08), darker(tone, 0.14)),
        )
    shot.canvas.rect(
        left,
        y + drop + slope,
        right,
        y + drop + slope * 3,
        shot.palette.shade,
        alpha=0.2,
        soft=slope,
    )


def _sign(shot: Shot, x: float, y: float, dice: Dice) -> None:
    tone = (
        ink(dice.pick(("f25f5c", "4fd0c8", "f7c04a", "b06af0")))
        if shot.palette.dark
        else shot.lit(dice.pick(SHOPS))
    )
    wide, tall = shot.unit * 0.04, shot.unit * dice.between(0.1, 0.16)
    shot.canvas.rect(x, y, x + wide, y + tall, tone)
    for number in range(3):
        shot.canvas.circle(
            x + wide / 2,
            y + tall * (number + 0.6) / 3.2,
            wide * 0.22,
            lighter(tone, 0.7),
            alpha=0.8,
        )
    if shot.palette.dark:
        shot.canvas.glow(x + wide / 2, y + tall / 2, shot.unit * 0.16, tone, 0.6)


def street_lamp(shot: Shot, x: float, y: float, tall: float) -> None:
    iron = mix(shot.palette.shade, shot.lit("3b4048"), 0.4)
    pen = Pen(shot.canvas, x, y, tall)
    pen.line([(0, 0), (0, 0.5), (0, 0.92)], (0.03, 0.018), iron)
    pen.rect(-0.03, 0, 0.03, 0.07, iron)
    pen.poly(
        [(-0.045, 0.9), (0.045, 0.9), (0.06, 0.985), (-0.06, 0.985)],
        lighter(shot.palette.lamp, 0.4) if shot.palette.dark else shot.lit("e9e4d2"),
    )
    pen.poly([(-0.075, 0.985), (0.075, 0.985), (0.0, 1.04)], iron)
    if shot.palette.dark:
        pen.glow(0, 0.94, 0.75, shot.palette.lamp, 0.55)
        pen.glow(0, 0.94, 0.2, lighter(shot.palette.lamp, 0.5), 0.9)
        shot.canvas.ellipse(
            x, y, tall * 0.36, tall * 0.045, shot.palette.lamp, alpha=0.22, soft=tall * 0.02
        )


def lighthouse(
    shot: Shot, x: float, y: float, tall: float, *, beam: bool, depth: float = 0.0
) -> None:
    """Draw a banded lighthouse; it has two beams when lit."""
    pen = Pen(shot.canvas, x, y, tall)
    white, red = (
        shot.lit("f6f1e6", depth),
        mix(shot.lit("d0453a", depth), shot.palette.lit(shot.palette.accent, depth), 0.2),
    )
    if beam:
        _beams(shot, *pen.at(0, 0.875), tall)
    edges = (0.0, 0.17, 0.34, 0.51, 0.68, 0.8)
    for number in range(5):
        low, high = edges[number], edges[number + 1]
        a, b = 0.125 - 0.055 * low / 0.8, 0.125 - 0.055 * high / 0.8
        tone = white if number % 2 == 0 else red
        pen.poly(
            [(-a, low), (a, low), (b, high), (-b, high)],
            Grad(lighter(tone, 0.05), darker(tone, 0.26), across=True),
        )
    iron = shot.lit("39424e", depth)
    pen.rect(-0.1, 0.8, 0.1, 0.825, iron)
    pen.rect(
        -0.055,
        0.825,
        0.055,
        0.925,
        lighter(shot.palette.lamp, 0.55) if beam else shot.lit("bcd3da", depth),
    )
    for px in (-0.055, 0.0, 0.055):
        pen.rect(px - 0.005, 0.825, px + 0.005, 0.925, iron)
    pen.poly([(-0.075, 0.925), (0.075, 0.925), (0.0, 1.0)], red)
    pen.rect(-0.028, 0.0, 0.028, 0.09, darker(iron, 0.1))
    for level in (0.25, 0.45, 0.62):
        pen.rect(
            -0.015, level, 0.015, level + 0.045, shot.palette.lamp if shot.palette.dark else iron
        )
    if beam:
        pen.glow(0, 0.875, 0.5, lighter(shot.palette.lamp, 0.3), 0.95)


def _beams(shot: Shot, x: float, y: float, tall: float) -> None:
    light = lighter(shot.palette.lamp, 0.45)
    for sign, slot in ((-1, 0.1), (1, -0.06)):
        reach = max(shot.w, tall * 4)
        for spread, share in ((0.035, 0.3), (0.075, 0.2), (0.12, 0.12)):
            far = x + sign * reach
            shot.canvas.poly(
                [
                    (x, y - tall * 0.012),
                    (x, y + tall * 0.012),
                    (far, y + reach * (slot + spread)),
                    (far, y + reach * (slot - spread)),
                ],
                light,
                alpha=share,
                soft=shot.unit * 0.006,
                rough=0,
            )


def school(shot: Shot, x: float, y: float, wide: float, dice: Dice) -> None:
    wall, roof = shot.lit("ecd9b8"), shot.lit("a9543f")
    pen = Pen(shot.canvas, x, y, wide)
    pen.rect(-0.5, 0, 0.5, 0.34, Grad(wall, darker(wall, 0.12)))
    pen.rect(-0.52, 0.34, 0.52, 0.37, roof)
    pen.rect(-0.11, 0, 0.11, 0.46, lighter(wall, 0.08))
    pen.poly([(-0.14, 0.46), (0.14, 0.46), (0, 0.55)], roof)
    pen.circle(0, 0.41, 0.036, shot.lit("fbf6ea"))
    pen.line([(0, 0.41), (0, 0.436)], 0.006, shot.lit("333333"))
    pen.line([(0, 0.41), (0.018, 0.41)], 0.006, shot.lit("333333"))
    pen.rect(-0.035, 0, 0.035, 0.12, shot.lit("6b4535"))
    for row in range(2):
        for column in range(10):
            px = -0.46 + 0.093 * column + (0.0 if column < 4 else 0.04 if column > 5 else 10)
            if px < 1:
                a, b = pen.at(px, 0.12 + 0.15 * row), pen.at(px + 0.055, 0.04 + 0.15 * row)
                window(shot, a[0], a[1], b[0], b[1], dice)
    pen.line([(0.62, 0), (0.62, 0.62)], 0.009, shot.lit("d8d8d4"))
    pen.poly(
        [(0.62, 0.61), (0.75, 0.59), (0.74, 0.53), (0.62, 0.52)],
        shot.palette.lit(shot.palette.accent),
    )


def castle(shot: Shot, x: float, y: float, wide: float, dice: Dice, *, depth: float = 0.2) -> None:
    stone, roof = shot.lit("cfc6bb", depth), shot.lit("5a6fa0", depth)
    pen = Pen(shot.canvas, x, y, wide)
    for px, half, high in (
        (-0.4, 0.08, 0.62),
        (0.4, 0.08, 0.56),
        (-0.17, 0.1, 0.86),
        (0.2, 0.09, 0.72),
        (0.02, 0.12, 1.05),
    ):
        pen.rect(
            px - half,
            0,
            px + half,
            high,
            Grad(lighter(stone, 0.05), darker(stone, 0.22), across=True),
        )
        pen.rect(px - half * 1.15, high - 0.03, px + half * 1.15, high + 0.02, darker(stone, 0.12))
        pen.poly(
            [(px - half * 1.25, high + 0.02), (px + half * 1.25, high + 0.02), (px, high + 0.34)],
            Grad(lighter(roof, 0.12), darker(roof, 0.15)),
        )
        pen.line([(px, high + 0.33), (px, high + 0.42)], 0.008, stone)
        pen.poly(
            [(px, high + 0.42), (px + 0.08, high + 0.4), (px, high + 0.37)],
            shot.palette.lit(shot.palette.accent, depth),
        )
        a, b = pen.at(px - half * 0.25, high * 0.7), pen.at(px + half * 0.25, high * 0.58)
        window(shot, a[0], a[1], b[0], b[1], dice, lit_share=0.9, depth=depth)
    pen.rect(-0.5, 0, 0.5, 0.3, Grad(stone, darker(stone, 0.15)))
    for number in range(11):
        pen.rect(-0.5 + 0.1 * number - 0.025, 0.3, -0.5 + 0.1 * number + 0.025, 0.35, stone)
    pen.poly(
        [(-0.07, 0), (0.07, 0), (0.07, 0.13), (0.05, 0.18), (0, 0.2), (-0.05, 0.18), (-0.07, 0.13)],
        darker(stone, 0.6),
    )


def arched_bridge(
    shot: Shot, left: float, right: float, deck: float, foot: float, color: Color
) -> None:
    """Draw a stone arch bridge between two columns of the frame, with a slightly arched deck."""
    span = right - left
    hump = (foot - deck) * 0.42
    xs = np.linspace(left, right, 60)
    top = [(float(x), deck - hump * math.sin(math.pi * (x - left) / span)) for x in xs]
    low = [(x, y + (foot - deck) * 0.3) for x, y in top]
    arches = 3
    under: list[tuple[float, float]] = []
    for number in range(arches):
        a, b = left + span * (number + 0.08) / arches, left + span * (number + 0.92) / arches
        rise = (foot - deck) * 0.72 + (hump * 0.6 if number == 1 else 0)
        under += (
            [(a, foot)]
            + [
                ((a + b) / 2 - (b - a) / 2 * math.cos(t), foot - rise * math.sin(t))
                for t in np.linspace(0, math.pi, 18)
            ]
            + [(b, foot)]
        )
    shot.canvas.poly(
        [*top, (right, foot), *under[::-1], (left, foot)],
        Grad(lighter(color, 0.08), darker(color, 0.3)),
    )
    shot.canvas.line(
        [(x, y - shot.unit * 0.03) for x, y in top], shot.unit * 0.014, lighter(color, 0.1)
    )
    for x, y in top[::3]:
        shot.canvas.rect(
            x - shot.unit * 0.004,
            y - shot.unit * 0.03,
            x + shot.unit * 0.004,
            y,
            lighter(color, 0.04),
        )
    shot.canvas.line(low, shot.unit * 0.004, darker(color, 0.25), alpha=0.5)


def fence(shot: Shot, y: float, tall: float, color: Color) -> None:
    hit = tall * 0.55
    for number in range(int(shot.w / hit) + 2):
        x = hit * number
        shot.canvas.poly(
            [
                (x - tall * 0.08, y),
                (x - tall * 0.08, y - tall * 0.9),
                (x, y - tall),
                (x + tall * 0.08, y - tall * 0.9),
                (x + tall * 0.08, y),
            ],
            color,
        )
    for level in (0.3, 0.68):
        shot.canvas.rect(
            -2,
            y - tall * level - tall * 0.05,
            shot.w + 2,
            y - tall * level + tall * 0.05,
            darker(color, 0.08),
        )
