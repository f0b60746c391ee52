"""Word-level differences between two versions of a text, computed in bounded time."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rapidfuzz.distance import LCSseq

from core.sentences import sentence_slices

TOKENS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")  # a word or a mark, with the space after it
LONGEST = 20_000  # characters compared; a longer text is shown as replaced
# Share of the shorter sentence's words from which two sentences count as one changed sentence.
ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a text: `same`, `new` or `gone`."""

    text: str
    kind: str


def difference(old: str, new: str) -> list[Word]:
    """The text `new`, with the words of `old` before the words that replace them.

    Sentences with little in common are shown whole: the old one gone, the new one new.
    """
    if old.split() == new.split():
        return [Word(new, "same")]
    pieces = _replaced(old, new) if max(len(old), len(new)) > LONGEST else _by_sentences(old, new)
    return _joined(pieces)


def _by_sentences(old: str, new: str) -> Iterator[Word]:
    a, b = sentence_slices(old), sentence_slices(new)
    for equal, a0, a1, b0, b1 in _matches(a, b):
        if equal:
            yield Word("".join(b[b0:b1]), "same")
        elif a1 - a0 == b1 - b0:
            for before, after in zip(a[a0:a1], b[b0:b1], strict=True):
                yield from _sentence(before, after)
        else:
            yield from _sentence("".join(a[a0:a1]), "".join(b[b0:b1]))


def _sentence(before: str, after: str) -> Iterator[Word]:
    a, b = TOKENS.findall(before), TOKENS.findall(after)
    if not _are_alike(a, b):
        yield from _replaced(before, after)
        return
    for equal, a0, a1, b0, b1 in _matches(a, b):
        if equal:
            yield Word("".join(b[b0:b1]), "same")
        else:
            yield from _replaced("".join(a[a0:a1]), "".join(b[b0:b1]))


def _are_alike(a: Sequence[str], b: Sequence[str]) -> bool:
    words = [Counter(word for token in one if (word := token.strip()).isalnum()) for one in (a, b)]
    shorter = min(sum(one.values()) for one in words)
    return shorter > 0 and sum((words[0] & words[1]).values()) >= ALIKE * shorter


def _matches(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Runs that match and runs that differ, in order, by their longest common subsequence.

    Marks between two differences do not count as a match: "red, old" against "new, blue" is one
    replacement.
    """
    blocks = LCSseq.opcodes([one.strip() for one in a], [one.strip() for one in b])
    runs = [
        (code.tag == "equal", code.src_start, code.src_end, code.dest_start, code.dest_end)
        for code in blocks
    ]
    last = len(runs) - 1
    kept = [
        (equal and (i in {0, last} or any(map(_has_letters, b[b0:b1]))), a0, a1, b0, b1)
        for i, (equal, a0, a1, b0, b1) in enumerate(runs)
    ]
    for equal, group in groupby(kept, key=lambda run: run[0]):
        rows = list(group)
        yield equal, rows[0][1], rows[-1][2], rows[0][3], rows[-1][4]


def _has_letters(token: str) -> bool:
    return any(letter.isalnum() for letter in token)


def _replaced(before: str, after: str) -> Iterator[Word]:
    if before.strip():
        yield Word(before, "gone")
    if after.strip():
        yield Word(after, "new")


def _joined(pieces: Iterator[Word]) -> list[Word]:
    return [
        Word("".join(word.text for word in run), kind)
        for kind, run in groupby(pieces, key=lambda word: word.kind)
    ]
