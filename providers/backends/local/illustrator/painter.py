"""Renders a prompt to the bytes of an image."""

import io
from collections.abc import Callable

from PIL import Image

from providers.backends.local.illustrator import (
    beyond,
    casting,
    outdoors,
    rooms,
    setting,
    shores,
    sky,
    streets,
    weather,
)
from providers.backends.local.illustrator.canvas import Canvas
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.palette import palette
from providers.backends.local.illustrator.stage import Figure, Shot, Stage
from providers.backends.local.illustrator.words import read

type Place = Callable[[Shot], Stage]

OUTDOORS: dict[str, Place] = {
    "sea": shores.sea,
    "harbour": shores.harbour,
    "island": shores.island,
    "lake": shores.lake,
    "river": shores.river,
    "bridge": shores.bridge,
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


def paint(
    prompt: str,
    *,
    prompt_en: str = "",
    style: str = "",
    negative: str = "",
    seed: int = 0,
    size: tuple[int, int],
    cast: tuple[Figure, ...] = (),
    shown: str = "",
) -> bytes:
    """Return a PNG of this size, drawn from the words of the prompt (Korean, English or both).

    Time of day, weather, place, people, objects and mood follow from the words; the rest follows
    from the seed. What `negative` names is omitted. The `cast` looks as it is told, and `shown`
    describes place and props; neither moves anything else. The same arguments return the same
    bytes.
    """
    reading = read(f"{prompt} {shown}", prompt_en, style, negative)
    dice = Dice("paint", prompt, prompt_en, style, seed)
    place = setting.place(reading, dice.apart("place"))
    hour = setting.hour(reading, place, dice.apart("hour"))
    shot = Shot(
        Canvas(size, dice),
        palette(hour, reading.moods, dice.apart("palette")),
        reading,
        dice,
        season=setting.season(reading, place),
        side=dice.side(),
        figures=cast,
    )
    shot.horizon = shot.h * dice.apart("horizon").between(0.5, 0.58)
    stage = _set(shot, place)
    casting.perform(shot, stage)
    stage.front()
    _weather(shot, stage)
    pixels = weather.finish(shot, dice.apart("grain"))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()


def _set(shot: Shot, place: str) -> Stage:
    """Draw the sky and the place under it."""
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
    overcast = any(
        name in shot.reading.weathers for name in ("rain", "storm", "fog", "cloudy", "snow")
    )
    if colors.hour == "night":
        _night(shot, x, dice, overcast=overcast)
    elif colors.hour in {"dawn", "dusk"}:
        sky.sun(canvas, colors, x, shot.horizon * dice.between(0.68, 0.86), shot.unit * 0.062)
    elif not overcast:
        sky.sun(canvas, colors, x, shot.horizon * dice.between(0.24, 0.36), shot.unit * 0.05)
    cover = (
        1.0 if "storm" in shot.reading.weathers else 0.75 if overcast else dice.between(0.25, 0.5)
    )
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
        sky.stars(
            shot.canvas,
            shot.palette,
            shot.horizon,
            dice,
            many=1.5 if starry else 0.9,
            band=starry or dice.chance(0.3),
        )
    if "moon" in shot.reading.motifs or (not starry and not overcast):
        big = 1.5 if "moon" in shot.reading.motifs else 1.0
        sky.moon(
            shot.canvas,
            shot.palette,
            x,
            shot.horizon * dice.between(0.28, 0.42),
            shot.unit * 0.05 * big,
            dice,
            crescent=dice.chance(0.25),
        )


def _weather(shot: Shot, stage: Stage) -> None:
    """Draw what falls between the viewer and the scene; there is none in a room."""
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
