"""Reading and speaking speed of a text, used by forms, plans, cards and films.

Captions follow Netflix's guides: 12 characters per second in Korean, where Latin letters, digits,
spaces and punctuation count half; 17 to 20 in English. Speech: 4.5 Korean syllables or 15 English
characters per second.
"""

import math
import unicodedata
from dataclasses import dataclass

WIDE_LIMIT = 12.0
LATIN_COMFORT, LATIN_LIMIT = 17.0, 20.0
SYLLABLES, CHARACTERS = 4.5, 15.0  # spoken per second
WIDE_SHARE = 0.3  # share of letters from which a text counts as Korean, Chinese or Japanese


@dataclass(frozen=True, slots=True)
class ReadingSpeed:
    """The characters per second of a text shown for some seconds, and the readable maximum."""

    per_second: float
    limit: float
    seconds_needed: int  # seconds for comfortable reading
    characters_fit: int  # characters that can be read in the given time

    @property
    def too_fast(self) -> bool:
        return self.per_second > self.limit + 1e-9


def is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _is_wide_text(text: str) -> bool:
    letters = sum(char.isalpha() for char in text)
    wide = sum(char.isalpha() and is_wide(char) for char in text)
    return wide > 0 and wide >= WIDE_SHARE * letters


def reading_speed(text: str, seconds: float) -> ReadingSpeed:
    """Return the reading speed of a caption. `seconds` must be greater than 0."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if _is_wide_text(text):
        units = sum(1.0 if is_wide(char) else 0.5 for char in text)
        limit = comfort = WIDE_LIMIT
    else:
        units, limit, comfort = float(len(text)), LATIN_LIMIT, LATIN_COMFORT
    share = len(text) / units if units else 1.0
    return ReadingSpeed(
        per_second=round(units / seconds, 1),
        limit=limit,
        seconds_needed=math.ceil(round(units / comfort, 6)),
        characters_fit=int(comfort * seconds * share),
    )


def characters_that_fit(text: str, seconds: float) -> int:
    """Return how many characters of a text like this, not counting spaces, can be read in time."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text:
        return 0
    wide = _is_wide_text(text)
    units = sum(1.0 if is_wide(char) else 0.5 for char in text) if wide else float(len(text))
    return int(
        round(
            (WIDE_LIMIT if wide else LATIN_COMFORT)
            * seconds
            * sum(not char.isspace() for char in text)
            / units,
            6,
        )
    )


def spoken_seconds(text: str) -> float:
    """Return the seconds needed to speak the text."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not _is_wide_text(text):
        return len(text) / CHARACTERS
    wide = sum(char.isalpha() and is_wide(char) for char in text)
    narrow = sum(char.isalnum() and not is_wide(char) for char in text)
    return wide / SYLLABLES + narrow / CHARACTERS
