"""Places under a roof: a wall with a window on the sky outside, a floor, and what tells one room from another."""

import numpy as np

from providers.local.paint import objects, sky, town
from providers.local.paint.canvas import Grad
from providers.local.paint.color import Color, darker, ink, lighter, mix
from providers.local.paint.dice import Dice
from providers.local.paint.stage import Shot, Stage

WALLS = {
    "room": ("e9cfae", "c9d3cb", "e6c3b3", "c6cfdd", "ead9b8"),
    "library": ("a9805c", "93745c"),
    "cafe": ("d9b48f", "b5c2b2", "dcc0a4"),
    "kitchen": ("f0e3c6", "d3e0d6"),
    "classroom": ("ecdfc0", "d9e2d6"),
    "office": ("cfd8de", "d9d6cc"),
}


def _indoor(shot: Shot, code: str) -> Color:
    """A colour in a room: by lamplight after dark, warmer than outside."""
    color = ink(code)
    if not shot.palette.dark:
        return mix(shot.palette.lit(color), color, 0.3)
    return mix(color * np.array([0.62, 0.5, 0.46], np.float32), shot.palette.key, 0.2)


def interior(shot: Shot, kind: str) -> Stage:
    """The room: outside through its window, wall, floor, furniture, the light that falls in."""
    dice = shot.dice.apart("room")
    foot = shot.h * 0.76
    left, top, right, bottom = _window_place(shot, dice, kind, foot)
    _outside(shot, left, top, right, bottom, dice)
    _walls(shot, dice, kind, foot, (left, top, right, bottom))
    _window(shot, left, top, right, bottom)
    _floor(shot, foot, kind)
    _daylight(shot, left, right, bottom, foot)
    furnish = {"library": _library, "cafe": _cafe, "kitchen": _kitchen, "classroom": _classroom, "office": _office}.get(kind, _living)
    furnish(shot, dice, foot)
    if shot.palette.dark:
        _lamp(shot, shot.x(0.42), foot)
    table_y = shot.h * 0.97
    return Stage(
        lambda _x: foot + shot.unit * 0.12,
        shot.unit * 0.48,
        shot.x(0.66),
        shot.x(0.4),
        table=(shot.x(0.3), table_y, shot.unit * 0.2),
        indoors=True,
        has={"lamp", *{"classroom": ("clock",), "office": ("computer",)}.get(kind, ())},
    )


def _window_place(shot: Shot, dice: Dice, kind: str, foot: float) -> tuple[float, float, float, float]:
    wide = shot.unit * (0.62 if kind in {"cafe", "office", "room"} else 0.42)
    wide = min(wide, shot.w * 0.62)
    tall = min(foot * 0.62, shot.unit * 0.56)
    middle = shot.x(0.74 if shot.wide > 1.2 else 0.62)  # noqa: PLR2004  a wide frame has room beside the window
    top = foot - tall - shot.unit * 0.2
    return middle - wide / 2, top, middle + wide / 2, top + tall + dice.between(0, 0.03) * shot.unit


def _outside(shot: Shot, left: float, top: float, right: float, bottom: float, dice: Dice) -> None:
    horizon = top + (bottom - top) * 0.72
    sky.gradient(shot.canvas, shot.palette, horizon)
    x, y = left + (right - left) * 0.68, top + (bottom - top) * 0.3
    if shot.palette.hour == "night":
        sky.stars(shot.canvas, shot.palette, bottom, dice, many=1.6)
        sky.moon(shot.canvas, shot.palette, x, y, shot.unit * 0.045, dice)
    elif shot.palette.hour in {"day", "dawn", "dusk", "indoors"}:
        sky.sun(shot.canvas, shot.palette, x, y if shot.palette.hour != "dusk" else horizon - shot.unit * 0.05, shot.unit * 0.045)
        sky.clouds(shot.canvas, shot.palette, bottom, dice, cover=0.4)
    else:
        sky.clouds(shot.canvas, shot.palette, bottom, dice, cover=0.9)
    if dice.chance(0.55):
        town.skyline(shot, bottom + 2, (bottom - top) * 0.42, dice, depth=0.35)
    else:
        for part, code in ((0.3, "7f9a8f"), (0.16, "6f9a5f")):
            wave = bottom - (bottom - top) * part * (1 + 0.3 * np.sin(np.linspace(0, 9, shot.canvas.width) + part * 20))
            points = [(float(px), float(wave[px])) for px in range(int(max(0, left)), int(min(shot.w, right)), 4)]
            if points:
                shot.canvas.poly([(left, bottom + 5), *points, (right, bottom + 5)], shot.lit("eef3f7" if shot.snowy else code, part))


def _walls(shot: Shot, dice: Dice, kind: str, foot: float, hole: tuple[float, float, float, float]) -> None:
    wall = _indoor(shot, dice.pick(WALLS.get(kind, WALLS["room"])))
    left, top, right, bottom = hole
    for box in ((-2, -2, left, foot), (right, -2, shot.w + 2, foot), (left - 1, -2, right + 1, top), (left - 1, bottom, right + 1, foot)):
        shot.canvas.rect(*box, Grad(lighter(wall, 0.02), wall) if box[1] < 0 else wall, rough=0.02)
    shade = np.clip((np.arange(shot.canvas.width, dtype=np.float32)[None, :] - (left + right) / 2) / shot.unit, -1.4, 1.4) ** 2 * 0.13
    rows = np.where(np.arange(shot.canvas.height)[:, None] < foot, 1.0, 0.0)
    inside = np.zeros((shot.canvas.height, shot.canvas.width), np.float32)
    inside[int(max(0, top)) : int(bottom), int(max(0, left)) : int(right)] = 1
    shot.canvas.veil(darker(wall, 0.65), (shade * rows * (1 - inside)).astype(np.float32))


def _window(shot: Shot, left: float, top: float, right: float, bottom: float) -> None:
    frame = _indoor(shot, "f6efe1")
    thick = shot.unit * 0.016
    middle, cross = (left + right) / 2, top + (bottom - top) * 0.42
    for a, b, c, d in (
        (left - thick, top - thick, right + thick, top),
        (left - thick, top, left, bottom),
        (right, top, right + thick, bottom),
        (middle - thick * 0.4, top, middle + thick * 0.4, bottom),
        (left, cross - thick * 0.35, right, cross + thick * 0.35),
    ):
        shot.canvas.rect(a, b, c, d, frame)
    shot.canvas.rect(left - thick * 2.2, bottom, right + thick * 2.2, bottom + thick * 1.5, Grad(lighter(frame, 0.1), darker(frame, 0.2)))
    curtain = mix(_indoor(shot, "f0e2cf"), shot.palette.lit(shot.palette.accent), 0.3)
    for sign, x in ((-1, left), (1, right)):
        for fold in range(4):
            a = x + sign * shot.unit * (0.055 - 0.03 * fold)
            tone = curtain if fold % 2 else darker(curtain, 0.1)
            shot.canvas.poly(
                [
                    (a, top - thick * 3),
                    (a - sign * shot.unit * 0.034, top - thick * 3),
                    (a - sign * shot.unit * 0.03, bottom + shot.unit * 0.09),
                    (a + sign * shot.unit * 0.006, bottom + shot.unit * 0.09),
                ],
                tone,
                alpha=0.95,
            )
    shot.canvas.line([(left - shot.unit * 0.1, top - thick * 3), (right + shot.unit * 0.1, top - thick * 3)], thick * 0.6, _indoor(shot, "6b4a38"))


def _floor(shot: Shot, foot: float, kind: str) -> None:
    wood = _indoor(shot, {"kitchen": "c9b08f", "office": "a99c8c", "classroom": "c89a66"}.get(kind, "a9764c"))
    shot.canvas.rect(-2, foot, shot.w + 2, shot.h + 2, Grad(lighter(wood, 0.06), darker(wood, 0.3)))
    for number in range(-16, 17):
        shot.canvas.line(
            [(shot.w / 2 + number * shot.w * 0.06, foot), (shot.w / 2 + number * shot.w * 0.14, shot.h)], shot.unit * 0.0025, darker(wood, 0.34), alpha=0.5
        )
    shot.canvas.rect(-2, foot - shot.unit * 0.022, shot.w + 2, foot, _indoor(shot, "efe4cf"))
    shot.canvas.rect(-2, foot, shot.w + 2, foot + shot.unit * 0.014, darker(wood, 0.5), alpha=0.4)


def _daylight(shot: Shot, left: float, right: float, bottom: float, foot: float) -> None:
    """What the window lays on the floor."""
    light = lighter(mix(shot.palette.sun, shot.palette.sky[-1], 0.3), 0.25)
    lean = -shot.side * shot.unit * 0.22
    share = 0.16 if shot.palette.dark else 0.34
    gap = (right - left) * 0.04
    middle = (left + right) / 2
    for a, b in ((left, middle - gap), (middle + gap, right)):
        shot.canvas.poly(
            [
                (a + lean * 0.6, foot + shot.unit * 0.03),
                (b + lean * 0.6, foot + shot.unit * 0.03),
                (b + lean * 1.5, shot.h * 0.97),
                (a + lean * 1.5, shot.h * 0.97),
            ],
            light,
            alpha=share,
            soft=shot.unit * 0.006,
        )
    shot.canvas.glow(middle, bottom - shot.unit * 0.2, shot.unit * 0.75, light, 0.28 if not shot.palette.dark else 0.16)


def _lamp(shot: Shot, x: float, foot: float) -> None:
    """A hanging lamp and its cone of light."""
    y = foot - shot.unit * 0.56
    shot.canvas.line([(x, -5), (x, y)], shot.unit * 0.005, shot.palette.shade)
    light = shot.palette.lamp
    shot.canvas.poly(
        [(x - shot.unit * 0.05, y), (x + shot.unit * 0.05, y), (x + shot.unit * 0.42, shot.h), (x - shot.unit * 0.42, shot.h)],
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
        _indoor(shot, "d9694a"),
    )
    shot.canvas.ellipse(x, y + shot.unit * 0.014, shot.unit * 0.06, shot.unit * 0.014, lighter(light, 0.6))
    shot.canvas.glow(x, y + shot.unit * 0.03, shot.unit * 0.95, light, 0.55)
    shot.canvas.glow(x, y + shot.unit * 0.02, shot.unit * 0.2, light, 0.7)


def _plant(shot: Shot, x: float, y: float, tall: float, dice: Dice) -> None:
    pot = _indoor(shot, "c9744f")
    leaf = _indoor(shot, "4f8a5c")
    for _leaf in range(11):
        lean, high = dice.between(-0.42, 0.42) * tall, tall * dice.between(0.6, 1.0)
        mid = (x + lean * 0.4, y - tall * 0.22 - high * 0.5)
        tip = (x + lean, y - tall * 0.2 - high * 0.85)
        shot.canvas.line([(x, y - tall * 0.22), mid, tip], tall * 0.018, darker(leaf, 0.2))
        shot.canvas.ellipse(
            *tip, tall * 0.12, tall * 0.055, mix(leaf, lighter(leaf, 0.3), dice.between(0, 1)), turn=dice.between(-50, 50) + (60 if lean > 0 else 120)
        )
    shot.canvas.poly(
        [(x - tall * 0.15, y - tall * 0.26), (x + tall * 0.15, y - tall * 0.26), (x + tall * 0.11, y), (x - tall * 0.11, y)],
        Grad(lighter(pot, 0.1), darker(pot, 0.22), across=True),
    )


def _frames(shot: Shot, x: float, y: float, dice: Dice) -> None:
    """Pictures on the wall."""
    for dx, dy, wide, tall in ((0.0, 0.0, 0.12, 0.15), (0.15, 0.03, 0.09, 0.09), (0.15, -0.09, 0.09, 0.07)):
        a, b = x + dx * shot.unit, y + dy * shot.unit
        shot.canvas.rect(a, b, a + wide * shot.unit, b + tall * shot.unit, _indoor(shot, "7a5a44"))
        m = shot.unit * 0.009
        shot.canvas.rect(
            a + m,
            b + m,
            a + wide * shot.unit - m,
            b + tall * shot.unit - m,
            Grad(_indoor(shot, dice.pick(("bfd8e0", "f2d7a4", "e8b7a0"))), _indoor(shot, dice.pick(("7fae8a", "c98f6a", "6f8aa8")))),
        )


def _living(shot: Shot, dice: Dice, foot: float) -> None:
    x = shot.x(0.16)
    _frames(shot, x - shot.unit * 0.1, foot - shot.unit * 0.56, dice)
    sofa = _indoor(shot, dice.pick(("5f8a8a", "c9785a", "6f7fa8", "a8894f")))
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
    shot.canvas.rect(x - wide * 0.45, y - shot.unit * 0.13, x + wide * 0.45, y - shot.unit * 0.02, Grad(lighter(sofa, 0.1), darker(sofa, 0.12)))
    for part in (-0.48, 0.48):
        shot.canvas.ellipse(x + wide * part, y - shot.unit * 0.085, shot.unit * 0.042, shot.unit * 0.08, lighter(sofa, 0.06))
    shot.canvas.poly(
        [
            (x - wide * 0.3, y - shot.unit * 0.13),
            (x - wide * 0.1, y - shot.unit * 0.12),
            (x - wide * 0.13, y - shot.unit * 0.22),
            (x - wide * 0.31, y - shot.unit * 0.21),
        ],
        shot.palette.lit(shot.palette.accent_2),
    )
    rug = mix(_indoor(shot, "e9d7bc"), shot.palette.lit(shot.palette.accent), 0.35)
    shot.canvas.ellipse(shot.x(0.55), shot.h * 0.92, shot.unit * 0.5, shot.unit * 0.085, rug)
    shot.canvas.ellipse(shot.x(0.55), shot.h * 0.92, shot.unit * 0.42, shot.unit * 0.066, lighter(rug, 0.2))
    _plant(shot, shot.x(0.97), foot + shot.unit * 0.09, shot.unit * 0.36, dice)


def _library(shot: Shot, dice: Dice, foot: float) -> None:
    case = _indoor(shot, "6b4632")
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
                tone = _indoor(shot, dice.pick(("b5473c", "3f6f8a", "d9a441", "5f8a5f", "7a4f7a", "e3d3b3", "394a63", "c9784a")))
                tall = high * dice.between(0.62, 0.86)
                if dice.chance(0.93):
                    shot.canvas.rect(x, y - tall, min(x + wide, b), y - shot.unit * 0.008, Grad(lighter(tone, 0.08), darker(tone, 0.18)), rough=0)
                    shot.canvas.rect(x, y - tall * 0.8, min(x + wide, b), y - tall * 0.74, lighter(tone, 0.4), alpha=0.6, rough=0)
                x += wide * 1.06
            shot.canvas.rect(a, y - shot.unit * 0.009, b, y + shot.unit * 0.006, case)
        for x in (a, b):
            shot.canvas.rect(x - shot.unit * 0.012, top - shot.unit * 0.02, x + shot.unit * 0.012, foot + shot.unit * 0.02, case)
    ladder = _indoor(shot, "b98a58")
    x = shot.x(0.3)
    for dx in (0.0, 0.085):
        shot.canvas.line(
            [(x + shot.unit * dx, foot + shot.unit * 0.05), (x + shot.unit * (dx - 0.06 * shot.side), foot - shot.unit * 0.8)], shot.unit * 0.012, ladder
        )
    for number in range(9):
        part = (number + 0.5) / 9.2
        px, py = x - shot.unit * 0.06 * shot.side * part, foot + shot.unit * 0.05 - shot.unit * 0.85 * part
        shot.canvas.line([(px, py), (px + shot.unit * 0.085, py)], shot.unit * 0.009, ladder)


def _table(shot: Shot, x: float, y: float, wide: float, tone: Color) -> None:
    shot.canvas.line([(x, y), (x, y - wide * 0.5)], wide * 0.07, darker(tone, 0.35))
    shot.canvas.ellipse(x, y, wide * 0.24, wide * 0.045, darker(tone, 0.4))
    shot.canvas.ellipse(x, y - wide * 0.5, wide * 0.5, wide * 0.075, Grad(lighter(tone, 0.14), tone))


def _cafe(shot: Shot, dice: Dice, foot: float) -> None:
    board = _indoor(shot, "3a453f")
    x = shot.x(0.18)
    shot.canvas.rect(x - shot.unit * 0.16, foot - shot.unit * 0.68, x + shot.unit * 0.16, foot - shot.unit * 0.42, board)
    for row in range(4):
        shot.canvas.line(
            [
                (x - shot.unit * 0.12, foot - shot.unit * (0.635 - 0.055 * row)),
                (x + shot.unit * dice.between(-0.02, 0.11), foot - shot.unit * (0.635 - 0.055 * row)),
            ],
            shot.unit * 0.008,
            ink("f3ecdc"),
            alpha=0.75,
        )
    wood = _indoor(shot, "7f563c")
    shot.canvas.rect(x - shot.unit * 0.34, foot - shot.unit * 0.25, x + shot.unit * 0.27, foot + shot.unit * 0.06, Grad(wood, darker(wood, 0.3)))
    shot.canvas.rect(x - shot.unit * 0.36, foot - shot.unit * 0.275, x + shot.unit * 0.29, foot - shot.unit * 0.24, lighter(wood, 0.25))
    steel = _indoor(shot, "c3c8cc")
    shot.canvas.rect(x + shot.unit * 0.02, foot - shot.unit * 0.4, x + shot.unit * 0.2, foot - shot.unit * 0.275, Grad(lighter(steel, 0.2), darker(steel, 0.2)))
    for number in range(4):
        objects.cup(shot, shot.pen(x - shot.unit * (0.26 - 0.065 * number), foot - shot.unit * 0.275, shot.unit * 0.05), _indoor(shot, "f4ead8"))
    for part in (0.12, 0.28):
        px = shot.x(part)
        shot.canvas.line([(px, -5), (px, foot - shot.unit * 0.8)], shot.unit * 0.004, shot.palette.shade)
        shot.canvas.circle(px, foot - shot.unit * 0.78, shot.unit * 0.032, lighter(shot.palette.lamp, 0.45))
        shot.canvas.glow(px, foot - shot.unit * 0.78, shot.unit * 0.3, shot.palette.lamp, 0.6)
    _table(shot, shot.x(0.88), shot.h * 0.95, shot.unit * 0.36, wood)
    objects.cup(shot, shot.pen(shot.x(0.88), shot.h * 0.95 - shot.unit * 0.185, shot.unit * 0.085), shot.palette.lit(shot.palette.accent))


def _kitchen(shot: Shot, dice: Dice, foot: float) -> None:
    cupboard, top = _indoor(shot, dice.pick(("7fa39a", "d9a45f", "8aa3b5"))), _indoor(shot, "f3e9d6")
    a, b = sorted((shot.x(-0.02), shot.x(0.5)))
    shot.canvas.rect(a, foot - shot.unit * 0.26, b, foot + shot.unit * 0.03, Grad(cupboard, darker(cupboard, 0.2)))
    shot.canvas.rect(a, foot - shot.unit * 0.29, b, foot - shot.unit * 0.255, top)
    for number in range(4):
        x = a + (b - a) * (number + 0.5) / 4
        shot.canvas.rect(x - (b - a) * 0.105, foot - shot.unit * 0.235, x + (b - a) * 0.105, foot + shot.unit * 0.005, lighter(cupboard, 0.08))
        shot.canvas.circle(x + (b - a) * 0.08, foot - shot.unit * 0.13, shot.unit * 0.008, ink("e6c46a"))
    shelf = foot - shot.unit * 0.56
    shot.canvas.rect(a, shelf, a + (b - a) * 0.8, shelf + shot.unit * 0.014, _indoor(shot, "8a5f44"))
    for number in range(6):
        x = a + (b - a) * (number + 0.6) / 8
        tone = _indoor(shot, dice.pick(("d9694a", "e9c46a", "6f9a8a", "f3ead8", "8a6a9a")))
        shot.canvas.rect(
            x - shot.unit * 0.022, shelf - shot.unit * dice.between(0.05, 0.09), x + shot.unit * 0.022, shelf, Grad(lighter(tone, 0.14), darker(tone, 0.14))
        )
    pot = _indoor(shot, "5a6470")
    x = a + (b - a) * 0.62
    shot.canvas.rect(x - shot.unit * 0.06, foot - shot.unit * 0.385, x + shot.unit * 0.06, foot - shot.unit * 0.29, Grad(lighter(pot, 0.2), darker(pot, 0.2)))
    shot.canvas.rect(x - shot.unit * 0.068, foot - shot.unit * 0.397, x + shot.unit * 0.068, foot - shot.unit * 0.38, pot)
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
    shot.canvas.rect(a, foot - shot.unit * 0.54, b, foot - shot.unit * 0.21, _indoor(shot, "8a5f44"))
    m = shot.unit * 0.014
    shot.canvas.rect(a + m, foot - shot.unit * 0.54 + m, b - m, foot - shot.unit * 0.21 - m, _indoor(shot, "3f6b55"))
    for row in range(4):
        y = foot - shot.unit * (0.48 - 0.065 * row)
        shot.canvas.line([(a + (b - a) * 0.1, y), (a + (b - a) * dice.between(0.4, 0.85), y + shot.unit * 0.004)], shot.unit * 0.007, ink("f3f0e6"), alpha=0.7)
    objects.clock(shot, shot.pen((a + b) / 2, foot - shot.unit * 0.66, shot.unit * 0.08), _indoor(shot, "4a5560"))
    wood = _indoor(shot, "c98f56")
    for row, y in enumerate((foot + shot.unit * 0.04, foot + shot.unit * 0.13)):
        for number in range(int(4 * shot.wide)):
            x = shot.w * (number + 0.5 + 0.12 * row) / (4 * shot.wide)
            size = shot.unit * (0.075 + 0.014 * row)
            if abs(x - shot.x(0.66)) < shot.unit * 0.16:
                continue
            for dx in (-0.8, 0.8):
                shot.canvas.line([(x + size * dx, y), (x + size * dx, y - size)], size * 0.08, _indoor(shot, "5a6068"))
            shot.canvas.poly(
                [(x - size, y - size), (x + size, y - size), (x + size * 0.86, y - size * 1.25), (x - size * 0.86, y - size * 1.25)],
                Grad(lighter(wood, 0.16), wood),
            )
            shot.canvas.rect(x - size, y - size, x + size, y - size * 0.9, darker(wood, 0.2))


def _office(shot: Shot, dice: Dice, foot: float) -> None:
    a, b = sorted((shot.x(0.02), shot.x(0.5)))
    wood = _indoor(shot, "a87b54")
    y = foot - shot.unit * 0.22
    for x in (a + shot.unit * 0.04, b - shot.unit * 0.04):
        shot.canvas.line([(x, y), (x, foot + shot.unit * 0.05)], shot.unit * 0.014, _indoor(shot, "4a5058"))
    shot.canvas.rect(a, y - shot.unit * 0.012, b, y + shot.unit * 0.014, Grad(lighter(wood, 0.1), darker(wood, 0.2)))
    objects.computer(shot, shot.pen(a + (b - a) * 0.45, y - shot.unit * 0.012, shot.unit * 0.2), wood)
    things_y = y - shot.unit * 0.012
    objects.cup(shot, shot.pen(a + (b - a) * 0.78, things_y, shot.unit * 0.06), shot.palette.lit(shot.palette.accent))
    shelf = foot - shot.unit * 0.62
    shot.canvas.rect(a, shelf, b, shelf + shot.unit * 0.012, wood)
    for number in range(10):
        x = a + (b - a) * (number + 0.6) / 12
        tone = _indoor(shot, dice.pick(("d9694a", "e9c46a", "6f9a8a", "6f86b0", "f3ead8")))
        shot.canvas.rect(x, shelf - shot.unit * dice.between(0.06, 0.11), x + (b - a) * 0.06, shelf, tone)
    _plant(shot, shot.x(0.98), foot + shot.unit * 0.08, shot.unit * 0.4, dice)


def stage_hall(shot: Shot) -> Stage:
    """A stage: curtains, boards, one cone of light, heads of the audience."""
    dice = shot.dice.apart("hall")
    foot = shot.h * 0.74
    shot.canvas.rect(-2, -2, shot.w + 2, shot.h + 2, Grad(ink("1b1226"), ink("3a1a34")))
    velvet = mix(ink("a3283a"), shot.palette.accent, 0.25)
    for sign in (-1, 1):
        for fold in range(9):
            x = shot.w / 2 + sign * (shot.w * 0.52 - shot.unit * 0.05 * fold * min(1.0, shot.wide))
            tone = darker(velvet, 0.22 + 0.2 * (fold % 2))
            shot.canvas.poly(
                [(x, -5), (x - sign * shot.unit * 0.055, -5), (x - sign * shot.unit * (0.055 + 0.004 * fold), foot), (x, foot)], Grad(tone, darker(tone, 0.4))
            )
    for number in range(int(9 * shot.wide)):
        x = shot.w * (number + 0.5) / int(9 * shot.wide)
        wide = shot.w / int(9 * shot.wide) * 0.56
        shot.canvas.ellipse(x, -shot.unit * 0.01, wide, shot.unit * 0.13, Grad(darker(velvet, 0.1), darker(velvet, 0.45)))
    boards = ink("8a5636")
    shot.canvas.rect(-2, foot, shot.w + 2, shot.h, Grad(lighter(boards, 0.06), darker(boards, 0.5)))
    x = shot.x(0.55)
    light = shot.palette.lamp
    shot.canvas.poly(
        [
            (x - shot.unit * 0.03, -5),
            (x + shot.unit * 0.03, -5),
            (x + shot.unit * 0.3, foot + shot.unit * 0.07),
            (x - shot.unit * 0.3, foot + shot.unit * 0.07),
        ],
        light,
        alpha=0.3,
        soft=shot.unit * 0.018,
        rough=0,
    )
    shot.canvas.ellipse(x, foot + shot.unit * 0.07, shot.unit * 0.32, shot.unit * 0.05, lighter(light, 0.4), alpha=0.7, soft=shot.unit * 0.006)

    def front() -> None:
        for row in range(2):
            for number in range(int(11 * shot.wide)):
                px = shot.w * (number + 0.5 * row + dice.between(0.2, 0.8)) / (11 * shot.wide)
                y = shot.h * (0.97 + 0.045 * row)
                tone = mix(ink("130c1c"), ink("2c1a30"), 0.6 - 0.4 * row)
                shot.canvas.ellipse(px, y, shot.unit * 0.032, shot.unit * 0.038, tone)
                shot.canvas.ellipse(px, y + shot.unit * 0.075, shot.unit * 0.06, shot.unit * 0.05, tone)

    return Stage(lambda _x: foot + shot.unit * 0.07, shot.unit * 0.34, x, shot.x(0.42), indoors=True, front=front)


def cave(shot: Shot) -> Stage:
    """Inside a cave, its mouth on the light."""
    dice = shot.dice.apart("cave")
    floor = shot.h * 0.82
    x, y = shot.x(0.58), shot.h * 0.46
    rock = mix(shot.palette.shade, ink("4a4658"), 0.5)
    shot.canvas.glow(x, y, shot.unit * 0.8, lighter(shot.palette.sky[-1], 0.3), 0.6)
    for layer in range(4):
        size = shot.unit * (0.34 + 0.13 * layer)
        tone = darker(mix(rock, shot.palette.sky[-1], 0.42 - 0.14 * layer), 0.12 * layer)
        hole = [
            (
                x + size * (1.15 + dice.between(-0.12, 0.12)) * float(np.cos(a)),
                y + shot.unit * 0.06 * layer + size * (0.85 + dice.between(-0.12, 0.12)) * float(np.sin(a)),
            )
            for a in np.linspace(0, 2 * np.pi, 22, endpoint=False)
        ]
        outer = [(-10.0, -10.0), (shot.w + 10, -10.0), (shot.w + 10, shot.h + 10), (-10.0, shot.h + 10)]
        shot.canvas.poly(outer, tone, alpha=0.85 if layer == 0 else 1.0, soft=shot.unit * 0.002, rough=0.09, hole=hole)
    ground = darker(rock, 0.25)
    shot.canvas.blob(
        [
            (-50, shot.h + 60),
            (-50, floor),
            (shot.w * 0.3, floor + shot.unit * 0.03),
            (x, floor - shot.unit * 0.02),
            (shot.w + 50, floor + shot.unit * 0.02),
            (shot.w + 50, shot.h + 60),
        ],
        Grad(mix(ground, shot.palette.sky[-1], 0.3), darker(ground, 0.4)),
    )
    for _crystal in range(9):
        px, tall = shot.x(dice.between(0.0, 0.34)), shot.unit * dice.between(0.06, 0.17)
        tone = mix(ink(dice.pick(("7fe0e6", "b58af0", "8ff0c0"))), rock, 0.2)
        py = shot.h * dice.between(0.86, 0.97)
        shot.canvas.poly(
            [(px - tall * 0.2, py), (px - tall * 0.16, py - tall * 0.7), (px, py - tall), (px + tall * 0.16, py - tall * 0.7), (px + tall * 0.2, py)],
            Grad(lighter(tone, 0.3), darker(tone, 0.2)),
        )
        shot.canvas.glow(px, py - tall * 0.5, tall * 1.6, tone, 0.4)
    return Stage(lambda _x: floor + shot.unit * 0.07, shot.unit * 0.28, shot.x(0.62), shot.x(0.44), indoors=True)
