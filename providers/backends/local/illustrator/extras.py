"""Draws what is behind the figures, on the water or in the air."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from providers.backends.local.illustrator import animals, nature, objects, things, town
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot, Stage


@dataclass
class Cast:
    """What the prompt names and is still to be drawn."""

    motifs: list[str]

    def take(self, name: str) -> bool:
        if name in self.motifs:
            self.motifs.remove(name)
            return True
        return False


def tone(shot: Shot, name: str) -> Color:
    """Return the colour of an object: the one its prompt names, or an accent of the image."""
    code = shot.reading.color_of.get(name)
    if code:
        return mix(shot.palette.lit(ink(code)), ink(code), 0.55 if shot.palette.dark else 0.3)
    accents = (shot.palette.accent, shot.palette.accent_2)
    return mix(
        shot.palette.lit(accents[sum(map(ord, name)) % 2]), accents[sum(map(ord, name)) % 2], 0.2
    )


def behind(shot: Shot, stage: Stage, cast: Cast) -> None:
    """Draw large objects at the other third, further away; the next ones closer to the edges."""
    if stage.indoors or stage.airless:
        return
    places = [shot.x(0.24), shot.x(0.06), shot.x(0.9)]
    for name, draw in BEHIND.items():
        if cast.take(name):
            draw(shot, stage, places.pop(0) if places else shot.x(0.4))


def _windmill(shot: Shot, stage: Stage, x: float) -> None:
    things.windmill(
        shot,
        shot.pen(x, stage.floor(x) - stage.tall * 0.1, stage.tall * 1.15),
        tone(shot, "windmill"),
        shot.dice.apart("windmill"),
    )


def _turbines(shot: Shot, stage: Stage, _x: float) -> None:
    dice = shot.dice.apart("turbine")
    for part, size in ((0.12, 0.7), (0.3, 0.9), (0.48, 0.6)):
        x = shot.x(part)
        things.turbine(
            shot,
            shot.pen(x, stage.floor(x) - stage.tall * 0.12, stage.tall * size),
            tone(shot, "turbine"),
            dice,
        )


def _house(shot: Shot, stage: Stage, x: float) -> None:
    """Draw a nearby house, unless the place is full of houses."""
    if "village" not in shot.reading.places:
        roof = tone(shot, "house") if "house" in shot.reading.color_of else None
        town.house(
            shot,
            x,
            stage.floor(x) - stage.tall * 0.05,
            stage.tall * 1.9,
            shot.dice.apart("house"),
            roof=roof,
        )


def _tree(shot: Shot, stage: Stage, x: float) -> None:
    y = stage.floor(x) + stage.tall * 0.02
    if shot.snowy:
        nature.bare_tree(shot, x, y, stage.tall * 2.5, shot.dice.apart("tree"))
    else:
        nature.round_tree(shot, x, y, stage.tall * 2.6, shot.dice.apart("tree"))


def _cherry(shot: Shot, stage: Stage, x: float) -> None:
    nature.round_tree(
        shot,
        x,
        stage.floor(x) + stage.tall * 0.02,
        stage.tall * 2.6,
        shot.dice.apart("cherry"),
        season="petals",
    )


def _tent(shot: Shot, stage: Stage, x: float) -> None:
    things.tent(
        shot, shot.pen(x, stage.floor(x) - stage.tall * 0.02, stage.tall * 0.95), tone(shot, "tent")
    )


def _lighthouse(shot: Shot, stage: Stage, x: float) -> None:
    """Draw a lighthouse on its rock, at the edge of the sea if there is one."""
    dice = shot.dice.apart("cape")
    y = shot.horizon + shot.unit * 0.05 if stage.water else stage.floor(x) - stage.tall * 0.1
    stone = shot.lit("e6edf3" if shot.snowy else "7f7a72")
    away = shot.w * 1.1 if x > shot.w / 2 else -0.1 * shot.w
    inward = -1 if x > shot.w / 2 else 1
    if stage.water:
        shot.canvas.blob(
            [
                (away, y + shot.unit * 0.1),
                (away, y - shot.unit * 0.13),
                (x - inward * shot.unit * 0.05, y - shot.unit * 0.1),
                (x + inward * shot.unit * 0.09, y - shot.unit * 0.06),
                (x + inward * shot.unit * 0.21, y + shot.unit * 0.03),
                (x + inward * shot.unit * 0.22, y + shot.unit * 0.06),
            ],
            Grad(lighter(stone, 0.12), darker(stone, 0.4)),
        )
        for _stone in range(6):
            nature.rock(
                shot,
                x + inward * dice.between(0.0, 0.26) * shot.unit,
                y + shot.unit * dice.between(0.04, 0.075),
                shot.unit * dice.between(0.04, 0.09),
                dice,
            )
    tall = min(shot.unit * 0.5, shot.horizon * 0.78)
    town.lighthouse(
        shot, x, y - shot.unit * (0.08 if stage.water else 0.0), tall, beam=shot.palette.dark
    )


def _train(shot: Shot, stage: Stage, _x: float) -> None:
    """Draw a train that crosses the image in the distance: on a bank, and on piers over water."""
    unit = shot.unit
    y = shot.horizon + unit * (-0.02 if stage.water else 0.05)
    stone = shot.lit("e3e9f0" if shot.snowy else "9a8f84", 0.12)
    piers = int(9 * shot.wide) if stage.water else 0
    for number in range(piers):
        x = shot.w * (number + 0.5) / piers
        shot.canvas.rect(
            x - unit * 0.012, y, x + unit * 0.012, y + unit * 0.085, Grad(stone, darker(stone, 0.3))
        )
    shot.canvas.rect(
        -2,
        y,
        shot.w + 2,
        y + unit * (0.02 if stage.water else 0.035),
        Grad(lighter(stone, 0.1), darker(stone, 0.25)),
    )
    shot.canvas.line([(-4, y), (shot.w + 4, y)], unit * 0.005, shot.lit("6b6f76", 0.1))
    flip = shot.dice.apart("train").side() < 0
    things.train(
        shot,
        shot.pen(shot.w * (0.42 if flip else 0.58), y + unit * 0.002, unit * 0.062, flip=flip),
        tone(shot, "train"),
    )


def afloat(shot: Shot, stage: Stage, cast: Cast) -> None:
    if not stage.water:
        return
    y, tall = stage.water
    places = [shot.x(0.34), shot.x(0.56), shot.x(0.16)]
    if "lighthouse" in shot.reading.motifs:
        places = [shot.x(0.52), shot.x(0.8), shot.x(0.66)]
    wanted = [name for name in ON_WATER if cast.take(name)]
    if not wanted and "harbour" in shot.reading.places:
        wanted = ["boat", "boat"]
    for number, name in enumerate(wanted[:2]):
        x, dice = places[number], shot.dice.apart(f"float{number}")
        line = y + tall * 0.5 * number
        color = tone(shot, name)
        _reflection(shot, x, line, tall, color)
        match name:
            case "ship":
                things.ship(
                    shot, shot.pen(x, line - tall * 0.1, tall * 0.75, flip=dice.chance(0.5)), color
                )
            case "whale":
                animals.whale(
                    shot,
                    shot.pen(x, line - tall * 0.35, tall * 1.5, flip=shot.side < 0, slot=22),
                    mix(shot.lit("4a6a8a"), shot.palette.haze, 0.1),
                )
                for part in (-0.9, -0.4, 0.2, 0.7):
                    shot.canvas.ellipse(
                        x + tall * part * 1.4,
                        line + tall * 0.1,
                        tall * 0.5,
                        tall * 0.08,
                        lighter(shot.palette.sky[-1], 0.5),
                        alpha=0.7,
                        soft=tall * 0.02,
                    )
            case "paper_boat":
                objects.paper_boat(shot, shot.pen(x, line, tall * 0.8), color)
            case _:
                draw = {
                    "harbour": things.fishing_boat,
                    "river": things.rowboat,
                    "lake": things.rowboat,
                }.get(next(iter(shot.reading.places), ""), things.sailboat)
                draw(
                    shot,
                    shot.pen(x, line, tall * dice.between(0.85, 1.1), flip=dice.chance(0.5)),
                    color,
                )


def _reflection(shot: Shot, x: float, y: float, tall: float, color: Color) -> None:
    dark = darker(mix(shot.palette.sky[0], shot.palette.key, 0.5), 0.3)
    for number in range(7):
        wide = tall * (0.95 - 0.1 * number)
        shot.canvas.ellipse(
            x + tall * 0.05 * np.sin(number * 2.1),
            y + tall * (0.06 + 0.075 * number),
            wide,
            tall * 0.022,
            dark if number % 2 == 0 else mix(dark, color, 0.4),
            alpha=0.4 - 0.04 * number,
            rough=0,
        )


def in_air(shot: Shot, stage: Stage, cast: Cast) -> None:
    """Draw what flies."""
    for name, draw in IN_AIR.items():
        if cast.take(name):
            draw(shot, stage, shot.dice.apart(name))


def _aloft(shot: Shot, dice: Dice) -> tuple[float, float]:
    """Return a place high on the side away from the subject."""
    return shot.x(dice.between(0.24, 0.4)), shot.h * dice.between(0.18, 0.28)


def _airships(shot: Shot, _stage: Stage, _dice: Dice) -> None:
    for part, height, size, depth in (
        (0.3, 0.5, 0.17, 0.0),
        (0.82, 0.3, 0.075, 0.3),
        (0.56, 0.3, 0.055, 0.4),
    ):
        colors = [mix(tone(shot, name), shot.palette.haze, depth) for name in ("airship", "other")]
        things.hot_air_balloon(
            shot, shot.pen(shot.x(part), shot.h * height, shot.unit * size), colors[0], colors[1]
        )


def _airplane(shot: Shot, _stage: Stage, dice: Dice) -> None:
    things.airplane(
        shot,
        shot.pen(*_aloft(shot, dice), shot.unit * 0.13, slot=12 * shot.side, flip=shot.side < 0),
        tone(shot, "airplane"),
    )


def _ufo(shot: Shot, _stage: Stage, dice: Dice) -> None:
    things.ufo(shot, shot.pen(*_aloft(shot, dice), shot.unit * 0.16), tone(shot, "ufo"))


def _satellite(shot: Shot, _stage: Stage, dice: Dice) -> None:
    things.satellite(
        shot, shot.pen(*_aloft(shot, dice), shot.unit * 0.15, slot=20), tone(shot, "satellite")
    )


def _rocket(shot: Shot, stage: Stage, _dice: Dice) -> None:
    """Draw a rocket: tilted in space, rising vertically from the ground elsewhere."""
    if stage.airless:
        things.rocket(
            shot,
            shot.pen(shot.x(0.5), shot.h * 0.52, shot.unit * 0.2, slot=-38 * shot.side),
            tone(shot, "rocket"),
        )
    else:
        x = shot.x(0.3)
        things.rocket(
            shot,
            shot.pen(x, stage.floor(x) - shot.unit * 0.26, shot.unit * 0.24),
            tone(shot, "rocket"),
        )


def _notes(shot: Shot, stage: Stage, _dice: Dice) -> None:
    place = stage.focus - shot.side * stage.tall * 0.8, stage.floor(stage.focus) - stage.tall * 1.25
    objects.music(shot, shot.pen(*place, stage.tall * 0.5), tone(shot, "music"))


def _butterflies(shot: Shot, _stage: Stage, dice: Dice) -> None:
    for _wing in range(4):
        place = shot.x(dice.between(0.3, 0.8)), shot.h * dice.between(0.4, 0.75)
        animals.butterfly(
            shot,
            shot.pen(*place, shot.unit * dice.between(0.025, 0.05), slot=dice.between(-30, 30)),
            tone(shot, dice.pick(("a", "b"))),
        )


def _birds(shot: Shot, stage: Stage, dice: Dice) -> None:
    if not stage.indoors and not stage.airless:
        animals.flock(shot, shot.x(0.4), shot.h * 0.24, shot.unit * 0.024, dice, count=8)


def dragon(shot: Shot) -> None:
    """Draw a long eastern dragon winding through the sky."""
    color = mix(shot.palette.lit(shot.palette.accent), ink("3fa08a"), 0.5)
    t = np.linspace(0, 1, 90)
    xs = shot.w * (0.16 + 0.62 * t)
    ys = shot.h * (0.3 - 0.1 * t) + shot.unit * 0.085 * np.sin(t * 11)
    points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    shot.canvas.line(
        points,
        (shot.unit * 0.008, shot.unit * 0.07),
        Grad(lighter(color, 0.15), darker(color, 0.2)),
    )
    for px, py in points[8::4]:
        shot.canvas.poly(
            [
                (px - shot.unit * 0.012, py - shot.unit * 0.02),
                (px, py - shot.unit * 0.05),
                (px + shot.unit * 0.012, py - shot.unit * 0.02),
            ],
            shot.palette.lit(shot.palette.accent_2),
        )
    hx, hy = points[-1]
    pen = shot.pen(hx, hy, shot.unit * 0.11)
    pen.blob(
        [(-0.4, 0.3), (-0.3, -0.35), (0.3, -0.3), (0.75, -0.12), (0.7, 0.12), (0.3, 0.32)],
        Grad(lighter(color, 0.2), color),
    )
    pen.curve([(-0.15, 0.28), (-0.4, 0.55), (-0.7, 0.6)], (0.08, 0.03), ink("f3e2b0"))
    pen.curve([(0.65, 0.02), (0.9, 0.3), (1.2, 0.2)], (0.03, 0.012), ink("f3e2b0"))
    pen.circle(0.2, 0.12, 0.08, ink("fff3c8"))
    pen.circle(0.22, 0.12, 0.04, ink("2a2426"))


BEHIND: dict[str, Callable[[Shot, Stage, float], None]] = {
    "train": _train,
    "lighthouse": _lighthouse,
    "windmill": _windmill,
    "turbine": _turbines,
    "house": _house,
    "cherry": _cherry,
    "tree": _tree,
    "tent": _tent,
}
IN_AIR: dict[str, Callable[[Shot, Stage, Dice], None]] = {
    "airship": _airships,
    "airplane": _airplane,
    "ufo": _ufo,
    "satellite": _satellite,
    "rocket": _rocket,
    "gull": _birds,
    "bird": _birds,
    "butterfly": _butterflies,
    "music": _notes,
}
ON_WATER = ("ship", "boat", "whale", "paper_boat")
