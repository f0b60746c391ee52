"""Title and end cards: every word is drawn, at any size, and the segment joins with others."""

import numpy as np
import pytest

from media import cards
from media.image_segment import encode_still
from media.join import join
from tests.media.film import SIZE, frames_of, save_picture


def test_the_first_line_is_larger_and_the_text_is_in_the_middle():
    fill = cards.drawn("새벽 항구\nThe Harbour at Dawn", (1280, 720))
    rows = np.flatnonzero(fill.max(axis=1) > 128)
    gaps = np.flatnonzero(np.diff(rows) > 8)
    first, second = rows[: gaps[0] + 1], rows[gaps[-1] + 1 :]
    assert len(first) > 1.3 * len(second)
    assert abs((rows[0] + rows[-1]) / 2 - 360) < 30
    columns = np.flatnonzero(fill.max(axis=0) > 128)
    assert abs((columns[0] + columns[-1]) / 2 - 640) < 4


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 640)])
@pytest.mark.parametrize(
    "text",
    [
        "아주 길고 긴 제목이 여러 줄로 나뉘어 화면 안에 남아 있어야 하는 경우를 위한 글",
        "A" * 60,
        "\n".join(["A line of credits for somebody"] * 8),
        "B" * 200,
    ],
)
def test_long_texts_stay_within_the_frame(text, size):
    fill = cards.drawn(text, size)
    seen = np.argwhere(fill > 128)
    assert len(seen)
    (top, left), (bottom, right) = seen.min(axis=0), seen.max(axis=0)
    assert left > 0.05 * size[0]
    assert right < 0.95 * size[0]
    assert top > 0.05 * size[1]
    assert bottom < 0.95 * size[1]


@pytest.mark.moderate
def test_a_card_comes_from_black_goes_to_black_and_joins_a_scene(tmp_path):
    card, again, scene = (tmp_path / name for name in ("card.mp4", "again.mp4", "scene.mp4"))
    for out in (card, again):
        cards.encode_card("Ende", out, frames=36, size=SIZE, fps=24)
    assert card.read_bytes() == again.read_bytes()
    picture = save_picture(tmp_path / "picture.png", np.full((200, 320, 3), 90, np.uint8))
    encode_still(picture, scene, frames=24, size=SIZE, fps=24, camera="still")
    assert join([card, scene, card], tmp_path / "film.mp4").frames == 96
    shown = frames_of(tmp_path / "film.mp4", SIZE)
    assert [int(shown[at].max()) < 40 for at in (0, 35, 60, 95)] == [True] * 4
    assert int(shown[18].max()) > 200
    assert int(shown[78].max()) > 200
    assert abs(int(shown[45].mean()) - 90) < 6
