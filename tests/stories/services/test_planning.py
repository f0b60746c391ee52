import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.errors import Invalid
from stories.models import Scene
from stories.services.planning import scene_count, scene_lengths, write_scenes
from tests.stories.factories import make_scene, make_story

PLANNED = [
    {
        "title": "Harbour",
        "narration": "A boat leaves.",
        "prompt": "a boat leaving a harbour at dawn",
        "prompt_en": "boat, harbour, dawn",
        "camera": "push_in",
    },
    {
        "title": "Light",
        "narration": "The lighthouse waits.",
        "prompt": "a lighthouse in fog",
        "prompt_en": "lighthouse, fog",
        "camera": "pan_left",
    },
]


@pytest.mark.parametrize(
    ("seconds", "scenes"), [(2, 1), (6, 1), (7, 1), (13, 1), (14, 2), (60, 8), (63, 9), (3600, 514)]
)
def test_scene_count_is_one_for_each_whole_seven_seconds(seconds, scenes):
    assert scene_count(seconds) == scenes


def test_scene_lengths_of_a_minute():
    assert scene_lengths(60, 8) == [7, 8, 7, 8, 7, 8, 7, 8]


@given(st.integers(2, 3600), st.integers(1, 520))
def test_scene_lengths_add_up_and_differ_by_at_most_one(seconds, scenes):
    if scenes > seconds:
        with pytest.raises(Invalid):
            scene_lengths(seconds, scenes)
        return
    lengths = scene_lengths(seconds, scenes)
    assert (len(lengths), sum(lengths)) == (scenes, seconds)
    assert max(lengths) - min(lengths) <= 1


def test_write_scenes_of_an_empty_story(owner):
    story = make_story(owner, duration_seconds=15)

    write_scenes(story, PLANNED, replace=False)

    rows = (
        Scene.live.filter(story=story)
        .order_by("position")
        .values_list(
            "position", "title", "narration", "duration_seconds", "prompt__text", "prompt__camera"
        )
    )
    assert list(rows) == [
        (1, "Harbour", "A boat leaves.", 7, "a boat leaving a harbour at dawn", "push_in"),
        (2, "Light", "The lighthouse waits.", 8, "a lighthouse in fog", "pan_left"),
    ]


def test_write_scenes_keeps_what_is_there(owner):
    story = make_story(owner)
    kept = make_scene(story)

    assert write_scenes(story, PLANNED, replace=False) == [kept]

    assert list(Scene.objects.filter(story=story)) == [kept]


def test_write_scenes_replaces_when_asked_and_keeps_the_old_as_deleted(owner):
    story = make_story(owner)
    old = make_scene(story)

    write_scenes(story, PLANNED, replace=True)

    old.refresh_from_db()
    assert old.deleted_at is not None
    assert Scene.live.filter(story=story).count() == 2


def test_write_scenes_gives_the_same_seeds_again(owner):
    story = make_story(owner)
    first = [scene.prompt.seed for scene in write_scenes(story, PLANNED, replace=False)]
    again = [scene.prompt.seed for scene in write_scenes(story, PLANNED, replace=True)]
    assert first == again
    assert first[0] != first[1]
