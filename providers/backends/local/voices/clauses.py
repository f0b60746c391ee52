"""Divides a text into the clauses that are spoken in one breath."""

import re
from dataclasses import dataclass

from core.sentences import sentence_slices

CLAUSE_PAUSE, SENTENCE_PAUSE = 0.12, 0.30  # seconds

_CLAUSE_END = re.compile(r"(?<=[,;:—，、；：])(?=\s)|(?<=[，、；：])(?=\S)|(?<=—)(?=\S)")
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Clause:
    """`pause` in seconds follows it, unless it is the last."""

    text: str
    pause: float


def clauses(text: str, longest: int) -> list[Clause]:
    """Returns the clauses that have a letter or digit, in order, each of at most `longest`
    characters. Signs alone join the clause before, or are left out at the beginning.
    """
    found: list[Clause] = []
    for sentence in sentence_slices(text):
        parts = [piece for part in _CLAUSE_END.split(sentence) for piece in _bounded(part, longest)]
        for place, part in enumerate(parts):
            last = place == len(parts) - 1
            pause = SENTENCE_PAUSE if last else CLAUSE_PAUSE
            if _LETTER.search(part):
                found.append(Clause(part, pause))
            elif found:
                found[-1] = Clause(f"{found[-1].text} {part}", max(found[-1].pause, pause))
    return found


def _bounded(part: str, longest: int) -> list[str]:
    """Divides a part between words into pieces of equal length that are not too long. A word that
    is too long by itself is cut.
    """
    text = " ".join(part.split())
    if len(text) <= longest:
        return [text] if text else []
    size = -(-len(text) // -(-len(text) // longest))
    pieces: list[str] = []
    while len(text) > longest:
        cut = text.rfind(" ", 0, size + 1)
        if cut <= 0:
            cut = text.find(" ", size, longest + 1)
        cut = cut if cut > 0 else longest
        pieces.append(text[:cut].strip())
        text = text[cut:].strip()
    return [*pieces, text] if text else pieces
