"""The sounds of Korean: standard pronunciation of Hangul, in the phonetic letters of the voice.

The voice was never trained on Korean. Its nearest sounds are used, so that it speaks with an
accent.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
FIRST = 0xAC00

# What stays of a final consonant before a vowel, and what goes over to the next syllable.
_SPLIT = {
    "ㄳ": ("ㄱ", "ㅆ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄶ": (" ", "ㄴ"), "ㄺ": ("ㄹ", "ㄱ"),
    "ㄻ": ("ㄹ", "ㅁ"), "ㄼ": ("ㄹ", "ㅂ"), "ㄽ": ("ㄹ", "ㅆ"), "ㄾ": ("ㄹ", "ㅌ"),
    "ㄿ": ("ㄹ", "ㅍ"), "ㅀ": (" ", "ㄹ"), "ㅄ": ("ㅂ", "ㅆ"), "ㅎ": (" ", "ㅇ"),
    "ㅇ": ("ㅇ", "ㅇ"),
}  # fmt: skip
_ENDING = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ"), **dict.fromkeys("ㄴㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㄷㅌㅅㅆㅈㅊㅎ", "ㄷ"), **dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ"),
    **dict.fromkeys("ㅁㄻ", "ㅁ"), **dict.fromkeys("ㅂㅍㅄㄿ", "ㅂ"), "ㅇ": "ㅇ", " ": " ",
}  # fmt: skip
_ASPIRATED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ"}
_TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
_BEFORE_H = {
    "ㄱ": "ㅋ",
    "ㄷ": "ㅌ",
    "ㅂ": "ㅍ",
    "ㅈ": "ㅊ",
    "ㅅ": "ㅌ",
    "ㅊ": "ㅊ",
    "ㅌ": "ㅌ",
    "ㅆ": "ㅌ",
}
_H_CLUSTERS = {"ㅎ": " ", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}
_ASPIRATED_CLUSTERS = {"ㄺ": ("ㄹ", "ㅋ"), "ㄼ": ("ㄹ", "ㅍ"), "ㄵ": ("ㄴ", "ㅊ")}

_INITIAL_SOUNDS = {
    "ㄱ": "k", "ㄲ": "k", "ㄴ": "n", "ㄷ": "t", "ㄸ": "t", "ㄹ": "ɾ", "ㅁ": "m", "ㅂ": "p",
    "ㅃ": "p", "ㅅ": "s", "ㅆ": "s", "ㅇ": "", "ㅈ": "ʨ", "ㅉ": "ʨ", "ㅊ": "ʨʰ", "ㅋ": "kʰ",
    "ㅌ": "tʰ", "ㅍ": "pʰ", "ㅎ": "h",
}  # fmt: skip
_VOICED = {"ㄱ": "ɡ", "ㄷ": "d", "ㅂ": "b", "ㅈ": "ʥ"}
_MEDIAL_SOUNDS = dict(
    zip(
        MEDIALS,
        (
            *("a", "ɛ", "ja", "jɛ", "ʌ", "e", "jʌ", "je", "o", "wa", "wɛ", "we", "jo", "u", "wʌ"),
            *("we", "wi", "ju", "ɯ", "ɰi", "i"),
        ),
        strict=True,
    )
)
_FINAL_SOUNDS = {
    " ": "",
    "ㄱ": "k",
    "ㄴ": "n",
    "ㄷ": "t",
    "ㄹ": "l",
    "ㅁ": "m",
    "ㅂ": "p",
    "ㅇ": "ŋ",
}
_FRONT = "ㅑㅒㅕㅖㅛㅠㅣ"  # before them ㅅ is ɕ
_WORD = re.compile(r"[가-힣]+")


@dataclass
class Syllable:
    initial: str
    medial: str
    final: str

    @classmethod
    def of(cls, letter: str) -> "Syllable":
        rest, final = divmod(ord(letter) - FIRST, len(FINALS))
        initial, medial = divmod(rest, len(MEDIALS))
        return cls(INITIALS[initial], MEDIALS[medial], FINALS[final])

    def __str__(self) -> str:
        place = INITIALS.index(self.initial) * len(MEDIALS) + MEDIALS.index(self.medial)
        return chr(FIRST + place * len(FINALS) + FINALS.index(self.final))


def pronounced(text: str) -> str:
    """Returns the text in the spelling of its pronunciation: 국물 becomes 궁물."""
    return _WORD.sub(lambda match: "".join(map(str, _word(match[0]))), text)


def sounds(text: str) -> str:
    """Returns Hangul as phonetic letters. Punctuation and spaces stay, other characters too."""
    return _WORD.sub(lambda match: _phonetic(_word(match[0])), text)


def _word(letters: str) -> list[Syllable]:
    word = [Syllable.of(letter) for letter in letters]
    for place, now in enumerate(word):
        if now.medial == "ㅢ" and now.initial != "ㅇ":
            now.medial = "ㅣ"
        elif now.medial == "ㅢ" and place:
            # Inside a word 이; at its end it is mostly the particle, which is spoken 에.
            now.medial = "ㅔ" if place == len(word) - 1 else "ㅣ"
    for now, following in pairwise(word):
        _join(now, following)
    word[-1].final = _ENDING[word[-1].final]
    return word


def _join(now: Syllable, following: Syllable) -> None:
    """Changes the final of a syllable and the initial of the next as they are spoken together."""
    if following.initial == "ㅇ":
        _over_to_vowel(now, following)
        return
    if now.final in _H_CLUSTERS and following.initial in {*_ASPIRATED, "ㅅ", "ㄴ"}:
        rest, initial = _H_CLUSTERS[now.final], following.initial
        following.initial = {**_ASPIRATED, "ㅅ": "ㅆ", "ㄴ": "ㄴ"}[initial]
        now.final = "ㄴ" if initial == "ㄴ" and rest == " " else rest
    elif following.initial == "ㅎ" and now.final in _ASPIRATED_CLUSTERS:
        now.final, following.initial = _ASPIRATED_CLUSTERS[now.final]
    elif following.initial == "ㅎ" and (sound := _BEFORE_H.get(now.final)):
        # 굳히다, 닫히다: ㄷ with 히 is 치.
        palatal = now.final == "ㄷ" and following.medial in "ㅣㅕ"
        now.final, following.initial = " ", "ㅊ" if palatal else sound
    tensed = now.final in {"ㄵ", "ㄾ", "ㄼ", "ㄻ"} and following.initial in _TENSE
    final = _ENDING[now.final]
    if tensed or (final in _NASAL and following.initial in _TENSE):
        following.initial = _TENSE[following.initial]
    if final in _NASAL and following.initial in "ㄴㅁㄹ":
        final = _NASAL[final]
        following.initial = "ㄴ" if following.initial == "ㄹ" else following.initial
    elif final in "ㅁㅇ" and following.initial == "ㄹ":
        following.initial = "ㄴ"
    elif (final, following.initial) in {("ㄴ", "ㄹ"), ("ㄹ", "ㄴ")}:
        final = following.initial = "ㄹ"
    now.final = final


def _over_to_vowel(now: Syllable, following: Syllable) -> None:
    rest, over = _SPLIT.get(now.final, (" ", "ㅇ" if now.final == " " else now.final))
    if following.medial == "ㅣ" and over in {"ㄷ", "ㅌ"}:
        over = "ㅈ" if over == "ㄷ" else "ㅊ"
    now.final, following.initial = _ENDING[rest], over


def _phonetic(word: list[Syllable]) -> str:
    found, before = "", ""
    for syllable in word:
        initial = _INITIAL_SOUNDS[syllable.initial]
        # Between vowels and sonorants the plain consonants are voiced.
        if before in {" ", "ㄴ", "ㄹ", "ㅁ", "ㅇ"} and syllable.initial in _VOICED:
            initial = _VOICED[syllable.initial]
        if syllable.initial in "ㅅㅆ" and syllable.medial in _FRONT:
            initial = "ɕ"
        if syllable.initial == "ㄹ" and before == "ㄹ":
            initial = "l"
        if syllable.initial == "ㅎ" and syllable.medial == "ㅣ":
            initial = "ç"
        medial = _MEDIAL_SOUNDS[syllable.medial]
        found += initial + medial + _FINAL_SOUNDS[syllable.final]
        before = syllable.final
    return found.replace("ll", "l")
