import pytest
from django.utils import timezone

from stories.errors import Conflict, Forbidden, GuardRefused, Invalid
from stories.models import Scene, ScenePrompt
from stories.services import scenes
from tests.stories.factories import make_scene, make_story


@pytest.fixture
def story(owner):
    return make_story(owner, duration_seconds=35)


@pytest.fixture
def five(story):
    return [make_scene(story, text=f"prompt {number}") for number in range(1, 6)]


def order(story):
    rows = (
        Scene.live.filter(story=story).order_by("position", "id").values_list("position", "title")
    )
    assert [position for position, _ in rows] == list(range(1, len(rows) + 1))
    return [title.removeprefix("Scene ") for _, title in rows]


@pytest.mark.parametrize(
    ("which", "position", "after"),
    [
        (1, 1, "12345"),
        (1, 3, "23145"),
        (1, 5, "23451"),
        (5, 1, "51234"),
        (3, 2, "13245"),
        (4, 5, "12354"),
    ],
)
def test_move_to_a_position(story, five, owner, which, position, after):
    scenes.move(five[which - 1].pk, actor=owner, position=position)
    assert "".join(order(story)) == after


@pytest.mark.parametrize(
    ("which", "before", "after", "result"),
    [
        (1, 4, None, "23145"),
        (1, None, 4, "23415"),
        (5, 1, None, "51234"),
        (5, None, 1, "15234"),
        (2, 3, None, "12345"),
        (2, None, 1, "12345"),
    ],
)
def test_move_beside_another(story, five, owner, which, before, after, result):
    scenes.move(
        five[which - 1].pk,
        actor=owner,
        before=before and five[before - 1].pk,
        after=after and five[after - 1].pk,
    )
    assert "".join(order(story)) == result


@pytest.mark.parametrize("position", [0, 6, -1])
def test_move_beyond_the_ends(story, five, owner, position):
    with pytest.raises(Invalid, match="from 1 to 5"):
        scenes.move(five[0].pk, actor=owner, position=position)
    assert "".join(order(story)) == "12345"


def test_move_needs_exactly_one_place(five, owner):
    with pytest.raises(Invalid, match="exactly one"):
        scenes.move(five[0].pk, actor=owner)
    with pytest.raises(Invalid, match="exactly one"):
        scenes.move(five[0].pk, actor=owner, position=2, before=five[3].pk)


def test_move_beside_a_scene_that_is_gone(story, five, owner):
    scenes.delete(five[3].pk, actor=owner)
    with pytest.raises(Conflict, match="no longer exists"):
        scenes.move(five[0].pk, actor=owner, before=five[3].pk)
    assert "".join(order(story)) == "1235"


@pytest.mark.parametrize("number", [3, 60])
def test_move_takes_the_same_queries_however_long_the_film(
    owner, number, django_assert_num_queries
):
    story = make_story(owner)
    rows = [make_scene(story) for _ in range(number)]
    owner.get_all_permissions()
    with django_assert_num_queries(
        8
    ):  # savepoint twice, story of the scene, story, scene twice, order, shift
        scenes.move(rows[-1].pk, actor=owner, position=1)


def test_move_by_a_colleague(story, five, colleague):
    with pytest.raises(Forbidden, match="Only the owner"):
        scenes.move(five[0].pk, actor=colleague, position=2)
    assert "".join(order(story)) == "12345"


@pytest.mark.parametrize("status", ["planning", "rendering", "archived"])
def test_change_in_a_closed_status(owner, status):
    scene = make_scene(make_story(owner, status=status))
    with pytest.raises(GuardRefused):
        scenes.edit(scene.pk, actor=owner, title="Other")
    scene.refresh_from_db()
    assert scene.title == "Scene 1"


def test_create_in_the_middle(story, five, owner):
    made = scenes.create(
        story.pk, actor=owner, position=3, text="a new one", title="New", duration_seconds=4
    )
    assert order(story) == ["1", "2", "New", "3", "4", "5"]
    story.refresh_from_db()
    assert story.duration_seconds == 39
    assert made.prompt.text == "a new one"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x", "duration_seconds": 0}, "duration_seconds"),
        ({"text": "x", "duration_seconds": 601}, "duration_seconds"),
        ({"text": "x", "camera": "spin"}, "camera"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "x", "title": "t" * 201}, "title"),
        ({"text": "x", "seed": 2**32}, "seed"),
        ({"text": "x", "colour": "red"}, "colour"),
    ],
)
def test_create_with_a_value_that_cannot_be(story, five, owner, values, field):
    with pytest.raises(Invalid) as caught:
        scenes.create(story.pk, actor=owner, **values)
    assert caught.value.field == field
    assert "".join(order(story)) == "12345"


def test_edit_of_the_prompt_makes_a_new_one(five, owner):
    before = five[0].prompt
    scene = scenes.edit(five[0].pk, actor=owner, text="a red boat")
    assert scene.prompt_id != before.pk
    assert ScenePrompt.objects.get(pk=before.pk).text == "prompt 1"
    assert (scene.prompt.text, scene.prompt.camera, scene.prompt.seed) == (
        "a red boat",
        before.camera,
        before.seed,
    )


def test_edit_of_the_title_keeps_the_prompt(five, owner):
    scene = scenes.edit(five[0].pk, actor=owner, title="Other", text="prompt 1")
    assert (scene.title, scene.prompt_id) == ("Other", five[0].prompt_id)


def test_edit_of_the_prompt_forgets_its_english(story, owner):
    scene = make_scene(story, text="배", text_en="a boat")
    assert (
        scenes.edit(scene.pk, actor=owner, text="기차").prompt.text_en == "a boat"
    )  # out of date, see test_english
    assert (
        scenes.edit(scene.pk, actor=owner, text="기차역", text_en="a station").prompt.text_en
        == "a station"
    )


def test_edit_of_a_length_moves_the_length_of_the_story(story, five, owner):
    scenes.edit(five[0].pk, actor=owner, duration_seconds=10)
    story.refresh_from_db()
    assert story.duration_seconds == 38


def test_edit_after_somebody_else(five, owner):
    seen = five[0].updated_at
    scenes.edit(five[0].pk, actor=owner, expected=seen, title="Mine")
    with pytest.raises(Conflict, match="Somebody else"):
        scenes.edit(five[0].pk, actor=owner, expected=seen, title="Yours")
    five[0].refresh_from_db()
    assert five[0].title == "Mine"


def test_edit_beyond_the_longest_film(owner):
    story = make_story(owner, duration_seconds=3600)
    rows = [make_scene(story, duration_seconds=600) for _ in range(6)]
    extra = make_scene(story, duration_seconds=1)
    with pytest.raises(Invalid, match="3601 s long"):
        scenes.edit(extra.pk, actor=owner, duration_seconds=1, title="x")
    assert len(rows) == 6


def test_delete_and_restore(story, five, owner):
    scenes.delete(five[1].pk, actor=owner)
    assert "".join(order(story)) == "1345"
    story.refresh_from_db()
    assert story.duration_seconds == 28

    scenes.restore(five[1].pk, actor=owner)
    assert "".join(order(story)) == "12345"
    story.refresh_from_db()
    assert story.duration_seconds == 35


def test_delete_twice_is_delete_once(story, five, owner):
    scenes.delete(five[1].pk, actor=owner)
    scenes.delete(five[1].pk, actor=owner)
    assert "".join(order(story)) == "1345"


def test_duplicate_stands_behind_its_original(story, five, owner):
    copy = scenes.duplicate(five[1].pk, actor=owner)
    assert "".join(order(story)) == "122345"
    assert copy.prompt_id == five[1].prompt_id


def test_bulk_create_appends(story, five, owner):
    scenes.bulk_create(
        story.pk,
        actor=owner,
        scenes=[{"text": "six", "title": "6"}, {"text": "seven", "title": "7"}],
    )
    assert "".join(order(story)) == "1234567"


def test_bulk_create_replaces(story, five, owner):
    scenes.bulk_create(
        story.pk,
        actor=owner,
        scenes=[{"text": "only", "title": "9", "duration_seconds": 5}],
        replace=True,
    )
    assert order(story) == ["9"]
    assert Scene.objects.filter(story=story, deleted_at__lte=timezone.now()).count() == 5
    story.refresh_from_db()
    assert story.duration_seconds == 5


def test_bulk_create_is_all_or_nothing(story, five, owner):
    with pytest.raises(Invalid) as caught:
        scenes.bulk_create(
            story.pk,
            actor=owner,
            scenes=[{"text": "six"}, {"text": "seven", "duration_seconds": 0}],
            replace=True,
        )
    assert caught.value.field == "1/duration_seconds"
    assert "".join(order(story)) == "12345"


def test_a_transition_that_does_not_exist(story, owner):
    scene = make_scene(story)
    with pytest.raises(Invalid) as error:
        scenes.edit(scene.pk, actor=owner, boundary="wipe")
    assert error.value.field == "boundary"
