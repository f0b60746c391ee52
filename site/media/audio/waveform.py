"""The outline of a sound, to be drawn."""

import numpy as np
from numpy.typing import NDArray

FULL = 100
MOST_PARTS = 20_000


class Outline:
    """The highest level in each of so many equal parts of a sound, found block by block."""

    def __init__(self, parts: int, samples: int) -> None:
        if not 1 <= parts <= MOST_PARTS:
            raise ValueError(f"between 1 and {MOST_PARTS} parts")
        self.samples = samples
        self.highest = np.zeros(parts, np.float32)

    def add(self, at: int, block: NDArray[np.float32]) -> None:
        """Look at the block (samples, channels) that starts at sample `at`."""
        parts = len(self.highest)
        first = at * parts // self.samples
        last = min(parts - 1, (at + len(block) - 1) * parts // self.samples)
        # The first sample of each part that begins within the block.
        starts = -(-np.arange(first, last + 1) * self.samples // parts) - at
        starts = np.clip(starts, 0, len(block) - 1)
        # Along the samples of both channels: numpy is slow along an axis of two.
        levels = np.maximum.reduceat(np.abs(block).reshape(-1), starts * block.shape[1])
        # Parts that are shorter than a sample show the one that they lie in.
        self.highest[first : last + 1] = np.maximum(self.highest[first : last + 1], levels)

    def levels(self, gain: float, limit: float) -> list[int]:
        """Returns the levels from 0 to 100 percent after a linear gain and a limiter."""
        shown = np.minimum(self.highest * gain, limit)
        return [min(FULL, round(float(level) * FULL)) for level in shown]
