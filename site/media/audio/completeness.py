# ruff: noqa: PLR2004  places, sizes and bit masks of the formats
"""Notices that a sound file was cut short.

Decoders play what there is of such a file and report nothing, so the length that the container
states is compared with the file. A container that states none passes.
"""

import mmap
from collections.abc import Callable
from pathlib import Path

UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF})  # written by encoders that could not seek back
OGG_PAGE = 27  # bytes of a page's head, before the table of its segments
OGG_LONGEST_PAGE = OGG_PAGE + 255 + 255 * 255
OGG_LAST = 4  # the flag of a stream's last page
MP3_HEAD = 4
MP3_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MP3_BITRATES_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}

type Data = mmap.mmap


def is_cut_short(path: Path) -> bool:
    """Return whether the file ends before the sound that its container states."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        check = _check_for(data)
        return check is not None and check(data)


def stated_seconds(path: Path) -> float | None:
    """Return the length that the head of a FLAC file states; None if it states none."""
    with path.open("rb") as file:
        head = file.read(26)
    if len(head) < 26 or head[:4] != b"fLaC":
        return None
    rate = int.from_bytes(head[18:21]) >> 4
    samples = int.from_bytes(head[21:26]) & 0xF_FFFF_FFFF
    return samples / rate if rate and samples else None


def _check_for(data: Data) -> Callable[[Data], bool] | None:
    head = bytes(data[:12])
    if head[:4] in {b"RIFF", b"RF64"} and head[8:] == b"WAVE":
        return _wav
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        return _aiff
    if head[:4] == b"OggS":
        return _ogg
    if head[4:8] == b"ftyp":
        return _mp4
    if head[:3] == b"ID3" or (head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return _mp3
    return None


def _wav(data: Data) -> bool:
    at, long_size = 12, 0
    while at + 8 <= len(data):
        name, size = bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"ds64":
            long_size = int.from_bytes(data[at + 16 : at + 24], "little")
        if name == b"data":
            if size == 0xFFFFFFFF and long_size:
                size = long_size
            return size not in UNKNOWN_SIZES and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return at > len(data)


def _aiff(data: Data) -> bool:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8])
        if bytes(data[at : at + 4]) == b"SSND":
            return size not in UNKNOWN_SIZES and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return at > len(data)


def _ogg(data: Data) -> bool:
    """The last page must be whole and marked as the last of its stream."""
    at = data.rfind(b"OggS", max(0, len(data) - OGG_LONGEST_PAGE))
    if at < 0 or at + OGG_PAGE > len(data):
        return True
    segments = data[at + OGG_PAGE - 1]
    table = data[at + OGG_PAGE : at + OGG_PAGE + segments]
    end = at + OGG_PAGE + segments + sum(table)
    return len(table) < segments or end > len(data) or not data[at + 5] & OGG_LAST


def _mp4(data: Data) -> bool:
    """Every box at the top level must end within the file."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        if size == 0:  # up to the end of the file, wherever that is
            return False
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16])
        if size < 8:
            return False
        at += size
    return at > len(data)


def _mp3(data: Data) -> bool:
    """The frames must be as many bytes as the first one states, and the last one must be whole."""
    at = _after_id3(data)
    if (stated := _stated_bytes(data, at)) is not None:
        return at + stated > len(data)
    while at + MP3_HEAD <= len(data):
        length = _frame_bytes(data, at)
        if length is None:  # a tag at the end, or what the decoder judges
            return False
        at += length
    return at > len(data)


def _after_id3(data: Data) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if data[5] & 0x10 else 0)


def _stated_bytes(data: Data, at: int) -> int | None:
    """The bytes of all frames by the Xing, Info or VBRI head of an encoder, None without one."""
    first = bytes(data[at : at + 200])
    for name in (b"Xing", b"Info"):
        if (found := first.find(name)) >= 0:
            flags = int.from_bytes(first[found + 4 : found + 8])
            place = found + 8 + (4 if flags & 1 else 0)
            return (int.from_bytes(first[place : place + 4]) or None) if flags & 2 else None
    if (found := first.find(b"VBRI")) >= 0:
        return int.from_bytes(first[found + 10 : found + 14]) or None
    return None


def _frame_bytes(data: Data, at: int) -> int | None:
    """The length of the layer III frame that begins here, None if none does."""
    head = int.from_bytes(data[at : at + MP3_HEAD])
    version, layer = head >> 19 & 3, head >> 17 & 3
    bitrate, rate = head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or layer != 1 or version == 1 or bitrate in {0, 15} or rate == 3:
        return None
    thousands = (MP3_BITRATES if version == 3 else MP3_BITRATES_LOW)[bitrate]
    spread = 144 if version == 3 else 72
    return spread * thousands * 1000 // MP3_RATES[version][rate] + (head >> 9 & 1)
