"""Weather in front of the scene, and the finish: bloom, grain and a shaded frame."""

import cv2
import numpy as np

from providers.backends.local.illustrator import noise
from providers.backends.local.illustrator.color import darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.nature import LEAVES
from providers.backends.local.illustrator.stage import Shot


def rain(shot: Shot, *, heavy: bool) -> None:
    dice = shot.dice.apart("rain")
    light = lighter(mix(shot.palette.haze, shot.palette.sky[-1], 0.5), 0.35)
    lean = shot.side * dice.between(0.05, 0.14) * (2.2 if heavy else 1)
    for _drop in range(int((420 if heavy else 260) * shot.w * shot.h / shot.unit**2 / 1.5)):
        near = dice.between(0, 1) ** 1.6
        x, y = dice.between(-0.1, 1.1) * shot.w, dice.between(-0.1, 1.0) * shot.h
        length = shot.unit * (0.025 + 0.075 * near)
        shot.canvas.line(
            [(x, y), (x - lean * length, y + length)],
            shot.unit * (0.0009 + 0.0016 * near),
            light,
            alpha=0.16 + 0.3 * near,
        )
    for _splash in range(int(36 * shot.wide)):
        x, y = dice.between(0, shot.w), shot.h * dice.between(0.86, 0.99)
        shot.canvas.ellipse(x, y, shot.unit * 0.011, shot.unit * 0.0026, light, alpha=0.4, rough=0)


def snow(shot: Shot) -> None:
    dice = shot.dice.apart("snow")
    white = mix(ink("ffffff"), shot.palette.sky[-1], 0.12 if not shot.palette.dark else 0.2)
    for _flake in range(int(300 * shot.w * shot.h / shot.unit**2 / 1.5)):
        near = dice.between(0, 1) ** 2.6
        size = shot.unit * (0.0016 + 0.0085 * near)
        soft = shot.unit * 0.0042 * max(0.0, near - 0.45) * 2
        shot.canvas.ellipse(
            dice.between(0, shot.w),
            dice.between(0, shot.h),
            size,
            size,
            white,
            alpha=0.85 - 0.3 * near,
            soft=soft,
            rough=0,
        )


def drift(shot: Shot, season: str) -> None:
    """Draw petals or leaves in the air."""
    dice = shot.dice.apart("drift")
    for _piece in range(int(60 * shot.w * shot.h / shot.unit**2 / 1.5)):
        near = dice.between(0, 1) ** 2
        size = shot.unit * (0.004 + 0.011 * near)
        tone = mix(shot.lit(dice.pick(LEAVES[season])), ink("ffffff"), 0.12)
        x, y = dice.between(0, shot.w), dice.between(0, shot.h)
        shot.canvas.ellipse(
            x,
            y,
            size,
            size * dice.between(0.35, 0.7),
            tone,
            slot=dice.between(0, 180),
            alpha=0.92,
            rough=0,
        )


def fog(shot: Shot, strength: float) -> None:
    """Draw layers of haze: thickest around the horizon, thin near the viewer."""
    rows = np.arange(shot.canvas.height, dtype=np.float32)[:, None]
    lumps = noise.clouds(
        shot.dice.apart("fog"), (shot.canvas.width, shot.canvas.height), cells=(3, 5), octaves=4
    )
    band = np.exp(-(((rows - shot.horizon * 1.04) / (shot.h * 0.3)) ** 2))
    shot.canvas.veil(
        lighter(shot.palette.haze, 0.16 if not shot.palette.dark else 0.04),
        (band * (0.45 + 0.55 * lumps) * strength).astype(np.float32),
    )


def lightning(shot: Shot) -> None:
    dice = shot.dice.apart("bolt")
    x, y = shot.x(dice.between(0.12, 0.4)), -5.0
    light = ink("fbf7e4")
    shot.canvas.glow(x, shot.horizon * 0.35, shot.unit * 1.1, ink("cfd8ff"), 0.5)
    points = [(x, y)]
    while y < shot.horizon * 0.92:
        x += dice.between(-0.06, 0.06) * shot.unit
        y += dice.between(0.04, 0.1) * shot.unit
        points.append((x, y))
        if dice.chance(0.28):
            bx, by = x, y
            branch = [(bx, by)]
            for _fork in range(3):
                bx, by = (
                    bx + dice.between(0.01, 0.07) * shot.unit * dice.side(),
                    by + dice.between(0.03, 0.06) * shot.unit,
                )
                branch.append((bx, by))
            shot.canvas.line(branch, (shot.unit * 0.004, shot.unit * 0.001), light, alpha=0.85)
    shot.canvas.line(
        points,
        (shot.unit * 0.014, shot.unit * 0.006),
        ink("bcc8ff"),
        alpha=0.5,
        soft=shot.unit * 0.006,
    )
    shot.canvas.line(points, (shot.unit * 0.007, shot.unit * 0.0028), light)


def fireworks(shot: Shot) -> None:
    dice = shot.dice.apart("fireworks")
    for _burst in range(5):
        x, y, size = (
            shot.w * dice.between(0.1, 0.9),
            shot.horizon * dice.between(0.12, 0.6),
            shot.unit * dice.between(0.09, 0.2),
        )
        tone = ink(dice.pick(("ffd36a", "ff7a8a", "7ad0ff", "b98aff", "8affc0")))
        shot.canvas.glow(x, y, size * 1.8, tone, 0.45)
        for number in range(34):
            angle = number * 2 * np.pi / 34 + dice.between(-0.05, 0.05)
            reach = size * dice.between(0.75, 1.05)
            points = [
                (
                    x + reach * t * float(np.cos(angle)),
                    y + reach * t * float(np.sin(angle)) + size * 0.14 * t * t,
                )
                for t in (0.25, 0.5, 0.75, 1.0)
            ]
            shot.canvas.line(
                points, (shot.unit * 0.0012, shot.unit * 0.0036), lighter(tone, 0.3), alpha=0.9
            )
            shot.canvas.circle(*points[-1], shot.unit * 0.0035, lighter(tone, 0.7))


def fireflies(shot: Shot) -> None:
    dice = shot.dice.apart("fireflies")
    for _spark in range(26):
        x, y = dice.between(0, shot.w), dice.between(shot.h * 0.5, shot.h * 0.95)
        shot.canvas.glow(x, y, shot.unit * 0.03, ink("e9f58a"), 0.85)
        shot.canvas.circle(x, y, shot.unit * 0.0028, ink("fdffd0"))


def _grey(rgb: noise.Field) -> noise.Field:
    return np.asarray(rgb @ np.array([0.34, 0.54, 0.12], np.float32), np.float32)[..., None]


def _styled(rgb: noise.Field, styles: tuple[str, ...]) -> noise.Field:
    if "noir" in styles:
        rgb = np.clip((_grey(rgb) - 127.5) * np.float32(1.18) + 127.5, 0, 255) * np.array(
            [1.0, 0.985, 0.955], np.float32
        )
    if "pastel" in styles:
        rgb = rgb * np.float32(0.8) + np.float32(48)
    if "vintage" in styles:
        grey = _grey(rgb)
        rgb = (rgb * np.float32(0.62) + grey * np.float32(0.38)) * np.array(
            [1.04, 0.96, 0.8], np.float32
        ) + np.array([14, 10, 8], np.float32)
    if "neon" in styles:
        grey = _grey(rgb)
        rgb = grey + (rgb - grey) * np.float32(1.35)
        rgb = rgb * np.array([1.02, 0.9, 1.12], np.float32)
    if "bold" in styles:
        grey = _grey(rgb)
        rgb = (grey + (rgb - grey) * np.float32(1.22)) * np.float32(1.03)
    return rgb


def finish(shot: Shot, dice: Dice) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Apply bloom, a gently shaded frame and paper grain; return the bytes."""
    rgb: noise.Field = shot.canvas.rgb
    height, width = rgb.shape[:2]
    small = np.asarray(
        cv2.resize(rgb, (width // 4, height // 4), interpolation=cv2.INTER_AREA), np.float32
    )
    bright = np.asarray(
        cv2.GaussianBlur(np.clip(small - 168, 0, 255), (0, 0), shot.unit * 0.008), np.float32
    )
    rgb = rgb + np.asarray(
        cv2.resize(bright, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    ) * np.float32(0.3)
    across = (np.arange(width, dtype=np.float32)[None, :] / width - 0.5) * 2
    down = (np.arange(height, dtype=np.float32)[:, None] / height - 0.5) * 2
    frame = np.clip((across**2 + down**2) - 0.7, 0, 2)[..., None] * np.float32(0.15)
    rgb = rgb + (darker(shot.palette.sky[0], 0.7) - rgb) * frame
    rgb = _styled(rgb, shot.reading.styles)
    fine = dice.numbers.normal(size=(height, width)).astype(np.float32)
    fibre = np.asarray(cv2.GaussianBlur(fine, (0, 0), 1.3), np.float32)
    rgb = rgb + (fine * np.float32(1.3) + fibre * np.float32(5.0))[..., None]
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
