"""Builds the head of an MP4 joined from segments (ISO/IEC 14496-12 and -15),
with combined tables.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from media.mp4 import Length, Runs, Track

FILE_TYPE = b"isom\x00\x00\x02\x00isomiso2avc1mp41"
UNTURNED = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
UNDETERMINED = 0x55C4  # the language "und" in three groups of five bits
SHORT = 2**31  # bytes; larger films use 64-bit offsets

type Piece = bytes | tuple[int, int]


def whole(track: Track) -> Piece:
    """Returns the offset and length in bytes of all samples of a segment."""
    return track.start, sum(track.sizes)


def pieces(track: Track) -> Iterator[Piece]:
    """Returns the same pieces with the decoder parameters inserted before each sync sample."""
    at = track.start
    for first, end in pairwise([*track.keys, len(track.sizes)]):
        yield _parameters(track.decoder)
        yield at, (length := sum(track.sizes[first:end]))
        at += length


def carrying(track: Track) -> Track:
    """Returns the track as it is in a film that holds its `pieces`."""
    sizes, more = list(track.sizes), len(_parameters(track.decoder))
    for key in track.keys:
        sizes[key] += more
    return replace(track, sizes=sizes)


def _parameters(decoder: bytes) -> bytes:
    """Returns the parameter sets of an `avcC`, each prefixed with a four-byte length as in a
    sample.
    """
    found, at = b"", 5
    for mask in (0x1F, 0xFF):
        count = decoder[at] & mask
        at += 1
        for _set in range(count):
            (size,) = struct.unpack_from(">H", decoder, at)
            found += struct.pack(">I", size) + decoder[at + 2 : at + 2 + size]
            at += 2 + size
    return found


def length(tracks: Sequence[Track]) -> Length:
    """Returns the length of the film of these segments."""
    parts = [track.length for track in tracks]
    return Length(
        sum(part.frames for part in parts), sum(part.ticks for part in parts), parts[0].timescale
    )


def head(tracks: Sequence[Track], *, title: str, comment: str) -> bytes:
    """Returns the film's bytes before its samples: type, index and the header of the box around
    them.
    """
    data = sum(sum(track.sizes) for track in tracks)
    before = (
        struct.pack(">I4sQ", 1, b"mdat", data + 16)
        if data >= SHORT
        else struct.pack(">I4s", data + 8, b"mdat")
    )
    kind, atom = _box(b"ftyp", FILE_TYPE), _metadata(title, comment)
    begin = len(kind) + len(_index(tracks, 0, atom)) + len(before)
    return kind + _index(tracks, begin, atom) + before


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _table(kind: bytes, count: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">II", 0, count), *content)


def _numbers(numbers: Iterable[int], kind: str = "I") -> bytes:
    values = list(numbers)
    return struct.pack(f">{len(values)}{kind}", *values)


def _index(tracks: Sequence[Track], begin: int, atom: bytes) -> bytes:
    """Returns the `moov` box of a film whose samples start at `begin`."""
    film, (width, height) = length(tracks), tracks[0].size
    clock = -min(
        delay for track in tracks for _count, delay in track.delays
    )  # the delay after which no frame is shown before it is decoded
    return _box(
        b"moov",
        _box(
            b"mvhd",
            struct.pack(
                ">5IIH10x36s24xI", 0, 0, 0, film.timescale, film.ticks, 0x10000, 0x100, UNTURNED, 2
            ),
        ),
        _box(
            b"trak",
            _box(
                b"tkhd",
                struct.pack(
                    ">6I16x36sII", 3, 0, 0, 1, 0, film.ticks, UNTURNED, width << 16, height << 16
                ),
            ),
            _box(b"edts", _table(b"elst", 1, struct.pack(">IiI", film.ticks, clock, 0x10000))),
            _box(
                b"mdia",
                _box(
                    b"mdhd",
                    struct.pack(">5IHH", 0, 0, 0, film.timescale, film.ticks, UNDETERMINED, 0),
                ),
                _box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide"), b"VideoHandler\x00"),
                _box(
                    b"minf",
                    _box(b"vmhd", struct.pack(">I8x", 1)),
                    _box(b"dinf", _table(b"dref", 1, _box(b"url ", struct.pack(">I", 1)))),
                    _samples(tracks, begin, clock),
                ),
            ),
        ),
        atom,
    )


def _samples(tracks: Sequence[Track], begin: int, clock: int) -> bytes:
    """Returns the sample table. The samples of a segment form one chunk."""
    first = tracks[0]
    entry = _box(
        b"avc1",
        first.entry,
        _box(b"avcC", first.decoder),
        *(_box(kind, look) for kind, look in first.looks.items()),
    )
    frames = [len(track.sizes) for track in tracks]
    keys = [
        before + key + 1
        for before, track in zip(accumulate(frames, initial=0), tracks, strict=False)
        for key in track.keys
    ]
    *starts, end = accumulate((sum(track.sizes) for track in tracks), initial=begin)
    return _box(
        b"stbl",
        _table(b"stsd", 1, entry),
        _runs(b"stts", (run for track in tracks for run in track.steps)),
        _table(b"stss", len(keys), _numbers(keys)),
        _runs(
            b"ctts", ((count, delay + clock) for track in tracks for count, delay in track.delays)
        ),
        _table(
            b"stsc",
            len(tracks),
            *(struct.pack(">III", number, count, 1) for number, count in enumerate(frames, 1)),
        ),
        _box(
            b"stsz",
            struct.pack(">III", 0, 0, sum(frames)),
            *(_numbers(track.sizes) for track in tracks),
        ),
        _table(b"co64", len(starts), _numbers(starts, "Q"))
        if end - begin >= SHORT
        else _table(b"stco", len(starts), _numbers(starts)),
    )


def _runs(kind: bytes, runs: Iterable[tuple[int, int]]) -> bytes:
    """Merges equal neighbours in a table of runs."""
    merged: Runs = []
    for count, value in runs:
        if merged and merged[-1][1] == value:
            merged[-1] = merged[-1][0] + count, value
        else:
            merged.append((count, value))
    return _table(kind, len(merged), *(struct.pack(">II", *run) for run in merged))


def _metadata(title: str, comment: str) -> bytes:
    """Returns title and comment in the format of iTunes and ffmpeg."""
    words = {b"\xa9nam": title, b"\xa9cmt": comment}
    entries = [
        _box(name, _box(b"data", struct.pack(">II", 1, 0), text.encode()))
        for name, text in words.items()
        if text
    ]
    return _box(
        b"udta",
        _box(
            b"meta",
            bytes(4),
            _box(b"hdlr", struct.pack(">II4s4s9x", 0, 0, b"mdir", b"appl")),
            _box(b"ilst", *entries),
        ),
    )
