"""From a prompt to the bytes of a picture."""

import io
from collections.abc import Callable

from PIL import Image

from providers.local.paint import beyond, casting, outdoors, rooms, sky, streets, weather
from providers.local.paint.canvas import Canvas
from providers.local.paint.dice import Dice
from providers.local.paint.palette import palette
from providers.local.paint.stage import Shot, Stage
from providers.local.paint.words import Reading, read

type Place = Callable[[Shot], Stage]

OUTDOORS: dict[str, Place] = {
    "sea": outdoors.sea,
    "harbour": outdoors.harbour,
    "island": outdoors.island,
    "lake": outdoors.lake,
    "river": outdoors.river,
    "bridge": outdoors.bridge,
    "field": outdoors.field,
    "mountain": outdoors.mountain,
    "snowfield": outdoors.snowfield,
    "desert": outdoors.desert,
    "forest": outdoors.forest,
    "garden": outdoors.garden,
    "sky": outdoors.sky,
    "city": streets.city,
    "street": streets.street,
    "market": streets.market,
    "village": streets.village,
    "hanok": streets.hanok,
    "castle": streets.castle,
    "station": streets.station,
    "school": streets.school,
    "planet": beyond.planet,
    "space": beyond.space,
    "underwater": beyond.underwater,
}
ROOMS = ("room", "library", "cafe", "kitchen", "classroom", "office")
HALLS: dict[str, Place] = {"stage": rooms.stage_hall, "cave": rooms.cave}

# Where a thing is at home when the prompt names no place; read from the top.
HOMES = {
    "sea": ("lighthouse", "boat", "whale", "gull", "paper_boat"),
    "harbour": ("ship",),
    "underwater": ("fish",),
    "station": ("train",),
    "planet": ("astronaut",),
    "space": ("satellite", "rocket"),
    "snowfield": ("snowman",),
    "forest": ("deer", "fox", "owl", "mushroom", "bear", "tent", "fire"),
    "field": ("kite", "windmill", "turbine", "horse", "airship", "airplane", "rabbit", "butterfly", "telescope", "star", "sun", "ufo", "moon"),
    "stage": ("piano", "violin", "guitar", "music"),
    "office": ("computer",),
    "kitchen": ("bread", "bowl", "apple"),
    "cafe": ("cup",),
    "castle": ("crown", "sword", "dragon"),
    "street": ("car", "bus", "bicycle", "mailbox", "lamp", "umbrella"),
    "garden": ("flower", "swing", "bench", "cherry", "dog"),
    "village": ("house", "lantern"),
    "room": ("book", "letter", "candle", "clock", "key", "door", "mirror", "gift", "camera", "photo", "phone", "radio", "suitcase", "map", "cat", "heart"),
}
ANYWHERE = ("field", "village", "river", "garden", "city", "mountain", "lake", "street", "sea")
WEAK_PLACES = ("sky", "garden", "city")  # said in passing: any other place named with them is the place


def paint(prompt: str, *, prompt_en: str = "", style: str = "", seed: int = 0, size: tuple[int, int]) -> bytes:
    """A PNG of this size, drawn from the words of the prompt (Korean, English or both).

    The hour, weather, place, people, things and mood follow from the words; what they leave open follows from the seed. The same
    arguments give the same bytes.
    """
    reading = read(prompt, prompt_en, style)
    dice = Dice("paint", prompt, prompt_en, style, seed)
    place = _place(reading, dice.apart("place"))
    hour = _hour(reading, place, dice.apart("hour"))
    shot = Shot(Canvas(size, dice), palette(hour, reading.moods, dice.apart("palette")), reading, dice, season=_season(reading, place), side=dice.side())
    shot.horizon = shot.h * dice.apart("horizon").between(0.5, 0.58)
    stage = _set(shot, place)
    casting.perform(shot, stage)
    stage.front()
    _weather(shot, stage)
    pixels = weather.finish(shot, dice.apart("grain"))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()


def _place(reading: Reading, dice: Dice) -> str:
    flying = any(name in reading.motifs for name in ("airplane", "airship", "rocket", "dragon", "gull", "bird"))
    named = [name for name in reading.places if (name != "sky" or flying) and (name in OUTDOORS or name in ROOMS or name in HALLS)]
    if "bridge" in named and "river" in named:
        return "river"
    if "sea" in named and ("village" in named or "harbour" in named):
        return "harbour"
    if "station" in named and "bus" in reading.motifs and "train" not in reading.motifs:
        return "street"
    for clear in ("planet", "village"):
        if clear in named:
            return clear
    strong = [name for name in named if name not in WEAK_PLACES]
    if strong or named:
        return (strong or named)[0]
    for home, things in HOMES.items():
        if any(name in reading.motifs for name in things):
            return home
    if "snow" in reading.weathers:
        return dice.pick(("snowfield", "village", "street", "forest"))
    return dice.pick(ANYWHERE)


def _hour(reading: Reading, place: str, dice: Dice) -> str:
    if place in {"space", "planet"}:
        return "space"
    if place == "underwater":
        return "deep"
    named = reading.times[0] if reading.times else ""
    night = named == "night" or any(name in reading.motifs for name in ("fireworks", "star", "moon", "candle")) or "aurora" in reading.weathers
    if named and named != "day":
        return named if named != "dawn" or "storm" not in reading.weathers else "storm"
    if night and not named:
        return "night"
    if "storm" in reading.weathers:
        return "storm"
    if any(name in reading.weathers for name in ("rain", "fog", "cloudy")):
        return "grey"
    if "snow" in reading.weathers:
        return "snow"
    if named:
        return named
    if "sad" in reading.moods or "fear" in reading.moods:
        return dice.pick(("dusk", "grey", "night"))
    if "mystery" in reading.moods:
        return dice.pick(("night", "dusk"))
    return dice.pick(("day", "day", "day", "dusk", "dawn"))


def _season(reading: Reading, place: str) -> str:
    if place == "snowfield" or "snow" in reading.weathers:
        return "snow"
    return next((name for name in ("petals", "leaves") if name in reading.weathers), "")


def _set(shot: Shot, place: str) -> Stage:
    """The sky and the place under it."""
    if place in ROOMS:
        return rooms.interior(shot, place)
    if place in HALLS:
        sky.gradient(shot.canvas, shot.palette, shot.horizon)
        return HALLS[place](shot)
    _sky(shot, place)
    return OUTDOORS[place](shot)


def _sky(shot: Shot, place: str) -> None:
    canvas, colors, dice = shot.canvas, shot.palette, shot.dice.apart("heaven")
    deep = place in {"space", "planet", "underwater"}
    sky.gradient(canvas, colors, shot.h if deep else shot.horizon)
    if deep:
        return
    x = shot.x(dice.between(0.2, 0.44))
    overcast = any(name in shot.reading.weathers for name in ("rain", "storm", "fog", "cloudy", "snow"))
    if colors.hour == "night":
        _night(shot, x, dice, overcast=overcast)
    elif colors.hour in {"dawn", "dusk"}:
        sky.sun(canvas, colors, x, shot.horizon * dice.between(0.68, 0.86), shot.unit * 0.062)
    elif not overcast:
        sky.sun(canvas, colors, x, shot.horizon * dice.between(0.24, 0.36), shot.unit * 0.05)
    cover = 1.0 if "storm" in shot.reading.weathers else 0.75 if overcast else dice.between(0.25, 0.5)
    if colors.hour != "night" or overcast:
        sky.clouds(canvas, colors, shot.horizon, dice.apart("clouds"), cover=cover)
    if "aurora" in shot.reading.weathers:
        sky.aurora(canvas, shot.horizon, dice)
    if "rainbow" in shot.reading.weathers:
        sky.rainbow(canvas, shot.horizon, dice)
    if "storm" in shot.reading.weathers:
        weather.lightning(shot)
    casting.heavens(shot, indoors=False)


def _night(shot: Shot, x: float, dice: Dice, *, overcast: bool) -> None:
    starry = "star" in shot.reading.motifs
    if not overcast:
        sky.stars(shot.canvas, shot.palette, shot.horizon, dice, many=1.5 if starry else 0.9, band=starry or dice.chance(0.3))
    if "moon" in shot.reading.motifs or (not starry and not overcast):
        big = 1.5 if "moon" in shot.reading.motifs else 1.0
        sky.moon(shot.canvas, shot.palette, x, shot.horizon * dice.between(0.28, 0.42), shot.unit * 0.05 * big, dice, crescent=dice.chance(0.25))


def _weather(shot: Shot, stage: Stage) -> None:
    """What falls between us and the scene; a room keeps it outside."""
    weathers = shot.reading.weathers
    if "fireworks" in shot.reading.motifs and not stage.indoors:
        weather.fireworks(shot)
    if stage.indoors or stage.airless:
        return
    if "fog" in weathers:
        weather.fog(shot, 0.85)
    if "rain" in weathers or "storm" in weathers:
        weather.fog(shot, 0.25)
        weather.rain(shot, heavy="storm" in weathers)
    if "snow" in weathers:
        weather.snow(shot)
    for season in ("petals", "leaves"):
        if season in weathers:
            weather.drift(shot, season)
    if shot.palette.hour == "night" and not weathers and shot.dice.apart("fireflies").chance(0.35):
        weather.fireflies(shot)
