"""Imports sound: one check for provider results, and one storage format (FLAC, 48 kHz, 16 bits).

`ingested` decodes a file to its end in a limited process; `clean_file` may run in that process and
uses no settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from core.limited_process import LimitedError, run_limited
from media import ffmpeg
from media.audio.completeness import is_cut_short, stated_seconds
from media.audio.decode import INPUT_GUARD, RATE
from media.clip_import import DAMAGE
from media.errors import MediaError

MAX_BYTES = 256 * 1024 * 1024
MAX_MINUTES = 60
# Below this peak nothing can be heard: -80 dBFS, less than the noise of a 16-bit recording's room.
SILENT_PEAK = 10 ** (-80 / 20)

# Limits of the process that reads a sound, ffmpeg included
MEMORY = 1024 * 1024 * 1024
SECONDS = 300
MAX_OUTPUT = (MAX_MINUTES * 60 + 2) * RATE * 2 * 4
BLOCK = 1 << 20  # values read at once

# The codes of the limited process that say nothing about the file
PASSED_CODES = frozenset({"disk_full", "killed", "timed_out", "stopped", "failed"})
EXTENSIONS = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"FORM", "aiff"),
    (b"RIFF", "wav"),
    (b"ID3", "mp3"),
)

TOO_LARGE = gettext_noop("The sound is too large: at most %(most)s MB are read.")
TOO_LONG = gettext_noop("The sound is too long: at most %(most)s minutes are read.")
DAMAGED = gettext_noop("The sound is damaged or not complete: not all of it can be read.")
CUT_SHORT = gettext_noop("The sound is not complete: the file ends before its end. Send it again.")
UNREADABLE = gettext_noop("The file is not a sound that can be read.")
SHORTER = 0.05  # seconds by which a whole file may be shorter than it states


@dataclass(frozen=True, slots=True)
class ImportedAudio:
    """A stored sound. `samples` are those of one channel; `is_silent`: nothing can be heard."""

    path: Path
    samples: int
    channels: int
    is_silent: bool

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // RATE


def extension(path: Path) -> str:
    """Return the usual ending of a sound file, by content; "sound" if it is not known."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return "m4a"
    if head[:1] == b"\xff" and head[1:2] >= b"\xe0":
        return "aac" if head[1] & 0x06 == 0 else "mp3"
    return next((name for start, name in EXTENSIONS if head.startswith(start)), "sound")


def clean_file(
    source: str,
    target: str,
    channels: int,
    must_be_whole: bool = False,  # noqa: FBT001, FBT002  called by position from another process
) -> dict[str, Any]:
    """Decode a sound to its end and store it as FLAC. A file of no length is not written.

    `must_be_whole`: refuse a file that was cut short, which a decoder would play up to there.
    """
    path, out = Path(source), Path(target)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _refuse(TOO_LARGE, most=MAX_BYTES // (1024 * 1024))
    if must_be_whole and is_cut_short(path):
        raise _refuse(CUT_SHORT)
    raw = out.with_name(f"{out.name}.raw")
    try:
        samples = 0
        if size and _decode(path, raw, channels):
            samples = raw.stat().st_size // (4 * channels)
        if samples > MAX_MINUTES * 60 * RATE:
            raise _refuse(TOO_LONG, most=MAX_MINUTES)
        stated = stated_seconds(path) if must_be_whole else None
        if stated is not None and samples / RATE < stated - SHORTER:
            raise _refuse(CUT_SHORT)
        if not samples:
            return {"samples": 0, "silent": True}
        silent = _peak(raw) < SILENT_PEAK
        written = ("-f", "f32le", "-ar", str(RATE), "-ac", str(channels), "-i", f"file:{raw}")
        ffmpeg.run(
            [*written, "-c:a", "flac", "-sample_fmt", "s16", "-fflags", "+bitexact", "-f", "flac"],
            out=out,
            limit_seconds=SECONDS,
        )
    finally:
        raw.unlink(missing_ok=True)
    return {"samples": samples, "silent": silent}


def _decode(path: Path, raw: Path, channels: int) -> bool:
    """Decode to 32-bit floats. Return whether there was any sound."""
    # One more second than is allowed shows that a sound is too long.
    most = ("-t", str(MAX_MINUTES * 60 + 1))
    form = ("-ar", str(RATE), "-ac", str(channels), *most, "-f", "f32le")
    try:
        output = ffmpeg.run(
            [*INPUT_GUARD, "-i", f"file:{path}", "-map", "0:a:0", *form],
            out=raw,
            limit_seconds=SECONDS,
        )
    except MediaError as error:
        if error.code == "failed" and not error.detail.strip():
            return False  # a valid file without a sample
        if error.code == "broken_input":
            raise _refuse(UNREADABLE, error.detail) from error
        raise
    if any(sign in output for sign in DAMAGE):
        raise _refuse(DAMAGED, output)
    return True


def _peak(raw: Path) -> float:
    peak = 0.0
    with raw.open("rb") as file:
        while len(values := np.fromfile(file, np.float32, BLOCK)):
            peak = max(peak, float(np.abs(values).max()))
    return peak


def _refuse(template: str, detail: str = "", **values: str | float) -> MediaError:
    return MediaError(template, code="broken_input", detail=detail, **values)


def ingested(
    source: Path,
    target: Path,
    *,
    channels: int,
    must_be_whole: bool = False,
    wait_seconds: float = 10.0,
    should_stop: Callable[[], bool] | None = None,
) -> ImportedAudio:
    """Decode an untrusted sound to its end in a limited process and store it as `target`.

    `must_be_whole`: for uploads; see `clean_file`. Raises MediaError (such as broken_input, with a
    message for people) or BusyError.
    """
    try:
        found = run_limited(
            "media.audio_import:clean_file",
            [str(source), str(target), channels, must_be_whole],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=1 << 16,
            max_file_bytes=MAX_OUTPUT,
            wait_seconds=wait_seconds,
            should_stop=should_stop,
        )
    except LimitedError as error:
        code = error.code if error.code in PASSED_CODES else "broken_input"
        raise MediaError(
            error.sentence.template, code=code, detail=error.detail, **error.sentence.values
        ) from error
    return ImportedAudio(target, int(found["samples"]), channels, bool(found["silent"]))


def trusted(source: Path, target: Path, *, channels: int) -> ImportedAudio:
    """As `ingested`, for a file that this application made itself."""
    found = clean_file(str(source), str(target), channels)
    return ImportedAudio(target, int(found["samples"]), channels, bool(found["silent"]))
