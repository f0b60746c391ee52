"""Converts a clip from any source into a segment: the film's size, rate,
colours and exact length.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext_noop
from PIL import Image

from media import clip_normalization, codec, ffmpeg, mp4
from media.caption_overlay import FADE_SECONDS, Overlay
from media.captions import CaptionSpan
from media.crop import Crop
from media.errors import MediaError
from media.logo import Logo, Mark, placed
from media.probe import Probe
from media.transitions import NO_FADES, Fades, Part


def _picture_chain(
    probe: Probe,
    size: tuple[int, int],
    fps: int,
    crop: Crop | None,
    held: str = "",
) -> str:
    """Returns the filters of the clip: normalize, constant rate from zero, scale to cover, crop,
    hold the end. `held`: filters that follow, to hold the beginning and cut.
    """
    width, height = size
    return ",".join([
        "setpts=PTS-STARTPTS",
        *clip_normalization.filters(probe),
        f"fps={fps}",
        *(
            [
                (
                    f"crop=w=iw*{crop.width:.6f}:h=ih*{crop.height:.6f}"
                    f":x=iw*{crop.left:.6f}:y=ih*{crop.top:.6f}:exact=1"
                )
            ]
            if crop
            else []
        ),
        (f"scale=w={width}:h={height}:force_original_aspect_ratio=increase"
        ":flags=bicubic+accurate_rnd+full_chroma_int"
        f":in_color_matrix={clip_normalization.matrix_in(probe)}"
        ":out_color_matrix=bt709:out_range=tv"),
        f"crop={width}:{height}",
        "setsar=1",
        "format=yuv420p",
        codec.COLOR_TAGS,
        "tpad=stop_mode=clone:stop=-1",
        *([held] if held else []),
    ])  # fmt: skip


def _caption_chains(captions: Sequence[tuple[CaptionSpan, Overlay]], fps: int) -> list[str]:
    """Returns for each caption: decode its image once, fade it in and out, overlay it for its
    frames.
    """
    fade = max(1, round(FADE_SECONDS * fps))
    chains: list[str] = []
    for number, (span, overlay) in enumerate(captions):
        frames = span.end_frame - span.start_frame
        chains.append(
            f"[{number + 1}:v]format=yuva420p,loop=loop=-1:size=1,trim=end_frame={frames},"
            f"setpts=(N+{span.start_frame})/({fps}*TB),fade=t=in:s=0:n={fade}:alpha=1,"
            f"fade=t=out:s={max(0, frames - fade)}:n={fade}:alpha=1[c{number}]"
        )
        chains.append(
            f"[v{number}][c{number}]overlay={overlay.left}:{overlay.top}"
            f":eof_action=pass:format=yuv420[v{number + 1}]"
        )
    return chains


def _logo_chains(picture: str, shown: str, mark: Mark) -> list[str]:
    """Returns the filters that overlay the logo on all frames."""
    return [
        f"[{picture}]scale=out_color_matrix=bt709:out_range=tv,format=yuva420p[logo]",
        f"[{shown}][logo]overlay={mark.left}:{mark.top}:eof_action=repeat:format=yuv420[marked]",
    ]


def encode_clip(
    source: Path,
    out: Path,
    *,
    frames: int,
    size: tuple[int, int],
    fps: int,
    captions: Sequence[CaptionSpan] = (),
    crop: Crop | None = None,
    part: Part | None = None,
    fades: Fades = NO_FADES,
    logo: Logo | None = None,
    crf: int = codec.CRF,
    should_stop: Callable[[], bool] = ffmpeg.never,
    on_progress: Callable[[int], None] = ffmpeg.ignore,
) -> None:
    """Writes a segment of exactly `frames` frames from a clip of any size, rate, codec or rotation,
    with or without sound.

    A longer clip is cut at its end; a shorter one holds its last frame. `crop` selects the visible
    part, by default the middle. `part`: only these frames; those before the clip's beginning
    (`lead`) hold its first frame. The same inputs give the same bytes. `on_progress` receives
    percentages. Raises MediaError (broken_input if the clip has no readable frame).
    """
    codec.check_size(size)
    probe = ffmpeg.probe(source)
    with tempfile.TemporaryDirectory(prefix=".clip-", dir=out.parent) as folder:
        drawn = [(span, Overlay.of(span.text, size)) for span in captions]
        pictures = [
            _saved(overlay.rgba, Path(folder) / f"{number}.png", fps)
            for number, (_span, overlay) in enumerate(drawn)
        ]
        chains = [
            f"[0:V:0]{_picture_chain(probe, size, fps, crop, _held(part, frames))}[v0]",
            *_caption_chains(drawn, fps),
        ]
        shown = f"v{len(captions)}"
        if logo:
            mark = placed(logo, size)
            pictures.append(_saved(mark.rgba, Path(folder) / "logo.png", fps))
            chains += _logo_chains(f"{len(pictures)}:v", shown, mark)
            shown = "marked"
        if faded := fades.filters(frames):
            chains.append(f"[{shown}]{','.join(faded)}[faded]")
            shown = "faded"
        segment = Path(folder) / "segment.mp4"
        ffmpeg.run(
            [
                *(
                    *ffmpeg.INPUT_GUARD,
                    *clip_normalization.input_options(probe),
                    "-i",
                    f"file:{source}",
                ),
                *(argument for picture in pictures for argument in picture),
                *(
                    "-filter_complex",
                    ";".join(chains),
                    "-map",
                    f"[{shown}]",
                    "-frames:v",
                    str(frames),
                ),
                *codec.video_settings(fps, crf),
            ],
            out=segment,
            should_stop=should_stop,
            on_frame=lambda done: on_progress(done * 100 // frames),
        )
        if mp4.length(segment).frames != frames:
            raise MediaError(
                gettext_noop(
                    "A clip could not be read: the file is damaged or of an unknown kind."
                ),
                code="broken_input",
            )
        segment.replace(out)


def _held(part: Part | None, frames: int) -> str:
    if part is None:
        return ""
    return (
        f"tpad=start_mode=clone:start={part.lead},"
        f"trim=start_frame={part.first}:end_frame={part.first + frames},setpts=PTS-STARTPTS"
    )


def _saved(rgba: npt.NDArray[np.uint8], path: Path, fps: int) -> list[str]:
    """Writes a caption's box or a logo as a PNG and returns the options that open it."""
    Image.fromarray(rgba, "RGBA").save(path, compress_level=1)
    return ["-framerate", str(fps), "-i", f"file:{path}"]
