"""Chooses the Korean particle that fits the preceding word.

Translations contain `%(name)s이(가)`.
"""

import re

# The form in translations: the form after a consonant, the form after a vowel.
PAIRS = {
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "은(는)": ("은", "는"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
OPEN = re.compile(
    r"([가-힣]|[0-9]|[A-Za-z]+)(?P<close>[’”'\")\]]?)(?P<pair>이\(가\)|을\(를\)|은\(는\)|와\(과\)|\(으\)로)"
)
FIRST_SYLLABLE, FINALS, RIEUL = 0xAC00, 28, 8
DIGITS = {
    "0": 21,
    "1": RIEUL,
    "2": 0,
    "3": 16,
    "4": 0,
    "5": 0,
    "6": 1,
    "7": RIEUL,
    "8": RIEUL,
    "9": 0,
}  # the final consonant of its name
LETTERS = {"L": RIEUL, "M": 16, "N": 4, "R": RIEUL}
ENDINGS = {"l": RIEUL, "m": 16, "n": 4, "ng": 21, "a": 0, "i": 0, "o": 0, "u": 0, "y": 0, "r": 0}


def with_particles(text: str) -> str:
    """Return `text` with each open particle resolved by the preceding sound.

    A particle stays open if the sound is unknown (`Google`, a sum of money).
    """
    return OPEN.sub(_settled, text) if "(" in text else text


def _settled(found: re.Match[str]) -> str:
    word, pair = found[1], found["pair"]
    final = _final(word)
    if final is None:
        return found[0]
    after_consonant, after_vowel = PAIRS[pair]
    soft = final == 0 or (pair == "(으)로" and final == RIEUL)
    return f"{word}{found['close']}{after_vowel if soft else after_consonant}"


def _final(word: str) -> int | None:
    """Return the final consonant of the last sound as Unicode counts it, 0 for a vowel, None if
    unknown.
    """
    last = word[-1]
    if "가" <= last <= "힣":
        return (ord(last) - FIRST_SYLLABLE) % FINALS
    if last in DIGITS:
        return DIGITS[last]
    if word.isupper():
        return LETTERS.get(last, 0)
    return ENDINGS.get(word[-2:], ENDINGS.get(last))
