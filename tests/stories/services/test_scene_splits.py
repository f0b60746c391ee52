import pytest

from stories.enums import Boundary
from stories.errors import Invalid
from stories.models import Scene
from stories.services import scene_splits, scenes
from tests.stories.factories import make_scene, make_story
from tests.stories.services.test_scenes import order


@pytest.fixture
def story(owner):
    return make_story(owner, duration_seconds=35)


@pytest.fixture
def five(story):
    return [make_scene(story, text=f"prompt {number}") for number in range(1, 6)]


def test_split_shares_the_length_by_the_words(story, owner):
    scene = make_scene(story, narration="One two three. Four.", duration_seconds=8)
    behind = make_scene(story)
    first, second = scene_splits.split(scene.pk, actor=owner, at=14)
    assert (first.narration, first.duration_seconds, second.narration, second.duration_seconds) == (
        "One two three.",
        6,
        "Four.",
        2,
    )
    assert list(Scene.live.filter(story=story).order_by("position")) == [first, second, behind]


@pytest.mark.parametrize(
    ("narration", "at", "seconds"),
    [("Words.", 0, 7), ("Words.", 6, 7), ("One. Two.", 5, 1), ("Words.", -3, 7)],
)
def test_split_where_it_cannot_be(story, owner, narration, at, seconds):
    scene = make_scene(story, narration=narration, duration_seconds=seconds)
    with pytest.raises(Invalid):
        scene_splits.split(scene.pk, actor=owner, at=at)
    assert Scene.live.filter(story=story).count() == 1


def test_merge_with_next(story, five, owner):
    merged = scene_splits.merge_with_next(five[1].pk, actor=owner)
    assert (merged.narration, merged.duration_seconds) == ("Line 2. Line 3.", 14)
    assert order(story) == ["1", "2", "4", "5"]
    story.refresh_from_db()
    assert story.duration_seconds == 35


def test_merge_of_the_last(five, owner):
    with pytest.raises(Invalid, match="no scene after"):
        scene_splits.merge_with_next(five[4].pk, actor=owner)


def boundaries(story):
    return list(
        Scene.live.filter(story=story).order_by("position").values_list("narration", "boundary")
    )


def test_the_transition_stays_at_the_end_of_a_split_and_of_a_merged_scene(story, owner):
    scene = make_scene(story, narration="One two. Three.", duration_seconds=8)
    make_scene(story, narration="Four.")
    scenes.edit(scene.pk, actor=owner, boundary=Boundary.CONTINUOUS)
    before = scene.prompt_id
    first, second = scene_splits.split(scene.pk, actor=owner, at=9)
    assert boundaries(story) == [("One two.", "cut"), ("Three.", "continuous"), ("Four.", "cut")]

    scenes.edit(first.pk, actor=owner, boundary=Boundary.CROSS_FADE)
    scene_splits.merge_with_next(first.pk, actor=owner)
    assert boundaries(story) == [("One two. Three.", "continuous"), ("Four.", "cut")]
    scene_splits.unmerge(first.pk, second.pk, actor=owner)
    assert boundaries(story) == [
        ("One two.", "cross_fade"),
        ("Three.", "continuous"),
        ("Four.", "cut"),
    ]

    first.refresh_from_db()
    second.refresh_from_db()
    scene_splits.unsplit(
        first.pk,
        second.pk,
        actor=owner,
        prompt_id=before,
        second_half_ids=(first.prompt_id, second.prompt_id),
        narration="One two. Three.",
    )
    assert boundaries(story) == [("One two. Three.", "continuous"), ("Four.", "cut")]
    copy = scenes.duplicate(scene.pk, actor=owner)
    assert copy.boundary == "continuous"
