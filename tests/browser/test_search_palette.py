"""The search that opens with Ctrl+K."""

import pytest
from django.urls import reverse

from tests.stories.factories import make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_text_that_comes_without_a_key_is_looked_for(live_server, quiet_page, log_in, owner):
    """Pasted by mouse or dictated: the field gets the text and no key is released in it."""
    make_story(owner, title="The quiet harbour")
    page = quiet_page
    log_in(page, owner)
    page.goto(f"{live_server.url}{reverse('admin:index')}")
    page.keyboard.press("Control+k")
    field = page.locator("#search-input-command")
    field.wait_for()
    field.evaluate(
        "field => { field.value = 'harbour';"
        " field.dispatchEvent(new InputEvent('input', {bubbles: true})) }"
    )
    asked = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/search/" in request.url else 0
    )
    page.locator("#command-results").get_by_text("The quiet harbour").wait_for()
    page.wait_for_timeout(1_000)
    assert len(asked) == 1, "what was found does not ask again"
