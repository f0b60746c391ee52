"""Reads the index of an MP4 film (ISO/IEC 14496-12 and -15) without ffmpeg."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from django.utils.translation import gettext_noop

from media.errors import MediaError

BOX_HEAD = 8
WIDE_HEAD = 16
MAX_INDEX = 64 * 1024 * 1024
NAL_LENGTH = 4  # bytes of the length field before a part of a sample
ENTRY_FIELDS = 78  # of a visual sample entry, before its boxes

type Boxes = dict[bytes, bytes]
type Runs = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Length:
    """Number of frames and exact duration of the video track, in `timescale` ticks a second."""

    frames: int
    ticks: int
    timescale: int

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.ticks, self.timescale)


@dataclass(frozen=True, slots=True)
class Track:
    """The H.264 track of a file that holds nothing else, with samples contiguous in decoding order.

    `steps` and `delays` are runs of (count, ticks): from one sample to the next, and from decoding
    to presentation on the film's clock (negative where that starts later). `keys` are the 0-based
    numbers of sync samples. `entry` holds the fields of the sample entry, `looks` its boxes of
    aspect and colour, `decoder` the content of its `avcC`.
    """

    timescale: int
    entry: bytes
    looks: Boxes
    decoder: bytes
    steps: Runs
    delays: Runs
    keys: list[int]
    sizes: list[int]
    start: int

    @property
    def size(self) -> tuple[int, int]:
        """Returns width and height in pixels."""
        width, height = struct.unpack_from(">HH", self.entry, 24)
        return width, height

    @property
    def length(self) -> Length:
        return Length(
            len(self.sizes), sum(count * step for count, step in self.steps), self.timescale
        )


def length(path: Path) -> Length:
    """Returns the length of the first video track. Raises MediaError (broken_input) if it is
    missing or truncated.
    """
    try:
        media, _edits = _video(_index(path))
        steps = _runs(_samples(media)[b"stts"])
        return Length(
            sum(count for count, _step in steps),
            sum(count * step for count, step in steps),
            _timescale(media),
        )
    except (OSError, struct.error, ValueError, KeyError) as error:
        raise damaged(repr(error)) from error


def track(path: Path) -> Track:
    """Returns the track of a segment encoded by this studio. Raises MediaError (broken_input) for
    other files.
    """
    try:
        media, edits = _video(_index(path))
        table = _samples(media)
        sizes = _sizes(table[b"stsz"])
        entry, looks = _description(table[b"stsd"])
        found = Track(
            timescale=_timescale(media),
            entry=entry,
            decoder=looks.pop(b"avcC"),
            looks={kind: looks[kind] for kind in (b"colr", b"pasp") if kind in looks},
            steps=_runs(table[b"stts"]),
            delays=_delays(table.get(b"ctts"), edits, len(sizes)),
            keys=[number - 1 for number in _numbers(table[b"stss"])]
            if b"stss" in table
            else list(range(len(sizes))),
            sizes=sizes,
            start=_start(table, sizes),
        )
    except (OSError, struct.error, ValueError, KeyError) as error:
        raise damaged(repr(error)) from error
    if any(
        sum(count for count, _ticks in runs) != len(sizes) for runs in (found.steps, found.delays)
    ) or found.keys[:1] != [0]:
        raise damaged("its tables do not fit together")
    if found.decoder[4] & 3 != NAL_LENGTH - 1:
        raise damaged("an unknown form of samples")
    return found


def picture(path: Path) -> list[tuple[int, int]]:
    """Returns offset and length of each sample of the first video track. Raises MediaError
    (broken_input) if it is missing or truncated.
    """
    try:
        media, _edits = _video(_index(path))
        table = _samples(media)
        sizes = _sizes(table[b"stsz"])
        return [
            (start + at, size)
            for start, held in _chunks(table, sizes)
            for at, size in zip(accumulate(held, initial=0), held, strict=False)
        ]
    except (OSError, struct.error, ValueError, KeyError) as error:
        raise damaged(repr(error)) from error


def damaged(detail: str) -> MediaError:
    """Returns the error for an invalid file."""
    return MediaError(
        gettext_noop("The film file is damaged or not complete."),
        code="broken_input",
        detail=detail,
    )


def _index(path: Path) -> bytes:
    """Returns the content of the `moov` box. Every box before it must be complete."""
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


def _video(index: bytes) -> tuple[Boxes, bytes | None]:
    """Returns the `mdia` boxes of the first video track, and its edit list if it has one."""
    for kind, content in _boxes(index):
        if kind == b"trak":
            boxes = dict(_boxes(content))
            media = dict(_boxes(boxes[b"mdia"]))
            if media[b"hdlr"][8:12] == b"vide":
                return media, dict(_boxes(boxes.get(b"edts", b""))).get(b"elst")
    raise ValueError("no video track")


def _samples(media: Boxes) -> Boxes:
    return dict(_boxes(dict(_boxes(media[b"minf"]))[b"stbl"]))


def _timescale(media: Boxes) -> int:
    head = media[b"mdhd"]
    (timescale,) = struct.unpack_from(">I", head, 20 if head[0] else 12)
    return int(timescale)


def _runs(table: bytes, value: str = "I") -> Runs:
    (count,) = struct.unpack_from(">I", table, 4)
    return list(struct.iter_unpack(f">I{value}", table[8 : 8 + 8 * count]))


def _numbers(table: bytes, at: int = 4, kind: str = "I") -> list[int]:
    """Reads a count and that many numbers."""
    (count,) = struct.unpack_from(">I", table, at)
    return list(struct.unpack_from(f">{count}{kind}", table, at + 4))


def _sizes(table: bytes) -> list[int]:
    same, count = struct.unpack_from(">II", table, 4)
    return [same] * count if same else _numbers(table, 8)


def _description(table: bytes) -> tuple[bytes, Boxes]:
    """Returns the fields and boxes of the only sample entry."""
    ((kind, entry),) = _boxes(table[8:])
    if kind != b"avc1":
        raise ValueError(f"samples of kind {kind!r}")
    return entry[:ENTRY_FIELDS], dict(_boxes(entry[ENTRY_FIELDS:]))


def _delays(table: bytes | None, edits: bytes | None, samples: int) -> Runs:
    """Returns the delays from decoding to presentation, on the clock set by the edit list."""
    first = 0
    if edits:
        ((first,),) = struct.iter_unpack(">8xq4x" if edits[0] else ">4xi4x", edits[8:])
        if first < 0:
            raise ValueError("it begins with nothing")
    if table is None:
        return [(samples, -first)]
    return [(count, delay - first) for count, delay in _runs(table, "i" if table[0] else "I")]


def _start(table: Boxes, sizes: list[int]) -> int:
    """Returns the offset of the first sample. The chunks must be contiguous."""
    chunks = list(_chunks(table, sizes))
    end = first = chunks[0][0]
    for start, held in chunks:
        if start != end:
            raise ValueError("its samples do not lie in one piece")
        end += sum(held)
    return first


def _chunks(table: Boxes, sizes: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Yields the offset of each chunk, and the sizes of its samples."""
    starts = _numbers(table[b"co64"], kind="Q") if b"co64" in table else _numbers(table[b"stco"])
    counts = {
        first: samples for first, samples, _entry in struct.iter_unpack(">III", table[b"stsc"][8:])
    }
    sample = count = 0
    for number, start in enumerate(starts, 1):
        count = counts.get(number, count)
        yield start, sizes[sample : sample + count]
        sample += count
    if sample != len(sizes):
        raise ValueError("its chunks hold more or fewer samples")
