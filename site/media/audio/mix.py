"""Mixes the sound of a whole film into one continuous track of exact length."""

import errno
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.unavailable import FULL
from media import ffmpeg
from media.audio import loudness
from media.audio.decode import CHANNELS, RATE, working_folder
from media.audio.envelope import ATTACK, RELEASE, Envelope
from media.audio.loudness import Loudness
from media.audio.tracks import MOST_GAIN, Levels, MusicBed, Placed, Samples, Tracks, linear, place
from media.audio.waveform import Outline
from media.errors import stopped

__all__ = ["BROADCAST", "MIXER", "Levels", "Mixed", "MusicBed", "Placed", "broadcast", "mix"]

MIXER = (
    2  # the version: part of what a mix is known by, raised when the same input sounds different
)

BROADCAST = {"r128": -23.0, "tv": -24.0}  # EBU R 128; ATSC A/85 and Korean television
TOLERANCE = 0.15  # LU from the target, half of what is promised
MARGIN = (
    1.0  # dB between the limiter and the true peak: AAC and the curve between samples exceed it
)
ESTIMATES = 3
TRIES = 5
AUDIBLE = linear(loudness.SILENCE)
# Without noise substitution, which would move a click. The fast coder needs 40 % of the time of the
# other, and 192 kbit/s leave it room.
AAC = ("-c:a", "aac", "-aac_coder", "fast", "-aac_pns", "0", "-b:a", "192k")
RAW = ("-f", "f32le", "-ar", str(RATE), "-ac", str(CHANNELS), "-i")


@dataclass(frozen=True, slots=True)
class Mixed:
    """The measured result. `integrated` is None, and `silent` true, if there is only room tone.

    `gain_db` is the gain of the whole film, which brings stems to the level of the mix. `outline`:
    the levels that are drawn, from 0 to 100.
    """

    integrated: float | None
    true_peak: float
    samples: int
    silent: bool
    gain_db: float = 0.0
    outline: tuple[int, ...] = ()


def _limited(gain: float, limit: float) -> str:
    """Returns the filters that apply a gain in dB and keep the peaks below a limit in dBFS."""
    times = f"attack={ATTACK}:release={RELEASE}"
    limiter = f"alimiter=limit={linear(limit):.6f}:{times}:level=false:latency=true"
    return f"volume={gain:.3f}dB,{limiter}"


def broadcast(kind: str = "r128") -> Levels:
    """Returns the levels for broadcasting: -23 LUFS (`r128`) or -24 (`tv`), -2 dBTP at most."""
    return Levels(target=BROADCAST[kind], peak=-2.0)


def mix(
    out: Path,
    *,
    frames: int,
    fps: int,
    speech: Sequence[Placed],
    clips: Sequence[Placed] = (),
    sounds: Sequence[Placed] = (),
    music: Sequence[MusicBed] = (),
    levels: Levels = Levels(),  # noqa: B008  frozen
    outline: int = 0,
    folder: Path,
    should_stop: Callable[[], bool] = ffmpeg.never,
    on_progress: Callable[[float], None] = ffmpeg.ignore,
) -> Mixed:
    """Writes the sound of a film of `frames` frames as AAC (48 kHz, stereo) in an .m4a file that
    decodes to exactly `frames * 48000 / fps` samples.

    Each speech, clip and sound is brought to the level of its track by measured gain, music is
    lowered under speech, and the whole has the loudness and at most the true peak of `levels`.
    Decoded sounds and their sum lie in `folder` meanwhile, 0.4 MB per second of each. `outline`:
    in how many parts the sound will be drawn. `on_progress` receives the part that is done, from 0
    to 1. Raises MediaError (broken_input, disk_full, stopped, ...); then nothing is left of `out`.
    """
    with working_folder(folder, "mix-") as temporary:
        tracks = place(
            frames=frames,
            fps=fps,
            speech=speech,
            clips=clips,
            sounds=sounds,
            music=music,
            levels=levels,
            folder=temporary,
            should_stop=should_stop,
            on_progress=lambda part: on_progress(part * 0.4),
        )
        drawn = Outline(outline, tracks.samples) if outline else None
        return _Master(tracks, temporary / "mixed.f32", drawn, should_stop, on_progress).write(out)


@dataclass
class _Master:
    """Brings the sum of the tracks to its loudness and encodes it.

    The tracks are added once, while their loudness is measured; `mixed` keeps the raw samples for
    the passes that follow, or they are added again where the disk has no room for them.
    """

    tracks: Tracks
    mixed: Path
    outline: Outline | None
    should_stop: Callable[[], bool]
    on_progress: Callable[[float], None]
    is_kept: bool = True
    reached: float = 0.0

    def write(self, out: Path) -> Mixed:
        """Encodes, measures the encoded file, and does so again with what was found if the result
        is off. A limiter takes some loudness: what it takes is estimated before anything is
        encoded, so that once is mostly enough.
        """
        found, envelope, momentary = self._added()
        silent = self.tracks.silent or envelope.peak < AUDIBLE
        levels = self.tracks.levels
        gain = 0.0
        if not silent and found.integrated is not None:
            gain = max(-MOST_GAIN, min(MOST_GAIN, levels.target - found.integrated))
        limit = levels.peak - MARGIN
        if not silent:
            plain = gain
            for _time in range(ESTIMATES):  # what is louder is limited more
                lost = envelope.lost_db(linear(gain), linear(limit), momentary)
                gain = min(MOST_GAIN, plain + lost)
        part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.mix")
        try:
            for attempt in range(TRIES):
                self._tell(0.7)
                self._encode(part, gain, limit)
                self._tell(0.9)
                found = loudness.measure(part, should_stop=self.should_stop)
                over = max(0.0, found.true_peak - levels.peak)
                off = 0.0
                if not silent and found.integrated is not None:
                    off = levels.target - found.integrated
                wanted = max(-MOST_GAIN, min(MOST_GAIN, gain + off))
                if not over and (abs(off) <= TOLERANCE or wanted == gain):
                    break
                if attempt + 1 < TRIES:
                    # What exceeds the peak is taken from the threshold of the limiter.
                    limit -= over + 0.1 if over else 0.0
                    gain = wanted
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        self.on_progress(1.0)
        drawn = self.outline.levels(linear(gain), linear(limit)) if self.outline else ()
        return Mixed(
            None if silent else found.integrated,
            found.true_peak,
            found.samples,
            silent,
            gain,
            tuple(drawn),
        )

    @property
    def _limit_seconds(self) -> float:
        """Returns the time within which ffmpeg must have done one pass."""
        return 900 + self.tracks.samples / RATE

    def _added(self) -> tuple[Loudness, Envelope, list[float]]:
        """Adds the tracks; returns their loudness together, their envelope and their momentary
        loudness. The outline is made of them on the way.
        """
        envelope, momentary, at = Envelope(), list[float](), 0

        def hear(line: str) -> None:
            if line.startswith(loudness.MOMENTARY):
                momentary.append(float(line.removeprefix(loudness.MOMENTARY)))

        def feed() -> Iterator[memoryview]:
            nonlocal at
            with self._kept() as keep:
                for samples in self._blocks():
                    envelope.add(samples)
                    if self.outline:
                        self.outline.add(at, samples)
                    at += len(samples)
                    block = memoryview(samples).cast("B")
                    keep(block)
                    yield block
                    self._tell(0.4 + 0.2 * at / self.tracks.samples)

        code, output = ffmpeg.listen(
            [
                *("-loglevel", "info", "-nostats", *RAW, "pipe:0"),
                *("-af", loudness.FILTER_WITH_MOMENTARY, "-f", "null", "-"),
            ],
            on_line=hear,
            feed=feed(),
            limit_seconds=self._limit_seconds,
            should_stop=self.should_stop,
        )
        if code:
            raise ffmpeg.failure(code, output)
        return loudness.parse(output, self.tracks.samples), envelope, momentary

    @contextmanager
    def _kept(self) -> Iterator[Callable[[memoryview], None]]:
        """Yields what writes a block to the file; a disk without room for it keeps nothing."""
        with self.mixed.open("wb", buffering=0) as file:

            def keep(block: memoryview) -> None:
                if not self.is_kept:
                    return
                try:
                    self.is_kept = file.write(block) == len(block)
                except OSError as error:
                    if error.errno not in {*FULL, errno.EFBIG}:
                        raise
                    self.is_kept = False
                if not self.is_kept:
                    file.truncate(0)

            yield keep

    def _blocks(self) -> Iterator[Samples]:
        for block in self.tracks.blocks():
            if self.should_stop():
                raise stopped()
            yield block

    def _source(self) -> tuple[str, Iterator[memoryview] | None]:
        """Returns the input of ffmpeg for the sum, and what is fed to it."""
        if self.is_kept:
            return f"file:{self.mixed}", None
        return "pipe:0", (memoryview(block).cast("B") for block in self._blocks())

    def _tell(self, part: float) -> None:
        # A second attempt at encoding goes on from where the first was.
        self.reached = max(self.reached, part)
        self.on_progress(self.reached)

    def _encode(self, out: Path, gain: float, limit: float) -> None:
        chain = f"{_limited(gain, limit)},atrim=end_sample={self.tracks.samples}"
        source, feed = self._source()
        ffmpeg.run(
            [
                *(*RAW, source),
                *("-af", chain, *AAC, "-fflags", "+bitexact"),
                # Lengths in the container are exact on the clock of the samples.
                *("-movie_timescale", str(RATE), "-movflags", "+faststart", "-f", "ipod"),
            ],
            out=out,
            feed=feed,
            limit_seconds=self._limit_seconds,
            should_stop=self.should_stop,
        )
