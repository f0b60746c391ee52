"""From a prompt to the bytes of a picture."""

import hashlib
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SKIES = (((255, 214, 165), (94, 124, 178)), ((214, 236, 255), (88, 150, 214)), ((255, 158, 110), (74, 58, 122)), ((60, 76, 128), (12, 18, 48)))


def paint(prompt: str, *, prompt_en: str = "", style: str = "", seed: int = 0, size: tuple[int, int]) -> bytes:
    """A PNG of this size. The same words, seed and size give the same bytes."""
    key = hashlib.sha256(f"{prompt}\0{prompt_en}\0{style}\0{seed}".encode()).digest()
    dice = np.random.default_rng(list(key))
    width, height = size
    low, high = (np.array(color, np.float32) for color in SKIES[int(dice.integers(len(SKIES)))])
    rise = np.linspace(1, 0, height, dtype=np.float32)[:, None, None]
    sky = np.broadcast_to(high * rise + low * (1 - rise), (height, width, 3))
    image = Image.fromarray(sky.astype(np.uint8))
    x, y, radius = dice.uniform(0.2, 0.8) * width, dice.uniform(0.15, 0.4) * height, min(size) * 0.09
    glow = Image.new("L", size)
    ImageDraw.Draw(glow).ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    image.paste((255, 244, 214), (0, 0), glow.filter(ImageFilter.GaussianBlur(radius * 0.06)))
    for layer in range(4):
        tone = low * (0.75 - layer * 0.17)
        base = height * (0.55 + 0.11 * layer)
        waves = sum(np.sin(np.arange(width + 1) / width * dice.uniform(2, 9) + dice.uniform(0, 6)) * height * 0.03 for _ in range(3))
        points = [(0, height), *((column, float(base + waves[column])) for column in range(width + 1)), (width, height)]
        ImageDraw.Draw(image).polygon(points, fill=tuple(int(part) for part in tone))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()
