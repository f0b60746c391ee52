"""Title and end cards: white text on black, as segments of their own."""

from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.sentences import clusters
from media import codec, ffmpeg, fonts
from media.caption_overlay import BLACK, FOOT, GREY, TALL, WHITE
from media.transitions import Fades
from media.yuv import Frame, Plane

FIRST_SHARE, OTHER_SHARE = 0.085, 0.05  # font sizes, in parts of the shorter side
PITCH = 1.4  # distance of two lines, in parts of the font size
ROOM = 0.8  # part of the width and of the height that text takes at most
STEP, SMALLEST = 0.9, 0.2  # text that does not fit is set smaller, down to this part of its size
SPLIT = 0.5  # below this part of its size a word that is too long is broken anywhere


def drawn(text: str, size: tuple[int, int]) -> Plane:
    """Returns the coverage of the letters of a card, from 0 to 255.

    The first line is larger than the others. Lines that are too long are broken between words;
    text that does not fit is set smaller.
    """
    names, base = fonts.order(text), fonts.base_level(text)
    shrink = 1.0
    while (rows := _rows(text, names, base, size, shrink)) is None and shrink > SMALLEST:
        shrink *= STEP
    fill = np.zeros((size[1], size[0]), np.uint8)
    rows = rows or []
    top = (size[1] - sum(height for _line, _pixels, height in rows)) / 2
    for line, pixels, height in rows:
        left = (size[0] - line.width * pixels) / 2
        base_line = top + height / 2 + pixels * FOOT
        np.maximum(fill, line.mask(pixels, size=size, left=left, base=base_line), out=fill)
        top += height
    return fill


type Row = tuple[fonts.Line, float, float]  # the line, its font size and its height in pixels


def _rows(
    text: str, names: tuple[str, ...], base: int, size: tuple[int, int], shrink: float
) -> list[Row] | None:
    """Returns the lines at this part of their size. None: they do not fit."""
    rows: list[Row] = []
    for number, paragraph in enumerate(text.splitlines()):
        pixels = (OTHER_SHARE if number else FIRST_SHARE) * min(size) * shrink
        room = size[0] * ROOM / pixels
        words = paragraph.split()
        if shrink < SPLIT:
            words = [piece for word in words for piece in _split(word, names, room)]
        for text_line in _broken(words, names, room):
            line = fonts.set_line(text_line, names, base)
            if line.width > room and shrink > SMALLEST:
                return None
            rows.append((line, pixels, pixels * PITCH * (TALL if line.tall else 1)))
    fits = sum(height for _line, _pixels, height in rows) <= size[1] * ROOM
    return rows if fits or shrink <= SMALLEST else None


def _broken(words: list[str], names: tuple[str, ...], room: float) -> Iterator[str]:
    """Yields lines of words that are at most so many letters' heights wide. One word is a line,
    however long; a paragraph without words is an empty line.
    """
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if line and fonts.width(longer, names) > room:
            yield line
            line = word
        else:
            line = longer
    yield line


def _split(word: str, names: tuple[str, ...], room: float) -> Iterator[str]:
    """Yields the word, or parts of it that are at most so many letters' heights wide."""
    part = ""
    for piece in clusters(word):
        if part and fonts.width(part + piece, names) > room:
            yield part
            part = ""
        part += piece
    yield part


def picture(text: str, size: tuple[int, int]) -> Image.Image:
    """Returns the card as it stands between its fades."""
    return Image.fromarray(drawn(text, size))


def encode_card(
    text: str,
    out: Path,
    *,
    frames: int,
    size: tuple[int, int],
    fps: int,
    should_stop: Callable[[], bool] = ffmpeg.never,
    on_progress: Callable[[int], None] = ffmpeg.ignore,
) -> None:
    """Writes a segment of exactly `frames` frames that comes from black and goes to black.

    The same inputs give the same bytes. `on_progress` receives percentages. Raises MediaError.
    """
    codec.check_size(size)
    share = np.asarray(drawn(text, size) / 255, np.float32)
    frame = Frame(size)
    frame.y[:] = _luma(share)
    frame.u[:] = frame.v[:] = GREY
    fade = min(fps // 2, frames // 4)
    ffmpeg.run(
        [
            *codec.raw_input(size, fps),
            "-vf",
            ",".join([*Fades(fade, fade).filters(frames), codec.COLOR_TAGS]),
            *codec.video_settings(fps),
        ],
        out=out,
        feed=repeat(frame.raw, frames),
        should_stop=should_stop,
        on_frame=lambda done: on_progress(done * 100 // frames),
    )


def _luma(share: npt.NDArray[np.float32]) -> Plane:
    return np.asarray(np.rint(BLACK + share * (WHITE - BLACK)), np.uint8)
