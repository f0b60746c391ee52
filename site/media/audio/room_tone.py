"""Room tone: quiet noise, so that a pause is not dead."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
SECONDS = 10
LOWEST = 20.0  # Hz


@cache
def room_tone() -> NDArray[np.float32]:
    """Returns ten seconds of brown noise in stereo, 0 dBFS RMS, that join seamlessly when repeated.

    The same on every call: the spectrum is drawn with a fixed seed.
    """
    count = RATE * SECONDS
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.where(frequencies >= LOWEST, 1 / np.maximum(frequencies, LOWEST), 0.0)
    phases = np.random.default_rng(1).uniform(0, 2 * np.pi, (2, len(frequencies)))
    noise = np.fft.irfft(shape * np.exp(1j * phases), count).T
    return np.asarray(noise / np.sqrt(np.square(noise).mean(axis=0)), np.float32)
