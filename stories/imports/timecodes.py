"""Times at the beginning of lines, as in transcripts and storyboards: `[0:05] Hi.`, `0~3초 바다`.

They say when something is seen, and are not read aloud.
"""

import re

_TIME = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_SECONDS = r"\d{1,3}(?:\.\d)?\s?(?:초|s|sec)"
_BETWEEN = r"\s?(?:-|–|~|∼|〜|to)\s?"
_LEADING = re.compile(
    rf"^(?P<open>[\[(（<]?)\s?"
    rf"(?P<start>{_TIME}|\d{{1,3}}(?={_BETWEEN}{_SECONDS})|{_SECONDS}(?={_BETWEEN}))"
    rf"(?:{_BETWEEN}(?:{_TIME}|{_SECONDS}))?\s?(?P<close>[\])）>]?)"
    r"\s?[:：|\-–]?\s+(?=\S)"
)


def without_timecodes(text: str) -> str:
    """The text without the times that its lines begin with.

    They are times of a film, not of a day, if they stand in brackets or count from zero, and if at
    least half of the lines have one. Other texts stay as they are.
    """
    lines = text.split("\n")
    found = [_LEADING.match(line.strip()) for line in lines]
    times = [match for match in found if match]
    full = sum(bool(line.strip()) for line in lines)
    if len(times) < 2 or 2 * len(times) < full:  # noqa: PLR2004
        return text
    if not (all(match["open"] for match in times) or not re.search("[1-9]", times[0]["start"])):
        return text
    return "\n".join(
        line.strip()[match.end() :] if match else line
        for line, match in zip(lines, found, strict=True)
    )
