"""The bundled fonts: which one has a character, and how a line of text is set.

HarfBuzz shapes the text and the Unicode bidirectional algorithm orders it. Each part uses the first
font that has all its characters.
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

from core.sentences import ALONE, clusters

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "fonts"

KOREAN = "NotoSansKR-Medium.otf"
LATIN = "NotoSans-Medium.ttf"  # also Greek, Cyrillic, Vietnamese and Devanagari
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
TALL = frozenset({"Arab", "Deva", "Thai"})  # marks above and below need taller lines
SHARED = frozenset(
    {"", "Zyyy", "Zinh"}
)  # scripts of common characters: spaces, digits, punctuation, marks


class Face:
    """One font file."""

    def __init__(self, name: str) -> None:
        self.name = name
        face = hb.Face(hb.Blob.from_file_path(str(FOLDER / name)))
        self.font = hb.Font(face)
        self.em = int(face.upem)
        self.covered = frozenset(face.unicodes)

    def has(self, piece: str) -> bool:
        """Returns whether each visible character has a glyph;
        an emoji sequence must be one glyph.
        """
        if not all(ord(char) in self.covered for char in piece if not _unseen(char)):
            composed = unicodedata.normalize("NFC", piece)
            return composed != piece and self.has(composed)
        return not _is_sequence(piece) or self._is_one_picture(piece)

    def _is_one_picture(self, piece: str) -> bool:
        # The separate parts of a joined emoji would have another meaning.
        return (
            self.name == EMOJI
            and sum(advance > 0 for _glyph, _x, _y, advance in self.shape(piece, level=0)) == 1
        )

    def shape(self, text: str, *, level: int) -> list[tuple[int, float, float, float]]:
        """Returns (glyph, x offset, y offset, advance) relative to the font size, from left to
        right.
        """
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
    """Returns the ISO 15924 script of a character, such as Hang, or an empty string for common
    ones.
    """
    buffer = hb.Buffer()
    buffer.add_str(char)
    buffer.guess_segment_properties()
    found = buffer.script or ""
    return "" if found in SHARED else str(found)


def order(text: str) -> tuple[str, ...]:
    """Returns the fonts for a text, best first. Han characters differ in Korean, Japanese and both
    Chinese scripts.
    """
    scripts = {script(char) for char in text}
    if "Hang" in scripts:
        return (KOREAN, *OTHERS, *_chinese(text), EMOJI)
    if scripts & {"Hira", "Kana"}:
        return (JAPANESE, *OTHERS, *_chinese(text), EMOJI)
    if scripts & {"Hani", "Bopo"}:
        return (*_chinese(text), *OTHERS, EMOJI)
    return FONTS


def _chinese(text: str) -> tuple[str, ...]:
    """Orders traditional before simplified if more characters are only in Big5 than only in GB
    2312.
    """
    leaning = sum(
        _encodes(char, "big5") - _encodes(char, "gb2312") for char in text if script(char) == "Hani"
    )
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
    """Returns whether a character is invisible: white space, joiners, direction marks, variation
    selectors.
    """
    return (
        char.isspace()
        or unicodedata.category(char) in {"Cf", "Cc"}
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def _is_sequence(piece: str) -> bool:
    """Returns whether the piece is an emoji sequence of several characters."""
    if len(piece) == 1:
        return False
    return _is_picture(piece) and (
        any(char in piece for char in (ZERO_WIDTH_JOINER, "\u20e3"))
        or any(
            "\U0001f1e6" <= char <= "\U0001f1ff" or "\U0001f3fb" <= char <= "\U0001f3ff"
            for char in piece
        )
        or any("\U000e0020" <= char <= "\U000e007f" for char in piece)
    )


def _is_picture(piece: str) -> bool:
    """Returns whether the piece is displayed as an emoji rather than as text."""
    return (
        EMOJI_STYLE in piece or "\u20e3" in piece or any(emoji_presentation(char) for char in piece)
    )


@lru_cache(maxsize=1 << 14)
def _face_for(piece: str, names: tuple[str, ...]) -> str:
    """Returns the first font that has the whole piece, or none."""
    # Longer than any emoji
    if len(piece) < 16 and _is_picture(piece) and face(EMOJI).has(piece):  # noqa: PLR2004
        return EMOJI
    return next(
        (name for name in names if all(face(name).has(cluster) for cluster in clusters(piece))), ""
    )


def _words(pieces: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Groups neighbours of one script, leaving other pieces alone; the script is empty for common
    ones.
    """
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
    """Returns (piece, font, script) for each piece. The font is empty if none has it."""
    font = ""
    for kind, word in _words(clusters(text)):
        # A whole word in one font rather than each letter in the first that has it.
        whole = (
            font
            if not kind
            and font not in {"", EMOJI}
            and not _is_picture(word[0])
            and face(font).has(word[0])
            else _face_for("".join(word), names)
        )
        for piece in word:
            font = whole or _face_for(piece, names)
            yield piece, font, kind


def cannot_draw(text: str) -> list[str]:
    """Returns the distinct characters of the text that no bundled font has, in order."""
    if ALONE.fullmatch(text) and all(ord(char) in face(KOREAN).covered for char in set(text)):
        return []  # the usual case: pages check every scene
    names = order(text)
    return list(
        dict.fromkeys(
            piece
            for piece in clusters(text)
            if not all(_unseen(char) for char in piece) and not _face_for(piece, names)
        )
    )


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph and its offset from the start of the line and above its baseline, relative to the
    font size.
    """

    font: str
    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A typeset line. `width` is relative to the font size; `tall` marks scripts that need more
    height.
    """

    glyphs: tuple[Glyph, ...]
    width: float
    tall: bool

    def mask(
        self, pixels: float, *, size: tuple[int, int], left: float, base: float
    ) -> npt.NDArray[np.uint8]:
        """Returns the coverage of the letters in an image of this size (0 to 255), with the
        baseline `base` pixels from its top.
        """
        width, height = size
        pen = hb.RasterDraw()
        pen.extents = hb.RasterExtents(
            x_origin=0, y_origin=0, width=width, height=height, stride=width
        )
        for glyph in self.glyphs:
            drawn = face(glyph.font)
            scale = pixels / drawn.em
            pen.transform = (
                scale,
                0.0,
                0.0,
                scale,
                left + glyph.x * pixels,
                height - base + glyph.y * pixels,
            )
            pen.draw_glyph(drawn.font, glyph.number)
        image = pen.render()
        rows = np.frombuffer(image.buffer, np.uint8).reshape(height, -1)[:, :width]
        return np.ascontiguousarray(rows[::-1])  # HarfBuzz counts rows from below


def base_level(text: str) -> int:
    """Returns 0 for left-to-right and 1 for right-to-left text, by its first letter."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in {"L", "R", "AL"}:
            return int(kind != "L")
    return 0


def _levels(text: str, base: int) -> list[int]:
    """Returns the bidi level of each character. Odd levels run from right to left."""
    if not base and not any(unicodedata.bidirectional(char) in RIGHT_TO_LEFT for char in text):
        return [0] * len(text)
    storage: dict[str, Any] = bidi.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, "LR"[base]
    bidi.get_embedding_levels(text, storage)
    for char in storage["chars"]:
        # Unicode gives noncharacters and unassigned code points no class, and bidi rejects them.
        char["type"] = char["type"] or "ON"
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    return [char["level"] for char in storage["chars"]]


@lru_cache(maxsize=4096)
def set_line(text: str, names: tuple[str, ...], base: int) -> Line:
    """Sets one line in visual order. Characters without a font are left out, so no film shows empty
    boxes.
    """
    text = "".join(
        char
        for char in text.translate(ISOLATES)
        if unicodedata.bidirectional(char) not in bidi.X9_REMOVED
    )
    levels = _levels(text, base)
    parts: list[tuple[int, str, str, str]] = []  # level, font, script, text
    at, tall = 0, False
    for piece, font, kind in _set(text, names):
        level = levels[at]
        at += len(piece)
        tall = tall or kind in TALL
        if not font:
            continue
        if (
            parts
            and parts[-1][:2] == (level, font)
            and (not kind or kind == parts[-1][2] or not parts[-1][2])
        ):
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
    """Returns the parts from left to right.

    Rule L2: from the highest level down, each run of that level or higher is reversed.
    """
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
    """Returns the width of a piece of a line, relative to the font size."""
    return set_line(text, names, base_level(text)).width
