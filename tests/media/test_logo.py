"""A logo: read in a limited process, with its transparency, and blended alike in both encoders."""

import io

import numpy as np
import pytest
from PIL import Image

from media import logo
from media.clip_segment import encode_clip
from media.errors import MediaError
from media.image_segment import encode_still
from stories.enums import Corner
from tests.media.film import SIZE, ffmpeg_do, frames_of, save_picture

ORANGE = (240, 120, 20)


@pytest.fixture
def mark(tmp_path):
    """A disc of one colour on a transparent ground."""
    image = Image.new("RGBA", (200, 100), (0, 255, 0, 0))
    image.paste((*ORANGE, 255), (50, 0, 150, 100))
    path = tmp_path / "mark.png"
    image.save(path)
    return path


def test_its_transparency_is_kept_and_it_is_made_smaller(tmp_path):
    source = tmp_path / "source.webp"
    image = Image.new("RGBA", (4000, 1000), (*ORANGE, 0))
    image.paste((*ORANGE, 128), (0, 0, 2000, 1000))
    image.save(source, lossless=True)
    with Image.open(logo.ingested(source, tmp_path / "logo.png")) as found:
        assert (found.format, found.mode, found.size) == ("PNG", "RGBA", (2048, 512))
        assert found.getpixel((2000, 200))[3] == 0
        assert found.getpixel((200, 200)) == pytest.approx((*ORANGE, 128), abs=1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no picture at all", "not a picture that can be read"),
        (b"", "not a picture that can be read"),
        ("clear", "transparent all over"),
        ("cut", "damaged or not complete"),
    ],
)
def test_what_is_no_logo_is_refused_in_words(tmp_path, content, why):
    source = tmp_path / "source"
    if isinstance(content, str):
        out = io.BytesIO()
        noise = np.random.default_rng(1).integers(0, 255, (300, 300, 4), np.uint8)
        noise[..., 3] = 0 if content == "clear" else 255
        Image.fromarray(noise).save(out, "PNG")
        content = out.getvalue() if content == "clear" else out.getvalue()[:5000]
    source.write_bytes(content)
    with pytest.raises(MediaError, match=why) as error:
        logo.ingested(source, tmp_path / "logo.png")
    assert error.value.code == "broken_input"
    assert not (tmp_path / "logo.png").exists()


@pytest.mark.parametrize("corner", Corner.values)
def test_it_stands_in_its_corner_and_keeps_its_shape(mark, corner):
    found = logo.placed(logo.Logo(mark, corner, 20, 80), (640, 360))
    height, width = found.luma.keep.shape
    assert (width, height) == (128, 64)
    left = 16 if corner.endswith("left") else 640 - 16 - 128
    top = 16 if corner.startswith("top") else 360 - 16 - 64
    assert (found.left, found.top) == (left, top)


def test_a_tall_logo_is_limited_by_its_height(tmp_path):
    path = tmp_path / "tall.png"
    Image.new("RGBA", (100, 1900), ORANGE).save(path)
    found = logo.placed(logo.Logo(path, "top_left", 40, 100), (640, 360))
    assert found.luma.keep.shape[0] == 144


def test_it_has_its_colour_in_stills_and_clips(tmp_path, mark):
    ground = (40, 80, 160)
    picture = save_picture(
        tmp_path / "ground.png", np.full((SIZE[1], SIZE[0], 3), ground, np.uint8)
    )
    clip = tmp_path / "clip.mp4"
    ffmpeg_do(
        *("-loop", "1", "-i", picture, "-frames:v", "12", "-r", "24"),
        *("-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709"),
        *("-c:v", "libx264", "-crf", "10", clip),
    )
    shown = logo.Logo(mark, "top_left", 30, 50)
    place = logo.placed(shown, SIZE)
    height, width = place.luma.keep.shape
    common = {"frames": 12, "size": SIZE, "fps": 24, "logo": shown, "crf": 8}
    encode_still(picture, tmp_path / "still.mp4", camera="still", **common)
    encode_clip(clip, tmp_path / "moving.mp4", **common)
    half = [round((one + other) / 2) for one, other in zip(ORANGE, ground, strict=True)]
    middle = np.s_[
        place.top + height // 4 : place.top + 3 * height // 4,
        place.left + 3 * width // 8 : place.left + 5 * width // 8,
    ]
    beside = np.s_[place.top : place.top + height, place.left : place.left + width // 8]
    for name in ("still.mp4", "moving.mp4"):
        for frame in frames_of(tmp_path / name, SIZE)[[0, 11]]:
            assert np.abs(frame[middle].reshape(-1, 3).mean(axis=0) - half).max() < 6, name
            assert np.abs(frame[beside].reshape(-1, 3).mean(axis=0) - ground).max() < 6, name
