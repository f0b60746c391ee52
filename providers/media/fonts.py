"""The fonts that come with the studio: which of them draws a character, and how a line of text is set.

Text is shaped by HarfBuzz and ordered by the Unicode bidirectional algorithm, each part in the first font that has all of it.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import uharfbuzz as hb
from bidi import algorithm as bidi
from uniseg.emoji import emoji_presentation

from ground.sentences import ALONE, clusters

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "fonts"

KOREAN = "NotoSansKR-Medium.otf"
LATIN = "NotoSans-Medium.ttf"  # Greek, Cyrillic, Vietnamese and Devanagari as well
JAPANESE = "NotoSansJP-Medium.ttf"
SIMPLIFIED = "NotoSansSC-Medium.ttf"
TRADITIONAL = "NotoSansTC-Medium.ttf"
EMOJI = "NotoEmoji-Medium.ttf"
OTHERS = (
    LATIN,
    "NotoSansArabic-Medium.ttf",
    "NotoSansHebrew-Medium.ttf",
    "NotoSansThai-Medium.ttf",
    "NotoSansArmenian-Medium.ttf",
    "NotoSansGeorgian-Medium.ttf",
    KOREAN,
    "NotoSansMath-Regular.ttf",
    "NotoSansSymbols2-Regular.ttf",
)
HAN = (SIMPLIFIED, TRADITIONAL, JAPANESE)
FONTS = (*OTHERS, *HAN, EMOJI)
LANGUAGES = {KOREAN: "ko", JAPANESE: "ja", SIMPLIFIED: "zh-Hans", TRADITIONAL: "zh-Hant"}

ZERO_WIDTH_JOINER = "\u200d"
EMOJI_STYLE = "\ufe0f"
ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
TALL = frozenset({"Arab", "Deva", "Thai"})  # marks above and below: their lines need more room
SHARED = frozenset({"", "Zyyy", "Zinh"})  # scripts of what all scripts use: blanks, digits, punctuation, marks


class Face:
    """One font file."""

    def __init__(self, name: str) -> None:
        self.name = name
        face = hb.Face(hb.Blob.from_file_path(str(FOLDER / name)))
        self.font = hb.Font(face)
        self.em = int(face.upem)
        self.covered = frozenset(face.unicodes)

    def has(self, piece: str) -> bool:
        """Whether each character of the piece that shows has a glyph; an emoji of several must be one picture."""
        if not all(ord(char) in self.covered for char in piece if not _unseen(char)):
            composed = unicodedata.normalize("NFC", piece)
            return composed != piece and self.has(composed)
        return not _is_sequence(piece) or self._is_one_picture(piece)

    def _is_one_picture(self, piece: str) -> bool:
        # Drawn in its parts a joined emoji would say something else.
        return self.name == EMOJI and sum(advance > 0 for _glyph, _x, _y, advance in self.shape(piece, level=0)) == 1

    def shape(self, text: str, *, level: int) -> list[tuple[int, float, float, float]]:
        """(glyph, x offset, y offset, advance) in parts of the letters' size, from left to right."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if level % 2 else "ltr"
        if self.name in LANGUAGES:
            buffer.language = LANGUAGES[self.name]
        hb.shape(self.font, buffer)
        em = self.em
        return [
            (info.codepoint, place.x_offset / em, place.y_offset / em, place.x_advance / em)
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]


@cache
def face(name: str) -> Face:
    return Face(name)


@lru_cache(maxsize=1 << 15)
def script(char: str) -> str:
    """The script of a character as ISO 15924 writes it, such as Hang; empty for what all scripts use."""
    buffer = hb.Buffer()
    buffer.add_str(char)
    buffer.guess_segment_properties()
    found = buffer.script or ""
    return "" if found in SHARED else str(found)


def order(text: str) -> tuple[str, ...]:
    """The fonts for a text, the best first: Han characters look different in Korean, Japanese and both kinds of Chinese."""
    scripts = {script(char) for char in text}
    if "Hang" in scripts:
        return (KOREAN, *OTHERS, *_chinese(text), EMOJI)
    if scripts & {"Hira", "Kana"}:
        return (JAPANESE, *OTHERS, *_chinese(text), EMOJI)
    if scripts & {"Hani", "Bopo"}:
        return (*_chinese(text), *OTHERS, EMOJI)
    return FONTS


def _chinese(text: str) -> tuple[str, ...]:
    """Traditional before simplified where more of its characters are only in Big5 than only in GB 2312."""
    leaning = sum(_encodes(char, "big5") - _encodes(char, "gb2312") for char in text if script(char) == "Hani")
    return (TRADITIONAL, SIMPLIFIED, JAPANESE) if leaning > 0 else HAN


@lru_cache(maxsize=1 << 15)
def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _unseen(char: str) -> bool:
    """White space, joiners, direction marks, variation selectors: nothing to draw."""
    return char.isspace() or unicodedata.category(char) in {"Cf", "Cc"} or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _is_sequence(piece: str) -> bool:
    """Whether the piece is an emoji that is written with several characters."""
    if len(piece) == 1:
        return False
    return _is_picture(piece) and (
        any(char in piece for char in (ZERO_WIDTH_JOINER, "\u20e3"))
        or any("\U0001f1e6" <= char <= "\U0001f1ff" or "\U0001f3fb" <= char <= "\U0001f3ff" for char in piece)
        or any("\U000e0020" <= char <= "\U000e007f" for char in piece)
    )


def _is_picture(piece: str) -> bool:
    """Whether the piece is to be shown as an emoji rather than as a letter or sign."""
    return EMOJI_STYLE in piece or "\u20e3" in piece or any(emoji_presentation(char) for char in piece)


@lru_cache(maxsize=1 << 14)
def _face_for(piece: str, names: tuple[str, ...]) -> str:
    """The first of the fonts that has all of the piece, or none."""
    if len(piece) < 16 and _is_picture(piece) and face(EMOJI).has(piece):  # noqa: PLR2004  longer than any emoji
        return EMOJI
    return next((name for name in names if all(face(name).has(cluster) for cluster in clusters(piece))), "")


def _words(pieces: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Neighbours of one script together, each other piece alone; with the script, empty where all use it."""
    word: list[str] = []
    kind = ""
    for piece in pieces:
        found = script(piece[0])
        if word and (found != kind or not found):
            yield kind, word
            word = []
        kind = found
        word.append(piece)
    if word:
        yield kind, word


def _set(text: str, names: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(piece, font, script) for each piece of the text; the font is empty where none has it."""
    font = ""
    for kind, word in _words(clusters(text)):
        # A whole word in one font rather than each letter in the first that has it.
        whole = font if not kind and font not in {"", EMOJI} and not _is_picture(word[0]) and face(font).has(word[0]) else _face_for("".join(word), names)
        for piece in word:
            font = whole or _face_for(piece, names)
            yield piece, font, kind


def cannot_draw(text: str) -> list[str]:
    """The characters of the text that no font of the studio can draw, each once, in their order."""
    if ALONE.fullmatch(text) and all(ord(char) in face(KOREAN).covered for char in set(text)):
        return []  # nearly always: pages ask this of every scene
    names = order(text)
    return list(dict.fromkeys(piece for piece in clusters(text) if not all(_unseen(char) for char in piece) and not _face_for(piece, names)))


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph and its place on the line: to the right of the line's beginning and above its base line, in letters' sizes."""

    font: str
    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is set. `width` in letters' sizes; `tall` where its script needs more room above and below."""

    glyphs: tuple[Glyph, ...]
    width: float
    tall: bool

    def mask(self, pixels: float, *, size: tuple[int, int], left: float, base: float) -> npt.NDArray[np.uint8]:
        """The coverage of the letters in a picture of this size (0 to 255), the base line `base` pixels from its top."""
        width, height = size
        pen = hb.RasterDraw()
        pen.extents = hb.RasterExtents(x_origin=0, y_origin=0, width=width, height=height, stride=width)
        for glyph in self.glyphs:
            drawn = face(glyph.font)
            scale = pixels / drawn.em
            pen.transform = (scale, 0.0, 0.0, scale, left + glyph.x * pixels, height - base + glyph.y * pixels)
            pen.draw_glyph(drawn.font, glyph.number)
        image = pen.render()
        rows = np.frombuffer(image.buffer, np.uint8).reshape(height, -1)[:, :width]
        return np.ascontiguousarray(rows[::-1])  # HarfBuzz counts rows from below


def base_level(text: str) -> int:
    """0 for a text that begins from the left, 1 for one that begins from the right: its first letter decides."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in {"L", "R", "AL"}:
            return int(kind != "L")
    return 0


def _levels(text: str, base: int) -> list[int]:
    """The level of each character: odd ones run from the right."""
    if not base and not any(unicodedata.bidirectional(char) in RIGHT_TO_LEFT for char in text):
        return [0] * len(text)
    storage: dict[str, Any] = bidi.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, "LR"[base]
    bidi.get_embedding_levels(text, storage)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    return [char["level"] for char in storage["chars"]]


@lru_cache(maxsize=4096)
def set_line(text: str, names: tuple[str, ...], base: int) -> Line:
    """One line in the order in which it is seen. What no font has is left out: no empty boxes ever reach a film."""
    text = "".join(char for char in text.translate(ISOLATES) if unicodedata.bidirectional(char) not in bidi.X9_REMOVED)
    levels = _levels(text, base)
    parts: list[tuple[int, str, str, str]] = []  # level, font, script, text
    at, tall = 0, False
    for piece, font, kind in _set(text, names):
        level = levels[at]
        at += len(piece)
        tall = tall or kind in TALL
        if not font:
            continue
        if parts and parts[-1][:2] == (level, font) and (not kind or kind == parts[-1][2] or not parts[-1][2]):
            *_same, before, words = parts[-1]
            parts[-1] = (level, font, before or kind, words + piece)
        else:
            parts.append((level, font, kind, piece))
    glyphs: list[Glyph] = []
    x = 0.0
    for level, font, _kind, words in _seen(parts):
        for number, right, up, advance in face(font).shape(words, level=level):
            glyphs.append(Glyph(font, number, x + right, up))
            x += advance
    return Line(tuple(glyphs), x, tall)


def _seen(parts: list[tuple[int, str, str, str]]) -> list[tuple[int, str, str, str]]:
    """The parts from left to right (rule L2: from the highest level down, each stretch of that level or higher is turned around)."""
    parts = list(parts)
    for level in range(max((part[0] for part in parts), default=0), 0, -1):
        first = 0
        while first < len(parts):
            end = first
            while end < len(parts) and parts[end][0] >= level:
                end += 1
            parts[first:end] = parts[first:end][::-1]
            first = max(end, first + 1)
    return parts


def width(text: str, names: tuple[str, ...]) -> float:
    """The width of a piece of a line, in letters' sizes."""
    return set_line(text, names, base_level(text)).width
