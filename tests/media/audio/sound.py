"""Helpers that make sounds and measure them."""

import wave
from pathlib import Path

import numpy as np

from tests.media.film import ffmpeg_do

RATE = 48_000


def save(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Writes mono (n,) or stereo (n, 2) samples between -1 and 1 as a 16-bit WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def tone(
    seconds: float, *, hertz: float = 997.0, level: float = 0.1, rate: int = RATE
) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def voice(seconds: float, *, seed: int = 1, level: float = 0.2, rate: int = RATE) -> np.ndarray:
    """Noise in syllables, four a second, with the peaks and pauses of speech."""
    clock = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(size=len(clock))
    smooth = np.convolve(noise, np.ones(12) / 12, "same")
    return level * smooth * np.clip(np.sin(2 * np.pi * 4 * clock), 0, None) ** 0.5


def click() -> np.ndarray:
    samples = np.zeros(RATE // 10)
    samples[0] = 0.9
    return samples


def decoded(path: Path) -> np.ndarray:
    """The samples of a file as (n, 2)."""
    raw = ffmpeg_do("-i", path, "-map", "0:a:0", "-f", "f32le", "-ac", 2, "pipe:1")
    return np.frombuffer(raw, np.float32).reshape(-1, 2)


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples, dtype=np.float64).mean() + 1e-20))
