import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.media import fonts
from providers.media.captions import LEAST_SECONDS, layout, missing_glyphs, style_for
from providers.media.overlay import Overlay

SIZES = [(1280, 720), (1920, 1080), (720, 1280), (720, 720)]
KOREAN = "바닷가 작은 마을에 사는 소녀 하늘이는 매일 저녁 등대에 올라 불을 켰습니다. 어느 날 밤, 폭풍이 몰려오고 낡은 전구가 꺼지고 말았어요!"
ENGLISH = "Every evening the girl climbed the lighthouse and lit the lamp, and the ships came home safely through the long dark night. “Good night,” she said."


def fits(line, size):
    return fonts.font(style_for(size).font_pixels).getlength(line) <= style_for(size).line_width


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", [KOREAN, ENGLISH, KOREAN + " " + ENGLISH, "짧다.", "가" * 200, "https://example.com/" + "x" * 120])
def test_layout_lines_fit_and_spans_follow_each_other(size, text):
    spans = layout(text, size=size, frames=240, fps=24)
    assert spans[0].start_frame == 0
    assert spans[-1].end_frame == 240
    for before, after in pairwise(spans):
        assert before.end_frame == after.start_frame
    for span in spans:
        lines = span.text.split("\n")
        assert 1 <= len(lines) <= 2
        assert all(fits(line, size) for line in lines)
    assert "".join("".join(span.text.split()) for span in spans) == "".join(text.split())


def test_layout_breaks_at_spaces_and_sentence_ends():
    spans = layout(KOREAN, size=(1280, 720), frames=168, fps=24)
    assert [span.text for span in spans] == [
        "바닷가 작은 마을에 사는 소녀 하늘이는\n매일 저녁 등대에 올라 불을 켰습니다.",
        "어느 날 밤, 폭풍이 몰려오고\n낡은 전구가 꺼지고 말았어요!",
    ]
    assert (spans[0].end_frame - spans[0].start_frame) > (spans[1].end_frame - spans[1].start_frame)


def test_layout_short_neighbours_share_a_caption():
    spans = layout("네. 정말요? 그래요. 좋아요!", size=(1280, 720), frames=48, fps=24)
    assert [span.text for span in spans] == ["네. 정말요? 그래요. 좋아요!"]
    assert len(layout("네. 정말요? 그래요. 좋아요!", size=(1280, 720), frames=240, fps=24)) == 4


def test_layout_starts_where_told_and_empty_text_has_no_caption():
    assert layout("  \n ", size=(1280, 720), frames=48, fps=24) == []
    assert layout("😀", size=(1280, 720), frames=48, fps=24) == []
    (span,) = layout("하나", size=(1280, 720), frames=48, fps=24, start_frame=100)
    assert (span.start_frame, span.end_frame) == (100, 148)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(1, 400), st.sampled_from(SIZES))
def test_layout_takes_any_text(text, frames, size):
    spans = layout(text, size=size, frames=frames, fps=24)
    assert all(span.start_frame < span.end_frame <= frames for span in spans)
    assert all(fits(line, size) for span in spans for line in span.text.split("\n") if len(line) > 1)
    assert missing_glyphs("".join(span.text for span in spans)) == []


def test_layout_stays_long_enough_to_read_where_there_is_time():
    text = " ".join(f"문장 번호 {number} 입니다." for number in range(12))
    spans = layout(text, size=(1280, 720), frames=24 * 10, fps=24)
    assert min(span.end_frame - span.start_frame for span in spans) >= LEAST_SECONDS * 24 * 0.9


def test_missing_glyphs_names_each_once():
    assert missing_glyphs("가나다 힣 뷁 ABC 漢字 “따옴표” … — ① é ñ ß 100% ₩ 한\u200b글 ") == []
    assert missing_glyphs("웃음 😀 가족 👨‍👩‍👧 하트 ❤️ 국기 🇰🇷 다시 😀 손 👍🏽 مرحبا"[:-5]) == ["😀", "👨‍👩‍👧", "❤️", "🇰🇷", "👍🏽"]
    assert missing_glyphs("\u0e01") == ["\u0e01"]


def test_missing_glyphs_reads_decomposed_korean():
    assert missing_glyphs(unicodedata.normalize("NFD", "한글 이름")) == []
    (span,) = layout(unicodedata.normalize("NFD", "한글"), size=(1280, 720), frames=48, fps=24)
    assert span.text == "한글"


def test_font_has_all_of_hangul_and_latin():
    assert all(code in fonts.covered() for code in range(0xAC00, 0xD7A4))
    assert all(code in fonts.covered() for code in range(0x20, 0x7F))
    assert all(code in fonts.covered() for code in range(0xA1, 0x100) if code != 0xAD)


def test_font_covers_exactly_what_freetype_draws():
    """The cmap reader against FreeType: a character without a glyph is drawn as the font's empty box."""
    font = fonts.font(40)
    box = bytes(font.getmask("\U0010fffd"))
    for code in [*range(0x21, 0x3000, 7), *range(0xAC00, 0xD7A4, 97), *range(0x4E00, 0x9FFF, 61), *range(0x1F300, 0x1F700, 13)]:
        alone = unicodedata.category(chr(code)) not in {"Mn", "Me", "Mc", "Cf", "Zs"} and unicodedata.is_normalized("NFC", chr(code))
        if chr(code).isprintable() and alone:
            assert (bytes(font.getmask(chr(code))) != box) == (code in fonts.covered()), hex(code)


def test_font_comes_with_its_licence():
    text = (fonts.FONT.parent / "NotoSansKR-OFL.txt").read_text()
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Copyright 2014-2021 Google" in text


@pytest.mark.parametrize("size", [*SIZES, (320, 180)])
def test_overlay_lies_in_the_safe_area(size):
    spans = layout(KOREAN, size=size, frames=240, fps=24)
    overlay = Overlay.of(spans[0].text, size)
    rows, columns = (overlay.rgba[..., 3] > 128).nonzero()
    rows, columns = rows + overlay.top, columns + overlay.left
    assert rows.max() < size[1] * 0.96
    assert rows.min() > size[1] * 0.5
    assert columns.min() > size[0] * 0.04
    assert columns.max() < size[0] * 0.96
    assert abs((columns.min() + columns.max()) / 2 - size[0] / 2) < size[0] * 0.03
    assert (overlay.rgba[..., 0][overlay.rgba[..., 3] == 255] == 255).any()


@pytest.mark.parametrize("text", ["가자. " * 8000, "바다로 가는 길은 멀고 험했다 " * 1500, "가" * 10_000], ids=["short sentences", "one sentence", "one word"])
def test_layout_of_a_whole_book_ends_soon(text):
    """A person may paste anything into one scene: it flashes by, and the worker is not held for minutes."""
    start = time.process_time()
    spans = layout(text, size=(1280, 720), frames=168, fps=24)
    assert time.process_time() - start < 8
    assert (spans[0].start_frame, spans[-1].end_frame) == (0, 168)
    assert all(one.end_frame == two.start_frame for one, two in pairwise(spans))


@pytest.mark.parametrize("size", SIZES)
def test_layout_no_line_is_wider_than_its_style(size):
    style = style_for(size)
    for span in layout(f"{KOREAN} {KOREAN} AVATAR “Tá” To. Wave, “네?” — 1/2 fi…", size=size, frames=2400, fps=24):
        for line in span.text.split("\n"):
            assert fonts.font(style.font_pixels).getlength(line) <= style.line_width + 1
