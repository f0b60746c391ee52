"""The board on a telephone, by finger."""

import pytest

from .hands import card, saved, until_sent, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_telephone(enter, chromium, owner, story):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-US"
    )
    page = enter(context.new_page(), owner, story)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    card(page, 1).locator(".bd-open").evaluate(
        "link => window.scrollBy({top: link.getBoundingClientRect().top - 40, behavior: 'instant'})"
    )
    page.wait_for_timeout(300)
    box = card(page, 1).locator(".bd-grip").bounding_box()
    end = card(page, 2).locator(".bd-open").bounding_box()
    touch = context.new_cdp_session(page)
    x, y = box["x"] + 10, box["y"] + 10

    def pull():
        touch.send(
            "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
        )
        page.wait_for_timeout(400)
        for part in range(1, 16):
            touch.send(
                "Input.dispatchTouchEvent",
                {
                    "type": "touchMove",
                    "touchPoints": [{"x": x - 4 * part, "y": y + (end["y"] + 60 - y) * part / 15}],
                },
            )
            page.wait_for_timeout(25)
        page.wait_for_timeout(300)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    until_sent(page, pull)
    wait_for_toast(page, "Scene moved.")
    assert saved(story)[:2] == "21"
    page.wait_for_timeout(400)  # the page still scrolls to the moved scene
    card(page, 1).locator(".bd-open").tap()
    panel = page.locator("#bd-panel")
    panel.get_by_role("heading", name="Comments").wait_for()
    assert panel.evaluate("panel => panel.scrollWidth") == 390
    context.close()


def test_what_stands_above_the_scenes_is_in_reach(enter, chromium, owner, story):
    for width in (390, 1440):
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale="en-US")
        type(story).objects.filter(pk=story.pk).update(
            title="A very long title that somebody pasted from a treatment without looking " * 2
        )
        page = enter(context.new_page(), owner, story)
        boxes = [page.locator(part).bounding_box() for part in ("#bd-add", "#vp-head .vp-badge")]
        assert [box["x"] + box["width"] <= width for box in boxes] == [True, True], width
        context.close()
