"""Converts images to YUV planes: BT.709, limited range, 4:2:0 with chroma sited left."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

type Plane = npt.NDArray[np.uint8]

# One thread: x264 uses the other cores, and waiting threads cost more than they gain.
cv2.setNumThreads(1)

# ITU-R BT.709 luma weights; limited range: luma 16 to 235, chroma 16 to 240.
KR, KG, KB = 0.2126, 0.7152, 0.0722
_LUMA = np.array([KR, KG, KB]) * 219
_BLUE = np.array([-KR, -KG, 1 - KB]) * 112 / (1 - KB)
_RED = np.array([1 - KR, -KG, -KB]) * 112 / (1 - KR)
RGB_TO_YUV = (np.vstack([_LUMA, _BLUE, _RED]) / 255).astype(np.float32)
OFFSET = np.array([[16], [128], [128]], np.float32)


@dataclass(frozen=True, slots=True)
class Yuv:
    """Three planes of an image. The chroma planes have half the width and height."""

    y: Plane
    u: Plane
    v: Plane


def to_yuv(rgb: Plane) -> Yuv:
    """Returns the planes of an sRGB image (height, width, 3). Both sides must be even."""
    yuv = np.asarray(
        cv2.transform(rgb.astype(np.float32), np.hstack([RGB_TO_YUV, OFFSET])), np.float32
    )
    luma, blue, red = (np.ascontiguousarray(yuv[..., number]) for number in range(3))
    return Yuv(_bytes(luma), _bytes(halved(blue)), _bytes(halved(red)))


def halved(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Halves a plane with samples sited as in H.264: on every second column, between two rows."""
    kernel_x = np.array([[0.25, 0.5, 0.25]], np.float32)
    across = np.asarray(cv2.filter2D(plane, -1, kernel_x, borderType=cv2.BORDER_REPLICATE))[:, ::2]
    return np.ascontiguousarray((across[::2] + across[1::2]) / 2, np.float32)


def _bytes(plane: npt.NDArray[np.float32]) -> Plane:
    return np.ascontiguousarray(np.clip(np.rint(plane), 0, 255), np.uint8)


class Frame:
    """One yuv420p frame: a single buffer in ffmpeg's order, with its three planes as views."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        area = width * height
        self.buffer = np.empty(area * 3 // 2, np.uint8)
        self.y: Plane = self.buffer[:area].reshape(height, width)
        self.u: Plane = self.buffer[area : area * 5 // 4].reshape(height // 2, width // 2)
        self.v: Plane = self.buffer[area * 5 // 4 :].reshape(height // 2, width // 2)

    def copy_from(self, other: "Frame") -> None:
        np.copyto(self.buffer, other.buffer)

    @property
    def raw(self) -> memoryview:
        return self.buffer.data
