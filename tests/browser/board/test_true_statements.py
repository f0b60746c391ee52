"""The board says what is true: a refused attempt, a scene that is gone,
a text that is under way.
"""

import re
from pathlib import Path

import pytest
from django.utils import timezone

from jobs.enums import JobStatus
from jobs.models import Job
from stories.models import Scene, Take
from stories.services import enqueue, scenes
from tests.pictures import picture
from tests.stories.factories import make_take

from .hands import card, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REFUSED = {"template": "%(provider)s refused the content.", "values": {"provider": "Stability AI"}}


def fail(job):
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.FAILED, finished_at=timezone.now(), note_data=REFUSED
    )


def test_a_refused_retake_is_said_on_the_card_in_a_toast_and_in_the_filter(
    enter, quiet_page, owner, story
):
    first = Scene.live.get(story=story, position=1)
    job, _ = enqueue.enqueue_scene(first, "image", owner=owner)
    page = enter(quiet_page, owner, story)
    card(page, 1).get_by_text("Picture is in the queue").wait_for()
    fail(job)
    wait_for_toast(page, "Scene 1: Picture failed: Stability AI refused the content.")
    assert (
        card(page, 1).get_by_text("Picture failed: Stability AI refused the content.").is_visible()
    )
    page.get_by_role("link", name=re.compile("Failed")).click()
    page.wait_for_function(
        "[...document.querySelectorAll('#bd-scenes > li')].filter((card) => "
        "!card.hidden).length === 1"
    )
    card(page, 1).locator(".bd-open").click()
    page.locator("#bd-panel .bd-failed", has_text="Stability AI refused the content.").wait_for()


def test_text_for_a_scene_that_is_gone_stays_and_comes_back_with_it(enter, page, owner, story):
    third = Scene.live.get(story=story, position=3)
    enter(page, owner, story)
    field = card(page, 3).get_by_label("Narration")
    field.fill("What I typed")
    scenes.delete(third.pk, actor=owner)
    field.blur()
    beside = page.locator(".bd-beside[data-gone]")
    beside.wait_for()
    assert "Somebody deleted this scene meanwhile. Your text is kept here." in beside.inner_text()
    field.focus()
    field.blur()
    page.wait_for_timeout(400)
    assert beside.is_visible(), "leaving the field again does not take the warning away"
    assert field.input_value() == "What I typed"
    beside.get_by_role("button", name="Bring the scene back").click()
    beside.wait_for(state="detached")
    page.wait_for_timeout(800)
    third.refresh_from_db()
    assert (third.deleted_at, third.narration) == (None, "What I typed")


def test_a_card_of_a_deleted_scene_is_no_scene_of_the_row(enter, page, owner, story):
    third = Scene.live.get(story=story, position=3)
    enqueue.enqueue_scene(
        Scene.live.get(story=story, position=5), "image", owner=owner
    )  # so that the page looks for news
    enter(page, owner, story)
    field = card(page, 3).get_by_label("Narration")
    field.fill("What I typed")
    scenes.delete(third.pk, actor=owner)
    page.locator(".bd-beside[data-gone]").wait_for()
    numbers = page.locator("#bd-scenes > li:not(.bd-gone) .bd-n").all_inner_texts()
    assert numbers == ["1", "2", "3", "4"]
    assert field.input_value() == "What I typed"


def test_who_reloads_in_the_middle_of_a_text_finds_it_and_has_no_conflict_with_themselves(
    enter, page, owner, story
):
    enter(page, owner, story)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    card(page, 1).get_by_label("Narration").fill("Half a sen")
    page.reload()
    field = card(page, 1).get_by_label("Narration")
    page.wait_for_function(
        "document.querySelector('#bd-scenes .bd-narration').value === 'Half a sen'"
    )
    field.fill("Half a sentence.")
    field.blur()
    page.wait_for_timeout(1000)
    assert page.locator(".bd-beside").count() == 0
    assert Scene.live.get(story=story, position=1).narration == "Half a sentence."
    assert asked == [], "a text that is sent on the way out asks nothing"


def test_a_click_on_a_tab_right_after_typing_saves_and_asks_nothing(enter, page, owner, story):
    enter(page, owner, story)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    card(page, 1).get_by_label("Narration").fill("Typed")
    page.get_by_role("navigation", name="Parts of the story").get_by_role(
        "link", name="Film", exact=True
    ).click()
    page.wait_for_url("**/film/")
    page.wait_for_timeout(500)
    assert asked == []
    assert Scene.live.get(story=story, position=1).narration == "Typed"


def test_an_upload_says_what_is_cut_off_before_it_is_sent_and_asks_over_an_approved_take(
    enter, quiet_page, owner, story, tmp_path
):
    first = Scene.live.get(story=story, position=1)
    Take.objects.filter(scene=first).update(review_status="approved")
    file = Path(tmp_path / "tall.png")
    file.write_bytes(picture("red", (108, 192)))
    page = enter(quiet_page, owner, story)
    card(page, 1).locator(".bd-open").click()
    panel = page.locator("#bd-panel")
    panel.locator("input[type=file][accept^=image]").set_input_files(file)
    panel.locator(
        "[data-fit]", has_text="108 × 192: to fit 16:9, 68 % of it is cut off."
    ).wait_for()
    assert panel.get_by_label("Only a take; the approved one stays in the film").is_checked()
    panel.get_by_role("button", name="Upload").click()
    panel.get_by_text("The approved take stays in the film.").wait_for()
    assert Scene.live.get(pk=first.pk).image_take_id == first.image_take_id


def test_review_is_in_sight_without_scrolling(enter, quiet_page, owner, story):
    make_take(
        Scene.live.get(story=story, position=1), chosen=False, content=picture("black", (640, 360))
    )
    page = enter(quiet_page, owner, story)
    card(page, 1).locator(".bd-open").click()
    bar = page.locator("#bd-panel .bd-verdict")
    bar.wait_for()
    page.wait_for_timeout(400)
    box = bar.bounding_box()
    assert box["y"] + box["height"] <= 900
    bar.get_by_label("Why? A reason helps to improve the next take.").fill("Too dark")
    bar.get_by_role("button", name="Reject").click()
    wait_for_toast(page, "Take rejected.")
    assert Scene.live.get(story=story, position=1).image_take.review_reason == "Too dark"


@pytest.mark.parametrize("width", [1440, 1100])
def test_the_keys_stand_beside_the_last_button(enter, quiet_page, owner, story, width):
    """In the bar of a review no button stands alone on a line, and the reason has room."""
    page = enter(quiet_page, owner, story)
    page.set_viewport_size({"width": width, "height": 900})
    card(page, 1).locator(".bd-open").click()
    bar = page.locator("#bd-panel .bd-verdict")
    bar.wait_for()
    page.wait_for_timeout(400)
    three, keys = (
        bar.get_by_role("button", name=name).bounding_box() for name in ("Three", "Keys")
    )
    assert (keys["y"], keys["x"]) == (three["y"], three["x"] + three["width"] + 8)
    assert bar.get_by_label("Why? A reason").bounding_box()["width"] > 140


def test_account_menu_by_keyboard(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    button = page.get_by_role("button", name="Account of owner")
    button.focus()
    page.keyboard.press("Enter")
    log_out = page.get_by_role("button", name="Log out")
    log_out.wait_for()
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    log_out.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.getAttribute('aria-controls')") == "vp-account"
    page.keyboard.press("Enter")
    log_out.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/log**")
