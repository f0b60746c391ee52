import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media import fonts
from media.caption_overlay import Overlay
from media.captions import LEAST_SECONDS, cannot_draw, cells, layout, style_for
from media.image_segment import encode_still
from media.join import join
from tests.media.film import frames_of, save_picture

SIZES = [(1280, 720), (1920, 1080), (720, 1280), (720, 720)]
KOREAN = (
    "바닷가 작은 마을에 사는 소녀 하늘이는 매일 저녁 등대에 올라 불을 켰습니다. 어느 날 "
    "밤, 폭풍이 몰려오고 낡은 전구가 꺼지고 말았어요!"
)
ENGLISH = (
    "Every evening the girl climbed the lighthouse and lit the lamp, and the ships came "
    "home safely through the long dark night. “Good night,” she said."
)
DATA = Path(__file__).parent / "data"

TWELVE = {
    "Korean": "항구의 아침은 조용했다. 大韓民國의 배가 떠났다.",
    "Latin": "Łódź, Dvořák, Erdoğan, Þórr, Straße, naïve, Đặng",
    "Vietnamese": "Buổi sáng ở bến cảng thật yên tĩnh, Nguyễn Phượng.",
    "Greek": "Το πρωί στο λιμάνι ήταν ήσυχο.",
    "Cyrillic": "Утро в порту было тихим, объём, Їжак.",
    "Japanese": "港の朝は静かで、船がゆっくりと出ていきます。",
    "Simplified": "港口的早晨很安静，船慢慢地离开了。",
    "Traditional": "臺灣港口的早晨很安靜，船慢慢離開了。",
    "Thai": "เช้าวันนี้ที่ท่าเรือเงียบสงบ",
    "Arabic": "كان الميناء هادئا (ABC 12).",
    "Hebrew": "הבוקר בנמל היה שקט!",
    "Devanagari": "बंदरगाह की सुबह शांत थी।",
    "signs": (
        "€ £ ¥ ₩ ₹ ₽ ₿ ฿ ₺ ₴ ₫ ₱ © ® ™ ° ± × ÷ ≤ ≥ ≠ ≈ ∞ → ← ✓ ✗ ★ ♥ ♪ ● ■ ※ № ℃ ① ㎏ ½ ☎ ☀ ❶ ➜"
    ),
    "emoji": "😀 👨‍👩‍👧 ❤️ 🇰🇷 👍🏽 1️⃣ 🧑🏽‍🚀 ☺️",
}


def words(text):
    return "".join(text.split())


def text_of(spans):
    return "".join(words(span.text) for span in spans)


def width(line, size):
    return (
        fonts.set_line(line, fonts.order(line), fonts.base_level(line)).width
        * style_for(size).font_pixels
    )


def fits(line, size):
    wide = any(fonts.script(char) in {"Hang", "Hani", "Hira", "Kana"} for char in line)
    return width(line, size) <= style_for(size).line_width + 1 and cells(line, full_width=wide) <= (
        16 if wide else 42
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "text",
    [
        KOREAN,
        ENGLISH,
        KOREAN + " " + ENGLISH,
        "짧다.",
        "가" * 200,
        "https://example.com/" + "x" * 120,
        *TWELVE.values(),
    ],
)
def test_layout_lines_fit_and_spans_keep_two_frames_between(size, text):
    spans = layout(text, size=size, frames=480, fps=24)
    assert spans[0].start_frame == 0
    assert spans[-1].end_frame <= 478
    for before, after in pairwise(spans):
        assert before.end_frame <= after.start_frame - 2
    for span in spans:
        assert 20 <= span.end_frame - span.start_frame <= 7 * 24
        lines = span.text.split("\n")
        assert 1 <= len(lines) <= 2
        assert all(fits(line, size) for line in lines)
    assert text_of(spans) == words(text)


def test_layout_breaks_korean_between_words_and_at_sentence_ends():
    spans = layout(KOREAN, size=(1280, 720), frames=240, fps=24)
    assert [span.text for span in spans] == [
        "바닷가 작은 마을에\n사는 소녀 하늘이는",
        "매일 저녁 등대에\n올라 불을 켰습니다.",
        "어느 날 밤, 폭풍이 몰려오고\n낡은 전구가 꺼지고 말았어요!",
    ]


@pytest.mark.parametrize(
    ("text", "captions"),
    [
        (
            "Early in the morning Dr. Kim opened the door of the old lighthouse. The sea was calm.",
            [
                "Early in the morning Dr. Kim opened\nthe door of the old lighthouse.",
                "The sea was calm.",
            ],
        ),
        (
            "이른 아침 등대지기가 낡은 문을 열었습니다 멀리서 배 한 척이 다가왔습니다",
            ["이른 아침 등대지기가\n낡은 문을 열었습니다", "멀리서 배 한 척이 다가왔습니다"],
        ),
    ],
)
def test_layout_ends_captions_where_the_studio_ends_sentences(text, captions):
    assert [span.text for span in layout(text, size=(1280, 720), frames=240, fps=24)] == captions


def test_layout_breaks_chinese_and_japanese_by_the_standard():
    """UAX #14: no line begins with a closing quote or a full stop, none ends with an opening one;
    katakana words hold together.
    """
    text = (DATA / "cjk-line-break.txt").read_text()
    spans = layout(text, size=(1280, 720), frames=480, fps=24)
    assert [span.text for span in spans] == [
        "今日はとても良い天気ですね。",
        "港の朝は静かで、\n船がゆっくりと出ていきます。",
        "少年は「さようなら」と言って、\n手を振りました。",
        "港口的早晨很安静，\n船慢慢地离开了。",
        "男孩说：“再见！”",
        "然后挥了挥手。",
    ]
    narrow = layout(text, size=(320, 720), frames=4800, fps=24)
    lines = [line for span in narrow for line in span.text.split("\n")]
    assert not [line for line in lines if line[0] in "”」』。，、！？：ー" or line[-1] in "“「『"]


def test_layout_short_neighbours_share_a_caption():
    spans = layout("네. 정말요? 그래요. 좋아요!", size=(1280, 720), frames=48, fps=24)
    assert [span.text for span in spans] == ["네. 정말요? 그래요. 좋아요!"]
    assert len(layout("네. 정말요? 그래요. 좋아요!", size=(1280, 720), frames=240, fps=24)) == 4


def test_layout_starts_where_told_and_empty_text_has_no_caption():
    assert layout("  \n ", size=(1280, 720), frames=48, fps=24) == []
    (span,) = layout("하나", size=(1280, 720), frames=48, fps=24, start_frame=100)
    assert (span.start_frame, span.end_frame) == (100, 146)


def test_layout_shows_no_caption_for_more_than_seven_seconds():
    (span,) = layout("하나", size=(1280, 720), frames=60 * 24, fps=24)
    assert (span.start_frame, span.end_frame) == (0, 7 * 24)


@pytest.mark.parametrize("fps", [24, 30])
def test_layout_shows_none_for_less_than_five_sixths_of_a_second_where_the_time_is_there(fps):
    text = (
        "네. "
        + "정말로 그렇게 생각하십니까, 여러분 모두가 그렇게 말씀하시니 말입니다? " * 3
        + "네."
    )
    spans = layout(text, size=(1280, 720), frames=9 * fps, fps=fps)
    assert min(span.end_frame - span.start_frame for span in spans) >= fps * 5 / 6


@pytest.mark.parametrize("text", ["\u0620\ufffe", "\ufdd0 שלום", "سلام \U0001fffe", "\u05ff\u0378"])
def test_character_without_a_class_beside_text_from_right_to_left(text):
    spans = layout(text, size=(1280, 720), frames=72, fps=24)
    assert "".join(span.text for span in spans).split() == text.split()


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=300), st.integers(1, 400), st.sampled_from(SIZES)
)
@example("a b c d e. f! " * 30, 2, (1280, 720))
@example("\u200d\u2067x\u2069 \u0e01\ufe0f", 24, (720, 720))
def test_words_in_are_words_out(text, frames, size):
    """Whatever the text, its letters, the frame and the time."""
    spans = layout(text, size=size, frames=frames, fps=24)
    assert text_of(spans) == words(text)
    assert all(0 <= span.start_frame < span.end_frame <= frames for span in spans)
    assert all(before.end_frame <= after.start_frame for before, after in pairwise(spans))


def test_layout_stays_long_enough_to_read_where_there_is_time():
    text = " ".join(f"문장 번호 {number} 입니다." for number in range(12))
    spans = layout(text, size=(1280, 720), frames=24 * 10, fps=24)
    assert min(span.end_frame - span.start_frame for span in spans) >= LEAST_SECONDS * 24 * 0.8


@pytest.mark.parametrize("name", TWELVE)
def test_each_script_is_drawn(name):
    assert cannot_draw(TWELVE[name]) == []


@pytest.mark.slow
def test_a_film_with_captions_in_every_script(tmp_path):
    """One scene of a second for each: its words are in the picture, of its own letters, and there
    is nothing where no words are.
    """
    size = (640, 360)
    picture = save_picture(tmp_path / "plain.png", np.full((360, 640, 3), 90, np.uint8))
    segments = []
    for number, text in enumerate([*TWELVE.values(), ""]):
        segments.append(tmp_path / f"{number}.mp4")
        captions = layout(text, size=size, frames=24, fps=24)
        encode_still(
            picture, segments[-1], frames=24, size=size, fps=24, camera="still", captions=captions
        )
    join(segments, tmp_path / "film.mp4")
    frames = frames_of(tmp_path / "film.mp4", size)
    assert len(frames) == 24 * len(segments)
    shown = frames.reshape(len(segments), 24, 360, 640, 3).max(axis=1)
    white = [int((frame.min(axis=-1) > 200).sum()) for frame in shown]
    assert min(white[:-1]) > 60, white
    assert white[-1] == 0
    above = [int((frame[: 360 // 2].min(axis=-1) > 200).sum()) for frame in shown]
    assert above == [0] * len(segments), "captions stand in the lower half"
    assert len({frame.tobytes() for frame in shown}) == len(segments)


def test_a_sample_with_missing_letters_is_drawn_whole():
    text = (DATA / "missing-letters.txt").read_text()
    assert cannot_draw(text) == []
    assert text_of(layout(text, size=(1280, 720), frames=480, fps=24)) == words(text)


def test_cannot_draw_names_each_once():
    assert cannot_draw("가나다 힣 뷁 ABC 漢字 “따옴표” … — ① é ñ ß 100% ₩ 한\u200b글 ") == []
    assert cannot_draw("룬 ᚠ 콥트 Ⲁ ᚠ \ue000") == ["ᚠ", "Ⲁ", "\ue000"]
    assert cannot_draw("😀\u200d😀") == [
        "😀\u200d😀"
    ]  # no such picture: in its parts it would say something else


def test_decomposed_korean_is_drawn_and_kept_as_written():
    text = unicodedata.normalize("NFD", "한글 이름")
    assert cannot_draw(text) == []
    (span,) = layout(text, size=(1280, 720), frames=48, fps=24)
    assert span.text == text
    assert fonts.width(text, fonts.order(text)) == fonts.width(
        "한글 이름", fonts.order("한글 이름")
    )


def _used(text):
    return {
        glyph.font
        for glyph in fonts.set_line(text, fonts.order(text), fonts.base_level(text)).glyphs
    }


def test_a_word_is_set_in_one_font():
    assert _used("Łódź") == {fonts.LATIN}
    assert _used("우치") == {fonts.KOREAN}
    assert _used("离开") == {fonts.SIMPLIFIED}
    assert _used("臺灣的電視") == {fonts.TRADITIONAL}
    assert _used("静かな港") == {fonts.JAPANESE}
    assert _used("“再见！”") == {fonts.SIMPLIFIED}  # with its quotes


def test_arabic_is_joined_and_runs_from_the_right():
    joined, apart = (
        fonts.width("كان", fonts.FONTS),
        sum(fonts.width(char, fonts.FONTS) for char in "كان"),
    )
    assert joined < apart
    line = fonts.set_line("كان ABC", fonts.FONTS, 1)
    assert line.glyphs[0].font == fonts.LATIN  # ABC stands on the left, though it is said last
    assert {glyph.font for glyph in line.glyphs[3:]} <= {fonts.LATIN, "NotoSansArabic-Medium.ttf"}


def test_hebrew_with_numbers_and_brackets_is_ordered():
    """As other programs show it: !(123) and then the words from the right."""
    line = fonts.set_line("שלום (123)!", fonts.FONTS, 1)
    digits = [glyph.x for glyph in fonts.set_line("123", fonts.FONTS, 0).glyphs]
    one = fonts.face(fonts.LATIN).font.get_nominal_glyph(ord("1"))
    at = next(n for n, glyph in enumerate(line.glyphs) if glyph.number == one)
    assert [round(glyph.x - line.glyphs[at].x, 3) for glyph in line.glyphs[at : at + 3]] == [
        round(x, 3) for x in digits
    ]
    assert line.glyphs[0].number == fonts.face(line.glyphs[0].font).font.get_nominal_glyph(ord("!"))


def test_thai_marks_and_devanagari_conjuncts_are_shaped():
    assert fonts.width("ที่", fonts.FONTS) == pytest.approx(fonts.width("ท", fonts.FONTS))
    assert len(fonts.set_line("क्ष", fonts.FONTS, 0).glyphs) == 1


def test_fonts_have_all_of_hangul_and_latin():
    covered = fonts.face(fonts.KOREAN).covered
    assert all(code in covered for code in range(0xAC00, 0xD7A4))
    assert all(code in covered for code in range(0x20, 0x7F))
    assert all(
        chr(code).isspace() or cannot_draw(chr(code)) == []
        for code in [*range(0xA0, 0x250), *range(0x391, 0x3A2), *range(0x400, 0x530)]
    )


@pytest.mark.parametrize("name", fonts.FONTS)
def test_fonts_come_with_their_licences(name):
    text = (
        (fonts.FOLDER / "OFL.txt").read_text()
        if name != fonts.KOREAN
        else (fonts.FOLDER / "NotoSansKR-OFL.txt").read_text()
    )
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert name == fonts.KOREAN or name.partition("-")[0] in text


def test_nothing_is_drawn_where_no_font_has_the_character():
    assert fonts.set_line("ᚠ", fonts.FONTS, 0).glyphs == ()
    assert Overlay.of("ᚠ", (1280, 720)).rgba[..., 3].max() == 0


@pytest.mark.moderate
def test_more_lines_than_two_stay_in_the_frame():
    spans = layout("가자 우리 모두 바다로 간다. " * 300, size=(1280, 720), frames=10, fps=24)
    overlay = Overlay.of(spans[0].text, (1280, 720))
    assert overlay.top >= 0
    assert overlay.rgba.shape[0] + overlay.top <= 720
    assert np.count_nonzero(overlay.rgba[..., 3]) > 0


@pytest.mark.parametrize("size", [*SIZES, (320, 180)])
def test_overlay_lies_in_the_safe_area(size):
    spans = layout(KOREAN, size=size, frames=240, fps=24)
    overlay = Overlay.of(spans[0].text, size)
    rows, columns = (overlay.rgba[..., 3] > 128).nonzero()
    rows, columns = rows + overlay.top, columns + overlay.left
    tall = size[1] > size[0]
    assert rows.max() < size[1] * (1 - 500 / 1920 if tall else 0.96)
    assert rows.min() > size[1] * 0.5
    assert columns.min() > size[0] * (180 / 1080 if tall else 0.04) - 8  # the soft edge
    assert columns.max() < size[0] * (900 / 1080 if tall else 0.96) + 8
    assert abs((columns.min() + columns.max()) / 2 - size[0] / 2) < size[0] * 0.03
    assert (overlay.rgba[..., 0][overlay.rgba[..., 3] == 255] == 255).any()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["가자. " * 8000, "바다로 가는 길은 멀고 험했다 " * 1500, "가" * 10_000],
    ids=["short sentences", "one sentence", "one word"],
)
def test_layout_of_a_whole_book_ends_soon(text):
    """A person may paste anything into one scene: it flashes by, and the worker is not held for
    minutes.
    """
    start = time.process_time()
    spans = layout(text, size=(1280, 720), frames=168, fps=24)
    assert time.process_time() - start < 8
    assert (spans[0].start_frame, spans[-1].end_frame) == (0, 168)
    assert text_of(spans) == words(text)
