"""Decodes sound files with ffmpeg and measures them on the way."""

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def decode(
    path: Path,
    out: Path,
    *,
    filters: str = "",
    channels: int = CHANNELS,
    sample_format: str = "f32le",
    rate: int = RATE,
    limit_seconds: float = 900.0,
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> str:
    """Decodes the first sound of `path` to raw samples in `out` and returns ffmpeg's report.

    Raises MediaError; then nothing is left of `out`.
    """
    layout = {1: "mono", 2: "stereo"}[channels]
    chain = f"aresample={rate},aformat=sample_fmts=flt:channel_layouts={layout}"
    if filters:
        chain += f",{filters}"
    try:
        return ffmpeg.run(
            [
                *("-loglevel", "info"),  # at which the report of a measuring filter is printed
                *INPUT_GUARD,
                *("-i", f"file:{path}", "-map", "0:a:0", "-af", chain, "-f", sample_format),
            ],
            out=out,
            limit_seconds=limit_seconds,
            should_stop=should_stop,
        )
    except MediaError as error:
        # "failed" is a file that has a sound stream without a single sample in it.
        if error.code in {"broken_input", "failed"}:
            raise unreadable(error.detail) from error
        raise
