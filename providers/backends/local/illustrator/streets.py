"""Built-up places: city, street, market, village, hanok, castle, station, school."""

import numpy as np

from providers.backends.local.illustrator import figures, land, nature, objects, things, town
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import darker, ink, lighter, mix
from providers.backends.local.illustrator.land import STONE, ground_color, surface
from providers.backends.local.illustrator.stage import Shot, Stage


def _paving(shot: Shot, top: float, code: str) -> None:
    """Draw paved ground from a height down, with a sheen when wet and lights when dark."""
    stone = shot.lit("e6ecf2" if shot.snowy else code)
    shot.canvas.rect(
        -2, top, shot.w + 2, shot.h + 2, Grad(lighter(stone, 0.05), darker(stone, 0.34))
    )
    for number in range(1, 6):
        y = top + (shot.h - top) * (number / 6) ** 1.5
        shot.canvas.line(
            [(-2, y), (shot.w + 2, y)], shot.unit * 0.0022, darker(stone, 0.3), alpha=0.5
        )
    for number in range(-14, 15):
        x = shot.w / 2 + number * shot.w * 0.05
        shot.canvas.line(
            [(x, top), (shot.w / 2 + number * shot.w * 0.13, shot.h)],
            shot.unit * 0.002,
            darker(stone, 0.3),
            alpha=0.32,
        )
    if "rain" in shot.reading.weathers or "storm" in shot.reading.weathers:
        land.water(shot, top + shot.unit * 0.03, mirror=0.55, color=darker(ink("6f7f8c"), 0.2))


def city(shot: Shot) -> Stage:
    dice = shot.dice.apart("city")
    base = shot.horizon + shot.unit * 0.18
    town.skyline(shot, base, shot.unit * 0.55, dice, depth=0.6, windows=False)
    town.skyline(shot, base, shot.unit * 0.44, dice, depth=0.38)
    land.mist(shot, base, shot.unit * 0.09, 0.5)
    town.skyline(shot, base + shot.unit * 0.12, shot.unit * 0.34, dice, depth=0.14, color="4f5f7f")
    roof = shot.h * 0.86
    wall = shot.lit("e9eef4" if shot.snowy else "9a8f8a")
    shot.canvas.rect(-2, roof, shot.w + 2, shot.h + 2, Grad(wall, darker(wall, 0.35)))
    rail = roof - shot.unit * 0.11
    iron = mix(shot.palette.shade, shot.lit("5a6068"), 0.35)
    for number in range(int(22 * shot.wide)):
        x = shot.w * number / (22 * shot.wide)
        shot.canvas.line([(x, roof), (x, rail)], shot.unit * 0.004, iron)
    shot.canvas.line([(-4, rail), (shot.w + 4, rail)], shot.unit * 0.011, iron)
    _tank(shot, shot.x(0.1), roof + shot.unit * 0.02)
    return Stage(lambda _x: roof + shot.unit * 0.055, shot.unit * 0.33, shot.x(0.66), shot.x(0.46))


def _tank(shot: Shot, x: float, y: float) -> None:
    tone = shot.lit("e0a13a")
    for part in (-0.06, 0.06):
        shot.canvas.line(
            [(x + shot.unit * part, y), (x + shot.unit * part, y - shot.unit * 0.12)],
            shot.unit * 0.009,
            shot.palette.shade,
        )
    shot.canvas.rect(
        x - shot.unit * 0.09,
        y - shot.unit * 0.27,
        x + shot.unit * 0.09,
        y - shot.unit * 0.1,
        Grad(lighter(tone, 0.05), darker(tone, 0.35), across=True),
    )
    shot.canvas.ellipse(
        x, y - shot.unit * 0.27, shot.unit * 0.09, shot.unit * 0.025, lighter(tone, 0.2)
    )


def street(shot: Shot) -> Stage:
    dice = shot.dice.apart("street")
    foot = shot.h * 0.8
    town.skyline(
        shot, foot - shot.unit * 0.3, shot.unit * 0.3, dice, depth=0.55, windows=shot.palette.dark
    )
    x = -shot.unit * dice.between(0.05, 0.25)
    while x < shot.w:
        wide = shot.unit * dice.between(0.42, 0.62)
        if dice.chance(0.14):
            _alley(shot, x, x + wide * 0.3, foot)
            x += wide * 0.3
            continue
        town.shopfront(
            shot,
            x,
            x + wide,
            foot,
            foot - shot.unit * dice.between(0.5, min(0.95, 0.62 * shot.h / shot.unit)),
            dice,
        )
        x += wide
    _paving(shot, foot, "a8a19a")
    shot.canvas.rect(-2, foot, shot.w + 2, foot + shot.unit * 0.012, shot.palette.shade, alpha=0.35)
    _wires(shot)
    for part in (0.1, 0.92):
        town.street_lamp(shot, shot.x(part), foot + shot.unit * 0.06, shot.unit * 0.62)
    return Stage(
        lambda _x: foot + shot.unit * 0.115,
        shot.unit * 0.34,
        shot.x(0.62),
        shot.x(0.4),
        has={"lamp"},
    )


def _alley(shot: Shot, left: float, right: float, foot: float) -> None:
    dark = mix(shot.palette.shade, shot.palette.haze, 0.4)
    shot.canvas.rect(left, foot - shot.unit * 0.36, right, foot, Grad(shot.palette.sky[-1], dark))
    shot.canvas.rect(left, foot - shot.unit * 0.08, right, foot, dark, alpha=0.6)


def _wires(shot: Shot) -> None:
    dice = shot.dice.apart("wires")
    for _wire in range(3):
        a, b, sag = (
            shot.h * dice.between(0.03, 0.2),
            shot.h * dice.between(0.03, 0.2),
            shot.h * dice.between(0.03, 0.08),
        )
        points = [
            (shot.w * t, a + (b - a) * t + sag * 4 * t * (1 - t))
            for t in np.linspace(-0.02, 1.02, 20)
        ]
        shot.canvas.line(points, shot.unit * 0.003, shot.palette.shade, alpha=0.7)


def market(shot: Shot) -> Stage:
    dice = shot.dice.apart("market")
    foot = shot.h * 0.77
    town.skyline(
        shot, foot - shot.unit * 0.15, shot.unit * 0.32, dice, depth=0.45, windows=shot.palette.dark
    )
    _paving(shot, foot, "b8a792")
    figures.crowd(
        shot,
        dice,
        foot + shot.unit * 0.02,
        shot.unit * 0.22,
        count=int(7 * shot.wide),
        left=0,
        right=shot.w,
    )
    for number in range(int(2.4 * shot.wide) + 1):
        left = shot.w * (number + dice.between(-0.1, 0.1)) / (2.4 * shot.wide)
        _stall(shot, left, foot + shot.unit * 0.06)
    _lights(shot)
    return Stage(lambda _x: foot + shot.unit * 0.14, shot.unit * 0.33, shot.x(0.62), shot.x(0.42))


def _stall(shot: Shot, x: float, foot: float) -> None:
    dice = shot.dice.apart(f"stall{x:.0f}")
    wide, paint = shot.unit * 0.36, shot.lit(dice.pick(town.SHOPS))
    for part in (0.04, 0.96):
        shot.canvas.rect(
            x + wide * part - shot.unit * 0.006,
            foot - shot.unit * 0.36,
            x + wide * part + shot.unit * 0.006,
            foot,
            shot.lit("7a5a44"),
        )
    wood = shot.lit("a5744a")
    shot.canvas.rect(x, foot - shot.unit * 0.13, x + wide, foot, Grad(wood, darker(wood, 0.3)))
    shot.canvas.poly(
        [
            (x, foot - shot.unit * 0.18),
            (x + wide, foot - shot.unit * 0.18),
            (x + wide, foot - shot.unit * 0.12),
            (x, foot - shot.unit * 0.12),
        ],
        lighter(wood, 0.12),
    )
    for row in range(2):
        for number in range(9):
            tone = shot.lit(
                ("d8483e", "f2a53c", "7fae4a", "e9cf6a", "8a5a9a")[(number // 2 + row) % 5]
            )
            px = x + wide * (number + 0.7) / 9.6
            shot.canvas.circle(
                px,
                foot - shot.unit * (0.175 + 0.02 * row),
                shot.unit * 0.017,
                Grad(lighter(tone, 0.2), darker(tone, 0.15)),
            )
    top = foot - shot.unit * 0.42
    for number in range(7):
        tone = paint if number % 2 == 0 else shot.lit("f6efe0")
        a, b = (
            x - wide * 0.05 + wide * 1.1 * number / 7,
            x - wide * 0.05 + wide * 1.1 * (number + 1) / 7,
        )
        shot.canvas.poly(
            [
                (a + wide * 0.03, top),
                (b - wide * 0.0, top),
                (b, top + shot.unit * 0.08),
                ((a + b) / 2, top + shot.unit * 0.1),
                (a, top + shot.unit * 0.08),
            ],
            Grad(lighter(tone, 0.06), darker(tone, 0.14)),
        )
    if shot.palette.dark:
        shot.canvas.glow(
            x + wide / 2, foot - shot.unit * 0.25, shot.unit * 0.34, shot.palette.lamp, 0.65
        )


def _lights(shot: Shot) -> None:
    """Draw bulbs on strings across the frame."""
    for number, (a, b) in enumerate(((0.12, 0.2), (0.24, 0.1))):
        points = [
            (shot.w * t, shot.h * (a + (b - a) * t + 0.3 * t * (1 - t)))
            for t in np.linspace(-0.02, 1.02, 26)
        ]
        shot.canvas.line(points, shot.unit * 0.003, shot.palette.shade, alpha=0.8)
        for px, py in points[number::2]:
            shot.canvas.circle(
                px, py + shot.unit * 0.012, shot.unit * 0.0085, lighter(shot.palette.lamp, 0.4)
            )
            shot.canvas.glow(
                px,
                py + shot.unit * 0.012,
                shot.unit * 0.07,
                shot.palette.lamp,
                0.6 if shot.palette.dark else 0.25,
            )


def village(shot: Shot) -> Stage:
    dice = shot.dice.apart("village")
    base = shot.horizon + shot.unit * 0.02
    land.mountains(
        shot,
        dice,
        base,
        shot.unit * 0.28,
        ink("8796a8"),
        lumps=1.6,
        depth=0.5,
        snow=0.5 if shot.snowy else 0.0,
    )
    land.hills(
        shot, dice, base + shot.unit * 0.05, shot.unit * 0.13, ink("7f9f74"), lumps=1.4, depth=0.34
    )
    rows = ((0.1, 0.1, 0.24), (0.2, 0.15, 0.12))
    for lift, wide, depth in rows:
        line = land.hills(
            shot,
            dice,
            base + shot.unit * lift,
            shot.unit * 0.06,
            ink(ground_color(shot)[0]),
            lumps=1.3,
            depth=depth,
        )
        for number in range(int(6 * shot.wide)):
            x = shot.w * (number + dice.between(0.15, 0.85)) / (6 * shot.wide)
            y = surface(line)(x) + shot.unit * 0.015
            if dice.chance(0.68):
                town.house(
                    shot, x, y, shot.unit * wide * dice.between(0.85, 1.25), dice, depth=depth
                )
            else:
                (nature.pine if shot.snowy else nature.round_tree)(
                    shot, x, y, shot.unit * wide * 1.2, dice, depth=depth
                )
    green = shot.lit(ground_color(shot)[1])
    near = land.rolling(shot, dice, shot.h * 0.86, shot.unit * 0.06, lumps=0.9, octaves=1)
    land.under(shot, near, Grad(lighter(green, 0.06), darker(green, 0.38)))
    path = shot.lit("dcc096" if not shot.snowy else "f4f8fb")
    x = shot.x(0.5)
    shot.canvas.blob(
        [
            (x - shot.unit * 0.03, shot.h * 0.8),
            (x + shot.unit * 0.03, shot.h * 0.8),
            (x + shot.unit * 0.24, shot.h * 0.9),
            (x + shot.unit * 0.34, shot.h * 1.1),
            (x - shot.unit * 0.4, shot.h * 1.1),
            (x - shot.unit * 0.06, shot.h * 0.9),
        ],
        Grad(path, darker(path, 0.2)),
    )

    def front() -> None:
        if not shot.snowy:
            nature.grass(
                shot,
                shot.h * 0.98,
                shot.unit * 0.09,
                darker(green, 0.2),
                dice,
                count=140,
                seeds=True,
            )

    return Stage(
        surface(near + shot.unit * 0.06), shot.unit * 0.29, shot.x(0.66), shot.x(0.44), front=front
    )


def hanok(shot: Shot) -> Stage:
    dice = shot.dice.apart("hanok")
    base = shot.horizon + shot.unit * 0.06
    land.mountains(
        shot,
        dice,
        base,
        shot.unit * 0.34,
        ink("7f92a0"),
        lumps=1.3,
        depth=0.45,
        snow=0.4 if shot.snowy else 0,
    )
    land.hills(
        shot, dice, base + shot.unit * 0.02, shot.unit * 0.1, ink("6f8f6a"), lumps=1.6, depth=0.28
    )
    yard = base + shot.unit * 0.17
    ground = shot.lit("edf2f6" if shot.snowy else "dcc8a2")
    land.under(
        shot,
        np.full(shot.canvas.width, yard - shot.unit * 0.05, np.float32),
        Grad(ground, darker(ground, 0.28)),
    )
    for part, wide, depth in ((0.16, 0.46, 0.2), (0.9, 0.4, 0.2)):
        town.hanok(shot, shot.x(part), yard - shot.unit * 0.04, shot.unit * wide, depth=depth)
    for part in (0.33, 0.98):
        nature.round_tree(
            shot, shot.x(part), yard, shot.unit * dice.between(0.3, 0.42), dice, depth=0.08
        )
    palace = "castle" in shot.reading.places or any(
        word in shot.reading.motifs for word in ("crown",)
    )
    town.hanok(
        shot,
        shot.x(0.56),
        yard + shot.unit * 0.05,
        shot.unit * (0.98 if palace else 0.82),
        tall=1.15 if palace else 1.0,
    )
    for number in range(6):
        shot.canvas.ellipse(
            shot.x(0.5 - 0.05 * number),
            yard + shot.unit * (0.08 + 0.035 * number),
            shot.unit * (0.035 + 0.006 * number),
            shot.unit * 0.011,
            shot.palette.lit(STONE),
        )

    def front() -> None:
        nature.hanging_branch(shot, -shot.side, dice)

    return Stage(lambda _x: shot.h * 0.89, shot.unit * 0.3, shot.x(0.74), shot.x(0.36), front=front)


def castle(shot: Shot) -> Stage:
    dice = shot.dice.apart("castle")
    base = shot.horizon + shot.unit * 0.08
    land.mountains(
        shot, dice, base, shot.unit * 0.36, ink("8f9ab8"), lumps=1.5, depth=0.5, snow=0.4
    )
    hill = land.hills(
        shot,
        dice,
        base + shot.unit * 0.1,
        shot.unit * 0.14,
        ink(ground_color(shot)[1]),
        lumps=0.8,
        depth=0.22,
    )
    x = shot.x(0.64)
    town.castle(shot, x, surface(hill)(x) + shot.unit * 0.03, shot.unit * 0.5, dice)
    for _tree in range(int(12 * shot.wide)):
        px = dice.between(0, shot.w)
        nature.pine(
            shot,
            px,
            surface(hill)(px) + shot.unit * 0.05,
            shot.unit * dice.between(0.08, 0.14),
            dice,
            depth=0.18,
        )
    near = land.hills(
        shot, dice, shot.h * 0.9, shot.unit * 0.09, ink(ground_color(shot)[0]), lumps=0.8
    )
    green = shot.lit(ground_color(shot)[1])

    def front() -> None:
        nature.hanging_branch(shot, -shot.side, dice)
        nature.grass(shot, shot.h * 0.98, shot.unit * 0.09, darker(green, 0.25), dice, count=120)

    return Stage(
        surface(near + shot.unit * 0.03), shot.unit * 0.25, shot.x(0.36), shot.x(0.52), front=front
    )


def station(shot: Shot) -> Stage:
    """Draw a rural station platform: rails, a small roof, a bench and a clock."""
    dice = shot.dice.apart("station")
    base = shot.horizon + shot.unit * 0.08
    land.hills(shot, dice, base, shot.unit * 0.2, ink("8fa58f"), lumps=1.2, depth=0.48)
    near = land.hills(
        shot,
        dice,
        base + shot.unit * 0.05,
        shot.unit * 0.09,
        ink(ground_color(shot)[0]),
        lumps=1.4,
        depth=0.24,
    )
    for _tree in range(int(7 * shot.wide)):
        x = dice.between(0, shot.w)
        (nature.pine if shot.snowy else nature.round_tree)(
            shot,
            x,
            surface(near)(x) + shot.unit * 0.02,
            shot.unit * dice.between(0.09, 0.16),
            dice,
            depth=0.22,
        )
    rails = base + shot.unit * 0.1
    gravel = shot.lit("e3e9f0" if shot.snowy else "9a8f84")
    shot.canvas.rect(
        -2,
        base + shot.unit * 0.06,
        shot.w + 2,
        shot.h,
        Grad(lighter(gravel, 0.06), darker(gravel, 0.2)),
    )
    for number in range(int(30 * shot.wide)):
        x = shot.w * number / (30 * shot.wide)
        shot.canvas.rect(
            x,
            rails - shot.unit * 0.012,
            x + shot.unit * 0.014,
            rails + shot.unit * 0.02,
            shot.lit("6b4f3f"),
        )
    for lift in (-0.008, 0.014):
        shot.canvas.line(
            [(-4, rails + shot.unit * lift), (shot.w + 4, rails + shot.unit * lift)],
            shot.unit * 0.006,
            shot.lit("c9ced4"),
        )
    shot.canvas.line(
        [(-4, base - shot.unit * 0.22), (shot.w + 4, base - shot.unit * 0.2)],
        shot.unit * 0.0025,
        shot.palette.shade,
        alpha=0.7,
    )
    for part in (0.2, 0.62, 1.0):
        x = shot.x(part)
        shot.canvas.line(
            [(x, base + shot.unit * 0.07), (x, base - shot.unit * 0.26)],
            shot.unit * 0.008,
            shot.lit("5a6068", 0.1),
        )
        shot.canvas.line(
            [
                (x - shot.unit * 0.05, base - shot.unit * 0.22),
                (x + shot.unit * 0.05, base - shot.unit * 0.22),
            ],
            shot.unit * 0.006,
            shot.lit("5a6068", 0.1),
        )
    edge = rails + shot.unit * 0.06
    stone = shot.lit("eef2f6" if shot.snowy else "bdb4a8")

    def platform() -> None:
        shot.canvas.rect(
            -2, edge, shot.w + 2, shot.h + 2, Grad(lighter(stone, 0.06), darker(stone, 0.3))
        )
        shot.canvas.rect(-2, edge, shot.w + 2, edge + shot.unit * 0.02, darker(stone, 0.35))
        shot.canvas.rect(
            -2, edge + shot.unit * 0.045, shot.w + 2, edge + shot.unit * 0.065, shot.lit("f2c53d")
        )
        _shelter(shot, edge + shot.unit * 0.085)

    if "train" in shot.reading.motifs:
        direction = shot.dice.apart("train").side()
        things.train(
            shot,
            shot.pen(shot.x(0.56), rails + shot.unit * 0.004, shot.unit * 0.17, flip=direction < 0),
            shot.palette.lit(shot.palette.accent),
        )
    platform()
    return Stage(
        lambda _x: edge + shot.unit * 0.125,
        shot.unit * 0.33,
        shot.x(0.6),
        shot.x(0.42),
        has={"train", "bench", "clock"},
    )


def _shelter(shot: Shot, y: float) -> None:
    x = shot.x(0.12)
    wood, roof = shot.lit("8a5f44"), shot.lit("6b7f88")
    for part in (-0.16, 0.16):
        shot.canvas.rect(
            x + shot.unit * part - shot.unit * 0.01,
            y - shot.unit * 0.5,
            x + shot.unit * part + shot.unit * 0.01,
            y,
            wood,
        )
    shot.canvas.poly(
        [
            (x - shot.unit * 0.3, y - shot.unit * 0.47),
            (x - shot.unit * 0.24, y - shot.unit * 0.54),
            (x + shot.unit * 0.24, y - shot.unit * 0.54),
            (x + shot.unit * 0.3, y - shot.unit * 0.47),
        ],
        Grad(lighter(roof, 0.1), darker(roof, 0.2)),
    )
    objects.clock(shot, shot.pen(x, y - shot.unit * 0.43, shot.unit * 0.075), shot.lit("3f4650"))
    things.bench(shot, shot.pen(x, y, shot.unit * 0.2), wood)
    if shot.palette.dark:
        shot.canvas.glow(x, y - shot.unit * 0.4, shot.unit * 0.5, shot.palette.lamp, 0.5)


def school(shot: Shot) -> Stage:
    dice = shot.dice.apart("school")
    base = shot.horizon + shot.unit * 0.1
    land.hills(shot, dice, base, shot.unit * 0.22, ink("7f9f84"), lumps=1.4, depth=0.45)
    town.school(shot, shot.x(0.42), base + shot.unit * 0.05, shot.unit * 0.82, dice)
    ground = shot.lit("eff3f6" if shot.snowy else "e3c898")
    land.under(
        shot,
        np.full(shot.canvas.width, base + shot.unit * 0.045, np.float32),
        Grad(ground, darker(ground, 0.24)),
    )
    for part in (0.0, 0.86, 1.0):
        nature.round_tree(
            shot,
            shot.x(part),
            base + shot.unit * 0.075,
            shot.unit * dice.between(0.32, 0.42),
            dice,
            depth=0.06,
        )
    line = shot.lit("fbf7ec")
    for number in range(3):
        shot.canvas.line(
            [
                (shot.x(0.1 + 0.2 * number), base + shot.unit * 0.12),
                (shot.x(-0.3 + 0.45 * number), shot.h),
            ],
            shot.unit * 0.006,
            line,
            alpha=0.6,
        )
    return Stage(lambda _x: shot.h * 0.87, shot.unit * 0.29, shot.x(0.68), shot.x(0.48))
