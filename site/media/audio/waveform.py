"""The outline of a sound, to be drawn."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from media import ffmpeg
from media.audio.decode import decode, working_folder

RATE = 16_000
FULL = 100
MOST_PEAKS = 20_000
BLOCK = 1 << 20  # samples read at once


def peaks(path: Path, count: int, *, should_stop: Callable[[], bool] = ffmpeg.never) -> list[int]:
    """Returns the highest level in each of `count` equal parts of a sound, from 0 to 100 percent.

    Raises MediaError (broken_input) for a file without sound.
    """
    if not 1 <= count <= MOST_PEAKS:
        raise ValueError(f"between 1 and {MOST_PEAKS} peaks")
    with working_folder(None, "waveform-") as temporary:
        raw = temporary / "sound.s16"
        decode(path, raw, channels=1, sample_format="s16le", rate=RATE, should_stop=should_stop)
        samples = raw.stat().st_size // 2
        highest = np.zeros(count, np.int64)
        for at in range(0, samples, BLOCK):
            levels = np.abs(np.fromfile(raw, np.int16, BLOCK, offset=at * 2).astype(np.int64))
            parts = (at + np.arange(len(levels))) * count // samples
            np.maximum.at(highest, parts, levels)
    return [min(FULL, round(int(level) * FULL / 32767)) for level in highest]
