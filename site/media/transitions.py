"""Transitions between two scenes: fades through black, and windows that cross-fade."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_noop

from media import codec, ffmpeg, mp4
from media.errors import MediaError

WINDOW_CRF = 10  # of the two sides, which are encoded once more


@dataclass(frozen=True, slots=True)
class Part:
    """A segment shows some frames of a longer move, which goes on under a cross-fade.

    `total`: frames of the whole move, of which `lead` lie before the scene. `first`: the first
    frame that is shown.
    """

    total: int
    first: int
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Fades:
    """How many frames of a segment come up from black, and how many go down to black."""

    up: int = 0
    down: int = 0

    def filters(self, frames: int) -> list[str]:
        up = [f"fade=t=in:s=0:n={self.up}"] if self.up else []
        down = [f"fade=t=out:s={frames - self.down}:n={self.down}"] if self.down else []
        return up + down


NO_FADES = Fades()


def cross_fade(
    left: Path,
    right: Path,
    out: Path,
    *,
    frames: int,
    fps: int,
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> None:
    """Writes the segment in which one picture gives way to another.

    Both files have exactly so many frames. The same inputs give the same bytes. Raises MediaError.
    """
    fade = f"xfade=transition=fade:duration={frames / fps:.6f}:offset=0"
    ffmpeg.run(
        [
            *(*ffmpeg.INPUT_GUARD, "-i", f"file:{left}"),
            *(*ffmpeg.INPUT_GUARD, "-i", f"file:{right}"),
            *("-filter_complex", f"[0:v][1:v]{fade},{codec.COLOR_TAGS}[v]"),
            *("-map", "[v]", "-frames:v", str(frames)),
            *codec.video_settings(fps),
        ],
        out=out,
        should_stop=should_stop,
    )
    if mp4.length(out).frames != frames:
        raise MediaError(
            gettext_noop("A cross-fade could not be made of two scenes."), code="failed"
        )
