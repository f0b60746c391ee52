"""Place and time of an image, from what its prompt names or implies, or from the seed."""

from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.words import Reading

# The place implied by a named thing if the prompt names no place; the first match applies.
HOMES = {
    "sea": {"lighthouse", "boat", "whale", "gull", "paper_boat"},
    "harbour": {"ship"},
    "underwater": {"fish"},
    "station": {"train"},
    "planet": {"astronaut"},
    "space": {"satellite", "rocket"},
    "snowfield": {"snowman"},
    "forest": {"deer", "fox", "owl", "mushroom", "bear", "tent", "fire"},
    "field": {
        "kite",
        "windmill",
        "turbine",
        "horse",
        "airship",
        "airplane",
        "rabbit",
        "butterfly",
        "telescope",
        "star",
        "sun",
        "ufo",
        "moon",
    },
    "stage": {"piano", "violin", "guitar", "music"},
    "office": {"computer"},
    "kitchen": {"bread", "bowl", "apple"},
    "cafe": {"cup"},
    "castle": {"crown", "sword", "dragon"},
    "street": {"car", "bus", "bicycle", "mailbox", "lamp", "umbrella"},
    "garden": {"flower", "swing", "bench", "cherry", "dog"},
    "village": {"house", "lantern"},
    "room": {
        "book",
        "letter",
        "candle",
        "clock",
        "key",
        "door",
        "mirror",
        "gift",
        "camera",
        "photo",
        "phone",
        "radio",
        "suitcase",
        "map",
        "cat",
        "heart",
    },
}
ANYWHERE = ("field", "village", "river", "garden", "city", "mountain", "lake", "street", "sea")
COLD_PLACES = ("snowfield", "village", "street", "forest")
WEAK_PLACES = {"sky", "garden", "city"}  # any other place named takes precedence
TOGETHER = (
    ("bridge", "river", "river"),
    ("sea", "village", "harbour"),
    ("sea", "harbour", "harbour"),
)
FLYING = {"airplane", "airship", "rocket", "dragon", "gull", "bird"}
FIXED_HOURS = {"space": "space", "planet": "space", "underwater": "deep"}
OF_THE_NIGHT = {"fireworks", "star", "moon", "candle"}
WEATHER_HOURS = (
    ("storm", "storm"),
    ("rain", "grey"),
    ("fog", "grey"),
    ("cloudy", "grey"),
    ("snow", "snow"),
)
MOOD_HOURS = {
    "sad": ("dusk", "grey", "night"),
    "fear": ("dusk", "grey", "night"),
    "mystery": ("night", "dusk"),
}
USUAL_HOURS = ("day", "day", "day", "dusk", "dawn")


def place(reading: Reading, dice: Dice) -> str:
    """Return the place of the image; it can always be drawn."""
    named = [name for name in reading.places if name != "sky" or FLYING & set(reading.motifs)]
    return (
        _joined(named, reading)
        or _named(named)
        or _home(reading)
        or dice.pick(COLD_PLACES if "snow" in reading.weathers else ANYWHERE)
    )


def _joined(named: list[str], reading: Reading) -> str:
    """Return the place that two named places mean together, or one that always takes precedence."""
    if "station" in named and "bus" in reading.motifs and "train" not in reading.motifs:
        return "street"
    pairs = (both for first, second, both in TOGETHER if first in named and second in named)
    return next(pairs, next((clear for clear in ("planet", "village") if clear in named), ""))


def _named(named: list[str]) -> str:
    return next((name for name in named if name not in WEAK_PLACES), next(iter(named), ""))


def _home(reading: Reading) -> str:
    return next((home for home, things in HOMES.items() if things & set(reading.motifs)), "")


def hour(reading: Reading, where: str, dice: Dice) -> str:
    """Return the time of day of the image, a key of the palettes."""
    return FIXED_HOURS.get(where, "") or _said(reading) or _seen(reading) or _felt(reading, dice)


def _said(reading: Reading) -> str:
    """Return a named time of day; empty for day (the weather decides more) or a stormy dawn."""
    named = next(iter(reading.times), "")
    return "" if named == "day" or (named == "dawn" and "storm" in reading.weathers) else named


def _seen(reading: Reading) -> str:
    """Return a time of day that follows from what is in the image."""
    if not reading.times and (OF_THE_NIGHT & set(reading.motifs) or "aurora" in reading.weathers):
        return "night"
    return next(
        (light for weather, light in WEATHER_HOURS if weather in reading.weathers),
        next(iter(reading.times), ""),
    )


def _felt(reading: Reading, dice: Dice) -> str:
    return dice.pick(
        next((MOOD_HOURS[mood] for mood in reading.moods if mood in MOOD_HOURS), USUAL_HOURS)
    )


def season(reading: Reading, where: str) -> str:
    """Return the season's effect: snow, petals, leaves or none."""
    if where == "snowfield" or "snow" in reading.weathers:
        return "snow"
    return next((name for name in ("petals", "leaves") if name in reading.weathers), "")
