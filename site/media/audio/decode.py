"""Decodes sound files with ffmpeg and measures them on the way."""

import errno
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_noop

from core.unavailable import FULL
from media import ffmpeg
from media.errors import MediaError, disk_full

RATE = 48_000
CHANNELS = 2
BYTES = 4 * CHANNELS  # of one sample of all channels as 32-bit floats

# An untrusted file may be a playlist that names other files or URLs: only containers are opened.
INPUT_GUARD = (
    "-protocol_whitelist",
    "file,pipe",
    "-format_whitelist",
    "wav,w64,mp3,flac,aac,aiff,caf,amr,wv,ogg,mov,matroska,webm,avi,mpegts,mpeg,flv",
)
NO_SOUND = "matches no streams"


def unreadable(detail: str) -> MediaError:
    return MediaError(
        gettext_noop("A sound could not be read: the file is damaged or of an unknown kind."),
        code="broken_input",
        detail=detail,
    )


def without_sound(error: MediaError) -> bool:
    """Returns whether a file was refused because it has no sound at all, as a silent clip."""
    return NO_SOUND in error.detail


@contextmanager
def working_folder(folder: Path | None, prefix: str) -> Iterator[Path]:
    """Yields a new folder in `folder`, or in the system's, which is removed at the end. A full disk
    is raised as MediaError.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as temporary:
            yield Path(temporary)
    except OSError as error:
        if error.errno in {*FULL, errno.EFBIG}:
            raise disk_full(str(error)) from error
        raise


@dataclass(frozen=True, slots=True)
class Decoding:
    """A file whose first sound is wanted as raw samples in `out`, after some filters."""

    path: Path
    out: Path
    filters: str = ""


def decode(
    wanted: Sequence[Decoding],
    *,
    limit_seconds: float = 900.0,
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> str:
    """Decodes files in one process, whose start would take a third of the time that speech needs.
    Returns ffmpeg's report.

    Raises MediaError if one of them cannot be decoded; then nothing is left.
    """
    inputs: list[str] = []
    outputs: list[str] = []
    for number, one in enumerate(wanted):
        # More threads for a file gain nothing: the files are decoded side by side.
        inputs += [*INPUT_GUARD, "-threads", "1", "-i", f"file:{one.path}"]
        chain = f"aresample={RATE},aformat=sample_fmts=flt:channel_layouts=stereo"
        chain += f",{one.filters}" if one.filters else ""
        outputs += ["-map", f"{number}:a:0", "-af", chain, "-f", "f32le", "-y", f"file:{one.out}"]
    is_whole = False
    try:
        code, report = ffmpeg.listen(
            # At this level the report of a measuring filter is printed.
            ["-loglevel", "info", "-nostats", *inputs, *outputs],
            on_line=ffmpeg.ignore,
            limit_seconds=limit_seconds,
            should_stop=should_stop,
        )
        is_whole = not code and not any(sign in report for sign in ffmpeg.DISK_FULL)
        # A file can have a sound stream without a single sample in it.
        is_whole = is_whole and all(one.out.stat().st_size for one in wanted)
        if not is_whole:
            error = ffmpeg.failure(code or 1, report)
            raise unreadable(report) if error.code in {"broken_input", "failed"} else error
    finally:
        if not is_whole:
            for one in wanted:
                one.out.unlink(missing_ok=True)
    return report
