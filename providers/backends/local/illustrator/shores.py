"""Places by the water: sea, harbour, island, lake, river, and a bridge over it."""

import numpy as np

from providers.backends.local.illustrator import land, nature, town
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import darker, ink, lighter, mix
from providers.backends.local.illustrator.land import SAND, STONE, ground_color, surface
from providers.backends.local.illustrator.stage import Shot, Stage


def sea(shot: Shot) -> Stage:
    dice = shot.dice.apart("sea")
    horizon = shot.horizon
    if dice.chance(0.6):
        land.hills(
            shot,
            dice,
            horizon + 2,
            shot.unit * dice.between(0.05, 0.11),
            ink("7d92a0"),
            lumps=1.1,
            depth=0.55,
            fade=0.6,
        )
    land.water(shot, horizon, mirror=0.42)
    land.wavelets(shot, horizon + 2, shot.h, strength=1.0)
    beach = (
        shot.h * 0.82
        + shot.unit * 0.05 * np.sin(np.linspace(0.3, 2.6, shot.canvas.width)) * shot.side
    ).astype(np.float32)
    sand = shot.palette.lit(ink("f1f4f7") if shot.snowy else SAND)
    foam = lighter(mix(shot.palette.sky[-1], sand, 0.3), 0.45)
    for lift, share in ((0.05, 0.25), (0.028, 0.4), (0.012, 0.75)):
        wave = (
            beach
            - shot.unit * lift
            + shot.unit
            * 0.006
            * np.sin(np.linspace(0, 40 * shot.wide, len(beach)) + lift * 90).astype(np.float32)
        )
        shot.canvas.line(
            [(float(x), float(wave[x])) for x in range(0, len(wave), 6)],
            shot.unit * 0.007,
            foam,
            alpha=share,
        )
    wet = mix(darker(sand, 0.24), shot.palette.sky[-1], 0.25)
    land.under(shot, beach - shot.unit * 0.008, wet)
    land.under(shot, beach + shot.unit * 0.03, Grad(sand, darker(sand, 0.22)))

    def front() -> None:
        for _stone in range(5):
            nature.rock(
                shot,
                shot.x(dice.between(-0.02, 0.4)),
                shot.h * dice.between(0.97, 1.02),
                shot.unit * dice.between(0.05, 0.13),
                dice,
            )

    return Stage(
        surface(beach + shot.unit * 0.05),
        shot.unit * 0.3,
        shot.x(0.66),
        shot.x(0.45),
        water=(horizon + (shot.h * 0.82 - horizon) * 0.4, shot.unit * 0.13),
        front=front,
    )


def harbour(shot: Shot) -> Stage:
    dice = shot.dice.apart("harbour")
    horizon = shot.horizon
    far = land.hills(shot, dice, horizon + 2, shot.unit * 0.2, ink("7f9a86"), lumps=1.3, depth=0.42)
    for number in range(int(9 * shot.wide)):
        x = shot.w * (number + dice.between(0.1, 0.9)) / (9 * shot.wide)
        y = float(far[int(min(x, shot.w - 1))])
        town.house(
            shot,
            x,
            max(y + shot.unit * 0.04, horizon - shot.unit * dice.between(0.0, 0.07)),
            shot.unit * dice.between(0.055, 0.085),
            dice,
            depth=0.22,
        )
    land.under(
        shot,
        np.full(shot.canvas.width, horizon - shot.unit * 0.012, np.float32),
        shot.lit("8f8a86", 0.25),
    )
    land.water(shot, horizon, mirror=0.6)
    land.wavelets(shot, horizon + 2, shot.h, strength=0.5)
    quay = np.full(shot.canvas.width, shot.h * 0.81, np.float32)
    stone = shot.palette.lit(ink("e6ecf2") if shot.snowy else STONE)
    land.under(shot, quay, Grad(stone, darker(stone, 0.22)))
    shot.canvas.rect(
        -2, shot.h * 0.81, shot.w + 2, shot.h * 0.81 + shot.unit * 0.02, lighter(stone, 0.14)
    )
    for number in range(int(8 * shot.wide)):
        x = shot.w * number / (8 * shot.wide)
        shot.canvas.line(
            [(x, shot.h * 0.835), (x - (x - shot.w / 2) * -0.16, shot.h * 1.02)],
            shot.unit * 0.003,
            darker(stone, 0.3),
            alpha=0.5,
        )
    for part in (0.08, 0.3, 0.92):
        x = shot.x(part)
        shot.canvas.rect(
            x - shot.unit * 0.02,
            shot.h * 0.78,
            x + shot.unit * 0.02,
            shot.h * 0.83,
            Grad(shot.lit("4a4a50"), shot.lit("2f2f36")),
        )
        shot.canvas.ellipse(
            x, shot.h * 0.78, shot.unit * 0.028, shot.unit * 0.011, shot.lit("5a5a60")
        )
    return Stage(
        surface(quay + shot.unit * 0.05),
        shot.unit * 0.31,
        shot.x(0.68),
        shot.x(0.48),
        water=(horizon + (shot.h * 0.81 - horizon) * 0.5, shot.unit * 0.17),
    )


def island(shot: Shot) -> Stage:
    dice = shot.dice.apart("island")
    horizon = shot.horizon
    land.water(shot, horizon, mirror=0.45)
    land.wavelets(shot, horizon + 2, shot.h)
    x, foot, wide = shot.x(0.6), horizon + (shot.h - horizon) * 0.34, shot.unit * 0.95
    grass, sand = shot.lit(ground_color(shot)[0]), shot.palette.lit(SAND)
    shot.canvas.ellipse(
        x,
        foot + shot.unit * 0.015,
        wide * 0.62,
        shot.unit * 0.05,
        darker(shot.palette.sky[0], 0.3),
        alpha=0.35,
        soft=shot.unit * 0.012,
    )
    shot.canvas.ellipse(
        x, foot, wide * 0.58, shot.unit * 0.055, Grad(lighter(sand, 0.1), darker(sand, 0.2))
    )
    shot.canvas.blob(
        [
            (x - wide * 0.5, foot),
            (x - wide * 0.34, foot - shot.unit * 0.1),
            (x, foot - shot.unit * 0.17),
            (x + wide * 0.32, foot - shot.unit * 0.11),
            (x + wide * 0.5, foot),
        ],
        Grad(lighter(grass, 0.1), darker(grass, 0.2)),
    )
    for part in (-0.3, -0.22, 0.26):
        nature.palm(
            shot, x + wide * part, foot - shot.unit * 0.05, shot.unit * dice.between(0.2, 0.3), dice
        )
    crest = np.full(shot.canvas.width, foot - shot.unit * 0.1, np.float32)
    return Stage(
        surface(crest),
        shot.unit * 0.15,
        x + wide * 0.04,
        x - wide * 0.12,
        water=(shot.h * 0.84, shot.unit * 0.2),
    )


def lake(shot: Shot) -> Stage:
    dice = shot.dice.apart("lake")
    horizon = shot.horizon
    land.mountains(shot, dice, horizon + 2, shot.unit * 0.36, ink("7f8fa6"), depth=0.4, snow=0.5)
    land.hills(shot, dice, horizon + 2, shot.unit * 0.12, ink("5f8a66"), lumps=1.8, depth=0.22)
    for _tree in range(int(16 * shot.wide)):
        nature.pine(
            shot,
            dice.between(0, shot.w),
            horizon + 2,
            shot.unit * dice.between(0.06, 0.13),
            dice,
            depth=0.22,
        )
    shore = np.full(shot.canvas.width, shot.h * 0.85, np.float32) + (
        shot.unit * 0.04 * np.sin(np.linspace(0, 4, shot.canvas.width))
    ).astype(np.float32)
    land.water(shot, horizon, mirror=0.82, bottom=shot.h)
    land.wavelets(shot, horizon + shot.unit * 0.05, shot.h, strength=0.3)
    grass = shot.lit(ground_color(shot)[1])
    land.under(shot, shore, Grad(grass, darker(grass, 0.4)))

    def front() -> None:
        nature.grass(
            shot,
            shot.h * 0.96,
            shot.unit * 0.13,
            darker(grass, 0.3),
            dice,
            count=150,
            seeds=not shot.snowy,
        )

    return Stage(
        surface(shore + shot.unit * 0.035),
        shot.unit * 0.28,
        shot.x(0.67),
        shot.x(0.45),
        water=(horizon + (shot.h * 0.85 - horizon) * 0.5, shot.unit * 0.13),
        front=front,
    )


def river(shot: Shot) -> Stage:
    stage = _river_banks(shot)
    if "bridge" in shot.reading.places:
        left, right = -0.05 * shot.w, 1.05 * shot.w
        town.arched_bridge(
            shot,
            left,
            right,
            shot.horizon - shot.unit * 0.02,
            shot.horizon + shot.unit * 0.17,
            shot.palette.lit(STONE, 0.12),
        )
    return stage


def _river_banks(shot: Shot) -> Stage:
    dice = shot.dice.apart("river")
    horizon = shot.horizon
    land.hills(shot, dice, horizon + 4, shot.unit * 0.24, ink("7fa08a"), lumps=1.4, depth=0.48)
    far = land.hills(
        shot, dice, horizon + 8, shot.unit * 0.1, ink(ground_color(shot)[0]), lumps=1.5, depth=0.22
    )
    for _tree in range(int(12 * shot.wide)):
        x = dice.between(0, shot.w)
        nature.round_tree(
            shot,
            x,
            surface(far)(x) + shot.unit * 0.02,
            shot.unit * dice.between(0.08, 0.15),
            dice,
            depth=0.2,
        )
    land.water(shot, horizon + shot.unit * 0.03, mirror=0.62)
    land.wavelets(shot, horizon + shot.unit * 0.05, shot.h, strength=0.6)
    grass = shot.lit(ground_color(shot)[1])
    for sign, part in ((1, 0.72), (-1, 0.2)):
        edge = shot.x(part)
        away = shot.side * sign
        far_x = shot.w * 1.05 if away > 0 else -0.05 * shot.w
        top = horizon + shot.unit * (0.12 if sign > 0 else 0.16)
        shot.canvas.blob(
            [
                (far_x, top),
                (edge + (far_x - edge) * 0.5, top + shot.unit * 0.05),
                (edge, shot.h * 0.88),
                (edge - away * shot.unit * 0.12, shot.h * 1.08),
                (far_x, shot.h * 1.2),
                (far_x, top),
            ],
            Grad(lighter(grass, 0.12), darker(grass, 0.32)),
        )
    floor = shot.h * 0.9

    def front() -> None:
        nature.grass(
            shot,
            shot.h * 0.97,
            shot.unit * 0.12,
            darker(grass, 0.25),
            dice,
            count=160,
            seeds=not shot.snowy,
        )

    return Stage(
        lambda _x: floor,
        shot.unit * 0.29,
        shot.x(0.84),
        shot.x(0.74),
        water=(horizon + (shot.h - horizon) * 0.42, shot.unit * 0.16),
        front=front,
    )


def bridge(shot: Shot) -> Stage:
    """Draw a footbridge over water, seen along its railing."""
    dice = shot.dice.apart("bridge")
    horizon = shot.horizon
    town.skyline(shot, horizon + 2, shot.unit * 0.26, dice, depth=0.45)
    land.water(shot, horizon, mirror=0.65)
    land.wavelets(shot, horizon + 2, shot.h, strength=0.4)
    deck = shot.h * 0.84
    wood = shot.lit("e9eef4" if shot.snowy else "9a7355")
    shot.canvas.rect(-2, deck, shot.w + 2, shot.h + 2, Grad(lighter(wood, 0.08), darker(wood, 0.3)))
    for number in range(7):
        y = deck + (shot.h - deck) * (number / 7) ** 1.3
        shot.canvas.line(
            [(-2, y), (shot.w + 2, y)], shot.unit * 0.003, darker(wood, 0.38), alpha=0.6
        )
    iron = mix(shot.lit("b5543f"), shot.palette.shade, 0.25)
    rail = deck - shot.unit * 0.16
    for number in range(int(26 * shot.wide)):
        x = shot.w * number / (26 * shot.wide)
        shot.canvas.line([(x, deck), (x, rail)], shot.unit * 0.006, iron)
    for y, thick in (
        (rail, 0.017),
        (rail + shot.unit * 0.03, 0.007),
        (deck - shot.unit * 0.012, 0.01),
    ):
        shot.canvas.line([(-4, y), (shot.w + 4, y)], shot.unit * thick, iron)
    if shot.palette.dark:
        for part in (0.12, 0.9):
            town.street_lamp(shot, shot.x(part), deck + shot.unit * 0.02, shot.unit * 0.5)
    floor = deck + shot.unit * 0.075
    return Stage(
        lambda _x: floor,
        shot.unit * 0.36,
        shot.x(0.64),
        shot.x(0.42),
        water=(horizon + (rail - horizon) * 0.5, shot.unit * 0.1),
        has={"lamp"},
    )
