"""Files with made faults, measured and judged as takes that arrive: each is found by its name, and
the local provider's own pictures and clips have no doubt.
"""

import io
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from media.ffmpeg import binary
from media.measures import measure_file
from providers.backends.local.illustrator import paint
from stories.services import checks
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SIZE = (1280, 720)
LETTERS = "assets/fonts/NotoSansKR-Medium.otf"
PROMPTS = (
    "a lighthouse by the sea at night",
    "a harbour with houses and boats at noon",
    "a girl with a lantern in a snowy forest",
)
PAN = "crop=w=960:h=540:x='40*t':y='20*t',scale=1280:720"
CLIPS = {
    "strobing": ("eq=brightness='if(mod(floor(t*10),2),0.4,-0.2)':eval=frame", 7, ["strobing"]),
    "second half frozen": (
        "trim=end_frame=84,tpad=stop_mode=clone:stop_duration=3.5,setpts=N/24/TB", 7, ["frozen"],
    ),
    "too short": ("", 4, ["short"]),
    "black with a logo": (
        "eq=brightness=-1,drawbox=x=1000:y=40:w=240:h=140:c=white:t=fill", 7, ["black"],
    ),
    "without a fault": ("", 7, []),
}  # fmt: skip


@pytest.fixture
def story(owner):
    return make_story(owner, status="previewing")


@pytest.fixture(scope="module")
def paintings():
    return [
        Image.open(
            io.BytesIO(paint(prompt, style="watercolour", seed=number + 1, size=SIZE))
        ).convert("RGB")
        for number, prompt in enumerate(PROMPTS)
    ]


def blurred(image):
    return Image.fromarray(cv2.GaussianBlur(np.asarray(image), (0, 0), 9))


def lettered(image):
    found = image.copy()
    draw = ImageDraw.Draw(found)
    draw.rectangle((80, 280, 1200, 440), fill="white")
    draw.text((100, 300), "서울시 여름 공원 안내", "black", ImageFont.truetype(LETTERS, 64))
    return found


def black_with_logo(image, *, part=0.1):
    found = Image.new("RGB", image.size, "black")
    side = int((image.width * image.height * part) ** 0.5)
    ImageDraw.Draw(found).ellipse((40, 40, 40 + side, 40 + side), fill="white")
    return found


def dark_with_noise(image):
    noise = np.random.default_rng(1).integers(0, 12, (image.height, image.width, 3))
    return Image.fromarray(noise.astype(np.uint8))


def doubts(take, file, *, is_clip):
    return [str(name) for name in checks.doubts_of(take, measure_file(str(file), is_clip))]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (blurred, ["blurred"]),
        (lettered, ["letters"]),
        (black_with_logo, ["black"]),
        (dark_with_noise, ["black"]),
        (lambda image: Image.new("RGB", image.size, (90, 120, 150)), ["blank"]),
        (lambda image: image, []),
    ],
    ids=["blurred", "letters", "black with a logo", "black with noise", "one colour", "no fault"],
)
@pytest.mark.parametrize("number", range(3))
def test_pictures(change, expected, number, story, paintings, tmp_path):
    change(paintings[number]).save(tmp_path / "take.png")
    take = make_take(make_scene(story), provider="paid", width=1280, height=720)
    assert doubts(take, tmp_path / "take.png", is_clip=False) == expected


@pytest.mark.parametrize("quality", [90, 50, 25, 10])
def test_duplicate_of_another_scene_after_it_was_compressed(quality, story, paintings, tmp_path):
    paintings[0].save(tmp_path / "first.png")
    first = make_take(make_scene(story), width=1280, height=720)
    checks.record(first, measure_file(str(tmp_path / "first.png"), False))
    paintings[0].save(tmp_path / "again.jpg", quality=quality)
    again = make_take(make_scene(story, text="a harbour"), width=1280, height=720)
    assert doubts(again, tmp_path / "again.jpg", is_clip=False) == ["duplicate"]
    paintings[1].save(tmp_path / "other.jpg", quality=quality)
    assert doubts(again, tmp_path / "other.jpg", is_clip=False) == []


@pytest.mark.parametrize("fault", CLIPS)
def test_clips(fault, story, paintings, tmp_path):
    chain, seconds, expected = CLIPS[fault]
    paintings[1].save(tmp_path / "picture.png")
    given = ("-loop", "1", "-framerate", "24", "-t", str(seconds), "-i", tmp_path / "picture.png")
    filters = ",".join(filter(None, (PAN, chain)))
    encoded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    subprocess.run(
        [binary(), "-v", "error", *given, "-vf", filters, *encoded, tmp_path / "take.mp4"],
        check=True,
    )
    take = make_take(make_scene(story), "clip", width=1280, height=720, duration_ms=seconds * 1000)
    assert doubts(take, tmp_path / "take.mp4", is_clip=True) == expected


@pytest.mark.parametrize("size", [(720, 1280), (320, 180)])
def test_wrong_format_and_too_small(size, story, paintings, tmp_path):
    cut = paintings[1].crop((300, 0, 705, 720)) if size[0] < size[1] else paintings[1]
    cut.resize(size).save(tmp_path / "take.png")
    take = make_take(make_scene(story), width=size[0], height=size[1])
    assert doubts(take, tmp_path / "take.png", is_clip=False) == ["size"]
