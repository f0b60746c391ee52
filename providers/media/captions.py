"""Narration becomes captions: where a line breaks, when the next one comes, how long each stays."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate

from providers.media import fonts
from providers.media.fonts import missing_glyphs

__all__ = ["CaptionSpan", "Style", "layout", "missing_glyphs", "style_for"]

MAX_LINES = 2
LEAST_SECONDS = 1.2
COMMA_GAIN = 0.12
WIDE = 1.2  # wider than this is a landscape frame, narrower than its inverse a portrait one

_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’」』)\]]*$")
_PAUSE = re.compile(r"[,;:、，·—–-][\"'”’」』)\]]*$")


type Run = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CaptionSpan:
    """A caption and the frames that show it: from `start_frame` up to, not including, `end_frame`. Lines are cut by newlines."""

    start_frame: int
    end_frame: int
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes of captions in a frame, in pixels: letters, widest line, distance of the last line's foot from the lower edge."""

    font_pixels: int
    line_width: int
    bottom: int

    @property
    def line_height(self) -> int:
        return round(self.font_pixels * 1.34)


def style_for(size: tuple[int, int]) -> Style:
    """Captions that read well at this frame size: safe margins, higher up in a portrait frame (players put their buttons there)."""
    width, height = size
    letters = max(8, round(min(size) * 0.055))
    if width > WIDE * height:
        return Style(letters, min(round(width * 0.86), 23 * letters), round(height * 0.075))
    if height > WIDE * width:
        return Style(letters, round(width * 0.84), round(height * 0.13))
    return Style(letters, round(width * 0.86), round(height * 0.085))


class _Line:
    """All words of a text as if set in one endless line: how wide any run of them is, and whether it is a caption.

    A run is (first word, word after the last). Each neighbour's place is measured with the space between them, as the font
    sets some pairs closer.
    """

    def __init__(self, text: str, style: Style) -> None:
        self.style = style
        self.words = [piece for word in text.split() for piece in _broken(word, style)]
        measure = lru_cache(maxsize=4096)(fonts.font(style.font_pixels).getlength)
        self.lefts: list[float] = []
        self.rights: list[float] = []
        for before, word in zip(["", *self.words], self.words, strict=False):
            self.rights.append(self.lefts[-1] + measure(f"{before} {word}") if before else measure(word))
            self.lefts.append(self.rights[-1] - measure(word))

    def width(self, first: int, end: int) -> float:
        return self.rights[end - 1] - self.lefts[first]

    def weight(self, first: int, end: int) -> float:
        """How long a run takes to read: its width in letters and a constant for finding it."""
        return self.width(first, end) / self.style.font_pixels + 3

    def pause(self, end: int) -> float:
        """What speaks for breaking after this word."""
        return COMMA_GAIN if _PAUSE.search(self.words[end - 1]) else 0.0

    def _upper(self, first: int, end: int) -> int:
        """Where the longest upper line ends."""
        return bisect_right(self.rights, self.lefts[first] + self.style.line_width, first, end)

    def fits(self, first: int, end: int) -> bool:
        """Whether the run is a caption of one line or two."""
        upper = self._upper(first, end)
        return upper == end or self.width(upper, end) <= self.style.line_width

    def lines(self, first: int, end: int) -> str:
        """A run that fits in one line, or in two as even as may be (the upper not the longer where it is equal)."""
        cuts = range(bisect_left(self.lefts, self.rights[end - 1] - self.style.line_width, first + 1, end), self._upper(first, end) + 1)

        def cost(cut: int) -> float:
            return abs(self.width(first, cut) - self.width(cut, end)) / self.style.line_width - self.pause(cut)

        whole = cuts.stop > end
        runs = [(first, end)] if whole else [(first, cut := min(cuts, key=cost)), (cut, end)]
        return "\n".join(" ".join(self.words[start:stop]) for start, stop in runs)


def layout(text: str, *, size: tuple[int, int], frames: int, fps: int, start_frame: int = 0) -> list[CaptionSpan]:
    """Captions for a scene of `frames` frames, one after the other from its first frame to its last.

    At most two lines each, balanced; broken at spaces, at sentence ends first, then after commas; a word wider than a line is
    broken inside. Each stays in proportion to its length, and short neighbours are shown together where one would flash by.
    """
    line = _Line(fonts.drawable(text), style_for(size))
    chunks = [chunk for sentence in _sentences(line.words) for chunk in _chunks(line, *sentence)]
    chunks = _merged(line, chunks, frames / fps)[:frames]
    weights = list(accumulate(line.weight(*chunk) for chunk in chunks))
    ends = [round(frames * weight / weights[-1]) for weight in weights]
    return [
        CaptionSpan(start_frame + start, start_frame + end, line.lines(*chunk))
        for chunk, start, end in zip(chunks, [0, *ends], ends, strict=False)
        if end > start
    ]


def _broken(word: str, style: Style) -> Iterable[str]:
    """The word, or where it is wider than a line, its pieces."""
    measure = fonts.font(style.font_pixels).getlength
    if measure(word) <= style.line_width:
        yield word
        return
    line = ""
    for cluster in fonts.clusters(word):
        if line and measure(line + cluster) > style.line_width:
            yield line
            line = ""
        line += cluster
    yield line


def _sentences(words: Sequence[str]) -> Iterable[Run]:
    first = 0
    for end, word in enumerate(words, 1):
        if end == len(words) or _SENTENCE_END.search(word):
            yield first, end
            first = end


def _chunks(line: _Line, first: int, end: int) -> list[Run]:
    """The sentence cut into as few captions as hold it, of like length, rather after a comma than elsewhere."""
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
            options.append((count + 1, cost + ((width - ideal) / full) ** 2 - (line.pause(stop) if stop < end else 0), start))
        best[stop] = min(options)
    chunks: list[Run] = []
    while end > first:
        start = best[end][2]
        chunks.append((start, end))
        end = start
    return chunks[::-1]


def _merged(line: _Line, chunks: list[Run], seconds: float) -> list[Run]:
    """Neighbours joined, shortest pair first, while some caption would stay for less than LEAST_SECONDS and the pair fits."""
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
        # A pair of which one has grown is out of date; one that is long enough stays so, as the total only becomes less.
        if (ends.get(first), ends.get(middle)) != (middle, end) or min(weights[first], weights[middle]) / total * seconds >= LEAST_SECONDS:
            continue
        del ends[middle], weights[middle]
        ends[first], starts[end] = end, first
        weights[first] = line.weight(first, end)
        total += weights[first] - weight
        offer(first)
        if first in starts:
            offer(starts[first])
    return sorted(ends.items())
