"""Who says what, by which voice, with which effects, and how loud."""

from typing import Any

import pytest
from django.urls import reverse

from jobs.runner import run_due
from stories.models import Effect, Film, StorySound, Voice
from stories.services import sound
from stories.services.generation import start_generation
from stories.services.mixer import prepare_mixer
from tests.stories.speaking import speak_with

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLAYED = """audio => new Promise((done, fail) => {
    audio.addEventListener("error", () => fail(audio.error.message), {once: true});
    audio.addEventListener("timeupdate", () => audio.currentTime > 0.1 && done(audio.duration));
    audio.play();
})"""
COLLECT_GAINS = """
window.gains = [];
const create = AudioContext.prototype.createGain;
AudioContext.prototype.createGain = function () {
    const node = create.call(this);
    window.gains.push(node);
    return node;
};
"""


@pytest.fixture
def speaking(monkeypatch: Any, story: Any, owner: Any) -> Any:
    """The story, whose provider speaks tones."""
    speak_with(monkeypatch)
    sound.change_settings(story.pk, actor=owner)
    return story


def test_line_gets_a_speaker_and_is_spoken(reader, browse, enter_as, owner, speaking):
    say = reader.say
    scene = speaking.all_scenes.get(position=1)
    page = enter_as(
        browse(), owner, reverse("admin:board_scene", args=[speaking.pk, scene.pk]) + "#lines"
    )
    lines = page.locator("#lines")
    reader.press(lines.locator("summary", has_text=say("Who says what")))
    speaker = reader.write("Mara", "마라")
    lines.get_by_label(say("Speaker")).first.fill(speaker)
    reader.send(page, lines.get_by_role("button", name=say("Save the lines")))
    lines.locator("b", has_text=speaker).first.wait_for()
    reader.look(page, "lines", own=(speaker, scene.title, scene.narration))
    reader.send(page, lines.get_by_role("button", name=say("Speak it")))
    run_due()
    page.reload()
    assert lines.get_by_label(say("Speech in the film")).evaluate(PLAYED) > 0.3


def test_voice_is_heard_before_it_is_chosen(reader, browse, enter_as, owner, story):
    say = reader.say
    page = enter_as(browse(), owner, reverse("admin:stories_story_film", args=[story.pk]))
    reader.press(page.get_by_role("link", name=say("Hear and choose")).first)
    page.wait_for_url("**/voices/**")
    sample = page.get_by_label(say("Sample of %(name)s", name="Heart"))
    reader.look(page, "voices", own=tuple(page.locator(".vp-voices b").all_inner_texts()))
    assert 1 < sample.evaluate(PLAYED) < 10
    reader.send(page, page.get_by_role("button", name=say("Use %(name)s", name="Heart")))
    page.get_by_text(
        say("The voice is saved. Its lines are spoken again; pictures do not change.")
    ).wait_for()
    assert list(Voice.objects.values_list("speaker", "provider", "voice")) == [
        ("", "local", "heart")
    ]


def test_effect_is_added_and_made(reader, browse, enter_as, owner, speaking):
    say = reader.say
    page = enter_as(browse(), owner, reverse("admin:stories_story_film", args=[speaking.pk]))
    words = reader.write("rain on a roof", "지붕에 내리는 비")
    new = page.locator("#sound .vp-effect-new")
    reader.press(new.locator("summary").first)
    new.get_by_label(say("Description of the effect")).fill(words)
    reader.send(page, new.get_by_role("button", name=say("Add the effect")))
    effect = page.locator(".vp-effect", has_text=words)
    reader.send(page, effect.get_by_role("button", name=say("Make the effect")))
    run_due()
    page.reload()
    assert effect.locator("audio").first.evaluate(PLAYED) > 0.3
    reader.look(page, "film-sound", own=(words,))
    assert Effect.objects.get().prompt == words


@pytest.fixture
def mixed(speaking: Any, owner: Any) -> Any:
    """With a preview, and its tracks by themselves."""
    start_generation(speaking.pk, "image", actor=owner)[0].require()
    run_due()
    prepare_mixer(speaking.pk, actor=owner)
    run_due()
    return speaking


def test_levels_are_heard_at_once_and_saved(reader, browse, enter_as, owner, mixed):
    say = reader.say
    page = browse()
    page.add_init_script(COLLECT_GAINS)
    enter_as(page, owner, reverse("admin:stories_story_film", args=[mixed.pk]))
    reader.press(page.locator("[data-mixer-listen] input"))
    assert page.evaluate("document.querySelector('video').muted")
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
    page.wait_for_function("gains.length === 2 && gains[0].gain.value > 0.9")
    mute = page.get_by_role("button", name=say("Mute")).first
    reader.press(mute)
    page.wait_for_function("gains[0].gain.value < 0.05")
    assert page.locator("output[for=mix-speech_db]").inner_text() == "-60.0 dB"
    reader.press(mute)
    page.wait_for_function("gains[0].gain.value > 0.9")
    page.evaluate("document.querySelector('video').pause()")
    page.locator("#mix-music_db").fill("-6")
    reader.look(page, "mixer")
    reader.send(page, page.get_by_role("button", name=say("Save and mix the film again")))
    page.get_by_text(say("The film is being mixed again. Its pictures are kept.")).wait_for()
    assert StorySound.objects.get().music_db == -6.0
    run_due()
    assert Film.objects.get(number=2).segments_encoded == 0
