"""Puts a film's sound beside its picture without encoding either."""

import mmap
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

from django.utils.translation import gettext_noop

from media import ffmpeg, mp4
from media.errors import MediaError

# A multiple of the clocks of picture (90000) and sound (48000): lengths in the index are exact.
TIMESCALE = 720_000


def add_audio(
    video: Path,
    audio: Path,
    out: Path,
    *,
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> None:
    """Writes the film with this sound. Its picture stream is the same as before, byte for byte, or
    it is an error. Title, comment and the index at the front are kept; a sound track that the film
    had is replaced.

    Raises MediaError; then nothing is left of `out`.
    """
    part = out.with_name(f".{out.name}.muxed")
    try:
        ffmpeg.run(
            [
                *("-i", f"file:{video}", "-i", f"file:{audio}"),
                *("-map", "0:v:0", "-map", "1:a:0"),
                *("-c", "copy", "-map_metadata", "0", "-fflags", "+bitexact"),
                *("-movie_timescale", str(TIMESCALE), "-movflags", "+faststart", "-f", "mp4"),
            ],
            out=part,
            should_stop=should_stop,
        )
        if not same_picture(video, part):
            raise MediaError(
                gettext_noop("The picture changed while sound was added to it."), code="failed"
            )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def same_picture(one: Path, other: Path) -> bool:
    """Returns whether the picture streams of two MP4 films are equal, sample by sample.

    Raises MediaError (broken_input) for a film without one.
    """
    return all(mine == theirs for mine, theirs in zip_longest(_stream(one), _stream(other)))


def _stream(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start, size in mp4.picture(path):
            sample = data[start : start + size]
            if len(sample) != size:
                raise mp4.damaged("a sample reaches past the end")
            yield sample
