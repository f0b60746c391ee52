"""Cloud-like noise for skies, ridges and paper grain."""

import cv2
import numpy as np
import numpy.typing as npt

from providers.backends.local.illustrator.dice import Dice

type Field = npt.NDArray[np.float32]


def clouds(
    dice: Dice,
    size: tuple[int, int],
    *,
    cells: tuple[float, float],
    octaves: int = 4,
    fall: float = 0.5,
) -> Field:
    """Return noise from 0 to 1 over (width, height).

    `cells` is the number of lumps across and down at the coarsest level.
    """
    width, height = size
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for octave in range(octaves):
        across, down = (max(2, round(cell * 2**octave)) + 3 for cell in cells)
        lattice = dice.numbers.random((down, across), dtype=np.float32)
        total += np.asarray(
            cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
        ) * np.float32(weight)
        weight *= fall
    low, high = np.percentile(total[::4, ::4], (1, 99))
    field: Field = np.clip((total - low) / max(1e-6, high - low), 0, 1).astype(np.float32)
    return field


def ridge(dice: Dice, count: int, *, lumps: float, octaves: int = 5, fall: float = 0.5) -> Field:
    """Return a line of `count` heights from 0 to 1, with that many lumps at the coarsest level."""
    line = np.zeros(count, np.float64)
    places = np.linspace(0, 1, count)
    weight = 1.0
    for octave in range(octaves):
        knots = max(2, round(lumps * 2**octave)) + 2
        values = dice.numbers.random(knots)
        shifted = np.clip(places * (knots - 1), 0, knots - 1.001)
        left = shifted.astype(int)
        part = shifted - left
        part = part * part * (3 - 2 * part)
        line += weight * (values[left] * (1 - part) + values[left + 1] * part)
        weight *= fall
    line -= line.min()
    return (line / max(1e-6, line.max())).astype(np.float32)
