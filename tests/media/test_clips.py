"""Clips from outside: what is taken, what is refused, and that what comes out looks as it was
meant.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

from media import clip_import, ffmpeg
from media.clip_segment import encode_clip
from media.crop import Crop
from media.errors import MediaError
from tests.media.film import ffmpeg_do, frames_of, make_clip, quarter_turned

DATA = Path(__file__).parent / "data"


@pytest.fixture
def taken(tmp_path):
    return lambda name: clip_import.ingested(
        name if isinstance(name, Path) else DATA / name, tmp_path / "taken"
    )


def rgb(path, size, matrix="bt709"):
    """The frames as a browser shows them: by the film's own tags, which say BT.709."""
    vf = f"scale=in_color_matrix={matrix}:flags=accurate_rnd+full_chroma_int,format=rgb24"
    raw = ffmpeg_do("-i", path, "-map", "0:V:0", "-vf", vf, "-f", "rawvideo", "pipe:1")
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def film(source, tmp_path, size, *, crop=None, frames=24):
    out = tmp_path / "film.mp4"
    encode_clip(source, out, frames=frames, size=size, fps=24, crop=crop)
    return rgb(out, size)


def extent(mask):
    rows, columns = mask.nonzero()
    return int(columns.max() - columns.min() + 1), int(rows.max() - rows.min() + 1)


def combs(frame):
    """How much each second row differs from both its neighbours: large where two fields of a
    movement lie in one frame.
    """
    grey = frame.astype(int).mean(axis=2)
    return np.abs(2 * grey[1:-1] - grey[:-2] - grey[2:]).mean()


@pytest.mark.moderate
def test_pixels_that_are_not_square(taken, tmp_path):
    kept = taken("anamorphic.mp4")
    assert (kept.size, kept.extension) == ((1280, 720), "mp4")
    for frame in (
        rgb(kept.path, kept.size)[10],
        film(DATA / "anamorphic.mp4", tmp_path, (1280, 720))[10],
    ):
        width, height = extent(frame[..., 0] > 150)
        assert abs(width - height) <= 2


@pytest.mark.parametrize("way", ["taken in", "film"])
@pytest.mark.moderate
def test_white_of_pq_stays_white(taken, tmp_path, way):
    """Patches of 0, 10, 58, 203 and 1000 nits: diffuse white is 203."""
    if way == "film":
        frame = film(DATA / "pq-patches.mov", tmp_path, (640, 360))[5]
    else:
        kept = taken("pq-patches.mov")
        assert "HDR" in str(kept.notes[0])
        frame = rgb(kept.path, kept.size)[5]
    levels = [int(frame[180, x].mean()) for x in range(64, 640, 128)]
    assert levels[0] <= 2
    assert 40 <= levels[1] < levels[2] < levels[3] <= levels[4]
    assert 235 <= levels[3] < 253
    assert levels[4] >= 253


@pytest.mark.moderate
def test_white_of_hlg_stays_white(tmp_path):
    """Diffuse white of HLG is its signal at 75 % (ITU-R BT.2408)."""
    source = tmp_path / "hlg.mp4"
    level = 64 + round(0.75 * 876)
    grey = f"geq=lum='if(lt(X,160),64,if(lt(X,320),{level},940))':cb=512:cr=512"
    tags = (
        "-colorspace",
        "bt2020nc",
        "-color_primaries",
        "bt2020",
        "-color_trc",
        "arib-std-b67",
        "-color_range",
        "tv",
    )
    ffmpeg_do(
        *(
            "-f",
            "lavfi",
            "-i",
            "color=black:s=480x120:r=24:d=1,format=yuv420p10le",
            "-vf",
            f"{grey},setparams=color_trc=arib-std-b67:colorspace=bt2020nc:color_primaries=bt2020",
        ),
        *("-c:v", "libx264", "-qp", "8", "-pix_fmt", "yuv420p10le", *tags, source),
    )
    assert ffmpeg.probe(source).hdr
    frame = film(source, tmp_path, (480, 120))[5]
    black, white, most = (int(frame[60, x].mean()) for x in (80, 240, 400))
    assert black <= 2
    assert 235 <= white <= most


@pytest.mark.parametrize("way", ["taken in", "film"])
@pytest.mark.moderate
def test_interlaced_has_no_combs(taken, tmp_path, way):
    source = DATA / "interlaced.mp4"
    frames = (
        film(source, tmp_path, (640, 360)) if way == "film" else rgb(taken(source).path, (640, 360))
    )
    raw = rgb(source, (640, 360))
    assert combs(frames[12]) < 0.6 * combs(raw[12])


@pytest.mark.parametrize("way", ["taken in", "film"])
@pytest.mark.moderate
def test_colours_under_transparency_do_not_show(taken, tmp_path, way):
    source = DATA / "vp9-alpha.webm"
    if way == "film":
        frame = film(source, tmp_path, (640, 360))[5]
    else:
        kept = taken(source)
        assert clip_import.ON_BLACK in [note.template for note in kept.notes]
        frame = rgb(kept.path, kept.size)[5]
    assert frame[10, 10].max() <= 2
    red = frame[..., 0] > 150
    assert 0.02 < red.mean() < 0.2


def test_quicktime_without_ftyp_is_read(taken):
    kept = taken("quicktime-without-ftyp.mov")
    assert (kept.size, kept.duration_ms, kept.extension, kept.notes) == (
        (640, 360),
        3000,
        "mp4",
        (),
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("audio-with-cover.m4a", "no moving picture"),
        ("photo.heic", "no moving picture"),
        ("truncated-faststart.mp4", "98910 of its bytes are missing"),
        ("phone-mpo.jpg", "MP4, MOV, WebM and Matroska"),
        ("srt-marks.txt", "MP4, MOV, WebM and Matroska"),
    ],
)
def test_what_is_no_whole_clip_is_refused_in_words(taken, name, words):
    with pytest.raises(MediaError, match=words) as caught:
        taken(name)
    assert caught.value.code == "broken_input"


def test_a_clip_with_a_cover_picture_is_its_film(taken, tmp_path):
    video, cover, both = tmp_path / "v.mp4", tmp_path / "c.png", tmp_path / "both.mp4"
    make_clip(video, size="160x120", seconds=1)
    ffmpeg_do("-f", "lavfi", "-i", "color=red:s=400x400", "-frames:v", "1", cover)
    ffmpeg_do(
        "-i",
        cover,
        "-i",
        video,
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-disposition:v:0",
        "attached_pic",
        both,
    )
    assert taken(both).size == (160, 120)
    assert film(both, tmp_path, (160, 120)).shape[0] == 24


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["webm", "mkv"])
def test_a_matroska_that_breaks_off_is_refused(taken, tmp_path, extension):
    source = make_clip(
        tmp_path / f"whole.{extension}",
        size="320x240",
        seconds=2,
        options=("-c:v", "libvpx", "-b:v", "2M"),
    )
    assert taken(source).size == (320, 240)
    cut = tmp_path / f"cut.{extension}"
    cut.write_bytes(source.read_bytes()[: source.stat().st_size * 6 // 10])
    with pytest.raises(MediaError):
        taken(cut)


def test_a_clip_with_damage_in_its_middle_is_refused(taken, tmp_path):
    source = make_clip(tmp_path / "whole.mp4", size="320x240", seconds=2, rate="24")
    data = bytearray(source.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 3
    data[middle : middle + 4000] = bytes(4000)
    source.write_bytes(data)
    with pytest.raises(MediaError):
        taken(source)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("msmpeg4.mkv", ("-c:v", "msmpeg4v2")),
        ("cinepak.mkv", ("-c:v", "cinepak")),
        ("ten-bit.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p10le")),
        ("hevc.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1")),
        ("prores.mov", ("-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le")),
    ],
)
@pytest.mark.moderate
def test_what_browsers_do_not_play_is_converted_and_said(taken, tmp_path, name, options):
    source = make_clip(tmp_path / name, size="160x120", seconds=1, options=options)
    kept = taken(source)
    facts = ffmpeg.probe(kept.path)
    assert (facts.video_codec, facts.pix_fmt, facts.color_space, facts.container[:3]) == (
        "h264",
        "yuv420p",
        "bt709",
        "mov",
    )
    assert kept.notes[0].template == clip_import.ENCODED
    raw = frames_of(source, (160, 120))
    assert np.abs(frames_of(kept.path, (160, 120))[8].astype(int) - raw[8]).mean() < 12


@pytest.mark.moderate
def test_a_variable_rate_keeps_its_time(taken, tmp_path):
    source = tmp_path / "vfr.mp4"
    ffmpeg_do(
        *(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=160x120:r=30:d=2",
            "-vf",
            "select='not(mod(n\\,3))+lt(n\\,20)'",
            "-fps_mode",
            "vfr",
        ),
        "-c:v",
        "libx264",
        source,
    )
    kept = taken(source)
    assert abs(kept.duration_ms - 2000) <= 100
    assert film(kept.path, tmp_path, (160, 120), frames=48).shape[0] == 48


def test_rotation_is_applied(taken, tmp_path):
    source = quarter_turned(make_clip(tmp_path / "in.mp4", size="160x120"), tmp_path / "turned.mp4")
    kept = taken(source)
    assert kept.size == (120, 160)
    assert ffmpeg.probe(kept.path).rotation == 0


@pytest.mark.parametrize(
    ("degrees", "size", "corner"),
    [(90, (96, 256), (0, 1)), (180, (256, 96), (1, 1)), (270, (96, 256), (1, 0))],
)
def test_rotation_and_pixels_that_are_not_square_together(taken, tmp_path, degrees, size, corner):
    """128 x 96 pixels of twice the width, white at the top left as they were stored."""
    flat, source = tmp_path / "flat.mp4", tmp_path / "turned.mov"
    drawn = "color=red:s=128x96:r=10:d=1,drawbox=0:0:64:48:white:fill,setsar=2/1"
    ffmpeg_do("-f", "lavfi", "-i", drawn, "-c:v", "libx264", "-pix_fmt", "yuv420p", flat)
    ffmpeg_do("-display_rotation", str(degrees), "-i", flat, "-c", "copy", source)
    kept = taken(source)
    assert kept.size == size
    frame = rgb(kept.path, kept.size)[5]
    bright = {
        (x, y): frame[int(size[1] * (0.25 + y / 2)), int(size[0] * (0.25 + x / 2)), 1] > 128
        for x in (0, 1)
        for y in (0, 1)
    }
    assert [place for place, white in bright.items() if white] == [corner]


def test_notes_of_the_camera_and_what_stands_behind_the_film_are_left_out(taken, tmp_path):
    source = tmp_path / "camera.mp4"
    metadata = (
        "-metadata",
        "location=+37.5665+126.9780/",
        "-metadata",
        "comment=secret place",
        "-metadata:s:v",
        "handler_name=My Phone",
    )
    make_clip(source, options=("-c:v", "libx264", *metadata, "-movflags", "use_metadata_tags"))
    source.write_bytes(source.read_bytes() + b"<script>alert(1)</script>")
    kept = taken(source).path.read_bytes()
    for secret in (b"37.5665", b"secret", b"My Phone", b"script"):
        assert secret not in kept


@pytest.mark.moderate
def test_an_untagged_clip_in_hd_keeps_its_colours(tmp_path):
    """As browsers do: BT.709 from HD on, though ffmpeg by itself takes BT.601."""
    source = tmp_path / "untagged.mp4"
    ffmpeg_do(
        *("-f", "lavfi", "-i", "color=0x20c040:s=1280x720:r=24:d=1"),
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", source),
    )
    assert ffmpeg.probe(source).color_space in {"", "bt709"}
    frame = film(source, tmp_path, (1280, 720))[5]
    assert np.abs(frame[300, 300].astype(int) - (0x20, 0xC0, 0x40)).max() <= 4


def box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content


def test_millions_of_samples_are_refused_before_they_are_read(tmp_path):
    """41 kB that tell of ten million samples, all in the same place: the tables are counted,
    nothing is started.
    """
    sizes = struct.pack(">IIII", 0, 100, 10_000_000, 0)
    table = box(b"stbl", box(b"stsz", sizes))
    movie = box(b"moov", box(b"trak", box(b"mdia", box(b"minf", table))))
    source = tmp_path / "bomb.mp4"
    source.write_bytes(box(b"ftyp", b"isom\0\0\2\0isom") + movie + box(b"mdat", bytes(100)))
    with pytest.raises(MediaError, match="too long"):
        clip_import.check_boxes(source)
    with pytest.raises(MediaError, match="too long"):
        clip_import.ingested(source, tmp_path / "out")


def test_a_probe_counts_packets_without_keeping_them(tmp_path, monkeypatch):
    monkeypatch.setattr("media.probe.MAX_FRAMES", 10)
    with pytest.raises(MediaError, match="too long"):
        ffmpeg.probe(make_clip(tmp_path / "in.mp4", rate="24"))


@pytest.mark.moderate
def test_a_crop_shows_its_part(tmp_path):
    """Left half red, right half blue: the crop decides which is seen in an upright film."""
    source = tmp_path / "halves.mp4"
    halves = "color=red:s=160x180:r=24:d=1[a];color=blue:s=160x180:r=24:d=1[b];[a][b]hstack"
    ffmpeg_do("-f", "lavfi", "-i", halves, "-c:v", "libx264", "-pix_fmt", "yuv420p", source)
    left = film(source, tmp_path, (90, 160), crop=Crop(0.0, 0.0, 0.3164, 1.0))[5]
    right = film(source, tmp_path, (90, 160), crop=Crop(0.6836, 0.0, 0.3164, 1.0))[5]
    assert left[..., 0].min() > 200
    assert left[..., 2].max() < 60
    assert right[..., 2].min() > 200
    assert right[..., 0].max() < 60
