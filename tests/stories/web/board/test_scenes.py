import re

import pytest

from stories.models import Scene, Story, Take
from stories.services import scenes, takes
from stories.services.scene_values import fingerprint
from stories.web.scenes import cuts
from tests.markup import flat
from tests.stories.factories import make_scene, make_story
from tests.stories.web.board.test_scene_order import fields, numbers, toast_of


def text(answer):
    return flat(answer)


def test_edit_saves_one_field_and_answers_with_the_card(pages, story, five):
    answer = pages.post(
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
def test_edit_says_beside_the_field_what_is_wrong(pages, story, five, field, value, why):
    before = Scene.objects.values().get(pk=five[0].pk)
    answer = pages.post("board_edit", story.pk, five[0].pk, **{field: value})
    assert answer.status_code == 422
    assert f'data-beside="{field}"' in text(answer)
    assert why in text(answer)
    assert Scene.objects.values().get(pk=five[0].pk) == before


def test_edit_of_what_somebody_else_wrote_keeps_both(pages, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, narration="Theirs.")
    answer = pages.post(
        "board_edit", story.pk, five[0].pk, narration="Mine.", seen_narration=fingerprint("Line 1.")
    )
    assert answer.status_code == 409
    assert "</small>Theirs.</blockquote>" in text(answer)
    assert f'data-keep-mine="{fingerprint("Theirs.")}"' in text(answer)
    five[0].refresh_from_db()
    assert five[0].narration == "Theirs."
    assert (
        pages.post(
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


def test_edit_of_another_field_than_somebody_else_is_no_conflict(pages, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, narration="Theirs.")
    assert (
        pages.post(
            "board_edit", story.pk, five[0].pk, title="Mine", seen_title=fingerprint("Scene 1")
        ).status_code
        == 200
    )
    five[0].refresh_from_db()
    assert (five[0].title, five[0].narration) == ("Mine", "Theirs.")


def test_edit_to_the_same_as_somebody_else_is_no_conflict(pages, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, narration="The same.")
    assert (
        pages.post(
            "board_edit",
            story.pk,
            five[0].pk,
            narration="The same.",
            seen_narration=fingerprint("Line 1."),
        ).status_code
        == 200
    )


def test_edit_without_scripts(pages, story, five):
    answer = pages.post(
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
        f"{pages.address('stories_story_board', story.pk)}#scene-{five[0].pk}",
    )
    five[0].refresh_from_db()
    assert (five[0].title, five[0].prompt.camera, five[0].duration_seconds) == ("Other", "still", 9)


def test_edit_without_scripts_shows_the_form_again(pages, story, five, owner):
    scenes.edit(five[0].pk, actor=owner, title="Theirs")
    values = {
        "title": "Mine",
        "seen_title": fingerprint("Scene 1"),
        "narration": "Long words of mine",
    }
    answer = pages.post("board_edit", story.pk, five[0].pk, live=False, **values)
    assert answer.status_code == 409
    assert 'value="Mine"' in text(answer)
    assert "Theirs" in text(answer)
    assert "Long words of mine" in text(answer)
    assert f'name="seen_title" value="{fingerprint("Theirs")}"' in text(answer)


@pytest.mark.parametrize(
    ("name", "label", "is_long"),
    [
        ("text_en", "Prompt in English", True),
        ("negative", "What to avoid", True),
        ("style", "Style", False),
        ("seed", "Seed", False),
    ],
)
def test_form_after_a_conflict_names_each_field_and_keeps_its_lines(
    pages, story, five, owner, name, label, is_long
):
    theirs, mine = ("8", "9") if name == "seed" else ("Theirs", "Mine\nin two lines")
    before = str(getattr(five[0].prompt, name))
    scenes.edit(five[0].pk, actor=owner, **{name: int(theirs) if name == "seed" else theirs})
    sent = {name: mine, f"seen_{name}": fingerprint(before)}
    answer = pages.post("board_edit", story.pk, five[0].pk, live=False, **sent)
    assert answer.status_code == 409
    field = "textarea" if is_long else "input"
    assert re.search(rf'<label class="vp-field"> ?{label} <{field} name="{name}"', text(answer))
    if is_long:
        page = answer.content.decode()
        assert re.search(rf'<textarea name="{name}" rows="3"\s*>{mine}</textarea>', page)


def test_text_of_a_person_is_never_markup(pages, story, five):
    answer = pages.post(
        "board_edit", story.pk, five[0].pk, narration="</textarea><script>alert(1)</script>"
    )
    assert "<script>" not in text(answer)
    assert "&lt;/textarea&gt;" in text(answer)


def test_insert_behind_a_scene_and_back(pages, story, five):
    assert "after scene 2" in text(pages.get("board_insert", story.pk, after=str(five[1].pk)))
    answer = pages.post(
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
    assert pages.post("board_act", story.pk, made.pk, "delete").status_code == 200
    assert numbers(story) == "12345"


def test_insert_at_the_beginning_and_with_what_cannot_be(pages, story, five):
    answer = pages.post(
        "board_insert", story.pk, text=" ", title="kept", duration_seconds="4", camera="still"
    )
    assert (answer.status_code, numbers(story)) == (422, "12345")
    assert "This field cannot be blank." in text(answer)
    assert 'value="kept"' in text(answer)
    pages.post("board_insert", story.pk, text="x", title="N", duration_seconds="4", camera="still")
    assert numbers(story) == "N12345"


def test_delete_and_undo(pages, story, five):
    answer = pages.post("board_act", story.pk, five[2].pk, "delete")
    assert toast_of(answer) == "Scene 3 deleted. Its takes are kept."
    assert numbers(story) == "1245"
    assert f"{five[2].pk}/do/restore/" in text(answer)
    pages.post("board_act", story.pk, five[2].pk, "restore")
    assert numbers(story) == "12345"


def test_duplicate_and_undo(pages, story, five):
    answer = pages.post("board_act", story.pk, five[2].pk, "duplicate")
    assert numbers(story) == "123345"
    copy = Scene.live.get(story=story, position=4)
    assert f"{copy.pk}/do/delete/" in text(answer)


def test_split_at_a_sentence_and_undo(pages, owner):
    story = make_story(owner, status="planned")
    scene = make_scene(
        story, narration="A boat leaves. The sea is calm. Nobody waves.", duration_seconds=9
    )
    assert [at for at, _, _ in cuts(scene.narration)] == [15, 32]
    assert text(pages.get("board_split", story.pk, scene.pk)).count("Split here") == 2
    answer = pages.post("board_act", story.pk, scene.pk, "split", at="15")
    assert [(one.narration, one.duration_seconds) for one in Scene.live.filter(story=story)] == [
        ("A boat leaves.", 3),
        ("The sea is calm. Nobody waves.", 6),
    ]
    assert f"{scene.pk}/do/unsplit/" in text(answer)
    assert (
        pages.post("board_act", story.pk, scene.pk, "unsplit", **fields(answer)).status_code == 200
    )
    assert [
        (one.narration, one.duration_seconds, one.prompt_id)
        for one in Scene.objects.filter(story=story)
    ] == [(scene.narration, 9, scene.prompt_id)]


@pytest.mark.parametrize("changed", ["narration", "text"])
def test_a_split_is_not_undone_over_what_was_written_since(pages, owner, changed):
    story = make_story(owner, status="planned")
    scene = make_scene(story, narration="A boat leaves. The sea is calm.", duration_seconds=9)
    undo = fields(pages.post("board_act", story.pk, scene.pk, "split", at="15"))
    second = Scene.live.get(story=story, position=2)
    scenes.edit(second.pk, actor=owner, **{changed: "Something else."})
    answer = pages.post("board_act", story.pk, scene.pk, "unsplit", **undo)
    assert (
        toast_of(answer)
        == "The scene has been changed since it was split. Join the two scenes instead."
    )
    assert Scene.live.filter(story=story).count() == 2


def test_the_second_half_is_kept_if_it_has_a_take(pages, owner, take):
    story = make_story(owner, status="planned")
    scene = make_scene(story, narration="A boat leaves. The sea is calm.", duration_seconds=9)
    undo = fields(pages.post("board_act", story.pk, scene.pk, "split", at="15"))
    made = take(Scene.live.get(story=story, position=2))
    pages.post("board_act", story.pk, scene.pk, "unsplit", **undo)
    assert Scene.live.get(story=story).narration == scene.narration
    assert Scene.objects.get(pk=made.scene_id).deleted_at is not None


@pytest.mark.parametrize("sent", ["", "x", "a:b:c"])
def test_what_a_split_was_made_of_is_not_taken_from_a_form(pages, story, five, sent):
    assert pages.post("board_act", story.pk, five[0].pk, "unsplit", split=sent).status_code == 404


@pytest.mark.parametrize("narration", ["", "One sentence only", "한 문장뿐입니다."])
def test_nowhere_to_split(narration):
    assert cuts(narration) == []


def test_cuts_of_korean_sentences():
    found = cuts("배가 떠납니다. 바다는 고요합니다. 아무도 손을 흔들지 않습니다.")
    assert [head for _, head, _ in found] == ["배가 떠납니다.", "배가 떠납니다. 바다는 고요합니다."]


def test_merge_and_undo_brings_both_back(pages, story, five, take):
    kept = take(five[1])
    answer = pages.post("board_act", story.pk, five[0].pk, "merge")
    assert numbers(story) == "1345"
    five[0].refresh_from_db()
    assert (five[0].narration, five[0].duration_seconds) == ("Line 1. Line 2.", 14)
    pages.post("board_act", story.pk, five[0].pk, "unmerge", **fields(answer))
    assert numbers(story) == "12345"
    rows = [
        (one.narration, one.duration_seconds, one.image_take_id)
        for one in Scene.live.filter(story=story)[:2]
    ]
    assert rows == [("Line 1.", 7, None), ("Line 2.", 7, kept.pk)]


def test_unmerge_of_what_was_changed_since(pages, story, five, owner):
    answer = pages.post("board_act", story.pk, five[0].pk, "merge")
    scenes.edit(five[0].pk, actor=owner, narration="Other words.")
    assert (
        pages.post("board_act", story.pk, five[0].pk, "unmerge", **fields(answer)).status_code
        == 409
    )
    assert numbers(story) == "1345"


def test_merge_of_the_last(pages, story, five):
    answer = pages.post("board_act", story.pk, five[4].pk, "merge")
    assert (answer.status_code, toast_of(answer)) == (422, "There is no scene after this one.")
    assert numbers(story) == "12345"


def test_act_that_does_not_exist(pages, story, five):
    assert pages.post("board_act", story.pk, five[4].pk, "explode").status_code == 404


def test_scene_of_another_story(pages, story, five, owner):
    other = make_scene(make_story(owner))
    assert pages.post("board_edit", story.pk, other.pk, title="x").status_code == 404
    assert pages.post("board_act", story.pk, other.pk, "delete").status_code == 404
    other.refresh_from_db()
    assert (other.title, other.deleted_at) == ("Scene 1", None)


# Several


def test_many_delete_and_undo(pages, story, five):
    answer = pages.post(
        "board_many", story.pk, do="delete", scene=[str(five[i].pk) for i in (3, 0, 1)]
    )
    assert toast_of(answer) == "3 scenes deleted. Their takes are kept."
    assert numbers(story) == "35"
    pages.post("board_many", story.pk, **fields(answer))
    assert numbers(story) == "12345"


def test_many_approve_takes_only_what_is_not_judged(pages, story, five, take, owner):
    first, second = take(five[0]), take(five[1], review_status="rejected", review_reason="dark")
    answer = pages.post(
        "board_many", story.pk, do="approve", scene=[str(scene.pk) for scene in five]
    )
    assert toast_of(answer) == "1 take approved."
    assert [Take.objects.get(pk=one.pk).review_status for one in (first, second)] == [
        "approved",
        "rejected",
    ]


def test_many_set_is_all_or_nothing(pages, story, five):
    ids = [str(scene.pk) for scene in five]
    assert (
        pages.post("board_many", story.pk, do="set", scene=ids, duration_seconds="601").status_code
        == 422
    )
    assert set(Scene.live.filter(story=story).values_list("duration_seconds", flat=True)) == {7}
    assert (
        pages.post(
            "board_many", story.pk, do="set", scene=ids, duration_seconds="5", camera="still"
        ).status_code
        == 200
    )
    assert set(
        Scene.live.filter(story=story).values_list("duration_seconds", "prompt__camera")
    ) == {(5, "still")}


def test_many_of_nothing(pages, story, five):
    assert pages.post("board_many", story.pk, do="delete").status_code == 422
    assert (
        pages.post("board_many", story.pk, do="explode", scene=str(five[0].pk)).status_code == 404
    )
    assert numbers(story) == "12345"


@pytest.mark.moderate
def test_many_set_is_undone_scene_by_scene(pages, story, five):
    Scene.objects.filter(pk=five[1].pk).update(duration_seconds=9)
    ids = [str(five[0].pk), str(five[1].pk)]
    answer = pages.post(
        "board_many", story.pk, do="set", scene=ids, duration_seconds="5", camera="still"
    )
    assert toast_of(answer) == "2 scenes changed."
    back = pages.post("board_many", story.pk, **fields(answer))
    assert toast_of(back) == "The changes to 2 scenes are undone."
    rows = list(
        Scene.live.filter(pk__in=ids)
        .order_by("position")
        .values_list("duration_seconds", "prompt__camera")
    )
    assert rows == [(7, five[0].prompt.camera), (9, five[1].prompt.camera)]
    pages.post("board_many", story.pk, **fields(back))
    assert list(
        Scene.live.filter(pk__in=ids).values_list("duration_seconds", "prompt__camera")
    ) == [(5, "still"), (5, "still")]


def test_many_names_the_scene_that_is_in_the_way(pages, story, five):
    Scene.objects.filter(pk=five[3].pk).update(duration_seconds=600)
    Story.objects.filter(pk=story.pk).update(duration_seconds=628)
    ids = [str(scene.pk) for scene in five]
    answer = pages.post("board_many", story.pk, do="set", scene=ids, duration_seconds="0")
    assert answer.status_code == 422
    assert toast_of(answer).startswith("Scene 1: ")
    assert toast_of(answer).endswith(" Nothing was changed.")
    assert pages.post("board_many", story.pk, do="set", scene=ids).status_code == 422
    assert sorted(Scene.live.filter(story=story).values_list("duration_seconds", flat=True)) == [
        7,
        7,
        7,
        7,
        600,
    ]


def test_many_approvals_are_taken_back(pages, story, five, take, owner):
    for scene in five[:2]:
        take(scene)
    takes.review_take(five[1].image_take_id, review_status="approved", actor=owner)
    answer = pages.post(
        "board_many", story.pk, do="approve", scene=[str(scene.pk) for scene in five]
    )
    assert toast_of(answer) == "1 take approved."
    assert toast_of(pages.post("board_many", story.pk, **fields(answer))) == "1 verdict cleared."
    assert list(
        Take.objects.order_by("scene__position").values_list("review_status", flat=True)
    ) == ["unreviewed", "approved"]
