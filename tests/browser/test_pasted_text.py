"""A pasted text proposes language, length, format and price; what a person has set stays."""

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = "세로 영상 9:16\n\n" + "바다가 조용합니다. 배 한 척이 항구를 떠납니다. " * 30
PASTE = """(field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("paste", { bubbles: true }));
}"""


def test_a_pasted_text_proposes_the_settings(live_server, quiet_page, log_in, owner):
    page = quiet_page
    log_in(page, owner)
    page.goto(live_server.url + reverse("admin:stories_story_add"))
    page.get_by_label("Title").fill("My own title")
    page.get_by_label("Script", exact=True).evaluate(PASTE, TEXT)
    page.locator("#proposed").get_by_text("Korean").wait_for()
    assert page.locator("#id_language").input_value() == "ko"
    seconds = int(page.locator("#id_duration_seconds").input_value())
    assert seconds > 60
    assert page.locator("#id_title").input_value() == "My own title"
    scenes = f"{seconds // 7} scenes"
    assert scenes in page.locator("#proposed").inner_text()
    page.locator("#estimate").get_by_text(scenes).wait_for()
