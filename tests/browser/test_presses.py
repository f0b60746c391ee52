"""A press and the focus survive what comes by itself: no part of a page is replaced between the
moment the pointer goes down and its click, and the focus goes to what takes the place of the
element that had it.

Each page with a part that asks for news is listed; `test_each_part_that_asks_is_listed` reads the
templates.
"""

import re

import pytest
from django.conf import settings

from stories.models import Story
from stories.services import comments

from .installation import furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The template of the part, the page of `furnish`, the part, what is pressed there.
PARTS = {
    "studio/now.html": ("overview", "#vp-now", "li a"),
    "studio/queue_head.html": ("queue", "#vp-queue", "nav a:nth-child(2)"),
    "studio/story/head.html": ("jobs", "#vp-head", "#vp-more summary"),
    "board/comments.html": ("review", "#comments", "button, summary"),
}
NOTHING_TO_PRESS = {"studio/monitoring.html", "studio/story/presence.html"}
ASK = """part => new Promise(done => {
    part.addEventListener("htmx:xhr:loadend", done, { once: true });
    const url = part.getAttribute("hx-get").replace(/seen=[^&]*/, "");
    htmx.ajax("GET", url, { source: part, swap: "outerHTML" });
})"""
COUNT = """() => {
    window.clicks = [];
    document.addEventListener("click", (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        window.clicks.push(event.target.closest("a, button, summary")?.innerText);
    }, true);
}"""


def test_each_part_that_asks_is_listed():
    root = settings.BASE_DIR / "templates"
    asking = {
        str(path.relative_to(root))
        for path in root.rglob("*.html")
        if re.search(r'hx-trigger="[^"]*\bevery ', path.read_text())
    }
    assert asking == {*PARTS, *NOTHING_TO_PRESS}


@pytest.fixture
def part(live_server, quiet_page, log_in, owner, manager, request):
    """The page, its part and what is pressed there, with news for each part."""
    addresses = furnish(owner, manager)
    name, part, inside = PARTS[request.param]
    log_in(quiet_page, manager)
    quiet_page.goto(live_server.url + addresses[name])
    film = Story.objects.get(title="The lantern comes home").films.order_by("-created_at").first()
    comments.on_film(film.pk, actor=owner, text="Softer here.", at_ms=4000)
    quiet_page.wait_for_load_state("networkidle")
    found = quiet_page.locator(part)
    return quiet_page, found, found.locator(inside).first


@pytest.mark.parametrize("part", PARTS, indirect=True)
def test_a_press_is_not_lost_to_news(part):
    page, asking, link = part
    page.evaluate(COUNT)
    text = link.inner_text()
    asking.evaluate("part => { window.part = part; }")
    link.hover()
    page.mouse.down()
    asking.evaluate(ASK)
    assert page.evaluate("window.part.isConnected")
    page.mouse.up()
    assert page.evaluate("window.clicks") == [text]
    page.wait_for_function("!window.part.isConnected")


@pytest.mark.parametrize("part", PARTS, indirect=True)
def test_the_focus_is_not_lost_to_news(part):
    page, asking, link = part
    text = link.inner_text()
    asking.evaluate("part => { window.part = part; }")
    link.focus()
    asking.evaluate(ASK)
    page.wait_for_function("!window.part.isConnected")
    assert page.evaluate("document.activeElement.innerText") == text
    assert asking.evaluate("part => part.contains(document.activeElement)")


def test_a_pressed_space_key_is_not_lost_to_news(live_server, quiet_page, log_in, owner, manager):
    addresses = furnish(owner, manager)
    page = quiet_page
    log_in(page, manager)
    page.goto(live_server.url + addresses["jobs"])
    head = page.locator("#vp-head")
    head.evaluate("part => { window.part = part; }")
    head.locator("#vp-more summary").focus()
    page.keyboard.down("Space")
    head.evaluate(ASK)
    assert page.evaluate("window.part.isConnected")
    page.keyboard.up("Space")
    page.wait_for_function("!window.part.isConnected")
    assert page.evaluate("document.activeElement.matches('#vp-more summary')")
