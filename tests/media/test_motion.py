import io

import cv2
import numpy as np
import pytest
from PIL import Image

from media import camera, ffmpeg, mp4
from media.captions import CaptionSpan, style_for
from media.errors import MediaError
from media.image_segment import Overlays, cover_size, encode_still, film, scenery
from stories.enums import Camera
from tests.media.film import SIZE, detailed, ffmpeg_do, frames_of, save_picture


@pytest.fixture
def picture(tmp_path):
    return save_picture(tmp_path / "picture.png", detailed((640, 360)))


def ideal(pixels, windows, size):
    """The camera move drawn the slow way: luma warped from four times the size with Lanczos."""
    luma = (
        pixels.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    ) * 219 / 255 + 16
    wide, high = cover_size((pixels.shape[1], pixels.shape[0]), size)
    large = cv2.resize(luma, (round(wide * 4), round(high * 4)), interpolation=cv2.INTER_LANCZOS4)
    for window in windows:
        step = 4 / window.zoom
        matrix = np.array(
            [
                [step / 4, 0, window.x * 4 - step * size[0] / 2 + (step / 4 - 1) / 2],
                [0, step / 4, window.y * 4 - step * size[1] / 2 + (step / 4 - 1) / 2],
            ]
        )
        drawn = cv2.warpAffine(
            large,
            matrix,
            (size[0] * 4, size[1] * 4),
            flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        yield cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)


def drawn_luma(path, windows, size):
    image = Image.open(path).convert("RGB")
    width, height = size
    return [
        np.frombuffer(raw, np.uint8)[: width * height].reshape(height, width).copy()
        for raw in film(scenery(image, windows, size), windows, size, Overlays([], fps=24))
    ]


@pytest.mark.parametrize("move", Camera.values)
@pytest.mark.parametrize("cover", [(320.0, 180.0), (500.0, 180.0), (320.0, 600.0)])
def test_path_stays_inside_the_picture(move, cover):
    windows = camera.path(move, frames=50, size=SIZE, cover=cover)
    assert len(windows) == 50
    for window in windows:
        assert window.zoom >= 1
        assert (
            SIZE[0] / window.zoom / 2 - 1e-6
            <= window.x
            <= cover[0] - SIZE[0] / window.zoom / 2 + 1e-6
        )
        assert (
            SIZE[1] / window.zoom / 2 - 1e-6
            <= window.y
            <= cover[1] - SIZE[1] / window.zoom / 2 + 1e-6
        )


def test_path_moves_as_its_name_says():
    def ends(move):
        windows = camera.path(move, frames=30, size=SIZE, cover=(320.0, 180.0))
        return windows[0], windows[-1]

    for move, way in {"push_in": "zoom", "pan_right": "x", "tilt_down": "y"}.items():
        first, last = ends(move)
        assert getattr(last, way) > getattr(first, way)
    for move, way in {"pull_out": "zoom", "pan_left": "x", "tilt_up": "y"}.items():
        first, last = ends(move)
        assert getattr(last, way) < getattr(first, way)
    with pytest.raises(ValueError, match="unknown camera move"):
        ends("spin")


@pytest.mark.parametrize("move", ["push_in", "pan_left", "tilt_up"])
@pytest.mark.moderate
def test_frames_against_the_ideal(picture, move):
    windows = camera.path(move, frames=24, size=SIZE, cover=(320.0, 180.0))[::4]
    for drawn, wanted in zip(
        drawn_luma(picture, windows, SIZE), ideal(detailed((640, 360)), windows, SIZE), strict=True
    ):
        assert cv2.PSNR(drawn.astype(np.float32), wanted.astype(np.float32), R=255) > 36


@pytest.mark.moderate
def test_camera_does_not_wobble(picture):
    """Shift of every frame against the ideal one, by phase correlation: at most 0.10 px rms and
    0.25 px anywhere.
    """
    windows = camera.path("push_in", frames=96, size=SIZE, cover=(320.0, 180.0))[::6]
    shifts = []
    for drawn, wanted in zip(
        drawn_luma(picture, windows, SIZE), ideal(detailed((640, 360)), windows, SIZE), strict=True
    ):
        for x in (16, 176):
            view = (slice(24, 152), slice(x, x + 128))
            shift, _response = cv2.phaseCorrelate(
                drawn[view].astype(np.float64),
                wanted[view].astype(np.float64),
                cv2.createHanningWindow((128, 128), cv2.CV_64F),
            )
            shifts.append(shift)
    off = np.array(shifts)
    assert np.sqrt((off**2).sum(axis=1).mean()) < 0.10
    assert np.abs(off).max() < 0.25


@pytest.mark.parametrize(
    ("size", "fps", "frames"), [((320, 180), 24, 31), ((180, 320), 30, 20), ((240, 240), 25, 1)]
)
def test_encode_still_has_exactly_its_frames_and_tags(tmp_path, picture, size, fps, frames):
    heard = []
    encode_still(
        picture,
        tmp_path / "a.mp4",
        frames=frames,
        size=size,
        fps=fps,
        camera="push_in",
        on_progress=heard.append,
    )
    found = ffmpeg.probe(tmp_path / "a.mp4")
    assert (found.width, found.height, found.frames, found.fps) == (*size, frames, fps)
    assert (
        found.video_codec,
        found.pix_fmt,
        found.color_space,
        found.color_range,
        found.has_audio,
    ) == ("h264", "yuv420p", "bt709", "tv", False)
    length = mp4.length(tmp_path / "a.mp4")
    assert (length.frames, length.ticks, length.timescale) == (
        frames,
        frames * 90_000 // fps,
        90_000,
    )
    assert heard[-1] == 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "picture.png"]


@pytest.mark.moderate
def test_encode_still_same_inputs_same_bytes(tmp_path, picture):
    captions = [CaptionSpan(0, 12, "같은 글자\nsame words")]
    for name in ("a.mp4", "b.mp4"):
        encode_still(
            picture,
            tmp_path / name,
            frames=24,
            size=SIZE,
            fps=24,
            camera="pan_left",
            captions=captions,
        )
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    "color", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)]
)
def test_encode_still_keeps_colours(tmp_path, color):
    save_picture(tmp_path / "flat.png", np.full((90, 160, 3), color, np.uint8))
    encode_still(
        tmp_path / "flat.png", tmp_path / "a.mp4", frames=3, size=SIZE, fps=24, camera="still"
    )
    shown = frames_of(tmp_path / "a.mp4", SIZE)[1].reshape(-1, 3).mean(axis=0)
    assert np.abs(shown - color).max() < 4


def test_encode_still_captions_come_and_go(tmp_path):
    save_picture(tmp_path / "grey.png", np.full((90, 160, 3), 90, np.uint8))
    encode_still(
        tmp_path / "grey.png",
        tmp_path / "a.mp4",
        frames=40,
        size=SIZE,
        fps=24,
        camera="still",
        captions=[CaptionSpan(10, 30, "안녕 hello")],
    )
    luma = frames_of(tmp_path / "a.mp4", SIZE, "yuv420p")[:, : SIZE[1]].astype(int)
    style = style_for(SIZE)
    brightest = luma[:, SIZE[1] - style.bottom - style.line_height :].reshape(40, -1).max(axis=1)
    assert brightest[20] >= 220
    assert (brightest[:9] < 110).all()
    assert (brightest[31:] < 110).all()
    assert 110 < brightest[10] < brightest[12] < 235  # it fades in
    assert (np.abs(luma[20, : SIZE[1] // 2] - luma[0, : SIZE[1] // 2]) <= 4).all()


def turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    return save_picture(tmp_path / "p.jpg", detailed((200, 100)), exif=exif)


@pytest.mark.parametrize(
    "make",
    [
        lambda d: save_picture(
            d / "p.png", np.dstack([detailed((100, 100)), np.full((100, 100), 128, np.uint8)])
        ),
        lambda d: save_picture(d / "p.png", detailed((100, 100))[..., 0]),
        lambda d: save_picture(d / "p.png", (detailed((100, 100))[..., 0].astype(np.uint16) * 257)),
        lambda d: save_picture(d / "p.webp", detailed((31, 17))),
        lambda d: save_picture(d / "p.jpg", detailed((6000, 400))),
        lambda d: save_picture(d / "p.png", detailed((64, 900))),
        turned,
    ],
    ids=["rgba", "grey", "grey16", "tiny-webp", "panorama", "tower", "turned"],
)
@pytest.mark.moderate
def test_encode_still_takes_any_picture(tmp_path, make):
    for move in ("push_in", "pan_right", "tilt_down"):
        encode_still(
            make(tmp_path), tmp_path / f"{move}.mp4", frames=4, size=SIZE, fps=24, camera=move
        )
        assert mp4.length(tmp_path / f"{move}.mp4").frames == 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
    ],
)
def test_encode_still_broken_picture(tmp_path, content):
    (tmp_path / "p.png").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        encode_still(
            tmp_path / "p.png", tmp_path / "a.mp4", frames=4, size=SIZE, fps=24, camera="still"
        )
    assert caught.value.code == "broken_input"
    assert not (tmp_path / "a.mp4").exists()


def test_encode_still_truncated_picture(tmp_path):
    out = io.BytesIO()
    Image.fromarray(detailed((400, 300))).save(out, "JPEG")
    (tmp_path / "p.jpg").write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
    with pytest.raises(MediaError, match="not complete"):
        encode_still(
            tmp_path / "p.jpg", tmp_path / "a.mp4", frames=4, size=SIZE, fps=24, camera="still"
        )


def test_encode_still_refuses_odd_sizes(tmp_path, picture):
    with pytest.raises(ValueError, match="321x180"):
        encode_still(picture, tmp_path / "a.mp4", frames=4, size=(321, 180), fps=24, camera="still")


@pytest.mark.moderate
def test_encode_still_stops(tmp_path, picture):
    with pytest.raises(MediaError) as caught:
        encode_still(
            picture,
            tmp_path / "a.mp4",
            frames=100_000,
            size=SIZE,
            fps=24,
            camera="push_in",
            should_stop=lambda: True,
        )
    assert caught.value.code == "stopped"
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.moderate
def test_encode_still_plays_through_with_even_steps(tmp_path, picture):
    encode_still(picture, tmp_path / "a.mp4", frames=48, size=SIZE, fps=24, camera="push_in")
    lines = ffmpeg_do("-i", tmp_path / "a.mp4", "-f", "framecrc", "pipe:1").decode().splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == 48
