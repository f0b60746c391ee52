"""The local provider's music: a sketch of chords, bass and plucked notes, made by arithmetic.

A bed consists of whole bars and what sounds on after its end is heard at its beginning, so that it
can be repeated without a gap. Nothing in it comes from recordings or other works.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from media.audio import room_tone as noise

type Samples = NDArray[np.float32]

RATE = 48_000
VERSION = 1  # raised when the same mood, length and seed sound different
LONGEST = 300.0  # seconds: 115 MB; a longer film repeats the bed
SHORTEST = 0.5
PEAK = 0.5  # -6 dBFS
BEATS = 4  # of a bar

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
MAJOR_MELODY = (0, 2, 4, 7, 9)
MINOR_MELODY = (0, 3, 5, 7, 10)


@dataclass(frozen=True, slots=True)
class Mood:
    """`chords` are degrees of the scale, one a bar. `density` is the chance of a plucked note on
    each half beat, `pulse` the strength of a soft beat, `bright` that of overtones.
    """

    scale: tuple[int, ...]
    melody: tuple[int, ...]
    tempo: float  # beats a minute
    chords: tuple[tuple[int, ...], ...]
    density: float
    pulse: float
    bright: float


MOODS = {
    "calm": Mood(MAJOR, MAJOR_MELODY, 63, ((0, 4, 5, 3), (0, 5, 3, 4)), 0.22, 0.0, 0.10),
    "tender": Mood(MAJOR, MAJOR_MELODY, 72, ((0, 2, 3, 4), (5, 3, 0, 4)), 0.38, 0.0, 0.16),
    "hopeful": Mood(MAJOR, MAJOR_MELODY, 88, ((5, 3, 0, 4), (0, 4, 5, 3)), 0.55, 0.25, 0.24),
    "tense": Mood(MINOR, MINOR_MELODY, 92, ((0, 5, 3, 4), (0, 0, 5, 4)), 0.30, 0.45, 0.30),
    "happy": Mood(MAJOR, MAJOR_MELODY, 112, ((0, 3, 4, 3), (0, 5, 3, 4)), 0.75, 0.35, 0.30),
}


def bed(mood: str, seconds: float, seed: int = 0) -> Samples:
    """Returns music of this mood (a key of MOODS) as stereo samples (n, 2), exactly `seconds` long.

    The tempo is changed a little so that whole bars fit. The same arguments give the same music.
    """
    if mood not in MOODS:
        raise ValueError(f"no mood {mood!r}: one of {', '.join(MOODS)}")
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(f"a bed has between {SHORTEST} and {LONGEST:.0f} seconds")
    return _Bed(MOODS[mood], round(seconds * RATE), seed).made()


def room_tone(seconds: float, level_db: float = -60.0) -> Samples:
    """Returns the quiet noise of an empty room in stereo, with this RMS in dBFS."""
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"room tone has up to {LONGEST:.0f} seconds")
    tone = noise.room_tone()
    repeated = np.resize(tone, (round(seconds * RATE), 2))
    return np.asarray(repeated * 10 ** (level_db / 20), np.float32)


class _Bed:
    def __init__(self, mood: Mood, length: int, seed: int) -> None:
        self.mood = mood
        self.length = length
        self.random = np.random.default_rng([VERSION, seed])
        nominal = RATE * 60 * BEATS / mood.tempo
        self.bars = max(1, round(length / nominal))
        self.bar = length / self.bars  # samples
        self.key = 45 + int(self.random.integers(0, 7))  # MIDI number of the tonic: A2 to E flat 3
        self.out = np.zeros((length, 2), np.float32)

    def made(self) -> Samples:
        mood = self.mood
        chords = mood.chords[int(self.random.integers(len(mood.chords)))]
        place = int(self.random.integers(len(mood.melody)))
        for number in range(self.bars):
            at = number * self.bar
            degree = chords[number % len(chords)]
            self._chord(at, degree)
            self._bass(at, degree)
            place = self._melody(at, place)
            if mood.pulse:
                for beat in range(BEATS):
                    self._beat(at + beat * self.bar / BEATS, 1.0 if not beat % 2 else 0.6)
        self._echo()
        peak = float(np.abs(self.out).max(initial=0.0))
        return self.out * np.float32(PEAK / peak) if peak else self.out

    def _pitch(self, degree: int, octave: int = 0) -> float:
        """Returns the frequency of a degree of the scale, which may go beyond the octave."""
        up, step = divmod(degree, len(self.mood.scale))
        return _hertz(self.key + self.mood.scale[step] + 12 * (up + octave))

    def _chord(self, at: float, degree: int) -> None:
        """Four soft notes that swell over the bar and overlap with the next."""
        count = int(self.bar * 1.35)
        rise, fall = int(self.bar * 0.35), int(self.bar * 0.5)
        shape = _envelope(count, rise, fall)
        for voice, third in enumerate((0, 2, 4, 7)):
            pitch = self._pitch(degree + third, octave=1)
            for side, detune in ((0, 0.9985), (1, 1.0015)):
                sound = _tone(pitch * detune, count, self.mood.bright) * shape
                self._add(at, sound * 0.16 / (1 + 0.2 * voice), side)

    def _bass(self, at: float, degree: int) -> None:
        pulses = 8 if self.mood.pulse > 0.4 else 2  # noqa: PLR2004  tense music beats on
        count = int(self.bar / pulses * 1.1)
        shape = _envelope(count, RATE // 50, count // 2)
        sound = _tone(self._pitch(degree), count, 0.2) * shape * 0.28
        for pulse in range(pulses):
            self._add(at + pulse * self.bar / pulses, sound)

    def _melody(self, at: float, place: int) -> int:
        """Plucked notes that walk over a scale of five notes. Returns where the walk ends."""
        notes = self.mood.melody
        step = self.bar / (BEATS * 2)
        for half in range(BEATS * 2):
            place = int(np.clip(place + self.random.integers(-2, 3), 0, 2 * len(notes) - 1))
            strength = 0.12 + 0.10 * float(self.random.random())
            pan = 0.3 + 0.4 * float(self.random.random())
            if self.random.random() > self.mood.density * (1.3 if not half % 2 else 0.7):
                continue
            octave, note = divmod(place, len(notes))
            pitch = _hertz(self.key + notes[note] + 12 * (2 + octave))
            count = int(1.6 * RATE)
            decay = np.exp(-np.arange(count) / RATE * 4.0) * _envelope(count, 240, RATE // 5)
            sound = _tone(pitch, count, self.mood.bright * 1.4) * decay * strength
            self._add(at + half * step, sound * np.sqrt(1 - pan), 0)
            self._add(at + half * step, sound * np.sqrt(pan), 1)
        return place

    def _beat(self, at: float, strength: float) -> None:
        count = RATE // 4
        clock = np.arange(count) / RATE
        fall = 45 * clock + 45 * (1 - np.exp(-clock * 30)) / 30  # from 90 Hz down to 45
        sound = np.sin(2 * np.pi * fall) * np.exp(-clock * 14) * _envelope(count, 96, 2400)
        self._add(at, sound * self.mood.pulse * strength)

    def _add(self, at: float, sound: Samples, side: int | None = None) -> None:
        """Adds a sound. What goes beyond the end is heard at the beginning."""
        target = self.out if side is None else self.out[:, side]
        begin = round(at) % self.length
        data = sound.astype(np.float32, copy=False)
        while len(data):
            part = data[: self.length - begin]
            target[begin : begin + len(part)] += part[:, None] if side is None else part
            data, begin = data[len(part) :], 0

    def _echo(self) -> None:
        """Adds two quiet echoes, one on each side, after three and six half beats."""
        dry = self.out.copy()
        for number, side in ((1, 1), (2, 0)):
            shift = round(number * 3 * self.bar / (BEATS * 2))
            self.out[:, side] += np.roll(dry[:, 1 - side], shift) * np.float32(0.22 / number)


def _hertz(note: int) -> float:
    return float(440.0 * 2 ** ((note - 69) / 12))


def _tone(hertz: float, count: int, bright: float) -> Samples:
    """Returns a sine with three overtones, each `bright` times as strong as the one before."""
    cycles = np.arange(count) * (hertz / RATE)
    phase = np.asarray(2 * np.pi * (cycles - np.floor(cycles)), np.float32)
    sine, cosine = np.sin(phase), np.cos(phase)
    # The overtones by the formulas for multiples of an angle: a third of the time of their sines.
    square = sine * sine
    second = 2 * sine * cosine
    third = sine * (3 - 4 * square)
    fourth = 2 * second * (1 - 2 * square)
    return np.asarray(sine + bright * (second + bright * (third + bright * fourth)), np.float32)


@lru_cache(maxsize=16)
def _envelope(count: int, rise: int, fall: int) -> Samples:
    """Returns gains from silence over one to silence, with soft corners."""
    rise, fall = max(1, min(rise, count // 2)), max(1, min(fall, count // 2))
    clock = np.arange(count, dtype=np.float32)
    up, down = np.clip(clock / rise, 0, 1), np.clip((count - clock) / fall, 0, 1)
    return np.asarray(0.25 * (1 - np.cos(np.pi * up)) * (1 - np.cos(np.pi * down)), np.float32)
