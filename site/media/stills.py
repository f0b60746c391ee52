"""Small JPEG pictures of a picture or clip, to be shown to a model that looks at it."""

from pathlib import Path

from PIL import Image

from core.limited_process import MB, LimitedError, run_limited

from . import ffmpeg
from .image_import import media_error_of, read
from .probe import INPUT_GUARD

SIDE = 768  # pixels at most; models reduce larger pictures themselves, or charge more for them
FRAMES = 3  # of a clip, each from the middle of a third
QUALITY = 82
MEMORY = 1024 * MB  # ffmpeg included
SECONDS = 60


def stills(source: Path, folder: Path, *, is_clip: bool, wait_seconds: float = 10.0) -> list[Path]:
    """Write the picture, or frames of the clip in order, to `folder` in a limited process.

    Raises MediaError or BusyError.
    """
    try:
        names = run_limited(
            "media.stills:write_stills",
            [str(source), str(folder), is_clip],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=1 << 12,
            max_file_bytes=64 * MB,
            wait_seconds=wait_seconds,
        )
    except LimitedError as error:
        raise media_error_of(error) from error
    return [folder / str(name) for name in names]


# Arguments of a limited process have no names
def write_stills(source: str, folder: str, is_clip: bool) -> list[str]:  # noqa: FBT001
    """Runs in the limited process."""
    path, target = Path(source), Path(folder)
    names = []
    for number, image in enumerate(
        _frames(path, target) if is_clip else [read(path, enough=(SIDE, SIDE))]
    ):
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        names.append(f"still-{number}.jpg")
        image.save(target / names[-1], "JPEG", quality=QUALITY)
    return names


def _frames(path: Path, folder: Path) -> list[Image.Image]:
    found = ffmpeg.probe(path)
    scale = min(1.0, SIDE / max(found.width, found.height))
    width, height = (max(2, round(side * scale)) for side in (found.width, found.height))
    rate = FRAMES / max(found.duration_ms / 1000, 0.1)
    out = folder / "frames"
    ffmpeg.run(
        [
            *("-threads", "1", *INPUT_GUARD, "-i", f"file:{path}", "-map", "0:V:0"),
            *("-filter_threads", "1", "-vf", f"fps={rate:.6f},scale={width}:{height}:flags=area"),
            *("-frames:v", str(FRAMES), "-pix_fmt", "rgb24", "-f", "rawvideo"),
        ],
        out=out,
        limit_seconds=SECONDS,
    )
    data, size = out.read_bytes(), width * height * 3
    out.unlink()
    return [
        Image.frombytes("RGB", (width, height), data[at : at + size])
        for at in range(0, len(data) - size + 1, size)
    ]
