import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from media import image_import
from media.deep_pixels import deep_pixels
from media.errors import MediaError
from tests.media.film import detailed

DATA = Path(__file__).parent / "data"


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


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_decode_and_mime(kind, mime):
    data = saved(detailed((60, 40)), kind)
    assert image_import.mime_of(data) == mime
    image = image_import.decode(data)
    assert (image.mode, image.size) == ("RGB", (60, 40))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\x00" * 5,
        b"BM" + b"\x00" * 60,
        (
            b"<?xml version='1.0'?><svg "
            b"xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        ),
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
    ids=[
        "empty",
        "gif",
        "bmp",
        "svg",
        "pdf",
        "eps",
        "tiff",
        "bomb",
        "too-many-pixels",
        "too-thin",
        "hollow",
        "cut-png",
        "cut-jpeg",
        "cut-webp",
    ],
)
def test_decode_refuses(data):
    with pytest.raises(MediaError) as caught:
        image_import.decode(data)
    assert caught.value.code == "broken_input"
    assert str(caught.value)


def test_decode_refuses_too_many_bytes(monkeypatch):
    monkeypatch.setattr(image_import, "MAX_BYTES", 100)
    with pytest.raises(MediaError, match="too large"):
        image_import.decode(saved(detailed((60, 40)), "PNG"))


def test_decode_turns_upright_and_flattens():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert image_import.decode(saved(detailed((60, 40)), "JPEG", exif=exif)).size == (40, 60)
    clear = np.dstack([np.full((4, 4, 3), 200, np.uint8), np.zeros((4, 4), np.uint8)])
    assert image_import.decode(saved(clear, "PNG")).getpixel((0, 0)) == (0, 0, 0)
    deep = np.full((4, 4), 0x8000, np.uint16)
    assert image_import.decode(saved(deep, "PNG")).getpixel((0, 0)) == (128, 128, 128)


def test_decode_enough_is_never_too_small():
    image = image_import.decode(saved(detailed((1600, 1200)), "JPEG"), enough=(300, 200))
    assert 300 <= image.width < 1600
    assert image.height >= 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_clean_passes_only_pixels(kind):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    dirty = saved(detailed((60, 40)), kind, exif=exif) + b"<script>alert(1)</script>"
    data, mime, size = image_import.clean(dirty)
    assert size == (60, 40)
    assert mime == ("image/jpeg" if kind == "JPEG" else "image/png")
    assert image_import.mime_of(data) == mime
    assert b"secret" not in data
    assert b"script" not in data
    assert (
        np.abs(
            np.asarray(image_import.decode(data), int) - np.asarray(image_import.decode(dirty), int)
        ).mean()
        < 3
    )


@pytest.mark.parametrize(("kind", "mime"), [("WEBP", "image/webp"), ("JPEG", "image/jpeg")])
def test_thumbnail(kind, mime):
    small = image_import.thumbnail(saved(detailed((640, 360)), "PNG"), width=160, image_format=kind)
    assert image_import.mime_of(small) == mime
    assert image_import.decode(small).size == (160, 90)
    assert image_import.decode(
        image_import.thumbnail(saved(detailed((80, 40)), "PNG"), width=160)
    ).size == (80, 40)


def test_read_of_a_missing_file(tmp_path):
    with pytest.raises(MediaError, match="could not be opened"):
        image_import.read(tmp_path / "none.png")


def mean(image):
    return np.asarray(image, float).reshape(-1, 3).mean(axis=0).round().astype(int).tolist()


def test_a_telephone_jpeg_is_a_jpeg():
    """Two pictures in one file, which Pillow calls MPO."""
    data, mime, size = image_import.clean((DATA / "phone-mpo.jpg").read_bytes())
    assert (mime, size) == ("image/jpeg", (1280, 720))
    assert Image.open(io.BytesIO(data)).format == "JPEG"


def test_heic_is_read():
    data, mime, size = image_import.clean((DATA / "photo.heic").read_bytes())
    assert (mime, size) == ("image/jpeg", (1280, 720))
    assert np.asarray(Image.open(io.BytesIO(data))).std() > 10


def test_avif_is_read():
    down, across = np.mgrid[0:48, 0:64]
    pixels = np.stack([across * 4, down * 5, 255 - across * 2 - down], axis=-1).astype(np.uint8)
    data, mime, size = image_import.clean(saved(pixels, "AVIF", quality=95))
    assert (mime, size) == ("image/jpeg", (64, 48))
    assert np.abs(np.asarray(image_import.decode(data), int) - pixels).mean() < 3


def bright(kind, primaries, transfer, levels):
    """Grey patches with these values of 255, tagged by code points instead of a profile."""
    pixels = np.repeat(
        np.repeat(np.array(levels, np.uint8)[None, :, None], 64, axis=1), 64, axis=0
    ).repeat(3, axis=2)
    if kind == "HEIF":
        return saved(
            pixels, kind, quality=100, color_primaries=primaries, transfer_characteristics=transfer
        )
    data = saved(
        pixels, kind, **({"quality": 100, "subsampling": "4:4:4"} if kind == "AVIF" else {})
    )
    if kind == "PNG":
        return data[:33] + chunk(b"cICP", bytes([primaries, transfer, 0, 1])) + data[33:]
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "PNG"])
@pytest.mark.parametrize(
    ("transfer", "levels"),
    [
        (16, (0, 83, 112, 148, 192)),
        (18, (0, 64, 128, 191, 255)),
    ],  # PQ of 0, 15, 58, 203 and 1000 nits; HLG with white at 75 %
    ids=["PQ", "HLG"],
)
def test_white_of_hdr_stays_white(tmp_path, kind, transfer, levels):
    (tmp_path / "sent").write_bytes(bright(kind, 9, transfer, levels))
    taken = image_import.ingested(tmp_path / "sent", tmp_path / "kept", wait_seconds=300)
    assert image_import.HDR in [note.template for note in taken.notes]
    found = np.asarray(image_import.read(taken.path))[32, 32::64].mean(axis=1)
    assert found[0] <= 2
    assert 20 <= found[1] < found[2] < found[3] <= found[4]
    assert 235 <= found[3] < 253
    assert found[4] >= 253


def ramp(kind, transfer):
    """A grey ramp of all values of 10 bits, from black to diffuse white, with 10 bits (PNG: 16) per
    channel.
    """
    white = round({16: 148, 18: 191}[transfer] / 255 * 1023)
    row = np.linspace(0, white, 1024).round().astype(np.uint16)
    pixels = np.repeat(np.repeat(row[None, :, None], 64, axis=0), 3, axis=2)
    if kind == "HEIF":
        image = pillow_heif.from_bytes(mode="RGB;16", size=(1024, 64), data=(pixels << 6).tobytes())
        out = io.BytesIO()
        image.save(
            out,
            quality=100,
            chroma=444,
            bit_depth=10,
            color_primaries=9,
            transfer_characteristics=transfer,
        )
        return out.getvalue()
    if kind == "PNG":
        data = cv2.imencode(".png", pixels << 6 | pixels >> 4)[1].tobytes()
        return data[:33] + chunk(b"cICP", bytes([9, transfer, 0, 1])) + data[33:]
    data = cv2.imencode(
        ".avif", pixels, [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
    )[1].tobytes()
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", 9, transfer) + data[at + 4 :]


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "PNG"])
@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_ramp_of_hdr_has_no_bands(kind, transfer, monkeypatch):
    """Read with 8 bits, PQ has 149 values up to white, which leave gaps of up to 4 levels."""
    data = ramp(kind, transfer)
    levels = np.asarray(image_import.decode(data), int)[32, :, 1]
    assert 235 <= levels.max() <= 253
    assert np.diff(np.unique(levels)).max() <= 2
    assert len(np.unique(levels)) >= 225
    monkeypatch.setattr(image_import, "deep_pixels", lambda *_: None)
    flat = np.asarray(image_import.decode(data), int)[32, :, 1]
    assert np.abs(flat - levels).mean() < 2, "the same picture"
    assert len(np.unique(flat)) < 200


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "PNG"])
def test_hdr_picture_that_breaks_off_is_refused(kind):
    data = ramp(kind, 16)
    with pytest.raises(MediaError, match=r"damaged or not complete|not a picture"):
        image_import.decode(data[: len(data) * 2 // 3])


def test_wide_gamut_by_code_points_is_converted_to_srgb():
    """A red of Display P3, by the matrices of both; grey stays grey."""
    pixels = np.full((32, 64, 3), 128, np.uint8)
    pixels[:, 32:] = (200, 100, 100)
    data = saved(
        pixels, "HEIF", quality=100, chroma=444, color_primaries=12, transfer_characteristics=13
    )
    out = np.asarray(image_import.decode(data), int)
    assert np.abs(out[16, 8] - 128).max() <= 2
    assert np.abs(out[16, 56] - (215, 93, 97)).max() <= 2


def test_a_profile_is_converted_to_srgb():
    """Against LittleCMS by itself; without the profile the colours would be off by far."""
    source = (DATA / "adobergb.jpg").read_bytes()
    raw = Image.open(io.BytesIO(source))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(raw.info["icc_profile"]))
    right = ImageCms.profileToProfile(
        raw, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    data, _mime, _size = image_import.clean(source)
    out = Image.open(io.BytesIO(data))
    assert "icc_profile" not in out.info
    assert np.abs(np.asarray(out, int) - np.asarray(right, int)).mean() < 2
    assert np.abs(np.asarray(out, int) - np.asarray(raw, int)).mean() > 5


def test_cmyk_is_read_as_it_looks():
    paper = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for image, colour in ((paper, [255, 255, 255]), (red, [255, 0, 0])):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=95)
        assert np.abs(np.subtract(mean(image_import.decode(out.getvalue())), colour)).max() <= 3


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_a_channel(channels):
    """PNG by hand, as Pillow writes no colours of 16 bits."""
    rows = b"".join(b"\x00" + struct.pack(">H", 0x8000) * (4 * channels) for _row in range(4))
    head = struct.pack(">IIBBBBB", 4, 4, 16, {1: 0, 3: 2}[channels], 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    assert image_import.decode(data).getpixel((1, 1)) == (128, 128, 128)


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken_and_said(tmp_path, kind):
    first, second = Image.new("RGB", (32, 32), "white"), Image.new("RGB", (32, 32), "black")
    source = tmp_path / "in"
    first.save(source, kind, save_all=True, append_images=[second], duration=100)
    taken = image_import.ingested(source, tmp_path / "out")
    assert [note.template for note in taken.notes] == [image_import.FIRST_FRAME]
    assert min(mean(image_import.read(taken.path))) > 250


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparent_parts_are_on_black_and_said(tmp_path, kind):
    clear = np.dstack([np.full((4, 4, 3), 200, np.uint8), np.full((4, 4), 128, np.uint8)])
    source = tmp_path / "in"
    source.write_bytes(saved(clear, kind, lossless=True))
    taken = image_import.ingested(source, tmp_path / "out")
    assert [note.template for note in taken.notes] == [image_import.ON_BLACK]
    assert mean(image_import.read(taken.path)) == [100, 100, 100]


@pytest.mark.parametrize("turn", range(1, 9))
def test_each_orientation_is_turned_upright(turn):
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30] = 255  # white at the top left as it was stored
    exif = Image.Exif()
    exif[0x0112] = turn
    image = image_import.decode(saved(pixels, "JPEG", exif=exif, quality=95))
    assert image.size == ((60, 40) if turn < 5 else (40, 60))
    width, height = image.size
    corners = {
        (x, y): image.getpixel((int(width * (0.25 + x / 2)), int(height * (0.25 + y / 2))))[0] > 128
        for x in (0, 1)
        for y in (0, 1)
    }
    where = {
        1: (0, 0),
        2: (1, 0),
        3: (1, 1),
        4: (0, 1),
        5: (0, 0),
        6: (1, 0),
        7: (1, 1),
        8: (0, 1),
    }[turn]
    assert [corner for corner, white in corners.items() if white] == [where]


@pytest.mark.slow
def test_64_million_pixels_with_transparency_stay_within_the_limit(tmp_path):
    """256 MB when decoded; the process may have 640 MB of address space, and two run at once."""
    taken = image_import.ingested(DATA / "64-million-pixels-rgba.png", tmp_path / "out")
    assert taken.size == (4000, 4000)
    assert image_import.MADE_SMALLER in [note.template for note in taken.notes]


def test_what_is_no_picture_is_refused_in_words(tmp_path):
    for name in ("truncated-faststart.mp4", "audio-with-cover.m4a"):
        with pytest.raises(MediaError, match="HEIC") as caught:
            image_import.ingested(DATA / name, tmp_path / "out")
        assert caught.value.code == "broken_input"


def png(rows, depth, colours, *chunks, size=(4, 4)):
    """A PNG by hand, of rows of bytes; Pillow writes neither these depths nor these chunks."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0))
        + b"".join(chunk(*one) for one in chunks)
        + chunk(b"IDAT", zlib.compress(b"".join(b"\x00" + row for row in rows)))
        + chunk(b"IEND", b"")
    )


def deep(*values):
    return struct.pack(f">{len(values)}H", *values)


GREY, RGB, GREY_ALPHA, RGB_ALPHA = 0, 2, 4, 6


@pytest.mark.parametrize(
    ("colours", "rows", "key", "shown"),
    [
        (RGB_ALPHA, [(60000, 30000, 100, a) for a in (65535, 0, 32768, 65535)], None,
         [(234, 117, 0), (0, 0, 0), (117, 59, 0), (234, 117, 0)]),
        (GREY_ALPHA, [(60000, a) for a in (65535, 0, 32768, 65535)], None,
         [(234,) * 3, (0, 0, 0), (117,) * 3, (234,) * 3]),
        (RGB, [(60000, 30000, 100), (30000, 200, 9000)] * 2, (60000, 30000, 100),
         [(0, 0, 0), (117, 0, 35)] * 2),
        (GREY, [(60000,), (30000,)] * 2, (60000,), [(0, 0, 0), (117,) * 3] * 2),
    ],
    ids=["colours with alpha", "grey with alpha", "one transparent colour", "one transparent grey"],
)  # fmt: skip
def test_transparency_of_sixteen_bits_is_on_black(colours, rows, key, shown):
    chunks = [(b"tRNS", deep(*key))] if key else []
    data = png([deep(*row) * 4 for row in rows], 16, colours, *chunks)
    assert [image_import.decode(data).getpixel((1, y)) for y in range(4)] == shown
    notes = image_import._cleaned(data)[3]
    assert [note.template for note in notes] == [image_import.ON_BLACK]


LINEAR = (b"gAMA", struct.pack(">I", 100_000))


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (png([bytes([55] * 12)] * 4, 8, RGB, LINEAR), 128),
        (png([bytes([55] * 4)] * 4, 8, GREY, LINEAR), 128),
        (png([deep(*[14133] * 12)] * 4, 16, RGB, LINEAR), 128),
        (png([deep(*[14133] * 3, 65535) * 4] * 4, 16, RGB_ALPHA, LINEAR), 128),
        (png([bytes([128] * 12)] * 4, 8, RGB, (b"gAMA", struct.pack(">I", 45455))), 128),
        (png([bytes([128] * 12)] * 4, 8, RGB, LINEAR, (b"sRGB", b"\x00")), 128),
        (png([bytes([128] * 12)] * 4, 8, RGB, (b"gAMA", b"\x00" * 4)), 128),
        (png([bytes([128] * 12)] * 4, 8, RGB, (b"tEXt", b"a\x00cICP\x09\x10\x00\x01")), 128),
    ],
    ids=[
        "linear", "linear grey", "linear of 16 bits", "linear of 16 bits with alpha",
        "as sRGB", "sRGB is named too", "no gamma at all", "a text that looks like code points",
    ],
)  # fmt: skip
def test_gamma_of_a_png_is_applied(data, shown):
    found = image_import.decode(data).getpixel((1, 1))
    assert max(abs(value - shown) for value in found) <= 1


def rotated(data, *properties):
    """The AVIF with these properties (irot, imir) on its picture, as encoders for phones write."""

    def at(kind):
        return bytes(out).index(kind) - 4

    def grow(where, by):
        out[where : where + 4] = struct.pack(">I", struct.unpack_from(">I", out, where)[0] + by)

    out = bytearray(data)
    boxes = b"".join(struct.pack(">I4sB", 9, kind, value) for kind, value in properties)
    start, before = at(b"ipco"), 0
    end = start + struct.unpack_from(">I", out, start)[0]
    place = start + 8
    while place < end:
        place, before = place + struct.unpack_from(">I", out, place)[0], before + 1
    named = bytes(0x80 | before + 1 + number for number in range(len(properties)))
    counted = at(b"ipma") + 18
    behind = counted + 1 + out[counted]
    out[counted] += len(named)
    out[behind:behind] = named
    out[end:end] = boxes
    grow(at(b"ipco"), len(boxes))
    grow(at(b"ipma"), len(named))
    for kind in (b"iprp", b"meta"):
        grow(at(kind), len(boxes) + len(named))
    grow(at(b"iloc") + 22, len(boxes) + len(named))
    return bytes(out)


@pytest.mark.parametrize("levels", ["8 bits", "10 bits"])
@pytest.mark.parametrize(
    ("properties", "size", "corner"),
    [
        ([(b"irot", 1)], (48, 64), (0, 1)),
        ([(b"irot", 2)], (64, 48), (1, 1)),
        ([(b"irot", 3)], (48, 64), (1, 0)),
        ([(b"imir", 0)], (64, 48), (0, 1)),
        ([(b"imir", 1)], (64, 48), (1, 0)),
        ([(b"irot", 1), (b"imir", 0)], (48, 64), (0, 0)),
        ([(b"irot", 1), (b"imir", 1)], (48, 64), (1, 1)),
    ],
)
def test_turned_avif_is_upright_also_in_hdr(levels, properties, size, corner, monkeypatch):
    """White at the top left as it was stored; all levels of 10 bits are read where it is turned."""
    pixels = np.zeros((48, 64, 3), np.uint16)
    pixels[:24, :32] = 594  # diffuse white of PQ
    options = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
    data = rotated(cv2.imencode(".avif", pixels, options)[1].tobytes(), *properties)
    place = data.index(b"colrnclx") + 8
    data = data[:place] + struct.pack(">HH", 9, 16) + data[place + 4 :]
    read = []
    monkeypatch.setattr(
        image_import,
        "deep_pixels",
        lambda *given: (
            read.append(deep_pixels(*given) if levels == "10 bits" else None) or read[-1]
        ),
    )
    image = image_import.decode(data)
    assert [one is not None for one in read] == [levels == "10 bits"]
    assert image.size == size
    bright = {
        (x, y): image.getpixel((int(size[0] * (0.25 + x / 2)), int(size[1] * (0.25 + y / 2))))[1]
        for x in (0, 1)
        for y in (0, 1)
    }
    assert [place for place, value in bright.items() if value > 128] == [corner]
    assert 240 <= bright[corner] < 253


@pytest.mark.slow
def test_hdr_of_more_pixels_than_are_kept_keeps_its_white(tmp_path):
    """28 million pixels of 16 bits, PQ: made smaller, and white stays white."""
    row = deep(*[round(0.5807 * 65535)] * 3 * 7000)
    data = png([row] * 4000, 16, RGB, (b"cICP", bytes([9, 16, 0, 1])), size=(7000, 4000))
    (tmp_path / "in").write_bytes(data)
    taken = image_import.ingested(tmp_path / "in", tmp_path / "out", wait_seconds=300)
    assert taken.size == (3500, 2000)
    assert [note.template for note in taken.notes] == [image_import.HDR, image_import.MADE_SMALLER]
    assert 245 <= Image.open(taken.path).getpixel((100, 100))[1] < 253
