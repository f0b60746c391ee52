"""The font that is shipped, and which characters it can draw."""

import struct
import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

FONT = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "NotoSansKR-Medium.otf"

ZERO_WIDTH_JOINER = "\u200d"
_SEGMENTS, _GROUPS = 4, 12  # the two cmap formats a modern font carries


@cache
def font(pixels: int) -> ImageFont.FreeTypeFont:
    """The shipped font at a size in pixels."""
    return ImageFont.truetype(FONT, pixels)


@cache
def covered() -> frozenset[int]:
    """Code points that the font has a glyph for, read from its cmap table (OpenType 1.9, formats 4 and 12)."""
    data = FONT.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sIII", data, 12 + 16 * number) for number in range(tables))
    start = next(offset for tag, _sum, offset, _length in records if tag == b"cmap")
    (subtables,) = struct.unpack_from(">H", data, start + 2)
    found: set[int] = set()
    for number in range(subtables):
        (offset,) = struct.unpack_from(">I", data, start + 4 + 8 * number + 4)
        (kind,) = struct.unpack_from(">H", data, start + offset)
        if kind == _SEGMENTS:
            found |= _from_segments(data, start + offset)
        elif kind == _GROUPS:
            found |= _from_groups(data, start + offset)
    return frozenset(found)


def _from_groups(data: bytes, at: int) -> set[int]:
    (count,) = struct.unpack_from(">I", data, at + 12)
    found: set[int] = set()
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * number)
        found.update(range(first + (glyph == 0), last + 1))
    return found


def _from_segments(data: bytes, at: int) -> set[int]:
    (doubled,) = struct.unpack_from(">H", data, at + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 2 * doubled)
    ranges_at = at + 16 + 3 * doubled
    ranges = struct.unpack_from(f">{count}H", data, ranges_at)
    found: set[int] = set()
    for number, (first, last, delta, shift) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if shift:
                (glyph,) = struct.unpack_from(">H", data, ranges_at + 2 * number + shift + 2 * (code - first))
            else:
                glyph = (code + delta) & 0xFFFF
            if glyph:
                found.add(code)
    return found


def clusters(text: str) -> list[str]:
    """The text in pieces that a reader sees as one character: a base with its marks, joined emoji, a pair of flag letters."""
    pieces: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        if pieces and (_continues(char) or pieces[-1].endswith(ZERO_WIDTH_JOINER) or _flag(pieces[-1], char)):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _continues(char: str) -> bool:
    return (
        char == ZERO_WIDTH_JOINER
        or unicodedata.category(char) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
    )


def _flag(piece: str, char: str) -> bool:
    return len(piece) == 1 and all("\U0001f1e6" <= letter <= "\U0001f1ff" for letter in piece + char)


def _unseen(char: str) -> bool:
    """White space, joiners, direction marks, variation selectors: nothing to draw."""
    return char.isspace() or unicodedata.category(char) in {"Cf", "Cc"} or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _has(piece: str) -> bool:
    if ZERO_WIDTH_JOINER in piece.strip(ZERO_WIDTH_JOINER):
        return False  # a joined emoji is one picture; drawn in its parts it would say something else
    return all(ord(char) in covered() for char in piece if not _unseen(char))


def missing_glyphs(text: str) -> list[str]:
    """The characters of the text that the font cannot draw, each once, in their order."""
    return list(dict.fromkeys(piece for piece in clusters(text) if not _has(piece)))


def drawable(text: str) -> str:
    """The text in composed form without what cannot be drawn: no boxes ever reach a film."""
    return "".join("".join(char for char in piece if char.isspace() or not _unseen(char)) for piece in clusters(text) if _has(piece))
