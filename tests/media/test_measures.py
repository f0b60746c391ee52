"""A corpus of made faults, each found, and pictures and clips without one, none of them."""

import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from media.ffmpeg import binary
from media.measures import hash_distance, measure_file, measures_of
from providers.backends.local.illustrator import paint

pytestmark = pytest.mark.slow

SIZE = (1280, 720)
PROMPTS = (
    "a lighthouse by the sea at night",
    "a harbour with houses and boats at noon",
    "a girl with a lantern in a snowy forest",
    "an office with a desk and many windows",
)
KOREAN, LATIN = "assets/fonts/NotoSansKR-Medium.otf", "assets/fonts/NotoSans-Medium.ttf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def paintings(folder):
    """The local provider's pictures: without a fault."""
    found = []
    for number, prompt in enumerate(PROMPTS):
        path = folder / f"good-{number}.png"
        path.write_bytes(paint(prompt, style="watercolour", seed=number + 1, size=SIZE))
        found.append(path)
    return found


@pytest.fixture(scope="module")
def made(folder, paintings):
    """A clip in which the camera moves over a painting, changed by filters of ffmpeg."""

    def clip(name, chain="", seconds=3, source=paintings[0]):
        out = folder / f"{name}.mp4"
        pan = "crop=w=960:h=540:x='40*t':y='20*t',scale=1280:720"
        filters = ",".join(part for part in (pan, chain) if part)
        given = ("-loop", "1", "-framerate", "24", "-t", str(seconds), "-i", str(source))
        encoded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
        subprocess.run(
            [binary(), "-v", "error", *given, "-vf", filters, *encoded, str(out)], check=True
        )
        return measure_file(str(out), True)

    return clip


def changed(path, name, change):
    out = path.with_name(f"{path.stem}-{name}.png")
    Image.fromarray(change(np.asarray(Image.open(path).convert("RGB")))).save(out)
    return measure_file(str(out), False)


def written(words, font, size, fill):
    def change(pixels):
        image = Image.fromarray(pixels)
        draw = ImageDraw.Draw(image)
        draw.rectangle((80, 280, 1200, 440), fill="white" if fill == "black" else "#203040")
        draw.text((100, 300), words, font=ImageFont.truetype(font, size), fill=fill)
        return np.asarray(image)

    return change


def test_paintings_have_no_fault(paintings):
    for path in paintings:
        found = measure_file(str(path), False)
        assert found["luma"] > 100
        assert found["contrast"] > 60
        assert found["sharpness"] > 0.25
        assert found["letters"] == 0


def test_black_and_even_pictures(paintings):
    black = changed(paintings[0], "black", lambda pixels: pixels // 20)
    assert black["luma"] <= 13
    even = changed(paintings[0], "even", lambda pixels: np.full_like(pixels, 120))
    assert (even["luma"], even["contrast"], even["sharpness"]) == (120, 0, 0.0)


@pytest.mark.parametrize("number", range(4))
def test_blurred_pictures(paintings, number):
    found = changed(
        paintings[number], "blurred", lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 9)
    )
    assert found["sharpness"] < 0.15


@pytest.mark.parametrize(
    ("words", "font"),
    [
        ("GRAND OPENING SALE", LATIN),
        ("The keeper counts lamps", LATIN),
        ("서울시 여름 공원 안내", KOREAN),
    ],
)
@pytest.mark.parametrize("fill", ["black", "white"])
@pytest.mark.parametrize("number", range(4))
def test_letters_in_pictures(paintings, number, words, font, fill):
    found = changed(paintings[number], "letters", written(words, font, 64, fill))
    assert found["letters"] >= 6


def test_duplicates_are_near_and_others_are_far(paintings):
    hashes = [measure_file(str(path), False)["hash"] for path in paintings]
    assert all(len(one) == 64 for one in hashes)
    brighter = changed(paintings[0], "b", lambda p: np.clip(p * 1.1, 0, 255).astype(np.uint8))
    smaller = changed(paintings[0], "s", lambda p: cv2.resize(p, (640, 360)))
    cut = changed(paintings[0], "c", lambda p: np.ascontiguousarray(p[8:-8, 14:-14]))
    for found in (brighter, smaller, cut):
        assert hash_distance(hashes[0], found["hash"]) <= 50
    for one in range(4):
        for other in range(one):
            assert hash_distance(hashes[one], hashes[other]) > 70


def test_a_clip_without_fault(made):
    found = made("good")
    assert found["black_ms"] == 0
    assert found["frozen_ms"] < 500
    assert found["flashes"] == 0
    assert found["letters"] == 0
    assert found["sharpness"] > 0.2


def test_faults_of_clips(made):
    assert made("black", "eq=brightness=-1")["black_ms"] == 3000
    assert made("frozen", "trim=end_frame=1,loop=loop=71:size=1,setpts=N/24/TB")["frozen_ms"] > 2800
    half = made("half", "trim=end_frame=24,tpad=stop_mode=clone:stop_duration=2")
    assert 1800 <= half["frozen_ms"] <= 2100
    flash = "eq=brightness='if(mod(floor(t*10),2),0.4,-0.2)':eval=frame"
    assert made("strobing", flash)["flashes"] > 3
    assert made("blurred", "gblur=sigma=14")["sharpness"] < 0.15


def test_a_fade_in_is_no_fault(made):
    found = made("fade", "fade=in:d=0.5")
    assert found["black_ms"] < 500
    assert found["flashes"] == 0


def test_in_the_limited_process(paintings, settings, tmp_path):
    settings.CHECK_TAKES = True
    assert measures_of(paintings[0], is_clip=False) == measure_file(str(paintings[0]), False)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert measures_of(broken, is_clip=False) == {}
    settings.CHECK_TAKES = False
    assert measures_of(paintings[0], is_clip=False) == {}
