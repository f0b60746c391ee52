"""Reads images with more than 8 bits per channel, so that tone mapping makes no bands.

Pillow reads them with 8 bits. libheif and OpenCV keep all of them.
"""

from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pillow_heif

AVIF_DEPTHS = {0x40: 10, 0x60: 12}  # of the bits high_bitdepth and twelve_bit in the box av1C
META_FIRST = 1 << 20  # bytes of the file that are searched for the description

type Deep = npt.NDArray[np.uint16]


def deep_pixels(data: bytes, kind: str, size: tuple[int, int]) -> Deep | None:
    """Returns the rows (height, width, RGB) from 0 to 65535 as the file has them, not rotated.

    None if the image has 8 bits, has transparency, or cannot be read so; then Pillow's are used.
    """
    found = None
    with suppress(
        Exception
    ):  # decoders raise many kinds of errors; Pillow names the one that counts
        found = _of_heif(data) if kind == "HEIF" else _of_opencv(data, kind)
    return found if found is not None and found.shape == (size[1], size[0], 3) else None


def _of_heif(data: bytes) -> Deep | None:
    image = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)
    depth = int(image.info.get("bit_depth", 8))
    if image.mode != "RGB;16" or not 8 < depth <= 16:  # noqa: PLR2004  bits
        return None
    return _filled(np.asarray(image), depth)


def _of_opencv(data: bytes, kind: str) -> Deep | None:
    import cv2  # noqa: PLC0415  large; few images need it

    depth = 16 if kind == "PNG" else _avif_depth(data)
    if not depth:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] != 3:  # noqa: PLR2004  channels
        return None
    return _filled(pixels[:, :, ::-1].astype(np.uint16) << np.uint16(16 - depth), depth)


def _avif_depth(data: bytes) -> int:
    """Returns the bits per channel; 0 for 8 bits. Neither OpenCV nor Pillow rotates the pixels."""
    at = data.find(b"av1C", 0, META_FIRST)
    if at < 0:
        return 0
    return AVIF_DEPTHS.get(data[at + 6] & 0x60, 0)


def _filled(pixels: Deep, depth: int) -> Deep:
    """Returns values that stand in the upper bits with the lower ones filled, so that white is
    65535.
    """
    return pixels | (pixels >> np.uint16(depth)) if depth < 16 else pixels  # noqa: PLR2004  bits
