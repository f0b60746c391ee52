"""How fast captions must be read and words be spoken."""

from pathlib import Path

import pytest

from core.reading_speed import characters_that_fit, reading_speed, spoken_seconds
from stories.selectors.warnings import too_fast

LONG = Path(__file__).parents[1] / "stories" / "imports" / "documents" / "too-much-text-for-7s.txt"


@pytest.mark.parametrize(
    ("text", "seconds", "per_second", "too_fast_", "needed", "fit"),
    [
        ("가" * 84, 7, 12.0, False, 7, 84),
        ("가" * 85, 7, 12.1, True, 8, 84),
        ("가 " * 40, 7, 8.5, False, 5, 111),  # 40 syllables and 39 spaces, which count half
        ("a" * 140, 7, 20.0, False, 9, 119),
        ("a" * 141, 7, 20.1, True, 9, 119),
        ("a" * 119, 7, 17.0, False, 7, 119),
    ],
)
def test_limits(text, seconds, per_second, too_fast_, needed, fit):
    speed = reading_speed(text, seconds)
    assert (speed.per_second, speed.too_fast, speed.seconds_needed, speed.characters_fit) == (
        per_second,
        too_fast_,
        needed,
        fit,
    )


def test_spoken_length():
    assert spoken_seconds("가" * 45) == 10
    assert spoken_seconds("a" * 150) == 10
    assert spoken_seconds("가나다라마바사아자 KBS3") == pytest.approx(2 + 4 / 15)
    assert spoken_seconds("") == 0


def test_scene_with_too_much_text_is_told_with_what_helps():
    text = LONG.read_text(encoding="utf-8")
    assert too_fast("바다가 보인다.", 7) is None
    assert too_fast("", 7) is None
    warning = too_fast(text, 7)
    assert warning is not None
    assert warning.values["needed"] == reading_speed(text, 7).seconds_needed > 300
    assert str(too_fast("a" * 141, 7)) == (
        "Too much text for 7 s: 20.1 characters a second, and viewers read 20. Make the "
        "scene 9 s long, or shorten the text to 119 characters."
    )


@pytest.mark.parametrize(
    ("text", "seconds", "fit"),
    [
        ("바" * 200, 7, 84),
        ("바" * 200, 60, 720),
        ("abcd " * 40, 7, 95),
        ("", 7, 0),
        (" \n", 7, 0),
        ("바다 " * 100, 10, 96),
    ],
)
def test_characters_that_fit_into_a_length_are_counted_without_spaces(text, seconds, fit):
    assert characters_that_fit(text, seconds) == fit
