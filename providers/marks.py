"""Marks: when each part of a spoken text is heard.

A mark is `{"text", "start_ms", "end_ms"}`. Marks are in order, within the sound, and together they
hold the words of the text.
"""

from collections.abc import Sequence
from typing import Any

from .lenient_decoding import number_of

MOST_MARKS = 20_000
LONGEST = 24 * 3600  # seconds

type Mark = dict[str, Any]


def ms_of(seconds: Any) -> int | None:
    """Return a time in milliseconds; None if it cannot be one of a sound."""
    number = number_of(seconds)
    return None if number is None or not 0 <= number <= LONGEST else round(number * 1000)


def words_of(characters: Sequence[Any], starts: Sequence[Any], ends: Sequence[Any]) -> list[Mark]:
    """Return a mark for each word, from times in seconds for each character.

    Returns nothing if the three lists do not belong together or hold anything but times.
    """
    if not len(characters) == len(starts) == len(ends):
        return []
    marks: list[Mark] = []
    follows = False  # whether the character continues the last word
    for character, start, end in zip(characters, starts, ends, strict=True):
        first, last = ms_of(start), ms_of(end)
        if not isinstance(character, str) or first is None or last is None:
            return []
        if not character.strip():
            follows = False
            continue
        if follows:
            marks[-1]["text"] += character
            marks[-1]["end_ms"] = last
        else:
            marks.append({"text": character, "start_ms": first, "end_ms": last})
        follows = True
    return marks


def within(marks: Any, duration_ms: int) -> list[Mark]:
    """Return the marks of a sound of this length.

    Marks that run backwards or lie outside the sound are wrong as a whole, so there are none then;
    an end a little after the sound is cut.
    """
    if not isinstance(marks, list) or len(marks) > MOST_MARKS:
        return []
    found: list[Mark] = []
    before = 0
    for mark in marks:
        text, start, end = mark["text"], int(mark["start_ms"]), int(mark["end_ms"])
        if not before <= start <= min(end, duration_ms):
            return []
        before = start
        found.append({"text": text, "start_ms": start, "end_ms": min(end, duration_ms)})
    return found
