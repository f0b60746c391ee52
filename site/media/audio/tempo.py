"""Speaks a recording slightly faster without changing its pitch."""

from collections.abc import Callable
from pathlib import Path

from media import ffmpeg
from media.audio.decode import INPUT_GUARD

FASTEST = 1.08  # what listeners do not notice


def faster(
    source: Path, out: Path, *, speed: float, should_stop: Callable[[], bool] = ffmpeg.never
) -> None:
    """Writes the recording at this speed, from 1 to `FASTEST`, as FLAC. Raises MediaError."""
    if not 1.0 <= speed <= FASTEST:
        raise ValueError(f"A speed from 1 to {FASTEST} is possible, not {speed}.")
    ffmpeg.run(
        [
            *INPUT_GUARD,
            "-i",
            f"file:{source}",
            "-map",
            "0:a:0",
            "-af",
            f"atempo={speed:.4f}",
            "-f",
            "flac",
        ],
        out=out,
        should_stop=should_stop,
    )
