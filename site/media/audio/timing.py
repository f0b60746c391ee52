"""Estimates how long a text takes to speak, before it is spoken."""

import re

from media.audio.written_out import written_out

LEAD_MS, TAIL_MS = 400, 600  # of a scene before and after its speech
SYLLABLES_PER_SECOND = 4.5  # Korean, read calmly
CHARACTERS_PER_SECOND = 15.0  # other languages, spaces included: about 160 English words a minute
SENTENCE_PAUSE, CLAUSE_PAUSE = 0.30, 0.12  # seconds

_SENTENCE = re.compile(r"[.!?…。！？]+(?=[\s\"'”’」』)]|$)|\n+")
_CLAUSE = re.compile(r"[,;:，、；：—–](?=\s|$)|[，、；：]")
_SYLLABLE = re.compile(r"[가-힣]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_SPOKEN = re.compile(r"[^\W_]")
LATIN_PER_SYLLABLE = 2.5  # letters of a Latin word that make one Korean syllable
_KOREAN_SIGNS = {"%": "퍼센트", "℃": "도", "₩": "원", "$": "달러", "&": "앤드"}
_ENGLISH_SIGNS = {"%": " percent", "&": " and ", "$": " dollars", "°": " degrees"}


def speech_ms(text: str, language: str) -> int:
    """Returns about how many milliseconds it takes to speak a text, pauses included.

    Korean is counted in syllables, other languages in characters; numbers as they are spoken. A
    text without a letter or digit takes no time.
    """
    if not _SPOKEN.search(text):
        return 0
    korean = language.lower().split("-")[0] == "ko"
    words = written_out(text.strip(), "ko" if korean else "en")
    for sign, spoken in (_KOREAN_SIGNS if korean else _ENGLISH_SIGNS).items():
        words = words.replace(sign, spoken)
    sentences = sum(bool(_SPOKEN.search(part)) for part in _SENTENCE.split(words))
    pauses = SENTENCE_PAUSE * sentences + CLAUSE_PAUSE * len(_CLAUSE.findall(words))
    if korean:
        syllables = (
            len(_SYLLABLE.findall(words)) + len(_LATIN_LETTER.findall(words)) / LATIN_PER_SYLLABLE
        )
        return round(1000 * (syllables / SYLLABLES_PER_SECOND + pauses))
    characters = len(" ".join(words.split()))
    return round(1000 * (characters / CHARACTERS_PER_SECOND + pauses))
