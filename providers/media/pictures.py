"""Pictures that came from outside: opened with limits, re-encoded so that only pixels pass, and made small for lists."""

import io
from pathlib import Path

import numpy as np
from django.utils.translation import gettext_noop
from PIL import Image, ImageOps

from providers.media.errors import MediaError

FORMATS = ("PNG", "JPEG", "WEBP")
MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
MAX_BYTES = 40 * 1024 * 1024
MAX_PIXELS = 64_000_000
MAX_RATIO = 20


def _refuse(template: str, detail: object = "", **values: str | float) -> MediaError:
    return MediaError(template, code="broken_input", detail=str(detail), **values)


def _too_large(width: int, height: int) -> MediaError:
    return _refuse(
        gettext_noop("The picture is too large: %(width)s x %(height)s pixels; at most %(most)s million pixels are read."),
        width=width,
        height=height,
        most=MAX_PIXELS // 1_000_000,
    )


def _opened(data: bytes) -> Image.Image:
    if len(data) > MAX_BYTES:
        raise _refuse(gettext_noop("The picture file is too large: at most %(most)s MB are read."), most=MAX_BYTES // (1024 * 1024))
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refuse(gettext_noop("The picture is too large to be read."), error) from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged header makes them
        raise _refuse(gettext_noop("The file is not a picture that can be read: PNG, JPEG and WebP are."), error) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(width, height)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise _refuse(gettext_noop("The picture is too long and thin: %(width)s x %(height)s pixels."), width=width, height=height)
    return image


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  a picture with nonsense in its EXIF is still a picture
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image, np.uint32) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def decode(data: bytes, *, enough: tuple[int, int] | None = None) -> Image.Image:
    """An upright RGB picture from untrusted bytes: PNG, JPEG or WebP, within the limits above, complete.

    With `enough` a JPEG may be decoded smaller, but never below that size on both sides. Transparent parts become black.
    Raises MediaError (broken_input).
    """
    image = _opened(data)
    try:
        if enough:
            image.draft("RGB", (max(enough), max(enough)))  # a square: the picture may still be turned
        image.load()
        return _rgb(_upright(image))
    except Exception as error:  # as above: decoders raise many kinds
        raise _refuse(gettext_noop("The picture is damaged or not complete."), error) from error


def read(path: Path, *, enough: tuple[int, int] | None = None) -> Image.Image:
    """`decode` for a file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refuse(gettext_noop("The picture file is too large: at most %(most)s MB are read."), most=MAX_BYTES // (1024 * 1024))
        data = path.read_bytes()
    except OSError as error:
        raise _refuse(gettext_noop("The picture file could not be opened."), error) from error
    return decode(data, enough=enough)


def mime_of(data: bytes) -> str:
    """The media type by content, never by name: image/png, image/jpeg or image/webp. Raises MediaError for anything else."""
    return MIME[_opened(data).format or ""]


def clean(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """The same picture written anew, its media type and its size in pixels.

    Only pixels pass: no metadata, no second file hidden behind the first. JPEG stays JPEG (quality 92), the others become PNG.
    """
    is_jpeg = mime_of(data) == MIME["JPEG"]
    image = decode(data)
    out = io.BytesIO()
    if is_jpeg:
        image.save(out, "JPEG", quality=92, subsampling=0)
    else:
        image.save(out, "PNG", compress_level=3)
    return out.getvalue(), MIME["JPEG" if is_jpeg else "PNG"], image.size


def thumbnail(data: bytes, *, width: int, image_format: str = "WEBP") -> bytes:
    """The picture at this width (never enlarged), as WebP or JPEG."""
    image = decode(data, enough=(width, width))
    if image.width > width:
        image = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = io.BytesIO()
    image.save(out, image_format, quality=82)
    return out.getvalue()
