"""Lengths to a tenth of a second: what is kept, what is refused, and how many frames they are."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from stories.film.segments import segments_of
from stories.models import Scene, in_frames, tenths
from stories.services import scene_splits
from stories.services.plan import load_scenes
from stories.services.planning import scene_lengths
from stories.services.scene_lengths import settle_length
from stories.web.board_rows import scene_rows
from tests.markup import flat
from tests.stories.factories import make_scene, make_story, make_take

FIELD = Scene._meta.get_field("duration_seconds")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(7, "7"), (7.0, "7"), ("7.0", "7"), (7.3, "7.3"), ("7.3", "7.3"), (0.1 + 7.2, "7.3")],
)
def test_a_length_is_kept_to_a_tenth_and_a_whole_one_reads_like_one(sent, kept):
    assert str(FIELD.clean(sent, None)) == kept


@pytest.mark.parametrize("sent", [7.25, "7.25", 0.9, 600.1, "", "seven", "nan", "inf", "-inf"])
def test_another_length_is_refused(sent):
    with pytest.raises(ValidationError):
        FIELD.clean(sent, None)


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [
        (7, 24, 168),
        (7.3, 24, 175),
        (7.3, 30, 219),
        (1.1, 24, 26),
        (0.25 * 10, 25, 63),
        (600, 30, 18_000),
    ],
)
def test_a_length_is_the_nearest_number_of_frames(seconds, fps, frames):
    assert in_frames(seconds, fps) == frames


def test_sums_have_no_more_digits():
    assert str(tenths(7.1 + 7.2 + 7.7)) == "22"
    assert str(tenths(0.1 + 0.2)) == "0.3"


def test_planned_lengths_add_up_to_the_story():
    assert scene_lengths(60, 8) == [7, 8, 7, 8, 7, 8, 7, 8]
    assert scene_lengths(20.5, 3) == [6, 7, 7.5]


@pytest.mark.django_db
def test_the_film_is_as_long_as_its_scenes(owner):
    story = make_story(owner, status="planned")
    for seconds in (1.1, 2.5, 3):
        make_take(make_scene(story, duration_seconds=seconds))
    settle_length(story)
    story.refresh_from_db()
    assert story.duration_seconds == 6.6
    found = load_scenes(story)
    assert [str(scene.duration_seconds) for scene in found] == ["1.1", "2.5", "3"]
    assert [str(row.duration_seconds) for row in scene_rows(story)] == ["1.1", "2.5", "3"]
    assert [scene.duration_ms for scene in found] == [1100, 2500, 3000]
    assert [one.frames for one in segments_of(story, found, "preview")] == [26, 60, 72]


@pytest.mark.django_db
def test_a_scene_keeps_its_tenths_when_it_is_split_and_joined(owner):
    story = make_story(owner, status="planned")
    scene = make_scene(story, narration="One two. Three four.", duration_seconds=7.3)
    first, second = scene_splits.split(scene.pk, actor=owner, at=9)
    assert first.duration_seconds + second.duration_seconds == pytest.approx(7.3)
    assert str(scene_splits.merge_with_next(first.pk, actor=owner).duration_seconds) == "7.3"


@pytest.mark.django_db
@pytest.mark.moderate
def test_the_board_takes_tenths(owner, client):
    story = make_story(owner, status="planned")
    scene = make_scene(story, duration_seconds=7)
    client.force_login(owner)
    address = reverse("admin:board_edit", args=[story.pk, scene.pk])
    client.post(address, {"duration_seconds": "7.3"}, headers={"HX-Request": "true"})
    scene.refresh_from_db()
    story.refresh_from_db()
    assert (str(scene.duration_seconds), str(story.duration_seconds)) == ("7.3", "7.3")
    for wrong in ("7.25", "seven", "0.5"):
        client.post(address, {"duration_seconds": wrong}, headers={"HX-Request": "true"})
        scene.refresh_from_db()
        assert str(scene.duration_seconds) == "7.3"
    page = flat(client.get(reverse("admin:stories_story_board", args=[story.pk])))
    assert 'name="duration_seconds" value="7.3"' in page
