"""The mixer in a browser: what is moved is heard at once, and the mix is saved from the page."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from jobs.runner import run_due
from stories.models import Film, StorySound
from stories.services import sound
from stories.services.generation import start_generation
from stories.services.mixer import prepare_mixer
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COLLECT_GAINS = """
window.gains = [];
const create = AudioContext.prototype.createGain;
AudioContext.prototype.createGain = function () {
    const node = create.call(this);
    window.gains.push(node);
    return node;
};
"""


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 360), (40, 80, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def story(owner: Any, monkeypatch: Any) -> Any:
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", duration_seconds=6)
    for text in ("The boat leaves.", "It is gone."):
        make_take(make_scene(story, narration=text, duration_seconds=3), content=picture())
    sound.change_settings(story.pk, actor=owner)
    start_generation(story.pk, "image", actor=owner)[0].require()
    run_due()
    prepare_mixer(story.pk, actor=owner)
    run_due()
    return story


def test_levels_are_heard_at_once_and_saved(quiet_page, live_server, owner, story):
    page = quiet_page
    client = Client()
    client.force_login(owner)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.add_init_script(COLLECT_GAINS)
    page.goto(live_server.url + reverse("admin:stories_story_film", args=[story.pk]))
    page.get_by_label("Listen to these levels").check()
    assert page.evaluate("document.querySelector('video').muted")
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
    assert page.evaluate("gains.length") == 2
    page.wait_for_function("gains[0].gain.value > 0.9")
    page.get_by_role("button", name="Mute").first.click()
    page.wait_for_function("gains[0].gain.value < 0.05")
    assert page.locator("output[for=mix-speech_db]").inner_text() == "-60.0 dB"
    page.get_by_role("button", name="Mute").first.click()
    page.wait_for_function("gains[0].gain.value > 0.9")
    page.evaluate("document.querySelector('video').pause()")
    page.locator("#mix-music_db").fill("-6")
    page.get_by_role("button", name="Save and mix the film anew").click()
    page.get_by_text("The film is being mixed anew.").wait_for()
    assert StorySound.objects.get().music_db == -6.0
    run_due()
    assert Film.objects.get(number=2).segments_encoded == 0
