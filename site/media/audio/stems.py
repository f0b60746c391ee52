"""Writes the tracks of a mix to files of their own: to listen to, and for editors."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from media import ffmpeg
from media.audio.decode import RATE, working_folder
from media.audio.mix import RAW
from media.audio.tracks import Levels, MusicBed, Placed, Tracks, place
from media.errors import stopped

# What a browser plays, and what an editor wants.
FORMATS: dict[str, tuple[str, ...]] = {
    "m4a": ("-c:a", "aac", "-b:a", "128k", "-movie_timescale", str(RATE), "-f", "ipod"),
    "wav": ("-c:a", "pcm_s24le", "-f", "wav"),
}


def stems(
    out: Path,
    *,
    frames: int,
    fps: int,
    speech: Sequence[Placed],
    clips: Sequence[Placed] = (),
    sounds: Sequence[Placed] = (),
    music: Sequence[MusicBed] = (),
    levels: Levels = Levels(),  # noqa: B008  frozen
    gain_db: float = 0.0,
    file_format: str = "m4a",
    folder: Path,
    should_stop: Callable[[], bool] = ffmpeg.never,
    on_progress: Callable[[float], None] = ffmpeg.ignore,
) -> dict[str, Path]:
    """Writes each track that is not empty to `out/NAME.FORMAT` and returns the files by name:
    speech, clips, sounds, music, room_tone.

    All have the length of the film, 48 kHz and two channels. With `gain_db` of the mix they add up
    to the mix before its limiter. Music is lowered under speech as in the mix. Raises MediaError.
    """
    with working_folder(folder, "stems-") as temporary:
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
            on_progress=lambda part: on_progress(part * 0.5),
        )
        made: dict[str, Path] = {}
        for number, name in enumerate(tracks.names):
            on_progress(0.5 + 0.5 * number / len(tracks.names))
            made[name] = out / f"{name}.{file_format}"
            ffmpeg.run(
                [
                    *(*RAW, "pipe:0"),
                    "-af",
                    f"volume={gain_db:.3f}dB",
                    "-fflags",
                    "+bitexact",
                    *FORMATS[file_format],
                ],
                out=made[name],
                feed=_blocks(tracks, name, should_stop),
                limit_seconds=900 + tracks.samples / RATE,
                should_stop=should_stop,
            )
    on_progress(1.0)
    return made


def _blocks(tracks: Tracks, name: str, should_stop: Callable[[], bool]) -> Iterator[memoryview]:
    for block in tracks.blocks([name]):
        if should_stop():
            raise stopped()
        yield memoryview(block).cast("B")
