"""The cast that the local provider proposes from the words of a script."""

from typing import Any, Literal

import pytest

from operations.sample_scripts import sample
from providers.backends.local.cast import cast
from providers.backends.local.cast_looks import without_pronouns
from providers.backends.local.illustrator.words import read
from providers.backends.local.planner import plan
from providers.requests import Passage, TextRequest


def proposed(
    script: str, *, scenes: int, language: Literal["ko", "en"]
) -> dict[str, dict[str, Any]]:
    request = TextRequest(task="plan_story", script=script, scenes=scenes, language=language)
    return {member["name"]: member for member in cast(request, plan(request))}


@pytest.mark.parametrize(
    ("language", "heroine", "others"),
    [
        ("ko", "하루", {"등대": [8, 9], "편지": [1, 9], "할머니": [2], "할아버지": [9]}),
        ("en", "Ada", {"Lighthouse": [2, 9], "Lantern": [2, 7, 9], "Grandfather": [9]}),
    ],
)
def test_the_heroine_of_the_sample_is_in_every_scene(
    language: Literal["ko", "en"], heroine: str, others: dict[str, list[int]]
) -> None:
    found = proposed(sample(language).text, scenes=9, language=language)
    assert {name: member["scenes"] for name, member in found.items()} == {
        heroine: list(range(1, 10)),
        **others,
    }
    assert "coat" in found[heroine]["description_en"]


def test_a_prop_has_the_colour_of_the_script() -> None:
    script = "아이가 노란 편지를 받았습니다. 밤이 되었습니다. 아이는 편지를 읽습니다."
    letter = proposed(script, scenes=3, language="ko")["편지"]
    assert (letter["kind"], letter["description"], letter["description_en"]) == (
        "prop",
        "노란 편지",
        "a yellow letter",
    )
    script = "A key lies on the road. Night falls. He lifts the golden key."
    key = proposed(script, scenes=3, language="en")["Key"]
    assert (key["kind"], key["description"], key["scenes"]) == ("prop", "a golden key", [1, 3])


def test_scenery_and_what_is_named_once_is_not_proposed() -> None:
    script = (
        "He waves by the sea. A wave comes. He waves from a station by the field. A field waits."
    )
    assert set(proposed(script, scenes=4, language="en")) == set()
    boats = "고깃배가 돌아옵니다. 아무도 없습니다. 돛단배가 떠납니다."
    assert set(proposed(boats, scenes=3, language="ko")) == set()


def test_a_place_of_a_heading_is_proposed_once() -> None:
    request = TextRequest(
        task="plan_story",
        script="The lighthouse is dark. The lighthouse waits.",
        scenes=2,
        language="en",
        passages=[
            Passage("The lighthouse is dark. The lighthouse waits.", 2, place="OLD LIGHTHOUSE")
        ],
    )
    scenes = [{"title": "", "narration": f"The lighthouse is {word}."} for word in ("dark", "lit")]
    assert [member["name"] for member in cast(request, scenes)] == ["Old lighthouse"]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Ada lifts the lantern. She runs, and gulls follow her.", ["girl"]),
        ("그녀는 웃습니다. 하루는 편지를 펼칩니다.", ["girl"]),
        ("A woman greets her.", ["girl", "woman"]),
    ],
)
def test_a_pronoun_is_nobody_else_where_the_cast_is_known(words: str, left: list[str]) -> None:
    reading = read(without_pronouns(words), "")
    kinds = ["girl", *(kind for kind in reading.people if kind != "girl")]
    assert kinds == left
