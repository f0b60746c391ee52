"""Real pictures and clips for the fakes to hand out."""

import io
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from media.ffmpeg import binary


@cache
def picture(width: int, height: int, seed: int = 0, image_format: str = "PNG") -> bytes:
    image = Image.new("RGB", (width, height), (seed * 53 % 256, seed * 97 % 256, 120))
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=(250, 220, 90))
    out = io.BytesIO()
    image.save(out, image_format)
    return out.getvalue()


@cache
def clip(seconds: int, size: str = "160x90") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        source = f"testsrc=size={size}:rate=24:duration={seconds}"
        subprocess.run(
            [binary(), "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(file)],
            check=True,
            capture_output=True,
        )
        return file.read_bytes()
