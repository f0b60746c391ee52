"""Nothing moves by itself for a person whose system asks for reduced motion."""

import pytest

from stories.models import Film, Scene
from tests.browser.installation import furnish

from .hands import card, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Each animation and transition of the page, from its first moment on.
WATCH = """
window.moves = [];
for (const name of ["animationstart", "transitionrun"])
    document.addEventListener(name, (event) => window.moves.push(
        `${name} ${event.animationName ?? event.propertyName} of ` +
        `${event.target.tagName}.${event.target.className}${event.pseudoElement}`), true);
"""
MOVES = "() => [...window.moves, ...document.getAnimations().map((one) => String(one))]"


@pytest.fixture(params=["reduce", "no-preference"])
def watched(request, chromium):
    """A page with this preference, and whether nothing may move on it."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-US", reduced_motion=request.param
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    yield page, request.param == "reduce"
    context.close()


def test_board_and_workbench(enter, watched, owner, story):
    page, still = watched
    enter(page, owner, story)
    page.locator("#wb .wb-block").first.wait_for()
    page.get_by_role("button", name="Account of owner").click()
    page.get_by_role("button", name="Log out").wait_for()
    page.keyboard.press("Escape")
    page.locator("body").press("?")
    page.locator("#wb-keys[open]").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("parseFloat(document.querySelector('[data-wb-seek]').value) > 0.5")
    moved = page.locator(".wb-front img").evaluate("image => image.style.transform !== 'none'")
    assert moved is not still
    page.locator("body").press("k")
    card(page, 1).locator(".bd-open").click()
    page.locator("#bd-panel .bd-verdict").get_by_role("button", name="Approve").click()
    wait_for_toast(page, "approved")
    assert Scene.live.get(story=story, position=1).image_take.review_status == "approved"
    assert (page.evaluate(MOVES) == []) is still


def test_review_of_the_film(enter, watched, owner, manager):
    page, still = watched
    furnish(owner, manager)
    enter(page, owner, Film.objects.first().story, "stories_story_review")
    page.locator("body").press("?")
    page.locator("#wb-keys[open]").wait_for()
    page.keyboard.press("Escape")
    page.locator("[data-pen]").hover()
    page.locator("[data-pen]").click()
    page.locator("[data-say] textarea").fill("Slower.")
    page.locator("[data-say]").get_by_role("button", name="Comment").click()
    page.locator("#comments", has_text="Slower.").wait_for()
    assert (page.evaluate(MOVES) == []) is still
