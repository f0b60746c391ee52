"""Who and what appears in a picture, where it stands, and what is held in whose hand."""

from dataclasses import dataclass

import numpy as np

from providers.local.paint import animals, figures, nature, objects, sky, things, town
from providers.local.paint.canvas import Grad
from providers.local.paint.color import Color, darker, ink, lighter, mix
from providers.local.paint.stage import Shot, Stage

HELD_HIGH = {"umbrella", "balloon", "kite", "lantern"}
HELD_LOW = {
    "flower",
    "letter",
    "cup",
    "camera",
    "phone",
    "map",
    "guitar",
    "violin",
    "key",
    "gift",
    "apple",
    "bread",
    "candle",
    "book",
    "paper_boat",
    "clock",
    "photo",
    "heart",
}
IN_AIR = ("airship", "airplane", "ufo", "satellite", "rocket", "gull", "bird", "butterfly", "music")
ON_WATER = ("ship", "boat", "whale", "paper_boat")
BEHIND = ("lighthouse", "windmill", "turbine", "house", "cherry", "tree", "tent")
BESIDE = ("car", "bus", "bicycle", "bench", "lamp", "mailbox", "swing", "snowman", "fire", "telescope", "piano", "suitcase", "door", "robot", "astronaut")
MOST_PEOPLE = 3


@dataclass
class Cast:
    """What is left to draw of what the prompt names."""

    motifs: list[str]

    def take(self, name: str) -> bool:
        if name in self.motifs:
            self.motifs.remove(name)
            return True
        return False


def perform(shot: Shot, stage: Stage) -> None:
    """Draw everything that the prompt names and the place does not have already, from far to near."""
    cast = Cast([motif for motif in shot.reading.motifs if motif not in stage.has])
    people = company(shot)
    if not people and not shot.reading.motifs and "crowd" not in shot.reading.people:
        _guest(shot, stage, cast, people)
    lonely = (
        not people and "crowd" not in shot.reading.people and not any(name in cast.motifs for name in (*animals.DRAW, *BEHIND, *ON_WATER, *BESIDE, *IN_AIR))
    )
    _behind(shot, stage, cast)
    _afloat(shot, stage, cast)
    _in_air(shot, stage, cast)
    if "crowd" in shot.reading.people:
        figures.crowd(
            shot, shot.dice.apart("crowd"), stage.floor(shot.w / 2) - stage.tall * 0.16, stage.tall * 0.74, count=int(6 * shot.wide), left=0, right=shot.w
        )
    _beside(shot, stage, cast)
    _animals(shot, stage, cast, bool(people))
    hero = next((name for name in cast.motifs if name in objects.DRAW or name == "umbrella"), "")
    if people:
        _people(shot, stage, cast, people)
    elif lonely and hero:
        _hero(shot, stage, hero)
        cast.take(hero)
    for number, name in enumerate([name for name in cast.motifs if name in objects.DRAW][:2]):
        x = stage.second - shot.side * stage.tall * (0.1 + 0.7 * number)
        objects.DRAW[name](
            shot, shot.pen(x, stage.floor(x) + stage.tall * 0.06, stage.tall * (0.42 if name not in {"piano", "door"} else 0.9)), tone(shot, name)
        )


def _guest(shot: Shot, stage: Stage, cast: Cast, people: list[str]) -> None:
    """Where the prompt names nobody and nothing, the seed brings someone: an empty picture tells no story."""
    dice = shot.dice.apart("guest")
    if stage.airless or stage.sunken:
        cast.motifs.append(dice.pick(("rocket", "satellite")) if stage.airless and not stage.sunken else "whale")
    elif stage.water and dice.chance(0.5):
        cast.motifs.append("boat")
    elif stage.indoors:
        people.append(dice.pick(("woman", "man", "girl")))
    else:
        cast.motifs += dice.pick((["tree", "bird"], ["bird"], ["house", "tree"], ["airship"], ["tree", "bench"]))
        if dice.chance(0.6):
            people.append(dice.pick(("woman", "man", "girl", "boy", "old_man")))


def tone(shot: Shot, name: str) -> Color:
    """The colour of a thing: the one its prompt names, or an accent of the picture."""
    code = shot.reading.color_of.get(name)
    if code:
        return mix(shot.palette.lit(ink(code)), ink(code), 0.55 if shot.palette.dark else 0.3)
    accents = (shot.palette.accent, shot.palette.accent_2)
    return mix(shot.palette.lit(accents[sum(map(ord, name)) % 2]), accents[sum(map(ord, name)) % 2], 0.2)


def company(shot: Shot) -> list[str]:
    """The people to draw, at most three; the more exact word wins over the vaguer one."""
    named = list(shot.reading.people)
    group = [
        *(["man", "woman"] if "couple" in named else []),
        *(["man", "woman", "child"] if "family" in named else []),
        *(["girl", "boy", "child"] if "children" in named else []),
    ]
    exact = [kind for kind in named if kind in {"girl", "boy", "woman", "man", "old_man", "old_woman"}]
    if not exact and not group:
        exact = [kind for kind in named if kind in {"child", "person"}][:1]
    if "child" in named and exact and not any(kind in {"girl", "boy", "child"} for kind in exact):
        exact.append("child")
    if "old_man" in exact and "man" in exact and len(exact) > 1:
        exact.remove("man")
    if "old_woman" in exact and "woman" in exact and len(exact) > 1:
        exact.remove("woman")
    chosen = [*exact, *(kind for kind in group if kind not in exact)]
    motifs = shot.reading.motifs
    if not chosen and any(name in motifs for name in ("umbrella", "kite", "telescope", "bicycle", "swing")) and "sad" not in shot.reading.moods:
        chosen = ["person"]
    return chosen[:MOST_PEOPLE]


def posture(shot: Shot) -> str:
    order = ("sleep", "read", "run", "wave", "sit", "walk", "look_up")
    return next((name for name in order if name in shot.reading.postures), "stand")


def _behind(shot: Shot, stage: Stage, cast: Cast) -> None:
    """Large things at the other third, a little further away."""
    if stage.indoors or stage.airless:
        return
    x = shot.x(0.24)
    for name in BEHIND:
        if not cast.take(name):
            continue
        dice = shot.dice.apart(name)
        y = stage.floor(x) - stage.tall * 0.1
        match name:
            case "lighthouse":
                _cape(shot, stage, x)
            case "windmill":
                things.windmill(shot, shot.pen(x, y, stage.tall * 1.15), tone(shot, name), dice)
            case "turbine":
                for part, size in ((0.12, 0.7), (0.3, 0.9), (0.48, 0.6)):
                    things.turbine(shot, shot.pen(shot.x(part), stage.floor(shot.x(part)) - stage.tall * 0.12, stage.tall * size), tone(shot, name), dice)
            case "house":
                if not shot.reading.places or shot.reading.places[0] != "village":
                    roof = tone(shot, name) if "house" in shot.reading.color_of else None
                    town.house(shot, x, y + stage.tall * 0.05, stage.tall * 1.9, dice, roof=roof)
            case "cherry" | "tree":
                season = "petals" if name == "cherry" else None
                if shot.snowy and name == "tree":
                    nature.bare_tree(shot, x, y + stage.tall * 0.1, stage.tall * 2.5, dice)
                else:
                    nature.round_tree(shot, x, y + stage.tall * 0.12, stage.tall * 2.6, dice, season=season)
            case _:
                things.tent(shot, shot.pen(x, y + stage.tall * 0.08, stage.tall * 0.95), tone(shot, name))
        x = shot.x(0.06) if x == shot.x(0.24) else shot.x(0.9)


def _cape(shot: Shot, stage: Stage, x: float) -> None:
    """A lighthouse on its rock, at the edge of the sea where there is one."""
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
                shot, x + inward * dice.between(0.0, 0.26) * shot.unit, y + shot.unit * dice.between(0.04, 0.075), shot.unit * dice.between(0.04, 0.09), dice
            )
    tall = min(shot.unit * 0.5, shot.horizon * 0.78)
    town.lighthouse(shot, x, y - shot.unit * (0.08 if stage.water else 0.0), tall, beam=shot.palette.dark)


def _afloat(shot: Shot, stage: Stage, cast: Cast) -> None:
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
                things.ship(shot, shot.pen(x, line - tall * 0.1, tall * 0.75, flip=dice.chance(0.5)), color)
            case "whale":
                animals.whale(shot, shot.pen(x, line - tall * 0.35, tall * 1.5, flip=shot.side < 0, turn=22), mix(shot.lit("4a6a8a"), shot.palette.haze, 0.1))
                for part in (-0.9, -0.4, 0.2, 0.7):
                    shot.canvas.ellipse(
                        x + tall * part * 1.4, line + tall * 0.1, tall * 0.5, tall * 0.08, lighter(shot.palette.sky[-1], 0.5), alpha=0.7, soft=tall * 0.02
                    )
            case "paper_boat":
                objects.paper_boat(shot, shot.pen(x, line, tall * 0.8), color)
            case _:
                draw = {"harbour": things.fishing_boat, "river": things.rowboat, "lake": things.rowboat}.get(
                    next(iter(shot.reading.places), ""), things.sailboat
                )
                draw(shot, shot.pen(x, line, tall * dice.between(0.85, 1.1), flip=dice.chance(0.5)), color)


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


def _in_air(shot: Shot, stage: Stage, cast: Cast) -> None:
    top = shot.h * 0.22
    for name in IN_AIR:
        if not cast.take(name):
            continue
        dice, color = shot.dice.apart(name), tone(shot, name)
        x, y = shot.x(dice.between(0.24, 0.4)), top * dice.between(0.8, 1.3)
        match name:
            case "airship":
                for part, size, depth in ((0.3, 0.17, 0.0), (0.82, 0.075, 0.3), (0.56, 0.055, 0.4)):
                    lift = shot.h * (0.5 if size > 0.1 else 0.3)  # noqa: PLR2004  the near one hangs lower
                    things.hot_air_balloon(
                        shot,
                        shot.pen(shot.x(part), lift, shot.unit * size),
                        mix(color, shot.palette.haze, depth),
                        mix(tone(shot, "other"), shot.palette.haze, depth),
                    )
            case "airplane":
                things.airplane(shot, shot.pen(x, y, shot.unit * 0.13, turn=12 * shot.side, flip=shot.side < 0), color)
            case "ufo":
                things.ufo(shot, shot.pen(x, y + shot.unit * 0.06, shot.unit * 0.16), color)
            case "satellite":
                things.satellite(shot, shot.pen(x, y, shot.unit * 0.15, turn=20), color)
            case "rocket":
                if stage.airless:
                    things.rocket(shot, shot.pen(shot.x(0.5), shot.h * 0.52, shot.unit * 0.2, turn=-38 * shot.side), color)
                else:
                    ground = stage.floor(shot.x(0.3))
                    things.rocket(shot, shot.pen(shot.x(0.3), ground - shot.unit * 0.26, shot.unit * 0.24), color)
            case "music":
                objects.music(shot, shot.pen(stage.focus - shot.side * stage.tall * 0.8, stage.floor(stage.focus) - stage.tall * 1.25, stage.tall * 0.5), color)
            case "butterfly":
                for _wing in range(4):
                    animals.butterfly(
                        shot,
                        shot.pen(
                            shot.x(dice.between(0.3, 0.8)), shot.h * dice.between(0.4, 0.75), shot.unit * dice.between(0.025, 0.05), turn=dice.between(-30, 30)
                        ),
                        tone(shot, dice.pick(("a", "b"))),
                    )
            case _:
                if not stage.indoors and not stage.airless:
                    animals.flock(shot, shot.x(0.4), shot.h * 0.24, shot.unit * (0.026 if name == "gull" else 0.022), dice, count=8)


def _beside(shot: Shot, stage: Stage, cast: Cast) -> None:
    places = [stage.second - shot.side * stage.tall * 0.25, shot.x(0.16), shot.x(0.9)]
    drawers = {
        "car": (things.car, 0.86),
        "bus": (things.bus, 1.0),
        "bicycle": (things.bicycle, 0.95),
        "bench": (things.bench, 0.8),
        "mailbox": (things.mailbox, 0.85),
        "swing": (things.swing, 0.95),
        "snowman": (things.snowman, 0.75),
        "fire": (things.campfire, 0.75),
        "telescope": (things.telescope, 1.0),
        "piano": (objects.piano, 0.85),
        "suitcase": (objects.suitcase, 0.42),
        "door": (objects.door, 1.15),
        "robot": (things.robot, 0.88),
        "astronaut": (things.astronaut, 1.0),
    }
    people = company(shot)
    for name in [name for name in shot.reading.motifs if name in BESIDE]:
        if not cast.take(name) or (stage.sunken and name != "astronaut"):
            continue
        star = name in {"robot", "astronaut"} and not people
        x = stage.focus if star else (places.pop(0) if places else shot.x(0.5))
        y = stage.floor(x) + (stage.tall * 0.02 if name in {"car", "bus"} else 0)
        if name == "lamp":
            town.street_lamp(shot, x, y, stage.tall * 1.7)
            continue
        draw, size = drawers[name]
        if not stage.airless or name not in {"car", "bus"}:
            shot.canvas.ellipse(x, y, stage.tall * 0.34 * size, stage.tall * 0.04, shot.palette.shade, alpha=0.3, soft=stage.tall * 0.012, rough=0)
        draw(shot, shot.pen(x, y, stage.tall * size * (1.15 if star else 1), flip=shot.side > 0 and name in {"car", "bus", "telescope"}), tone(shot, name))
        if star:
            _held(shot, cast, x + shot.side * stage.tall * 0.3, y - stage.tall * 0.36, stage.tall)


def _held(shot: Shot, cast: Cast, x: float, y: float, tall: float) -> None:
    """Put the first thing that can be held into a hand at (x, y)."""
    name = next((name for name in cast.motifs if name in HELD_HIGH or name in HELD_LOW), "")
    if name:
        cast.take(name)
        put(shot, name, x, y, tall)


def put(shot: Shot, name: str, x: float, y: float, tall: float) -> None:
    """A thing in a hand at (x, y)."""
    color = tone(shot, name)
    match name:
        case "umbrella":
            objects.umbrella(shot, shot.pen(x - shot.side * tall * 0.02, y, tall * 0.58), color)
        case "balloon":
            string = [(x, y), (x + tall * 0.04, y - tall * 0.35), (x + tall * 0.12, y - tall * 0.62)]
            shot.canvas.line(string, shot.unit * 0.0022, lighter(shot.palette.shade, 0.3))
            objects.balloon(shot, shot.pen(*string[-1], tall * 0.36), color)
        case "kite":
            kx, ky = x + shot.side * min(shot.unit * 0.2, shot.w * 0.12), shot.h * 0.2
            points = [(x + (kx - x) * t, y + (ky - y) * t + shot.unit * 0.1 * 4 * t * (1 - t)) for t in np.linspace(0, 1, 20)]
            shot.canvas.line([(float(px), float(py)) for px, py in points], shot.unit * 0.002, lighter(shot.palette.shade, 0.35), alpha=0.85)
            objects.kite(shot, shot.pen(kx, ky, shot.unit * 0.11, turn=-18 * shot.side), color)
        case "lantern":
            objects.lantern(shot, shot.pen(x, y + tall * 0.26, tall * 0.26), color)
        case "guitar" | "violin":
            objects.DRAW[name](shot, shot.pen(x - shot.side * tall * 0.26, y + tall * 0.1, tall * 0.42, turn=-55 * shot.side), color)
        case _:
            objects.DRAW[name](shot, shot.pen(x, y - tall * 0.02, tall * (0.2 if name != "flower" else 0.34)), color)


def _animals(shot: Shot, stage: Stage, cast: Cast, accompanied: bool) -> None:
    if cast.take("fish") and not stage.sunken:
        cast.motifs.append("bowl")
    if cast.take("dragon"):
        _dragon(shot)
    if cast.take("whale"):
        size = shot.unit * 0.2
        x, y = shot.x(0.4), shot.h * (0.4 if stage.sunken else 0.24)
        animals.whale(shot, shot.pen(x, y, size, flip=shot.side < 0, turn=10), mix(shot.lit("5f86a8"), shot.palette.haze, 0.2))
    wanted = [name for name in cast.motifs if name in animals.DRAW][:2]
    for number, name in enumerate(wanted):
        cast.take(name)
        draw, furs, size = animals.DRAW[name]
        dice = shot.dice.apart(name)
        near = stage.tall * (0.75 if size > 1 else 0.55)  # noqa: PLR2004  large animals stand further away
        x = stage.focus - shot.side * near if accompanied else stage.focus - shot.side * near * number
        scale = stage.tall * size * (1.0 if accompanied else 1.45)
        if stage.sunken:
            continue
        code = shot.reading.color_of.get(name, furs[sum(map(ord, name)) % len(furs)])
        fur = mix(shot.palette.lit(ink(code)), ink(code), 0.25 if shot.palette.dark else 0.1)
        y = stage.floor(x) + stage.tall * (0.02 if accompanied else 0.04)
        shot.canvas.ellipse(x, y, scale * 0.27, scale * 0.035, shot.palette.shade, alpha=0.32, soft=scale * 0.012, rough=0)
        draw(shot, shot.pen(x, y, scale, flip=(shot.side < 0) if accompanied else dice.chance(0.5)), fur)


def _dragon(shot: Shot) -> None:
    """A long eastern dragon winding through the sky."""
    color = mix(shot.palette.lit(shot.palette.accent), ink("3fa08a"), 0.5)
    t = np.linspace(0, 1, 90)
    xs = shot.w * (0.16 + 0.62 * t)
    ys = shot.h * (0.3 - 0.1 * t) + shot.unit * 0.085 * np.sin(t * 11)
    points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    shot.canvas.line(points, (shot.unit * 0.008, shot.unit * 0.07), Grad(lighter(color, 0.15), darker(color, 0.2)))
    for px, py in points[8::4]:
        shot.canvas.poly(
            [(px - shot.unit * 0.012, py - shot.unit * 0.02), (px, py - shot.unit * 0.05), (px + shot.unit * 0.012, py - shot.unit * 0.02)],
            shot.palette.lit(shot.palette.accent_2),
        )
    hx, hy = points[-1]
    pen = shot.pen(hx, hy, shot.unit * 0.11)
    pen.blob([(-0.4, 0.3), (-0.3, -0.35), (0.3, -0.3), (0.75, -0.12), (0.7, 0.12), (0.3, 0.32)], Grad(lighter(color, 0.2), color))
    pen.curve([(-0.15, 0.28), (-0.4, 0.55), (-0.7, 0.6)], (0.08, 0.03), ink("f3e2b0"))
    pen.curve([(0.65, 0.02), (0.9, 0.3), (1.2, 0.2)], (0.03, 0.012), ink("f3e2b0"))
    pen.circle(0.2, 0.12, 0.08, ink("fff3c8"))
    pen.circle(0.22, 0.12, 0.04, ink("2a2426"))


def _people(shot: Shot, stage: Stage, cast: Cast, people: list[str]) -> None:
    pose = posture(shot)
    if stage.sunken:
        pose = "wave"
    raining = any(name in shot.reading.weathers for name in ("rain", "storm")) and not stage.indoors
    if raining and "umbrella" not in cast.motifs and "lighthouse" not in cast.motifs and pose != "run":
        cast.motifs.append("umbrella")
    gap = stage.tall * (0.34 if "embrace" in shot.reading.postures or "couple" in shot.reading.people else 0.46)
    start = stage.focus - shot.side * gap * (len(people) - 1) / 2
    facing = -shot.side
    for number, kind in enumerate(people):
        x = start + shot.side * gap * number
        y = stage.floor(x) + stage.tall * 0.03 * (number % 2)
        if stage.airless and not stage.sunken:
            things.astronaut(shot, shot.pen(x, y, stage.tall, turn=8 * shot.side), tone(shot, kind))
            continue
        twin = people[:number].count(kind)
        who = figures.look(shot, kind, color=shot.reading.color_of.get(kind, ""), number=twin)
        mine = pose if number == 0 or pose in {"walk", "run", "wave"} else "stand"
        item = _item(cast, mine) if number == 0 or not people[1:] else ""
        holds = ("high" if item in HELD_HIGH else "low") if item else ""
        way = facing if number == 0 or pose in {"walk", "run"} else -facing
        seat = 0.22 if mine in {"sit", "sleep"} and (stage.indoors or "bench" in shot.reading.motifs) else 0.0
        if seat:
            figures.stool(shot, x, y, stage.tall * figures.HEIGHT[kind], seat)
        if item == "umbrella":
            hx, hy = figures.hand(who, x, y, stage.tall, posture=mine, facing=way, high=True, seat=seat)
            figures.person(shot, who, x, y, stage.tall, posture=mine, facing=way, holds=holds, seat=seat)
            objects.umbrella(shot, shot.pen(hx - way * stage.tall * 0.1, hy + stage.tall * 0.02, stage.tall * 0.56), tone(shot, "umbrella"))
            continue
        figures.person(shot, who, x, y, stage.tall, posture=mine, facing=way, holds=holds, seat=seat)
        if item and not (item == "book" and mine == "read"):
            put(shot, item, *figures.hand(who, x, y, stage.tall, posture=mine, facing=way, high=item in HELD_HIGH, seat=seat), stage.tall)


def _item(cast: Cast, pose: str) -> str:
    if pose == "read":
        cast.take("book")
        return ""
    if pose in {"wave", "sleep"}:
        return ""
    name = next((name for name in cast.motifs if name in HELD_HIGH), "") or next((name for name in cast.motifs if name in HELD_LOW), "")
    cast.take(name)
    return name


def _hero(shot: Shot, stage: Stage, name: str) -> None:
    """One thing seen close, on a table or a wall in the foreground."""
    top = shot.h * 0.83
    plank = mix(shot.lit("9a6a45" if stage.indoors else "a58f7a"), shot.palette.shade, 0.12)
    shot.canvas.rect(-2, top, shot.w + 2, shot.h + 2, Grad(lighter(plank, 0.12), darker(plank, 0.3)))
    shot.canvas.rect(-2, top, shot.w + 2, top + shot.unit * 0.012, lighter(plank, 0.25))
    for number in range(4):
        y = top + (shot.h - top) * (number + 0.7) / 4
        shot.canvas.line([(-2, y), (shot.w + 2, y + shot.unit * 0.004)], shot.unit * 0.003, darker(plank, 0.35), alpha=0.5)
    x, y, size = shot.x(0.56), top + shot.unit * 0.055, shot.unit * 0.34
    shot.canvas.ellipse(x, y, size * 0.75, size * 0.09, shot.palette.shade, alpha=0.4, soft=size * 0.03, rough=0)
    if name == "umbrella":
        objects.umbrella(shot, shot.pen(x, y - size * 0.3, size * 0.9, turn=24), tone(shot, name))
        return
    objects.DRAW[name](shot, shot.pen(x, y, size), tone(shot, name))
    if "mystery" in shot.reading.moods:
        _sparkle(shot, x, y - size * 0.3, size)
    elif shot.palette.dark:
        shot.canvas.glow(x, y - size * 0.4, size * 1.9, shot.palette.lamp, 0.22)


def _sparkle(shot: Shot, x: float, y: float, size: float) -> None:
    """Light and sparks that rise from a thing."""
    dice, light = shot.dice.apart("sparkle"), ink("ffe9a6")
    shot.canvas.glow(x, y, size * 2.6, light, 0.6)
    for _spark in range(46):
        rise = dice.between(0, 1)
        px, py = x + float(dice.numbers.normal()) * size * (0.25 + 0.45 * rise), y - rise * size * 1.9
        shot.canvas.glow(px, py, size * 0.11 * (1.2 - rise), light, 0.9)
        shot.canvas.circle(px, py, size * 0.013, ink("fffbe6"))


def heavens(shot: Shot, *, indoors: bool) -> None:
    """Shooting stars where they are asked for."""
    if "star" in shot.reading.motifs and not indoors and shot.palette.hour in {"night", "dusk", "space"}:
        dice = shot.dice.apart("meteor")
        for _meteor in range(2):
            sky.shooting_star(
                shot.canvas, shot.palette, shot.x(dice.between(0.1, 0.5)), shot.horizon * dice.between(0.25, 0.5), shot.unit * dice.between(0.14, 0.26)
            )
