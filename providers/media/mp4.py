"""The exact length of an MP4 film, read from its own index (ISO/IEC 14496-12): frames and ticks, without starting ffmpeg."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from django.utils.translation import gettext_noop

from providers.media.errors import MediaError

BOX_HEAD = 8
WIDE_HEAD = 16
MAX_INDEX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Length:
    """Number of frames and exact duration of the video track, in `timescale` ticks a second."""

    frames: int
    ticks: int
    timescale: int

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.ticks, self.timescale)


def length(path: Path) -> Length:
    """Length of the first video track. Raises MediaError (broken_input) when the file has none or is cut short."""
    try:
        found = next(_video_lengths(_index(path)), None)
    except (OSError, struct.error, ValueError) as error:
        raise _broken(str(error)) from error
    if found is None:
        raise _broken("no video track")
    return found


def _broken(detail: str) -> MediaError:
    return MediaError(gettext_noop("The film file is damaged or not complete."), code="broken_input", detail=detail)


def _index(path: Path) -> bytes:
    """The content of the `moov` box; every box before it must be whole."""
    with path.open("rb") as file:
        end = path.stat().st_size
        at = 0
        while at + BOX_HEAD <= end:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(BOX_HEAD))
            head = BOX_HEAD
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8))
                head = WIDE_HEAD
            if size < head or at + size > end:
                raise ValueError(f"box {kind!r} reaches past the end")
            if kind == b"moov":
                if size > MAX_INDEX:
                    raise ValueError("the index is too large")
                return file.read(size - head)
            at += size
    raise ValueError("no index")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + BOX_HEAD <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < BOX_HEAD or at + size > len(data):
            raise ValueError(f"box {kind!r} is damaged")
        yield kind, data[at + BOX_HEAD : at + size]
        at += size


def _video_lengths(index: bytes) -> Iterator[Length]:
    for kind, track in _boxes(index):
        if kind != b"trak":
            continue
        media = dict(_boxes(dict(_boxes(track))[b"mdia"]))
        if media[b"hdlr"][8:12] != b"vide":
            continue
        head = media[b"mdhd"]
        (timescale,) = struct.unpack_from(">I", head, 20 if head[0] else 12)
        table = dict(_boxes(dict(_boxes(media[b"minf"]))[b"stbl"]))[b"stts"]
        (count,) = struct.unpack_from(">I", table, 4)
        runs = list(struct.iter_unpack(">II", table[8 : 8 + 8 * count]))
        yield Length(sum(frames for frames, _step in runs), sum(frames * step for frames, step in runs), timescale)
