"""Animals, each a few shapes.

`draw(shot, x, y, tall, flip)` draws one standing at (x, y); 1 is the height of an adult.
"""

import math
from collections.abc import Callable

from providers.backends.local.illustrator.canvas import Grad, Pen
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot

type Draw = Callable[[Shot, Pen, Color], None]


def _eye(pen: Pen, x: float, y: float, size: float) -> None:
    pen.circle(x, y, size, ink("2a2426"))
    pen.circle(x + size * 0.3, y + size * 0.35, size * 0.35, ink("ffffff"))


def cat(shot: Shot, pen: Pen, fur: Color) -> None:
    """Sitting, seen from the side."""
    dark = darker(fur, 0.22)
    pen.curve(
        [(-0.08, 0.03), (-0.2, 0.03), (-0.26, 0.09), (-0.24, 0.18), (-0.19, 0.22)],
        (0.045, 0.03),
        dark,
    )
    pen.blob(
        [
            (-0.14, 0.0),
            (-0.15, 0.12),
            (-0.08, 0.24),
            (0.02, 0.3),
            (0.1, 0.24),
            (0.1, 0.1),
            (0.11, 0.0),
        ],
        Grad(lighter(fur, 0.06), dark),
    )
    pen.line([(0.06, 0.2), (0.075, 0.1), (0.085, 0.015)], (0.06, 0.04), fur)
    pen.ellipse(0.06, 0.34, 0.095, 0.082, fur)
    pen.poly([(-0.025, 0.37), (-0.035, 0.47), (0.045, 0.41)], fur)
    pen.poly([(0.075, 0.41), (0.14, 0.47), (0.145, 0.37)], fur)
    pen.poly([(-0.015, 0.39), (-0.022, 0.44), (0.02, 0.41)], mix(fur, ink("f0a0a0"), 0.5))
    pen.ellipse(0.1, 0.315, 0.04, 0.028, lighter(fur, 0.45))
    _eye(pen, 0.09, 0.352, 0.013)
    pen.circle(0.125, 0.325, 0.009, ink("c96a6a"))
    for drop in (0.0, 0.015):
        pen.line(
            [(0.1, 0.315 - drop), (0.19, 0.32 - drop * 2)], 0.004, lighter(fur, 0.6), alpha=0.7
        )


def dog(shot: Shot, pen: Pen, fur: Color) -> None:
    dark = darker(fur, 0.25)
    pen.curve([(-0.22, 0.25), (-0.31, 0.32), (-0.31, 0.42), (-0.26, 0.45)], (0.05, 0.03), fur)
    for px in (-0.17, 0.13):
        pen.line([(px + 0.03, 0.2), (px + 0.03, 0.02)], (0.06, 0.045), dark)
    pen.blob(
        [
            (-0.25, 0.16),
            (-0.23, 0.29),
            (-0.05, 0.3),
            (0.12, 0.33),
            (0.2, 0.3),
            (0.18, 0.17),
            (0.0, 0.14),
        ],
        Grad(lighter(fur, 0.08), dark),
    )
    for px in (-0.2, 0.12):
        pen.line([(px, 0.22), (px, 0.02)], (0.07, 0.05), fur)
    pen.ellipse(0.23, 0.41, 0.1, 0.088, fur)
    pen.ellipse(0.31, 0.375, 0.062, 0.045, lighter(fur, 0.4))
    pen.circle(0.362, 0.388, 0.018, ink("2a2426"))
    pen.blob([(0.15, 0.47), (0.1, 0.42), (0.11, 0.31), (0.17, 0.32), (0.2, 0.43)], dark)
    _eye(pen, 0.262, 0.425, 0.014)
    pen.line([(0.15, 0.31), (0.24, 0.315)], 0.028, shot.palette.lit(shot.palette.accent))


def fox(shot: Shot, pen: Pen, fur: Color) -> None:
    pen.blob([(-0.2, 0.2), (-0.42, 0.14), (-0.52, 0.24), (-0.42, 0.34), (-0.2, 0.28)], fur)
    pen.blob([(-0.46, 0.16), (-0.56, 0.24), (-0.47, 0.32), (-0.42, 0.24)], lighter(fur, 0.75))
    for px in (-0.16, 0.13):
        pen.line([(px, 0.2), (px, 0.02)], (0.05, 0.034), darker(fur, 0.55))
    pen.blob(
        [(-0.24, 0.17), (-0.22, 0.28), (0.0, 0.29), (0.16, 0.33), (0.2, 0.24), (0.1, 0.16)],
        Grad(lighter(fur, 0.08), darker(fur, 0.18)),
    )
    pen.poly([(0.12, 0.42), (0.1, 0.54), (0.19, 0.47)], fur)
    pen.poly([(0.2, 0.47), (0.25, 0.54), (0.27, 0.43)], darker(fur, 0.15))
    pen.blob(
        [(0.1, 0.42), (0.14, 0.32), (0.25, 0.31), (0.39, 0.35), (0.28, 0.43), (0.2, 0.48)], fur
    )
    pen.blob([(0.17, 0.33), (0.24, 0.31), (0.38, 0.35), (0.27, 0.37)], lighter(fur, 0.75))
    pen.circle(0.385, 0.352, 0.014, ink("2a2426"))
    _eye(pen, 0.26, 0.4, 0.012)


def rabbit(shot: Shot, pen: Pen, fur: Color) -> None:
    pen.circle(-0.15, 0.09, 0.045, lighter(fur, 0.5))
    pen.blob(
        [(-0.15, 0.0), (-0.17, 0.12), (-0.08, 0.22), (0.04, 0.22), (0.1, 0.1), (0.1, 0.0)],
        Grad(lighter(fur, 0.08), darker(fur, 0.14)),
    )
    pen.ellipse(0.03, 0.46, 0.028, 0.12, darker(fur, 0.1), slot=8)
    pen.ellipse(0.09, 0.46, 0.028, 0.12, fur, slot=-8)
    pen.ellipse(0.092, 0.46, 0.013, 0.085, ink("f2b5b5"), slot=-8, alpha=0.8)
    pen.ellipse(0.07, 0.29, 0.088, 0.08, fur)
    _eye(pen, 0.1, 0.305, 0.013)
    pen.circle(0.15, 0.28, 0.01, ink("d98080"))
    pen.ellipse(0.07, 0.02, 0.06, 0.024, lighter(fur, 0.15))


def bear(shot: Shot, pen: Pen, fur: Color) -> None:
    pen.blob(
        [
            (-0.26, 0.0),
            (-0.28, 0.22),
            (-0.2, 0.42),
            (0.0, 0.5),
            (0.2, 0.42),
            (0.28, 0.22),
            (0.26, 0.0),
        ],
        Grad(lighter(fur, 0.06), darker(fur, 0.2)),
    )
    pen.ellipse(0, 0.22, 0.14, 0.17, lighter(fur, 0.35))
    for side in (-1, 1):
        pen.ellipse(side * 0.2, 0.05, 0.1, 0.055, darker(fur, 0.12))
        pen.line(
            [(side * 0.2, 0.38), (side * 0.28, 0.27), (side * 0.2, 0.2)],
            (0.12, 0.1),
            darker(fur, 0.08),
        )
        pen.circle(side * 0.13, 0.72, 0.06, fur)
        pen.circle(side * 0.13, 0.72, 0.032, lighter(fur, 0.35))
    pen.ellipse(0, 0.6, 0.18, 0.155, fur)
    pen.ellipse(0, 0.55, 0.075, 0.058, lighter(fur, 0.45))
    pen.ellipse(0, 0.58, 0.026, 0.018, ink("2a2426"))
    for side in (-1, 1):
        _eye(pen, side * 0.07, 0.635, 0.014)


def deer(shot: Shot, pen: Pen, fur: Color) -> None:
    dark = darker(fur, 0.3)
    for px in (-0.2, 0.12):
        pen.line([(px + 0.04, 0.4), (px + 0.05, 0.2), (px + 0.04, 0.0)], (0.05, 0.024), dark)
    pen.blob(
        [(-0.28, 0.42), (-0.24, 0.54), (0.0, 0.53), (0.17, 0.58), (0.2, 0.44), (0.0, 0.36)],
        Grad(lighter(fur, 0.1), darker(fur, 0.12)),
    )
    for px in (-0.23, 0.12):
        pen.line([(px, 0.42), (px - 0.01, 0.2), (px, 0.0)], (0.065, 0.028), fur)
    pen.poly([(0.08, 0.52), (0.2, 0.78), (0.28, 0.76), (0.2, 0.44)], fur)
    pen.blob([(0.18, 0.82), (0.2, 0.74), (0.3, 0.7), (0.41, 0.71), (0.38, 0.78), (0.27, 0.85)], fur)
    pen.ellipse(0.15, 0.84, 0.055, 0.022, darker(fur, 0.1), slot=155)
    for side in (0.0, 0.06):
        pen.curve(
            [
                (0.22 + side, 0.84),
                (0.16 + side * 2, 0.95),
                (0.2 + side * 2, 1.06),
                (0.16 + side * 3, 1.14),
            ],
            (0.024, 0.01),
            lighter(dark, 0.2),
        )
        pen.line(
            [(0.18 + side * 2, 0.98), (0.27 + side * 2, 1.04)], (0.018, 0.008), lighter(dark, 0.2)
        )
    _eye(pen, 0.29, 0.79, 0.012)
    pen.circle(-0.27, 0.5, 0.035, lighter(fur, 0.6))


def horse(shot: Shot, pen: Pen, fur: Color) -> None:
    mane = darker(fur, 0.5)
    pen.curve([(-0.34, 0.62), (-0.46, 0.52), (-0.45, 0.3)], (0.09, 0.03), mane)
    for px in (-0.22, 0.2):
        pen.line(
            [(px + 0.05, 0.5), (px + 0.07, 0.25), (px + 0.05, 0.02)], (0.08, 0.04), darker(fur, 0.3)
        )
    pen.blob(
        [
            (-0.38, 0.5),
            (-0.34, 0.68),
            (0.0, 0.66),
            (0.22, 0.7),
            (0.3, 0.55),
            (0.1, 0.44),
            (-0.2, 0.42),
        ],
        Grad(lighter(fur, 0.1), darker(fur, 0.15)),
    )
    for px in (-0.28, 0.22):
        pen.line([(px, 0.52), (px - 0.01, 0.26), (px, 0.02)], (0.1, 0.045), fur)
        pen.rect(px - 0.03, 0.0, px + 0.035, 0.04, mane)
    pen.poly([(0.1, 0.64), (0.3, 0.98), (0.42, 0.95), (0.3, 0.54)], fur)
    pen.blob([(0.28, 1.03), (0.3, 0.92), (0.46, 0.8), (0.57, 0.8), (0.56, 0.88), (0.42, 1.03)], fur)
    pen.poly([(0.31, 1.0), (0.31, 1.11), (0.38, 1.03)], fur)
    pen.curve([(0.3, 1.04), (0.18, 0.92), (0.12, 0.74), (0.06, 0.66)], (0.09, 0.06), mane)
    _eye(pen, 0.42, 0.955, 0.014)


def owl(shot: Shot, pen: Pen, fur: Color) -> None:
    pen.blob(
        [(-0.13, 0.0), (-0.16, 0.2), (-0.12, 0.36), (0.12, 0.36), (0.16, 0.2), (0.13, 0.0)],
        Grad(lighter(fur, 0.1), darker(fur, 0.2)),
    )
    pen.poly([(-0.13, 0.33), (-0.14, 0.44), (-0.04, 0.36)], fur)
    pen.poly([(0.13, 0.33), (0.14, 0.44), (0.04, 0.36)], fur)
    for side in (-1, 1):
        pen.circle(side * 0.062, 0.3, 0.062, lighter(fur, 0.5))
        pen.circle(side * 0.062, 0.3, 0.036, ink("f6c445"))
        pen.circle(side * 0.062, 0.3, 0.02, ink("241f22"))
        pen.blob(
            [(side * 0.1, 0.03), (side * 0.17, 0.1), (side * 0.15, 0.24), (side * 0.09, 0.2)],
            darker(fur, 0.3),
        )
    pen.poly([(-0.02, 0.275), (0.02, 0.275), (0, 0.235)], ink("e8a03a"))


def whale(shot: Shot, pen: Pen, skin: Color) -> None:
    """A whale, leaping or swimming, 2 units long; (0, 0) is its middle."""
    belly = lighter(mix(skin, ink("e8f0f2"), 0.65), 0.1)
    body = [
        (-0.95, 0.18),
        (-0.6, 0.05),
        (-0.2, -0.2),
        (0.35, -0.26),
        (0.85, -0.12),
        (1.0, 0.06),
        (0.9, 0.22),
        (0.5, 0.34),
        (0.0, 0.32),
        (-0.5, 0.22),
    ]
    pen.blob(
        [
            (-0.85, 0.14),
            (-1.15, 0.42),
            (-1.3, 0.4),
            (-1.12, 0.24),
            (-1.34, 0.12),
            (-1.2, 0.04),
            (-0.8, 0.1),
        ],
        darker(skin, 0.12),
    )
    pen.blob(body, Grad(lighter(skin, 0.14), darker(skin, 0.12)))
    pen.blob(
        [(-0.3, -0.14), (0.3, -0.255), (0.82, -0.13), (0.97, 0.02), (0.5, -0.06), (0.1, -0.06)],
        belly,
    )
    for number in range(6):
        part = number / 6
        pen.line(
            [(0.86 - 0.1 * number, -0.09 - 0.02 * part), (0.5 - 0.12 * number, -0.2 + 0.03 * part)],
            0.008,
            darker(belly, 0.18),
            alpha=0.7,
        )
    pen.blob([(0.25, -0.12), (0.05, -0.42), (-0.1, -0.44), (0.02, -0.18)], darker(skin, 0.16))
    _eye(pen, 0.72, 0.03, 0.022)


def fish(shot: Shot, pen: Pen, skin: Color) -> None:
    pen.poly([(-0.3, 0.0), (-0.52, 0.17), (-0.46, 0.0), (-0.52, -0.17)], darker(skin, 0.14))
    pen.blob([(-0.05, 0.15), (0.05, 0.3), (-0.2, 0.24)], darker(skin, 0.2))
    pen.blob(
        [(-0.36, 0.0), (-0.1, 0.18), (0.2, 0.17), (0.42, 0.0), (0.2, -0.17), (-0.1, -0.18)],
        Grad(lighter(skin, 0.14), darker(skin, 0.1)),
    )
    pen.line([(0.14, 0.15), (0.1, 0.0), (0.14, -0.15)], 0.04, lighter(skin, 0.65), alpha=0.8)
    _eye(pen, 0.27, 0.04, 0.03)


def butterfly(shot: Shot, pen: Pen, wing: Color) -> None:
    for side in (-1, 1):
        pen.blob([(0, 0.0), (side * 0.2, 0.42), (side * 0.5, 0.4), (side * 0.42, 0.05)], wing)
        pen.blob(
            [(0, 0.0), (side * 0.36, -0.05), (side * 0.36, -0.32), (side * 0.1, -0.3)],
            darker(wing, 0.14),
        )
        pen.circle(side * 0.33, 0.26, 0.06, lighter(wing, 0.6))
    pen.line([(0, -0.22), (0, 0.2)], 0.06, ink("2f2a2e"))


def bird(shot: Shot, pen: Pen, feather: Color) -> None:
    """Perched, seen from the side."""
    pen.poly([(-0.3, 0.1), (-0.62, 0.02), (-0.58, 0.1), (-0.28, 0.24)], darker(feather, 0.25))
    pen.blob(
        [(-0.38, 0.1), (-0.3, 0.36), (0.0, 0.52), (0.26, 0.44), (0.24, 0.16), (0.0, 0.02)],
        Grad(lighter(feather, 0.1), darker(feather, 0.1)),
    )
    pen.blob([(-0.42, 0.14), (-0.28, 0.36), (0.06, 0.3), (-0.1, 0.14)], darker(feather, 0.3))
    pen.circle(0.24, 0.54, 0.18, feather)
    pen.poly([(0.39, 0.58), (0.56, 0.53), (0.39, 0.48)], ink("f0a63a"))
    _eye(pen, 0.3, 0.58, 0.03)
    for px in (-0.03, 0.08):
        pen.line([(px, 0.06), (px, -0.1)], 0.025, ink("c98a3a"))


def gull_wings(shot: Shot, x: float, y: float, size: float, dice: Dice, color: Color) -> None:
    """A flying bird, far away: two arched strokes."""
    beat = dice.between(-0.25, 0.45)
    bank = dice.between(-12, 12)
    pen = Pen(shot.canvas, x, y, size, flip=dice.chance(0.5), slot=bank)
    pen.poly(
        [
            (-1.0, beat * 0.6),
            (-0.55, 0.3 + beat * 0.5),
            (-0.12, 0.06),
            (0.0, 0.0),
            (0.12, 0.06),
            (0.55, 0.3 + beat * 0.5),
            (1.0, beat * 0.6),
            (0.52, 0.17 + beat * 0.4),
            (0.16, -0.06),
            (0.03, -0.14),
            (-0.1, -0.07),
            (-0.52, 0.17 + beat * 0.4),
        ],
        color,
    )


def flock(shot: Shot, x: float, y: float, size: float, dice: Dice, *, count: int = 7) -> None:
    color = (
        mix(shot.palette.shade, shot.palette.haze, 0.25)
        if not shot.palette.dark
        else mix(shot.palette.shade, shot.palette.haze, 0.15)
    )
    for number in range(count):
        angle = number * 2.4
        far = shot.unit * 0.045 * math.sqrt(number)
        gull_wings(
            shot,
            x + far * math.cos(angle) * 1.8,
            y + far * math.sin(angle),
            size * dice.between(0.65, 1.05),
            dice,
            color,
        )


DRAW: dict[str, tuple[Draw, tuple[str, ...], float]] = {
    "cat": (cat, ("e09a4f", "8f8a8f", "33313a", "f1e4d0"), 0.62),
    "dog": (dog, ("c98d55", "f0e2cc", "8a5a3c", "d9b27c"), 0.72),
    "fox": (fox, ("dd6f35",), 0.85),
    "rabbit": (rabbit, ("efe6dc", "b99a80", "d9c7b4"), 0.62),
    "bear": (bear, ("7a5138", "8f6242", "e9e6e2"), 1.15),
    "deer": (deer, ("b07a4c",), 1.15),
    "horse": (horse, ("8a5638", "e9e2d8", "5a3f35"), 1.35),
    "owl": (owl, ("8a6a4f",), 0.7),
}
