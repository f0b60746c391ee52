"""Objects drawn as a whole: vehicles, street furniture, things that fly.

(0, 0) is where each stands; 1 is the height of an adult.
"""

import math

from providers.backends.local.illustrator.canvas import Grad, Pen
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot

GLASS = "bfe0ea"


def _pane(shot: Shot) -> Color:
    return (
        mix(shot.palette.lamp, ink("fff3cf"), 0.4)
        if shot.palette.dark
        else mix(shot.lit(GLASS), shot.palette.sky[-1], 0.3)
    )


def _wheel(shot: Shot, pen: Pen, x: float, y: float, radius: float) -> None:
    pen.circle(x, y, radius, shot.lit("2c2d33"))
    pen.circle(x, y, radius * 0.52, shot.lit("b9bcc0"))
    pen.circle(x, y, radius * 0.2, shot.lit("5a5c62"))


def sailboat(shot: Shot, pen: Pen, color: Color) -> None:
    hull, sail = shot.lit("7a4a35"), shot.lit("fbf3e2")
    pen.line([(0.0, 0.1), (0.0, 1.5)], 0.035, darker(hull, 0.3))
    pen.poly(
        [(0.05, 0.25), (0.05, 1.46), (0.35, 0.95), (0.72, 0.3)],
        Grad(lighter(sail, 0.1), darker(sail, 0.1)),
    )
    pen.poly(
        [(-0.05, 0.28), (-0.05, 1.32), (-0.28, 0.85), (-0.52, 0.32)],
        Grad(color, darker(color, 0.15)),
    )
    pen.poly([(0.0, 1.5), (0.2, 1.56), (0.0, 1.62)], color)
    pen.poly(
        [(-0.8, 0.2), (0.85, 0.24), (0.62, -0.06), (-0.55, -0.06)],
        Grad(lighter(hull, 0.12), darker(hull, 0.3)),
    )
    pen.line([(-0.78, 0.19), (0.82, 0.23)], 0.035, color)


def rowboat(shot: Shot, pen: Pen, color: Color) -> None:
    wood = shot.lit("8a5a3c")
    pen.poly(
        [(-0.85, 0.24), (0.9, 0.26), (0.62, -0.06), (-0.6, -0.06)],
        Grad(lighter(wood, 0.14), darker(wood, 0.3)),
    )
    pen.line([(-0.85, 0.24), (0.0, 0.2), (0.9, 0.26)], 0.045, color)
    pen.line([(-0.1, 0.32), (-0.6, -0.12)], 0.026, lighter(wood, 0.25))


def fishing_boat(shot: Shot, pen: Pen, color: Color) -> None:
    white = shot.lit("f3eee2")
    pen.line([(0.35, 0.3), (0.35, 1.25)], 0.03, shot.lit("5a4a44"))
    pen.line([(0.35, 1.2), (1.02, 0.36)], 0.01, shot.lit("5a4a44"))
    pen.line([(0.35, 1.2), (-0.6, 0.75)], 0.01, shot.lit("5a4a44"))
    pen.rect(-0.55, 0.25, -0.02, 0.78, Grad(white, darker(white, 0.12)))
    pen.rect(-0.62, 0.76, 0.05, 0.84, color)
    for px in (-0.47, -0.23):
        pen.rect(px, 0.48, px + 0.16, 0.68, _pane(shot))
    pen.poly(
        [(-1.0, 0.32), (-0.6, 0.28), (0.6, 0.3), (1.1, 0.46), (0.78, -0.08), (-0.86, -0.08)],
        Grad(color, darker(color, 0.3)),
    )
    pen.line([(-0.98, 0.3), (0.6, 0.28), (1.08, 0.44)], 0.05, white)
    if shot.palette.dark:
        pen.glow(-0.2, 0.6, 1.0, shot.palette.lamp, 0.35)


def ship(shot: Shot, pen: Pen, color: Color) -> None:
    white, hull = shot.lit("f4f0e6"), shot.lit("34506b")
    pen.poly([(-2.2, 0.5), (2.3, 0.6), (1.9, -0.1), (-2.0, -0.1)], Grad(hull, darker(hull, 0.3)))
    pen.poly([(-2.05, 0.0), (1.98, 0.02), (1.9, -0.1), (-2.0, -0.1)], color)
    pen.rect(-1.7, 0.5, 1.2, 0.82, white)
    pen.rect(-1.4, 0.82, 0.7, 1.1, darker(white, 0.06))
    for px in (-0.9, -0.2):
        pen.rect(px, 1.1, px + 0.34, 1.55, color)
        pen.rect(px, 1.4, px + 0.34, 1.5, white)
    for row, count in ((0.64, 14), (0.94, 10)):
        for number in range(count):
            pen.circle(-1.5 + 0.19 * number, row, 0.045, _pane(shot))


def train(shot: Shot, pen: Pen, color: Color, *, cars: int = 4) -> None:
    """Draw an engine and its carriages, running to the right.

    1 is the height of an adult; a carriage is 1.5 high.
    """
    cream = shot.lit("f4ead2")
    for number in range(cars):
        left = 0.4 - 3.6 * (number + 1)
        _carriage(shot, pen, left, left + 3.45, color, cream)
    pen.poly(
        [(0.4, 0.28), (0.4, 1.62), (2.2, 1.62), (3.0, 1.2), (3.3, 0.6), (3.3, 0.28)],
        Grad(lighter(color, 0.1), darker(color, 0.18)),
    )
    pen.poly([(0.4, 0.62), (0.4, 0.84), (3.22, 0.84), (3.3, 0.62)], cream)
    pen.poly([(2.1, 1.48), (2.1, 1.06), (2.98, 1.06), (2.86, 1.2), (2.3, 1.48)], _pane(shot))
    for px in (0.7, 1.2, 1.7):
        pen.rect(px, 1.02, px + 0.32, 1.42, _pane(shot))
    for px in (0.8, 1.3, 2.3, 2.8):
        _wheel(shot, pen, px, 0.18, 0.19)
    pen.circle(3.2, 0.5, 0.08, ink("fff4c8"))
    pen.glow(3.25, 0.5, 1.1, shot.palette.lamp, 0.8 if shot.palette.dark else 0.25)


def _carriage(shot: Shot, pen: Pen, left: float, right: float, color: Color, cream: Color) -> None:
    pen.rect(left - 0.18, 0.36, left, 0.5, shot.lit("3a3c42"))
    pen.rect(left, 0.28, right, 1.62, Grad(lighter(color, 0.06), darker(color, 0.2)))
    pen.rect(left, 0.92, right, 1.46, cream)
    pen.rect(left - 0.04, 1.6, right + 0.04, 1.7, darker(color, 0.4))
    for number in range(6):
        px = left + 0.22 + 0.53 * number
        pen.rect(px, 1.0, px + 0.38, 1.4, _pane(shot))
    for px in (left + 0.5, left + 0.95, right - 0.95, right - 0.5):
        _wheel(shot, pen, px, 0.18, 0.19)


def car(shot: Shot, pen: Pen, color: Color) -> None:
    pen.poly([(-0.62, 0.48), (-0.45, 0.82), (0.3, 0.82), (0.62, 0.48)], darker(color, 0.1))
    pen.poly([(-0.5, 0.5), (-0.38, 0.75), (-0.06, 0.75), (-0.06, 0.5)], _pane(shot))
    pen.poly([(0.02, 0.5), (0.02, 0.75), (0.26, 0.75), (0.48, 0.5)], _pane(shot))
    pen.blob(
        [
            (-1.02, 0.2),
            (-1.02, 0.5),
            (-0.6, 0.54),
            (0.6, 0.54),
            (1.0, 0.46),
            (1.04, 0.2),
            (0.5, 0.15),
            (-0.5, 0.15),
        ],
        Grad(lighter(color, 0.12), darker(color, 0.2)),
    )
    for px in (-0.58, 0.6):
        _wheel(shot, pen, px, 0.19, 0.19)
    pen.ellipse(0.97, 0.38, 0.05, 0.06, ink("fff1c2"))
    pen.ellipse(-0.99, 0.38, 0.035, 0.06, ink("e8503f"))
    if shot.palette.dark:
        pen.glow(1.05, 0.38, 1.3, shot.palette.lamp, 0.6)


def bus(shot: Shot, pen: Pen, color: Color) -> None:
    cream = shot.lit("f6efdd")
    pen.rect(-1.55, 0.2, 1.55, 1.5, Grad(lighter(color, 0.08), darker(color, 0.15)))
    pen.rect(-1.55, 0.2, 1.55, 0.45, cream)
    pen.rect(-1.6, 1.46, 1.6, 1.55, darker(color, 0.3))
    for number in range(5):
        px = -1.42 + 0.48 * number
        pen.rect(px, 0.82, px + 0.4, 1.32, _pane(shot))
    pen.rect(1.02, 0.3, 1.44, 1.32, _pane(shot))
    for px in (-0.95, 0.85):
        _wheel(shot, pen, px, 0.22, 0.23)
    pen.circle(1.5, 0.52, 0.06, ink("fff1c2"))
    if shot.palette.dark:
        pen.glow(0, 1.0, 2.0, shot.palette.lamp, 0.3)


def bicycle(shot: Shot, pen: Pen, color: Color) -> None:
    tyre = shot.lit("33343a")
    for px in (-0.42, 0.42):
        circle = [
            (px + 0.29 * math.cos(a), 0.3 + 0.29 * math.sin(a))
            for a in [math.tau * n / 40 for n in range(41)]
        ]
        pen.line(circle, 0.032, tyre)
        for number in range(4):
            angle = math.pi * number / 4
            pen.line(
                [
                    (px - 0.27 * math.cos(angle), 0.3 - 0.27 * math.sin(angle)),
                    (px + 0.27 * math.cos(angle), 0.3 + 0.27 * math.sin(angle)),
                ],
                0.006,
                tyre,
                alpha=0.5,
            )
    for path in (
        [(-0.42, 0.3), (-0.16, 0.68), (0.3, 0.68), (-0.02, 0.3), (-0.42, 0.3)],
        [(-0.02, 0.3), (-0.19, 0.76)],
        [(0.42, 0.3), (0.27, 0.82)],
    ):
        pen.line(path, 0.034, color)
    pen.line([(-0.28, 0.78), (-0.1, 0.78)], 0.05, tyre)
    pen.line([(0.2, 0.84), (0.27, 0.84), (0.34, 0.79)], 0.03, tyre)
    pen.poly([(0.3, 0.56), (0.54, 0.56), (0.5, 0.74), (0.3, 0.74)], shot.lit("b98a5a"))


def robot(shot: Shot, pen: Pen, color: Color) -> None:
    steel = mix(shot.lit("d5dde2"), color, 0.12)
    dark = shot.lit("4a5560")
    for side in (-1, 1):
        pen.line([(side * 0.1, 0.3), (side * 0.1, 0.06)], 0.07, dark)
        pen.blob(
            [
                (side * 0.1 - 0.09, 0),
                (side * 0.1 - 0.08, 0.09),
                (side * 0.1 + 0.08, 0.09),
                (side * 0.1 + 0.09, 0),
            ],
            steel,
        )
        pen.curve(
            [(side * 0.2, 0.58), (side * 0.31, 0.5), (side * 0.3, 0.36), (side * 0.27, 0.32)],
            (0.06, 0.05),
            dark,
        )
        pen.circle(side * 0.275, 0.31, 0.05, steel)
    pen.blob(
        [
            (-0.21, 0.28),
            (-0.23, 0.62),
            (-0.12, 0.68),
            (0.12, 0.68),
            (0.23, 0.62),
            (0.21, 0.28),
            (0.1, 0.24),
            (-0.1, 0.24),
        ],
        Grad(lighter(steel, 0.15), darker(steel, 0.2)),
    )
    pen.blob([(-0.11, 0.36), (-0.11, 0.54), (0.11, 0.54), (0.11, 0.36)], darker(steel, 0.28))
    pen.circle(0.0, 0.46, 0.05, color)
    pen.line([(0, 0.68), (0, 0.75)], 0.09, dark)
    pen.blob(
        [
            (-0.24, 0.74),
            (-0.26, 0.98),
            (-0.12, 1.06),
            (0.12, 1.06),
            (0.26, 0.98),
            (0.24, 0.74),
            (0.1, 0.7),
            (-0.1, 0.7),
        ],
        Grad(lighter(steel, 0.2), darker(steel, 0.12)),
    )
    pen.blob([(-0.18, 0.79), (-0.19, 0.95), (0.19, 0.95), (0.18, 0.79)], shot.lit("233240"))
    for side in (-1, 1):
        pen.circle(side * 0.085, 0.875, 0.036, ink("8df5e6"))
        pen.glow(side * 0.085, 0.875, 0.16, ink("8df5e6"), 0.6)
    pen.line([(0.0, 1.05), (0.0, 1.18)], 0.02, dark)
    pen.circle(0.0, 1.2, 0.038, color)
    pen.glow(0.0, 1.2, 0.16, color, 0.5)


def astronaut(shot: Shot, pen: Pen, color: Color) -> None:
    suit = mix(shot.lit("f2f2f0"), ink("f2f2f0"), 0.35)
    shade = darker(suit, 0.2)
    pen.rect(-0.2, 0.4, 0.2, 0.76, darker(suit, 0.35))
    for side in (-1, 1):
        pen.line(
            [(side * 0.075, 0.44), (side * 0.09, 0.22), (side * 0.1, 0.06)],
            (0.14, 0.12),
            shade if side < 0 else suit,
        )
        pen.line([(side * 0.1, 0.03), (side * 0.1 + 0.04, 0.03)], 0.09, darker(suit, 0.35))
        pen.line(
            [(side * 0.15, 0.72), (side * 0.25, 0.57), (side * 0.26, 0.44)], (0.12, 0.1), shade
        )
    pen.blob(
        [(-0.17, 0.38), (-0.18, 0.76), (0.0, 0.82), (0.18, 0.76), (0.17, 0.38)],
        Grad(lighter(suit, 0.1), shade),
    )
    pen.rect(-0.09, 0.54, 0.09, 0.66, darker(suit, 0.3))
    pen.circle(-0.04, 0.6, 0.022, color)
    pen.circle(0.04, 0.6, 0.022, shot.palette.accent_2)
    pen.ellipse(0, 0.95, 0.175, 0.165, Grad(lighter(suit, 0.2), shade))
    pen.blob(
        [(-0.1, 0.88), (-0.12, 1.0), (0.0, 1.06), (0.14, 1.0), (0.13, 0.88), (0.02, 0.84)],
        Grad(mix(ink("2b3c66"), shot.palette.sky[-1], 0.3), ink("141a33")),
    )
    pen.ellipse(0.06, 1.0, 0.03, 0.014, ink("ffffff"), slot=25, alpha=0.8)


def rocket(shot: Shot, pen: Pen, color: Color, *, flame: bool = True) -> None:
    white = mix(shot.lit("f4f2ec"), ink("f4f2ec"), 0.3)
    if flame:
        pen.glow(0, -0.2, 1.3, ink("ffb04a"), 0.85)
        pen.blob(
            [(-0.14, 0.04), (-0.16, -0.3), (0, -0.72), (0.16, -0.3), (0.14, 0.04)], ink("ff8a3a")
        )
        pen.blob(
            [(-0.08, 0.04), (-0.09, -0.2), (0, -0.46), (0.09, -0.2), (0.08, 0.04)], ink("ffe9a0")
        )
    for side in (-1, 1):
        pen.poly(
            [(side * 0.16, 0.5), (side * 0.44, 0.12), (side * 0.42, -0.04), (side * 0.14, 0.1)],
            Grad(color, darker(color, 0.25)),
        )
    pen.blob(
        [
            (-0.17, 0.0),
            (-0.24, 0.5),
            (-0.18, 1.05),
            (0.0, 1.5),
            (0.18, 1.05),
            (0.24, 0.5),
            (0.17, 0.0),
        ],
        Grad(lighter(white, 0.1), darker(white, 0.22), across=True),
    )
    pen.blob(
        [(-0.165, 1.08), (-0.1, 1.3), (0.0, 1.5), (0.1, 1.3), (0.165, 1.08), (0.0, 1.04)], color
    )
    pen.circle(0, 0.8, 0.11, darker(white, 0.4))
    pen.circle(0, 0.8, 0.08, mix(ink("8fd4ea"), ink("ffffff"), 0.15))
    pen.rect(-0.14, -0.02, 0.14, 0.06, darker(white, 0.5))


def airplane(shot: Shot, pen: Pen, color: Color) -> None:
    white = shot.lit("f6f4ee")
    pen.poly([(-0.2, 0.02), (-0.72, 0.42), (-0.5, 0.44), (0.2, 0.06)], darker(white, 0.15))
    pen.poly([(-0.86, 0.02), (-1.05, 0.4), (-0.88, 0.4), (-0.62, 0.06)], color)
    pen.blob(
        [(-1.0, 0.02), (-0.6, 0.12), (0.6, 0.13), (1.0, 0.0), (0.6, -0.12), (-0.6, -0.08)],
        Grad(lighter(white, 0.2), darker(white, 0.16)),
    )
    pen.poly([(0.1, -0.02), (-0.55, -0.44), (-0.28, -0.46), (0.36, -0.03)], darker(white, 0.1))
    for number in range(8):
        pen.circle(-0.45 + 0.13 * number, 0.04, 0.022, _pane(shot))


def hot_air_balloon(shot: Shot, pen: Pen, color: Color, other: Color) -> None:
    """Draw a hot air balloon; (0, 0) is the bottom of the basket."""
    gores = (color, other, shot.lit("f8efdc"), color, other)
    edges = (-1.0, -0.62, -0.22, 0.22, 0.62, 1.0)
    for number, tone in enumerate(gores):
        left, right = edges[number], edges[number + 1]
        outline = [
            (left * half, y)
            for y, half in (
                (0.55, 0.16),
                (0.8, 0.42),
                (1.15, 0.62),
                (1.5, 0.56),
                (1.75, 0.3),
                (1.84, 0.0),
            )
        ]
        outline += [
            (right * half, y)
            for y, half in (
                (1.84, 0.0),
                (1.75, 0.3),
                (1.5, 0.56),
                (1.15, 0.62),
                (0.8, 0.42),
                (0.55, 0.16),
            )
        ]
        pen.poly(outline, Grad(lighter(tone, 0.14), darker(tone, 0.12 + 0.05 * number)))
    for side in (-1, 1):
        pen.line([(side * 0.15, 0.55), (side * 0.1, 0.2)], 0.012, shot.lit("6a5040"))
    pen.poly([(-0.12, 0.22), (0.12, 0.22), (0.09, 0.0), (-0.09, 0.0)], shot.lit("9a6a42"))


def bench(shot: Shot, pen: Pen, color: Color) -> None:
    wood, iron = shot.lit("a06a42"), shot.lit("3a3d42")
    for px in (-0.55, 0.55):
        pen.line([(px, 0.0), (px, 0.3), (px - 0.02, 0.62)], 0.035, iron)
    for level in (0.28, 0.42, 0.52, 0.62):
        pen.rect(-0.68, level - 0.03, 0.68, level + 0.03, lighter(wood, 0.1 * (level > 0.3)))


def tent(shot: Shot, pen: Pen, color: Color) -> None:
    pen.poly([(-0.9, 0.0), (0.0, 0.95), (0.9, 0.0)], Grad(lighter(color, 0.1), darker(color, 0.2)))
    pen.poly([(0.0, 0.95), (0.9, 0.0), (0.35, 0.0)], darker(color, 0.22))
    inside = lighter(shot.palette.lamp, 0.2) if shot.palette.dark else darker(color, 0.55)
    pen.poly([(-0.28, 0.0), (0.0, 0.62), (0.2, 0.0)], inside)
    pen.poly([(-0.28, 0.0), (0.0, 0.62), (-0.12, 0.0)], lighter(color, 0.25))
    if shot.palette.dark:
        pen.glow(0.0, 0.3, 1.3, shot.palette.lamp, 0.6)


def campfire(shot: Shot, pen: Pen, color: Color) -> None:
    for slot in (-1, 1):
        pen.line([(-0.24 * slot, 0.02), (0.24 * slot, 0.12)], 0.08, shot.lit("5a3a2c"))
    pen.glow(0, 0.3, 2.6, ink("ff9a3f"), 0.75)
    pen.blob(
        [
            (-0.2, 0.06),
            (-0.22, 0.3),
            (-0.06, 0.42),
            (-0.02, 0.72),
            (0.12, 0.46),
            (0.22, 0.32),
            (0.2, 0.06),
        ],
        ink("ff7a2f"),
    )
    pen.blob([(-0.12, 0.06), (-0.12, 0.24), (0.0, 0.5), (0.12, 0.26), (0.12, 0.06)], ink("ffc24a"))
    pen.blob(
        [(-0.06, 0.06), (-0.05, 0.16), (0.01, 0.28), (0.06, 0.16), (0.06, 0.06)], ink("fff2b8")
    )


def snowman(shot: Shot, pen: Pen, color: Color) -> None:
    white = mix(shot.lit("fbfcff"), ink("fbfcff"), 0.2)
    for y, radius in ((0.26, 0.3), (0.64, 0.22), (0.95, 0.16)):
        pen.ellipse(0, y, radius, radius * 0.95, Grad(white, darker(white, 0.16)))
    pen.line([(-0.17, 0.8), (0, 0.77), (0.17, 0.8)], 0.08, color)
    pen.line([(0.1, 0.78), (0.14, 0.58)], 0.07, color)
    for side in (-1, 1):
        pen.circle(side * 0.055, 1.0, 0.02, ink("2a2a30"))
        pen.line([(side * 0.2, 0.66), (side * 0.46, 0.86)], (0.03, 0.014), shot.lit("5a4032"))
    pen.poly([(0.0, 0.965), (0.2, 0.935), (0.0, 0.925)], ink("f0883a"))
    pen.rect(-0.19, 1.07, 0.19, 1.1, shot.lit("33343c"))
    pen.rect(-0.12, 1.1, 0.12, 1.28, shot.lit("33343c"))


def windmill(shot: Shot, pen: Pen, color: Color, dice: Dice) -> None:
    wall, wood = shot.lit("f0e6d2"), shot.lit("7a5a44")
    pen.poly(
        [(-0.42, 0), (0.42, 0), (0.26, 1.5), (-0.26, 1.5)],
        Grad(wall, darker(wall, 0.2), across=True),
    )
    pen.blob([(-0.3, 1.48), (-0.2, 1.78), (0.2, 1.78), (0.3, 1.48)], color)
    start = dice.between(10, 40)
    for number in range(4):
        angle = math.radians(start + 90 * number)
        cos, sin = math.cos(angle), math.sin(angle)
        pen.line([(0, 1.55), (1.12 * cos, 1.55 + 1.12 * sin)], 0.035, wood)
        blade = [(0.25, 0.02), (1.1, 0.02), (1.1, 0.24), (0.25, 0.2)]
        pen.poly(
            [(px * cos - py * sin, 1.55 + px * sin + py * cos) for px, py in blade],
            shot.lit("fbf6ea"),
            alpha=0.92,
        )
    pen.circle(0, 1.55, 0.06, wood)
    pen.rect(-0.1, 0, 0.1, 0.34, wood)
    pen.rect(-0.07, 0.75, 0.07, 0.95, _pane(shot))


def turbine(shot: Shot, pen: Pen, color: Color, dice: Dice) -> None:
    white = shot.lit("f4f6f6")
    pen.line([(0, 0), (0, 3.0)], (0.12, 0.06), white)
    start = dice.between(0, 120)
    for number in range(3):
        angle = math.radians(start + 120 * number)
        pen.line(
            [
                (0, 3.0),
                (0.6 * math.cos(angle), 3.0 + 0.6 * math.sin(angle)),
                (1.3 * math.cos(angle), 3.0 + 1.3 * math.sin(angle)),
            ],
            (0.09, 0.02),
            white,
        )


def mailbox(shot: Shot, pen: Pen, color: Color) -> None:
    red = mix(shot.lit("d5483c"), ink("d5483c"), 0.2)
    pen.rect(-0.035, 0, 0.035, 0.5, shot.lit("6b4b3a"))
    pen.blob(
        [(-0.24, 0.46), (-0.26, 0.74), (-0.14, 0.88), (0.14, 0.88), (0.26, 0.74), (0.24, 0.46)],
        Grad(lighter(red, 0.12), darker(red, 0.2)),
    )
    pen.rect(-0.14, 0.66, 0.14, 0.705, darker(red, 0.6))
    pen.poly([(-0.1, 0.69), (0.12, 0.7), (0.1, 0.8), (-0.08, 0.79)], shot.lit("fdf8ec"))


def swing(shot: Shot, pen: Pen, color: Color) -> None:
    iron = shot.lit("c4574a")
    for side in (-1, 1):
        pen.line([(side * 0.95, 0), (side * 0.75, 1.65)], 0.06, iron)
        pen.line([(side * 0.24, 1.62), (side * 0.2, 0.42)], 0.014, shot.lit("4a4a50"))
    pen.line([(-0.8, 1.64), (0.8, 1.64)], 0.06, iron)
    pen.rect(-0.27, 0.38, 0.27, 0.44, shot.lit("8a5a3c"))


def telescope(shot: Shot, pen: Pen, color: Color) -> None:
    metal = shot.lit("4a5568")
    for px in (-0.3, 0.0, 0.3):
        pen.line([(0, 0.6), (px, 0.0)], 0.035, shot.lit("7a5a44"))
    pen.line([(-0.38, 0.42), (0.0, 0.68), (0.5, 1.02)], (0.09, 0.16), metal)
    pen.line([(0.4, 0.95), (0.5, 1.02)], 0.18, shot.palette.lit(shot.palette.accent_2))


def ufo(shot: Shot, pen: Pen, color: Color) -> None:
    pen.poly([(-0.25, 0.0), (0.25, 0.0), (0.8, -1.8), (-0.8, -1.8)], ink("bff8e0"), alpha=0.22)
    pen.ellipse(0, 0.16, 0.36, 0.26, mix(ink("a8eadf"), ink("ffffff"), 0.2))
    pen.ellipse(0, 0.05, 0.85, 0.17, Grad(lighter(shot.lit("aab4c4"), 0.3), shot.lit("5a6478")))
    for number in range(5):
        pen.circle(-0.56 + 0.28 * number, 0.02, 0.045, ink("ffe08a"))
        pen.glow(-0.56 + 0.28 * number, 0.02, 0.2, ink("ffe08a"), 0.6)


def satellite(shot: Shot, pen: Pen, color: Color) -> None:
    panel = mix(shot.lit("4f74c0"), ink("4f74c0"), 0.4)
    for side in (-1, 1):
        pen.rect(
            side * 0.25, -0.18, side * 1.05, 0.18, Grad(lighter(panel, 0.15), darker(panel, 0.2))
        )
        for number in range(1, 4):
            pen.line(
                [(side * (0.25 + 0.2 * number), -0.18), (side * (0.25 + 0.2 * number), 0.18)],
                0.012,
                lighter(panel, 0.5),
            )
    pen.rect(-0.22, -0.22, 0.22, 0.22, Grad(ink("e9d9a8"), ink("a8905a")))
    pen.ellipse(0.0, 0.36, 0.2, 0.1, ink("e9edf0"))
