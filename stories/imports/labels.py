"""Lines that begin with who speaks or what they are for: `Anna: Hi.`, `철수) 안녕`, `[자막] 끝`.

Storyboards, broadcast scripts and language models write scripts in this form.
"""

import re
from collections import Counter
from collections.abc import Iterable

MOST_NAMES = 3  # words of a Latin name: Old Mrs. Lee
_LATIN = r"[A-Z][^\W_]{0,19}[.'’-]?[^\W_]{0,19}"
_NAME = rf"{_LATIN}(?: (?:{_LATIN}|\d{{1,2}})){{0,{MOST_NAMES - 1}}}"
_CJK = "가-힣一-鿿ぁ-ヶ"
_EASTERN = rf"[{_CJK}][{_CJK}A-Z0-9·]{{0,9}}(?: [{_CJK}A-Z0-9]{{1,6}})?"
_EXTENSION = r"(?:\s{0,3}[(（][^()（）]{0,30}[)）])?"
_FORMS = (
    re.compile(rf"^((?:{_NAME}|{_EASTERN}|V\.O\.?){_EXTENSION})\s?[:：]\s*(?=\S)(.+)$"),
    re.compile(rf"^((?:{_NAME}|{_EASTERN}){_EXTENSION})\)\s*(?=\S)(.+)$"),
    re.compile(rf"^\[((?:{_NAME}|{_EASTERN}){_EXTENSION})\]\s?[:：]?\s*(?=\S)(.+)$"),
)
_NARRATORS = frozenset(
    {"narrator", "narration", "narr", "na", "n", "vo", "voice over", "voiceover", "voice"}
    | {"내레이션", "나레이션", "내레이터", "나레이터", "나레", "내레", "해설", "성우"}
)
# What is seen, heard or noted, and never said.
_UNSPOKEN = frozenset(
    {"visual", "visuals", "video", "image", "shot", "camera", "music", "bgm", "sfx", "fx", "sound"}
    | {"sound effect", "sound effects", "on screen", "onscreen", "text", "caption", "super", "note"}
    | {"notes", "duration", "time", "style", "prompt", "setting", "location", "transition", "cut"}
    | {"화면", "영상", "그림", "이미지", "카메라", "자막", "음악", "배경음악", "효과음", "음향"}
    | {"전환", "장소", "시간", "길이", "메모", "참고", "비고", "연출", "화면 자막", "컷", "샷"}
)
_TECHNICAL = re.compile(  # V.O., O.S., CONT'D, N, E, 40s, 40대, 20세
    r"^(?:v\.?\s?o\.?|o\.?\s?[scv]\.?|cont.{0,4}|계속|n\.?a?\.?|e\.?|f\.?|off|"
    r"voice.?over|내레이션|나레이션|목소리|\d.{0,6})$",
    re.IGNORECASE,
)


def parts(line: str) -> tuple[str, str] | None:
    """The label of a line, with what stands in brackets behind it, and its words."""
    found = next((found for form in _FORMS if (found := form.match(line))), None)
    return (found[1].strip(), found[2].strip()) if found else None


def name_of(label: str) -> str:
    """The name without a voice extension, as in MARA (V.O.)."""
    return label.partition("(")[0].partition("（")[0].strip() or label.strip()


def direction_of(label: str) -> str:
    """How it is said, as in `Bob (angry)`. Empty for an extension such as V.O. and for an age."""
    found = re.search(r"[(（]([^()（）]*)[)）]\s*$", label)
    inside = found[1].strip() if found else ""
    return "" if _TECHNICAL.match(inside) else inside


def is_narrator(label: str) -> bool:
    """Whether the label names no person but the narrator: 내레이션, Narrator (V.O.)."""
    return _key(label) in _NARRATORS


def is_unspoken(label: str) -> bool:
    """Whether the words behind this label are seen or heard, but not said: 화면, SFX."""
    return _key(label) in _UNSPOKEN


def labels_of(lines: Iterable[str]) -> frozenset[str]:
    """The labels in use: the narrator, what is not said, and names that speak twice.

    Every name counts if at least half of the lines have labels.
    """
    full = [line for line in lines if line]
    times = Counter(name_of(label[0]) for line in full if (label := parts(line)))
    known = {name for name in times if times[name] > 1 or is_narrator(name) or is_unspoken(name)}
    if times.total() < 2 or all(is_unspoken(name) for name in known):  # noqa: PLR2004
        return frozenset()
    return frozenset(times if 2 * times.total() >= len(full) else known)


def _key(label: str) -> str:
    return " ".join(name_of(label).lower().replace(".", "").replace("-", " ").split())
