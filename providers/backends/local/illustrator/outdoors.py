"""Places in the open country.

Each draws its ground from far to near and returns where figures may stand.
"""

import numpy as np

from providers.backends.local.illustrator import animals, land, nature, town
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.land import ground_color, surface
from providers.backends.local.illustrator.stage import Shot, Stage


def field(shot: Shot) -> Stage:
    dice = shot.dice.apart("field")
    horizon = shot.horizon
    near, far = ground_color(shot)
    if dice.chance(0.5):
        land.mountains(
            shot,
            dice,
            horizon + 4,
            shot.unit * 0.2,
            ink("8a9ab0"),
            depth=0.55,
            snow=0.4 if shot.snowy else 0,
        )
    land.hills(
        shot,
        dice,
        horizon + shot.unit * 0.03,
        shot.unit * 0.11,
        ink("8fae86"),
        lumps=1.2,
        depth=0.42,
    )
    middle = land.hills(
        shot, dice, horizon + shot.unit * 0.12, shot.unit * 0.13, ink(far), lumps=1.0, depth=0.2
    )
    for _tree in range(int(5 * shot.wide)):
        x = dice.between(0, shot.w)
        draw = nature.pine if shot.snowy else nature.round_tree
        draw(
            shot,
            x,
            surface(middle)(x) + shot.unit * 0.012,
            shot.unit * dice.between(0.06, 0.1),
            dice,
            depth=0.26,
        )
    crest = land.rolling(shot, dice, shot.h * 0.9, shot.unit * 0.17, lumps=0.7, octaves=1)
    green = shot.lit(near)
    land.under(
        shot, crest, Grad(lighter(mix(green, shot.palette.sun, 0.08), 0.06), darker(green, 0.42))
    )
    if not shot.snowy:
        nature.blossoms(
            shot,
            float(crest.min()) + shot.unit * 0.07,
            shot.h,
            dice,
            colors=dice.pick(
                (
                    ("f6d24f", "fdf6e6"),
                    ("f2785c", "f6b84f"),
                    ("fdf6ee", "f3aec1"),
                    ("a98ad8", "f6e6fa"),
                )
            ),
        )

    def front() -> None:
        if not shot.snowy:
            nature.grass(
                shot,
                shot.h * 0.97,
                shot.unit * 0.12,
                darker(green, 0.2),
                dice,
                count=240,
                seeds=True,
            )

    return Stage(
        surface(crest + shot.unit * 0.02), shot.unit * 0.25, shot.x(0.66), shot.x(0.46), front=front
    )


def mountain(shot: Shot) -> Stage:
    dice = shot.dice.apart("mountain")
    base = shot.horizon + shot.unit * 0.1
    snow = 0.75 if shot.snowy else 0.45
    land.mountains(
        shot, dice, base, shot.unit * 0.62, ink("8a94ae"), lumps=1.2, depth=0.42, snow=snow
    )
    land.mist(shot, base - shot.unit * 0.05, shot.unit * 0.07, 0.75)
    land.mountains(
        shot,
        dice,
        base + shot.unit * 0.05,
        shot.unit * 0.34,
        ink("6f7f94"),
        lumps=2.4,
        depth=0.24,
        snow=snow * 0.5,
    )
    land.mist(shot, base + shot.unit * 0.03, shot.unit * 0.05, 0.6)
    slope = land.hills(
        shot,
        dice,
        shot.h * 0.86,
        shot.unit * 0.13,
        ink("4f7f62" if not shot.snowy else "c9d6e2"),
        lumps=1.3,
        depth=0.12,
    )
    for _tree in range(int(20 * shot.wide)):
        x = dice.between(0, shot.w)
        nature.pine(
            shot,
            x,
            surface(slope)(x) + shot.unit * 0.025,
            shot.unit * dice.between(0.1, 0.18),
            dice,
            depth=0.14,
        )
    ledge = (
        shot.h * 0.9
        - shot.unit
        * 0.13
        * np.clip(
            (
                np.arange(shot.canvas.width) / shot.w
                if shot.side > 0
                else 1 - np.arange(shot.canvas.width) / shot.w
            )
            * 1.5
            - 0.42,
            0,
            0.75,
        )
        ** 1.2
    ).astype(np.float32)
    stone = shot.lit("e6edf4" if shot.snowy else "7c766f")
    land.under(shot, ledge, Grad(lighter(stone, 0.08), darker(stone, 0.42)))
    for _stone in range(7):
        x = shot.x(dice.between(0.0, 0.55))
        nature.rock(
            shot, x, shot.h * dice.between(0.95, 1.02), shot.unit * dice.between(0.08, 0.2), dice
        )
    return Stage(surface(ledge + shot.unit * 0.02), shot.unit * 0.23, shot.x(0.74), shot.x(0.6))


def snowfield(shot: Shot) -> Stage:
    dice = shot.dice.apart("snowfield")
    base = shot.horizon + shot.unit * 0.03
    land.mountains(
        shot, dice, base, shot.unit * 0.3, ink("9fb2cc"), lumps=1.8, depth=0.45, snow=0.9
    )
    for part, depth in ((0.3, 0.35), (0.55, 0.18)):
        land.hills(
            shot,
            dice,
            base + (shot.h - base) * part,
            shot.unit * 0.1,
            ink("dfe9f2"),
            lumps=0.9,
            depth=depth,
            fade=0.2,
        )
    crest = land.hills(
        shot, dice, shot.h * 0.9, shot.unit * 0.1, ink("eef3f8"), lumps=0.8, fade=0.05
    )
    for _tree in range(int(5 * shot.wide)):
        nature.pine(
            shot,
            shot.x(dice.between(-0.05, 0.38)),
            shot.h * dice.between(0.84, 0.98),
            shot.unit * dice.between(0.2, 0.42),
            dice,
        )
    return Stage(surface(crest + shot.unit * 0.035), shot.unit * 0.26, shot.x(0.66), shot.x(0.46))


def desert(shot: Shot) -> Stage:
    dice = shot.dice.apart("desert")
    base = shot.horizon
    land.hills(shot, dice, base + 4, shot.unit * 0.1, ink("d9a877"), lumps=1.0, depth=0.5)
    crest = np.zeros(shot.canvas.width, np.float32)
    for number, part in enumerate((0.22, 0.5, 0.86)):
        crest = land.rolling(
            shot,
            dice,
            base + (shot.h - base) * part,
            shot.unit * (0.1 + 0.06 * number),
            lumps=0.55,
            octaves=1,
        )
        light = mix(
            shot.palette.lit(ink("eec07f"), 0.26 - 0.13 * number),
            shot.palette.sun,
            0.16 if shot.palette.dark else 0.04,
        )
        land.under(shot, crest, Grad(lighter(light, 0.08), darker(light, 0.2)))
        top = int(np.argmin(crest))
        dark = [
            (float(x), float(crest[x]))
            for x in range(0, shot.canvas.width, 5)
            if (x - top) * shot.side < 0
        ]
        if dark:
            tip = (float(top), float(crest[top]))
            line = [tip, *(dark[::-1] if shot.side > 0 else dark)]
            fall = [
                (
                    x + shot.side * (y - tip[1] + shot.unit * 0.06) * 0.7,
                    y + abs(x - tip[0]) * 0.22 + shot.unit * 0.05,
                )
                for x, y in line[::-1]
            ]
            shot.canvas.poly(
                [*line, *fall], darker(light, 0.24), alpha=0.55, soft=shot.unit * 0.002
            )
    for _plant in range(2):
        nature.cactus(
            shot,
            shot.x(dice.between(0.05, 0.36)),
            shot.h * dice.between(0.84, 0.95),
            shot.unit * dice.between(0.12, 0.26),
        )
    return Stage(surface(crest + shot.unit * 0.02), shot.unit * 0.23, shot.x(0.67), shot.x(0.48))


def forest(shot: Shot) -> Stage:
    dice = shot.dice.apart("forest")
    glow = shot.palette.haze
    shot.canvas.veil(glow, np.full((shot.canvas.height, 1), 0.45, np.float32))
    floor = shot.h * 0.8
    colors = ("8a9aa0", "6f7f80", "54625f") if shot.snowy else ("8fa58f", "6b7f66", "57503f")
    greens = nature.LEAVES.get(shot.season, nature.LEAVES[""])
    for layer, (color, depth) in enumerate(zip(colors, (0.62, 0.38, 0.16), strict=True)):
        y = floor - shot.unit * (0.17 - 0.075 * layer)
        _canopy(
            shot,
            dice,
            shot.lit(greens[layer % len(greens)], depth),
            low=0.17 + 0.035 * (2 - layer),
            size=0.07 + 0.02 * layer,
        )
        ground = shot.lit(ground_color(shot)[layer % 2], depth)
        line = land.rolling(shot, dice, y + shot.unit * 0.03, shot.unit * 0.05, lumps=1.6)
        land.under(shot, line, Grad(lighter(ground, 0.06), darker(ground, 0.12)))
        nature.birch_trunks(
            shot,
            y + shot.unit * 0.02,
            dice,
            count=int((13 - 3 * layer) * shot.wide),
            depth=depth,
            thick=shot.unit * (0.02 + 0.014 * layer),
            color=color,
        )
    if not shot.palette.dark:
        _shafts(shot, glow)
    grass = shot.lit(ground_color(shot)[1])
    path = mix(grass, shot.lit("d9b98a" if not shot.snowy else "f6f9fc"), 0.65)
    near = land.rolling(shot, dice, floor + shot.unit * 0.03, shot.unit * 0.05, lumps=1.0)
    land.under(shot, near, Grad(lighter(grass, 0.06), darker(grass, 0.42)))
    focus = shot.x(0.6)
    shot.canvas.blob(
        [
            (focus - shot.unit * 0.05, floor),
            (focus + shot.unit * 0.05, floor),
            (focus + shot.unit * 0.16, shot.h * 0.9),
            (focus + shot.unit * 0.3, shot.h * 1.1),
            (focus - shot.unit * 0.45, shot.h * 1.1),
            (focus - shot.unit * 0.14, shot.h * 0.9),
        ],
        Grad(path, darker(path, 0.22)),
    )

    def front() -> None:
        dark = mix(shot.palette.shade, shot.lit("4a4038"), 0.4)
        for part, wide in ((-0.02, 0.13), (1.03, 0.1)):
            x = shot.x(part)
            shot.canvas.poly(
                [
                    (x - shot.unit * wide, shot.h * 1.02),
                    (x - shot.unit * wide * 0.6, shot.h * 0.7),
                    (x - shot.unit * wide * 0.55, -5),
                    (x + shot.unit * wide * 0.55, -5),
                    (x + shot.unit * wide * 0.6, shot.h * 0.7),
                    (x + shot.unit * wide, shot.h * 1.02),
                ],
                Grad(dark, darker(dark, 0.3), across=True),
            )
        nature.hanging_branch(shot, -shot.side, dice, reach=0.5)
        if not shot.snowy:
            nature.grass(shot, shot.h * 0.97, shot.unit * 0.1, darker(grass, 0.35), dice, count=170)

    return Stage(
        lambda _x: floor + shot.unit * 0.1, shot.unit * 0.28, focus, shot.x(0.42), front=front
    )


def _canopy(shot: Shot, dice: Dice, leaf: Color, *, low: float, size: float) -> None:
    """Draw the crowns of one row of trees.

    They are one mass along the upper edge with a scalloped lower edge and lighter bunches in it.
    """
    bunches: list[list[tuple[float, float]]] = [
        [
            (-10, -10),
            (shot.w + 10, -10),
            (shot.w + 10, shot.h * low * 0.6),
            (-10, shot.h * low * 0.6),
        ]
    ]
    count = int(15 * shot.wide)
    for number in range(count):
        radius = shot.unit * size * dice.between(0.7, 1.25)
        x, y = (
            shot.w * (number + dice.between(0, 1)) / count,
            shot.h * low * dice.between(0.55, 1.0),
        )
        bunches.append(
            [
                (x + radius * 1.2 * float(np.cos(a)), y + radius * 0.8 * float(np.sin(a)))
                for a in np.linspace(0, 2 * np.pi, 26, endpoint=False)
            ]
        )
    shot.canvas.union(bunches, Grad(darker(leaf, 0.2), lighter(leaf, 0.05)))
    for _bunch in range(count):
        radius = shot.unit * size * dice.between(0.3, 0.6)
        shot.canvas.ellipse(
            dice.between(0, shot.w),
            shot.h * low * dice.between(0.0, 0.8),
            radius * 1.3,
            radius * 0.7,
            lighter(leaf, 0.12),
            alpha=0.3,
        )


def _shafts(shot: Shot, glow: Color) -> None:
    dice = shot.dice.apart("shafts")
    for _shaft in range(6):
        x, wide = shot.x(dice.between(0.1, 1.0)), shot.unit * dice.between(0.03, 0.09)
        lean = -shot.side * shot.unit * 0.42
        shot.canvas.poly(
            [
                (x, -5),
                (x + wide, -5),
                (x + wide * 1.8 + lean, shot.h * 0.86),
                (x + lean, shot.h * 0.86),
            ],
            lighter(mix(glow, shot.palette.sun, 0.6), 0.3),
            alpha=dice.between(0.1, 0.2),
            soft=shot.unit * 0.012,
            rough=0,
        )


def garden(shot: Shot) -> Stage:
    dice = shot.dice.apart("garden")
    y = shot.horizon + shot.unit * 0.1
    land.hills(
        shot, dice, y - shot.unit * 0.05, shot.unit * 0.16, ink("8fb08f"), lumps=1.4, depth=0.45
    )
    for _tree in range(int(8 * shot.wide)):
        nature.round_tree(
            shot, dice.between(0, shot.w), y, shot.unit * dice.between(0.2, 0.34), dice, depth=0.22
        )
    town.fence(shot, y + shot.unit * 0.03, shot.unit * 0.08, shot.lit("f6efe0", 0.08))
    grass = shot.lit(ground_color(shot)[0])
    lawn = np.full(shot.canvas.width, y + shot.unit * 0.02, np.float32)
    land.under(shot, lawn, Grad(lighter(grass, 0.1), darker(grass, 0.35)))
    path = shot.lit("eadcc0" if not shot.snowy else "f5f8fb")
    x = shot.x(0.5)
    shot.canvas.blob(
        [
            (x - shot.unit * 0.04, y + shot.unit * 0.02),
            (x + shot.unit * 0.04, y + shot.unit * 0.02),
            (x + shot.unit * 0.2 * shot.side, shot.h * 0.86),
            (x + shot.unit * 0.1, shot.h * 1.1),
            (x - shot.unit * 0.5, shot.h * 1.1),
            (x - shot.unit * 0.05, shot.h * 0.86),
        ],
        Grad(path, darker(path, 0.15)),
    )
    colors = ("e8697c", "f6c84f", "f7f0e6", "b08ad8", "f08a4b")
    for part in (0.0, 0.16, 0.9, 1.02):
        bx = shot.x(part)
        nature.bush(shot, bx, shot.h * 0.88, shot.unit * 0.34, dice)
        if not shot.snowy:
            for _flower in range(26):
                shot.canvas.circle(
                    bx + dice.between(-0.17, 0.17) * shot.unit,
                    shot.h * 0.88 - dice.between(0.0, 0.09) * shot.unit,
                    shot.unit * dice.between(0.005, 0.011),
                    shot.lit(dice.pick(colors)),
                )

    def front() -> None:
        if not shot.snowy:
            nature.blossoms(shot, shot.h * 0.93, shot.h, dice, colors=colors, count=60)
            nature.hanging_branch(shot, -shot.side, dice)

    return Stage(
        lambda _x: shot.h * 0.87, shot.unit * 0.31, shot.x(0.66), shot.x(0.42), front=front
    )


def sky(shot: Shot) -> Stage:
    """Above the clouds: a layer of cloud far below."""
    dice = shot.dice.apart("above")
    for layer in range(4):
        y = shot.h * (0.7 + 0.08 * layer)
        tone = mix(
            shot.palette.sky[-1],
            lighter(shot.palette.haze, 0.5 if not shot.palette.dark else 0.12),
            0.3 + 0.2 * layer,
        )
        for number in range(int(9 * shot.wide)):
            x = shot.w * (number + dice.between(0, 1)) / (9 * shot.wide)
            size = shot.unit * dice.between(0.07, 0.15) * (0.8 + 0.2 * layer)
            shot.canvas.ellipse(
                x,
                y + size * 0.6,
                size * 1.3,
                size * 0.8,
                Grad(lighter(tone, 0.2), mix(tone, shot.palette.sky[1], 0.25)),
            )
        land.under(
            shot,
            np.full(shot.canvas.width, y + shot.unit * 0.06, np.float32),
            mix(tone, shot.palette.sky[1], 0.12),
            soft=shot.unit * 0.02,
        )
    animals.flock(shot, shot.x(0.25), shot.h * 0.34, shot.unit * 0.016, dice)
    return Stage(lambda _x: shot.h * 0.8, shot.unit * 0.24, shot.x(0.62), shot.x(0.4))
