import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from providers.backends.local.illustrator import animals, extras, objects, paint, painter
from providers.backends.local.illustrator.casting import BESIDE
from providers.backends.local.illustrator.painter import HALLS, OUTDOORS, ROOMS
from providers.backends.local.illustrator.palette import HOURS
from providers.backends.local.illustrator.setting import OF_THE_NIGHT
from providers.backends.local.illustrator.words import lexicon, read

SIZE = (192, 108)


def painted(*words, seed=1, size=SIZE, **others):
    return np.asarray(Image.open(io.BytesIO(paint(*words, seed=seed, size=size, **others))))


def word_for(table, feature):
    return next(word for word, features in lexicon(table).english.items() if features == (feature,))


def test_paint_same_words_same_bytes():
    first = paint(
        "노을 지는 항구", prompt_en="a harbour at sunset", style="수채화", seed=7, size=SIZE
    )
    assert first.startswith(b"\x89PNG")
    assert (
        paint("노을 지는 항구", prompt_en="a harbour at sunset", style="수채화", seed=7, size=SIZE)
        == first
    )


@pytest.mark.parametrize("size", [(192, 108), (108, 192), (128, 128), (257, 131)])
def test_paint_has_the_size_asked_for(size):
    image = Image.open(io.BytesIO(paint("숲속의 소년", size=size)))
    assert (image.size, image.mode, image.format) == (size, "RGB", "PNG")


@pytest.mark.moderate
def test_paint_seed_words_and_style_change_the_picture():
    base = painted("언덕 위의 집").astype(int)
    for other in (
        painted("언덕 위의 집", seed=2),
        painted("언덕 위의 집", style="흑백"),
        painted("바닷가의 집"),
        painted("언덕 위의 집", prompt_en="at night"),
    ):
        assert np.abs(other.astype(int) - base).mean() > 6


@pytest.mark.moderate
def test_paint_tells_scenes_apart():
    """Any two of these pictures differ more than grain and chance would make them."""
    prompts = [
        "비 내리는 밤 골목",
        "눈 덮인 산",
        "노을 지는 바다",
        "맑은 낮의 숲",
        "도서관의 할아버지",
        "우주의 행성",
        "바닷속 물고기",
        "새벽의 마을",
        "야시장",
        "사막의 한낮",
    ]
    pictures = [
        np.asarray(Image.fromarray(painted(prompt)).resize((32, 18)), int) for prompt in prompts
    ]
    for number, one in enumerate(pictures):
        for other in pictures[number + 1 :]:
            assert np.abs(one - other).mean() > 12


@pytest.mark.moderate
def test_paint_follows_the_hour():
    night, day = (painted(f"언덕 위의 나무, {hour}").mean() for hour in ("한밤중", "화창한 대낮"))
    assert night < 90
    assert day > 130
    red, _green, blue = painted("노을 지는 언덕").reshape(-1, 3).mean(axis=0)
    assert red > blue * 1.1


def test_paint_noir_is_grey():
    pixels = painted("장미를 든 여인", style="흑백 느와르").reshape(-1, 3).astype(int)
    assert (pixels.max(axis=1) - pixels.min(axis=1)).max() < 30


@pytest.mark.moderate
def test_paint_a_named_colour_is_seen():
    plain, red = (
        painted(f"{color} 풍선을 든 소년, 화창한 낮의 언덕", size=(320, 180))
        .reshape(-1, 3)
        .astype(int)
        for color in ("파란", "빨간")
    )

    def reddish(pixels):
        return ((pixels[:, 0] > 180) & (pixels[:, 1] < 110) & (pixels[:, 2] < 100)).sum()

    assert reddish(red) > reddish(plain) + 40


TIMES = ["", "night", "snow", "storm"]


def places_and_times():
    """Every place at every time. One of a place is not slow, each time at a quarter of them."""
    for number, where in enumerate([*OUTDOORS, *ROOMS, *HALLS]):
        for when in TIMES:
            quick = TIMES[number % len(TIMES)] == when
            yield pytest.param(where, when, marks=[] if quick else pytest.mark.slow)


@pytest.mark.slow
@pytest.mark.parametrize(("where", "when"), list(places_and_times()))
def test_paint_every_place(where, when):
    picture = painted("", prompt_en=f"{word_for('places', where)} {when} girl")
    assert picture.std() > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "thing",
    sorted(
        {
            *animals.DRAW,
            *objects.DRAW,
            *extras.BEHIND,
            *extras.IN_AIR,
            *extras.ON_WATER,
            *BESIDE,
            "umbrella",
            "kite",
            "balloon",
            "dragon",
            "fireworks",
        }
    ),
)
def test_paint_every_thing_is_seen(monkeypatch, thing):
    """The same picture with a named thing and without it: the thing is there, and it is not the
    whole picture.
    """
    where = "sea" if thing in extras.ON_WATER else "meadow"
    base = read("", f"{where} boy")

    def drawn(motifs):
        monkeypatch.setattr(painter, "read", lambda *_words: replace(base, motifs=motifs))
        return painted(where).astype(int)

    changed = (np.abs(drawn((thing,)) - drawn(())).max(axis=2) > 12).mean()
    assert 0.0005 < changed < (1.0 if thing in OF_THE_NIGHT else 0.6)


@pytest.mark.parametrize(
    "prompt", ["", "   ", "!!! ???", "qwzx blorp", "𝕏 😀👨‍👩‍👧", "가" * 5000, "ことば 图画"]
)
def test_paint_takes_any_words(prompt):
    assert painted(prompt).std() > 10


@pytest.mark.moderate
def test_paint_every_hour_and_mood():
    for mood in ("따뜻한", "슬픈", "신비로운", "무서운", "기쁜", "고요한"):
        assert painted(f"{mood} 마을").std() > 10
    assert set(HOURS) >= {"dawn", "day", "dusk", "night", "storm", "grey", "snow", "space", "deep"}
