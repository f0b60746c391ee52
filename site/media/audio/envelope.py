"""How loud a sound is in each short step, and what the limiter takes of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.audio.loudness import gated

RATE = 48_000
STEP = RATE // 1000  # samples of a step of the envelope: 1 ms
ATTACK, RELEASE = 5, 50  # ms in which the limiter lowers the sound before a peak, and lets it rise
PART = 60  # blocks that are looked at in one piece
TENTH, WINDOW = 100, 4  # steps of 100 ms; of those, a block of loudness
TINY = 1e-30

type Values = NDArray[np.float32]


class Steps(NamedTuple):
    """The highest sample and the sum of the squares of each step, of all channels together."""

    peak: Values
    energy: Values


def by_step(block: Values, step: int) -> Steps:
    """Return the steps of a block (samples, channels); the last one is filled with silence."""
    values = block.reshape(-1)
    size = step * block.shape[1]
    if over := len(values) % size:
        values = np.concatenate([values, np.zeros(size - over, np.float32)])
    rows = values.reshape(-1, size)
    return Steps(np.abs(rows).max(axis=1), np.einsum("ij,ij->i", rows, rows))


class Envelope:
    """The steps of a sound that is given block by block, each a whole number of steps long."""

    def __init__(self) -> None:
        self._blocks: list[Steps] = []

    def add(self, block: Values) -> None:
        self._blocks.append(by_step(block, STEP))

    @property
    def peak(self) -> float:
        """The highest sample."""
        return max((float(steps.peak.max(initial=0.0)) for steps in self._blocks), default=0.0)

    def lost_db(self, gain: float, limit: float, momentary: Sequence[float]) -> float:
        """Return by how many dB a limiter lowers the loudness of the sound, after a linear gain.

        `momentary` is the loudness of the sound as ffmpeg measures it, each 100 ms for the 400 ms
        before. An estimate: within 400 ms, no frequency is taken for louder than another.
        """
        whole, kept = (np.convolve(part, np.ones(WINDOW)) for part in self._tenths(gain, limit))
        blocks = np.arange(WINDOW - 1, min(len(momentary), len(whole)))
        if len(blocks):
            loud = gain**2 * 10 ** (np.asarray(momentary)[blocks] / 10)
            whole, kept = loud, loud * (kept / np.maximum(whole, TINY))[blocks]
        before, after = gated(whole), gated(kept)
        return float(10 * np.log10(before / after)) if after else 0.0

    def _tenths(self, gain: float, limit: float) -> tuple[Values, Values]:
        """Return the energy of each 100 ms after the gain, and after the limiter."""
        whole, kept = [], []
        for at in range(0, len(self._blocks), PART):
            # With a block on both sides, from which the limiter's ramps reach over.
            before = self._blocks[max(0, at - 1) : at]
            here = self._blocks[at : at + PART]
            around = [*before, *here, *self._blocks[at + PART : at + PART + 1]]
            peak = np.concatenate([steps.peak for steps in around])
            energy = np.concatenate([steps.energy for steps in here])
            taken = _taken(peak * np.float32(gain), limit)
            taken = taken[sum(len(steps.peak) for steps in before) :][: len(energy)]
            tenths = np.arange(0, len(energy), TENTH)
            whole.append(np.add.reduceat(energy, tenths))
            kept.append(np.add.reduceat(energy * np.square(1 - taken), tenths))
        return np.concatenate(whole), np.concatenate(kept)


def _taken(peak: Values, limit: float) -> Values:
    """Return the part of the amplitude that the limiter takes in each step."""
    over: Values = np.asarray(1 - limit / np.maximum(peak, limit), np.float32)
    taken = over.copy()
    if over.any():
        for steps in range(1, RELEASE):
            later = over[:-steps] * np.float32(1 - steps / RELEASE)
            np.maximum(taken[steps:], later, out=taken[steps:])
        for steps in range(1, ATTACK):
            before = over[steps:] * np.float32(1 - steps / ATTACK)
            np.maximum(taken[:-steps], before, out=taken[:-steps])
    return taken
