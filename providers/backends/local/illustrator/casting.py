"""Selects who and what appears in an image, where it stands, and what people hold."""

import numpy as np

from providers.backends.local.illustrator import (
    animals,
    extras,
    figures,
    objects,
    sky,
    things,
    town,
)
from providers.backends.local.illustrator.canvas import Grad
from providers.backends.local.illustrator.color import darker, ink, lighter, mix
from providers.backends.local.illustrator.extras import Cast, tone
from providers.backends.local.illustrator.stage import Shot, Stage

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
BESIDE = (
    "car",
    "bus",
    "bicycle",
    "bench",
    "lamp",
    "mailbox",
    "swing",
    "snowman",
    "fire",
    "telescope",
    "piano",
    "suitcase",
    "door",
    "robot",
    "astronaut",
)
MOST_PEOPLE = 3


def perform(shot: Shot, stage: Stage) -> None:
    """Draw everything that the prompt names and the place does not have, from far to near."""
    cast = Cast([motif for motif in shot.reading.motifs if motif not in stage.has])
    people = company(shot)
    if not people and not shot.reading.motifs and "crowd" not in shot.reading.people:
        _guest(shot, stage, cast, people)
    lonely = (
        not people
        and "crowd" not in shot.reading.people
        and not any(
            name in cast.motifs
            for name in (*animals.DRAW, *extras.BEHIND, *extras.ON_WATER, *BESIDE, *extras.IN_AIR)
        )
    )
    extras.behind(shot, stage, cast)
    extras.afloat(shot, stage, cast)
    extras.in_air(shot, stage, cast)
    if "crowd" in shot.reading.people:
        figures.crowd(
            shot,
            shot.dice.apart("crowd"),
            stage.floor(shot.w / 2) - stage.tall * 0.16,
            stage.tall * 0.74,
            count=int(6 * shot.wide),
            left=0,
            right=shot.w,
        )
    _beside(shot, stage, cast)
    _animals(shot, stage, cast, accompanied=bool(people))
    hero = next((name for name in cast.motifs if name in objects.DRAW or name == "umbrella"), "")
    if people:
        _people(shot, stage, cast, people)
    elif lonely and hero:
        _hero(shot, stage, hero)
        cast.take(hero)
    for number, name in enumerate([name for name in cast.motifs if name in objects.DRAW][:2]):
        x = stage.second - shot.side * stage.tall * (0.1 + 0.7 * number)
        objects.DRAW[name](
            shot,
            shot.pen(
                x,
                stage.floor(x) + stage.tall * 0.06,
                stage.tall * (0.42 if name not in {"piano", "door"} else 0.9),
            ),
            tone(shot, name),
        )


def _guest(shot: Shot, stage: Stage, cast: Cast, people: list[str]) -> None:
    """Add a figure chosen by the seed if the prompt names nobody and nothing."""
    dice = shot.dice.apart("guest")
    if stage.airless or stage.sunken:
        cast.motifs.append(
            dice.pick(("rocket", "satellite")) if stage.airless and not stage.sunken else "whale"
        )
    elif stage.water and dice.chance(0.5):
        cast.motifs.append("boat")
    elif stage.indoors:
        people.append(dice.pick(("woman", "man", "girl")))
    else:
        cast.motifs += dice.pick(
            (["tree", "bird"], ["bird"], ["house", "tree"], ["airship"], ["tree", "bench"])
        )
        if dice.chance(0.6):
            people.append(dice.pick(("woman", "man", "girl", "boy", "old_man")))


def company(shot: Shot) -> list[str]:
    """Return the people to draw, at most three: the cast first, then those in the prompt."""
    cast = [figure.kind for figure in shot.figures]
    others = [kind for kind in _named(shot) if kind not in cast]
    return [*cast, *(others if not cast or others != ["person"] else [])][:MOST_PEOPLE]


def _named(shot: Shot) -> list[str]:
    """Return the people that the words name; a more specific word takes precedence."""
    named = list(shot.reading.people)
    group = [
        *(["man", "woman"] if "couple" in named else []),
        *(["man", "woman", "child"] if "family" in named else []),
        *(["girl", "boy", "child"] if "children" in named else []),
    ]
    exact = [
        kind for kind in named if kind in {"girl", "boy", "woman", "man", "old_man", "old_woman"}
    ]
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
    if (
        not chosen
        and any(name in motifs for name in ("umbrella", "kite", "telescope", "bicycle", "swing"))
        and "sad" not in shot.reading.moods
    ):
        chosen = ["person"]
    return chosen


def posture(shot: Shot) -> str:
    order = ("sleep", "read", "run", "wave", "sit", "walk", "look_up")
    return next((name for name in order if name in shot.reading.postures), "stand")


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
            shot.canvas.ellipse(
                x,
                y,
                stage.tall * 0.34 * size,
                stage.tall * 0.04,
                shot.palette.shade,
                alpha=0.3,
                soft=stage.tall * 0.012,
                rough=0,
            )
        draw(
            shot,
            shot.pen(
                x,
                y,
                stage.tall * size * (1.15 if star else 1),
                flip=shot.side > 0 and name in {"car", "bus", "telescope"},
            ),
            tone(shot, name),
        )
        if star:
            _held(shot, cast, x + shot.side * stage.tall * 0.3, y - stage.tall * 0.36, stage.tall)


def _held(shot: Shot, cast: Cast, x: float, y: float, tall: float) -> None:
    """Draw the first object that can be held in a hand at (x, y)."""
    name = next((name for name in cast.motifs if name in HELD_HIGH or name in HELD_LOW), "")
    if name:
        cast.take(name)
        put(shot, name, x, y, tall)


def put(shot: Shot, name: str, x: float, y: float, tall: float) -> None:
    """Draw an object in a hand at (x, y)."""
    color = tone(shot, name)
    match name:
        case "umbrella":
            objects.umbrella(shot, shot.pen(x - shot.side * tall * 0.02, y, tall * 0.58), color)
        case "balloon":
            string = [
                (x, y),
                (x + tall * 0.04, y - tall * 0.35),
                (x + tall * 0.12, y - tall * 0.62),
            ]
            shot.canvas.line(string, shot.unit * 0.0022, lighter(shot.palette.shade, 0.3))
            objects.balloon(shot, shot.pen(*string[-1], tall * 0.36), color)
        case "kite":
            kx, ky = x + shot.side * min(shot.unit * 0.2, shot.w * 0.12), shot.h * 0.2
            points = [
                (x + (kx - x) * t, y + (ky - y) * t + shot.unit * 0.1 * 4 * t * (1 - t))
                for t in np.linspace(0, 1, 20)
            ]
            shot.canvas.line(
                [(float(px), float(py)) for px, py in points],
                shot.unit * 0.002,
                lighter(shot.palette.shade, 0.35),
                alpha=0.85,
            )
            objects.kite(shot, shot.pen(kx, ky, shot.unit * 0.11, slot=-18 * shot.side), color)
        case "lantern":
            objects.lantern(shot, shot.pen(x, y + tall * 0.26, tall * 0.26), color)
        case "guitar" | "violin":
            objects.DRAW[name](
                shot,
                shot.pen(
                    x - shot.side * tall * 0.26, y + tall * 0.1, tall * 0.42, slot=-55 * shot.side
                ),
                color,
            )
        case _:
            objects.DRAW[name](
                shot,
                shot.pen(x, y - tall * 0.02, tall * (0.2 if name != "flower" else 0.34)),
                color,
            )


def _animals(shot: Shot, stage: Stage, cast: Cast, *, accompanied: bool) -> None:
    if cast.take("fish") and not stage.sunken:
        cast.motifs.append("bowl")
    if cast.take("dragon"):
        extras.dragon(shot)
    if cast.take("whale"):
        size = shot.unit * 0.2
        x, y = shot.x(0.4), shot.h * (0.4 if stage.sunken else 0.24)
        animals.whale(
            shot,
            shot.pen(x, y, size, flip=shot.side < 0, slot=10),
            mix(shot.lit("5f86a8"), shot.palette.haze, 0.2),
        )
    wanted = [name for name in cast.motifs if name in animals.DRAW][:2]
    for number, name in enumerate(wanted):
        cast.take(name)
        draw, furs, size = animals.DRAW[name]
        dice = shot.dice.apart(name)
        near = stage.tall * (0.75 if size > 1 else 0.55)
        x = (
            stage.focus - shot.side * near
            if accompanied
            else stage.focus - shot.side * near * number
        )
        scale = stage.tall * size * (1.0 if accompanied else 1.45)
        if stage.sunken:
            continue
        code = shot.reading.color_of.get(name, furs[sum(map(ord, name)) % len(furs)])
        fur = mix(shot.palette.lit(ink(code)), ink(code), 0.25 if shot.palette.dark else 0.1)
        y = stage.floor(x) + stage.tall * (0.02 if accompanied else 0.04)
        shot.canvas.ellipse(
            x,
            y,
            scale * 0.27,
            scale * 0.035,
            shot.palette.shade,
            alpha=0.32,
            soft=scale * 0.012,
            rough=0,
        )
        draw(
            shot,
            shot.pen(x, y, scale, flip=(shot.side < 0) if accompanied else dice.chance(0.5)),
            fur,
        )


def _people(shot: Shot, stage: Stage, cast: Cast, people: list[str]) -> None:
    pose = posture(shot)
    if stage.sunken:
        pose = "wave"
    raining = any(name in shot.reading.weathers for name in ("rain", "storm")) and not stage.indoors
    if (
        raining
        and "umbrella" not in cast.motifs
        and "lighthouse" not in cast.motifs
        and pose != "run"
    ):
        cast.motifs.append("umbrella")
    gap = stage.tall * (
        0.34 if "embrace" in shot.reading.postures or "couple" in shot.reading.people else 0.46
    )
    start = stage.focus - shot.side * gap * (len(people) - 1) / 2
    facing = -shot.side
    for number, kind in enumerate(people):
        x = start + shot.side * gap * number
        y = stage.floor(x) + stage.tall * 0.03 * (number % 2)
        if stage.airless and not stage.sunken:
            things.astronaut(shot, shot.pen(x, y, stage.tall, slot=8 * shot.side), tone(shot, kind))
            continue
        twin = people[:number].count(kind)
        member = shot.figures[number] if number < len(shot.figures) else None
        colored = shot.reading.color_of.get(
            kind, shot.reading.color_of.get("clothes", "") if number == 0 else ""
        )
        who = figures.look(
            shot,
            kind,
            color=member.coat if member and member.coat else colored,
            hair=member.hair if member else "",
            number=twin,
        )
        mine = pose if number == 0 or pose in {"walk", "run", "wave"} else "stand"
        item = _item(cast, mine) if number == 0 or not people[1:] else ""
        holds = ("high" if item in HELD_HIGH else "low") if item else ""
        way = facing if number == 0 or pose in {"walk", "run"} else -facing
        seat = (
            0.22
            if mine in {"sit", "sleep"} and (stage.indoors or "bench" in shot.reading.motifs)
            else 0.0
        )
        if seat:
            figures.stool(shot, x, y, stage.tall * figures.HEIGHT[kind], seat)
        if item == "umbrella":
            hx, hy = figures.hand(
                who, x, y, stage.tall, posture=mine, facing=way, high=True, seat=seat
            )
            figures.person(
                shot, who, x, y, stage.tall, posture=mine, facing=way, holds=holds, seat=seat
            )
            objects.umbrella(
                shot,
                shot.pen(hx - way * stage.tall * 0.1, hy + stage.tall * 0.02, stage.tall * 0.56),
                tone(shot, "umbrella"),
            )
            continue
        figures.person(
            shot, who, x, y, stage.tall, posture=mine, facing=way, holds=holds, seat=seat
        )
        if item and not (item == "book" and mine == "read"):
            put(
                shot,
                item,
                *figures.hand(
                    who,
                    x,
                    y,
                    stage.tall,
                    posture=mine,
                    facing=way,
                    high=item in HELD_HIGH,
                    seat=seat,
                ),
                stage.tall,
            )


def _item(cast: Cast, pose: str) -> str:
    if pose == "read":
        cast.take("book")
        return ""
    if pose in {"wave", "sleep"}:
        return ""
    name = next((name for name in cast.motifs if name in HELD_HIGH), "") or next(
        (name for name in cast.motifs if name in HELD_LOW), ""
    )
    cast.take(name)
    return name


def _hero(shot: Shot, stage: Stage, name: str) -> None:
    """Draw one object in close view, on a table or a wall in the foreground."""
    top = shot.h * 0.83
    plank = mix(shot.lit("9a6a45" if stage.indoors else "a58f7a"), shot.palette.shade, 0.12)
    shot.canvas.rect(
        -2, top, shot.w + 2, shot.h + 2, Grad(lighter(plank, 0.12), darker(plank, 0.3))
    )
    shot.canvas.rect(-2, top, shot.w + 2, top + shot.unit * 0.012, lighter(plank, 0.25))
    for number in range(4):
        y = top + (shot.h - top) * (number + 0.7) / 4
        shot.canvas.line(
            [(-2, y), (shot.w + 2, y + shot.unit * 0.004)],
            shot.unit * 0.003,
            darker(plank, 0.35),
            alpha=0.5,
        )
    x, y, size = shot.x(0.56), top + shot.unit * 0.055, shot.unit * 0.34
    shot.canvas.ellipse(
        x, y, size * 0.75, size * 0.09, shot.palette.shade, alpha=0.4, soft=size * 0.03, rough=0
    )
    if name == "umbrella":
        objects.umbrella(shot, shot.pen(x, y - size * 0.3, size * 0.9, slot=24), tone(shot, name))
        return
    objects.DRAW[name](shot, shot.pen(x, y, size), tone(shot, name))
    if "mystery" in shot.reading.moods:
        _sparkle(shot, x, y - size * 0.3, size)
    elif shot.palette.dark:
        shot.canvas.glow(x, y - size * 0.4, size * 1.9, shot.palette.lamp, 0.22)


def _sparkle(shot: Shot, x: float, y: float, size: float) -> None:
    """Draw light and sparks that rise from an object."""
    dice, light = shot.dice.apart("sparkle"), ink("ffe9a6")
    shot.canvas.glow(x, y, size * 2.6, light, 0.6)
    for _spark in range(46):
        rise = dice.between(0, 1)
        px, py = (
            x + float(dice.numbers.normal()) * size * (0.25 + 0.45 * rise),
            y - rise * size * 1.9,
        )
        shot.canvas.glow(px, py, size * 0.11 * (1.2 - rise), light, 0.9)
        shot.canvas.circle(px, py, size * 0.013, ink("fffbe6"))


def heavens(shot: Shot, *, indoors: bool) -> None:
    """Draw shooting stars if the prompt names them."""
    if (
        "star" in shot.reading.motifs
        and not indoors
        and shot.palette.hour in {"night", "dusk", "space"}
    ):
        dice = shot.dice.apart("meteor")
        for _meteor in range(2):
            sky.shooting_star(
                shot.canvas,
                shot.palette,
                shot.x(dice.between(0.1, 0.5)),
                shot.horizon * dice.between(0.25, 0.5),
                shot.unit * dice.between(0.14, 0.26),
            )
