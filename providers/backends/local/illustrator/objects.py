"""Small objects, held in a hand or drawn large in the foreground.

Each is about 1 high and stands on (0, 0).
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from providers.backends.local.illustrator.canvas import Grad, Pen
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.stage import Shot

type Draw = Callable[[Shot, Pen, Color], None]


def book(shot: Shot, pen: Pen, color: Color) -> None:
    paper = shot.lit("f8f0de")
    pen.poly(
        [(-0.8, 0.04), (0.0, -0.04), (0.8, 0.04), (0.84, 0.42), (0.0, 0.3), (-0.84, 0.42)],
        Grad(color, darker(color, 0.25)),
    )
    pen.poly(
        [(-0.74, 0.1), (-0.4, 0.04), (0.0, 0.04), (0.0, 0.38), (-0.4, 0.5), (-0.76, 0.48)],
        Grad(lighter(paper, 0.15), darker(paper, 0.06)),
    )
    pen.poly(
        [(0.74, 0.1), (0.4, 0.04), (0.0, 0.04), (0.0, 0.38), (0.4, 0.5), (0.76, 0.48)],
        Grad(paper, darker(paper, 0.1)),
    )
    for row in range(4):
        for side in (-1, 1):
            y = 0.14 + 0.075 * row
            pen.line(
                [(side * 0.66, y + 0.035), (side * 0.38, y + 0.05), (side * 0.1, y)],
                0.012,
                darker(paper, 0.35),
                alpha=0.7,
            )
    pen.poly(
        [(0.3, 0.47), (0.36, 0.49), (0.36, -0.02), (0.33, 0.02), (0.3, -0.01)],
        shot.palette.lit(shot.palette.accent),
    )


def letter(shot: Shot, pen: Pen, color: Color) -> None:
    paper = mix(shot.lit("fbf4e4"), ink("fbf4e4"), 0.3)
    pen.poly(
        [(-0.62, 0.0), (0.62, 0.06), (0.58, 0.82), (-0.66, 0.76)], Grad(paper, darker(paper, 0.1))
    )
    pen.poly([(-0.66, 0.76), (-0.03, 0.3), (0.58, 0.82)], darker(paper, 0.08))
    pen.line([(-0.66, 0.76), (-0.03, 0.3), (0.58, 0.82)], 0.014, darker(paper, 0.32))
    pen.circle(-0.03, 0.34, 0.1, mix(ink("c9403a"), color, 0.2))
    pen.circle(-0.03, 0.34, 0.06, darker(ink("c9403a"), 0.2))
    for number in range(8):
        pen.line(
            [
                (-0.62 + 0.155 * number, 0.012 + 0.007 * number),
                (-0.56 + 0.155 * number, 0.015 + 0.007 * number),
            ],
            0.03,
            ink("d9564a") if number % 2 else ink("4a78b8"),
        )


def cup(shot: Shot, pen: Pen, color: Color) -> None:
    circle = [
        (0.34 + 0.16 * math.cos(a), 0.4 + 0.17 * math.sin(a)) for a in np.linspace(-1.7, 1.7, 16)
    ]
    pen.line(circle, 0.07, darker(color, 0.14))
    pen.ellipse(0, 0.02, 0.56, 0.075, shot.lit("efe6d6"))
    pen.blob(
        [
            (-0.36, 0.68),
            (-0.34, 0.2),
            (-0.2, 0.02),
            (0.2, 0.02),
            (0.34, 0.2),
            (0.36, 0.68),
            (0.0, 0.7),
        ],
        Grad(lighter(color, 0.14), darker(color, 0.2), across=True),
    )
    pen.ellipse(0, 0.64, 0.34, 0.075, lighter(color, 0.3))
    pen.ellipse(0, 0.635, 0.29, 0.055, ink("6a4128"))
    for px in (-0.13, 0.06):
        pen.curve(
            [(px, 0.76), (px + 0.09, 0.88), (px - 0.05, 1.0), (px + 0.06, 1.14), (px, 1.26)],
            (0.045, 0.012),
            ink("ffffff"),
            alpha=0.42,
        )


def bread(shot: Shot, pen: Pen, color: Color) -> None:
    crust = shot.lit("c98545")
    pen.blob(
        [
            (-0.72, 0.02),
            (-0.78, 0.3),
            (-0.5, 0.52),
            (0.0, 0.58),
            (0.5, 0.52),
            (0.78, 0.3),
            (0.72, 0.02),
        ],
        Grad(lighter(crust, 0.2), darker(crust, 0.22)),
    )
    for px in (-0.42, -0.05, 0.32):
        pen.line(
            [(px - 0.06, 0.26), (px + 0.05, 0.4), (px + 0.14, 0.5)],
            (0.05, 0.025),
            lighter(crust, 0.55),
        )
    pen.curve(
        [(0.1, 0.66), (0.18, 0.78), (0.06, 0.9), (0.14, 1.02)],
        (0.04, 0.01),
        ink("ffffff"),
        alpha=0.35,
    )


def bowl(shot: Shot, pen: Pen, color: Color) -> None:
    pen.ellipse(0, 0.46, 0.6, 0.14, lighter(color, 0.45))
    pen.ellipse(0, 0.47, 0.54, 0.11, shot.lit("e8b45a"))
    for px, tone in ((-0.22, "f6efe0"), (0.08, "d9503f"), (0.28, "5f9a4a")):
        pen.ellipse(px, 0.49, 0.15, 0.06, shot.lit(tone))
    pen.blob(
        [
            (-0.62, 0.47),
            (-0.45, 0.12),
            (-0.22, 0.0),
            (0.22, 0.0),
            (0.45, 0.12),
            (0.62, 0.47),
            (0.0, 0.33),
        ],
        Grad(lighter(color, 0.1), darker(color, 0.22)),
    )
    for dx in (0.0, 0.1):
        pen.line([(0.1 + dx, 0.52), (0.75 + dx, 0.92)], 0.028, shot.lit("8a5a3c"))
    for px in (-0.2, 0.02):
        pen.curve(
            [(px, 0.62), (px + 0.09, 0.76), (px - 0.04, 0.9), (px + 0.05, 1.05)],
            (0.045, 0.012),
            ink("ffffff"),
            alpha=0.4,
        )


def apple(shot: Shot, pen: Pen, color: Color) -> None:
    red = mix(shot.lit("d8483e"), ink("d8483e"), 0.15)
    pen.line([(0.0, 0.7), (0.05, 0.9)], 0.05, shot.lit("5a3a2c"))
    pen.blob([(0.06, 0.82), (0.3, 0.98), (0.42, 0.86), (0.22, 0.78)], shot.lit("5f9a4a"))
    pen.blob(
        [
            (-0.18, 0.0),
            (-0.42, 0.2),
            (-0.44, 0.56),
            (-0.2, 0.76),
            (0.0, 0.68),
            (0.2, 0.76),
            (0.44, 0.56),
            (0.42, 0.2),
            (0.18, 0.0),
            (0.0, 0.05),
        ],
        Grad(lighter(red, 0.15), darker(red, 0.25)),
    )
    pen.ellipse(-0.2, 0.52, 0.07, 0.13, ink("ffffff"), slot=20, alpha=0.4)


def flower(shot: Shot, pen: Pen, color: Color) -> None:
    stem = shot.lit("4f8a4a")
    pen.curve([(0, 0.0), (0.03, 0.3), (-0.02, 0.55), (0, 0.78)], (0.045, 0.035), stem)
    pen.blob([(0.01, 0.3), (0.2, 0.46), (0.32, 0.42), (0.18, 0.28)], stem)
    pen.blob([(0.0, 0.18), (-0.2, 0.36), (-0.3, 0.3), (-0.16, 0.17)], darker(stem, 0.15))
    for notify, size, tone in ((0.2, 0.125, darker(color, 0.1)), (0.13, 0.1, lighter(color, 0.12))):
        for number in range(9):
            angle = math.tau * number / 9 + (0.35 if notify < 0.2 else 0)
            pen.ellipse(
                notify * math.cos(angle),
                0.86 + notify * math.sin(angle),
                size,
                size * 0.6,
                tone,
                slot=math.degrees(angle),
            )
    pen.circle(0, 0.86, 0.085, shot.lit("f3bd3c"))


def umbrella(shot: Shot, pen: Pen, color: Color) -> None:
    """An open umbrella; (0, 0) is the hand."""
    bright = color
    pen.line([(0, -0.14), (0, 0.72)], 0.03, shot.lit("4a4038"))
    ribs = np.linspace(-0.72, 0.72, 7)
    dome = [(0.72 * math.cos(a), 0.44 + 0.46 * math.sin(a)) for a in np.linspace(math.pi, 0, 30)]
    scallops: list[tuple[float, float]] = []
    for left, right in itertools.pairwise(ribs):
        scallops += [
            (float(left + (right - left) * t), 0.44 + 0.05 * math.sin(math.pi * t))
            for t in np.linspace(0, 1, 6)
        ]
    pen.poly([*dome, *scallops[::-1]], Grad(lighter(bright, 0.12), darker(bright, 0.1)))
    for number, (left, right) in enumerate(itertools.pairwise(ribs)):
        if number % 2 == 0:
            pen.poly(
                [
                    (0.0, 0.9),
                    (float(left) * 0.8, 0.7),
                    (float(left), 0.45),
                    (float((left + right) / 2), 0.49),
                    (float(right), 0.45),
                    (float(right) * 0.8, 0.7),
                ],
                darker(bright, 0.16),
                alpha=0.6,
            )
    pen.line([(0, 0.88), (0, 0.97)], 0.025, shot.lit("4a4038"))


def kite(shot: Shot, pen: Pen, color: Color) -> None:
    """A kite; (0, 0) is its middle."""
    other = shot.palette.lit(shot.palette.accent_2)
    pen.poly([(0, 0.6), (0.42, 0.12), (0, -0.6), (-0.42, 0.12)], color)
    pen.poly([(0, 0.6), (0.42, 0.12), (0, 0.12)], lighter(color, 0.25))
    pen.poly([(0, 0.12), (0, -0.6), (-0.42, 0.12)], other)
    pen.line([(0, 0.6), (0, -0.6)], 0.02, darker(color, 0.4))
    tail = [(0.0, -0.6), (0.14, -0.8), (-0.06, -1.0), (0.12, -1.2), (-0.04, -1.42)]
    pen.curve(tail, 0.02, darker(color, 0.3))
    for px, py in tail[1:]:
        pen.poly([(px - 0.1, py + 0.06), (px, py), (px - 0.1, py - 0.06)], color)
        pen.poly([(px + 0.1, py + 0.06), (px, py), (px + 0.1, py - 0.06)], other)


def balloon(shot: Shot, pen: Pen, color: Color) -> None:
    """A balloon; (0, 0) is the knot."""
    bright = color
    pen.poly([(-0.06, -0.06), (0.06, -0.06), (0, 0.04)], darker(bright, 0.2))
    pen.blob(
        [
            (0, -0.02),
            (-0.3, 0.24),
            (-0.42, 0.62),
            (-0.28, 0.96),
            (0, 1.08),
            (0.28, 0.96),
            (0.42, 0.62),
            (0.3, 0.24),
        ],
        Grad(lighter(bright, 0.12), darker(bright, 0.14)),
    )
    pen.ellipse(-0.15, 0.76, 0.06, 0.14, ink("ffffff"), slot=-18, alpha=0.55)


def lantern(shot: Shot, pen: Pen, color: Color) -> None:
    glow = mix(ink("ffb95a"), color, 0.15)
    pen.glow(0, 0.5, 1.8, glow, 0.7)
    pen.line([(0, 0.9), (0, 1.15)], 0.025, shot.lit("4a4038"))
    pen.blob(
        [(-0.25, 0.16), (-0.36, 0.5), (-0.25, 0.84), (0.25, 0.84), (0.36, 0.5), (0.25, 0.16)],
        Grad(lighter(glow, 0.45), glow),
    )
    for px in (-0.13, 0.0, 0.13):
        pen.line([(px, 0.17), (px * 1.5, 0.5), (px, 0.83)], 0.012, darker(glow, 0.3), alpha=0.7)
    for y in (0.15, 0.85):
        pen.rect(-0.17, y - 0.035, 0.17, y + 0.035, shot.lit("5a3a2c"))


def candle(shot: Shot, pen: Pen, color: Color) -> None:
    wax = mix(shot.lit("f6ecd6"), ink("f6ecd6"), 0.3)
    pen.ellipse(0, 0.03, 0.34, 0.06, shot.lit("a8803f"))
    pen.rect(-0.13, 0.04, 0.13, 0.62, Grad(lighter(wax, 0.2), darker(wax, 0.15)))
    pen.glow(0, 0.8, 1.5, shot.palette.lamp, 0.75)
    pen.line([(0, 0.6), (0, 0.7)], 0.02, ink("3a2a24"))
    pen.blob([(-0.07, 0.7), (-0.06, 0.82), (0.0, 1.02), (0.06, 0.82), (0.07, 0.7)], ink("ffb648"))
    pen.blob([(-0.035, 0.7), (-0.03, 0.78), (0.0, 0.88), (0.03, 0.78), (0.035, 0.7)], ink("fff4c8"))


def clock(shot: Shot, pen: Pen, color: Color) -> None:
    face = mix(shot.lit("fbf5e6"), ink("fbf5e6"), 0.2)
    for px in (-0.3, 0.3):
        pen.line([(px, 0.1), (px * 1.25, 0.0)], 0.09, darker(color, 0.3))
        pen.circle(px, 0.93, 0.13, color)
    pen.circle(0, 0.5, 0.47, Grad(lighter(color, 0.12), darker(color, 0.2)))
    pen.circle(0, 0.5, 0.38, face)
    for number in range(12):
        angle = math.tau * number / 12
        pen.line(
            [
                (0.32 * math.cos(angle), 0.5 + 0.32 * math.sin(angle)),
                (0.355 * math.cos(angle), 0.5 + 0.355 * math.sin(angle)),
            ],
            0.02,
            ink("4a4440"),
        )
    pen.line([(0, 0.5), (0.0, 0.76)], 0.03, ink("33302f"))
    pen.line([(0, 0.5), (0.2, 0.58)], 0.04, ink("33302f"))
    pen.circle(0, 0.5, 0.03, color)


def key(shot: Shot, pen: Pen, color: Color) -> None:
    gold = mix(shot.lit("e2b23f"), ink("e2b23f"), 0.3)
    notify = [
        (0.0 + 0.2 * math.cos(a), 0.78 + 0.2 * math.sin(a)) for a in np.linspace(0, math.tau, 40)
    ]
    pen.line(notify, 0.09, gold)
    pen.line([(0, 0.6), (0, 0.02)], 0.09, Grad(lighter(gold, 0.2), darker(gold, 0.15)))
    for y, wide in ((0.06, 0.24), (0.2, 0.18)):
        pen.rect(0.0, y - 0.04, wide, y + 0.045, gold)


def door(shot: Shot, pen: Pen, color: Color) -> None:
    frame = shot.lit("e9dcc4")
    pen.rect(-0.36, 0, 0.36, 1.36, frame)
    pen.rect(-0.3, 0, 0.3, 1.3, Grad(lighter(color, 0.08), darker(color, 0.2)))
    for low, high in ((0.12, 0.55), (0.66, 1.18)):
        for left in (-0.23, 0.03):
            pen.rect(left, low, left + 0.2, high, darker(color, 0.16))
    pen.circle(0.23, 0.62, 0.032, ink("f0c75a"))


def gift(shot: Shot, pen: Pen, color: Color) -> None:
    ribbon = shot.palette.lit(shot.palette.accent_2)
    pen.rect(-0.45, 0, 0.45, 0.55, Grad(color, darker(color, 0.2)))
    pen.rect(-0.5, 0.5, 0.5, 0.68, lighter(color, 0.1))
    pen.rect(-0.08, 0, 0.08, 0.68, ribbon)
    for side in (-1, 1):
        pen.blob([(0, 0.68), (side * 0.16, 0.96), (side * 0.38, 0.9), (side * 0.3, 0.7)], ribbon)
    pen.circle(0, 0.71, 0.07, darker(ribbon, 0.15))


def heart(shot: Shot, pen: Pen, color: Color) -> None:
    red = mix(shot.lit("e2484f"), ink("e2484f"), 0.4)
    outline = [
        (
            0.5 * math.sin(t) ** 3,
            0.52
            + 0.032
            * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)),
        )
        for t in np.linspace(0, math.tau, 60)
    ]
    pen.glow(0, 0.5, 1.2, red, 0.4)
    pen.poly(outline, Grad(lighter(red, 0.2), darker(red, 0.12)))
    pen.ellipse(-0.22, 0.72, 0.07, 0.12, ink("ffffff"), slot=35, alpha=0.5)


def camera(shot: Shot, pen: Pen, color: Color) -> None:
    body = shot.lit("3f434c")
    pen.blob(
        [(-0.6, 0.02), (-0.62, 0.6), (0.62, 0.6), (0.6, 0.02)],
        Grad(lighter(body, 0.16), darker(body, 0.2)),
    )
    pen.poly([(-0.22, 0.58), (-0.14, 0.76), (0.14, 0.76), (0.22, 0.58)], body)
    pen.rect(-0.58, 0.16, 0.58, 0.42, mix(color, shot.lit("8a5a3c"), 0.4))
    pen.circle(0, 0.31, 0.26, darker(body, 0.35))
    pen.circle(0, 0.31, 0.18, ink("2a3a55"))
    pen.circle(-0.06, 0.37, 0.055, ink("a8d0f0"))
    pen.rect(0.34, 0.6, 0.5, 0.68, shot.palette.accent)


def photo(shot: Shot, pen: Pen, color: Color) -> None:
    pen.poly(
        [(-0.5, 0.0), (0.46, 0.05), (0.42, 1.06), (-0.54, 1.01)],
        mix(shot.lit("fbf6ea"), ink("fbf6ea"), 0.3),
    )
    sky = shot.palette.sky
    pen.poly([(-0.44, 0.24), (0.39, 0.28), (0.36, 0.98), (-0.47, 0.94)], Grad(sky[1], sky[-1]))
    pen.blob(
        [(-0.45, 0.24), (-0.46, 0.46), (-0.2, 0.6), (0.08, 0.42), (0.38, 0.55), (0.39, 0.28)],
        shot.lit("5f8a5a"),
    )
    pen.circle(0.14, 0.78, 0.09, lighter(shot.palette.sun, 0.3))


def phone(shot: Shot, pen: Pen, color: Color) -> None:
    pen.blob([(-0.27, 0.0), (-0.28, 1.1), (0.28, 1.1), (0.27, 0.0)], shot.lit("2c2f38"))
    pen.glow(0, 0.55, 0.9, ink("9fd0ff"), 0.35)
    pen.rect(
        -0.22,
        0.1,
        0.22,
        1.0,
        Grad(lighter(shot.palette.sky[1], 0.4), lighter(shot.palette.accent_2, 0.3)),
    )
    for y, wide in ((0.78, 0.3), (0.62, 0.2), (0.46, 0.26)):
        pen.line([(-0.15, y), (-0.15 + wide, y)], 0.07, ink("ffffff"), alpha=0.85)


def computer(shot: Shot, pen: Pen, color: Color) -> None:
    steel = shot.lit("b9c0c8")
    pen.poly(
        [(-0.78, 0.0), (0.78, 0.0), (0.62, 0.16), (-0.62, 0.16)], Grad(steel, darker(steel, 0.25))
    )
    pen.poly([(-0.6, 0.14), (0.6, 0.14), (0.6, 0.95), (-0.6, 0.95)], shot.lit("2f343e"))
    pen.glow(0, 0.55, 1.4, ink("8fc8ff"), 0.35)
    pen.rect(-0.54, 0.21, 0.54, 0.89, Grad(ink("21385c"), ink("3d6a96")))
    for row, (start, wide) in enumerate(
        ((0.0, 0.5), (0.1, 0.62), (0.1, 0.36), (0.0, 0.56), (0.1, 0.44))
    ):
        pen.line(
            [(-0.44 + start, 0.8 - 0.12 * row), (-0.44 + start + wide, 0.8 - 0.12 * row)],
            0.035,
            (ink("8fe0c8"), ink("f6d27a"), ink("f29aa5"))[row % 3],
        )


def radio(shot: Shot, pen: Pen, color: Color) -> None:
    pen.line([(0.4, 0.6), (0.66, 1.14)], 0.022, shot.lit("b9bcc0"))
    pen.blob(
        [(-0.68, 0.02), (-0.7, 0.66), (0.7, 0.66), (0.68, 0.02)],
        Grad(lighter(color, 0.1), darker(color, 0.2)),
    )
    pen.circle(-0.32, 0.33, 0.24, shot.lit("efe3cb"))
    for number in range(5):
        pen.line(
            [(-0.5, 0.2 + 0.065 * number), (-0.14, 0.2 + 0.065 * number)], 0.018, shot.lit("7a6a58")
        )
    pen.rect(0.06, 0.36, 0.58, 0.54, shot.lit("f6e6b8"))
    for px in (0.18, 0.46):
        pen.circle(px, 0.18, 0.085, shot.lit("5a4a42"))


def guitar(shot: Shot, pen: Pen, color: Color) -> None:
    wood = shot.lit("d08f4a")
    pen.line([(0, 0.6), (0, 1.5)], 0.085, shot.lit("5a3a2c"))
    pen.rect(-0.075, 1.46, 0.075, 1.68, shot.lit("3f2a22"))
    pen.blob(
        [
            (0, 0.0),
            (-0.38, 0.1),
            (-0.36, 0.42),
            (-0.22, 0.54),
            (-0.28, 0.78),
            (0, 0.88),
            (0.28, 0.78),
            (0.22, 0.54),
            (0.36, 0.42),
            (0.38, 0.1),
        ],
        Grad(lighter(wood, 0.15), darker(wood, 0.25)),
    )
    pen.circle(0, 0.55, 0.11, shot.lit("3a2620"))
    pen.rect(-0.14, 0.2, 0.14, 0.26, shot.lit("4a3026"))
    for px in (-0.025, 0.0, 0.025):
        pen.line([(px, 0.23), (px, 1.5)], 0.006, ink("f2ead8"))


def violin(shot: Shot, pen: Pen, color: Color) -> None:
    wood = shot.lit("a8562f")
    pen.line([(0, 0.7), (0, 1.3)], 0.06, shot.lit("33241f"))
    pen.blob(
        [
            (0, 0.0),
            (-0.27, 0.08),
            (-0.26, 0.32),
            (-0.14, 0.42),
            (-0.2, 0.66),
            (0, 0.76),
            (0.2, 0.66),
            (0.14, 0.42),
            (0.26, 0.32),
            (0.27, 0.08),
        ],
        Grad(lighter(wood, 0.18), darker(wood, 0.2)),
    )
    for side in (-1, 1):
        pen.curve(
            [(side * 0.1, 0.3), (side * 0.08, 0.38), (side * 0.11, 0.44), (side * 0.09, 0.5)],
            0.018,
            shot.lit("33241f"),
        )
    for px in (-0.018, 0.018):
        pen.line([(px, 0.16), (px, 1.28)], 0.006, ink("f2ead8"))
    pen.line([(0.3, 0.02), (0.5, 1.25)], 0.022, shot.lit("6a4432"))


def piano(shot: Shot, pen: Pen, color: Color) -> None:
    wood = shot.lit("4a342e")
    pen.rect(-0.8, 0, 0.8, 1.05, Grad(lighter(wood, 0.12), darker(wood, 0.2)))
    pen.rect(-0.85, 1.02, 0.85, 1.1, darker(wood, 0.2))
    pen.poly([(-0.88, 0.5), (0.88, 0.5), (0.8, 0.66), (-0.8, 0.66)], darker(wood, 0.35))
    pen.poly([(-0.8, 0.52), (0.8, 0.52), (0.75, 0.62), (-0.75, 0.62)], ink("f7f1e4"))
    for number in range(20):
        if number % 7 not in {2, 6}:
            px = -0.73 + 0.075 * number
            pen.rect(px, 0.56, px + 0.035, 0.62, ink("26232a"))
    pen.rect(-0.25, 0.72, 0.25, 0.98, shot.lit("f6efdc"))
    for row in range(3):
        pen.line([(-0.2, 0.78 + 0.06 * row), (0.2, 0.78 + 0.06 * row)], 0.012, shot.lit("4a4040"))


def music(shot: Shot, pen: Pen, color: Color) -> None:
    """Musical notes in the air."""
    for number, (px, py, size) in enumerate(
        ((-0.5, 0.2, 0.9), (0.05, 0.62, 1.1), (0.6, 0.34, 0.8), (0.3, 1.05, 0.7))
    ):
        tone = (color, shot.palette.accent_2, lighter(color, 0.4))[number % 3]
        pen.ellipse(px, py, 0.1 * size, 0.075 * size, tone, slot=20)
        pen.line(
            [(px + 0.085 * size, py + 0.02), (px + 0.085 * size, py + 0.36 * size)],
            0.026 * size,
            tone,
        )
        pen.curve(
            [
                (px + 0.085 * size, py + 0.36 * size),
                (px + 0.16 * size, py + 0.3 * size),
                (px + 0.22 * size, py + 0.2 * size),
            ],
            (0.05 * size, 0.015),
            tone,
        )


def suitcase(shot: Shot, pen: Pen, color: Color) -> None:
    leather = mix(shot.lit("a5683f"), color, 0.25)
    pen.line(
        [(-0.15, 0.66), (-0.15, 0.78), (0.15, 0.78), (0.15, 0.66)], 0.045, darker(leather, 0.4)
    )
    pen.blob(
        [(-0.58, 0.0), (-0.6, 0.68), (0.6, 0.68), (0.58, 0.0)],
        Grad(lighter(leather, 0.12), darker(leather, 0.2)),
    )
    for px in (-0.36, 0.3):
        pen.rect(px, 0.0, px + 0.07, 0.68, darker(leather, 0.35))
        pen.rect(px - 0.01, 0.3, px + 0.08, 0.38, ink("e6c46a"))
    pen.circle(0.02, 0.4, 0.1, shot.palette.lit(shot.palette.accent_2))


def paper_map(shot: Shot, pen: Pen, color: Color) -> None:
    paper = mix(shot.lit("ecd9ae"), ink("ecd9ae"), 0.3)
    for number in range(4):
        left = -0.8 + 0.4 * number
        low, high = (0.0, 0.07) if number % 2 == 0 else (0.07, 0.0)
        pen.poly(
            [(left, low), (left + 0.4, high), (left + 0.4, high + 0.85), (left, low + 0.85)],
            paper if number % 2 == 0 else darker(paper, 0.1),
        )
    pen.blob(
        [(-0.6, 0.3), (-0.3, 0.6), (0.05, 0.5), (0.0, 0.2), (-0.3, 0.16)],
        mix(paper, shot.lit("6fa07a"), 0.6),
    )
    pen.blob(
        [(0.2, 0.5), (0.5, 0.74), (0.72, 0.55), (0.5, 0.4)], mix(paper, shot.lit("5f93b0"), 0.6)
    )
    for number in range(7):
        pen.circle(-0.5 + 0.14 * number, 0.34 + 0.05 * math.sin(number * 1.3), 0.018, ink("b0433a"))
    for slot in (-1, 1):
        pen.line([(0.46, 0.3 - 0.07 * slot), (0.6, 0.3 + 0.07 * slot)], 0.035, ink("c9403a"))


def crown(shot: Shot, pen: Pen, color: Color) -> None:
    gold = mix(shot.lit("f0bf45"), ink("f0bf45"), 0.4)
    pen.glow(0, 0.4, 1.2, gold, 0.35)
    pen.poly(
        [
            (-0.5, 0.0),
            (0.5, 0.0),
            (0.6, 0.62),
            (0.28, 0.36),
            (0.0, 0.78),
            (-0.28, 0.36),
            (-0.6, 0.62),
        ],
        Grad(lighter(gold, 0.25), darker(gold, 0.12)),
    )
    pen.rect(-0.5, 0.0, 0.5, 0.13, darker(gold, 0.22))
    for px, py, tone in (
        (-0.6, 0.66, "d9483b"),
        (0.0, 0.82, "3f79c4"),
        (0.6, 0.66, "d9483b"),
        (0.0, 0.065, "4fae72"),
        (-0.3, 0.065, "d9483b"),
        (0.3, 0.065, "d9483b"),
    ):
        pen.circle(px, py, 0.06, ink(tone))


def mushroom(shot: Shot, pen: Pen, color: Color) -> None:
    red = mix(shot.lit("d8503f"), color, 0.3)
    pen.blob([(-0.14, 0.0), (-0.11, 0.5), (0.11, 0.5), (0.14, 0.0)], shot.lit("f6ecd9"))
    pen.blob(
        [(-0.52, 0.42), (-0.44, 0.74), (0.0, 0.98), (0.44, 0.74), (0.52, 0.42), (0.0, 0.5)],
        Grad(lighter(red, 0.1), darker(red, 0.2)),
    )
    for px, py, size in (
        (-0.26, 0.64, 0.075),
        (0.04, 0.8, 0.085),
        (0.3, 0.62, 0.065),
        (0.02, 0.6, 0.05),
    ):
        pen.ellipse(px, py, size, size * 0.8, shot.lit("fdf6ea"))


def paper_boat(shot: Shot, pen: Pen, color: Color) -> None:
    paper = mix(shot.lit("fbf8f0"), ink("fbf8f0"), 0.4)
    pen.poly([(-0.25, 0.2), (0.0, 0.78), (0.25, 0.2)], darker(paper, 0.1))
    pen.poly(
        [(-0.75, 0.42), (-0.25, 0.24), (0.25, 0.24), (0.75, 0.42), (0.42, 0.0), (-0.42, 0.0)],
        Grad(lighter(paper, 0.1), darker(paper, 0.16)),
    )
    pen.line([(-0.25, 0.24), (0.0, 0.06), (0.25, 0.24)], 0.012, darker(paper, 0.3))


def mirror(shot: Shot, pen: Pen, color: Color) -> None:
    gold = shot.lit("c99a48")
    pen.ellipse(0, 0.62, 0.42, 0.6, Grad(lighter(gold, 0.2), darker(gold, 0.2)))
    pen.ellipse(0, 0.62, 0.35, 0.52, Grad(shot.palette.sky[0], lighter(shot.palette.sky[-1], 0.2)))
    pen.poly([(-0.2, 0.85), (-0.05, 1.0), (0.2, 0.5), (0.1, 0.36)], ink("ffffff"), alpha=0.3)


def sword(shot: Shot, pen: Pen, color: Color) -> None:
    steel = mix(shot.lit("dfe6ea"), ink("dfe6ea"), 0.3)
    pen.poly(
        [(-0.05, 0.0), (0.05, 0.0), (0.06, 0.95), (-0.06, 0.95)],
        Grad(steel, darker(steel, 0.2), across=True),
    )
    pen.rect(-0.24, 0.93, 0.24, 1.0, ink("d9ab45"))
    pen.line([(0, 1.0), (0, 1.24)], 0.06, shot.lit("6a4432"))
    pen.circle(0, 1.28, 0.055, ink("d9ab45"))


DRAW: dict[str, Draw] = {
    "book": book, "letter": letter, "cup": cup, "bread": bread, "bowl": bowl, "apple": apple,
    "flower": flower, "lantern": lantern, "candle": candle, "clock": clock, "key": key,
    "door": door, "gift": gift, "heart": heart, "camera": camera, "photo": photo, "phone": phone,
    "computer": computer, "radio": radio, "guitar": guitar, "violin": violin, "piano": piano,
    "music": music, "suitcase": suitcase, "map": paper_map, "crown": crown, "mushroom": mushroom,
    "paper_boat": paper_boat, "mirror": mirror, "sword": sword,
}  # fmt: skip
