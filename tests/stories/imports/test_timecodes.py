"""Times at the beginning of lines are not read aloud where they are times of the film."""

import pytest

from stories.imports.text import understand
from stories.imports.timecodes import without_timecodes
from stories.services.script_passages import passages, spoken_lines


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("[00:05] Hi.\n[00:10] The boat leaves.", "Hi.\nThe boat leaves."),
        ("0:00 바다\n0:05 등대", "바다\n등대"),
        ("00:00-00:05 바다\n00:05 - 00:10: 등대", "바다\n등대"),
        ("(0:00~0:03) 바다\n(0:03~0:07) 등대", "바다\n등대"),
        ("0~3초 바다\n3~7초: 등대", "바다\n등대"),
        ("0초-3초 | 바다\n3초-7초 | 등대", "바다\n등대"),
        ("00:00:00 A\n\n00:00:03.5 B\nC", "A\n\nB\nC"),
    ],
)
def test_times_of_a_film_are_left_out(written, left):
    assert without_timecodes(written) == left
    assert understand(written).spoken.split() == left.split()


@pytest.mark.parametrize(
    "text",
    [
        "10:30 회의\n11:00 점심",
        "[00:05] Hi.",
        "[00:05] Hi.\n[00:10] No.\nIt rains.\nIt stops.\nAll go home.",
        "0:0 is a draw.\n0:1 is lost.",
        "3초 뒤에 문이 열린다.\n5초 뒤에 닫힌다.",
        "2026-11-30 A\n2026-12-01 B",
    ],
)
def test_other_texts_stay(text):
    assert without_timecodes(text) == text


def test_speakers_behind_times():
    lines = spoken_lines("[00:00] Anna: Hi.\n[00:04] Bob: Hello.\n[00:06] Anna: Bye.")
    assert [(line.speaker, line.text) for line in lines] == [
        ("Anna", "Hi."),
        ("Bob", "Hello."),
        ("Anna", "Bye."),
    ]


def test_planner_gets_no_times_and_no_marks():
    text = "[00:00] The *boat* leaves.\n\n[00:04] It is calm."
    assert passages(text, [7.0, 7.0]) == ("The boat leaves.\n\nIt is calm.", [])
