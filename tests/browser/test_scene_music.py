"""Music of a scene, and music of the film that was made for another order of the scenes."""

from typing import Any

import pytest
from django.urls import reverse

from jobs.runner import run_due
from stories.models import Scene, SceneSound
from stories.services import scenes, sound
from stories.services.generation import generate_sound
from stories.services.sound_plan import plan_sound
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import speak_with

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FITS = "document.documentElement.scrollWidth <= innerWidth"
WORDS = {
    "en": ("Music of this scene", "Tense", "Save the music", "Keep this music"),
    "ko": ("이 장면의 음악", "긴장감", "음악 저장", "이 음악 그대로 쓰기"),
}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_scene_gets_its_own_music_and_the_films_is_kept(
    quiet_page: Any,
    live_server: Any,
    log_in: Any,
    owner: Any,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    language: str,
) -> None:
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", language=language, duration_seconds=8)
    first, second = (make_scene(story, narration="", duration_seconds=4) for _time in range(2))
    sound.change_settings(story.pk, actor=owner)
    generate_sound(story.pk, actor=owner, music=True)
    run_due()
    scenes.move(first.pk, actor=owner, position=2)
    heading, mood, save, keep = WORDS[language]
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, owner)
    page.context.add_cookies(
        [{"name": "django_language", "value": language, "url": live_server.url}]
    )
    panel = reverse("admin:board_scene", args=[story.pk, second.pk])
    page.goto(f"{live_server.url}{panel}")
    page.locator("details.bd-scene-sound > summary").click()
    page.get_by_role("heading", name=heading).wait_for()
    page.locator("select[name=mood]").select_option(label=mood)
    page.get_by_role("button", name=save).click()
    page.locator("select[name=mood] option:checked", has_text=mood).wait_for(state="attached")
    assert SceneSound.objects.get(scene=second).mood == "tense"
    assert page.evaluate(FITS)
    page.goto(f"{live_server.url}{reverse('admin:stories_story_film', args=[story.pk])}")
    assert page.evaluate(FITS)
    page.get_by_role("button", name=keep).click()
    page.wait_for_load_state()
    assert page.get_by_role("button", name=keep).count() == 0
    states = [(item.scene, item.state) for item in plan_sound(story).items]
    assert states == [(None, "done"), (Scene.objects.get(pk=second.pk), "missing")]
