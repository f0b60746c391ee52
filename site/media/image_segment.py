"""Renders an image as a film segment with a sub-pixel camera move and captions, piped to one
encoder.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from media import camera as cameras
from media import codec, ffmpeg, image_import
from media.caption_overlay import Overlay, Overlays
from media.captions import CaptionSpan
from media.crop import Crop
from media.logo import Logo, Mark, placed
from media.transitions import NO_FADES, Fades, Part
from media.yuv import Frame, Plane, Yuv, to_yuv

MARGIN = 4
# Source pixels per output pixel at the closest view. A little more than one: every phase of the
# interpolation then occurs all over the image, so its sharpness does not pulse during the move.
DENSITY = 1.1


@dataclass(frozen=True, slots=True)
class Scenery:
    """The part of an image that a camera path shows, at the density it is rendered from.

    `left` and `top` are its position in the covering image; `across` and `down` its pixels per
    pixel of that (almost equal, because whole pixels do not divide evenly).
    """

    planes: Yuv
    left: float
    top: float
    across: float
    down: float


def cover_size(picture: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """Returns the size of the image scaled to just cover `size`."""
    scale = max(size[0] / picture[0], size[1] / picture[1])
    return picture[0] * scale, picture[1] * scale


def scenery(
    picture: Image.Image, windows: Sequence[cameras.Window], size: tuple[int, int]
) -> Scenery:
    """Crops and scales the image once to what all windows show together."""
    width, height = size
    wide, high = cover_size(picture.size, size)
    density = DENSITY * max(window.zoom for window in windows)
    left = max(0.0, min(w.x - width / 2 / w.zoom for w in windows) - MARGIN)
    right = min(wide, max(w.x + width / 2 / w.zoom for w in windows) + MARGIN)
    top = max(0.0, min(w.y - height / 2 / w.zoom for w in windows) - MARGIN)
    bottom = min(high, max(w.y + height / 2 / w.zoom for w in windows) + MARGIN)
    columns, rows = _even((right - left) * density), _even((bottom - top) * density)
    shrink = picture.width / wide
    box = (left * shrink, top * shrink, right * shrink, bottom * shrink)
    rgb = picture.resize((columns, rows), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return Scenery(
        to_yuv(np.asarray(rgb)), left, top, columns / (right - left), rows / (bottom - top)
    )


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def draw(frame: Frame, scene: Scenery, window: cameras.Window, size: tuple[int, int]) -> None:
    """Warps the three planes into the frame.

    Chroma lies on every second column and between two rows, in source and frame.
    """
    step_x, step_y = scene.across / window.zoom, scene.down / window.zoom
    # Pixel centres are at +0.5: frame pixel i maps to source pixel step * i + start.
    x = (window.x - scene.left) * scene.across - step_x * size[0] / 2 + (step_x - 1) / 2
    y = (window.y - scene.top) * scene.down - step_y * size[1] / 2 + (step_y - 1) / 2
    _warp(scene.planes.y, frame.y, np.array([[step_x, 0.0, x], [0.0, step_y, y]]))
    chroma = np.array([[step_x, 0.0, x / 2], [0.0, step_y, (step_y / 2 + y - 0.5) / 2]])
    _warp(scene.planes.u, frame.u, chroma)
    _warp(scene.planes.v, frame.v, chroma)


def _warp(source: Plane, target: Plane, matrix: npt.NDArray[np.float64]) -> None:
    height, width = target.shape
    cv2.warpAffine(
        source,
        matrix,
        (width, height),
        dst=target,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def film(
    scene: Scenery,
    windows: Sequence[cameras.Window],
    size: tuple[int, int],
    overlays: Overlays,
    mark: Mark | None = None,
) -> Iterator[memoryview]:
    """Yields raw yuv420p frames, one per window. Each is valid until the next is requested.

    `mark`: the logo, below the captions.
    """
    plain, shown = Frame(size), Frame(size)
    drawn: cameras.Window | None = None
    for number, window in enumerate(windows):
        if window != drawn:
            draw(plain, scene, window, size)
            if mark:
                mark.paste(plain)
            drawn = window
        if overlay := overlays.at(number):
            shown.copy_from(plain)
            overlay.paste(shown)
            yield shown.raw
        else:
            yield plain.raw


def encode_still(
    picture: Path,
    out: Path,
    *,
    frames: int,
    size: tuple[int, int],
    fps: int,
    camera: str,
    captions: Sequence[CaptionSpan] = (),
    crop: Crop | None = None,
    part: Part | None = None,
    fades: Fades = NO_FADES,
    logo: Logo | None = None,
    crf: int = codec.CRF,
    should_stop: Callable[[], bool] = ffmpeg.never,
    on_progress: Callable[[int], None] = ffmpeg.ignore,
) -> None:
    """Writes a segment of exactly `frames` frames with a camera move over the image and burnt-in
    captions.

    The image may have any size and aspect ratio; `crop` selects the visible part, by default the
    middle. `part`: only these frames of a longer camera move. The same inputs give the same bytes.
    `on_progress` receives percentages. Raises MediaError.
    """
    codec.check_size(size)
    image = image_import.read(picture, enough=(2 * size[0], 2 * size[1]))
    if crop:
        across, down = image.size
        image = image.crop((
            round(crop.left * across),
            round(crop.top * down),
            max(round((crop.left + crop.width) * across), round(crop.left * across) + 1),
            max(round((crop.top + crop.height) * down), round(crop.top * down) + 1),
        ))  # fmt: skip
    part = part or Part(frames, 0)
    windows = cameras.path(camera, frames=part.total, size=size, cover=cover_size(image.size, size))
    windows = windows[part.first : part.first + frames]
    overlays = Overlays(
        [(span.start_frame, span.end_frame, Overlay.of(span.text, size)) for span in captions],
        fps=fps,
    )
    ffmpeg.run(
        [
            *codec.raw_input(size, fps),
            "-vf",
            ",".join([*fades.filters(frames), codec.COLOR_TAGS]),
            *codec.video_settings(fps, crf),
        ],
        out=out,
        feed=film(
            scenery(image, windows, size),
            windows,
            size,
            overlays,
            placed(logo, size) if logo else None,
        ),
        should_stop=should_stop,
        on_frame=lambda done: on_progress(done * 100 // frames),
    )
