"""The font that is shipped, and which characters it can draw."""

import struct
import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

FONT = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "NotoSansKR-Medium.otf"

ZERO_WIDTH_JOINER = "\u200d"
GROUPS = struct.pack(">H", 12)  # the cmap format that holds every code point


@cache
def font(pixels: int) -> ImageFont.FreeTypeFont:
    """The shipped font at a size in pixels."""
    return ImageFont.truetype(FONT, pixels)


@cache
def covered() -> frozenset[int]:
    """Code points that the font has a glyph for, read from its cmap table (OpenType 1.9, format 12: groups of neighbours)."""
    with FONT.open("rb") as file:
        (tables,) = struct.unpack(">4xH6x", file.read(12))
        places = {tag: (start, size) for tag, start, size in struct.iter_unpack(">4s4xII", file.read(16 * tables))}
        start, size = places[b"cmap"]
        file.seek(start)
        cmap = file.read(size)
    (subtables,) = struct.unpack_from(">2xH", cmap)
    at = next(at for (at,) in struct.iter_unpack(">4xI", cmap[4 : 4 + 8 * subtables]) if cmap.startswith(GROUPS, at))
    (count,) = struct.unpack_from(">I", cmap, at + 12)
    groups = struct.iter_unpack(">III", cmap[at + 16 : at + 16 + 12 * count])
    return frozenset(code for first, last, glyph in groups for code in range(first + (glyph == 0), last + 1))


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
