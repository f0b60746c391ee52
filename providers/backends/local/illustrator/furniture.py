"""Furniture, which distinguishes one kind of room from another."""

import numpy as np

from providers.backends.local.illustrator import objects
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot


def indoor(shot: Shot, code: str) -> Color:
    """Return a colour as seen indoors: by lamplight after dark, warmer than outside."""
    color = ink(code)
    if not shot.palette.dark:
        return mix(shot.palette.lit(color), color, 0.3)
    return mix(color * np.array([0.62, 0.5, 0.46], np.float32), shot.palette.key, 0.2)


def lamp(shot: Shot, x: float, foot: float) -> None:
    """Draw a hanging lamp and its cone of light."""
    y = foot - shot.unit * 0.56
    shot.canvas.line([(x, -5), (x, y)], shot.unit * 0.005, shot.palette.shade)
    light = shot.palette.lamp
    shot.canvas.poly(
        [
            (x - shot.unit * 0.05, y),
            (x + shot.unit * 0.05, y),
            (x + shot.unit * 0.42, shot.h),
            (x - shot.unit * 0.42, shot.h),
        ],
        light,
        alpha=0.14,
        soft=shot.unit * 0.03,
        rough=0,
    )
    shot.canvas.poly(
        [
            (x - shot.unit * 0.03, y - shot.unit * 0.055),
            (x + shot.unit * 0.03, y - shot.unit * 0.055),
            (x + shot.unit * 0.095, y + shot.unit * 0.012),
            (x - shot.unit * 0.095, y + shot.unit * 0.012),
        ],
        indoor(shot, "d9694a"),
    )
    shot.canvas.ellipse(
        x, y + shot.unit * 0.014, shot.unit * 0.06, shot.unit * 0.014, lighter(light, 0.6)
    )
    shot.canvas.glow(x, y + shot.unit * 0.03, shot.unit * 0.95, light, 0.55)
    shot.canvas.glow(x, y + shot.unit * 0.02, shot.unit * 0.2, light, 0.7)


def _plant(shot: Shot, x: float, y: float, tall: float, dice: Dice) -> None:
    pot = indoor(shot, "c9744f")
    leaf = indoor(shot, "4f8a5c")
    for _leaf in range(11):
        lean, high = dice.between(-0.42, 0.42) * tall, tall * dice.between(0.6, 1.0)
        mid = (x + lean * 0.4, y - tall * 0.22 - high * 0.5)
        tip = (x + lean, y - tall * 0.2 - high * 0.85)
        shot.canvas.line([(x, y - tall * 0.22), mid, tip], tall * 0.018, darker(leaf, 0.2))
        shot.canvas.ellipse(
            *tip,
            tall * 0.12,
            tall * 0.055,
            mix(leaf, lighter(leaf, 0.3), dice.between(0, 1)),
            slot=dice.between(-50, 50) + (60 if lean > 0 else 120),
        )
    shot.canvas.poly(
        [
            (x - tall * 0.15, y - tall * 0.26),
            (x + tall * 0.15, y - tall * 0.26),
            (x + tall * 0.11, y),
            (x - tall * 0.11, y),
        ],
        Grad(lighter(pot, 0.1), darker(pot, 0.22), across=True),
    )


def _frames(shot: Shot, x: float, y: float, dice: Dice) -> None:
    """Draw pictures on the wall."""
    for dx, dy, wide, tall in (
        (0.0, 0.0, 0.12, 0.15),
        (0.15, 0.03, 0.09, 0.09),
        (0.15, -0.09, 0.09, 0.07),
    ):
        a, b = x + dx * shot.unit, y + dy * shot.unit
        shot.canvas.rect(a, b, a + wide * shot.unit, b + tall * shot.unit, indoor(shot, "7a5a44"))
        m = shot.unit * 0.009
        shot.canvas.rect(
            a + m,
            b + m,
            a + wide * shot.unit - m,
            b + tall * shot.unit - m,
            Grad(
                indoor(shot, dice.pick(("bfd8e0", "f2d7a4", "e8b7a0"))),
                indoor(shot, dice.pick(("7fae8a", "c98f6a", "6f8aa8"))),
            ),
        )


def _living(shot: Shot, dice: Dice, foot: float) -> None:
    x = shot.x(0.16)
    _frames(shot, x - shot.unit * 0.1, foot - shot.unit * 0.56, dice)
    sofa = indoor(shot, dice.pick(("5f8a8a", "c9785a", "6f7fa8", "a8894f")))
    wide = shot.unit * 0.5
    y = foot + shot.unit * 0.06
    shot.canvas.blob(
        [
            (x - wide / 2, y - shot.unit * 0.06),
            (x - wide / 2, y - shot.unit * 0.25),
            (x + wide / 2, y - shot.unit * 0.25),
            (x + wide / 2, y - shot.unit * 0.06),
        ],
        darker(sofa, 0.12),
    )
    shot.canvas.rect(
        x - wide * 0.45,
        y - shot.unit * 0.13,
        x + wide * 0.45,
        y - shot.unit * 0.02,
        Grad(lighter(sofa, 0.1), darker(sofa, 0.12)),
    )
    for part in (-0.48, 0.48):
        shot.canvas.ellipse(
            x + wide * part,
            y - shot.unit * 0.085,
            shot.unit * 0.042,
            shot.unit * 0.08,
            lighter(sofa, 0.06),
        )
    shot.canvas.poly(
        [
            (x - wide * 0.3, y - shot.unit * 0.13),
            (x - wide * 0.1, y - shot.unit * 0.12),
            (x - wide * 0.13, y - shot.unit * 0.22),
            (x - wide * 0.31, y - shot.unit * 0.21),
        ],
        shot.palette.lit(shot.palette.accent_2),
    )
    rug = mix(indoor(shot, "e9d7bc"), shot.palette.lit(shot.palette.accent), 0.35)
    shot.canvas.ellipse(shot.x(0.55), shot.h * 0.92, shot.unit * 0.5, shot.unit * 0.085, rug)
    shot.canvas.ellipse(
        shot.x(0.55), shot.h * 0.92, shot.unit * 0.42, shot.unit * 0.066, lighter(rug, 0.2)
    )
    _plant(shot, shot.x(0.97), foot + shot.unit * 0.09, shot.unit * 0.36, dice)


def _library(shot: Shot, dice: Dice, foot: float) -> None:
    case = indoor(shot, "6b4632")
    for left_share, right_share in ((-0.02, 0.46), (0.93, 1.06)):
        a, b = sorted((shot.x(left_share), shot.x(right_share)))
        top = foot - shot.unit * 0.86
        shot.canvas.rect(a, top, b, foot + shot.unit * 0.02, darker(case, 0.35))
        shelves = max(3, int((foot - top) / (shot.unit * 0.155)))
        for shelf in range(shelves):
            y = foot - (foot - top) * shelf / shelves
            high = (foot - top) / shelves
            x = a + shot.unit * 0.015
            while x < b - shot.unit * 0.03:
                wide = shot.unit * dice.between(0.012, 0.03)
                tone = indoor(
                    shot,
                    dice.pick(
                        (
                            "b5473c",
                            "3f6f8a",
                            "d9a441",
                            "5f8a5f",
                            "7a4f7a",
                            "e3d3b3",
                            "394a63",
                            "c9784a",
                        )
                    ),
                )
                tall = high * dice.between(0.62, 0.86)
                if dice.chance(0.93):
                    shot.canvas.rect(
                        x,
                        y - tall,
                        min(x + wide, b),
                        y - shot.unit * 0.008,
                        Grad(lighter(tone, 0.08), darker(tone, 0.18)),
                        rough=0,
                    )
                    shot.canvas.rect(
                        x,
                        y - tall * 0.8,
                        min(x + wide, b),
                        y - tall * 0.74,
                        lighter(tone, 0.4),
                        alpha=0.6,
                        rough=0,
                    )
                x += wide * 1.06
            shot.canvas.rect(a, y - shot.unit * 0.009, b, y + shot.unit * 0.006, case)
        for x in (a, b):
            shot.canvas.rect(
                x - shot.unit * 0.012,
                top - shot.unit * 0.02,
                x + shot.unit * 0.012,
                foot + shot.unit * 0.02,
                case,
            )
    ladder = indoor(shot, "b98a58")
    x = shot.x(0.3)
    for dx in (0.0, 0.085):
        shot.canvas.line(
            [
                (x + shot.unit * dx, foot + shot.unit * 0.05),
                (x + shot.unit * (dx - 0.06 * shot.side), foot - shot.unit * 0.8),
            ],
            shot.unit * 0.012,
            ladder,
        )
    for number in range(9):
        part = (number + 0.5) / 9.2
        px, py = (
            x - shot.unit * 0.06 * shot.side * part,
            foot + shot.unit * 0.05 - shot.unit * 0.85 * part,
        )
        shot.canvas.line([(px, py), (px + shot.unit * 0.085, py)], shot.unit * 0.009, ladder)


def _table(shot: Shot, x: float, y: float, wide: float, tone: Color) -> None:
    shot.canvas.line([(x, y), (x, y - wide * 0.5)], wide * 0.07, darker(tone, 0.35))
    shot.canvas.ellipse(x, y, wide * 0.24, wide * 0.045, darker(tone, 0.4))
    shot.canvas.ellipse(
        x, y - wide * 0.5, wide * 0.5, wide * 0.075, Grad(lighter(tone, 0.14), tone)
    )


def _cafe(shot: Shot, dice: Dice, foot: float) -> None:
    board = indoor(shot, "3a453f")
    x = shot.x(0.18)
    shot.canvas.rect(
        x - shot.unit * 0.16,
        foot - shot.unit * 0.68,
        x + shot.unit * 0.16,
        foot - shot.unit * 0.42,
        board,
    )
    for row in range(4):
        shot.canvas.line(
            [
                (x - shot.unit * 0.12, foot - shot.unit * (0.635 - 0.055 * row)),
                (
                    x + shot.unit * dice.between(-0.02, 0.11),
                    foot - shot.unit * (0.635 - 0.055 * row),
                ),
            ],
            shot.unit * 0.008,
            ink("f3ecdc"),
            alpha=0.75,
        )
    wood = indoor(shot, "7f563c")
    shot.canvas.rect(
        x - shot.unit * 0.34,
        foot - shot.unit * 0.25,
        x + shot.unit * 0.27,
        foot + shot.unit * 0.06,
        Grad(wood, darker(wood, 0.3)),
    )
    shot.canvas.rect(
        x - shot.unit * 0.36,
        foot - shot.unit * 0.275,
        x + shot.unit * 0.29,
        foot - shot.unit * 0.24,
        lighter(wood, 0.25),
    )
    steel = indoor(shot, "c3c8cc")
    shot.canvas.rect(
        x + shot.unit * 0.02,
        foot - shot.unit * 0.4,
        x + shot.unit * 0.2,
        foot - shot.unit * 0.275,
        Grad(lighter(steel, 0.2), darker(steel, 0.2)),
    )
    for number in range(4):
        objects.cup(
            shot,
            shot.pen(
                x - shot.unit * (0.26 - 0.065 * number), foot - shot.unit * 0.275, shot.unit * 0.05
            ),
            indoor(shot, "f4ead8"),
        )
    for part in (0.12, 0.28):
        px = shot.x(part)
        shot.canvas.line(
            [(px, -5), (px, foot - shot.unit * 0.8)], shot.unit * 0.004, shot.palette.shade
        )
        shot.canvas.circle(
            px, foot - shot.unit * 0.78, shot.unit * 0.032, lighter(shot.palette.lamp, 0.45)
        )
        shot.canvas.glow(px, foot - shot.unit * 0.78, shot.unit * 0.3, shot.palette.lamp, 0.6)
    _table(shot, shot.x(0.88), shot.h * 0.95, shot.unit * 0.36, wood)
    objects.cup(
        shot,
        shot.pen(shot.x(0.88), shot.h * 0.95 - shot.unit * 0.185, shot.unit * 0.085),
        shot.palette.lit(shot.palette.accent),
    )


def _kitchen(shot: Shot, dice: Dice, foot: float) -> None:
    cupboard, top = indoor(shot, dice.pick(("7fa39a", "d9a45f", "8aa3b5"))), indoor(shot, "f3e9d6")
    a, b = sorted((shot.x(-0.02), shot.x(0.5)))
    shot.canvas.rect(
        a,
        foot - shot.unit * 0.26,
        b,
        foot + shot.unit * 0.03,
        Grad(cupboard, darker(cupboard, 0.2)),
    )
    shot.canvas.rect(a, foot - shot.unit * 0.29, b, foot - shot.unit * 0.255, top)
    for number in range(4):
        x = a + (b - a) * (number + 0.5) / 4
        shot.canvas.rect(
            x - (b - a) * 0.105,
            foot - shot.unit * 0.235,
            x + (b - a) * 0.105,
            foot + shot.unit * 0.005,
            lighter(cupboard, 0.08),
        )
        shot.canvas.circle(
            x + (b - a) * 0.08, foot - shot.unit * 0.13, shot.unit * 0.008, ink("e6c46a")
        )
    shelf = foot - shot.unit * 0.56
    shot.canvas.rect(a, shelf, a + (b - a) * 0.8, shelf + shot.unit * 0.014, indoor(shot, "8a5f44"))
    for number in range(6):
        x = a + (b - a) * (number + 0.6) / 8
        tone = indoor(shot, dice.pick(("d9694a", "e9c46a", "6f9a8a", "f3ead8", "8a6a9a")))
        shot.canvas.rect(
            x - shot.unit * 0.022,
            shelf - shot.unit * dice.between(0.05, 0.09),
            x + shot.unit * 0.022,
            shelf,
            Grad(lighter(tone, 0.14), darker(tone, 0.14)),
        )
    pot = indoor(shot, "5a6470")
    x = a + (b - a) * 0.62
    shot.canvas.rect(
        x - shot.unit * 0.06,
        foot - shot.unit * 0.385,
        x + shot.unit * 0.06,
        foot - shot.unit * 0.29,
        Grad(lighter(pot, 0.2), darker(pot, 0.2)),
    )
    shot.canvas.rect(
        x - shot.unit * 0.068,
        foot - shot.unit * 0.397,
        x + shot.unit * 0.068,
        foot - shot.unit * 0.38,
        pot,
    )
    for dx in (-0.02, 0.02):
        shot.canvas.line(
            [
                (x + shot.unit * dx, foot - shot.unit * 0.41),
                (x + shot.unit * (dx + 0.015), foot - shot.unit * 0.45),
                (x + shot.unit * (dx - 0.012), foot - shot.unit * 0.49),
                (x + shot.unit * dx, foot - shot.unit * 0.53),
            ],
            (shot.unit * 0.014, shot.unit * 0.004),
            ink("ffffff"),
            alpha=0.35,
        )


def _classroom(shot: Shot, dice: Dice, foot: float) -> None:
    a, b = sorted((shot.x(0.03), shot.x(0.46)))
    shot.canvas.rect(a, foot - shot.unit * 0.54, b, foot - shot.unit * 0.21, indoor(shot, "8a5f44"))
    m = shot.unit * 0.014
    shot.canvas.rect(
        a + m,
        foot - shot.unit * 0.54 + m,
        b - m,
        foot - shot.unit * 0.21 - m,
        indoor(shot, "3f6b55"),
    )
    for row in range(4):
        y = foot - shot.unit * (0.48 - 0.065 * row)
        shot.canvas.line(
            [
                (a + (b - a) * 0.1, y),
                (a + (b - a) * dice.between(0.4, 0.85), y + shot.unit * 0.004),
            ],
            shot.unit * 0.007,
            ink("f3f0e6"),
            alpha=0.7,
        )
    objects.clock(
        shot,
        shot.pen((a + b) / 2, foot - shot.unit * 0.66, shot.unit * 0.08),
        indoor(shot, "4a5560"),
    )
    wood = indoor(shot, "c98f56")
    for row, y in enumerate((foot + shot.unit * 0.04, foot + shot.unit * 0.13)):
        for number in range(int(4 * shot.wide)):
            x = shot.w * (number + 0.5 + 0.12 * row) / (4 * shot.wide)
            size = shot.unit * (0.075 + 0.014 * row)
            if abs(x - shot.x(0.66)) < shot.unit * 0.16:
                continue
            for dx in (-0.8, 0.8):
                shot.canvas.line(
                    [(x + size * dx, y), (x + size * dx, y - size)],
                    size * 0.08,
                    indoor(shot, "5a6068"),
                )
            shot.canvas.poly(
                [
                    (x - size, y - size),
                    (x + size, y - size),
                    (x + size * 0.86, y - size * 1.25),
                    (x - size * 0.86, y - size * 1.25),
                ],
                Grad(lighter(wood, 0.16), wood),
            )
            shot.canvas.rect(x - size, y - size, x + size, y - size * 0.9, darker(wood, 0.2))


def _office(shot: Shot, dice: Dice, foot: float) -> None:
    a, b = sorted((shot.x(0.02), shot.x(0.5)))
    wood = indoor(shot, "a87b54")
    y = foot - shot.unit * 0.22
    for x in (a + shot.unit * 0.04, b - shot.unit * 0.04):
        shot.canvas.line(
            [(x, y), (x, foot + shot.unit * 0.05)], shot.unit * 0.014, indoor(shot, "4a5058")
        )
    shot.canvas.rect(
        a,
        y - shot.unit * 0.012,
        b,
        y + shot.unit * 0.014,
        Grad(lighter(wood, 0.1), darker(wood, 0.2)),
    )
    objects.computer(
        shot, shot.pen(a + (b - a) * 0.45, y - shot.unit * 0.012, shot.unit * 0.2), wood
    )
    things_y = y - shot.unit * 0.012
    objects.cup(
        shot,
        shot.pen(a + (b - a) * 0.78, things_y, shot.unit * 0.06),
        shot.palette.lit(shot.palette.accent),
    )
    shelf = foot - shot.unit * 0.62
    shot.canvas.rect(a, shelf, b, shelf + shot.unit * 0.012, wood)
    for number in range(10):
        x = a + (b - a) * (number + 0.6) / 12
        tone = indoor(shot, dice.pick(("d9694a", "e9c46a", "6f9a8a", "6f86b0", "f3ead8")))
        shot.canvas.rect(
            x, shelf - shot.unit * dice.between(0.06, 0.11), x + (b - a) * 0.06, shelf, tone
        )
    _plant(shot, shot.x(0.98), foot + shot.unit * 0.08, shot.unit * 0.4, dice)


FURNISH = {
    "room": _living,
    "library": _library,
    "cafe": _cafe,
    "kitchen": _kitchen,
    "classroom": _classroom,
    "office": _office,
}
