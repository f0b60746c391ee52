"""A smaller copy of a film, for lines on which the film itself would stall."""

from collections.abc import Callable
from pathlib import Path

from . import ffmpeg

SHORT_SIDE = 360  # pixels; a smaller film keeps its size
VIDEO_KBITS = 260
AUDIO_KBITS = 48  # together below 330 kbit/s, so that 400 kbit/s play without stalls


def render_light(
    film: Path,
    out: Path,
    *,
    should_stop: Callable[[], bool] = ffmpeg.never,
    on_frame: Callable[[int], None] = ffmpeg.ignore,
) -> None:
    """Write the copy to `out`, with the same frames and the same sound. Raises MediaError."""
    scale = f"if(gt(iw,ih),-2,min({SHORT_SIDE},iw))", f"if(gt(iw,ih),min({SHORT_SIDE},ih),-2)"
    ffmpeg.run(
        [
            *("-i", f"file:{film}", "-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1"),
            *("-vf", f"scale=w='{scale[0]}':h='{scale[1]}':flags=area"),
            *(
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-profile:v",
                "main",
                "-pix_fmt",
                "yuv420p",
            ),
            *("-crf", "28", "-maxrate", f"{VIDEO_KBITS}k", "-bufsize", f"{VIDEO_KBITS}k"),
            *("-c:a", "aac", "-b:a", f"{AUDIO_KBITS}k", "-ac", "2"),
            *("-movflags", "+faststart", "-f", "mp4"),
        ],
        out=out,
        should_stop=should_stop,
        on_frame=on_frame,
    )
