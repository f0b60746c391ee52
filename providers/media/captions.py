"""Narration becomes captions: where a line breaks, when the next one comes, how long each stays."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from providers.media import fonts
from providers.media.fonts import missing_glyphs

__all__ = ["CaptionSpan", "Style", "layout", "missing_glyphs", "style_for"]

MAX_LINES = 2
LEAST_SECONDS = 1.2
COMMA_GAIN = 0.12
WIDE = 1.2  # wider than this is a landscape frame, narrower than its inverse a portrait one

_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’」』)\]]*$")
_PAUSE = re.compile(r"[,;:、，·—–-][\"'”’」』)\]]*$")


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


@cache
def _width(text: str, pixels: int) -> float:
    return fonts.font(pixels).getlength(text)


def layout(text: str, *, size: tuple[int, int], frames: int, fps: int, start_frame: int = 0) -> list[CaptionSpan]:
    """Captions for a scene of `frames` frames, one after the other from its first frame to its last.

    At most two lines each, balanced; broken at spaces, at sentence ends first, then after commas; a word wider than a line is
    broken inside. Each stays in proportion to its length, and short neighbours are shown together where one would flash by.
    """
    style = style_for(size)
    chunks = [chunk for sentence in _sentences(_words(fonts.drawable(text), style)) for chunk in _chunks(sentence, style)]
    chunks = _merged(chunks, style, frames / fps)[:frames]
    if not chunks:
        return []
    weights = [_weight(chunk) for chunk in chunks]
    ends = [round(frames * sum(weights[: number + 1]) / sum(weights)) for number in range(len(chunks))]
    starts = [0, *ends[:-1]]
    return [
        CaptionSpan(start_frame + start, start_frame + end, "\n".join(_lines(chunk, style) or ()))
        for chunk, start, end in zip(chunks, starts, ends, strict=True)
        if end > start
    ]


def _weight(chunk: Sequence[str]) -> float:
    """How long a chunk takes to read: its width in letters and a constant for finding it."""
    return _width(" ".join(chunk), 100) / 100 + 3


def _words(text: str, style: Style) -> list[str]:
    return [piece for word in text.split() for piece in _broken(word, style)]


def _broken(word: str, style: Style) -> Iterable[str]:
    """The word, or where it is wider than a line, its pieces."""
    line = ""
    for cluster in fonts.clusters(word):
        if line and _width(line + cluster, style.font_pixels) > style.line_width:
            yield line
            line = ""
        line += cluster
    if line:
        yield line


def _sentences(words: Sequence[str]) -> Iterable[list[str]]:
    sentence: list[str] = []
    for word in words:
        sentence.append(word)
        if _SENTENCE_END.search(word):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _lines(words: Sequence[str], style: Style) -> list[str] | None:
    """The words in one line, or in two as even as may be (the upper not the longer where it is equal); None when they don't fit."""
    whole = " ".join(words)
    if _width(whole, style.font_pixels) <= style.line_width:
        return [whole]
    best: tuple[float, list[str]] | None = None
    for cut in range(1, len(words)):
        lines = [" ".join(words[:cut]), " ".join(words[cut:])]
        widths = [_width(line, style.font_pixels) for line in lines]
        if max(widths) > style.line_width:
            continue
        cost = abs(widths[0] - widths[1]) / style.line_width - (COMMA_GAIN if _PAUSE.search(words[cut - 1]) else 0)
        if best is None or cost < best[0]:
            best = (cost, lines)
    return best[1] if best else None


def _chunks(words: list[str], style: Style) -> list[list[str]]:
    """The sentence cut into as few captions as hold it, of like length, rather after a comma than elsewhere."""
    if _lines(words, style):
        return [words]
    full = MAX_LINES * style.line_width
    ideal = _width(" ".join(words), style.font_pixels)
    ideal /= -(-ideal // full)
    # best[i]: (captions, cost, where the last one starts) for the first i words
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(words) + 1):
        options: list[tuple[int, float, int]] = []
        for start in range(end - 1, -1, -1):
            chunk = words[start:end]
            width = _width(" ".join(chunk), style.font_pixels)
            if width > full:
                break
            if _lines(chunk, style) is None:
                continue
            pause = COMMA_GAIN if end < len(words) and _PAUSE.search(chunk[-1]) else 0
            count, cost, _start = best[start]
            options.append((count + 1, cost + ((width - ideal) / full) ** 2 - pause, start))
        best.append(min(options))
    chunks: list[list[str]] = []
    end = len(words)
    while end:
        start = best[end][2]
        chunks.insert(0, words[start:end])
        end = start
    return chunks


def _merged(chunks: list[list[str]], style: Style, seconds: float) -> list[list[str]]:
    """Neighbours joined, shortest pair first, while some caption would stay for less than LEAST_SECONDS and the pair fits."""
    while len(chunks) > 1:
        weights = [_weight(chunk) for chunk in chunks]
        if min(weights) / sum(weights) * seconds >= LEAST_SECONDS:
            break
        pairs = [
            (weights[first] + weights[first + 1], first)
            for first in range(len(chunks) - 1)
            if min(weights[first : first + 2]) / sum(weights) * seconds < LEAST_SECONDS and _lines(chunks[first] + chunks[first + 1], style)
        ]
        if not pairs:
            break
        _sum, first = min(pairs)
        chunks = [*chunks[:first], chunks[first] + chunks[first + 1], *chunks[first + 2 :]]
    return chunks
