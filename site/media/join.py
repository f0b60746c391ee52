"""Joins segments into a film by copying samples, without re-encoding and without a process."""

import errno
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_noop

from core.unavailable import FULL
from media import ffmpeg, mp4, mux
from media.errors import MediaError, disk_full, stopped

BLOCK = 1 << 20


def join(
    segments: Sequence[Path],
    out: Path,
    *,
    title: str = "",
    comment: str = "",
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> mp4.Length:
    """Writes the film of these segments in order and returns its length, the exact sum of theirs.

    The container holds `title` and `comment` (the manifest's hash). The index comes first, so that
    playback starts at once. Segments with different decoder configurations (from another encoder
    version, for example) carry theirs in the film. Raises MediaError; then no film is left.
    """
    tracks = [mp4.track(segment) for segment in segments]
    if len({(track.timescale, *track.size) for track in tracks}) > 1:
        raise MediaError(
            gettext_noop("The segments of the film do not fit together."), code="failed"
        )
    unlike = len({track.decoder for track in tracks}) > 1
    film = [mux.carrying(track) for track in tracks] if unlike else tracks
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as target:
            target.write(mux.head(film, title=title, comment=comment))
            for segment, track in zip(segments, tracks, strict=True):
                if should_stop():
                    raise stopped()
                _copy(segment, mux.pieces(track) if unlike else [mux.whole(track)], target)
            target.flush()
            os.fsync(target.fileno())
        part.replace(out)
    except OSError as error:
        if error.errno in {*FULL, errno.EFBIG}:
            raise disk_full(str(error)) from error
        raise
    finally:
        part.unlink(missing_ok=True)
    return mux.length(film)


def _copy(segment: Path, pieces: Iterable[mux.Piece], target: IO[bytes]) -> None:
    with segment.open("rb") as source:
        for piece in pieces:
            if isinstance(piece, bytes):
                target.write(piece)
                continue
            begin, left = piece
            source.seek(begin)
            while left:
                if not (block := source.read(min(left, BLOCK))):
                    raise mp4.damaged("it became shorter while it was read")
                target.write(block)
                left -= len(block)
