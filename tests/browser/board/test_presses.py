"""News of the board do not take what is pressed, or has the focus, away."""

import pytest

from providers.models import AIProviderConfig
from stories.models import Scene
from stories.services import comments, scenes
from tests.pictures import picture
from tests.stories.factories import make_take

from .hands import card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def news(page):
    """Has the board look for news, and waits until they are there."""
    page.evaluate(
        """() => new Promise(done => {
            const live = document.getElementById("bd-live");
            live.addEventListener("htmx:xhr:loadend", done, { once: true });
            window.dispatchEvent(new Event("focus"));
        })"""
    )


def change(owner, story):
    """Something new in the head, in the bar and in scene 5."""
    fifth = Scene.live.get(story=story, position=5)
    make_take(fifth, content=picture("orange", (640, 360)))
    comments.on_scene(fifth.pk, actor=owner, text="More fog, please.")
    scenes.delete(Scene.live.get(story=story, position=4).pk, actor=owner)


def still(page, selector):
    page.evaluate("selector => { window.pressed = document.querySelector(selector); }", selector)


def test_press_on_the_head_leads_on(enter, quiet_page, owner, story):
    AIProviderConfig.objects.update(cost_per_image=3)  # more than starts without a dialog
    page = enter(quiet_page, owner, story)
    page.locator("#wb .wb-block").nth(4).wait_for()
    page.wait_for_load_state("networkidle")
    link = page.locator("#vp-head .vp-actions a.vp-main")
    still(page, "#vp-head .vp-actions a.vp-main")
    link.hover()
    page.mouse.down()
    change(owner, story)
    news(page)
    assert page.evaluate("window.pressed.isConnected")
    assert page.locator("#bd-scenes > li").count() == 5
    page.mouse.up()
    page.get_by_role("dialog").locator("button.vp-main").wait_for()
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 4")
    assert not page.evaluate("window.pressed.isConnected"), "the news came after the click"


def test_press_on_a_card_opens_its_scene(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.locator("#wb .wb-block").nth(4).wait_for()
    page.wait_for_load_state("networkidle")
    count = card(page, 5).locator("[data-part=takes]")
    still(page, "#bd-scenes > li:nth-child(5) [data-part=takes]")
    count.hover()
    page.mouse.down()
    change(owner, story)
    news(page)
    assert page.evaluate("window.pressed.isConnected")
    page.mouse.up()
    panel = page.locator("#bd-panel")
    panel.get_by_role("heading", name="Scene 5").wait_for()
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 4")


def test_focus_stays_in_the_bar_and_the_head(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    for selector in ("#bd-bar a", "#vp-head .vp-news"):
        still(page, selector)
        page.locator(selector).first.focus()
        home = page.evaluate("window.pressed.closest('[id]:not(a)').id")
        scenes.edit(
            Scene.live.get(story=story, position=5).pk,
            actor=owner,
            text=f"new words, so that pictures are out of date {selector}",
        )
        scenes.edit(
            Scene.live.get(story=story, position=1).pk,
            actor=owner,
            text=f"new words, so that pictures are out of date {selector}",
            duration_seconds=9 if "bar" in selector else 11,
        )
        news(page)
        page.wait_for_function("!window.pressed.isConnected")
        assert page.evaluate(
            "home => document.activeElement.matches('a') "
            "&& document.activeElement.closest('[id]:not(a)').id === home",
            home,
        )


def test_focus_goes_to_the_next_scene_when_its_own_is_deleted(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.get_by_label("More for scene 4").focus()
    scenes.delete(Scene.live.get(story=story, position=4).pk, actor=owner)
    news(page)
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 4")
    assert page.evaluate("document.activeElement.ariaLabel") == "More for scene 4"
    assert page.evaluate(
        "document.activeElement.closest('li').querySelector('.bd-title').value"
    ) == ("Scene 5")


def test_a_scene_opens_while_news_are_under_way(enter, quiet_page, owner, story):
    """htmx sends one request of an element at a time, and forgets a click in between."""
    page = enter(quiet_page, owner, story)
    page.locator("#wb .wb-block").nth(4).wait_for()
    held = []
    page.route("**/live/", lambda route: held.append(route))  # noqa: PLW0108  it marks what it calls
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.wait_for_function("document.getElementById('bd-live').matches('.htmx-request')")
    card(page, 1).get_by_role("link", name="Open scene 1").click()
    page.locator("#bd-panel").get_by_role("heading", name="Comments").wait_for()
    (route,) = held
    route.continue_()
    page.wait_for_function("!document.getElementById('bd-live').matches('.htmx-request')")
    assert page.locator("#bd-panel").get_by_role("heading", name="Scene 1").is_visible()


def test_press_on_a_tile_of_the_view_by_state(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.locator("#wb .wb-block").nth(4).wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("[data-view=state]").click()
    held = []
    page.route("**/timeline/", lambda route: held.append(route))  # noqa: PLW0108  as above
    scenes.edit(Scene.live.get(story=story, position=5).pk, actor=owner, title="By another")
    with page.expect_request("**/timeline/"):
        news(page)
    page.locator("#wb-states li a").first.hover()
    still(page, "#wb-states li a")
    page.mouse.down()
    (route,) = held
    with page.expect_response("**/timeline/") as answer:
        route.continue_()
    answer.value.finished()
    page.evaluate("new Promise(done => setTimeout(done))")
    assert page.evaluate("window.pressed.isConnected")
    page.mouse.up()
    page.locator("#bd-panel").get_by_role("heading", name="Comments").wait_for()
    page.locator("#wb-states").get_by_text("By another").wait_for()
