"""The English voice: hibari-tts, a small neural model inside its package."""

import threading
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
LONGEST = 200  # characters of a clause
_LOCK = threading.Lock()


@cache
def _model() -> Any:
    """Loads the model once per process: 0.4 s."""
    from hibari import Hibari  # noqa: PLC0415  loads onnxruntime, which only speech needs

    return Hibari()


def synthesize(text: str, *, speed: float, seed: int) -> NDArray[np.float32]:
    """Returns the spoken text as mono samples; empty if it has no sound that the model knows.

    Numbers, dates and units are written out by the model's package.
    """
    with _LOCK:
        return np.asarray(_model()(text, speed=speed, seed=seed), np.float32)
