"""Splits a text at paragraphs, sentences, clauses, then words, never inside a grapheme cluster.

Supports Korean, English, Japanese and Chinese. The planner, the captions and the prompt comparison
use it; it does not depend on them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import regex


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLOSERS = "\"'”’»›)]}」』》〉】〕）］｝"
ENDERS = ".!?…‥。！？｡．"
WIDE_ENDERS = "。！？｡．"
TITLES = _words("""
    mr mrs ms dr prof st mt capt col gen lt sgt rev hon messrs mme mlle sen rep gov pres maj
    cmdr adm
""")  # followed by a name: never ends a sentence
BEFORE_NUMBER = _words("""
    no nos p pp vol vols ch fig figs sec art par ver v ed nr
""")
SHORTENED = _words("""
    etc vs inc ltd co corp jr sr cf al ca approx dept est jan feb mar apr jun jul aug sep sept
    oct nov dec mon tue wed thu fri sat sun e.g i.e ave blvd rd min max tel ext univ
""")  # ends a sentence only if the next word can begin one
STARTERS = _words("""
    a an the this that these those he she it they we i you his her its their our my your there
    here but and so then now when while after before if in on at as for not no yes what who
    why how where one two suddenly later meanwhile finally
""")
KOREAN_END = "다요죠까네지라군나자걸게오음임함됨"  # syllables that end a Korean sentence
SOFT_WRAP = 40  # a line at least this long, continued in lower case, was wrapped by an editor
HARD_WRAP = 56  # columns; a Korean line at least this wide without a sentence end is also wrapped
SHORTEST = 6  # minimum characters of a split part
MIDDLE = 100  # characters to each side of the middle of a long piece
WINDOW = 60  # characters examined before and after a full stop
UNPUNCTUATED = 16  # characters; a shorter piece is not searched for sentences without full stops
CONNECTIVES = (
    "면서",
    "지만",
    "는데",
    "으며",
    "자마자",
    "더니",
    "니까",
    "도록",
    "아서",
    "어서",
    "해서",
    "고서",
    "고",
    "며",
    "자",
    "니",
    "서",
    "다",
    "요",
)
ENGLISH_JOINTS = _words("""
    and but while when then as because so until where who which that before after or yet
    though although with
""")
# Words after a verb that only looks like a sentence end: 왔다 해도, 간다 싶다, 왔다 갔다.
KOREAN_GOES_ON = (
    "하는",
    "하며",
    "하던",
    "하고",
    "해도",
    "하더라도",
    "하면",
    "해서",
    "싶",
    "치고",
    "치더라도",
    "쳐도",
    "한들",
    "갔다",
    "말았",
    "말고",
    "말도",
    "말은",
    "말이",
    "보니",
    "뿐",
    "마는",
    "손",
)
KOREAN_NOUNS = frozenset(["가요", "개요", "노래가요", "대중가요", "아까", "그까"])
_ENDING = re.compile(rf"[{re.escape(ENDERS)}]+[{re.escape(CLOSERS)}]*")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_CLAUSE = re.compile(r"[,;:、，；：—–][”’\"'」』)]*\s*|\s+")
_LIST_MARK = re.compile(
    r"^(?:[(（\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5}|[가나다라마바사아자차카타파하])[.)\]）]|[①-⑳]|[-*•·▪◦‣])$"
)
_LIST_BEGIN = re.compile(
    r"^(?:[(（\[]?(?:\d{1,3}|[가나다라마바사아자차카타파하])[.)\]）]|[①-⑳]|[-*•·▪◦‣]|#)"
)
# Characters that never join with a neighbour: Latin, Greek, most of Cyrillic, punctuation, Han,
# kana, syllables of Hangul
ALONE = re.compile(
    "[ "
    "-~\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u3001-\u3029"
    "\u3031-\u3096\u30a0-\u3296\u3400-\u9fff\uac00-\ud7a3\uff01-\uff9d]*"
)
_HANGUL_FIRST, _FINALS = 0xAC00, 28
_FINAL_B, _FINAL_N, _FINAL_SS = 17, 4, 20  # ㅂ, ㄴ, ㅆ among the finals
_OPEN_VOWELS = frozenset({0, 1, 4, 5, 6, 7, 9, 10, 14, 15})  # ㅏㅐㅓㅔㅕㅖㅘㅙㅝㅞ


def sentences(text: str) -> list[str]:
    """Return the sentences of the text in order. Joined, they contain every non-space character."""
    return [sentence for paragraph in paragraphs(text) for sentence in paragraph]


def paragraphs(text: str) -> list[list[str]]:
    """Return the sentences of each paragraph.

    A piece without words is joined to its neighbour, even across a paragraph break.
    """
    found: list[list[str]] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        pieces = [
            piece
            for line in _lines(block)
            for part in _sentences_of(line)
            if (piece := part.strip())
        ]
        if pieces:
            found.append(pieces)
    return _with_marks_joined(found)


def sentence_slices(text: str) -> list[str]:
    """Return the exact sentences with their trailing space. Joined, they equal the text."""
    slices: list[str] = []
    start = at = 0
    for sentence in sentences(text):
        left = sum(not char.isspace() for char in sentence)
        while left:
            left -= not text[at].isspace()
            at += 1
        while at < len(text) and text[at].isspace():
            at += 1
        slices.append(text[start:at])
        start = at
    return slices if slices or not text else [text]


def _lines(block: str) -> Iterator[str]:
    """Join wrapped lines. A new line starts a new sentence unless the line was only wrapped."""
    held = ""
    for line in (part.strip() for part in block.split("\n")):
        if held and not _goes_on(held, line):
            yield held
            held = ""
        held = f"{held} {line}" if held else line
    if held:
        yield held


def _goes_on(held: str, line: str) -> bool:
    last = held.rsplit(None, 1)[-1]
    if len(held) >= SOFT_WRAP and line[:1].islower():
        return True
    if not _is_hangul(held[-1]) or not _is_hangul(line[:1]) or _LIST_BEGIN.match(held):
        return False
    width = sum(2 if _is_wide(char) else 1 for char in held[-HARD_WRAP:])
    return width >= HARD_WRAP and held[-1] not in KOREAN_END and not _ends_plainly(last)


def _sentences_of(line: str) -> Iterator[str]:
    start = 0
    for mark in _ENDING.finditer(line):
        if _ends_here(line, start, mark):
            yield from _unpunctuated(line[start : mark.end()])
            start = mark.end()
    yield from _unpunctuated(line[start:])


def _ends_here(line: str, start: int, mark: re.Match[str]) -> bool:  # noqa: PLR0911  one rule each
    signs = mark.group()
    after = line[mark.end() : mark.end() + 1]
    next_words = line[mark.end() : mark.end() + WINDOW].split(None, 1)
    following = next_words[0] if next_words else ""
    before = line[max(start, mark.start() - WINDOW) : mark.start()]
    if before[-1:].isdigit() and after.isdigit():
        return False  # 3.14, ３．１４
    if any(sign in WIDE_ENDERS for sign in signs):
        return not (signs[-1] in CLOSERS and after in tuple("とっなのはがをにで、，,"))
    if after and not after.isspace():
        return _goes_close(before, after, signs)
    if before and _is_hangul(before[-1]):
        return not _is_pause(signs) or before[-1] in KOREAN_END
    if following[:1].islower():
        return False
    if _is_pause(signs):
        return True
    return not (signs == "." and _is_abbreviation(before, following))


def _goes_close(before: str, after: str, signs: str) -> bool:
    """Return whether a sentence ends although the next one follows without a space: 갔다.그리고,
    온다.3월.
    """
    if not before or not _is_hangul(before[-1]) or signs[-1] in CLOSERS or _is_pause(signs):
        return False
    if _is_hangul(after) or after in "“‘\"'「『(":
        return True
    return before[-1] in KOREAN_END and after.isalnum()


def _is_pause(signs: str) -> bool:
    return "…" in signs or "‥" in signs or ".." in signs


def _is_abbreviation(before: str, following: str) -> bool:
    word = before.rsplit(None, 1)[-1].lstrip("\"'“‘([") if before.strip() else ""
    small = word.lower()
    if small in TITLES:
        return bool(following)
    if small in BEFORE_NUMBER:
        return following[:1].isdigit()
    may_begin = following.strip("\"'“‘”’(),.!?").lower() in STARTERS
    if len(word) == 1 and word.isascii() and word.isupper() and word != "I":
        return not (
            may_begin and len(before.strip()) > 1 and not before.strip()[:-1].strip().endswith(".")
        )
    return (small in SHORTENED or bool(_INITIALS.fullmatch(word))) and not may_begin


def _is_hangul(char: str) -> bool:
    return "가" <= char <= "힣"


def _unpunctuated(piece: str) -> Iterator[str]:
    """Split a piece after verbs that end a Korean sentence without a full stop, as in news and
    captions.
    """
    if len(piece) < UNPUNCTUATED or not any(char in "다요죠까오" for char in piece):
        yield piece
        return
    start = 0
    quotes = 0
    words = list(re.finditer(r"\S+", piece))
    for word, after in pairwise(words):
        text = word.group()
        quotes += sum(text.count(mark) for mark in "“‘「『(（") - sum(
            text.count(mark) for mark in "”’」』)）"
        )
        if quotes <= 0 and _ends_plainly(text) and not after.group().startswith(KOREAN_GOES_ON):
            yield piece[start : word.end()]
            start = word.end()
    yield piece[start:]


def _ends_plainly(word: str) -> bool:  # noqa: PLR0911  one ending each
    """Return whether the form of a Korean word alone ends a sentence: 열렸습니다, 걸었다, 간다,
    가세요, 하죠, 합시다.
    """
    if (
        len(word) < 2  # noqa: PLR2004
        or not _is_hangul(word[-1])
        or not _is_hangul(word[-2])
        or word in KOREAN_NOUNS
    ):
        return False
    final, vowel = _final(word[-2]), _vowel(word[-2])
    match word[-1]:
        case "다":
            if word.endswith("니다"):
                return len(word) > 2 and _final(word[-3]) == _FINAL_B  # noqa: PLR2004
            return (
                final in {_FINAL_SS, _FINAL_N}
                or word.endswith("는다")
                or (final == _FINAL_B and word.endswith("시다"))
            )
        case "까":
            return word.endswith("니까") and len(word) > 2 and _final(word[-3]) == _FINAL_B  # noqa: PLR2004
        case "요":
            return final == 0 and vowel in _OPEN_VOWELS
        case "죠":
            return True
        case "오":
            return word.endswith("십시오")
    return False


def _final(char: str) -> int:
    return (ord(char) - _HANGUL_FIRST) % _FINALS if _is_hangul(char) else -1


def _vowel(char: str) -> int:
    return (ord(char) - _HANGUL_FIRST) // _FINALS % 21 if _is_hangul(char) else -1


def _with_marks_joined(found: list[list[str]]) -> list[list[str]]:
    """Join list numbers to the following piece, and pieces without a letter or digit to the
    preceding one.
    """
    joined: list[list[str]] = []
    held = ""  # to be joined to the next piece
    for pieces in found:
        kept: list[str] = []
        for part in pieces:
            piece = f"{held} {part}" if held else part
            held = ""
            if _LIST_MARK.match(part) or (not _says_something(piece) and not (kept or joined)):
                held = piece
            elif not _says_something(part) and (kept or joined):
                target = kept or joined[-1]
                target[-1] = f"{target[-1]} {piece}"
            else:
                kept.append(piece)
        if kept:
            joined.append(kept)
    if held:
        if joined:
            joined[-1][-1] = f"{joined[-1][-1]} {held}"
        else:
            joined.append([held])
    return joined


def _says_something(piece: str) -> bool:
    return any(
        unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So"
        for char in piece
    )


def clusters(text: str) -> list[str]:
    """Return the grapheme clusters: marks, joiners, flags and Hangul jamo stay together."""
    if ALONE.fullmatch(text):
        return list(text)
    found: list[str] = regex.findall(r"\X", text)
    return found


def halves(piece: str) -> tuple[str, str] | None:
    """Split the piece near its middle: at a clause, else between words, else between characters.

    Return None if it is too short.
    """
    if len(piece) < 2 * SHORTEST:
        return None
    middle, best, best_cost = len(piece) / 2, 0, float("inf")
    # In a very long piece only the middle is searched: distant positions would not be selected.
    reach = len(piece) // 2 if len(piece) <= 4 * MIDDLE else MIDDLE
    begin, stop = (
        max(SHORTEST, int(middle) - reach),
        min(len(piece) - SHORTEST + 1, int(middle) + reach),
    )
    for gap in _CLAUSE.finditer(piece, begin, stop):
        at = gap.end()
        cost = abs(at - middle) / len(piece) + _weight(piece, gap)
        if SHORTEST <= at <= len(piece) - SHORTEST and cost < best_cost:
            best, best_cost = at, cost
    if best:
        return piece[:best].strip(), piece[best:].strip()
    return _cut_between_characters(piece)


def _weight(piece: str, gap: re.Match[str]) -> float:
    """Return the penalty of a split position, relative to the piece length.

    Splitting at a clause outweighs a distance of a fifth of the length from the middle.
    """
    if not gap.group().isspace():
        inside_number = (
            piece[gap.start() - 1].isdigit()
            and piece[gap.end() : gap.end() + 1].isdigit()
            and len(gap.group()) == 1
        )
        return 9.0 if inside_number else 0.0
    word_before = (
        piece[max(0, gap.start() - 40) : gap.start()].rsplit(None, 1)[-1] if gap.start() else ""
    )
    word_after = (
        piece[gap.end() : gap.end() + 40].split(None, 1)[0].lower()
        if piece[gap.end() : gap.end() + 40].strip()
        else ""
    )
    if len(word_before) > 1 and _is_hangul(word_before[-1]) and word_before.endswith(CONNECTIVES):
        return 0.08
    return 0.08 if word_after in ENGLISH_JOINTS else 0.2


def _cut_between_characters(piece: str) -> tuple[str, str] | None:
    if not any(_is_wide(char) for char in piece) and len(piece) < 4 * SHORTEST:
        return None  # a long Latin word is still one word
    begin = max(0, len(piece) // 2 - MIDDLE)
    ends = [
        begin + end
        for end in accumulate(
            len(cluster) for cluster in clusters(piece[begin : begin + 2 * MIDDLE])
        )
    ]
    at = min(ends, key=lambda end: abs(end - len(piece) / 2))
    return (
        (piece[:at].strip(), piece[at:].strip())
        if piece[:at].strip() and piece[at:].strip()
        else None
    )


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


# Borders between the pieces of a text; a higher value is preferred.
CLAUSE, SENTENCE, PARAGRAPH = 0, 1, 2
GAIN = {CLAUSE: -0.25, SENTENCE: 0.0, PARAGRAPH: 0.35}  # of the length of an even part


def parts(text: str, count: int) -> list[list[str]]:
    """Return exactly `count` parts, each a list of pieces, in order and as even in length as whole
    sentences allow.

    A part ends at a paragraph in preference to another sentence. Sentences much longer than a part
    are split at clauses. If the text is too short, some lists are empty; they follow the part that
    their shot belongs to.
    """
    pieces = [
        (sentence, PARAGRAPH if number == len(paragraph) - 1 else SENTENCE)
        for paragraph in paragraphs(text)
        for number, sentence in enumerate(paragraph)
    ]
    pieces = _cut_long(pieces, count)
    pieces = _cut_to_count(pieces, count)
    if len(pieces) < count:
        return _spread([piece for piece, _border in pieces], count)
    return _grouped(pieces, count)


LONG, VERY_LONG = 1.8, 3.0  # times an even part

type Piece = tuple[str, int]  # the words, and the border after them


def _cut(piece: Piece) -> tuple[Piece, Piece] | None:
    cut = halves(piece[0])
    return ((cut[0], CLAUSE), (cut[1], piece[1])) if cut else None


def _cut_long(pieces: list[Piece], count: int) -> list[Piece]:
    """Split long pieces.

    If there are enough sentences, split only those longer than three parts.
    """
    times = LONG if len(pieces) < count else VERY_LONG
    longest = (
        max(2 * SHORTEST, times * sum(len(words) for words, _border in pieces) / count)
        if pieces
        else 0
    )
    done: list[Piece] = []
    todo = pieces[::-1]
    while todo:
        piece = todo.pop()
        cut = _cut(piece) if len(piece[0]) > longest else None
        if cut:
            todo += [cut[1], cut[0]]
        else:
            done.append(piece)
    return done


def _cut_to_count(pieces: list[Piece], count: int) -> list[Piece]:
    """Split the longest pieces until there are enough or none can be split."""
    whole: set[str] = set()
    while len(pieces) < count:
        at = max(
            (n for n, piece in enumerate(pieces) if piece[0] not in whole),
            key=lambda n: len(pieces[n][0]),
            default=-1,
        )
        if at < 0:
            break
        cut = _cut(pieces[at])
        if cut:
            pieces[at : at + 1] = cut
        else:
            whole.add(pieces[at][0])
    return pieces


def _spread(pieces: list[str], count: int) -> list[list[str]]:
    """Return one piece per part, with the empty parts distributed evenly after them."""
    if not pieces:
        return [[] for _ in range(count)]
    spread: list[list[str]] = []
    for n, piece in enumerate(pieces):
        room = (n + 1) * count // len(pieces) - n * count // len(pieces)
        spread += [[piece], *([] for _ in range(room - 1))]
    return spread


def _grouped(pieces: Sequence[Piece], count: int) -> list[list[str]]:
    """Group adjacent pieces: each border is close to an even split, and no group is empty."""
    ends = list(accumulate(len(words) for words, _border in pieces))
    even = ends[-1] / count
    groups, start = [], 0
    for n in range(1, count):
        target = ends[-1] * n / count
        last = len(pieces) - (count - n)  # leave a piece for each group to come
        stop, best = start + 1, float("inf")
        for end in range(start + 1, last + 1):
            away = abs(ends[end - 1] - target)
            cost = away - GAIN[pieces[end - 1][1]] * even
            if cost < best:
                stop, best = end, cost
            if ends[end - 1] - target > even:
                break
        groups.append([words for words, _border in pieces[start:stop]])
        start = stop
    return [*groups, [words for words, _border in pieces[start:]]]
