"""Two versions of a film side by side, on one time line."""

import pytest
from django.test import Client
from django.urls import reverse

from stories.models import Film
from tests.browser.installation import furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TIMES = "() => ['rv-film', 'rv-beside'].map((id) => document.getElementById(id).currentTime)"


def test_the_second_version_follows_the_first(enter, quiet_page, owner, manager):
    furnish(owner, manager)
    first, _second = Film.objects.order_by("number")
    page = enter(quiet_page, owner, first.story, "stories_story_review")
    page.get_by_label("Side by side with").select_option(str(first.pk))
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator("#rv-beside").wait_for()
    assert f"beside={first.pk}" in page.url
    page.wait_for_function("document.getElementById('rv-beside').readyState > 0")
    page.locator("#rv-film").evaluate("film => { film.currentTime = 5; }")
    page.wait_for_function("Math.abs(document.getElementById('rv-beside').currentTime - 5) < 0.01")
    page.locator("body").press("l")
    page.wait_for_function("!document.getElementById('rv-beside').paused")
    page.wait_for_function("document.getElementById('rv-film').currentTime > 5.5")
    page.locator("body").press("k")
    page.wait_for_function("document.getElementById('rv-beside').paused")
    one, other = page.evaluate(TIMES)
    assert abs(one - other) < 0.1
    page.get_by_role("button", name=f"Sound of {first}").click()
    assert page.evaluate("document.getElementById('rv-film').muted") is True
    assert page.evaluate("document.getElementById('rv-beside').muted") is False
    page.locator("body").press(",")
    page.wait_for_timeout(300)
    one, other = page.evaluate(TIMES)
    assert abs(one - other) < 0.01


def test_a_version_of_another_story_is_not_found(owner, manager, live_server):
    furnish(owner, manager)
    film = Film.objects.order_by("number").first()
    client = Client()
    client.force_login(owner)
    address = reverse("admin:stories_story_review", args=[film.story_id])
    assert client.get(f"{address}?beside={film.story_id}").status_code == 404
