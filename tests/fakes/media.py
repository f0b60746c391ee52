"""Real pictures, clips and sounds for the fakes to hand out."""

import io
import subprocess
import tempfile
import wave
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from media.ffmpeg import binary


@cache
def picture(width: int, height: int, seed: int = 0, image_format: str = "PNG") -> bytes:
    image = Image.new("RGB", (width, height), (seed * 53 % 256, seed * 97 % 256, 120))
    ImageDraw.Draw(image).ellipse(
        (width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=(250, 220, 90)
    )
    out = io.BytesIO()
    image.save(out, image_format)
    return out.getvalue()


@cache
def clip(seconds: int, size: str = "160x90") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        source = f"testsrc=size={size}:rate=24:duration={seconds}"
        subprocess.run(
            [
                binary(),
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                source,
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
                str(file),
            ],
            check=True,
            capture_output=True,
        )
        return file.read_bytes()


FORMS = {
    "mp3": ("-c:a", "libmp3lame"),
    "wav": (),
    "flac": (),
    "ogg": ("-c:a", "libopus"),
    "m4a": ("-c:a", "aac"),
}


@cache
def sound(seconds: float, form: str = "mp3", gain_db: float = -6.0) -> bytes:
    """A tone of exactly this length."""
    return _sound(f"sine=frequency=440:sample_rate=48000:duration={seconds}", form, gain_db)


@cache
def silence(seconds: float, form: str = "mp3") -> bytes:
    """A sound in which nothing can be heard; with no seconds, without a sample."""
    if not seconds:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24_000)
        return out.getvalue()
    return _sound(f"anullsrc=sample_rate=48000:channel_layout=mono:duration={seconds}", form, 0.0)


def _sound(source: str, form: str, gain_db: float) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"sound.{form}"
        tone = ("-f", "lavfi", "-i", source, "-af", f"volume={gain_db}dB")
        subprocess.run(
            [binary(), "-v", "error", *tone, *FORMS[form], str(file)],
            check=True,
            capture_output=True,
        )
        return file.read_bytes()
