"""Vocabulary of visual words in Korean and English, with what they name.

Used by the renderer and the planner.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("words.txt")
PARTICLE = "particle"
STEMS = frozenset({"action", "mood"})  # verbs and adjectives: any ending may follow
_WORD = re.compile(r"[가-힣]+|[A-Za-z][A-Za-z'’-]*")


@dataclass(frozen=True, slots=True)
class Seen:
    """A visual word as in the text (without particles), its English gloss and its category."""

    word: str
    gloss: str
    category: str


NOBODY: Mapping[str, Seen] = {}


@cache
def _entries() -> list[tuple[str, str, list[str], list[str]]]:
    """Return category, gloss, Korean words and English words of each line of the file."""
    rows = [
        line.split("|")
        for line in FILE.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    return [
        (category.strip(), gloss.strip(), korean.split(), english.split())
        for category, gloss, korean, english in rows
    ]


@cache
def _korean() -> dict[str, Seen]:
    return {
        word: Seen(word, gloss, category)
        for category, gloss, korean, _ in _entries()
        for word in korean
        if category != PARTICLE
    }


@cache
def _particles() -> frozenset[str]:
    return frozenset(
        word for category, _, korean, _ in _entries() for word in korean if category == PARTICLE
    )


@cache
def _english() -> dict[str, Seen]:
    return {
        word: Seen(word, gloss, category)
        for category, gloss, _, english in _entries()
        for word in (*english, gloss)
        if gloss
    }


@cache
def _lengths() -> tuple[int, ...]:
    return tuple(sorted({len(word) for word in _korean()}, reverse=True))


def _seen_korean(token: str) -> Seen | None:
    """Return the longest known word at the start of the token.

    It may be followed by nothing, a particle, or (verbs, adjectives) any ending.
    """
    for length in _lengths():
        seen = _korean().get(token[:length])
        if (
            seen
            and len(token) >= length
            and (not token[length:] or token[length:] in _particles() or seen.category in STEMS)
        ):
            return seen
    return None


def tokens(text: str) -> list[str]:
    """Return the runs of Hangul and the Latin words, in order."""
    return _WORD.findall(text)


def known_word(token: str, names: Mapping[str, Seen] = NOBODY) -> Seen | None:
    """Return what a token names, ignoring particles and endings."""
    if token.isascii():
        return names.get(token) or _english().get(token.lower())
    for name, seen in names.items():
        if token.startswith(name) and (token == name or token[len(name) :] in _particles()):
            return seen
    return _seen_korean(token)


def visual_words(text: str, names: Mapping[str, Seen] = NOBODY) -> Iterator[Seen]:
    """Yield the known visual words in the order of the text, each gloss once.

    `names` adds words that are known only in this text.
    """
    met: set[str] = set()
    for token in tokens(text):
        seen = known_word(token, names)
        if seen and seen.gloss not in met:
            met.add(seen.gloss)
            yield seen


def follows_name(rest: str) -> bool:
    """Return whether a Korean name may be followed by this in one word."""
    return rest in _particles()
