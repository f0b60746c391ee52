"""What was typed, approved or paused is not lost from sight: deleted scenes, uploads over approved
takes, pauses.
"""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from jobs.models import Pause
from providers.models import AIProviderConfig
from stories.models import Scene, Take
from stories.services import scene_values, scenes
from stories.web.takes import other_shape
from tests.markup import flat
from tests.pictures import picture
from tests.stories.web.board.test_scene_order import toast_of


def text(answer):
    return flat(answer)


def upload(pages, story, scene, **values):
    return pages.post(
        "board_upload",
        story.pk,
        scene.pk,
        kind="image",
        file=SimpleUploadedFile("a.png", picture("#00ff00", (320, 180))),
        **values,
    )


# A scene that somebody deleted


@pytest.mark.parametrize("name", ["title", "narration", "text", "camera", "duration_seconds"])
def test_text_for_a_deleted_scene_is_refused_and_the_scene_can_be_brought_back(
    pages, story, five, owner, name
):
    scenes.delete(five[2].pk, actor=owner)
    before = Scene.objects.filter(pk=five[2].pk).values().get()
    values = {
        "title": "typed",
        "narration": "typed",
        "text": "typed",
        "camera": "still",
        "duration_seconds": "9",
    }
    answer = pages.post(
        "board_edit", story.pk, five[2].pk, **{name: values[name], f"seen_{name}": "x"}
    )
    assert answer.status_code == 409
    page = text(answer)
    assert f'data-beside="{name}" data-scene="{five[2].pk}"' in page
    assert "data-gone" in page
    assert "Somebody deleted this scene meanwhile. Your text is kept here." in page
    assert Scene.objects.filter(pk=five[2].pk).values().get() == before
    pages.client.post(re.search(r'data-restore="([^"]+)"', page)[1], headers={"hx-request": "true"})
    assert pages.post("board_edit", story.pk, five[2].pk, **{name: values[name]}).status_code == 200


def test_without_scripts_the_form_comes_back_with_the_text(pages, story, five, owner):
    scenes.delete(five[2].pk, actor=owner)
    answer = pages.post(
        "board_edit", story.pk, five[2].pk, live=False, narration="What I typed", seen_narration="x"
    )
    assert answer.status_code == 409
    assert "What I typed" in text(answer)
    assert (
        f'formaction="{reverse("admin:board_act", args=[story.pk, five[2].pk, "restore"])}"'
        in text(answer)
    )


def test_the_same_text_twice_is_no_conflict_with_oneself(pages, story, five):
    seen = scene_values.fingerprint(five[0].narration)
    for _ in range(2):  # once on the way out of the page, once by the page that comes back
        assert (
            pages.post(
                "board_edit", story.pk, five[0].pk, narration="typed", seen_narration=seen
            ).status_code
            == 200
        )
    assert (
        pages.post(
            "board_edit", story.pk, five[0].pk, narration="other", seen_narration=seen
        ).status_code
        == 409
    )


def test_a_field_that_was_not_left_is_not_written(pages, story, five):
    """The page sends its whole form; what somebody else has written into the other fields stays."""
    Scene.objects.filter(pk=five[0].pk).update(title="By another")
    seen = scene_values.fingerprint(five[0].narration)
    answer = pages.post(
        "board_edit", story.pk, five[0].pk, title="Scene 1", narration="mine", seen_narration=seen
    )
    assert answer.status_code == 200
    assert Scene.objects.filter(pk=five[0].pk).values_list("title", "narration").get() == (
        "By another",
        "mine",
    )


def test_a_file_for_a_deleted_scene_is_refused_in_words_and_nothing_else_changes(
    pages, story, five, owner
):
    scenes.delete(five[2].pk, actor=owner)
    answer = upload(pages, story, five[2])
    assert answer.status_code == 409
    assert toast_of(answer) == "This scene has been deleted. Nothing was changed."
    assert "bd-panel-body" not in text(answer), "the form with its file stays as it is"
    assert Take.objects.count() == 0
    assert Scene.objects.get(pk=five[2].pk).deleted_at is not None
    scenes.restore(five[2].pk, actor=owner)
    assert upload(pages, story, five[2]).status_code == 200
    assert Take.objects.get().scene == five[2]


# An upload beside an approved take


@pytest.mark.parametrize(
    ("choice", "replaced"),
    [
        ({}, False),
        ({"choice": "take"}, False),
        ({"choice": "replace"}, True),
        ({"choice": "x"}, False),
    ],
)
def test_an_upload_replaces_an_approved_take_only_if_a_person_says_so(
    pages, story, five, take, choice, replaced
):
    approved = take(five[0], review_status="approved")
    answer = upload(pages, story, five[0], **choice)
    assert answer.status_code == 200
    new = Take.objects.exclude(pk=approved.pk).get()
    assert Scene.objects.get(pk=five[0].pk).image_take_id == (new.pk if replaced else approved.pk)
    other = approved if replaced else new
    assert reverse("admin:board_choose", args=[story.pk, other.pk]) in text(answer), (
        "and there is a way to the other"
    )


@pytest.mark.parametrize("before", [None, "unreviewed", "rejected"])
def test_an_upload_takes_the_place_of_what_is_not_approved(pages, story, five, take, before):
    old = take(five[0], review_status=before, review_reason="x") if before else None
    upload(pages, story, five[0])
    assert (
        Scene.objects.get(pk=five[0].pk).image_take
        == Take.objects.exclude(pk=old.pk if old else None).get()
    )


def test_the_question_stands_in_the_form(pages, story, five, take):
    assert 'name="choice"' not in text(pages.get("board_scene", story.pk, five[0].pk))
    take(five[0], review_status="approved")
    form = (
        text(pages.get("board_scene", story.pk, five[0].pk))
        .split("data-upload")[1]
        .split("</form>")[0]
    )
    assert re.findall(r'name="choice" value="(\w+)"( checked)?', form) == [
        ("take", " checked"),
        ("replace", ""),
    ]
    assert 'data-width="1280" data-height="720" data-ratio="16:9"' in form


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((1080, 1920), "It has 1080 × 1920; to fit 16:9, 68% of it is cut off."),
        ((100, 100), "It has 100 × 100; to fit 16:9, 44% of it is cut off."),
        ((1280, 720), ""),
        ((1921, 1080), ""),
    ],
)
def test_what_is_cut_off_is_said(story, size, words):
    assert other_shape(story, *size) == words


def test_the_answer_to_an_upload_says_it_too(pages, story, five):
    answer = pages.post(
        "board_upload",
        story.pk,
        five[0].pk,
        kind="image",
        file=SimpleUploadedFile("a.png", picture("#00ff00", (90, 160))),
    )
    assert (
        toast_of(answer)
        == "Your file is the chosen take now. It has 90 × 160; to fit 16:9, 68% of it is cut off."
    )


# A pause


@pytest.mark.moderate
def test_a_pause_is_said_on_board_and_story_page(pages, story, five):
    Pause.objects.create(name="", reason="Lunch")
    AIProviderConfig.objects.filter(provider="local").update(
        is_paused=True, pause_reason="New prices"
    )
    AIProviderConfig.objects.filter(provider="stability_ai").update(
        is_paused=True, pause_reason="Not of this story"
    )
    board = text(pages.get("stories_story_board", story.pk, live=False))
    page = text(pages.client.get(reverse("admin:stories_story_board", args=[story.pk])))
    for shown in (board, page):
        assert "The queue is paused: nothing is made." in shown
        assert "Lunch" in shown
        assert "New prices" in shown
        assert "Not of this story" not in shown
    Pause.objects.all().delete()
    AIProviderConfig.objects.update(is_paused=False)
    assert (
        "paused"
        not in text(pages.get("stories_story_board", story.pk, live=False))
        .split('id="bd-hint"')[1]
        .split("<ol")[0]
    )


# The review in sight


def test_review_of_the_take_in_the_film_stands_before_the_takes(pages, story, five, take):
    take(five[0])
    panel = text(pages.get("board_scene", story.pk, five[0].pk))
    bar = panel.split('class="bd-verdict"')[1].split("</div>")[0]
    assert panel.index('class="bd-verdict"') < panel.index('class="bd-takes"')
    assert 'value="approved"' in bar
    assert 'name="reason"' in bar
