"""Colours and shapes, measured on their way through upload, segment and film.

    python -m tests.media.table

writes what it finds into docs/operation/media.md. Six patches and a circle stand in a picture or
clip of each kind; it is taken in as an upload is, made a segment and joined to a film. Printed are
the largest difference of a patch from what it should be (of 255, in any channel) and how many times
wider than high the circle is.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operation" / "media.md"
BEGIN, END = "<!-- table:begin -->", "<!-- table:end -->"

SIZE = (1280, 720)
PATCHES = [
    (235, 235, 235),
    (128, 128, 128),
    (20, 20, 20),
    (200, 60, 50),
    (60, 170, 80),
    (50, 80, 190),
]
CIRCLE = (250, 220, 60)
GROUND = (40, 40, 60)


def chart(size: tuple[int, int] = SIZE) -> np.ndarray:
    """Patches in the upper third, a circle below."""
    width, height = size
    pixels = np.full((height, width, 3), GROUND, np.uint8)
    step = width // len(PATCHES)
    for number, colour in enumerate(PATCHES):
        pixels[: height // 4, number * step : (number + 1) * step] = colour
    rows, columns = np.mgrid[:height, :width]
    inside = (rows - height * 0.62) ** 2 + (columns - width / 2) ** 2 <= (height * 0.3) ** 2
    pixels[inside] = CIRCLE
    return pixels


def measured(frame: np.ndarray, *, patches: list[tuple[int, int, int]]) -> tuple[int, float]:
    height, width, _three = frame.shape
    step = width / len(patches)
    worst = 0
    for number, colour in enumerate(patches):
        x, y = int((number + 0.5) * step), height // 8
        found = frame[y - 8 : y + 8, x - 8 : x + 8].reshape(-1, 3).mean(axis=0)
        worst = max(worst, int(np.abs(found - colour).max().round()))
    lower = frame[height // 4 + 8 :].astype(int)
    yellow = (lower[..., 0] > 150) & (lower[..., 2] < 140)
    rows, columns = yellow.nonzero()
    return worst, (columns.max() - columns.min() + 1) / (rows.max() - rows.min() + 1)


def _png(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def _pictures() -> Iterator[tuple[str, bytes]]:
    from PIL import Image, ImageCms

    pixels = chart()
    yield "picture, PNG", _png(pixels, "PNG")
    yield "picture, JPEG", _png(pixels, "JPEG", quality=95, subsampling=0)
    yield "picture, WebP", _png(pixels, "WEBP", quality=95)
    yield "picture, AVIF", _png(pixels, "AVIF", quality=95)
    image = Image.fromarray(pixels)
    heif = io.BytesIO()
    image.save(heif, "HEIF", quality=95)
    yield "picture, HEIC", heif.getvalue()
    adobe = Image.open(ROOT / "tests/media/data/adobergb.jpg").info["icc_profile"]
    wide = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(adobe))
    )
    out = io.BytesIO()
    wide.save(out, "JPEG", quality=95, subsampling=0, icc_profile=adobe)
    yield "picture, JPEG with an Adobe RGB profile", out.getvalue()
    exif = Image.Exif()
    exif[0x0112] = 6
    yield (
        "picture, JPEG stored on its side",
        _png(np.rot90(pixels, 1).copy(), "JPEG", quality=95, subsampling=0, exif=exif),
    )


def _with_clear_ground(pixels: np.ndarray) -> np.ndarray:
    """The chart whose ground is transparent, with a loud colour under it that must not show."""
    ground = (pixels == GROUND).all(axis=2)
    loud = np.where(ground[..., None], (255, 0, 255), pixels).astype(np.uint8)
    return np.dstack([loud, np.where(ground, 0, 255).astype(np.uint8)])


LIMITED = "scale=out_color_matrix={0}:out_range=tv:flags=accurate_rnd+full_chroma_int"
TAG = "setparams=range=tv:colorspace={0}:color_primaries={1}:color_trc={2}"


def _clips(folder: Path) -> Iterator[tuple[str, Path]]:
    """ffmpeg makes each from the chart, as a camera or an editor would."""
    from tests.media.film import ffmpeg_do, quarter_turned

    still = folder / "chart.png"
    still.write_bytes(_png(chart(), "PNG"))

    def made(name: str, filters: str, *options: str, source: Path = still) -> Path:
        out = folder / name
        ffmpeg_do(
            "-loop", "1", "-framerate", "24", "-t", "1", "-i", source, "-vf", filters, *options, out
        )
        return out

    x264 = ("-c:v", "libx264", "-crf", "6")
    tagged = f"{LIMITED.format('bt709')},format=yuv420p,{TAG.format('bt709', 'bt709', 'bt709')}"
    yield "clip, H.264, BT.709", made("709.mp4", tagged, *x264)
    yield (
        "clip, H.264, not tagged",
        made("untagged.mp4", f"{LIMITED.format('bt709')},format=yuv420p", *x264),
    )
    yield (
        "clip, H.264, BT.601",
        made(
            "601.mp4",
            f"{LIMITED.format('smpte170m')},format=yuv420p,"
            f"{TAG.format('smpte170m', 'smpte170m', 'smpte170m')}",
            *x264,
        ),
    )
    yield (
        "clip, H.264, full range",
        made(
            "full.mp4",
            "scale=out_color_matrix=bt709:out_range=pc,format=yuvj420p,"
            "setparams=colorspace=bt709:range=pc",
            *x264,
        ),
    )
    ten = (
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p10le,"
        f"{TAG.format('bt709', 'bt709', 'bt709')}"
    )
    yield (
        "clip, HEVC, 10 bits",
        made(
            "ten.mp4",
            ten,
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=none:crf=8",
            "-tag:v",
            "hvc1",
        ),
    )
    yield (
        "clip, VP9",
        made("vp9.webm", tagged, "-c:v", "libvpx-vp9", "-crf", "8", "-b:v", "0", "-cpu-used", "6"),
    )
    tags = "setparams=range=pc:colorspace=gbr:color_primaries=bt709:color_trc=iec61966-2-1"
    to_hdr = f"format=gbrp,{tags},zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=2020"
    for kind, transfer in (("PQ (HDR10)", "smpte2084"), ("HLG", "arib-std-b67")):
        tags = TAG.format("bt2020nc", "bt2020", transfer)
        bright = (
            f"{to_hdr},zscale=t={transfer}:m=2020_ncl:r=limited:npl=203,format=yuv420p10le,{tags}"
        )
        parameters = (
            f"log-level=none:crf=8:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
        )
        hevc = ("-c:v", "libx265", "-x265-params", parameters, "-tag:v", "hvc1")
        yield f"clip, HEVC, {kind}", made(f"{transfer}.mp4", bright, *hevc)
    yield "clip, pixels of 4:3", made("sar.mp4", f"scale=960:720,{tagged},setsar=4/3", *x264)
    uneven = f"{tagged},setpts='(N+0.6*mod(N,2))/24/TB'"
    yield "clip, variable rate", made("vfr.mp4", uneven, *x264, "-fps_mode", "vfr")
    see_through = folder / "see-through.png"
    see_through.write_bytes(_png(_with_clear_ground(chart()), "PNG"))
    clear = (
        "format=yuva444p,scale=out_color_matrix=bt709:out_range=tv,format=yuva420p,"
        f"{TAG.format('bt709', 'bt709', 'bt709')}"
    )
    vp9 = ("-c:v", "libvpx-vp9", "-crf", "8", "-b:v", "0", "-cpu-used", "6", "-auto-alt-ref", "0")
    yield "clip, VP9, transparent ground", made("clear.webm", clear, *vp9, source=see_through)
    turned = made("side.mp4", f"transpose=clock,{tagged}", *x264)
    yield "clip, turned by a telephone", quarter_turned(turned, folder / "turned.mp4")
    yield (
        "clip, interlaced",
        made(
            "fields.mp4",
            f"{tagged},tinterlace=mode=interleave_top,fieldorder=tff",
            *x264,
            "-flags",
            "+ilme+ildct",
        ),
    )


def rows() -> Iterator[tuple[str, str, int, float]]:
    """(kind, where it was measured, largest difference, width by height)."""
    from media import clip_import, ffmpeg, image_import
    from media.clip_segment import encode_clip
    from media.image_segment import encode_still
    from media.join import join
    from tests.media.test_clips import rgb

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, content in _pictures():
            source, kept = folder / "sent", folder / "kept"
            source.write_bytes(content)
            taken = image_import.ingested(source, kept, wait_seconds=300)
            yield (
                kind,
                "upload",
                *measured(np.asarray(image_import.read(taken.path)), patches=PATCHES),
            )
            segment, film = folder / "segment.mp4", folder / "film.mp4"
            encode_still(kept, segment, frames=24, size=SIZE, fps=24, camera="still")
            join([segment, segment], film)
            yield kind, "film", *measured(rgb(film, SIZE)[30], patches=PATCHES)
        for kind, path in _clips(folder):
            taken = clip_import.ingested(path, folder / "kept", wait_seconds=300)
            # as a browser shows it, which reads the tags
            yield (
                kind,
                "upload",
                *measured(
                    rgb(taken.path, taken.size, matrix=ffmpeg.probe(taken.path).matrix)[5],
                    patches=PATCHES,
                ),
            )
            segment, film = folder / "segment.mp4", folder / "film.mp4"
            encode_clip(taken.path, segment, frames=24, size=SIZE, fps=24)
            join([segment, segment], film)
            yield kind, "film", *measured(rgb(film, SIZE)[30], patches=PATCHES)


def main() -> None:
    import django

    django.setup()
    from media import ffmpeg

    found: dict[str, dict[str, tuple[int, float]]] = {}
    for kind, place, worst, shape in rows():
        print(f"{kind:45} {place:7} {worst:4} {shape:.3f}", file=sys.stderr)  # noqa: T201  progress
        found.setdefault(kind, {})[place] = (worst, shape)
    output = subprocess.run(
        [ffmpeg.binary(), "-version"], capture_output=True, text=True, check=True
    ).stdout
    lines = [
        (
            f"Measured {datetime.now(UTC):%Y-%m-%d} by `make media-table` with "
            f"{output.partition(' Copyright')[0]}."
        ),
        "",
        (
            "| sent | colour after upload | colour in the film | circle after upload | circle "
            "in the film |"
        ),
        "|---|---|---|---|---|",
        *(
            (
                f"| {kind} | {places['upload'][0]} | {places['film'][0]} | "
                f"{places['upload'][1]:.3f} | {places['film'][1]:.3f} |"
            )
            for kind, places in found.items()
        ),
    ]
    text = PAGE.read_text()
    PAGE.write_text(
        text[: text.index(BEGIN) + len(BEGIN)]
        + "\n"
        + "\n".join(lines)
        + "\n"
        + text[text.index(END) :]
    )


if __name__ == "__main__":
    main()
