"""Splits narration into captions: line breaks, caption boundaries and display times.

Words are never changed or dropped, whatever the fonts support and however short the time is.
"""

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate, pairwise

from uniseg.linebreak import LineBreak, line_break, line_break_units

from core.sentences import clusters, sentences
from media import fonts
from media.fonts import cannot_draw

__all__ = ["CaptionSpan", "Style", "cannot_draw", "cells", "layout", "style_for"]

# Netflix Timed Text Style Guides, Korean (216001127) and English (217350977)
MAX_LINES = 2
MAX_WIDE, MAX_LATIN = (
    16,
    42,
)  # characters per line: full-width ones (others count half), or in a text without any
SHORTEST, LONGEST = Fraction(5, 6), 7  # seconds
GAP = 2  # frames between captions

LEAST_SECONDS = 1.2  # short neighbours are merged rather than shown for less
COMMA_GAIN, UNSPACED_GAIN = 0.12, 0.35
WIDE = 1.2  # wider is a landscape frame; narrower than the inverse is a portrait one

_PAUSE = re.compile(r"[,;:、，·—–-][\"'”’」』)\]]*$")
_FULL_WIDTH = frozenset({"Hang", "Hani", "Hira", "Kana", "Bopo"})
_KOREAN_LETTERS = frozenset(
    {LineBreak.H2, LineBreak.H3, LineBreak.JL, LineBreak.JV, LineBreak.JT, LineBreak.ID}
)


type Run = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CaptionSpan:
    """A caption and its frames, from `start_frame` up to but not including `end_frame`.

    Lines are separated by newlines.
    """

    start_frame: int
    end_frame: int
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """Caption sizes in pixels: font size, maximum line width, distance of the last line from the
    lower edge.
    """

    font_pixels: int
    line_width: int
    bottom: int

    @property
    def line_height(self) -> int:
        return round(self.font_pixels * 1.34)


def style_for(size: tuple[int, int]) -> Style:
    """Returns a readable caption style within the safe margins of this frame size.

    In portrait frames players cover the lower quarter and both sides with buttons: of 1080 x 1920
    pixels, 180 on each side and 500 at the bottom are kept free, the strictest requirement of the
    platforms.
    """
    width, height = size
    letters = max(8, round(min(size) * 0.055))
    if width > WIDE * height:
        return Style(letters, min(round(width * 0.86), 23 * letters), round(height * 0.075))
    if height > WIDE * width:
        return Style(letters, width * 720 // 1080, math.ceil(height * 520 / 1920))
    return Style(letters, round(width * 0.86), round(height * 0.085))


@lru_cache(maxsize=1 << 14)
def cells(text: str, *, full_width: bool) -> float:
    """Counts the characters of a line. With `full_width`, Latin letters, spaces and punctuation
    count half.
    """
    return sum(
        (1.0 if unicodedata.east_asian_width(piece[0]) in "WF" else 0.5) if full_width else 1.0
        for piece in clusters(text)
    )


class _Line:
    """All pieces of a text set in one endless line, to measure any run of them.

    A run is (first piece, piece after the last). A line may break after each piece; only some are
    followed by a space.
    """

    def __init__(self, text: str, style: Style) -> None:
        self.style = style
        names = fonts.order(text)
        full_width = bool({fonts.script(char) for char in text} & _FULL_WIDTH)
        self.limit = float(MAX_WIDE if full_width else MAX_LATIN)
        blank = fonts.width(" ", names) * style.font_pixels, cells(" ", full_width=full_width)
        self.words: list[str] = []
        self.glued: list[bool] = []  # whether the piece follows the previous one without a space
        # Start and end of each piece, in pixels and in characters
        self.lefts: list[float] = []
        self.rights: list[float] = []
        self.begins: list[float] = []
        self.ends: list[float] = []
        for piece, glued in _pieces(text, names, style, self.limit, full_width=full_width):
            gap = (0.0, 0.0) if glued or not self.words else blank
            self.lefts.append((self.rights[-1] if self.words else 0.0) + gap[0])
            self.begins.append((self.ends[-1] if self.words else 0.0) + gap[1])
            self.rights.append(self.lefts[-1] + fonts.width(piece, names) * style.font_pixels)
            self.ends.append(self.begins[-1] + cells(piece, full_width=full_width))
            self.words.append(piece)
            self.glued.append(glued)

    def width(self, first: int, end: int) -> float:
        return self.rights[end - 1] - self.lefts[first]

    def is_line(self, first: int, end: int) -> bool:
        """Returns whether the run fits in one line by width and count.

        A single piece always does.
        """
        return end - first == 1 or (
            self.width(first, end) <= self.style.line_width
            and self.ends[end - 1] - self.begins[first] <= self.limit
        )

    def lines_text(self, first: int, end: int) -> str:
        """Returns the text of a run."""
        return "".join(
            self.words[at] if at == first or self.glued[at] else f" {self.words[at]}"
            for at in range(first, end)
        )

    def weight(self, first: int, end: int) -> float:
        """Returns the reading time weight of a run: its width in letters plus a constant."""
        return self.width(first, end) / self.style.font_pixels + 3

    def pause(self, end: int) -> float:
        """Returns the preference for a break after this word."""
        if not _PAUSE.search(self.words[end - 1]):
            return 0.0
        # Without spaces, any other break may be within a word.
        return UNSPACED_GAIN if end < len(self.words) and self.glued[end] else COMMA_GAIN

    def _upper(self, first: int, end: int) -> int:
        """Returns the end of the longest possible upper line."""
        wide = bisect_right(self.rights, self.lefts[first] + self.style.line_width, first, end)
        return max(
            first + 1,
            min(wide, bisect_right(self.ends, self.begins[first] + self.limit, first, end)),
        )

    def _lower(self, first: int, end: int) -> int:
        """Returns the start of the longest possible lower line, after `first`."""
        wide = bisect_left(self.lefts, self.rights[end - 1] - self.style.line_width, first + 1, end)
        return min(
            end - 1,
            max(wide, bisect_left(self.begins, self.ends[end - 1] - self.limit, first + 1, end)),
        )

    def fits(self, first: int, end: int) -> bool:
        """Returns whether the run fits in one or two lines."""
        upper = self._upper(first, end)
        return upper == end or self.is_line(upper, end)

    def lines(self, first: int, end: int) -> str:
        """Splits a run into one line, or two as even as possible (the lower one
        longer on a tie).
        """
        upper = self._upper(first, end)
        if upper == end:
            return self.lines_text(first, end)

        def cost(cut: int) -> float:
            return abs(
                self.width(first, cut) - self.width(cut, end)
            ) / self.style.line_width - self.pause(cut)

        cut = min(range(self._lower(first, end), upper + 1), key=cost)
        return f"{self.lines_text(first, cut)}\n{self.lines_text(cut, end)}"


def layout(
    text: str, *, size: tuple[int, int], frames: int, fps: int, start_frame: int = 0
) -> list[CaptionSpan]:
    """Returns consecutive captions for a scene of `frames` frames.

    Each has at most two balanced lines, broken by UAX #14 (Korean between words only), at sentence
    ends first, then after commas. Display times are proportional to length, 5/6 s to 7 s with two
    frames between; short neighbours are merged. If a scene is too short for its words, captions are
    shown for less time: none is left out.
    """
    line = _Line(text, style_for(size))
    chunks = [
        chunk for sentence in _sentences(text, line.words) for chunk in _chunks(line, *sentence)
    ]
    chunks = _merged(line, chunks, frames / fps)
    groups = _grouped(chunks, frames)
    spans = _timed(
        [sum(line.weight(*chunk) for chunk in group) for group in groups], frames=frames, fps=fps
    )
    return [
        CaptionSpan(
            start_frame + start, start_frame + end, "\n".join(line.lines(*chunk) for chunk in group)
        )
        for group, (start, end) in zip(groups, spans, strict=True)
    ]


def _grouped(chunks: Sequence[Run], most: int) -> list[Sequence[Run]]:
    """Returns single captions, or groups of them if there are more than frames."""
    if len(chunks) <= most:
        return [[chunk] for chunk in chunks]
    cuts = [len(chunks) * number // most for number in range(most + 1)]
    return [chunks[first:end] for first, end in pairwise(cuts)]


def _timed(weights: Sequence[float], *, frames: int, fps: int) -> list[tuple[int, int]]:
    """Returns the first and last frame of each caption, by weight and, if time allows, within the
    limits.
    """
    if not weights:
        return []
    least = math.ceil(SHORTEST * fps) + GAP
    if least * len(weights) > frames:
        least = 1
    shares = _shares(weights, frames, least)
    ends = [round(end) for end in accumulate(shares)]
    spans = []
    for start, end in zip([0, *ends], ends, strict=False):
        shown = max(1, end - start - GAP)
        spans.append((start, start + min(shown, LONGEST * fps)))
    return spans


def _shares(weights: Sequence[float], whole: int, least: int) -> list[float]:
    """Divides the whole by weight, with at least `least` for each."""
    low: set[int] = set()
    while True:
        rest = whole - least * len(low)
        total = sum(weight for number, weight in enumerate(weights) if number not in low)
        more = {
            number
            for number, weight in enumerate(weights)
            if number not in low and weight * rest < least * total
        }
        if not more:
            return [
                float(least) if number in low else weight * rest / total
                for number, weight in enumerate(weights)
            ]
        low |= more
        if len(low) == len(weights):
            return [whole / len(weights)] * len(weights)


def _line_break_of_korean(char: str) -> LineBreak:
    found = line_break(char)
    return LineBreak.AL if found in _KOREAN_LETTERS else found


def _pieces(
    text: str, names: tuple[str, ...], style: Style, limit: float, *, full_width: bool
) -> Iterator[tuple[str, bool]]:
    """Yields the pieces between line breaks, and whether each follows the previous one without a
    space.

    Korean, with its Han characters, is only broken between words (UAX #14, section 8); other text
    by the standard's rules.
    """

    def is_line(piece: str) -> bool:
        return (
            cells(piece, full_width=full_width) <= limit
            and fonts.width(piece, names) * style.font_pixels <= style.line_width
        )

    korean = any(fonts.script(char) == "Hang" for char in text)
    for word in text.split():
        glued = False
        units = (
            line_break_units(word, property=_line_break_of_korean)
            if korean
            else line_break_units(word)
        )
        for unit in units:
            for piece in _broken(unit, is_line):
                yield piece, glued
                glued = True


def _broken(unit: str, is_line: Callable[[str], bool]) -> Iterable[str]:
    """Returns the unit, or its pieces if it exceeds a line: by the standard's rules, else between
    characters.
    """
    if is_line(unit):
        return [unit]
    pieces: list[str] = []
    for part in line_break_units(unit):
        for piece in [part] if is_line(part) else clusters(part):
            if pieces and is_line(pieces[-1] + piece):
                pieces[-1] += piece
            else:
                pieces.append(piece)
    return pieces


def _sentences(text: str, pieces: Sequence[str]) -> Iterable[Run]:
    """Returns the pieces of each sentence, with all its characters but spaces.

    No piece is split.
    """
    ends = list(accumulate(len(piece) for piece in pieces))
    first = 0
    for letters in accumulate(len("".join(sentence.split())) for sentence in sentences(text)):
        end = min(bisect_left(ends, letters) + 1, len(pieces))
        if end > first:
            yield first, end
            first = end


def _chunks(line: _Line, first: int, end: int) -> list[Run]:
    """Splits a sentence into the fewest captions, of similar length, preferably after commas."""
    if line.fits(first, end):
        return [(first, end)]
    full = MAX_LINES * line.style.line_width
    ideal = line.width(first, end)
    ideal /= -(-ideal // full)
    # best[word]: (captions, cost, where the last one starts) for the words before this one
    best: dict[int, tuple[int, float, int]] = {first: (0, 0.0, first)}
    for stop in range(first + 1, end + 1):
        options: list[tuple[int, float, int]] = []
        for start in range(stop - 1, first - 1, -1):
            width = line.width(start, stop)
            if width > full:
                break
            if not line.fits(start, stop):
                continue
            count, cost, _start = best[start]
            options.append(
                (
                    count + 1,
                    cost + ((width - ideal) / full) ** 2 - (line.pause(stop) if stop < end else 0),
                    start,
                )
            )
        best[stop] = min(options)
    chunks: list[Run] = []
    while end > first:
        start = best[end][2]
        chunks.append((start, end))
        end = start
    return chunks[::-1]


def _merged(line: _Line, chunks: list[Run], seconds: float) -> list[Run]:
    """Merges neighbours that fit, shortest pair first, while a caption would be shown for less than
    LEAST_SECONDS.
    """
    ends, starts = dict(chunks), {end: start for start, end in chunks}
    weights = {first: line.weight(first, end) for first, end in chunks}
    total = sum(weights.values())
    pairs: list[tuple[float, int, int, int]] = []

    def offer(first: int) -> None:
        middle = ends[first]
        if middle in ends and line.fits(first, ends[middle]):
            heappush(pairs, (weights[first] + weights[middle], first, middle, ends[middle]))

    for first, _end in chunks:
        offer(first)
    while pairs:
        weight, first, middle, end = heappop(pairs)
        # A pair with a changed member is outdated; one that is long enough stays so, because the
        # total only decreases.
        if (ends.get(first), ends.get(middle)) != (middle, end) or min(
            weights[first], weights[middle]
        ) / total * seconds >= LEAST_SECONDS:
            continue
        del ends[middle], weights[middle]
        ends[first], starts[end] = end, first
        weights[first] = line.weight(first, end)
        total += weights[first] - weight
        offer(first)
        if first in starts:
            offer(starts[first])
    return sorted(ends.items())
