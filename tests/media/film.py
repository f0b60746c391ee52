"""Helpers that make and measure small films."""

import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from media import ffmpeg

SIZE = (320, 180)


def ffmpeg_do(*arguments: object) -> bytes:
    done = subprocess.run(
        [ffmpeg.binary(), "-v", "error", "-nostdin", "-y", *map(str, arguments)],
        capture_output=True,
        check=True,
    )
    return done.stdout


def picture_md5(path: Path) -> str:
    """The MD5 of the encoded picture stream, by ffmpeg."""
    line = ffmpeg_do("-i", path, "-map", "0:v:0", "-c", "copy", "-f", "streamhash", "pipe:1")
    return line.decode().strip()


def make_clip(
    path: Path,
    *,
    size: str = "160x120",
    rate: str = "16",
    seconds: float = 1.0,
    options: tuple[str, ...] = ("-c:v", "libx264"),
    source: str = "testsrc2",
) -> Path:
    ffmpeg_do("-f", "lavfi", "-i", f"{source}=s={size}:r={rate}:d={seconds}", *options, path)
    return path


def quarter_turned(source: Path, target: Path) -> Path:
    """The same MP4 to be shown a quarter turn to the left, as telephones write it: by the matrix in
    its track header.
    """
    data = bytearray(source.read_bytes())
    struct.pack_into(">4i", data, data.index(b"tkhd") + 44, 0, -0x10000, 0, 0x10000)
    struct.pack_into(">i", data, data.index(b"tkhd") + 60, 0)
    target.write_bytes(data)
    return target


def frames_of(path: Path, size: tuple[int, int], pixel: str = "rgb24") -> np.ndarray:
    """All frames: (count, height, width, 3) for rgb24, (count, height * 3 / 2,
    width) for yuv420p.
    """
    raw = np.frombuffer(
        ffmpeg_do("-i", path, "-f", "rawvideo", "-pix_fmt", pixel, "pipe:1"), np.uint8
    )
    width, height = size
    return (
        raw.reshape(-1, height, width, 3)
        if pixel == "rgb24"
        else raw.reshape(-1, height * 3 // 2, width)
    )


def detailed(size: tuple[int, int], seed: int = 1) -> np.ndarray:
    """A picture with detail at every scale, as photographs have."""
    dice = np.random.default_rng(seed)
    width, height = size
    picture = np.full((height, width, 3), 128, np.float32)
    for cell in (2, 4, 16, 64):
        lattice = dice.normal(size=(height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        picture += cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC) * (
            3 + cell / 3
        )
    for _shape in range(30):
        x, y = int(dice.integers(width)), int(dice.integers(height))
        color = tuple(int(part) for part in dice.integers(0, 255, 3))
        cv2.circle(
            picture, (x, y), int(dice.integers(4, max(5, height // 10))), color, -1, cv2.LINE_AA
        )
    return np.clip(picture, 0, 255).astype(np.uint8)


def save_picture(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path
