"""A voice is heard before it is chosen."""

from typing import Any

import pytest
from django.urls import reverse

from stories.models import Voice
from tests.stories.factories import make_scene, make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLAYED = """audio => new Promise((done, fail) => {
    audio.addEventListener("error", () => fail(audio.error.message), {once: true});
    audio.addEventListener("timeupdate", () => audio.currentTime > 0.1 && done(audio.duration));
    audio.play();
})"""


@pytest.mark.parametrize("width", [1440, 390])
def test_a_sample_plays_and_its_voice_is_used(
    quiet_page: Any, live_server: Any, log_in: Any, owner: Any, width: int
) -> None:
    story = make_story(owner, status="planned", language="en")
    make_scene(story, narration="The boat leaves.")
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, owner)
    page.goto(f"{live_server.url}{reverse('admin:stories_story_film', args=[story.pk])}")
    page.get_by_role("link", name="Hear and choose").first.click()
    sample = page.get_by_label("Sample of Heart")
    assert 1 < sample.evaluate(PLAYED) < 10
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Use Heart").click()
    page.get_by_text("The voice is saved.").wait_for()
    assert list(Voice.objects.values_list("speaker", "provider", "voice")) == [
        ("", "local", "heart")
    ]
