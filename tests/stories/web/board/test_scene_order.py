import re

import pytest

from stories.errors import Conflict, Forbidden, GuardRefused
from stories.models import Scene, Story
from stories.services import scene_order, scenes
from stories.services.scene_order import Move
from tests.markup import flat
from tests.stories.factories import make_scene, make_story


def numbers(story):
    rows = (
        Scene.live.filter(story=story).order_by("position", "id").values_list("position", "title")
    )
    assert [position for position, _ in rows] == list(range(1, len(rows) + 1))
    return "".join(title.removeprefix("Scene ") for _, title in rows)


def moves(scenes, text):
    """`3>1` puts the third behind the first, `3>0` at the beginning."""
    pairs = [pair.split(">") for pair in text.split()]
    return [
        Move(scenes[int(a) - 1].pk, scenes[int(b) - 1].pk if b != "0" else None) for a, b in pairs
    ]


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ("1>0", "12345"),
        ("1>3", "23145"),
        ("5>0", "51234"),
        ("3>1", "13245"),
        ("4>4", "12345"),
        ("2>5 4>2", "13524"),
        ("5>0 4>5", "54123"),
        ("1>5 2>1", "34512"),
    ],
)
def test_reorder_and_the_way_back(story, five, owner, asked, result):
    made = scene_order.reorder(story.pk, actor=owner, moves=moves(five, asked))
    assert numbers(story) == result
    assert made.ids == list(
        Scene.live.filter(story=story).order_by("position").values_list("pk", flat=True)
    )
    back = scene_order.reorder(story.pk, actor=owner, moves=made.back, version=made.version)
    assert numbers(story) == "12345"
    assert back.ids == [scene.pk for scene in five]


@pytest.mark.parametrize("number", [5, 120])
def test_reorder_takes_five_queries(owner, number, django_assert_num_queries):
    story = make_story(owner)
    rows = [make_scene(story) for _ in range(number)]
    version = scene_order.version_of(scene.pk for scene in rows)
    owner.get_all_permissions()
    with django_assert_num_queries(5):  # savepoint twice, story, order, one update
        scene_order.reorder(
            story.pk,
            actor=owner,
            moves=[Move(rows[-1].pk, None), Move(rows[1].pk, rows[-1].pk)],
            version=version,
        )
    assert list(Scene.live.filter(story=story).order_by("position").values_list("pk", flat=True))[
        :3
    ] == [rows[-1].pk, rows[1].pk, rows[0].pk]


def test_reorder_leaves_what_the_scene_says_alone(story, five, owner):
    before = Scene.objects.values_list("pk", "updated_at", "prompt_id")
    seen = list(before)
    scene_order.reorder(story.pk, actor=owner, moves=moves(five, "5>0"))
    assert list(before) == seen


def test_reorder_of_an_order_that_is_no_longer(story, five, owner):
    version = scene_order.version_of(scene.pk for scene in five)
    scenes.move(five[4].pk, actor=owner, position=1)
    with pytest.raises(scene_order.OrderChanged) as caught:
        scene_order.reorder(story.pk, actor=owner, moves=moves(five, "1>3"), version=version)
    assert caught.value.ids == [five[i].pk for i in (4, 0, 1, 2, 3)]
    assert numbers(story) == "51234"


def test_reorder_beside_what_is_gone(story, five, owner):
    scenes.delete(five[2].pk, actor=owner)
    with pytest.raises(Conflict, match="no longer exists"):
        scene_order.reorder(story.pk, actor=owner, moves=moves(five, "1>3"))
    with pytest.raises(Conflict, match="deleted"):
        scene_order.reorder(story.pk, actor=owner, moves=moves(five, "3>1"))
    assert numbers(story) == "1245"


def test_reorder_by_who_may_not(story, five, colleague, owner):
    with pytest.raises(Forbidden):
        scene_order.reorder(story.pk, actor=colleague, moves=moves(five, "1>3"))
    Story.objects.filter(pk=story.pk).update(status="rendering")
    with pytest.raises(GuardRefused):
        scene_order.reorder(story.pk, actor=owner, moves=moves(five, "1>3"))
    assert numbers(story) == "12345"


# The pages


def toast_of(answer):
    return re.search(r"data-toast><span>(.*?)</span>", flat(answer))[1]


def fields(answer):
    """The fields of the button that is offered."""
    found = {}
    for name, value in re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)">', flat(answer).split("data-offer")[1]
    ):
        found.setdefault(name, []).append(value)
    return found


def asked(scenes, text):
    return [f"{move.scene_id}:{move.after or ''}" for move in moves(scenes, text)]


def test_door_saves_an_order_and_offers_the_way_back(pages, story, five):
    version = scene_order.version_of(scene.pk for scene in five)
    answer = pages.post(
        "board_order", story.pk, move=asked(five, "1>3"), version=version, shown="1"
    )
    assert (answer.status_code, toast_of(answer)) == (200, "Scene moved.")
    assert "data-ids" not in answer.content.decode()
    assert numbers(story) == "23145"
    undone = pages.post("board_order", story.pk, **fields(answer), whole="1")
    assert (undone.status_code, toast_of(undone)) == (200, "The move is undone.")
    assert ">Redo<" in undone.content.decode()
    assert f'data-ids="{",".join(str(scene.pk) for scene in five)}"' in undone.content.decode()
    assert numbers(story) == "12345"
    redone = pages.post("board_order", story.pk, **fields(undone), whole="1")
    assert (toast_of(redone), numbers(story)) == ("Scene moved.", "23145")


def test_door_shows_somebody_elses_order_and_can_move_on_it(pages, story, five, owner):
    version = scene_order.version_of(scene.pk for scene in five)
    scenes.move(five[4].pk, actor=owner, position=1)
    answer = pages.post(
        "board_order", story.pk, move=asked(five, "1>3"), version=version, shown="1"
    )
    assert answer.status_code == 409
    assert (
        toast_of(answer)
        == "Somebody else has changed the order of the scenes meanwhile. Your move was not made."
    )
    assert f'data-ids="{five[4].pk},{five[0].pk}' in answer.content.decode()
    assert numbers(story) == "51234"
    again = pages.post("board_order", story.pk, **fields(answer), whole="1")
    assert again.status_code == 200
    assert numbers(story) == "52314"


@pytest.mark.parametrize("move", ["x", "", "1:2", ":"])
def test_door_refuses_what_is_no_move(pages, story, five, move):
    assert pages.post("board_order", story.pk, move=move).status_code == 422
    assert numbers(story) == "12345"


@pytest.mark.parametrize(
    ("step", "result"),
    [("first", "31245"), ("earlier", "13245"), ("later", "12435"), ("last", "12453")],
)
def test_steps_by_plain_buttons(pages, story, five, step, result):
    answer = pages.post("board_act", story.pk, five[2].pk, step, live=False)
    assert (answer.status_code, answer.url) == (
        302,
        f"{pages.address('stories_story_board', story.pk)}#scene-{five[2].pk}",
    )
    assert numbers(story) == result


@pytest.mark.parametrize(
    ("step", "which"), [("first", 0), ("earlier", 0), ("later", 4), ("last", 4)]
)
def test_steps_at_the_ends_change_nothing(pages, story, five, step, which):
    assert pages.post("board_act", story.pk, five[which].pk, step).status_code == 200
    assert numbers(story) == "12345"
