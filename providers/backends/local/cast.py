"""Proposes a cast without a model: the persons, places and props that a script names."""

from typing import Any

from providers.requests import TextRequest

from .context import Context
from .illustrator.dice import Dice
from .vocabulary import Seen, known_word, tokens, visual_words

MOST = 12  # persons
MOST_PLACES = 12
MOST_PROPS = 12
OFTEN = 2  # scenes that name a place or a prop, from which on it is a member
# fmt: off
# Places that look like no other of their kind, and things that persons carry and use. The rest is
# scenery: two scenes in a field are seldom in the same field.
PLACES = frozenset([
    "bridge", "cafe", "cave", "garden", "hospital", "house", "island", "lighthouse", "room",
    "school", "ship deck", "station", "temple", "village", "waterfall", "workshop",
])
PROPS = frozenset([
    "airplane", "balloon", "bell", "bicycle", "boat", "book", "bottle", "bus", "camera",
    "candle", "car", "clock", "computer", "gift", "hat", "key", "kite", "lantern", "letter",
    "map", "mirror", "paper crane", "phone", "photograph", "piano", "rocket", "ship",
    "telescope", "train", "treasure", "umbrella",
])
COLORS = frozenset([
    "black", "blue", "brown", "golden", "green", "grey", "orange", "pink", "purple", "red",
    "silver", "white", "yellow",
])
# fmt: on
# Several at once, never a member.
CROWDS = frozenset({"people", "friends"})
CROWD_WORDS = frozenset({"children", "kids", "sisters", "brothers"})
COATS = {
    "ko": ("노란", "빨간", "파란", "초록", "보라", "분홍"),
    "en": ("yellow", "red", "blue", "green", "purple", "pink"),
}
HAIR = {"ko": ("검은", "갈색", "금색"), "en": ("black", "brown", "blond")}
OLD = frozenset({"grandmother", "grandfather"})
GREY = {"ko": "하얀", "en": "white"}


def cast(request: TextRequest, scenes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the proposed members in the form of `TextRequest`'s result.

    A person with a name is one member, whatever the script calls them. The same request returns the
    same cast.
    """
    people = _people(request, scenes)
    places = _places(request)
    named = _named_often(scenes, known=" ".join(place["name"] for place in places))
    places += [member for member in named if member["kind"] == "place"]
    props = [member for member in named if member["kind"] == "prop"]
    return [*people[:MOST], *places[:MOST_PLACES], *props[:MOST_PROPS]]


def _people(request: TextRequest, scenes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    context = Context()
    heard: list[tuple[int, Seen]] = []
    for number, scene in enumerate(scenes, 1):
        words, carried = context.hear(f"{scene['title']} {scene['narration']}")
        found = [word for word in (*words, *carried) if word.category == "person"]
        heard += [(number, word) for word in found if not _is_crowd(word)]
    names: dict[str, list[str]] = {}  # of each gloss, the proper names
    for name, word in context.names.items():
        names.setdefault(word.gloss, []).append(name)
    members: dict[str, dict[str, Any]] = {}
    for number, word in heard:
        own = names.get(word.gloss, [])
        name = own[0] if len(own) == 1 else word.word
        if len(own) > 1:  # several persons of this kind: each by its own name alone
            continue
        member = members.setdefault(
            word.gloss, _member(request, name, word, aliases=[word.word] if own else [])
        )
        known = {name.casefold() for name in (member["name"], *member["aliases"])}
        if word.word.casefold() not in known:
            member["aliases"].append(word.word)
        if number not in member["scenes"]:
            member["scenes"].append(number)
    several = [(own, gloss) for gloss, own in names.items() if len(own) > 1]
    for own, gloss in several:
        for name in own:
            seen = context.names[name]
            members[f"{gloss} {name}"] = _member(request, name, seen, aliases=[])
    return list(members.values())


def _is_crowd(word: Seen) -> bool:
    return word.gloss in CROWDS or word.word.endswith("들") or word.word.casefold() in CROWD_WORDS


def _member(request: TextRequest, name: str, word: Seen, *, aliases: list[str]) -> dict[str, Any]:
    """Return a person with a coat and hair that follow from the name."""
    dice = Dice("cast", name)
    coat, tone = (dice.pick(range(len(words["en"]))) for words in (COATS, HAIR))
    hair = {
        language: GREY[language] if word.gloss in OLD else HAIR[language][tone]
        for language in ("ko", "en")
    }
    english = f"a {word.gloss} with {hair['en']} hair in a {COATS['en'][coat]} coat"
    korean = f"{hair['ko']} 머리에 {COATS['ko'][coat]} 외투를 입은 {word.word}"
    return {
        "kind": "character",
        "name": name[:1].upper() + name[1:] if name.isascii() else name,
        "aliases": aliases,
        "description": korean if request.language == "ko" else english,
        "description_en": english,
        "scenes": [],
    }


def _places(request: TextRequest) -> list[dict[str, Any]]:
    """The places of the headings, with the scenes that take place there."""
    found: dict[str, dict[str, Any]] = {}
    number = 1
    for passage in request.passages:
        scenes = list(range(number, number + passage.scenes))
        number += passage.scenes
        place = passage.place.strip()
        if not place:
            continue
        name = place.capitalize() if place.isupper() and place.isascii() else place
        member = found.setdefault(
            name.casefold(),
            {
                "kind": "place",
                "name": name[:100],
                "aliases": [],
                "description": "",
                "description_en": ", ".join(word.gloss for word in visual_words(name)),
                "scenes": [],
            },
        )
        member["scenes"] += scenes
    return list(found.values())


def _named_often(scenes: list[dict[str, Any]], *, known: str) -> list[dict[str, Any]]:
    """The places and props that several scenes name. `known`: the places that are members already.

    Each is described by the first colour that the script gives it.
    """
    skipped = {word.gloss for word in visual_words(known)}
    found: dict[str, dict[str, Any]] = {}
    for number, scene in enumerate(scenes, 1):
        heard = tokens(scene["narration"])
        for before, token in zip(["", *heard], heard, strict=False):
            word = known_word(token)
            if word is None or word.gloss in skipped or word.gloss not in PLACES | PROPS:
                continue
            # A fishing boat and a sailing boat are both boats, and “waves” also says what one does.
            if not word.word.isascii() or token.casefold() in {word.gloss, f"{word.gloss}s"}:
                member = found.setdefault(_key(word), _thing(word))
                if number not in member["scenes"]:
                    member["scenes"].append(number)
                if (color := known_word(before)) and color.gloss in COLORS:
                    _paint(member, word, before, color.gloss)
    return [member for member in found.values() if len(member["scenes"]) >= OFTEN]


def _key(word: Seen) -> str:
    return word.gloss if word.word.isascii() else word.word


def _thing(word: Seen) -> dict[str, Any]:
    return {
        "kind": "place" if word.gloss in PLACES else "prop",
        "name": word.gloss.capitalize() if word.word.isascii() else word.word,
        "aliases": [],
        "description": "" if word.word.isascii() else word.word,
        "description_en": word.gloss,
        "scenes": [],
    }


def _paint(member: dict[str, Any], word: Seen, color_word: str, color: str) -> None:
    if member["description"] in {"", word.word}:
        english = f"a {color} {word.gloss}"
        member["description"] = english if word.word.isascii() else f"{color_word} {word.word}"
        member["description_en"] = english
