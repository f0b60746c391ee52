"""A scene that is cut in two: each half shows and is called what its own words say."""

import pytest

from stories.services import scene_splits, scenes
from stories.services.split_prompts import english_halves, halves, joined
from tests.stories.factories import make_scene, make_story

HEAD, TAIL = "소년이 등대로 간다.", "배가 항구를 떠난다."
BOTH = f"{HEAD} {TAIL}"


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (BOTH, HEAD, TAIL),
        (
            "소년이 등대로 간다. 배가 항구를 떠난다, 항구, 밤",
            "소년이 등대로 간다, 항구, 밤",
            "배가 항구를 떠난다, 항구, 밤",
        ),
        (
            "A boy walks. Wide view of 등대. 배가 멀어진다.",
            "A boy walks. Wide view of 등대.",
            "A boy walks. 배가 멀어진다.",
        ),
        (
            "수채화 풍의 바다",
            "소년이 등대로 간다. 수채화 풍의 바다",
            "배가 항구를 떠난다. 수채화 풍의 바다",
        ),
    ],
)
def test_prompt_of_each_half(text, first, second):
    assert halves(text, BOTH, HEAD, TAIL) == (first, second)


def test_english_of_each_half():
    assert english_halves("boy, lighthouse, leaving, harbour, night", BOTH, HEAD, TAIL) == (
        "boy, lighthouse, night",
        "leaving, harbour, night",
    )
    assert (
        english_halves("A wide view. It rains.", BOTH, HEAD, TAIL)
        == ("A wide view. It rains.",) * 2
    )


@pytest.mark.django_db
def test_split_and_merge_give_back_the_prompt(owner):
    story = make_story(owner)
    scene = make_scene(story, position=1, narration=BOTH, title="소년이 등대로 간다")
    text = "소년이 등대로 간다. 배가 항구를 떠난다, 바다, 밤"
    scene = scenes.edit(scene.pk, actor=owner, text=text)
    first, second = scene_splits.split(scene.pk, actor=owner, at=len(HEAD))
    assert [(part.title, part.narration, part.prompt.text) for part in (first, second)] == [
        ("소년이 등대로 간다", HEAD, "소년이 등대로 간다, 바다, 밤"),
        ("배가 항구를 떠난다", TAIL, "배가 항구를 떠난다, 바다, 밤"),
    ]
    assert scene_splits.merge_with_next(first.pk, actor=owner).prompt.text == text


def test_merge_of_unlike_prompts_keeps_the_first():
    assert joined("a boat", HEAD, "a house", TAIL) == "a boat"
