"""Writes samples as a sound file."""

import io
import wave
from typing import Any

import numpy as np


def wav(samples: Any, rate: int) -> bytes:
    """Return the samples, between -1 and 1, as a WAV file of 16 bits."""
    whole = np.clip(np.asarray(samples, np.float32) * 32767, -32768, 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1 if whole.ndim == 1 else whole.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(whole.tobytes())
    return file.getvalue()
