"""The player and the strip: what exists is played, and scenes are ordered, cut and lengthened."""

import pytest
from django.db import connection

from stories.models import Scene
from tests.stories.factories import make_scene, make_story

from .hands import saved, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(Math.round(entry.duration));
}).observe({ type: "longtask", buffered: true });
"""


def opened(page):
    page.locator("#wb .wb-block").first.wait_for()
    return page.locator("[data-wb-strip]")


def lengths(story):
    return list(
        Scene.live.filter(story=story)
        .order_by("position")
        .values_list("duration_seconds", flat=True)
    )


def test_what_exists_is_played_by_keys(enter, quiet_page, owner, story):
    Scene.live.filter(story=story, position=1).update(narration="A boat leaves.")
    page = enter(quiet_page, owner, story)
    opened(page)
    page.wait_for_function("document.querySelector('.wb-front img')?.naturalWidth > 0")
    assert page.locator("[data-wb-caption]").inner_text() == "A boat leaves."
    assert page.locator("[data-wb-time]").inner_text() == "0:00.0 / 0:35"
    page.locator("body").press(".")
    page.wait_for_function("parseFloat(document.querySelector('[data-wb-seek]').value) > 0")
    page.locator("body").press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.wait_for_function("parseFloat(document.querySelector('[data-wb-seek]').value) > 0.5")
    page.wait_for_function(
        "document.querySelector('.wb-front img').style.transform.includes('scale')"
    )
    page.locator("body").press("l")
    page.get_by_text("2×").wait_for()
    page.locator("body").press("k")
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_a_scene_without_a_picture_shows_its_words(enter, quiet_page, owner, story):
    Scene.live.filter(story=story, position=5).update(narration="The lamp goes out.")
    page = enter(quiet_page, owner, story)
    strip = opened(page)
    strip.press("End")
    page.locator("[data-wb-words]", has_text="The lamp goes out.").wait_for()
    assert page.locator("[data-wb-caption]").is_hidden()


def test_strip_by_keyboard(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    strip = opened(page)
    strip.press("ArrowRight")
    page.locator("[data-wb-title]", has_text="Scene 2").wait_for()
    strip.press("Alt+ArrowRight")
    wait_for_toast(page, "Scene moved.")
    assert saved(story) == "13245"
    assert page.locator("[data-wb-title]").inner_text() == "Scene 2"
    strip.press("Shift+ArrowRight")
    page.wait_for_function("document.querySelector('[data-wb-length]').textContent.includes('36')")
    page.wait_for_timeout(1500)
    assert lengths(story) == [7, 7, 8, 7, 7]
    strip.press("Enter")
    page.locator("#bd-panel").get_by_role("heading", name="Comments").wait_for()
    page.keyboard.press("Escape")


def test_an_edge_is_pulled_and_a_block_dragged(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    opened(page)
    block = page.locator(".wb-block").first.bounding_box()
    x, y = block["x"] + block["width"] - 3, block["y"] + 30
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3 * block["width"] / 7 + 4, y, steps=6)
    page.mouse.up()
    page.wait_for_function("document.querySelector('[data-wb-length]').textContent.includes('38')")
    page.wait_for_timeout(1500)
    assert lengths(story) == [10, 7, 7, 7, 7]
    boxes = [one.bounding_box() for one in page.locator(".wb-block").all()]
    boxes.sort(key=lambda box: box["x"])
    y = boxes[0]["y"] + 30
    page.mouse.move(boxes[0]["x"] + 30, y)
    page.mouse.down()
    page.mouse.move(boxes[1]["x"] + boxes[1]["width"] * 0.9, y, steps=8)
    page.mouse.up()
    wait_for_toast(page, "Scene moved.")
    assert saved(story) == "21345"


def test_search_and_view_stand_in_the_address(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    opened(page)
    page.get_by_role("searchbox", name="Search all text").fill("prompt 3")
    page.wait_for_function(
        "document.querySelectorAll('#bd-scenes > li:not(.wb-other)').length === 1"
    )
    page.get_by_role("link", name="List").click()
    assert page.url.endswith("?q=prompt+3&view=list")
    page.reload()
    opened(page)
    assert page.locator("#bd-scenes > li:visible").count() == 1
    page.get_by_role("link", name="By state").click()
    page.locator("#wb-states").get_by_text("Scene 3").wait_for()


def test_five_hundred_scenes_stay_in_bounds(enter, page, owner):
    story = make_story(owner, status="planned")
    first = make_scene(story, title="Scene 1", narration="A boat leaves the harbour.")
    Scene.objects.bulk_create(
        Scene(
            story=story,
            position=number,
            title=f"Scene {number}",
            narration="A boat leaves the harbour.",
            prompt=first.prompt,
        )
        for number in range(2, 501)
    )
    connection.close()
    page.set_default_timeout(60_000)
    page.add_init_script(LONG_TASKS)
    enter(page, owner, story)
    page.set_default_timeout(60_000)
    strip = opened(page)
    strip.press("End")
    page.locator("[data-wb-title]", has_text="Scene 500").wait_for()
    assert page.locator(".wb-block").count() < 60
    assert page.evaluate("document.querySelectorAll('#wb *').length") < 500
