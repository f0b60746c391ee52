import pytest

from stories.models import Scene, Story, Take
from stories.services import scenes, takes
from stories.services.scene_values import fingerprint
from stories.web.scenes import cuts
from tests.stories.factories import make_scene, make_story
from tests.stories.web.board.test_scene_order import fields, numbers, said


def text(answer):
    return answer.content.decode()


def test_edit_saves_one_field_and_answers_with_the_card(door, story, five):
    answer = door.post(
        "board_edit",
        story.pk,
        five[0].pk,
        narration="New words.",
        seen_narration=fingerprint("Line 1."),
    )
    assert answer.status_code == 200
    assert text(answer).count('class="bd-card"') == 1
    assert f'data-seen="{fingerprint("New words.")}"' in text(answer)
    five[0].refresh_from_db()
    assert (five[0].narration, five[0].title) == ("New words.", "Scene 1")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("duration_seconds", "0", "greater than or equal to 1"),
        ("duration_seconds", "many", "Write a number of seconds."),
        ("text", "  ", "This field cannot be blank."),
        ("camera", "spin", "not a valid choice"),
        ("title", "t" * 201, "At most 200 characters."),
        ("text", "t" * 4001, "At most 4000 characters."),
    ],
)
def test_edit_says_beside_the_field_what_is_wrong(door, story, five, field, value, why):
    before = Scene.objects.values().get(pk=five[0].pk)
    answer = door.post("board_edit", story.pk, five[0].pk, **{field: value})
    assert answer.status_code == 422
    assert f'data-beside="{field}"' in text(answer)
    assert why in text(answer)
    assert Scene.objects.values().get(pk=five[0].pk) == before


def test_edit_of_what_somebody_else_wrote_keeps_both(door, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, narration="Theirs.")
    answer = door.post(
        "board_edit", story.pk, five[0].pk, narration="Mine.", seen_narration=fingerprint("Line 1.")
    )
    assert answer.status_code == 409
    assert "</small>Theirs.</blockquote>" in text(answer)
    assert f'data-keep-mine="{fingerprint("Theirs.")}"' in text(answer)
    five[0].refresh_from_db()
    assert five[0].narration == "Theirs."
    assert (
        door.post(
            "board_edit",
            story.pk,
            five[0].pk,
            narration="Mine.",
            seen_narration=fingerprint("Theirs."),
        ).status_code
        == 200
    )
    five[0].refresh_from_db()
    assert five[0].narration == "Mine."


def test_edit_of_another_field_than_somebody_else_is_no_conflict(door, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, narration="Theirs.")
    assert (
        door.post(
            "board_edit", story.pk, five[0].pk, title="Mine", seen_title=fingerprint("Scene 1")
        ).status_code
        == 200
    )
    five[0].refresh_from_db()
    assert (five[0].title, five[0].narration) == ("Mine", "Theirs.")


def test_edit_to_the_same_as_somebody_else_is_no_conflict(door, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, narration="The same.")
    assert (
        door.post(
            "board_edit",
            story.pk,
            five[0].pk,
            narration="The same.",
            seen_narration=fingerprint("Line 1."),
        ).status_code
        == 200
    )


def test_edit_without_scripts(door, story, five):
    answer = door.post(
        "board_edit",
        story.pk,
        five[0].pk,
        live=False,
        title="Other",
        narration="Line 1.",
        text="prompt 1",
        camera="still",
        duration_seconds="9",
    )
    assert (answer.status_code, answer.url) == (
        302,
        f"{door.address('stories_story_board', story.pk)}#scene-{five[0].pk}",
    )
    five[0].refresh_from_db()
    assert (five[0].title, five[0].prompt.camera, five[0].duration_seconds) == ("Other", "still", 9)


def test_edit_without_scripts_shows_the_form_again(door, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, title="Theirs")
    values = {
        "title": "Mine",
        "seen_title": fingerprint("Scene 1"),
        "narration": "Long words of mine",
    }
    answer = door.post("board_edit", story.pk, five[0].pk, live=False, **values)
    assert answer.status_code == 409
    assert 'value="Mine"' in text(answer)
    assert "Theirs" in text(answer)
    assert "Long words of mine" in text(answer)
    assert f'name="seen_title" value="{fingerprint("Theirs")}"' in text(answer)


def test_text_of_a_person_is_never_markup(door, story, five):
    answer = door.post(
        "board_edit", story.pk, five[0].pk, narration="</textarea><script>alert(1)</script>"
    )
    assert "<script>" not in text(answer)
    assert "&lt;/textarea&gt;" in text(answer)


def test_insert_behind_a_scene_and_back(door, story, five):
    assert "after scene 2" in text(door.get("board_insert", story.pk, after=str(five[1].pk)))
    answer = door.post(
        "board_insert",
        story.pk,
        after=str(five[1].pk),
        text="a new one",
        title="N",
        narration="",
        duration_seconds="4",
        camera="still",
    )
    assert answer.status_code == 200
    assert numbers(story) == "12N345"
    assert "data-ids" in text(answer)
    made = Scene.live.get(story=story, title="N")
    assert (made.prompt.text, made.prompt.camera, made.duration_seconds) == (
        "a new one",
        "still",
        4,
    )
    assert door.post("board_act", story.pk, made.pk, "delete").status_code == 200
    assert numbers(story) == "12345"


def test_insert_at_the_beginning_and_with_what_cannot_be(door, story, five):
    answer = door.post(
        "board_insert", story.pk, text=" ", title="kept", duration_seconds="4", camera="still"
    )
    assert (answer.status_code, numbers(story)) == (422, "12345")
    assert "This field cannot be blank." in text(answer)
    assert 'value="kept"' in text(answer)
    door.post("board_insert", story.pk, text="x", title="N", duration_seconds="4", camera="still")
    assert numbers(story) == "N12345"


def test_delete_and_undo(door, story, five):
    answer = door.post("board_act", story.pk, five[2].pk, "delete")
    assert said(answer) == "Scene 3 deleted. Its takes are kept."
    assert numbers(story) == "1245"
    assert f"{five[2].pk}/do/restore/" in text(answer)
    door.post("board_act", story.pk, five[2].pk, "restore")
    assert numbers(story) == "12345"


def test_duplicate_and_undo(door, story, five):
    answer = door.post("board_act", story.pk, five[2].pk, "duplicate")
    assert numbers(story) == "123345"
    copy = Scene.live.get(story=story, position=4)
    assert f"{copy.pk}/do/delete/" in text(answer)


def test_split_at_a_sentence_and_undo(door, owner):
    story = make_story(owner, status="planned")
    scene = make_scene(
        story, narration="A boat leaves. The sea is calm. Nobody waves.", duration_seconds=9
    )
    assert [at for at, _, _ in cuts(scene.narration)] == [15, 32]
    assert text(door.get("board_split", story.pk, scene.pk)).count("Split here") == 2
    answer = door.post("board_act", story.pk, scene.pk, "split", at="15")
    assert [(one.narration, one.duration_seconds) for one in Scene.live.filter(story=story)] == [
        ("A boat leaves.", 3),
        ("The sea is calm. Nobody waves.", 6),
    ]
    assert f"{scene.pk}/do/unsplit/" in text(answer)
    assert (
        door.post("board_act", story.pk, scene.pk, "unsplit", **fields(answer)).status_code == 200
    )
    assert [
        (one.narration, one.duration_seconds, one.prompt_id)
        for one in Scene.objects.filter(story=story)
    ] == [(scene.narration, 9, scene.prompt_id)]


@pytest.mark.parametrize("changed", ["narration", "text"])
def test_a_split_is_not_undone_over_what_was_written_since(door, owner, changed):
    story = make_story(owner, status="planned")
    scene = make_scene(story, narration="A boat leaves. The sea is calm.", duration_seconds=9)
    undo = fields(door.post("board_act", story.pk, scene.pk, "split", at="15"))
    second = Scene.live.get(story=story, position=2)
    scenes.edit(second.pk, actor=owner, **{changed: "Something else."})
    answer = door.post("board_act", story.pk, scene.pk, "unsplit", **undo)
    assert (
        said(answer)
        == "The scene has been changed since it was split. Join the two scenes instead."
    )
    assert Scene.live.filter(story=story).count() == 2


def test_the_second_half_is_kept_if_it_has_a_take(door, owner, take):
    story = make_story(owner, status="planned")
    scene = make_scene(story, narration="A boat leaves. The sea is calm.", duration_seconds=9)
    undo = fields(door.post("board_act", story.pk, scene.pk, "split", at="15"))
    made = take(Scene.live.get(story=story, position=2))
    door.post("board_act", story.pk, scene.pk, "unsplit", **undo)
    assert Scene.live.get(story=story).narration == scene.narration
    assert Scene.objects.get(pk=made.scene_id).deleted_at is not None


@pytest.mark.parametrize("sent", ["", "x", "a:b:c"])
def test_what_a_split_was_made_of_is_not_taken_from_a_form(door, story, five, sent):
    assert door.post("board_act", story.pk, five[0].pk, "unsplit", split=sent).status_code == 404


@pytest.mark.parametrize("narration", ["", "One sentence only", "한 문장뿐입니다."])
def test_nowhere_to_split(narration):
    assert cuts(narration) == []


def test_cuts_of_korean_sentences():
    found = cuts("배가 떠납니다. 바다는 고요합니다. 아무도 손을 흔들지 않습니다.")
    assert [head for _, head, _ in found] == ["배가 떠납니다.", "배가 떠납니다. 바다는 고요합니다."]


def test_merge_and_undo_brings_both_back(door, story, five, take):
    kept = take(five[1])
    answer = door.post("board_act", story.pk, five[0].pk, "merge")
    assert numbers(story) == "1345"
    five[0].refresh_from_db()
    assert (five[0].narration, five[0].duration_seconds) == ("Line 1. Line 2.", 14)
    door.post("board_act", story.pk, five[0].pk, "unmerge", **fields(answer))
    assert numbers(story) == "12345"
    rows = [
        (one.narration, one.duration_seconds, one.image_take_id)
        for one in Scene.live.filter(story=story)[:2]
    ]
    assert rows == [("Line 1.", 7, None), ("Line 2.", 7, kept.pk)]


def test_unmerge_of_what_was_changed_since(door, story, five, owner):
    answer = door.post("board_act", story.pk, five[0].pk, "merge")
    scenes.edit(five[0].pk, actor=owner, narration="Other words.")
    assert (
        door.post("board_act", story.pk, five[0].pk, "unmerge", **fields(answer)).status_code == 409
    )
    assert numbers(story) == "1345"


def test_merge_of_the_last(door, story, five):
    answer = door.post("board_act", story.pk, five[4].pk, "merge")
    assert (answer.status_code, said(answer)) == (422, "There is no scene after this one.")
    assert numbers(story) == "12345"


def test_act_that_does_not_exist(door, story, five):
    assert door.post("board_act", story.pk, five[4].pk, "explode").status_code == 404


def test_scene_of_another_story(door, story, five, owner):
    other = make_scene(make_story(owner))
    assert door.post("board_edit", story.pk, other.pk, title="x").status_code == 404
    assert door.post("board_act", story.pk, other.pk, "delete").status_code == 404
    other.refresh_from_db()
    assert (other.title, other.deleted_at) == ("Scene 1", None)


# Several


def test_many_delete_and_undo(door, story, five):
    answer = door.post(
        "board_many", story.pk, do="delete", scene=[str(five[i].pk) for i in (3, 0, 1)]
    )
    assert said(answer) == "3 scenes deleted. Their takes are kept."
    assert numbers(story) == "35"
    door.post("board_many", story.pk, **fields(answer))
    assert numbers(story) == "12345"


def test_many_approve_takes_only_what_is_not_judged(door, story, five, take, owner):
    first, second = take(five[0]), take(five[1], review_status="rejected", review_reason="dark")
    answer = door.post(
        "board_many", story.pk, do="approve", scene=[str(scene.pk) for scene in five]
    )
    assert said(answer) == "1 take approved."
    assert [Take.objects.get(pk=one.pk).review_status for one in (first, second)] == [
        "approved",
        "rejected",
    ]


def test_many_set_is_all_or_nothing(door, story, five):
    ids = [str(scene.pk) for scene in five]
    assert (
        door.post("board_many", story.pk, do="set", scene=ids, duration_seconds="601").status_code
        == 422
    )
    assert set(Scene.live.filter(story=story).values_list("duration_seconds", flat=True)) == {7}
    assert (
        door.post(
            "board_many", story.pk, do="set", scene=ids, duration_seconds="5", camera="still"
        ).status_code
        == 200
    )
    assert set(
        Scene.live.filter(story=story).values_list("duration_seconds", "prompt__camera")
    ) == {(5, "still")}


def test_many_of_nothing(door, story, five):
    assert door.post("board_many", story.pk, do="delete").status_code == 422
    assert door.post("board_many", story.pk, do="explode", scene=str(five[0].pk)).status_code == 404
    assert numbers(story) == "12345"


def test_many_set_is_undone_scene_by_scene(door, story, five):
    Scene.objects.filter(pk=five[1].pk).update(duration_seconds=9)
    ids = [str(five[0].pk), str(five[1].pk)]
    answer = door.post(
        "board_many", story.pk, do="set", scene=ids, duration_seconds="5", camera="still"
    )
    assert said(answer) == "2 scenes changed."
    back = door.post("board_many", story.pk, **fields(answer))
    assert said(back) == "2 scenes are as before."
    rows = list(
        Scene.live.filter(pk__in=ids)
        .order_by("position")
        .values_list("duration_seconds", "prompt__camera")
    )
    assert rows == [(7, five[0].prompt.camera), (9, five[1].prompt.camera)]
    door.post("board_many", story.pk, **fields(back))
    assert list(
        Scene.live.filter(pk__in=ids).values_list("duration_seconds", "prompt__camera")
    ) == [(5, "still"), (5, "still")]


def test_many_names_the_scene_that_is_in_the_way(door, story, five):
    Scene.objects.filter(pk=five[3].pk).update(duration_seconds=600)
    Story.objects.filter(pk=story.pk).update(duration_seconds=628)
    ids = [str(scene.pk) for scene in five]
    answer = door.post("board_many", story.pk, do="set", scene=ids, duration_seconds="0")
    assert answer.status_code == 422
    assert said(answer).startswith("Scene 1: ")
    assert said(answer).endswith(" Nothing was changed.")
    assert door.post("board_many", story.pk, do="set", scene=ids).status_code == 422
    assert sorted(Scene.live.filter(story=story).values_list("duration_seconds", flat=True)) == [
        7,
        7,
        7,
        7,
        600,
    ]


def test_many_approvals_are_taken_back(door, story, five, take, owner):
    for scene in five[:2]:
        take(scene)
    takes.review_take(five[1].image_take_id, review_status="approved", actor=owner)
    answer = door.post(
        "board_many", story.pk, do="approve", scene=[str(scene.pk) for scene in five]
    )
    assert said(answer) == "1 take approved."
    assert said(door.post("board_many", story.pk, **fields(answer))) == "1 verdict cleared."
    assert list(
        Take.objects.order_by("scene__position").values_list("review_status", flat=True)
    ) == ["unreviewed", "approved"]
