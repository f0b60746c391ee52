"""Imports images: decodes them within limits, re-encodes only the pixels, and makes thumbnails.

The result is always upright, sRGB, 8 bits per channel, without transparency. `ingested` does so for
an untrusted file in a limited process; everything here may run in that process and uses no
settings.
"""

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pillow_heif
from django.utils.translation import gettext_noop
from PIL import AvifImagePlugin, Image, ImageCms

from core.limited_process import LimitedError, run_limited
from core.localized_messages import LocalizedMessage
from media.deep_pixels import Deep, deep_pixels
from media.errors import MediaError
from media.light import Light, light_of, to_srgb

pillow_heif.register_heif_opener()
assert AvifImagePlugin  # Pillow only supports a format once its module has been imported

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "HEIF", "GIF")
MIME = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # Pillow's name for a JPEG with additional images, as written by phones
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "GIF": "image/gif",
}
PHOTOS = frozenset({"JPEG", "MPO", "AVIF", "HEIF"})  # stored as JPEG, the others as PNG
ANIMATED = frozenset({"PNG", "WEBP", "AVIF", "GIF"})
MAX_BYTES = 40 * 1024 * 1024
MAX_PIXELS = 64_000_000
KEPT_PIXELS = 26_000_000  # larger images are reduced by halves; no film shows more
MAX_RATIO = 20
PNG_DEPTH_AT = 24  # where the header of a PNG has its bits per channel
STRIP = 256  # rows converted at once, which limits memory whatever the size of the image

# Limits of the process that reads an image: 64 million pixels with transparency take 256 MB once.
MEMORY = 640 * 1024 * 1024
SECONDS = 120

FIRST_FRAME = gettext_noop("The picture is animated: its first frame is taken.")
ON_BLACK = gettext_noop("Transparent parts of the picture are shown on black.")
HDR = gettext_noop("The picture is HDR: its brightness was brought to that of other pictures.")
MADE_SMALLER = gettext_noop("The picture was made smaller: from %(before)s to %(after)s pixels.")


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored image. `notes` describe changes that a user would want to know."""

    path: Path
    mime: str
    size: tuple[int, int]
    notes: tuple[LocalizedMessage, ...]


def refuse(template: str, detail: object = "", **values: str | float) -> MediaError:
    """Returns the error for a file that is no usable image, with a message for people."""
    return MediaError(
        template,
        code="broken_input",
        detail=repr(detail) if isinstance(detail, Exception) else str(detail),
        **values,
    )


def _too_large(width: int, height: int) -> MediaError:
    return refuse(
        gettext_noop(
            "The picture is too large: %(width)s x %(height)s pixels; at most %(most)s "
            "million pixels are read."
        ),
        width=width,
        height=height,
        most=MAX_PIXELS // 1_000_000,
    )


def opened(data: bytes) -> Image.Image:
    """Opens an image without decoding it. Raises MediaError if it is none, or too large."""
    if len(data) > MAX_BYTES:
        raise refuse(
            gettext_noop("The picture file is too large: at most %(most)s MB are read."),
            most=MAX_BYTES // (1024 * 1024),
        )
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise refuse(gettext_noop("The picture is too large to be read."), error) from error
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise arbitrary errors for damaged headers
        raise refuse(
            gettext_noop(
                "The file is not a picture that can be read: PNG, JPEG, WebP, AVIF, HEIC "
                "and GIF are."
            ),
            error,
        ) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(width, height)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise refuse(
            gettext_noop("The picture is too long and thin: %(width)s x %(height)s pixels."),
            width=width,
            height=height,
        )
    return image


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Returns the rotation given by the image's EXIF orientation."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  an image with invalid EXIF is still usable
        return None


def _to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """Returns a transform from the image's colour profile to sRGB;
    None without a usable profile.
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    mode = _mode(image)
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        wanted = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}.get(own.profile.xcolor_space)
        if wanted == mode:
            flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
            return ImageCms.buildTransform(
                own,
                ImageCms.createProfile("sRGB"),
                mode,
                "RGB",
                ImageCms.Intent.RELATIVE_COLORIMETRIC,
                flags,
            )
    return None


def _mode(image: Image.Image) -> str:
    """Returns the colour mode of the image without transparency."""
    if image.mode in {"CMYK", "L"}:
        return image.mode
    return "L" if image.mode in {"LA", "La"} or image.mode.startswith(("I", "F")) else "RGB"


type Transform = ImageCms.ImageCmsTransform | Light | None


def _strip(image: Image.Image, top: int, bottom: int, transform: Transform) -> Image.Image:
    """Returns some rows in sRGB, on black where they are transparent."""
    part = image.crop((0, top, image.width, bottom))
    alpha = None
    if part.mode.startswith("I"):
        values = np.asarray(part, np.uint32)
        if (clear := image.info.get("transparency")) is not None:
            alpha = Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))
        part = Image.fromarray((values >> 8).clip(0, 255).astype(np.uint8))
    elif part.has_transparency_data:
        alpha = part.convert("RGBA").getchannel("A")
    colours = (
        part
        if part.mode == _mode(image)
        else part.convert("RGBA").convert(_mode(image))
        if alpha
        else part.convert(_mode(image))
    )
    if isinstance(transform, Light):
        shown = Image.fromarray(to_srgb(np.asarray(colours.convert("RGB")), transform))
    else:
        shown = cast(
            "Image.Image", ImageCms.applyTransform(colours, transform) if transform else colours
        ).convert("RGB")
    if alpha:
        ground = Image.new("RGB", shown.size)
        ground.paste(shown, mask=alpha)
        return ground
    return shown


def _strips(
    image: Image.Image, by: int, light: Light | None, deep: Deep | None
) -> Iterator[tuple[int, Image.Image]]:
    """Yields all rows in order, reduced to one pixel per `by` x `by`,
    with their output position.
    """
    transform = light or _to_srgb(image)
    rows = STRIP * by
    for top in range(0, image.height, rows):
        if light and deep is not None:
            strip = Image.fromarray(to_srgb(deep[top : top + rows], light))
        else:
            strip = _strip(image, top, min(top + rows, image.height), transform)
        yield top // by, strip.reduce(by) if by > 1 else strip


def _rgb(
    image: Image.Image, light: Light | None, deep: Deep | None, *, most: int = MAX_PIXELS
) -> Image.Image:
    """Returns an upright sRGB image of at most this many pixels. `deep`: its pixels, if not
    Pillow's.
    """
    turn = turn_of(image)
    image.load()  # also finds out whether the file is complete
    by = 1
    while -(-image.width // by) * -(-image.height // by) > most:
        by += 1
    shown = Image.new("RGB", (-(-image.width // by), -(-image.height // by)))
    for top, strip in _strips(image, by, light, deep):
        shown.paste(strip, (0, top))
    return shown.transpose(turn) if turn is not None else shown


def decode(
    data: bytes, *, enough: tuple[int, int] | None = None, most: int = MAX_PIXELS
) -> Image.Image:
    """Decodes untrusted bytes completely, within the limits above, to an upright sRGB image.

    Of an animation the first frame is used. With `enough` a JPEG may be decoded smaller, but never
    below that size on both sides; above `most` pixels it is reduced. Transparent parts become
    black. Raises MediaError (broken_input).
    """
    image = opened(data)
    try:
        if enough:
            image.draft(
                image.mode, (max(enough), max(enough))
            )  # a square, because the image may still be rotated
        elif image.width * image.height > 4 * most:
            image.draft(image.mode, (image.width // 2, image.height // 2))
        kind = image.format or ""
        clear = image.info.get("transparency")
        if kind == "PNG" and data[PNG_DEPTH_AT] == 16 and isinstance(clear, tuple):  # noqa: PLR2004
            # Pillow reads the colours with 8 bits, but the transparent one with 16.
            image.info["transparency"] = tuple(value >> 8 for value in clear)
        light = light_of(data, kind)
        # Larger ones are reduced, which evens out bands, and would take too much memory.
        is_deep = (
            light is not None
            and image.width * image.height <= KEPT_PIXELS
            and not image.has_transparency_data
        )
        return _rgb(
            image, light, deep_pixels(data, kind, image.size) if is_deep else None, most=most
        )
    except MemoryError:
        raise
    except Exception as error:  # as above: decoders raise many kinds of errors
        raise refuse(gettext_noop("The picture is damaged or not complete."), error) from error


def read(path: Path, *, enough: tuple[int, int] | None = None) -> Image.Image:
    """`decode` for a file."""
    return decode(bytes_of(path), enough=enough)


def bytes_of(path: Path) -> bytes:
    """Reads an image file. Raises MediaError if it is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise refuse(
                gettext_noop("The picture file is too large: at most %(most)s MB are read."),
                most=MAX_BYTES // (1024 * 1024),
            )
        return path.read_bytes()
    except OSError as error:
        raise refuse(gettext_noop("The picture file could not be opened."), error) from error


def mime_of(data: bytes) -> str:
    """Returns the media type by content. Raises MediaError if it is no readable image."""
    return MIME[opened(data).format or ""]


def clean(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """Rewrites the image and returns it with its media type and size in pixels.

    Only pixels are copied: no metadata and no appended file. Photographs become JPEG (quality 92),
    others PNG.
    """
    content, mime, size, _notes = _cleaned(data)
    return content, mime, size


def _cleaned(data: bytes) -> tuple[bytes, str, tuple[int, int], list[LocalizedMessage]]:
    image = opened(data)
    kind, notes = image.format or "", list(_notes(image))
    light = light_of(data, kind)
    if light and light.hdr:
        notes.append(LocalizedMessage(HDR))
    before, turned = image.size, turn_of(image)
    del image
    image = decode(data, most=KEPT_PIXELS)
    if image.width * image.height < before[0] * before[1]:
        before = (
            before[::-1]
            if turned in {Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270}
            else before
        )
        notes.append(
            LocalizedMessage(
                MADE_SMALLER,
                {"before": "{} x {}".format(*before), "after": "{} x {}".format(*image.size)},
            )
        )
    out = io.BytesIO()
    if kind in PHOTOS:
        image.save(out, "JPEG", quality=92, subsampling=0)
    else:
        image.save(out, "PNG", compress_level=3)
    return out.getvalue(), MIME["JPEG" if kind in PHOTOS else "PNG"], image.size, notes


def _notes(image: Image.Image) -> Iterator[LocalizedMessage]:
    if image.format in ANIMATED and getattr(image, "is_animated", False):
        yield LocalizedMessage(FIRST_FRAME)
    if image.has_transparency_data:
        yield LocalizedMessage(ON_BLACK)


def clean_file(source: str, target: str) -> dict[str, Any]:
    """Runs `clean` from a file to another, with notes. Runs in the limited process."""
    content, mime, size, notes = _cleaned(bytes_of(Path(source)))
    Path(target).write_bytes(content)
    return {
        "mime": mime,
        "size": list(size),
        "notes": [[note.template, note.values] for note in notes],
    }


def ingested(source: Path, target: Path, *, wait_seconds: float = 10.0) -> Taken:
    """Decodes an untrusted image in a limited process and rewrites it to `target`.

    Raises MediaError (such as broken_input, with a message for people) or BusyError.
    """
    try:
        found = run_limited(
            "media.image_import:clean_file",
            [str(source), str(target)],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=1 << 16,
            max_file_bytes=6 * KEPT_PIXELS,
            wait_seconds=wait_seconds,
        )
    except LimitedError as error:
        raise media_error_of(error) from error
    notes = tuple(
        LocalizedMessage(str(template), dict(values)) for template, values in found["notes"]
    )
    return Taken(target, str(found["mime"]), (int(found["size"][0]), int(found["size"][1])), notes)


def media_error_of(error: LimitedError) -> MediaError:
    """Converts an error of a limited process to a MediaError."""
    code = (
        error.code
        if error.code in {"disk_full", "killed", "timed_out", "stopped", "failed"}
        else "broken_input"
    )
    return MediaError(
        error.sentence.template, code=code, detail=error.detail, **error.sentence.values
    )


def thumbnail(data: bytes, *, width: int, image_format: str = "WEBP") -> bytes:
    """Returns the image at this width (never enlarged) as WebP or JPEG."""
    image = decode(data, enough=(width, width))
    if image.width > width:
        image = image.resize(
            (width, max(1, round(image.height * width / image.width))),
            Image.Resampling.LANCZOS,
            reducing_gap=3.0,
        )
    out = io.BytesIO()
    image.save(out, image_format, quality=82)
    return out.getvalue()
