"""Scenes come and go and are written: saved on leaving the field, and nobody's words are lost."""

import pytest

from stories.models import Scene
from stories.services import enqueue, scenes

from .hands import card, saved, shown, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_menu_moves_splits_merges_and_deletes(enter, quiet_page, owner, story):
    scenes.edit(
        Scene.live.get(story=story, position=2).pk,
        actor=owner,
        narration="A boat leaves. The sea is calm.",
    )
    page = enter(quiet_page, owner, story)
    card(page, 2).get_by_role("button", name="More for scene 2").click()
    page.get_by_role("menuitem", name="Split at a sentence").click()
    page.get_by_role("button", name="Split here").click()
    wait_for_toast(page, "Scene split.")
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 6")
    assert [card(page, n).locator(".bd-narration").input_value() for n in (2, 3)] == [
        "A boat leaves.",
        "The sea is calm.",
    ]
    page.get_by_role("button", name="Undo").click()
    wait_for_toast(page, "The split is undone.")
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 5")
    card(page, 4).get_by_role("button", name="More for scene 4").click()
    page.get_by_role("menuitem", name="Delete").click()
    wait_for_toast(page, "Scene 4 deleted.")
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 4")
    assert saved(story) == "1235"
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 5")
    assert (shown(page), saved(story)) == ("12345", "12345")


def test_deleted_scene_is_at_once_among_those_to_restore_for_everybody(
    enter, page, another, owner, manager, story
):
    enqueue.enqueue_scene(
        Scene.live.get(story=story, position=5), "image", owner=owner
    )  # while something is made, boards ask for news
    enter(page, owner, story)
    enter(another, manager, story)
    kept = page.locator("#bd-deleted")
    assert kept.is_hidden()
    for title in ("Scene 4", "Scene 2"):
        number = shown(page).index(title[-1]) + 1
        card(page, number).get_by_role("button", name=f"More for scene {number}").click()
        page.get_by_role("menuitem", name="Delete").click()
        wait_for_toast(page, f"Scene {number} deleted.")
    kept.get_by_text("2 deleted scenes").click()
    assert kept.locator("li b").all_inner_texts() == ["Scene 2", "Scene 4"]
    another.locator("#bd-deleted").get_by_text("2 deleted scenes").wait_for()
    kept.get_by_role("button", name="Restore").first.click()
    wait_for_toast(page, "The scene is back.")
    kept.get_by_text("1 deleted scene").and_(page.locator("summary")).filter(
        has_not_text="scenes"
    ).wait_for()
    assert kept.locator("li b").all_inner_texts() == ["Scene 4"], "the list stays open"
    assert page.evaluate("document.activeElement.localName") == "summary"
    assert (shown(page), saved(story)) == ("1235", "1235")
    kept.get_by_role("button", name="Restore").click()
    kept.wait_for(state="hidden")
    assert (shown(page), saved(story)) == ("12345", "12345")


def test_words_are_saved_on_leaving_the_field_with_errors_beside_it(enter, page, owner, story):
    enter(page, owner, story)
    title = card(page, 1).get_by_label("Title")
    title.fill("The harbour")
    title.press("Enter")
    length = card(page, 2).get_by_label("Length in seconds")
    length.fill("0")
    length.blur()
    error = card(page, 2).get_by_role("alert")
    error.wait_for()
    assert "greater than or equal to 1" in error.inner_text()
    assert length.get_attribute("aria-invalid") == "true"
    length.fill("9")
    length.blur()
    error.wait_for(state="detached")
    page.get_by_text("0:37").first.wait_for()  # the film is two seconds longer
    rows = list(Scene.live.filter(story=story).values_list("title", "duration_seconds")[:2])
    assert rows == [("The harbour", 7), ("Scene 2", 9)]
    with page.expect_response("**/edit/"):
        card(page, 3).get_by_label("Camera").select_option("still")
    assert Scene.live.get(story=story, position=3).prompt.camera == "still"


def test_two_people_write_at_once(enter, page, another, owner, manager, story):
    enter(page, owner, story)
    enter(another, manager, story)
    for window, words in ((another, "Theirs."), (page, "Mine.")):
        field = card(window, 1).get_by_label("Narration")
        field.fill(words)
        field.blur()
        window.wait_for_timeout(500)
    beside = card(page, 1).locator(".bd-beside")
    beside.wait_for()
    assert "Theirs." in beside.inner_text()
    assert card(page, 1).get_by_label("Narration").input_value() == "Mine."
    assert Scene.live.get(story=story, position=1).narration == "Theirs."
    beside.get_by_role("button", name="Keep mine").click()
    beside.wait_for(state="detached")
    card(page, 1).get_by_label("Narration").blur()
    page.wait_for_timeout(300)
    assert Scene.live.get(story=story, position=1).narration == "Mine."
