"""Indoor places: a wall with a window, a floor, and furniture that shows the kind of room."""

import numpy as np

from providers.backends.local.illustrator import furniture, sky, town
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot, Stage

WALLS = {
    "room": ("e9cfae", "c9d3cb", "e6c3b3", "c6cfdd", "ead9b8"),
    "library": ("a9805c", "93745c"),
    "cafe": ("d9b48f", "b5c2b2", "dcc0a4"),
    "kitchen": ("f0e3c6", "d3e0d6"),
    "classroom": ("ecdfc0", "d9e2d6"),
    "office": ("cfd8de", "d9d6cc"),
}


def interior(shot: Shot, kind: str) -> Stage:
    """Draw a room: the view through its window, wall, floor, furniture and the incoming light."""
    dice = shot.dice.apart("room")
    foot = shot.h * 0.76
    left, top, right, bottom = _window_place(shot, dice, kind, foot)
    _outside(shot, left, top, right, bottom, dice)
    _walls(shot, dice, kind, foot, (left, top, right, bottom))
    _window(shot, left, top, right, bottom)
    _floor(shot, foot, kind)
    _daylight(shot, left, right, bottom, foot)
    furniture.FURNISH[kind](shot, dice, foot)
    if shot.palette.dark:
        furniture.lamp(shot, shot.x(0.42), foot)
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


def _window_place(
    shot: Shot, dice: Dice, kind: str, foot: float
) -> tuple[float, float, float, float]:
    wide = shot.unit * (0.62 if kind in {"cafe", "office", "room"} else 0.42)
    wide = min(wide, shot.w * 0.62)
    tall = min(foot * 0.62, shot.unit * 0.56)
    middle = shot.x(0.74 if shot.wide > 1.2 else 0.62)
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
        sky.sun(
            shot.canvas,
            shot.palette,
            x,
            y if shot.palette.hour != "dusk" else horizon - shot.unit * 0.05,
            shot.unit * 0.045,
        )
        sky.clouds(shot.canvas, shot.palette, bottom, dice, cover=0.4)
    else:
        sky.clouds(shot.canvas, shot.palette, bottom, dice, cover=0.9)
    if dice.chance(0.55):
        town.skyline(shot, bottom + 2, (bottom - top) * 0.42, dice, depth=0.35)
    else:
        for part, code in ((0.3, "7f9a8f"), (0.16, "6f9a5f")):
            wave = bottom - (bottom - top) * part * (
                1 + 0.3 * np.sin(np.linspace(0, 9, shot.canvas.width) + part * 20)
            )
            points = [
                (float(px), float(wave[px]))
                for px in range(int(max(0, left)), int(min(shot.w, right)), 4)
            ]
            if points:
                shot.canvas.poly(
                    [(left, bottom + 5), *points, (right, bottom + 5)],
                    shot.lit("eef3f7" if shot.snowy else code, part),
                )


def _walls(
    shot: Shot, dice: Dice, kind: str, foot: float, hole: tuple[float, float, float, float]
) -> None:
    wall = furniture.indoor(shot, dice.pick(WALLS.get(kind, WALLS["room"])))
    left, top, right, bottom = hole
    edge = [(-2.0, -2.0), (shot.w + 2, -2.0), (shot.w + 2, foot), (-2.0, foot)]
    shot.canvas.poly(
        edge, wall, rough=0.02, hole=[(left, top), (right, top), (right, bottom), (left, bottom)]
    )
    shade = (
        np.clip(
            (np.arange(shot.canvas.width, dtype=np.float32)[None, :] - (left + right) / 2)
            / shot.unit,
            -1.4,
            1.4,
        )
        ** 2
        * 0.13
    )
    rows = np.where(np.arange(shot.canvas.height)[:, None] < foot, 1.0, 0.0)
    inside = np.zeros((shot.canvas.height, shot.canvas.width), np.float32)
    inside[int(max(0, top)) : int(bottom), int(max(0, left)) : int(right)] = 1
    shot.canvas.veil(darker(wall, 0.65), (shade * rows * (1 - inside)).astype(np.float32))


def _window(shot: Shot, left: float, top: float, right: float, bottom: float) -> None:
    frame = furniture.indoor(shot, "f6efe1")
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
    shot.canvas.rect(
        left - thick * 2.2,
        bottom,
        right + thick * 2.2,
        bottom + thick * 1.5,
        Grad(lighter(frame, 0.1), darker(frame, 0.2)),
    )
    curtain = mix(furniture.indoor(shot, "f0e2cf"), shot.palette.lit(shot.palette.accent), 0.3)
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
    shot.canvas.line(
        [(left - shot.unit * 0.1, top - thick * 3), (right + shot.unit * 0.1, top - thick * 3)],
        thick * 0.6,
        furniture.indoor(shot, "6b4a38"),
    )


def _floor(shot: Shot, foot: float, kind: str) -> None:
    wood = furniture.indoor(
        shot, {"kitchen": "c9b08f", "office": "a99c8c", "classroom": "c89a66"}.get(kind, "a9764c")
    )
    shot.canvas.rect(-2, foot, shot.w + 2, shot.h + 2, Grad(lighter(wood, 0.06), darker(wood, 0.3)))
    for number in range(-16, 17):
        shot.canvas.line(
            [
                (shot.w / 2 + number * shot.w * 0.06, foot),
                (shot.w / 2 + number * shot.w * 0.14, shot.h),
            ],
            shot.unit * 0.0025,
            darker(wood, 0.34),
            alpha=0.5,
        )
    shot.canvas.rect(
        -2, foot - shot.unit * 0.022, shot.w + 2, foot, furniture.indoor(shot, "efe4cf")
    )
    shot.canvas.rect(-2, foot, shot.w + 2, foot + shot.unit * 0.014, darker(wood, 0.5), alpha=0.4)


def _daylight(shot: Shot, left: float, right: float, bottom: float, foot: float) -> None:
    """Draw the light that the window casts on the floor."""
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
    shot.canvas.glow(
        middle,
        bottom - shot.unit * 0.2,
        shot.unit * 0.75,
        light,
        0.28 if not shot.palette.dark else 0.16,
    )


def stage_hall(shot: Shot) -> Stage:
    """Draw a stage: curtains, boards, one cone of light, heads of the audience."""
    dice = shot.dice.apart("hall")
    foot = shot.h * 0.74
    shot.canvas.rect(-2, -2, shot.w + 2, shot.h + 2, Grad(ink("1b1226"), ink("3a1a34")))
    velvet = mix(ink("a3283a"), shot.palette.accent, 0.25)
    for sign in (-1, 1):
        for fold in range(9):
            x = shot.w / 2 + sign * (shot.w * 0.52 - shot.unit * 0.05 * fold * min(1.0, shot.wide))
            tone = darker(velvet, 0.22 + 0.2 * (fold % 2))
            shot.canvas.poly(
                [
                    (x, -5),
                    (x - sign * shot.unit * 0.055, -5),
                    (x - sign * shot.unit * (0.055 + 0.004 * fold), foot),
                    (x, foot),
                ],
                Grad(tone, darker(tone, 0.4)),
            )
    for number in range(int(9 * shot.wide)):
        x = shot.w * (number + 0.5) / int(9 * shot.wide)
        wide = shot.w / int(9 * shot.wide) * 0.56
        shot.canvas.ellipse(
            x,
            -shot.unit * 0.01,
            wide,
            shot.unit * 0.13,
            Grad(darker(velvet, 0.1), darker(velvet, 0.45)),
        )
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
    shot.canvas.ellipse(
        x,
        foot + shot.unit * 0.07,
        shot.unit * 0.32,
        shot.unit * 0.05,
        lighter(light, 0.4),
        alpha=0.7,
        soft=shot.unit * 0.006,
    )

    def front() -> None:
        for row in range(2):
            for number in range(int(11 * shot.wide)):
                px = shot.w * (number + 0.5 * row + dice.between(0.2, 0.8)) / (11 * shot.wide)
                y = shot.h * (0.97 + 0.045 * row)
                tone = mix(ink("130c1c"), ink("2c1a30"), 0.6 - 0.4 * row)
                shot.canvas.ellipse(px, y, shot.unit * 0.032, shot.unit * 0.038, tone)
                shot.canvas.ellipse(
                    px, y + shot.unit * 0.075, shot.unit * 0.06, shot.unit * 0.05, tone
                )

    return Stage(
        lambda _x: foot + shot.unit * 0.07,
        shot.unit * 0.34,
        x,
        shot.x(0.42),
        indoors=True,
        front=front,
    )


def cave(shot: Shot) -> Stage:
    """Draw the inside of a cave with its bright mouth."""
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
                y
                + shot.unit * 0.06 * layer
                + size * (0.85 + dice.between(-0.12, 0.12)) * float(np.sin(a)),
            )
            for a in np.linspace(0, 2 * np.pi, 22, endpoint=False)
        ]
        outer = [
            (-10.0, -10.0),
            (shot.w + 10, -10.0),
            (shot.w + 10, shot.h + 10),
            (-10.0, shot.h + 10),
        ]
        shot.canvas.poly(
            outer,
            tone,
            alpha=0.85 if layer == 0 else 1.0,
            soft=shot.unit * 0.002,
            rough=0.09,
            hole=hole,
        )
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
            [
                (px - tall * 0.2, py),
                (px - tall * 0.16, py - tall * 0.7),
                (px, py - tall),
                (px + tall * 0.16, py - tall * 0.7),
                (px + tall * 0.2, py),
            ],
            Grad(lighter(tone, 0.3), darker(tone, 0.2)),
        )
        shot.canvas.glow(px, py - tall * 0.5, tall * 1.6, tone, 0.4)
    return Stage(
        lambda _x: floor + shot.unit * 0.07,
        shot.unit * 0.28,
        shot.x(0.62),
        shot.x(0.44),
        indoors=True,
    )
