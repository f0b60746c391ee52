"""Places the sounds of a film on its tracks and yields them block by block.

Each file is decoded and measured once, into a folder on disk. Blocks are read from there, so that
memory does not grow with the length of the film.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.audio import loudness
from media.audio.decode import BYTES, CHANNELS, RATE, Decoding, decode, without_sound
from media.audio.ducking import Ducking
from media.audio.room_tone import room_tone
from media.errors import MediaError, stopped

type Samples = NDArray[np.float32]  # (samples, channels)

AT_ONCE = 8  # files that one ffmpeg decodes
BLOCK = RATE  # samples of one block
CUT_FADE = RATE // 50  # of a sound that is cut off: 20 ms
END_FADE = RATE // 4  # of a clip that ends before its scene
FADE_IN, FADE_OUT = RATE, 2 * RATE  # of music
GAP_FADE = RATE // 4  # of music beside a gap, and of music that begins or ends within the film
SEAM = RATE // 2  # overlap where music shorter than its bed starts again
SHORTEST_MUSIC = RATE  # what is shorter is no music to repeat
MOST_GAIN = 24.0  # dB either way that measured gain may change speech and music
MOST_BOOST = 12.0  # dB that a quiet clip may be raised: its noise is raised with it
OFF = -math.inf  # the level of a muted track

SPEECH, CLIPS, SOUNDS, MUSIC, ROOM_TONE = "speech", "clips", "sounds", "music", "room_tone"


@dataclass(frozen=True, slots=True)
class Placed:
    """A sound that starts with frame `start_frame`, cut or padded to `frames` if they are given.

    `gain_db` is added to the gain of its track.
    """

    path: Path
    start_frame: int
    frames: int | None = None
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class MusicBed:
    """Music from `start_frame` up to `end_frame`, repeated if it is shorter.

    During `gaps`, each from a frame up to another, it goes on unheard. `is_part`: other music may
    precede and follow it, so that its fades within the film are short.
    """

    path: Path
    start_frame: int
    end_frame: int
    gain_db: float = 0.0
    gaps: Sequence[tuple[int, int]] = ()
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of the tracks before the gain of the whole film, in LUFS per sound.

    While someone speaks, music falls from `music_alone` by `duck_db`, though not below `music`.
    Room tone is in dBFS. The finished film has the loudness `target` in LUFS, and its true peak is
    at most `peak` in dBTP. A track whose level is `OFF` is muted.
    """

    speech: float = -18.0
    music: float = -30.0
    music_alone: float = -22.0
    clip: float = -26.0
    sound: float = -22.0
    room_tone: float = -60.0
    duck_db: float = 12.0
    target: float = -14.0
    peak: float = -1.0

    @property
    def duck_depth(self) -> float:
        return max(0.0, min(self.duck_db, self.music_alone - self.music))


def sample_at(frame: int, fps: int) -> int:
    """Returns the sample at which a frame starts."""
    return round(frame * RATE / fps)


@dataclass
class Source:
    """A decoded file: raw samples on disk."""

    path: Path
    samples: int
    integrated: float | None

    def read(self, at: int, count: int) -> Samples:
        count = max(0, min(count, self.samples - at))
        data = np.fromfile(self.path, np.float32, count * CHANNELS, offset=at * BYTES)
        return data.reshape(-1, CHANNELS)


@dataclass
class _Item:
    """A source on the film's clock: samples `start` to `end` with a linear gain and fades.

    It is silent in its `gaps`, which are samples of the film, and fades just outside of them.
    """

    source: Source
    start: int
    end: int
    gain: float
    fade_in: int = 0
    fade_out: int = 0
    repeated: bool = False
    gaps: Sequence[tuple[int, int]] = ()

    def add_to(self, block: Samples, at: int) -> None:
        """Adds what falls into the block that starts at sample `at`."""
        first, last = max(self.start, at), min(self.end, at + len(block))
        if first >= last:
            return
        own = np.arange(first - self.start, last - self.start)
        data = self._read(int(own[0]), len(own)) * np.float32(self.gain)
        own = own[: len(data)]
        if not len(own):
            return
        if self.fade_in and own[0] < self.fade_in:
            data *= _ramp(own / self.fade_in)
        if self.fade_out and own[-1] >= (length := self.end - self.start) - self.fade_out:
            data *= _ramp((length - own) / self.fade_out)
        for begin, end in self.gaps:
            if begin - GAP_FADE <= first + len(own) and end + GAP_FADE >= first:
                film = own + self.start
                data *= _ramp(np.maximum(begin - film, film - end) / GAP_FADE)
        block[first - at : first - at + len(data)] += data

    def _read(self, at: int, count: int) -> Samples:
        if not self.repeated:
            return self.source.read(at, count)
        return np.concatenate(list(self._repeat(at, count)))

    def _repeat(self, at: int, count: int) -> Iterator[Samples]:
        """Yields music that starts again, each time under the end of the time before."""
        seam = min(SEAM, self.source.samples // 4)
        period = self.source.samples - seam
        while count:
            round_number, begin = divmod(at, period)
            # Up to the end of the overlap, then up to the end of the period.
            most = seam - begin if round_number and begin < seam else period - begin
            data = self.source.read(begin, min(count, most))
            if round_number and begin < seam:
                rising = ((begin + np.arange(len(data))) / seam)[:, None]
                ending = self.source.read(period + begin, len(data))
                data = data * np.sqrt(rising) + ending * np.sqrt(1 - rising)
            yield data.astype(np.float32)
            at, count = at + len(data), count - len(data)


def _ramp(part: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.clip(part, 0.0, 1.0).astype(np.float32)[:, None]


def linear(decibels: float) -> float:
    return float(10 ** (decibels / 20))


@dataclass
class Tracks:
    """The tracks of one film. `samples` is its exact length at 48 kHz."""

    samples: int
    levels: Levels
    items: dict[str, list[_Item]] = field(default_factory=dict)
    ducking: Ducking | None = None

    @property
    def silent(self) -> bool:
        """Returns whether nothing but room tone would be heard."""
        return not any(self.items.values())

    @property
    def names(self) -> list[str]:
        """Returns the tracks that are not empty."""
        found = [name for name in (SPEECH, CLIPS, SOUNDS, MUSIC) if self.items.get(name)]
        return [*found, ROOM_TONE] if self.levels.room_tone > OFF else found

    def blocks(self, names: Sequence[str] | None = None) -> Iterator[Samples]:
        """Yields the sum of these tracks, or of all, in blocks of one second."""
        wanted = self.names if names is None else names
        waiting = {
            name: sorted(self.items.get(name, []), key=lambda item: item.start) for name in wanted
        }
        tone = room_tone() * np.float32(linear(self.levels.room_tone))
        for at in range(0, self.samples, BLOCK):
            block = np.zeros((min(BLOCK, self.samples - at), CHANNELS), np.float32)
            for name in wanted:
                items = waiting[name] = [item for item in waiting[name] if item.end > at]
                track = np.zeros_like(block) if name == MUSIC else block
                for item in items:
                    if item.start >= at + len(block):
                        break
                    item.add_to(track, at)
                if name == MUSIC:
                    if self.ducking:
                        track *= self.ducking.gain(at, len(block))[:, None]
                    block += track
            if ROOM_TONE in wanted:
                # A block is a whole part of the tone, which starts again after ten seconds.
                block += tone[at % len(tone) :][: len(block)]
            yield block


type Wanted = tuple[Path, str]  # a file, and the filters it is heard through


@dataclass
class _Decoder:
    """Decodes each file once, though it may be placed many times."""

    folder: Path
    samples: int  # no source is needed for longer than the film
    should_stop: Callable[[], bool]
    on_progress: Callable[[float], None]

    def sources(self, wanted: Sequence[Wanted]) -> dict[Wanted, Source | None]:
        """Returns the decoded files, and None for each clip without sound."""
        found: dict[Wanted, Source | None] = {}
        once = list(dict.fromkeys(wanted))
        for some in batched(once, AT_ONCE):
            self.on_progress(len(found) / len(once))
            if self.should_stop():
                raise stopped()
            found |= self._decoded(some, len(found))
        return found

    def _decoded(self, some: Sequence[Wanted], first: int) -> dict[Wanted, Source | None]:
        """Decodes some files, of which the first is number `first`. One that fails fails them all:
        then each is decoded by itself.
        """
        files = [self._decoding(one, first + number) for number, one in enumerate(some)]
        try:
            measured = loudness.summaries(decode(files, should_stop=self.should_stop))
        except MediaError as error:
            if len(some) > 1 and error.code == "broken_input":
                return self._each_alone(some, first)
            if len(some) == 1 and without_sound(error):
                return {some[0]: None}
            raise
        if len(some) > 1 and len(measured) < len(some):
            # The errors of a damaged file have pushed the summary of another out of the report.
            return self._each_alone(some, first)
        found = [measured.get(loudness.NAME.format(file.out.stem)) for file in files]
        return {
            one: _source(file.out, at_hand.integrated if at_hand else None)
            for one, file, at_hand in zip(some, files, found, strict=True)
        }

    def _each_alone(self, some: Sequence[Wanted], first: int) -> dict[Wanted, Source | None]:
        found: dict[Wanted, Source | None] = {}
        for number, one in enumerate(some, first):
            found |= self._decoded([one], number)
        return found

    def _decoding(self, wanted: Wanted, number: int) -> Decoding:
        path, filters = wanted
        out = self.folder / f"source{number:05}.f32"
        measuring = loudness.FILTER.replace("ebur128", loudness.NAME.format(out.stem))
        chain = [f"atrim=end_sample={self.samples}", *([filters] if filters else []), measuring]
        return Decoding(path, out, ",".join(chain))


def _source(path: Path, integrated: float | None) -> Source:
    source = Source(path, path.stat().st_size // BYTES, integrated)
    if integrated is None and source.samples < loudness.SHORTEST:
        source.integrated = _short_loudness(source)
    return source


def _short_loudness(source: Source) -> float | None:
    """Returns the loudness of a sound that is shorter than one block of the measurement, from its
    power alone. A word or a click needs no more.
    """
    power = float(np.square(source.read(0, source.samples)).mean(axis=0).sum())
    level = 10 * math.log10(power) - 0.691 if power else OFF
    return level if level > loudness.SILENCE else None


RUMBLE_FILTER = "highpass=f=80"  # under a voice there is only rumble


def place(
    *,
    frames: int,
    fps: int,
    speech: Sequence[Placed],
    clips: Sequence[Placed] = (),
    sounds: Sequence[Placed] = (),
    music: Sequence[MusicBed] = (),
    levels: Levels,
    folder: Path,
    should_stop: Callable[[], bool],
    on_progress: Callable[[float], None],
) -> Tracks:
    """Decodes, measures and places all sounds. What is silent or without sound is left out.

    Raises MediaError for a file that cannot be read.
    """
    if frames < 1 or fps < 1:
        raise ValueError("a film has at least one frame")
    tracks = Tracks(sample_at(frames, fps), levels)
    wanted: list[tuple[str, Placed | MusicBed, float]] = [
        *((SPEECH, item, levels.speech) for item in speech),
        *((CLIPS, item, levels.clip) for item in clips),
        *((SOUNDS, item, levels.sound) for item in sounds),
        *((MUSIC, item, levels.music_alone) for item in music),
    ]
    if any(given.start_frame < 0 for _name, given, _level in wanted):
        raise ValueError("a sound starts with a frame of the film")
    heard = [one for one in wanted if one[2] + one[1].gain_db > OFF]
    decoder = _Decoder(folder, tracks.samples, should_stop, on_progress)
    sources = decoder.sources([_filtered(name, given) for name, given, _level in heard])
    for name, given, level in heard:
        source = sources[_filtered(name, given)]
        if source is None or source.integrated is None:
            continue
        most = MOST_GAIN if name in {SPEECH, MUSIC} else MOST_BOOST
        gain = linear(max(-MOST_GAIN, min(most, level - source.integrated)) + given.gain_db)
        item = _placed(given, source, gain, fps=fps, samples=tracks.samples, padded=name == CLIPS)
        if item.end > item.start:
            tracks.items.setdefault(name, []).append(item)
    if tracks.items.get(SPEECH) and tracks.items.get(MUSIC) and levels.duck_depth:
        tracks.ducking = Ducking.under(
            tracks.blocks([SPEECH]), samples=tracks.samples, depth_db=levels.duck_depth
        )
    return tracks


def _filtered(track: str, given: Placed | MusicBed) -> Wanted:
    return given.path, RUMBLE_FILTER if track == SPEECH else ""


def _placed(
    given: Placed | MusicBed,
    source: Source,
    gain: float,
    *,
    fps: int,
    samples: int,
    padded: bool,
) -> _Item:
    """Returns a source with its place in a film of so many samples, and its fades. A source that is
    `padded` ends with a fade if silence follows.
    """
    start = sample_at(given.start_frame, fps)
    if isinstance(given, MusicBed):
        end = min(sample_at(given.end_frame, fps), samples)
        length = max(1, end - start)
        fade_in = GAP_FADE if given.is_part and start else FADE_IN
        fade_out = GAP_FADE if given.is_part and end < samples else FADE_OUT
        fade_in, fade_out = min(fade_in, length // 4), min(fade_out, length // 2)
        repeated = SHORTEST_MUSIC <= source.samples < end - start
        gaps = [(sample_at(first, fps), sample_at(last, fps)) for first, last in given.gaps]
        return _Item(source, start, end, gain, fade_in, fade_out, repeated, gaps)
    limit = samples
    if given.frames is not None:
        limit = min(limit, sample_at(given.start_frame + given.frames, fps))
    end = min(start + source.samples, limit)
    fade_out = 0
    if start + source.samples > limit:
        fade_out = CUT_FADE
    elif padded and start + source.samples < limit:
        fade_out = END_FADE
    return _Item(source, start, end, gain, fade_out=min(fade_out, max(0, end - start)))
