"""Places other than land: space, other planets, the sea floor."""

import math

import numpy as np

from providers.backends.local.illustrator import animals, land, noise, sky
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot, Stage

WORLDS = (
    ("e0855a", "a8453f"),
    ("5fa8c9", "2f5f9a"),
    ("d9b46a", "a3713f"),
    ("8f6fc4", "4a3488"),
    ("6fc4a8", "2f7a78"),
)


def globe(shot: Shot, x: float, y: float, radius: float, dice: Dice, *, notify: bool) -> None:
    """A planet: bands, a dark side, a bright rim of atmosphere, optionally a ring."""
    light, dark = (ink(code) for code in dice.pick(WORLDS))
    slot = dice.between(-25, 25)
    if notify:
        _ring(shot, x, y, radius, slot, back=True, color=lighter(light, 0.3))
    shot.canvas.glow(x, y, radius * 1.5, light, 0.45)
    shot.canvas.circle(x, y, radius, Grad(light, dark, across=shot.side > 0))
    low, high = int(max(0, y - radius)), int(min(shot.h, y + radius))
    left, right = int(max(0, x - radius)), int(min(shot.w, x + radius))
    if high > low and right > left:
        across = (np.arange(left, right, dtype=np.float32)[None, :] - x) / radius
        down = (np.arange(low, high, dtype=np.float32)[:, None] - y) / radius
        far = np.sqrt(across**2 + down**2)
        inside = np.clip((1 - far) * radius, 0, 1)
        lumps = noise.clouds(dice, (right - left, high - low), cells=(2, 9), octaves=4)
        part = shot.canvas.rgb[low:high, left:right]
        part += (lighter(light, 0.35) - part) * (inside * np.clip(lumps - 0.52, 0, 1) * 1.1)[
            ..., None
        ]
        shade = (
            np.clip((-across * shot.side * 0.8 + down * 0.6) * 0.9 + far * 0.28, 0, 1)
            * inside
            * 0.82
        )
        part += (darker(shot.palette.sky[0], 0.3) - part) * shade[..., None]
    if notify:
        _ring(shot, x, y, radius, slot, back=False, color=lighter(light, 0.3))


def _ring(
    shot: Shot,
    x: float,
    y: float,
    radius: float,
    slot: float,
    *,
    back: bool,
    color: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    cos, sin = math.cos(math.radians(slot)), math.sin(math.radians(slot))
    for reach, thick, share in ((1.5, 0.07, 0.5), (1.72, 0.1, 0.75), (1.93, 0.03, 0.45)):
        angles = np.linspace(math.pi, 2 * math.pi, 60) if back else np.linspace(0, math.pi, 60)
        points = [
            (
                x + radius * (reach * math.cos(a) * cos - reach * 0.3 * math.sin(a) * sin),
                y + radius * (reach * math.cos(a) * sin + reach * 0.3 * math.sin(a) * cos),
            )
            for a in angles
        ]
        shot.canvas.line(points, radius * thick, color, alpha=share)


def space(shot: Shot) -> Stage:
    dice = shot.dice.apart("space")
    width, height = shot.canvas.width, shot.canvas.height
    for number in range(3):
        lumps = noise.clouds(dice, (width, height), cells=(3, 3), octaves=5) ** 2.2
        tone = ink(dice.pick(("5a2f8f", "1f5f8f", "8f2f5f", "1f7f7a", "3f3fa0")))
        shot.canvas.veil(
            mix(tone, shot.palette.sky[-1], 0.3),
            (lumps * (0.55 - 0.12 * number)).astype(np.float32),
        )
    sky.stars(shot.canvas, shot.palette, shot.h * 1.6, dice, many=1.3, band=dice.chance(0.5))
    globe(
        shot,
        shot.x(dice.between(0.14, 0.3)),
        shot.h * dice.between(0.2, 0.34),
        shot.unit * dice.between(0.1, 0.17),
        dice,
        notify=dice.chance(0.7),
    )
    globe(shot, shot.x(0.62), shot.h + shot.unit * 0.72, shot.unit * 1.02, dice, notify=False)
    return Stage(
        lambda _x: shot.h * 0.68, shot.unit * 0.34, shot.x(0.62), shot.x(0.4), airless=True
    )


def planet(shot: Shot) -> Stage:
    """The ground of another planet: craters, rocks, and a large planet in its sky."""
    dice = shot.dice.apart("planet")
    sky.stars(shot.canvas, shot.palette, shot.h, dice, many=1.1, band=True)
    globe(shot, shot.x(0.26), shot.h * 0.28, shot.unit * 0.2, dice, notify=dice.chance(0.6))
    ground = ink(dice.pick(("c9734a", "8f86a0", "a8905f", "6f7f9a")))
    base = shot.horizon + shot.unit * 0.08
    land.mountains(shot, dice, base, shot.unit * 0.26, ground, lumps=2.4, depth=0.3)
    land.hills(
        shot,
        dice,
        base + shot.unit * 0.06,
        shot.unit * 0.07,
        ground,
        lumps=1.4,
        depth=0.14,
        fade=0.15,
    )
    near = land.hills(
        shot, dice, shot.h * 0.9, shot.unit * 0.12, lighter(ground, 0.08), lumps=0.8, fade=0.0
    )
    tone = shot.palette.lit(ground)
    for _crater in range(7):
        part = dice.between(0, 1)
        x, y, size = (
            dice.between(0, shot.w),
            shot.h * (0.86 + 0.12 * part),
            shot.unit * (0.03 + 0.06 * part),
        )
        shot.canvas.ellipse(x, y, size, size * 0.26, darker(tone, 0.34))
        shot.canvas.ellipse(x, y + size * 0.07, size * 0.92, size * 0.2, darker(tone, 0.16))
    return Stage(
        land.surface(near + shot.unit * 0.03),
        shot.unit * 0.28,
        shot.x(0.66),
        shot.x(0.46),
        airless=True,
    )


def underwater(shot: Shot) -> Stage:
    dice = shot.dice.apart("deep")
    for number in range(7):
        x = shot.x(0.15 + 0.12 * number) + dice.between(-0.03, 0.03) * shot.w
        wide, lean = (
            shot.unit * dice.between(0.02, 0.08),
            -shot.side * shot.unit * dice.between(0.2, 0.35),
        )
        shot.canvas.poly(
            [
                (x, -5),
                (x + wide, -5),
                (x + wide * 2.4 + lean, shot.h * 0.9),
                (x + lean - wide, shot.h * 0.9),
            ],
            ink("eafff6"),
            alpha=dice.between(0.06, 0.15),
            soft=shot.unit * 0.018,
            rough=0,
        )
    for layer, depth in enumerate((0.72, 0.48, 0.2)):
        y = shot.h * (0.74 + 0.09 * layer)
        line = land.rolling(shot, dice, y + shot.unit * 0.05, shot.unit * 0.14, lumps=1.2)
        tone = shot.lit("4f86a0" if layer < 2 else "c9bc8f", depth)
        land.under(shot, line, Grad(lighter(tone, 0.08), darker(tone, 0.18)))
        for _plant in range(int(6 * shot.wide)):
            _coral(
                shot,
                dice.between(0, shot.w),
                y + shot.unit * 0.05,
                shot.unit * dice.between(0.1, 0.19) * (1.3 - depth * 0.6),
                dice,
                depth,
            )
    for group in range(3):
        x, y, tone = (
            shot.x(dice.between(0.1, 0.7)),
            shot.h * dice.between(0.15, 0.6),
            mix(
                shot.palette.lit(ink(code := dice.pick(("ff9f3c", "f25f6c", "ffe27a", "6fe0d0")))),
                ink(code),
                0.55,
            ),
        )
        for _fish in range(6):
            px, py = (
                x + dice.between(-0.2, 0.2) * shot.unit,
                y + dice.between(-0.1, 0.1) * shot.unit,
            )
            animals.fish(
                shot,
                shot.pen(px, py, shot.unit * dice.between(0.055, 0.1), flip=group % 2 == 0),
                tone,
            )
    for _bubble in range(26):
        x, y, size = (
            dice.between(0, shot.w),
            dice.between(0, shot.h),
            shot.unit * dice.between(0.003, 0.012),
        )
        shot.canvas.circle(x, y, size, ink("eaffff"), alpha=0.28)
        shot.canvas.circle(x - size * 0.3, y - size * 0.3, size * 0.35, ink("ffffff"), alpha=0.7)
    return Stage(
        lambda _x: shot.h * 0.9,
        shot.unit * 0.3,
        shot.x(0.62),
        shot.x(0.4),
        airless=True,
        sunken=True,
    )


def _coral(shot: Shot, x: float, y: float, tall: float, dice: Dice, depth: float) -> None:
    code = dice.pick(("e8697c", "f08a4b", "b06ad0", "4fb09a", "5f9a5a", "f2c35a"))
    tone = mix(shot.palette.lit(ink(code), depth), ink(code), 0.45 * (1 - depth))
    if dice.chance(0.5):
        for number in range(4):
            sway = dice.between(-0.3, 0.3) * tall
            shot.canvas.line(
                [
                    (x + number * tall * 0.1, y),
                    (x + number * tall * 0.1 + sway, y - tall * 0.4),
                    (x + number * tall * 0.1 - sway * 0.6, y - tall * 0.75),
                    (x + number * tall * 0.1 + sway, y - tall),
                ],
                (tall * 0.09, tall * 0.03),
                tone,
            )
        return
    for angle in (-0.6, -0.25, 0.08, 0.42, 0.7):
        ex, ey = (
            x + tall * math.sin(angle) * 0.75,
            y - tall * math.cos(angle) * dice.between(0.7, 1.0),
        )
        shot.canvas.line(
            [(x, y), ((x + ex) / 2, (y + ey) / 2), (ex, ey)], (tall * 0.15, tall * 0.1), tone
        )
        shot.canvas.circle(ex, ey, tall * 0.08, lighter(tone, 0.16))
