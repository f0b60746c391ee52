"""A logo in a corner of the picture: read from a stranger's file, placed, and blended."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext_noop
from PIL import Image

from core.limited_process import LimitedError, run_limited
from media import image_import
from media.caption_overlay import Layer
from media.yuv import Frame, halved, to_yuv

MAX_BYTES = 8 << 20
LARGEST = 2048  # pixels of the longer side that are kept
MARGIN = 0.045  # distance from the edges, in parts of the frame's shorter side
TALLEST = 0.4  # part of the frame's height
INVISIBLE = gettext_noop("Nothing of this picture can be seen: it is transparent all over.")
SECONDS, MEMORY = 60, 640 << 20


@dataclass(frozen=True, slots=True)
class Logo:
    """Where a logo stands. `width` is in percent of the frame's width, `opacity` in percent."""

    path: Path
    corner: str
    width: int
    opacity: int


@dataclass(frozen=True)
class Mark:
    """A logo of the size that it has in the frame. `left` and `top` are even."""

    left: int
    top: int
    luma: Layer
    blue: Layer
    red: Layer
    rgba: npt.NDArray[np.uint8]

    def paste(self, frame: Frame) -> None:
        """Blend the logo into the frame."""
        height, width = self.luma.keep.shape
        top, left = self.top, self.left
        self.luma.blend(frame.y[top : top + height, left : left + width])
        small = np.s_[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        self.blue.blend(frame.u[small])
        self.red.blend(frame.v[small])


@lru_cache(maxsize=8)
def placed(logo: Logo, size: tuple[int, int]) -> Mark:
    """Returns the logo in its corner of a frame of this size. Raises MediaError."""
    image = image_import.opened(image_import.bytes_of(logo.path)).convert("RGBA")
    scale = min(
        size[0] * logo.width / 100 / image.width,
        size[1] * TALLEST / image.height,
    )
    box = _even(image.width * scale), _even(image.height * scale)
    # Colours are weighted by their coverage, so that none of a transparent part bleeds in.
    shown = image.convert("RGBa").resize(box, Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(shown, np.uint8)
    alpha = np.asarray(pixels[..., 3] / 255, np.float32)
    planes = to_yuv(np.ascontiguousarray(pixels[..., :3]))
    part = np.float32(logo.opacity / 100)
    margin = _even(min(size) * MARGIN)
    vertical, horizontal = logo.corner.split("_")
    straight = np.array(shown.convert("RGBA"))
    straight[..., 3] = np.rint(alpha * part * 255).astype(np.uint8)
    small = halved(alpha)
    return Mark(
        margin if horizontal == "left" else size[0] - margin - box[0],
        margin if vertical == "top" else size[1] - margin - box[1],
        _layer(planes.y, alpha, 16, part),
        _layer(planes.u, small, 128, part),
        _layer(planes.v, small, 128, part),
        straight,
    )


def _layer(
    plane: npt.NDArray[np.uint8], alpha: npt.NDArray[np.float32], black: int, part: np.float32
) -> Layer:
    """Returns the layer of a plane whose colours are weighted by their coverage."""
    value = (plane.astype(np.float32) - black * (1 - alpha)) * part
    keep = np.rint((1 - alpha * part) * 256)
    most = 255 * 256 - keep * 255  # so that a sum stays within a byte
    return Layer(keep.astype(np.uint16), np.clip(np.rint(value * 256), 0, most).astype(np.uint16))


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def clean_file(source: str, target: str) -> dict[str, Any]:
    """Rewrites a picture as a PNG with its transparency. Runs in the limited process."""
    image = image_import.opened(image_import.bytes_of(Path(source)))
    try:
        image.load()
        turn = image_import.turn_of(image)
        shown = image.convert("RGBA")
    except MemoryError:
        raise
    except Exception as error:  # decoders raise many kinds of errors
        raise image_import.refuse(
            gettext_noop("The picture is damaged or not complete."), error
        ) from error
    shown.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS, reducing_gap=3.0)
    shown = shown.transpose(turn) if turn is not None else shown
    if not shown.getchannel("A").getbbox():
        raise image_import.refuse(INVISIBLE)
    shown.save(target, "PNG", optimize=True)
    return {"size": list(shown.size)}


def ingested(source: Path, target: Path, *, wait_seconds: float = 10.0) -> Path:
    """Decodes an untrusted logo in a limited process and rewrites it to `target`, a PNG.

    Raises MediaError (broken_input, with a message for people) or BusyError.
    """
    try:
        run_limited(
            "media.logo:clean_file",
            [str(source), str(target)],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=1 << 12,
            max_file_bytes=4 * LARGEST * LARGEST,
            wait_seconds=wait_seconds,
        )
    except LimitedError as error:
        raise image_import.media_error_of(error) from error
    return target
