"""Puts a film's sound beside its picture without encoding either."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from django.utils.translation import gettext_noop

from media import ffmpeg
from media.errors import MediaError

# A multiple of the clocks of picture (90000) and sound (48000): lengths in the index are exact.
TIMESCALE = 720_000

_MD5 = re.compile(r"^0,v,MD5=([0-9a-f]{32})", re.IGNORECASE)


def add_audio(
    video: Path,
    audio: Path,
    out: Path,
    *,
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> str:
    """Writes the film with this sound and returns the MD5 of its picture stream, which is the same
    as before. Title, comment and the index at the front are kept; a sound track that the film had
    is replaced.

    Raises MediaError; then nothing is left of `out`.
    """
    part, before = out.with_name(f".{out.name}.muxed"), _Md5()
    try:
        ffmpeg.run(
            [
                *("-i", f"file:{video}", "-i", f"file:{audio}"),
                *before.ARGUMENTS,
                *("-map", "0:v:0", "-map", "1:a:0"),
                *("-c", "copy", "-map_metadata", "0", "-fflags", "+bitexact"),
                *("-movie_timescale", str(TIMESCALE), "-movflags", "+faststart", "-f", "mp4"),
            ],
            out=part,
            should_stop=should_stop,
            on_line=before.hear,
        )
        if picture_md5(part, should_stop=should_stop) != before.found:
            raise MediaError(
                gettext_noop("The picture changed while sound was added to it."), code="failed"
            )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return before.found


def picture_md5(path: Path, *, should_stop: Callable[[], bool] = ffmpeg.never) -> str:
    """Returns the MD5 of the encoded picture stream of a film."""
    md5 = _Md5()
    code, output = ffmpeg.listen(
        ["-loglevel", "error", "-nostats", "-i", f"file:{path}", *md5.ARGUMENTS],
        on_line=md5.hear,
        should_stop=should_stop,
    )
    if code or not md5.found:
        raise ffmpeg.failure(code or 1, output)
    return md5.found


@dataclass(slots=True)
class _Md5:
    """The MD5 of the picture that ffmpeg reads, as an output on its standard output."""

    ARGUMENTS: ClassVar[tuple[str, ...]] = (
        *("-map", "0:v:0", "-c", "copy", "-f", "streamhash", "-hash", "md5", "pipe:1"),
    )
    found: str = ""

    def hear(self, line: str) -> None:
        if match := _MD5.match(line):
            self.found = match[1].lower()
