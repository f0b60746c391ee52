"""Scenes change places: by mouse and by key, by two people at once,
and never where it is refused.
"""

import pytest

from jobs.enums import JobStatus
from stories.enums import StoryStatus
from stories.models import Scene, Story
from stories.services import enqueue

from .hands import card, drag, saved, shown, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_drag_by_mouse_is_saved_by_one_request_and_undone_by_key(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    posts = []
    page.on(
        "request", lambda request: posts.append(request.url) if request.method == "POST" else None
    )
    drag(page, 1, 3)
    wait_for_toast(page, "Scene moved.")
    assert (shown(page), saved(story)) == ("23145", "23145")
    assert [url.rsplit("/", 2)[-2] for url in posts] == ["order"]
    assert card(page, 3).locator(".bd-n").inner_text() == "3"
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('.bd-title').value === 'Scene 1'")
    assert (shown(page), saved(story)) == ("12345", "12345")
    page.reload()
    assert shown(page) == "12345"


def test_move_by_key_says_where_the_scene_is(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    grip = card(page, 1).get_by_role("button", name="Move scene 1")
    grip.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#bd-announce").inner_text() == "Place 3 of 5."
    page.keyboard.press("Escape")
    assert page.locator("#bd-announce").inner_text() == "Scene put back at place 1."
    assert (shown(page), saved(story)) == ("12345", "12345")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    wait_for_toast(page, "Scene moved.")
    assert (shown(page), saved(story)) == ("23451", "23451")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move scene 5"


def test_two_people_order_at_once(enter, page, another, owner, manager, story):
    enter(page, owner, story)
    enter(another, manager, story)
    drag(another, 1, 2)
    wait_for_toast(another, "Scene moved.")
    drag(page, 4, 3)
    wait_for_toast(page, "Somebody else has changed the order")
    assert shown(page) == "21345", "the other person's order is shown"
    assert saved(story) == "21345"
    page.get_by_role("button", name="Move it anyway").click()
    wait_for_toast(page, "Scene moved.")
    assert shown(page) == saved(story)
    assert saved(story).index("4") < saved(story).index("3")


def test_move_that_is_refused_is_not_shown(enter, page, owner, story):
    enter(page, owner, story)
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.ARCHIVED)
    drag(page, 1, 3)
    wait_for_toast(page, "Scenes cannot be changed")
    page.wait_for_function("document.querySelector('.bd-title').value === 'Scene 1'")
    assert (shown(page), saved(story)) == ("12345", "12345")


def test_lock_and_unlock_are_seen_without_a_reload(enter, quiet_page, owner, story):
    job, _ = enqueue.enqueue_scene(Scene.live.get(story=story, position=5), "image", owner=owner)
    page = enter(quiet_page, owner, story)
    grip = card(page, 1).locator("[data-grip]")
    assert grip.count() == 1
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.RENDERING)
    page.get_by_text("The scenes are locked").wait_for()
    assert (grip.count(), card(page, 1).get_by_label("Title").get_attribute("readonly")) == (0, "")
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.COMPLETED)
    page.get_by_text("The scenes are locked").wait_for(state="detached")
    drag(page, 1, 2)
    wait_for_toast(page, "Scene moved.")
    assert saved(story) == "21345"
    type(job).objects.filter(pk=job.pk).update(status=JobStatus.CANCELLED)


def test_the_focus_goes_with_a_scene_that_is_moved_by_its_menu(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    opener = card(page, 1).locator("[data-menu]")
    opener.press("Enter")
    page.locator("#bd-menu [data-step=last]").press("Enter")
    wait_for_toast(page, "Scene moved.")
    assert saved(story) == "23451"
    assert page.evaluate(
        "document.activeElement.closest('.bd-card')?.querySelector('.bd-title').value"
    ) == "Scene 1"  # fmt: skip
