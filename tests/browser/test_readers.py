"""What is said of a screen that is not in the language of its reader."""

import pytest

from .readers import Reader

KOREAN, ENGLISH = Reader("ko", is_phone=True), Reader("en", is_phone=False)


def test_foreign_lines_are_found_and_names_and_own_words_left_alone():
    lines = ["Approve", "승인", "CSV", "owner@example.com", "Sea 1", "승인 Approve", "24fps"]
    assert KOREAN.foreign(lines, own=("Sea 1",)) == ["Approve"]
    assert KOREAN.foreign(lines) == ["Approve", "Sea 1"]
    assert ENGLISH.foreign([*lines, "한국어"], own=("승인 Approve",)) == ["승인"]


def test_messages_are_those_of_the_catalogue():
    assert (KOREAN.say("Approve"), ENGLISH.say("Approve")) == ("승인", "Approve")
    assert KOREAN.say("Hello, %(name)s", name="Kim") == "Kim 님, 안녕하세요"
    with pytest.raises(LookupError, match="No ko words for 'Approve all of it'"):
        KOREAN.say("Approve all of it")


def test_readers_have_names():
    assert (str(KOREAN), str(ENGLISH)) == ("ko-phone", "en-desktop")
