"""Lines with a label: who speaks, what is seen, how it is said."""

import pytest

from stories.imports.labels import direction_of, is_narrator, is_unspoken, labels_of, name_of
from stories.imports.script import Format
from stories.imports.text import understand
from stories.services.script_passages import spoken_lines

FROM_A_MODEL = """**Scene 1: The Harbor**

*Visual: A boat leaves at dawn.*

**Narrator (V.O.):** "Once upon a time, *everything* was calm."

**Anna:** (whispering) Who is there?

**Scene 2: The Lighthouse**

*SFX: waves*

**Bob (angry):** Nobody!
"""
STORYBOARD = """S#1
화면: 바다가 보인다
내레이션: 바다는 고요했다.
자막: 1년 전
철수(작게): 여기서 기다려.
엄마(40대): 밥 먹어.

S#2
[화면] 등대
[내레이션] 불이 꺼졌다.
"""


def said(text):
    return [(line.speaker, line.direction, line.text) for line in spoken_lines(text)]


def test_script_of_a_language_model():
    assert said(FROM_A_MODEL) == [
        ("", "", '"Once upon a time, everything was calm."'),
        ("Anna", "whispering", "Who is there?"),
        ("Bob", "angry", "Nobody!"),
    ]
    found = understand(FROM_A_MODEL)
    assert (found.format, [block.text for block in found.blocks if block.kind == "heading"]) == (
        Format.SCREENPLAY,
        ["Scene 1: The Harbor", "Scene 2: The Lighthouse"],
    )


def test_korean_storyboard():
    assert said(STORYBOARD) == [
        ("", "", "바다는 고요했다."),
        ("철수", "작게", "여기서 기다려."),
        ("엄마", "", "밥 먹어."),
        ("", "", "불이 꺼졌다."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "철수) 안녕\n영희) 누구야?\nNA) 둘은 만났다.\n철수) 나야.",
        "[철수] 안녕\n[영희] 누구야?\n[내레이션] 둘은 만났다.\n[철수] 나야.",
        "철수：안녕\n영희：누구야?\n해설：둘은 만났다.\n철수：나야.",
    ],
)
def test_forms_of_labels(text):
    assert said(text) == [
        ("철수", "", "안녕"),
        ("영희", "", "누구야?"),
        ("", "", "둘은 만났다."),
        ("철수", "", "나야."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Style: noir\nDuration: 30 s\nTone: dark",
        "He said one thing: run.\nNote: this is important.\nTime: ten.\nThe end.",
        "http://a.example: one\nhttps://b.example: two",
        "Narrator: A single line.",
        "1) first\n2) second",
    ],
)
def test_prose_stays_prose(text):
    assert understand(text).format == Format.PROSE
    assert said(text) == [("", "", text)]


def test_names_count_if_half_of_the_lines_have_labels():
    lines = ["Narrator: Once.", "Anna: Who?", "Bob: Me.", "The door opens.", "It rains."]
    assert labels_of(lines) == {"Narrator", "Anna", "Bob"}
    assert labels_of([*lines, "It stops.", "All go home."]) == {"Narrator"}
    assert labels_of(["Visual: a boat", "Music: calm"]) == set()


@pytest.mark.parametrize(
    ("label", "name", "direction", "narrator", "unspoken"),
    [
        ("MARA (V.O.)", "MARA", "", False, False),
        ("철수(작게)", "철수", "작게", False, False),
        ("엄마（40대）", "엄마", "", False, False),
        ("Narrator (calm)", "Narrator", "calm", True, False),
        ("내레이션", "내레이션", "", True, False),
        ("V.O.", "V.O.", "", True, False),
        ("On-screen", "On-screen", "", False, True),
        ("화면 자막", "화면 자막", "", False, True),
    ],
)
def test_what_a_label_says(label, name, direction, narrator, unspoken):
    assert (name_of(label), direction_of(label)) == (name, direction)
    assert (is_narrator(label), is_unspoken(label)) == (narrator, unspoken)


def test_emphasis_of_pasted_markdown_is_not_read():
    text = "He was *very* tired. 2*3*4, snake_case_name and f*** it.\n* item one\n* item two"
    (block,) = understand(text).blocks
    assert block.text == text.replace("*very*", "very")
