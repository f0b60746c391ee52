"""Imports clips: one check for uploads and provider results, and one storage format.

A clip that every browser plays is stored as it is, without camera metadata (place, device); any
other is re-encoded as H.264. `ingested` does so in a limited process; everything here may run in
that process and uses no settings.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext_noop

from core.limited_process import LimitedError, run_limited
from core.localized_messages import LocalizedMessage
from media import clip_normalization, codec, ffmpeg
from media.errors import MediaError
from media.image_import import media_error_of
from media.probe import MAX_FRAMES, Probe

MAX_BYTES = 256 * 1024 * 1024
MAX_SIDE = 8192
MAX_AREA = 36_000_000  # pixels of a frame
MAX_MINUTES = 60
KEPT_SIDE = {
    False: 3840,
    True: 2560,
}  # of an encoded clip; HDR frames take twelve bytes a pixel on their way
THREADS = "2"
KEPT_CRF = 16

# Limits of the process that reads a clip, ffmpeg included
MEMORY = 1536 * 1024 * 1024
SECONDS = 300
MAX_OUTPUT = 1024 * 1024 * 1024

MP4_BOXES = frozenset(
    {
        b"ftyp",
        b"moov",
        b"mdat",
        b"wide",
        b"free",
        b"skip",
        b"pnot",
        b"moof",
        b"styp",
        b"sidx",
        b"uuid",
        b"meta",
        b"udta",
        b"mfra",
        b"pdin",
    }
)
QUICKTIME_FIRST = frozenset(
    {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
)  # older files have no ftyp
PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"avif", b"heim", b"heis")
EBML = b"\x1a\x45\xdf\xa3"
NESTED = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})

# ffmpeg's messages about frames that it could not read completely
DAMAGE = (
    "Invalid data found",
    "error while decoding",
    "partial file",
    "ended prematurely",
    "ends prematurely",
    "Truncat",
    "corrupt",
    "concealing",
    "missing picture in access unit",
    "Error submitting packet",
    "Decode error",
    "decode_slice",
    "damaged",
)
PLAYED = {  # by browsers, in which container; pixels of 8 bits, 4:2:0
    "mp4": frozenset({"h264"}),
    "webm": frozenset({"vp8", "vp9", "av1"}),
}
PLAYED_SOUND = {"mp4": frozenset({"aac", "mp3"}), "webm": frozenset({"opus", "vorbis"})}

ENCODED = gettext_noop(
    "The clip was converted, so that browsers play it and its colours are right: %(what)s."
)
ON_BLACK = gettext_noop("Transparent parts of the clip are shown on black.")
NOT_A_CLIP = gettext_noop(
    "The file is not a clip that can be read: MP4, MOV, WebM and Matroska (MKV) are."
)
NO_VIDEO = gettext_noop("The file has no moving picture: it holds only sound or a still picture.")
DAMAGED = gettext_noop("The clip is damaged or not complete: not all of its pictures can be read.")


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored clip. `notes` describe changes that a user would want to know."""

    path: Path
    extension: str
    mime: str
    size: tuple[int, int]
    duration_ms: int
    notes: tuple[LocalizedMessage, ...]
    has_sound: bool


def _refuse(template: str, detail: str = "", **values: str | float) -> MediaError:
    return MediaError(template, code="broken_input", detail=detail, **values)


def container(path: Path) -> str:
    """Returns `mp4` (and QuickTime) or `webm` (and Matroska), by content. Raises MediaError for
    others.
    """
    with path.open("rb") as file:
        head = file.read(32)
    if head[:4] == EBML:
        return "webm"
    kind = head[4:8]
    if kind == b"ftyp" and head[8:12] in PICTURE_BRANDS:
        raise _refuse(NO_VIDEO)
    if kind == b"ftyp" or kind in QUICKTIME_FIRST:
        return "mp4"
    raise _refuse(NOT_A_CLIP)


def check_boxes(path: Path) -> None:
    """Checks that an MP4 is complete, and its number of samples, before anything is decoded.

    A small file may declare millions of overlapping samples, each of which would be read.
    """
    size = path.stat().st_size
    samples = 0
    with path.open("rb") as file:
        for kind, start, end in _boxes(file, 0, size):
            if end > size:
                raise _refuse(
                    gettext_noop("The clip is not complete: %(missing)s of its bytes are missing."),
                    missing=end - size,
                )
            if kind == b"moov":
                samples += _samples(file, start, end)
    if samples > MAX_FRAMES * 2:  # sound also has samples
        raise _refuse(
            gettext_noop("The clip is too long: at most %(most)s frames are read."), most=MAX_FRAMES
        )


def _boxes(file: IO[bytes], at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yields (kind, start of content, end) of each box. An unknown tail is no box."""
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        start = at + 8
        if size == 1:
            wide = file.read(8)
            if len(wide) < 8:  # noqa: PLR2004  a 64-bit size
                return
            (size,) = struct.unpack(">Q", wide)
            start += 8
        elif size == 0:
            size = end - at
        if size < start - at:
            return
        if at + size > end and kind not in MP4_BOXES | NESTED | {b"stsz", b"stz2"}:
            return  # data after the last box
        yield kind, start, at + size
        at += size


def _samples(file: IO[bytes], start: int, end: int) -> int:
    """Returns the number of samples declared by the tables within a box."""
    found = 0
    for kind, begin, stop in _boxes(file, start, end):
        if kind in NESTED:
            found += _samples(file, begin, min(stop, end))
        elif kind in {b"stsz", b"stz2"}:
            file.seek(begin + 8)
            count = file.read(4)
            found += struct.unpack(">I", count)[0] if len(count) == 4 else 0  # noqa: PLR2004
    return found


def look(path: Path) -> tuple[Probe, str]:
    """Returns facts and container of an acceptable clip. Raises MediaError with a message for
    people.
    """
    if path.stat().st_size > MAX_BYTES:
        raise _refuse(
            gettext_noop("The clip is too large: at most %(most)s MB are read."),
            most=MAX_BYTES // (1024 * 1024),
        )
    kind = container(path)
    if kind == "mp4":
        check_boxes(path)
    try:
        probe = ffmpeg.probe(path)
    except MediaError as error:
        if "matches no streams" in error.detail:
            raise _refuse(NO_VIDEO, error.detail) from error
        raise
    # A moving stream has two
    if probe.still or probe.frames < 2 or not probe.duration_ms:  # noqa: PLR2004
        raise _refuse(NO_VIDEO)
    if max(probe.width, probe.height) > MAX_SIDE or probe.width * probe.height > MAX_AREA:
        raise _refuse(
            gettext_noop("The clip is too large: %(width)s x %(height)s pixels."),
            width=probe.width,
            height=probe.height,
        )
    if probe.duration_ms > MAX_MINUTES * 60_000:
        raise _refuse(
            gettext_noop("The clip is too long: at most %(most)s minutes are read."),
            most=MAX_MINUTES,
        )
    return probe, kind


def reasons(probe: Probe, kind: str) -> list[str]:
    """Returns technical reasons why the clip must be re-encoded, or none."""
    found = {
        probe.video_codec: probe.video_codec not in PLAYED[kind],
        probe.pix_fmt: probe.pix_fmt not in {"yuv420p", "yuvj420p"} and not probe.alpha,
        "alpha": probe.alpha,
        "HDR": probe.hdr,
        probe.primaries: probe.primaries in {"bt2020", "smpte432", "smpte431"} and not probe.hdr,
        "interlaced": bool(probe.interlaced),
        f"SAR {probe.sar.numerator}:{probe.sar.denominator}": probe.sar != 1,
        f"{probe.rotation}°": bool(probe.rotation % 360),
    }
    return [reason for reason, applies in found.items() if applies]


def clean_file(source: str, target: str) -> dict[str, Any]:
    """Checks a clip to its end and rewrites it. Runs in the limited process."""
    path, out = Path(source), Path(target)
    probe, kind = look(path)
    why = reasons(probe, kind)
    notes = []
    if why:
        _encode(path, out, probe)
        kind = "mp4"
        notes.append([ENCODED, {"what": ", ".join(why)}])
        if probe.alpha:
            notes.append([ON_BLACK, {}])
    else:
        _check(
            probe,
            *ffmpeg.watch(
                [*_opened(path), "-fps_mode", "passthrough", "-f", "null", "-"],
                limit_seconds=SECONDS,
            ),
        )
        _copy(path, out, probe, kind)
    kept = ffmpeg.probe(out)
    return {
        "kind": kind,
        "size": [kept.width, kept.height],
        "duration_ms": kept.duration_ms,
        "notes": notes,
        "has_sound": kept.has_audio,
    }


def _opened(path: Path, probe: Probe | None = None) -> list[str]:
    return [
        *(
            "-threads",
            THREADS,
            *ffmpeg.INPUT_GUARD,
            *(clip_normalization.input_options(probe) if probe else []),
            "-i",
            f"file:{path}",
        ),
        *("-map", "0:V:0", "-filter_threads", "1"),
    ]


def _check(probe: Probe, frames: int, output: str) -> None:
    """Checks that everything was decoded: no warnings, and as many frames as packets."""
    # Two packets of interlaced video may be one frame; a cut clip may start with dependent ones.
    least = (
        probe.frames // 2
        if probe.interlaced is not False
        else probe.frames - max(4, probe.frames // 20)
    )
    if frames < max(1, least) or any(sign in output for sign in DAMAGE):
        raise _refuse(DAMAGED, output)


def _copy(path: Path, out: Path, probe: Probe, kind: str) -> None:
    """Copies the streams to a new container without metadata, chapters or trailing data."""
    sound = [
        "-map",
        "0:a:0?",
        "-c:a",
        "copy"
        if probe.audio_codec in PLAYED_SOUND[kind]
        else {"mp4": "aac", "webm": "libopus"}[kind],
    ]
    box = ["-movflags", "+faststart", "-f", "mp4"] if kind == "mp4" else ["-f", "webm"]
    bare = [
        "-map_metadata",
        "-1",
        "-map_metadata:s",
        "-1",
        "-map_chapters",
        "-1",
        "-fflags",
        "+bitexact",
        "-flags",
        "+bitexact",
    ]
    ffmpeg.run(
        [*_opened(path), *sound, "-c:v", "copy", *bare, *box], out=out, limit_seconds=SECONDS
    )


def _encode(path: Path, out: Path, probe: Probe) -> None:
    """Re-encodes the clip as 8-bit H.264 in BT.709, at its own rate and at most film size."""
    most = KEPT_SIDE[probe.hdr]
    larger = max(probe.width, probe.height) > most
    fit = (
        [
            (
                f"scale=w='min(iw,{most})':h='min(ih,{most})'"
                ":force_original_aspect_ratio=decrease:force_divisible_by=2"
            )
        ]
        if larger
        else []
    )
    chain = [
        *(fit if probe.hdr else []),
        *clip_normalization.filters(probe),
        *([] if probe.hdr else fit),
        (
            "scale=w='trunc(iw/2)*2':h='trunc(ih/2)*2':flags=bicubic+accurate_rnd+full_chroma_int"
            f":in_color_matrix={clip_normalization.matrix_in(probe)}"
            ":out_color_matrix=bt709:out_range=tv"
        ),
        "setsar=1",
        "format=yuv420p",
        codec.COLOR_TAGS,
    ]
    written = 0

    def hear(frames: int) -> None:
        nonlocal written
        written = frames

    output = ffmpeg.run(
        [
            *_opened(path, probe),
            *("-map", "0:a:0?", "-c:a", "aac", "-b:a", "192k", "-vf", ",".join(chain)),
            *(
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                str(KEPT_CRF),
                "-profile:v",
                "high",
                "-pix_fmt",
                "yuv420p",
                "-threads:v",
                THREADS,
            ),
            *(
                "-colorspace",
                "bt709",
                "-color_primaries",
                "bt709",
                "-color_trc",
                "bt709",
                "-color_range",
                "tv",
            ),
            *(
                "-fps_mode",
                "vfr",
                "-map_metadata",
                "-1",
                "-map_metadata:s",
                "-1",
                "-map_chapters",
                "-1",
            ),
            *(
                "-fflags",
                "+bitexact",
                "-flags",
                "+bitexact",
                "-movflags",
                "+faststart",
                "-f",
                "mp4",
            ),
        ],
        out=out,
        limit_seconds=SECONDS,
        on_frame=hear,
    )
    _check(probe, written, output)


def ingested(
    source: Path,
    target: Path,
    *,
    wait_seconds: float = 10.0,
    should_stop: Callable[[], bool] | None = None,
) -> Taken:
    """Decodes an untrusted clip to its end in a limited process and rewrites it to `target`.

    Raises MediaError (such as broken_input, with a message for people) or BusyError.
    """
    try:
        found = run_limited(
            "media.clip_import:clean_file",
            [str(source), str(target)],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=1 << 16,
            max_file_bytes=MAX_OUTPUT,
            wait_seconds=wait_seconds,
            should_stop=should_stop,
        )
    except LimitedError as error:
        raise media_error_of(error) from error
    kind = "webm" if found["kind"] == "webm" else "mp4"
    notes = tuple(
        LocalizedMessage(str(template), dict(values)) for template, values in found["notes"]
    )
    return Taken(
        target,
        kind,
        f"video/{kind}",
        (int(found["size"][0]), int(found["size"][1])),
        int(found["duration_ms"]),
        notes,
        bool(found["has_sound"]),
    )
