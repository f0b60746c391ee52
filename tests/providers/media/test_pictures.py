import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from providers.media import pictures
from providers.media.errors import MediaError
from tests.providers.media.film import detailed


def saved(pixels, kind, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width, height):
    """A small PNG that says it is large."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_decode_and_mime(kind, mime):
    data = saved(detailed((60, 40)), kind)
    assert pictures.mime_of(data) == mime
    image = pictures.decode(data)
    assert (image.mode, image.size) == ("RGB", (60, 40))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\x00" * 50,
        b"BM" + b"\x00" * 60,
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        saved(detailed((60, 40)), "TIFF"),
        bomb(30_000, 30_000),
        bomb(9_000, 9_000),
        bomb(4000, 10),
        bomb(40, 40),
        saved(detailed((60, 40)), "PNG")[:400],
        saved(detailed((60, 40)), "JPEG")[:300],
        saved(detailed((60, 40)), "WEBP")[:200],
    ],
    ids=["empty", "gif", "bmp", "svg", "pdf", "eps", "tiff", "bomb", "too-many-pixels", "too-thin", "hollow", "cut-png", "cut-jpeg", "cut-webp"],
)
def test_decode_refuses(data):
    with pytest.raises(MediaError) as caught:
        pictures.decode(data)
    assert caught.value.code == "broken_input"
    assert str(caught.value)


def test_decode_refuses_too_many_bytes(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    with pytest.raises(MediaError, match="too large"):
        pictures.decode(saved(detailed((60, 40)), "PNG"))


def test_decode_turns_upright_and_flattens():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert pictures.decode(saved(detailed((60, 40)), "JPEG", exif=exif)).size == (40, 60)
    clear = np.dstack([np.full((4, 4, 3), 200, np.uint8), np.zeros((4, 4), np.uint8)])
    assert pictures.decode(saved(clear, "PNG")).getpixel((0, 0)) == (0, 0, 0)
    deep = np.full((4, 4), 0x8000, np.uint16)
    assert pictures.decode(saved(deep, "PNG")).getpixel((0, 0)) == (128, 128, 128)


def test_decode_enough_is_never_too_small():
    image = pictures.decode(saved(detailed((1600, 1200)), "JPEG"), enough=(300, 200))
    assert 300 <= image.width < 1600
    assert image.height >= 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_clean_passes_only_pixels(kind):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    dirty = saved(detailed((60, 40)), kind, exif=exif) + b"<script>alert(1)</script>"
    data, mime, size = pictures.clean(dirty)
    assert size == (60, 40)
    assert mime == ("image/jpeg" if kind == "JPEG" else "image/png")
    assert pictures.mime_of(data) == mime
    assert b"secret" not in data
    assert b"script" not in data
    assert np.abs(np.asarray(pictures.decode(data), int) - np.asarray(pictures.decode(dirty), int)).mean() < 3


@pytest.mark.parametrize(("kind", "mime"), [("WEBP", "image/webp"), ("JPEG", "image/jpeg")])
def test_thumbnail(kind, mime):
    small = pictures.thumbnail(saved(detailed((640, 360)), "PNG"), width=160, image_format=kind)
    assert pictures.mime_of(small) == mime
    assert pictures.decode(small).size == (160, 90)
    assert pictures.decode(pictures.thumbnail(saved(detailed((80, 40)), "PNG"), width=160)).size == (80, 40)


def test_read_of_a_missing_file(tmp_path):
    with pytest.raises(MediaError, match="could not be opened"):
        pictures.read(tmp_path / "none.png")
