"""Recognizes scene headings in English, Korean, Japanese and Chinese, with their place and time."""

import re
from dataclasses import dataclass

LONGEST_NUMBER = 16  # characters, including its two marks
LONGEST = 120  # characters; a longer line is not a heading

_SETTING = r"(?:INT\.?\s?/\s?EXT|EXT\.?\s?/\s?INT|I\s?/\s?E|E\s?/\s?I|INT|EXT|EST)"
# Lower case only with the full stop, because `est` and `int` are words.
_ENGLISH = re.compile(rf"^(?:{_SETTING}(?:\.|\s)|(?i:{_SETTING})\.)\s*\S")
# The number is required: 장면 and 씬 are ordinary words, and “장면 1에서” is a sentence.
_NUMBERED = re.compile(
    r"^(?:[Ss]\s?#\s?\d+|[Ss]cene\s?#?\s?\d+|SCENE\s?#?\s?\d+|S\d+"
    r"|(?:씬|신|장면)\s?#?\s?\d+|#\d+|\d+\s?씬)"
    r"(?:-\d+)?[A-Za-z]?(?:\s*[.:)\]\-–—,]\s*|\s+|$)"
)
_NUMBERED_HAN = re.compile(r"^第\s?[一二三四五六七八九十百\d]{1,4}\s?[场場幕景](?:[\s.:：、]|$)")
_SETTING_HAN = re.compile(r"^[内內外]景(?:[\s.:：、/]|$)")
_CIRCLE = re.compile(r"^[○〇◯]\s?\S")  # how Japanese screenplays mark a heading
_MARKS = (_NUMBERED, _NUMBERED_HAN, _SETTING_HAN)
_PREFIX = re.compile(rf"^{_SETTING}(?:\.|\s)\s*|^[内內外]景[\s.:：、/]*|^[○〇◯]\s?", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:[다요죠까]|[a-z])[.!?]$")
# Longer ones first where one ends with another: the first that fits is taken.
_TIMES = (
    "이른 새벽|이른 아침|늦은 아침|늦은 오후|늦은 저녁|늦은 밤|이른 저녁|초저녁|한밤중|한밤|"
    "낮|밤|새벽|아침|점심|오전|오후|저녁|한낮|대낮|정오|자정|심야|해질녘|해 질 녘|해질 무렵|"
    "해 질 무렵|해 뜰 무렵|노을|동틀 무렵|동트기 전|일출|일몰|"
    "early morning|late morning|early afternoon|late afternoon|early evening|late evening|"
    "late night|golden hour|magic hour|pre-dawn|twilight|midday|"
    "day|night|dawn|dusk|morning|noon|afternoon|evening|midnight|sunset|sunrise|later|continuous|"
    "moments later|same|"
    "早朝|朝方|明け方|夜明け|未明|午前|正午|午後|昼前|昼下がり|夕方|夕暮れ|日没|真夜中|深夜|朝|昼|夕|"
    "清晨|早晨|凌晨|黎明|早上|清早|上午|中午|正午|下午|午后|傍晚|黄昏|黃昏|日落|日出|夜晚|晚上|夜里|"
    "夜裡|半夜|午夜|白天|晨|晚|夜|日"
)
_TIME = re.compile(rf"(?:^|[\s\-–—,./·(（・])(?:D/N|{_TIMES})$", re.IGNORECASE)
_BRACKETED_TIME = re.compile(rf"\s*[(（]\s*((?:{_TIMES})[^()（）]{{0,20}})[)）]\s*$", re.IGNORECASE)
_DASH = re.compile(r"\s+[-–—]\s+|\s*[–—]\s*|\s*/\s*|\s*・\s*|,\s*")


@dataclass(frozen=True, slots=True)
class Place:
    """The parts of a heading: interior or exterior, place, and time. Each may be empty."""

    setting: str
    place: str
    time: str

    @property
    def words(self) -> str:
        """Place and time as used in a prompt or a title."""
        return ", ".join(filter(None, (self.place, self.time)))


def is_heading(line: str, *, strict: bool = True) -> bool:
    """Whether a line has the form of a scene heading.

    `strict`: for a text that is not known to be a screenplay, where `int main` and `est` are
    ordinary words.
    """
    line = line.strip()
    if not line or len(line) > LONGEST:
        return False
    if _ENGLISH.match(line):
        return not strict or line[:3].isupper() or line[:3].istitle() or line[1:2] == "/"
    if any(mark.match(line) for mark in _MARKS):
        return not _SENTENCE.search(line)
    return bool(_CIRCLE.match(line)) and not re.search(r"[。！？]$", line)


def without_number(heading: str) -> str:
    """The heading without a `#12A#` at its end."""
    heading = heading.rstrip()
    begin = heading.rfind("#", 0, -1)
    is_numbered = heading.endswith("#") and begin > 0 and len(heading) - begin < LONGEST_NUMBER
    return heading[:begin].rstrip() if is_numbered else heading


def place_of(heading: str) -> Place:
    """The place and time in a heading."""
    text = without_number(" ".join(heading.split())[: 2 * LONGEST])
    for mark in (_NUMBERED, _NUMBERED_HAN):
        text = mark.sub("", text, count=1).strip()
    found = _PREFIX.match(text)
    setting = found.group().strip(" .:：、/").upper() if found else ""
    text = (text[found.end() :] if found else text).strip(" .-–—,")
    bracketed = _BRACKETED_TIME.search(text)
    if bracketed:
        return Place(setting, text[: bracketed.start()].strip(), bracketed[1].strip())
    dashes = list(_DASH.finditer(text))
    for dash in reversed(dashes):
        if _TIME.search(f" {text[dash.end() :].strip()}"):
            return Place(setting, text[: dash.start()].strip(), text[dash.end() :].strip())
    spaced = re.search(rf"\s({_TIMES})$", text, re.IGNORECASE)
    if spaced:
        return Place(setting, text[: spaced.start()].strip(" -–—,"), spaced[1])
    if not dashes and _TIME.search(f" {text}"):
        return Place(setting, "", text)
    return Place(setting, text, "")
