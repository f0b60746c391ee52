"""Segments become a film by copying their streams: nothing is encoded again, nothing is lost."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from django.utils.translation import gettext_noop

from providers.media import ffmpeg, mp4
from providers.media.errors import MediaError


def _listed(path: Path) -> str:
    """A line of the concat demuxer's list."""
    name = str(path.resolve()).replace("'", r"'\''")
    return f"file '{name}'\n"


def join(
    segments: Sequence[Path],
    out: Path,
    *,
    title: str = "",
    comment: str = "",
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> mp4.Length:
    """Write the film of these segments in this order and give its length, which is exactly the sum of theirs.

    `title` and `comment` (the manifest's hash) stand in the container. The index comes first, so that a player starts at once.
    Raises MediaError; then there is no film.
    """
    parts = [mp4.length(segment) for segment in segments]
    wanted = mp4.Length(sum(part.frames for part in parts), sum(part.ticks for part in parts), parts[0].timescale)
    if any(part.timescale != wanted.timescale for part in parts):
        raise MediaError(gettext_noop("The segments of the film do not fit together: they count time differently."), code="failed")
    with tempfile.TemporaryDirectory(prefix=".join-", dir=out.parent) as folder:
        names = Path(folder) / "segments.txt"
        names.write_text("".join(map(_listed, segments)), encoding="utf-8")
        film = Path(folder) / "film.mp4"
        ffmpeg.run(
            [
                *("-f", "concat", "-safe", "0", "-i", f"file:{names}", "-map", "0:v:0", "-c", "copy"),
                *("-metadata", f"title={title}", "-metadata", f"comment={comment}"),
                *("-fflags", "+bitexact", "-movflags", "+faststart", "-video_track_timescale", str(wanted.timescale), "-f", "mp4"),
            ],
            out=film,
            should_stop=should_stop,
        )
        made = mp4.length(film)
        if made != wanted:
            raise MediaError(
                gettext_noop("The joined film has %(made)s frames in place of %(wanted)s."),
                code="failed",
                detail=f"{made} in place of {wanted}",
                made=made.frames,
                wanted=wanted.frames,
            )
        film.replace(out)
    return made
