"""The local provider's effects: sketches of common sounds, made by arithmetic.

A description is searched for words that are known, in Korean and English; one without any becomes
room tone. Nothing in it comes from recordings.
"""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

type Samples = NDArray[np.float32]
type Dice = np.random.Generator

RATE = 48_000
PEAK = 0.5  # -6 dBFS
QUIET = 0.01  # of room tone
FADE = 0.02  # seconds at both ends
LONGEST = 30.0
TURN, TRILL = 2.0, 0.1  # seconds of a telephone's ring with its pause, and of its trill


def effect(prompt: str, seconds: float, seed: int = 0) -> Samples:
    """Returns the effect as stereo samples (n, 2), exactly `seconds` long.

    The same arguments give the same effect.
    """
    count = round(min(max(seconds, FADE * 2), LONGEST) * RATE)
    name, make = _known(prompt)
    found = np.stack([make(count, np.random.default_rng([seed, side])) for side in (0, 1)], axis=1)
    loud = float(np.abs(found).max()) or 1.0
    found *= (PEAK if name else QUIET) / loud
    edge = np.linspace(0, 1, round(FADE * RATE))[:, None]
    found[: len(edge)] *= edge
    found[-len(edge) :] *= edge[::-1]
    return np.asarray(found, np.float32)


def name_of(prompt: str) -> str:
    """The effect that the description names. Empty: none is known, and it becomes room tone."""
    return _known(prompt)[0]


def _known(prompt: str) -> tuple[str, Callable[[int, Dice], Samples]]:
    """The effect whose word stands first in the description."""
    found = [
        (match.start(), name)
        for name, words in WORDS.items()
        if (match := words.search(prompt.lower()))
    ]
    if not found:
        return "", _room
    name = min(found)[1]
    return name, MAKERS[name]


def _noise(count: int, dice: Dice, low: float, high: float, tilt: float = 0.0) -> Samples:
    """Noise between two frequencies; `tilt` -1 falls by 6 dB an octave."""
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    inside = (frequencies >= low) & (frequencies <= high)
    shape = np.where(inside, np.maximum(frequencies, low) ** tilt, 0.0)
    spectrum = shape * np.exp(1j * dice.uniform(0, 2 * np.pi, len(frequencies)))
    found = np.fft.irfft(spectrum, count)
    return np.asarray(found / (np.abs(found).max() or 1.0), np.float32)


def _time(count: int) -> NDArray[np.float64]:
    return np.arange(count) / RATE


def _strikes(count: int, dice: Dice, every: float, one: Callable[[Dice], Samples]) -> Samples:
    """One sound again and again, about `every` so many seconds."""
    found = np.zeros(count, np.float32)
    at = 0.1
    while (start := round(at * RATE)) < count:
        sound = one(dice)[: count - start]
        found[start : start + len(sound)] += sound
        at += every
    return found


def _room(count: int, dice: Dice) -> Samples:
    return _noise(count, dice, 20, 2_000, -1)


def _rain(count: int, dice: Dice) -> Samples:
    drops = np.zeros(count, np.float32)
    places = dice.integers(0, count, max(1, count // 800))
    drops[places] = dice.uniform(0.2, 1.0, len(places))
    drop = np.exp(-np.arange(200) / 30) * np.sin(np.arange(200) * 0.7)
    return np.asarray(
        0.5 * _noise(count, dice, 400, 12_000, -0.3) + np.convolve(drops, drop, "same"), np.float32
    )


def _wind(count: int, dice: Dice) -> Samples:
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.23 * _time(count) + dice.uniform(0, 6))
    return np.asarray(_noise(count, dice, 60, 900, -0.7) * swell, np.float32)


def _waves(count: int, dice: Dice) -> Samples:
    swell = np.square(np.sin(np.pi * _time(count) / 5 + 0.6))
    return np.asarray(_noise(count, dice, 80, 5_000, -0.6) * (0.15 + swell), np.float32)


def _thunder(count: int, dice: Dice) -> Samples:
    fall = np.exp(-_time(count) / 1.8)
    return np.asarray(_noise(count, dice, 25, 300, -1) * fall, np.float32)


def _fire(count: int, dice: Dice) -> Samples:
    cracks = np.zeros(count, np.float32)
    places = dice.integers(0, count, max(1, count // 4_000))
    cracks[places] = dice.uniform(0.3, 1.0, len(places))
    crack = np.exp(-np.arange(400) / 40) * np.sin(np.arange(400) * 1.1)
    return np.asarray(
        0.3 * _noise(count, dice, 60, 1_200, -0.8) + np.convolve(cracks, crack, "same"), np.float32
    )


def _bell(count: int, _dice: Dice) -> Samples:
    time = _time(count)
    partials = ((1.0, 1.0, 2.5), (2.0, 0.6, 1.6), (2.76, 0.5, 1.2), (5.4, 0.25, 0.5))
    return np.asarray(
        sum(
            part * np.sin(2 * np.pi * 520 * ratio * time) * np.exp(-time / length)
            for ratio, part, length in partials
        ),
        np.float32,
    )


def _knock(count: int, dice: Dice) -> Samples:
    def one(_dice: Dice) -> Samples:
        time = _time(RATE // 6)
        return np.asarray(np.sin(2 * np.pi * 140 * time) * np.exp(-time / 0.03), np.float32)

    return _strikes(count, dice, 0.32, one)


def _steps(count: int, dice: Dice) -> Samples:
    def one(dice: Dice) -> Samples:
        length = RATE // 8
        return np.asarray(
            _noise(length, dice, 80, 1_500, -0.5) * np.exp(-_time(length) / 0.025), np.float32
        )

    return _strikes(count, dice, 0.55, one)


def _birds(count: int, dice: Dice) -> Samples:
    found = np.zeros(count, np.float32)
    for _bird in range(max(1, round(count / RATE * 2))):
        length = int(dice.integers(RATE // 20, RATE // 7))
        time = _time(length)
        pitch = dice.uniform(2_500, 4_500) + 900 * np.sin(2 * np.pi * dice.uniform(6, 16) * time)
        sound = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.hanning(length)
        start = int(dice.integers(0, max(1, count - length)))
        found[start : start + length] += sound[: count - start]
    return found


def _engine(count: int, dice: Dice) -> Samples:
    time = _time(count)
    hum = sum(np.sin(2 * np.pi * 42 * n * time) / n for n in range(1, 9))
    return np.asarray(hum * (0.8 + 0.2 * _noise(count, dice, 5, 40)), np.float32)


def _ring(count: int, _dice: Dice) -> Samples:
    time = _time(count)
    rings = np.where(time % TURN < TURN / 2, 1.0, 0.0) * np.where(
        time % TRILL < TRILL / 2, 1.0, 0.3
    )
    return np.asarray(np.sin(2 * np.pi * 880 * time) * rings, np.float32)


def _whoosh(count: int, dice: Dice) -> Samples:
    return np.asarray(_noise(count, dice, 200, 6_000, -0.5) * np.hanning(count), np.float32)


MAKERS: dict[str, Callable[[int, Dice], Samples]] = {
    "rain": _rain,
    "thunder": _thunder,
    "wind": _wind,
    "waves": _waves,
    "fire": _fire,
    "bell": _bell,
    "knock": _knock,
    "steps": _steps,
    "birds": _birds,
    "engine": _engine,
    "ring": _ring,
    "whoosh": _whoosh,
}
WORDS = {
    name: re.compile(words)
    for name, words in {
        "rain": r"\brain(?!bow)|drizzle|downpour|빗소리|비가|빗방울|소나기|비 오|비 내리",
        "thunder": r"thunder|천둥|explosion|폭발",
        "wind": r"\bwind(?!ow)|\bstorm|바람|폭풍",
        "waves": r"\bwaves?\b|\bsea\b|\bocean|\bsurf\b|파도|바다",
        "fire": r"\bfire\b|campfire|crackl|모닥불|장작|불타",
        "bell": r"\bbells?\b|\bchimes?\b|종소리|종이 울|차임",
        "knock": r"knock|노크|문을 두드",
        "steps": r"footstep|\bsteps\b|walking|발소리|발걸음|걷는 소리",
        "birds": r"\bbirds?\b|chirp|gull|새소리|새가 우|갈매기",
        "engine": r"engine|\bcar\b|motor|truck|엔진|자동차|시동",
        "ring": r"phone|ringing|alarm|전화|알람|벨소리",
        "whoosh": r"whoosh|swoosh|휙|쉭",
    }.items()
}
