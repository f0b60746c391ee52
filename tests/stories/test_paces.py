"""Estimates of speech learn from what the story's voices have spoken."""

import pytest

from media.audio.timing import speech_ms
from stories.models import Line, SoundTake
from stories.services import sound
from stories.services.paces import LOCAL, Paces
from stories.services.sound_plan import plan_sound
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import speak_with

pytestmark = pytest.mark.django_db
TEXT = "The lighthouse keeper wakes before dawn and climbs all of the one hundred steps again."


@pytest.fixture
def story(owner, monkeypatch):
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", language="en")
    for _ in range(2):
        make_scene(story, narration=TEXT, duration_seconds=4)
    sound.change_settings(story.pk, actor=owner, mood="none")
    return story


def estimates(story):
    items = plan_sound(story).items
    return [Paces.of(story, items).estimated_ms(item) for item in items]


def spoken(story, ms):
    item = plan_sound(story).items[0]
    take = SoundTake.objects.create(
        story=story,
        line=item.line,
        kind="speech",
        samples=ms * 48,
        input_hash=item.input_hash,
        mime="audio/flac",
    )
    Line.objects.filter(pk=item.line.pk).update(speech_take=take)


def test_local_voices_have_a_measured_pace(story, owner):
    guess = speech_ms(TEXT, "en")
    assert estimates(story) == [round(guess * LOCAL["en"])] * 2
    sound.set_voice(story.pk, actor=owner, speed=1.2)
    assert estimates(story) == [round(guess * LOCAL["en"] / 1.2)] * 2


def test_a_voice_is_estimated_as_it_has_spoken(story):
    spoken(story, 9000)
    assert estimates(story)[1] == 9000
    (_first, second) = plan_sound(story).warnings
    assert "about 10 s" in str(second)
    spoken(story, 60_000)
    assert estimates(story)[1] == round(speech_ms(TEXT, "en") * 1.6)  # not believed beyond
