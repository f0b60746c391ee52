"""The keys of an editor on a film under review: J, K, L and one frame at a time."""

import pytest

from stories.models import Film
from tests.browser.installation import furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FRAME = 1 / 24


@pytest.fixture
def film_page(enter, quiet_page, owner, manager):
    """`film_page(seconds)`: the review of a film of 8 seconds, which stands at this time."""
    furnish(owner, manager)
    page = enter(quiet_page, owner, Film.objects.first().story, "stories_story_review")
    page.wait_for_function("document.getElementById('rv-film').readyState > 0")

    def stand(seconds):
        page.locator("#rv-film").evaluate(
            "(film, at) => new Promise((seen) => {"
            "  film.addEventListener('seeked', seen, { once: true }); film.currentTime = at; })",
            seconds,
        )
        return page

    return stand


def now(page):
    return page.evaluate("document.getElementById('rv-film').currentTime")


def test_backwards_pause_and_forwards(film_page):
    page = film_page(4)
    press = page.locator("body").press
    press("j")
    page.wait_for_function("document.getElementById('rv-film').currentTime < 3.8")
    press("j")
    page.locator("[data-rate]", has_text="-2×").wait_for()
    press("k")
    assert page.locator("[data-rate]").inner_text() == ""
    stopped = now(page)
    assert stopped < 3.8
    page.wait_for_timeout(200)
    assert now(page) == stopped
    press("l")
    page.wait_for_function("at => document.getElementById('rv-film').currentTime > at", arg=stopped)
    press("l")
    page.locator("[data-rate]", has_text="2×").wait_for()
    press("k")
    stopped = now(page)
    page.wait_for_timeout(200)
    assert now(page) == stopped
    assert page.evaluate("document.getElementById('rv-film').paused") is True


@pytest.mark.parametrize("within", [0.01, 0.3, 0.7, 0.95])
def test_one_frame_is_one_frame(film_page, within):
    """Wherever within frame 60 the film stands, the neighbours of frame 60 are shown."""
    page = film_page((60 + within) * FRAME)
    code = page.locator("[data-code]")
    assert code.inner_text() == "0:02:12"
    for key, frame, shown in (
        (".", 61, "0:02:13"),
        (",", 60, "0:02:12"),
        (",", 59, "0:02:11"),
    ):
        page.locator("body").press(key)
        assert int(now(page) * 24) == frame
        assert abs(now(page) - frame * FRAME) < FRAME / 2
        assert code.inner_text() == shown


def test_no_frame_before_the_first(film_page):
    page = film_page(0.001)
    page.locator("body").press(",")
    assert int(now(page) * 24) == 0
    assert page.locator("[data-code]").inner_text() == "0:00:00"
