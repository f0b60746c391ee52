"""Lowers music while someone speaks."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.audio.envelope import by_step

STEP = 480  # samples between two values of the gain: 10 ms
SPEAKING = 10 ** (-40 / 20)  # RMS of a step above which someone speaks, with speech at -18 LUFS
BEFORE, AFTER = 15, 50  # steps: music has fallen when a voice begins, and bears its pauses
FALL_STEPS, RISE_STEPS = 15, 60


@dataclass(frozen=True, slots=True)
class Ducking:
    """The linear gain of the music, one value per step and one more for the end."""

    gains: NDArray[np.float32]

    @classmethod
    def under(
        cls, speech: Iterable[NDArray[np.float32]], *, samples: int, depth_db: float
    ) -> "Ducking":
        """Returns the gain of music under this speech, `depth_db` lower where someone speaks."""
        steps = -(-samples // STEP)
        speaking = np.zeros(steps + 1, bool)
        at = 0
        for block in speech:
            loud = np.sqrt(by_step(block, STEP).energy / (STEP * block.shape[1])) > SPEAKING
            speaking[at : at + len(loud)] = loud
            at += len(loud)
        wide = np.convolve(speaking, np.ones(BEFORE + AFTER + 1))[BEFORE : BEFORE + steps + 1] > 0
        gain, values = 0.0, np.zeros(steps + 1, np.float32)
        fall, rise = depth_db / FALL_STEPS, depth_db / RISE_STEPS
        for step, low in enumerate(wide.tolist()):
            gain = max(-depth_db, gain - fall) if low else min(0.0, gain + rise)
            values[step] = gain
        return cls(np.asarray(10 ** (values / 20), np.float32))

    def gain(self, at: int, count: int) -> NDArray[np.float32]:
        """Returns the linear gain of `count` samples from sample `at`."""
        first, last = at // STEP, -(-(at + count) // STEP)
        steps = self.gains[first : last + 1]
        if steps.min() == steps.max():
            return np.full(count, steps[0], np.float32)
        positions = (np.arange(at, at + count) - first * STEP) / STEP
        return np.asarray(np.interp(positions, np.arange(len(steps)), steps), np.float32)
