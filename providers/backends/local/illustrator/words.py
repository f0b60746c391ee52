"""Reads the features of an image from the words of its prompt."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TOKEN = re.compile(r"[a-z0-9']+|[가-힣]+")
_COLOR_REACH = 2
# Tables of verbs and adjectives: their stems are compared letter by letter, so that `바라보` also
# matches the beginning of `바라본다`.
INFLECTED = {"weathers", "postures", "moods"}
VOCABULARY = Path(__file__).with_name("vocabulary.txt")


@dataclass(frozen=True)
class Lexicon:
    """The words of one table and the features they name.

    If possessives do not count, `할머니의` and `grandmother's` name no feature.
    """

    nouns: Mapping[str, tuple[str, ...]]
    starts: Mapping[str, tuple[str, ...]]
    english: Mapping[str, tuple[str, ...]]
    by_letter: bool
    owners_count: bool

    def find(self, tokens: list[str]) -> list[tuple[int, str]]:
        """Return every named feature with the position of its word, in the order of the words."""
        found = [
            (place, feature)
            for place, token in enumerate(tokens)
            for feature in self._of(tokens, place, token)
        ]
        return list(dict.fromkeys(found))

    def _of(self, tokens: list[str], place: int, token: str) -> tuple[str, ...]:
        if token.isascii():
            pair = f"{token}-{tokens[place + 1]}" if place + 1 < len(tokens) else ""
            if not self.owners_count and token.endswith("'s"):
                return ()
            return self.english.get(pair, ()) + next(
                (self.english[form] for form in _singular(token) if form in self.english), ()
            )
        features: tuple[str, ...] = ()
        for end in range(len(token), 0, -1):
            stem, rest = token[:end], token[end:]
            if stem in self.nouns and (not rest or rest in _particles()):
                if rest == "의" and not self.owners_count:
                    return ()
                features += self.nouns[stem]
                break
        if place and len(tokens[place - 1]) == 1:  # `두 사람` is two words
            features += next(
                (
                    self.nouns[tokens[place - 1] + token[:end]]
                    for end in range(len(token), 0, -1)
                    if tokens[place - 1] + token[:end] in self.nouns
                ),
                (),
            )
        letters = unicodedata.normalize("NFD", token) if self.by_letter else token
        for end in range(len(letters), 0, -1):
            features += self.starts.get(letters[:end], ())
        return features


def _singular(word: str) -> tuple[str, ...]:
    return (
        word,
        word.removesuffix("'s"),
        word.removesuffix("s"),
        word.removesuffix("es"),
        re.sub("ies$", "y", word),
    )


@cache
def _tables() -> dict[str, list[tuple[str, list[list[str]]]]]:
    """Return the features of each table, with their stems, beginnings and English words."""
    tables: dict[str, list[tuple[str, list[list[str]]]]] = {}
    lines: list[tuple[str, list[list[str]]]] = []
    for line in VOCABULARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            lines = tables.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            feature, _colon, words = line.partition(":")
            lines.append((feature, [part.split() for part in words.split("|")]))
    return tables


@cache
def _particles() -> frozenset[str]:
    return frozenset(_tables()["particles"][0][1][0])


@cache
def lexicon(table: str) -> Lexicon:
    by_letter = table in INFLECTED
    nouns: dict[str, tuple[str, ...]] = {}
    starts: dict[str, tuple[str, ...]] = {}
    english: dict[str, tuple[str, ...]] = {}
    for feature, columns in _tables()[table]:
        for target, words in zip((nouns, starts, english), columns, strict=True):
            for word in words:
                form = (
                    unicodedata.normalize("NFD", word) if by_letter and target is starts else word
                )
                target[form] = (*target.get(form, ()), feature)
    return Lexicon(nouns, starts, english, by_letter, owners_count=table != "people")


@dataclass(frozen=True)
class Reading:
    """Features in the order they are named; empty if the prompt names none.

    `color_of` holds the named colours of things.
    """

    times: tuple[str, ...]
    weathers: tuple[str, ...]
    places: tuple[str, ...]
    motifs: tuple[str, ...]
    people: tuple[str, ...]
    postures: tuple[str, ...]
    moods: tuple[str, ...]
    styles: tuple[str, ...]
    color_of: Mapping[str, str]


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFC", text).lower())


def read(prompt: str, prompt_en: str = "", style: str = "", negative: str = "") -> Reading:
    """Return the features of a prompt in both languages, without those that `negative` names.

    What is named first has the most weight.
    """
    texts, unwanted = [tokens(prompt), tokens(prompt_en)], tokens(negative)

    def features(table: str) -> tuple[str, ...]:
        avoided = {feature for _place, feature in lexicon(table).find(unwanted)}
        return tuple(
            dict.fromkeys(
                feature
                for text in texts
                for _place, feature in lexicon(table).find(text)
                if feature not in avoided
            )
        )

    return Reading(
        times=features("times"),
        weathers=features("weathers"),
        places=features("places"),
        motifs=features("motifs"),
        people=features("people"),
        postures=features("postures"),
        moods=features("moods"),
        styles=tuple(
            dict.fromkeys(
                feature
                for _place, feature in lexicon("styles").find(
                    tokens(style) + tokens(prompt) + tokens(prompt_en)
                )
            )
        ),
        color_of=_colors(texts),
    )


def _colors(texts: list[list[str]]) -> dict[str, str]:
    """Return colours that directly precede a thing or a person: `노란 우산`, `red coat`."""
    colored: dict[str, str] = {}
    for text in texts:
        things = [
            *lexicon("motifs").find(text),
            *lexicon("people").find(text),
            *lexicon("clothes").find(text),
        ]
        for place, color in lexicon("colors").find(text):
            for at, thing in sorted(things):
                if 0 < at - place <= _COLOR_REACH:
                    colored.setdefault(thing, color)
                    break
    return colored
