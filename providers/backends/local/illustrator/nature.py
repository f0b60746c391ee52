"""Plants and rocks: trees of each season, grass, flowers."""

import math

from providers.backends.local.illustrator.canvas import Grad, Pen
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot

LEAVES = {
    "": ("5d9a4b", "7fb257", "3f7f4e", "8fae4a"),
    "petals": ("f3aec1", "f7c6d2", "ee97b3", "fbdbe3"),
    "leaves": ("e0802f", "d4552d", "eaaa36", "b8432b"),
    "snow": ("dfe8ef", "cfdbe6", "eef3f6", "b9cbd8"),
}


def foliage(shot: Shot, dice: Dice, *, depth: float = 0.0, season: str | None = None) -> Color:
    return shot.lit(
        dice.pick(LEAVES.get(shot.season if season is None else season, LEAVES[""])), depth
    )


def round_tree(
    shot: Shot,
    x: float,
    y: float,
    tall: float,
    dice: Dice,
    *,
    depth: float = 0.0,
    season: str | None = None,
) -> None:
    """Draw a tree with a crown of round masses, lit from the sun's side."""
    pen = Pen(shot.canvas, x, y, tall, flip=dice.chance(0.5))
    bark = shot.lit("6b4a3a", depth)
    leaf = foliage(shot, dice, depth=depth, season=season)
    lean = dice.between(-0.04, 0.04)
    pen.poly(
        [
            (-0.045, 0),
            (-0.025, 0.2),
            (lean - 0.02, 0.5),
            (lean + 0.02, 0.5),
            (0.028, 0.2),
            (0.05, 0),
        ],
        Grad(bark, darker(bark, 0.25)),
    )
    pen.line([(0.0, 0.3), (0.12, 0.46), (0.17, 0.56)], (0.022, 0.008), bark)
    pen.line([(0.0, 0.34), (-0.1, 0.48), (-0.16, 0.58)], (0.022, 0.008), bark)
    masses = [
        (dice.between(-0.24, 0.24), dice.between(0.48, 0.84), dice.between(0.13, 0.2))
        for _mass in range(7)
    ] + [(lean, 0.66, 0.25)]
    masses.sort(key=lambda mass: mass[1])
    for mx, my, radius in masses:
        pen.ellipse(mx, my - 0.035, radius, radius * 0.92, darker(leaf, 0.24))
    for mx, my, radius in masses:
        pen.ellipse(
            mx, my, radius * 0.97, radius * 0.88, Grad(lighter(leaf, 0.1), darker(leaf, 0.1))
        )
    for mx, my, radius in masses:
        pen.ellipse(
            mx + 0.03 * shot.side,
            my + radius * 0.3,
            radius * 0.5,
            radius * 0.36,
            lighter(mix(leaf, shot.palette.sun, 0.2), 0.12),
            alpha=0.28,
        )
    for _leaf in range(26):
        angle, far = dice.between(0, 2 * math.pi), dice.between(0.1, 0.36)
        pen.circle(
            lean + far * math.cos(angle),
            0.67 + far * 0.8 * math.sin(angle),
            dice.between(0.008, 0.018),
            lighter(leaf, dice.between(0, 0.3)),
            alpha=0.8,
        )


def pine(
    shot: Shot,
    x: float,
    y: float,
    tall: float,
    dice: Dice,
    *,
    depth: float = 0.0,
    color: str = "2f6250",
) -> None:
    """Draw a fir: tiers of branches, with snow on them in winter."""
    pen = Pen(shot.canvas, x, y, tall)
    needle = shot.lit(color, depth)
    pen.rect(-0.022, 0, 0.022, 0.2, shot.lit("5a4136", depth))
    tiers = 5
    for tier in range(tiers):
        low, high = 0.1 + tier * 0.165, 0.1 + tier * 0.165 + 0.3
        half = 0.235 * (1 - tier / tiers * 0.78) * dice.between(0.92, 1.06)
        top = min(1.0, high)
        shade = Grad(lighter(needle, 0.05 + 0.02 * tier), darker(needle, 0.2))
        pen.poly(
            [
                (-half, low),
                (-half * 0.5, low + 0.03),
                (0, low - 0.012),
                (half * 0.5, low + 0.03),
                (half, low),
                (half * 0.3, (low + top) / 2),
                (0, top),
                (-half * 0.3, (low + top) / 2),
            ],
            shade,
        )
        if shot.snowy:
            white = mix(shot.lit("f2f6fa", depth), ink("ffffff"), 0.4 * (1 - depth))
            foot = low + (top - low) * 0.5
            pen.poly(
                [
                    (-half * 0.5, foot),
                    (0, top),
                    (half * 0.5, foot),
                    (half * 0.26, foot - 0.014),
                    (0.0, foot + 0.02),
                    (-half * 0.28, foot - 0.016),
                ],
                white,
            )


def bare_tree(
    shot: Shot,
    x: float,
    y: float,
    tall: float,
    dice: Dice,
    *,
    depth: float = 0.0,
    color: Color | None = None,
) -> None:
    """Draw a tree without leaves."""
    bark = shot.lit("4d3c3a", depth) if color is None else color

    def branch(px: float, py: float, angle: float, length: float, thick: float, left: int) -> None:
        ex, ey = px + length * math.cos(angle), py - length * math.sin(angle)
        shot.canvas.line(
            [
                (px, py),
                ((px + ex) / 2 + dice.between(-0.05, 0.05) * length, (py + ey) / 2),
                (ex, ey),
            ],
            (thick, thick * 0.62),
            bark,
        )
        if left:
            for slot in (dice.between(0.25, 0.6), -dice.between(0.25, 0.6)):
                branch(
                    ex, ey, angle + slot, length * dice.between(0.62, 0.8), thick * 0.62, left - 1
                )

    branch(x, y, math.pi / 2 + dice.between(-0.08, 0.08), tall * 0.32, tall * 0.055, 5)


def birch_trunks(
    shot: Shot, y: float, dice: Dice, *, count: int, depth: float, thick: float, color: str
) -> None:
    """Draw trunks that leave the frame at its top."""
    bark = shot.lit(color, depth)
    for number in range(count):
        x = shot.w * (number + dice.between(0.1, 0.9)) / count
        wide = thick * dice.between(0.6, 1.35)
        lean = dice.between(-0.03, 0.03) * shot.unit
        foot = y + dice.between(-0.01, 0.04) * shot.unit
        shot.canvas.poly(
            [
                (x - wide * 0.75, foot),
                (x - wide * 0.5, foot - shot.h * 0.08),
                (x + lean - wide * 0.36, -4),
                (x + lean + wide * 0.36, -4),
                (x + wide * 0.5, foot - shot.h * 0.08),
                (x + wide * 0.8, foot),
            ],
            Grad(lighter(bark, 0.1), darker(bark, 0.22), across=True),
        )


def grass(
    shot: Shot,
    y: float,
    tall: float,
    color: Color,
    dice: Dice,
    *,
    count: int = 260,
    seeds: bool = False,
) -> None:
    """Draw blades along the lower edge, rooted below y."""
    for number in range(int(count * shot.wide / 1.5)):
        x = shot.w * dice.between(-0.02, 1.02)
        root = y + dice.between(0, 1) * max(4.0, shot.h - y)
        high = tall * dice.between(0.4, 1.0)
        lean = dice.between(-0.35, 0.45) * high
        tone = mix(darker(color, 0.3), lighter(color, 0.16), dice.between(0, 1))
        shot.canvas.line(
            [(x, root), (x + lean * 0.3, root - high * 0.6), (x + lean, root - high)],
            (shot.unit * 0.005, shot.unit * 0.0012),
            tone,
        )
        if seeds and number % 3 == 0:
            shot.canvas.ellipse(
                x + lean,
                root - high,
                shot.unit * 0.004,
                shot.unit * 0.011,
                lighter(color, 0.25),
                slot=20,
            )


def blossoms(
    shot: Shot, top: float, bottom: float, dice: Dice, *, colors: tuple[str, ...], count: int = 150
) -> None:
    """Draw small flowers over a meadow, larger towards the viewer."""
    for _flower in range(int(count * shot.wide / 1.5)):
        near = dice.between(0, 1) ** 0.7
        x, y = dice.between(0, shot.w), top + (bottom - top) * near
        size = shot.unit * (0.002 + 0.0075 * near) * dice.between(0.6, 1.2)
        tone = shot.lit(dice.pick(colors))
        if near > 0.6:
            shot.canvas.line(
                [(x, y), (x + size * 0.4, y + size * 4)], size * 0.3, shot.lit("4f8a4a")
            )
            for petal in range(5):
                angle = petal * math.tau / 5
                shot.canvas.circle(
                    x + size * 0.62 * math.cos(angle),
                    y + size * 0.55 * math.sin(angle),
                    size * 0.5,
                    tone,
                )
            shot.canvas.circle(x, y, size * 0.36, shot.lit("f6d24f"))
        else:
            shot.canvas.ellipse(x, y, size, size * 0.8, tone)


def rock(
    shot: Shot,
    x: float,
    y: float,
    wide: float,
    dice: Dice,
    *,
    color: str = "77736f",
    depth: float = 0.0,
) -> None:
    tone = shot.lit(color, depth)
    pen = Pen(shot.canvas, x, y, wide, flip=dice.chance(0.5))
    high = dice.between(0.32, 0.52)
    pen.poly(
        [
            (-0.5, 0),
            (-0.44, high * 0.5),
            (-0.2, high * 0.95),
            (0.1, high),
            (0.36, high * 0.62),
            (0.5, 0),
        ],
        Grad(lighter(tone, 0.14), darker(tone, 0.3)),
    )
    pen.poly(
        [(-0.2, high * 0.95), (0.1, high), (0.02, high * 0.5), (-0.28, high * 0.4)],
        lighter(tone, 0.16),
        alpha=0.7,
    )
    if shot.snowy:
        pen.blob(
            [
                (-0.42, high * 0.6),
                (-0.2, high * 1.05),
                (0.12, high * 1.1),
                (0.38, high * 0.68),
                (0.1, high * 0.78),
                (-0.2, high * 0.7),
            ],
            shot.lit("f4f7fb", depth),
        )


def hanging_branch(
    shot: Shot, corner: int, dice: Dice, *, season: str | None = None, reach: float = 0.42
) -> None:
    """Draw a branch from an upper corner as a nearby frame.

    `corner` is -1 for the left, 1 for the right.
    """
    bark = mix(shot.palette.shade, shot.lit("5b3f3a"), 0.35)
    leaf = mix(
        foliage(shot, dice, season=season),
        shot.palette.shade,
        0.1 if (shot.season if season is None else season) else 0.42,
    )
    start = shot.w * (1.02 if corner > 0 else -0.02)
    for number in range(3):
        y = shot.h * (0.02 + 0.07 * number)
        length = shot.unit * reach * dice.between(0.7, 1.15)
        points = [
            (
                start - corner * length * part,
                y + length * (0.12 * part + 0.22 * part * part) * dice.between(0.8, 1.1),
            )
            for part in (0, 0.25, 0.5, 0.75, 1.0)
        ]
        shot.canvas.line(points, (shot.unit * 0.014, shot.unit * 0.003), bark)
        for px, py in points[1:]:
            for _leaf in range(16):
                lx, ly = (
                    px + float(dice.numbers.normal()) * shot.unit * 0.036,
                    py + float(dice.numbers.normal()) * shot.unit * 0.026,
                )
                size = shot.unit * dice.between(0.007, 0.014)
                shot.canvas.ellipse(
                    lx,
                    ly,
                    size,
                    size * 0.6,
                    mix(leaf, lighter(leaf, 0.3), dice.between(0, 1)),
                    slot=dice.between(0, 180),
                )


def bush(
    shot: Shot, x: float, y: float, wide: float, dice: Dice, *, color: Color | None = None
) -> None:
    tone = foliage(shot, dice) if color is None else color
    for number in range(6):
        part = (number + 0.5) / 6
        radius = wide * dice.between(0.14, 0.22)
        shot.canvas.ellipse(
            x + wide * (part - 0.5),
            y - radius * 0.5,
            radius,
            radius * 0.85,
            Grad(lighter(tone, 0.12), darker(tone, 0.2)),
        )


def cactus(shot: Shot, x: float, y: float, tall: float) -> None:
    tone = shot.lit("4c8a5c")
    pen = Pen(shot.canvas, x, y, tall)
    fill = Grad(lighter(tone, 0.12), darker(tone, 0.25), across=True)
    pen.line([(0, 0), (0, 0.5), (0, 0.94)], 0.17, fill)
    pen.line([(-0.05, 0.4), (-0.22, 0.42), (-0.24, 0.55), (-0.24, 0.72)], 0.11, fill)
    pen.line([(0.05, 0.3), (0.2, 0.32), (0.22, 0.45), (0.22, 0.58)], 0.1, fill)
    pen.circle(0, 1.03, 0.04, ink("f07a9a"))


def palm(shot: Shot, x: float, y: float, tall: float, dice: Dice) -> None:
    bark, leaf = shot.lit("8a6a4a"), shot.lit("3f8f5a")
    lean = dice.side() * tall * 0.16
    shot.canvas.line(
        [(x, y), (x + lean * 0.25, y - tall * 0.5), (x + lean, y - tall)],
        (tall * 0.06, tall * 0.035),
        Grad(bark, darker(bark, 0.2)),
    )
    for number in range(8):
        angle = math.tau * number / 8 + 0.3
        dx, dy = math.cos(angle) * tall * 0.36, -abs(math.sin(angle)) * tall * 0.16
        cx, cy = x + lean, y - tall
        shot.canvas.line(
            [
                (cx, cy),
                (cx + dx * 0.5, cy + dy - tall * 0.05),
                (cx + dx, cy + dy * 0.2 + tall * 0.12),
            ],
            (tall * 0.05, tall * 0.008),
            mix(leaf, darker(leaf, 0.35), number % 2),
        )
