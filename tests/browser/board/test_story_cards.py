"""The cards in a browser: they are written on the film page, and the workbench plays them."""

from typing import Any

import pytest
from django.urls import reverse

from stories.services import cards
from tests.stories.factories import make_scene, make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story(owner: Any) -> Any:
    story = make_story(owner, status="planned", duration_seconds=14)
    for text in ("The boat leaves.", "It is gone."):
        make_scene(story, narration=text)
    return story


def test_a_card_is_written_and_played(
    quiet_page: Any, live_server: Any, log_in: Any, owner: Any, story: Any
) -> None:
    page = quiet_page
    log_in(page, owner)
    film = live_server.url + reverse("admin:stories_story_film", args=[story.pk])
    page.goto(film)
    section = page.get_by_role("region", name="Cards and logo")
    section.get_by_label("Title card").fill("새벽 항구\nThe Harbour at Dawn")
    section.get_by_role("button", name="Save the cards").click()
    shown = page.get_by_role("img", name="Title card")
    shown.scroll_into_view_if_needed()
    page.wait_for_function("image => image.naturalWidth === 640", arg=shown.element_handle())
    page.goto(live_server.url + reverse("admin:stories_story_board", args=[story.pk]))
    words = page.locator("[data-wb-words]")
    seek = page.locator("[data-wb-seek]")
    page.locator(".wb-block").nth(1).wait_for()
    assert seek.get_attribute("max") == "17"
    seek.fill("1")
    assert words.text_content() == "새벽 항구\nThe Harbour at Dawn"
    seek.fill("3.1")
    assert words.text_content() == "The boat leaves."
    seek.fill("10.5")
    assert words.text_content() == "It is gone."
    assert page.locator("[data-wb-length]").text_content() == "0:14"
    cards.change_cards(story.pk, actor=owner, end_card="Ende")
    page.reload()
    page.locator(".wb-block").nth(1).wait_for()
    seek.fill("19")
    assert words.text_content() == "Ende"
