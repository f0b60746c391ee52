"""Measures pictures and clips for faults that can be seen without knowing what was asked for.

`measures_of` reads the file in a limited process. What counts as a fault is decided by whoever
knows the film; here are only numbers.
"""

import logging
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from core.limited_process import MB, BusyError, LimitedError, run_limited

from . import ffmpeg
from .lettering import longest_line
from .probe import INPUT_GUARD

logger = logging.getLogger("ai_video.media")

VERSION = 2  # of what is measured; raise it when a number changes its meaning
MEMORY = 1024 * MB  # ffmpeg included
SECONDS = 60
STILL_WIDTH = 960  # of the pictures that are looked at closely
FRAME_WIDTH = 160  # of the frames of a clip
RATE = 24  # frames per second of a clip that are compared
LONGEST = 120  # seconds of a clip that are compared
STILLS = 2
HASH_SIDE = 16  # a hash has the square of this many bits
BLACK = 24  # luma up to which a frame is black
# Up to this luma in this percentage of it, a frame is black but for a logo or a few letters. A
# scene at night is lighter than that.
PURE_BLACK = 12
MOST_OF_IT = 85
SAME = 0.2  # mean difference of luma up to which two frames are the same
FLASH = 20.0  # a change of mean luma that viewers see as a flash

type Grey = NDArray[np.uint8]


def measures_of(path: Path, *, is_clip: bool, wait_seconds: float = 10.0) -> dict[str, Any]:
    """Measure a stored picture or clip. Empty if that is turned off or fails.

    `luma`: of the brightest hundredth, 0 to 255; of a picture that is black but for a logo, of the
    black. `contrast`: range of luma. `sharpness`: the
    strongest edges, relative to the contrast, 0 to 1. `letters`: characters in the longest line of
    letter-like shapes. `hash`: perceptual hash in hexadecimal digits. Of a clip the second of two
    frames gives these, and for letters the one with more; it also has `black_ms` and `frozen_ms`,
    the longest stretches of black and of frames without a change, and `flashes`, the most in one
    second.
    """
    if not settings.CHECK_TAKES:
        return {}
    try:
        found = run_limited(
            "media.measures:measure_file",
            [str(path), is_clip],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=1 << 16,
            max_file_bytes=256 * MB,
            wait_seconds=wait_seconds,
        )
    except (LimitedError, BusyError) as error:
        logger.warning("A take was not measured: %s", error)
        return {}
    return dict(found)


# Arguments of a limited process have no names
def measure_file(path: str, is_clip: bool) -> dict[str, Any]:  # noqa: FBT001
    """Runs in the limited process."""
    cv2.setNumThreads(1)
    return _clip(Path(path)) if is_clip else _picture(Path(path))


def _picture(path: Path) -> dict[str, Any]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError("OpenCV cannot read the picture.")
    grey = _narrowed(np.asarray(image, np.uint8))
    return {"version": VERSION, **_still(grey), "letters": longest_line(grey)}


def _narrowed(grey: Grey) -> Grey:
    height, width = grey.shape
    if width <= STILL_WIDTH:
        return grey
    size = (STILL_WIDTH, max(1, round(height * STILL_WIDTH / width)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _still(grey: Grey) -> dict[str, Any]:
    low, high = np.percentile(grey, 1), _brightest(grey, axis=None)
    contrast = float(high - low)
    return {
        "luma": round(float(high)),
        "contrast": round(contrast),
        "sharpness": round(_sharpness(grey, contrast), 3),
        "hash": perceptual_hash(grey),
    }


def _brightest(grey: Grey, *, axis: tuple[int, int] | None) -> Any:
    """The luma of the brightest hundredth, or of the black if there is hardly anything else."""
    most, high = np.percentile(grey, (MOST_OF_IT, 99), axis=axis)
    return np.where(most <= PURE_BLACK, most, high)


def _sharpness(grey: Grey, contrast: float) -> float:
    """How much luma changes over two pixels at the strongest edges, in parts of the contrast."""
    if contrast < 1:
        return 0.0
    values = grey.astype(np.float32)
    across = np.abs(values[:, 2:] - values[:, :-2])
    down = np.abs(values[2:] - values[:-2])
    return float(max(np.percentile(across, 99.8), np.percentile(down, 99.8)) / contrast)


def perceptual_hash(grey: Grey) -> str:
    """The signs of the lowest frequencies against their median (pHash), as hexadecimal digits."""
    side = HASH_SIDE * 4
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = np.asarray(cv2.dct(small), np.float32)[:HASH_SIDE, :HASH_SIDE]
    bits = low > np.median(low)
    return np.packbits(bits).tobytes().hex()


def hash_distance(one: str, other: str) -> int:
    """The number of bits in which two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _clip(path: Path) -> dict[str, Any]:
    found = ffmpeg.probe(path)
    width = min(FRAME_WIDTH, found.width)
    height = max(2, round(found.height * width / found.width))
    rate = min(RATE, max(1, round(found.fps)))
    frames = _frames(path, f"fps={rate}", (width, height), most=LONGEST * rate)
    seconds = max(found.duration_ms / 1000, 0.1)
    large = min(STILL_WIDTH, found.width)
    tall = max(2, round(found.height * large / found.width))
    stills = _frames(path, f"fps={STILLS / seconds:.6f}", (large, tall), most=STILLS)
    middle = stills[len(stills) // 2] if len(stills) else frames[len(frames) // 2]
    means = frames.mean(axis=(1, 2))
    return {
        "version": VERSION,
        **_still(np.ascontiguousarray(middle)),
        "letters": max((longest_line(np.ascontiguousarray(one)) for one in stills), default=0),
        "black_ms": _longest(_brightest(frames, axis=(1, 2)) <= BLACK) * 1000 // rate,
        "frozen_ms": _longest(_changes(frames) <= SAME) * 1000 // rate,
        "flashes": _flashes(means, rate),
    }


def _frames(path: Path, rate: str, size: tuple[int, int], *, most: int) -> Grey:
    """Frames of the clip in grey, at this rate and size. Raises MediaError."""
    width, height = size
    with TemporaryDirectory() as folder:
        out = Path(folder) / "frames"
        ffmpeg.run(
            [
                *("-threads", "1", *INPUT_GUARD, "-i", f"file:{path}", "-map", "0:V:0"),
                *("-filter_threads", "1", "-vf", f"{rate},scale={width}:{height}:flags=area"),
                *("-frames:v", str(most), "-pix_fmt", "gray", "-f", "rawvideo"),
            ],
            out=out,
            limit_seconds=SECONDS,
        )
        read = np.fromfile(out, np.uint8)
    return read[: len(read) // (width * height) * width * height].reshape(-1, height, width)


def _changes(frames: Grey) -> NDArray[np.float32]:
    """The mean difference of each frame from the one before."""
    found = [float(np.mean(cv2.absdiff(one, other))) for one, other in pairwise(frames)]
    return np.asarray(found, np.float32)


def _longest(flags: NDArray[np.bool_]) -> int:
    """The length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int(max(edges[1::2] - edges[::2], default=0))


def _flashes(means: NDArray[np.float64], rate: int) -> int:
    """The most flashes in one second: pairs of opposite changes of the mean luma."""
    turns: list[tuple[int, bool]] = []  # where it has changed by a flash, and whether upwards
    extreme = float(means[0])
    for at, mean in enumerate(means):
        value = float(mean)
        if turns and (value > extreme) == turns[-1][1]:
            extreme = value  # goes on in the same direction
        elif abs(value - extreme) >= FLASH:
            turns.append((at, value > extreme))
            extreme = value
    places = np.asarray([at for at, _up in turns], np.int64)
    most = max(
        (int(np.count_nonzero((places >= at) & (places < at + rate))) for at in places), default=0
    )
    return most // 2
