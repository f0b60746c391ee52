"""Cutting a text into parts: at sentences, then at clauses, then at words; never inside a character that a person sees as one."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

CLOSERS = "\"'”’»›)]}」』》〉】〕）］｝"
ENDERS = ".!?…‥。！？｡．"
ABBREVIATIONS = frozenset(
    [
        *(
            "mr",
            "mrs",
            "ms",
            "dr",
            "st",
            "prof",
            "jr",
            "sr",
            "vs",
            "etc",
            "no",
            "fig",
            "vol",
            "mt",
            "capt",
            "col",
            "gen",
            "lt",
            "sgt",
            "rev",
            "hon",
            "inc",
            "ltd",
        ),
        *("co", "cf", "al", "ca", "approx", "dept", "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    ]
)
KOREAN_END = "다요죠까네지라군나자걸게"  # syllables that end a Korean sentence
SOFT_WRAP = 40  # a line at least this long that goes on in lower case was broken by an editor, not by the author
SHORTEST = 6  # a part is not cut below this many characters by itself
CONNECTIVES = ("면서", "지만", "는데", "으며", "자마자", "더니", "니까", "도록", "아서", "어서", "해서", "고서", "고", "며", "자", "니", "서", "다", "요")
ENGLISH_JOINTS = frozenset(
    [
        "and",
        "but",
        "while",
        "when",
        "then",
        "as",
        "because",
        "so",
        "until",
        "where",
        "who",
        "which",
        "that",
        "before",
        "after",
        "or",
        "yet",
        "though",
        "although",
        "with",
    ],
)
_ENDING = re.compile(rf"[{re.escape(ENDERS)}]+[{re.escape(CLOSERS)}]*")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_CLAUSE = re.compile(r"[,;:、，；：—–][”’\"'」』)]*\s*|\s+")


def sentences(text: str) -> list[str]:
    """The text in order, cut after each sentence; joined they give back every character that is not white space."""
    found = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        for line in _lines(block):
            found += [piece for piece in (p.strip() for p in _sentences_of(line)) if piece]
    return _joined_marks(found)


def _lines(block: str) -> Iterator[str]:
    """Lines that belong together are joined: a new line is a new thought unless the line was only wrapped."""
    held = ""
    for line in (part.strip() for part in block.split("\n")):
        if held and not (len(held) >= SOFT_WRAP and line[:1].islower()):
            yield held
            held = ""
        held = f"{held} {line}" if held else line
    if held:
        yield held


def _sentences_of(line: str) -> Iterator[str]:
    start = 0
    for mark in _ENDING.finditer(line):
        if _ends_here(line, start, mark):
            yield line[start : mark.end()]
            start = mark.end()
    yield line[start:]


def _ends_here(line: str, start: int, mark: re.Match[str]) -> bool:
    signs = mark.group()
    after = line[mark.end() : mark.end() + 1]
    following = line[mark.end() :].lstrip()[:1]
    before = line[start : mark.start()]
    if any(sign in "。！？｡．" for sign in signs):
        return True
    if after and not after.isspace():
        return _is_hangul(after) and bool(before) and _is_hangul(before[-1]) and signs[-1] not in CLOSERS and not _is_pause(signs)
    if following.islower():
        return False
    if _is_pause(signs):
        return not before or not _is_hangul(before[-1]) or before[-1] in KOREAN_END
    return not (signs == "." and _is_abbreviation(before))


def _is_pause(signs: str) -> bool:
    return "…" in signs or "‥" in signs or ".." in signs


def _is_abbreviation(before: str) -> bool:
    word = before.rsplit(None, 1)[-1].lstrip("\"'“‘([") if before.strip() else ""
    is_initial = len(word) == 1 and word.isascii() and word.isupper() and word != "I"
    return is_initial or word.lower() in ABBREVIATIONS or bool(_INITIALS.fullmatch(word))


def _is_hangul(char: str) -> bool:
    return "가" <= char <= "힣"


def _joined_marks(pieces: list[str]) -> list[str]:
    """Pieces without a letter, digit or picture (such as a lone “…”) go with the piece before them, or the one after."""
    found: list[str] = []
    for piece in pieces:
        if (found and not _says_something(piece)) or (found and not _says_something(found[-1])):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found


def _says_something(piece: str) -> bool:
    return any(unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in piece)


def clusters(text: str) -> list[str]:
    """What a person sees as one character each: marks, joiners, flags and Hangul jamo stay together."""
    found: list[str] = []
    for char in text:
        if found and _belongs(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _belongs(cluster: str, char: str) -> bool:
    if char == "\u200d" or cluster[-1] == "\u200d" or unicodedata.category(char)[0] == "M" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= char <= "\U0001f1ff":  # two of these make a flag
        return len(cluster) == 1 and "\U0001f1e6" <= cluster <= "\U0001f1ff"
    if "\U000e0020" <= char <= "\U000e007f":  # tags of the flags of regions
        return True
    return "\u1160" <= char <= "\u11ff" and "\u1100" <= cluster[-1] <= "\u11ff"


def halves(piece: str) -> tuple[str, str] | None:
    """The piece cut in two near its middle: at a clause, else between words, else between characters; None when it is too short."""
    if len(piece) < 2 * SHORTEST:
        return None
    middle, best, best_cost = len(piece) / 2, 0, float("inf")
    for gap in _CLAUSE.finditer(piece, SHORTEST, len(piece) - SHORTEST + 1):
        at = gap.end()
        cost = abs(at - middle) / len(piece) + _weight(piece, gap)
        if SHORTEST <= at <= len(piece) - SHORTEST and cost < best_cost:
            best, best_cost = at, cost
    if best:
        return piece[:best].strip(), piece[best:].strip()
    return _cut_between_characters(piece)


def _weight(piece: str, gap: re.Match[str]) -> float:
    """How bad a place is, against half the length of the piece: a clause is worth a fifth off the middle."""
    if not gap.group().isspace():
        return 0.0
    word_before = piece[: gap.start()].rsplit(None, 1)[-1] if gap.start() else ""
    word_after = piece[gap.end() :].split(None, 1)[0].lower() if piece[gap.end() :].strip() else ""
    if len(word_before) > 1 and _is_hangul(word_before[-1]) and word_before.endswith(CONNECTIVES):
        return 0.08
    return 0.08 if word_after in ENGLISH_JOINTS else 0.2


def _cut_between_characters(piece: str) -> tuple[str, str] | None:
    if not any(_is_wide(char) for char in piece) and len(piece) < 4 * SHORTEST:
        return None  # a long Latin word is still one word
    ends = list(accumulate(len(cluster) for cluster in clusters(piece)))
    at = min(ends, key=lambda end: abs(end - len(piece) / 2))
    return (piece[:at].strip(), piece[at:].strip()) if piece[:at].strip() and piece[at:].strip() else None


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def parts(text: str, count: int) -> list[list[str]]:
    """Exactly `count` parts, each a list of pieces, in order and as even in length as whole sentences allow.

    Sentences far longer than a part are cut at clauses. When the text is too short for so many parts some lists are
    empty; they follow the part that their shot belongs to.
    """
    pieces = _cut_long(sentences(text), count)
    pieces = _cut_to_count(pieces, count)
    if len(pieces) < count:
        return _spread(pieces, count)
    return _grouped(pieces, count)


def _cut_long(pieces: list[str], count: int) -> list[str]:
    longest = max(2 * SHORTEST, 1.8 * sum(map(len, pieces)) / count) if pieces else 0
    done: list[str] = []
    todo = pieces[::-1]
    while todo:
        piece = todo.pop()
        cut = halves(piece) if len(piece) > longest else None
        if cut:
            todo += [cut[1], cut[0]]
        else:
            done.append(piece)
    return done


def _cut_to_count(pieces: list[str], count: int) -> list[str]:
    """Cut the longest pieces until there are enough or none can be cut."""
    whole: set[str] = set()
    while len(pieces) < count:
        at = max((n for n, piece in enumerate(pieces) if piece not in whole), key=lambda n: len(pieces[n]), default=-1)
        if at < 0:
            break
        cut = halves(pieces[at])
        if cut:
            pieces[at : at + 1] = cut
        else:
            whole.add(pieces[at])
    return pieces


def _spread(pieces: list[str], count: int) -> list[list[str]]:
    """One piece a part, and the parts without one spread evenly behind them."""
    spread: list[list[str]] = []
    for n, piece in enumerate(pieces):
        room = (n + 1) * count // len(pieces) - n * count // len(pieces)
        spread += [[piece], *([] for _ in range(room - 1))]
    return spread


def _grouped(pieces: list[str], count: int) -> list[list[str]]:
    """Neighbours together: each border is the one nearest to where an even cut would fall, and no group is empty."""
    ends = list(accumulate(map(len, pieces)))
    groups, start = [], 0
    for n in range(1, count):
        target = ends[-1] * n / count
        last = len(pieces) - (count - n)  # leave a piece for each group to come
        stop = start + 1
        while stop < last and abs(ends[stop] - target) <= abs(ends[stop - 1] - target):
            stop += 1
        groups.append(pieces[start:stop])
        start = stop
    return [*groups, pieces[start:]]
