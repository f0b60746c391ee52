"""The pages of sound: settings, voices, lines and their takes."""

import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import strip_tags

from jobs.runner import run_due
from providers.models import AIProviderConfig
from stories.models import Effect, Line, SoundTake, StorySound, Voice
from stories.services import cast, lines, sound
from stories.services.generation import generate_sound
from tests.markup import flat
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import SpeakingAdapter, speak_with, tone

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner, client, monkeypatch):
    speak_with(monkeypatch)
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    story = make_story(owner, status="planned", duration_seconds=8)
    make_scene(story, narration="The boat leaves.", duration_seconds=4)
    return story


def post(client, name, *args, **values):
    return client.post(reverse(f"admin:{name}", args=args), values)


def page(client, name, *args):
    response = client.get(reverse(f"admin:{name}", args=args))
    assert response.status_code == 200
    return flat(response)


@pytest.mark.moderate
def test_film_page_sets_the_sound(story, client):
    assert "The film has sound" in page(client, "stories_story_film", story.pk)
    response = post(
        client,
        "stories_story_sound",
        story.pk,
        enabled="1",
        mood="tense",
        speech_db="-1,5",
        music_db="−3",
        loudness="ebu",
        music_provider="local",
    )
    assert response.status_code == 302
    found = StorySound.objects.get(story=story)
    assert (found.enabled, found.mood, found.speech_db, found.music_db, found.loudness) == (
        True,
        "tense",
        -1.5,
        -3.0,
        "ebu",
    )
    shown = page(client, "stories_story_film", story.pk)
    assert "2 sounds are still to be made, for $0.00" in shown
    post(client, "stories_story_sound", story.pk, mood="tense")
    assert not StorySound.objects.get(story=story).enabled


@pytest.mark.parametrize(
    "values",
    [{"mood": "angry"}, {"music_db": "loud"}, {"music_db": "99"}, {"music_provider": "nobody"}],
)
def test_bad_settings_change_nothing(story, client, values):
    response = post(client, "stories_story_sound", story.pk, enabled="1", **values)
    assert response.status_code == 302
    assert not StorySound.objects.filter(story=story).exists()


@pytest.mark.moderate
def test_film_page_sets_voices(story, client, owner, colleague):
    scene = make_scene(story, narration="")
    post(
        client,
        "board_lines",
        story.pk,
        scene.pk,
        line="",
        speaker="MARA",
        direction="whispers",
        text="Who is there?",
    )
    shown = page(client, "stories_story_film", story.pk)
    assert re.findall(r"<legend><b>([^<]+)</b>", shown) == ["Narrator", "MARA"]
    post(
        client,
        "stories_story_voice",
        story.pk,
        speaker="MARA",
        provider="local",
        voice="bella",
        speed="1.1",
    )
    (voice,) = Voice.objects.all()
    assert (voice.speaker, voice.voice, voice.speed, voice.made_by) == ("MARA", "bella", 1.1, owner)
    client.force_login(colleague)
    assert "disabled" in page(client, "stories_story_film", story.pk)
    post(client, "stories_story_voice", story.pk, speaker="MARA", voice="other")
    post(client, "stories_story_sound", story.pk, enabled="1")
    assert (Voice.objects.count(), StorySound.objects.count()) == (1, 0)


@pytest.mark.moderate
def test_scene_panel_shows_lines_and_plays_their_takes(story, client, owner):
    sound.change_settings(story.pk, actor=owner, mood="none")
    generate_sound(story.pk, actor=owner)
    run_due()
    scene, take = story.all_scenes.get(), SoundTake.objects.get()
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert reverse("stories:sound_file", args=[take.pk]) in shown
    assert "900 ms" in shown
    assert "The boat leaves." in shown
    response = client.get(reverse("stories:sound_file", args=[take.pk]))
    assert (
        response.status_code,
        response["Content-Type"],
        b"".join(response.streaming_content)[:4],
    ) == (200, "audio/flac", b"fLaC")
    response.close()


@pytest.mark.moderate
def test_a_line_is_spoken_at_the_price_that_was_shown(story, client, owner):
    sound.change_settings(story.pk, actor=owner, mood="none")
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="speech", name="paid", is_default=True, price=Decimal("0.25"), unit="call"
    )
    scene, line = story.all_scenes.get(), Line.live.get()
    assert "Speak it · $0.25" in page(client, "board_scene", story.pk, scene.pk)
    for values in ({}, {"confirm_total": "0.10"}):
        post(client, "board_speak", story.pk, scene.pk, line=line.pk, **values)
    run_due()
    assert not SoundTake.objects.exists()
    for _ in range(2):
        post(client, "board_speak", story.pk, scene.pk, line=line.pk, confirm_total="0.25")
        run_due()
    first, second = SoundTake.objects.order_by("created_at")
    line.refresh_from_db()
    assert (line.speech_take, first.cost, second.cost) == (second, Decimal("0.25"), Decimal("0.25"))
    post(client, "board_sound_choose", story.pk, first.pk)
    line.refresh_from_db()
    assert line.speech_take == first


def test_lines_are_written_on_the_panel(story, client, colleague):
    scene, line = story.all_scenes.get(), Line.live.get()
    values = {
        "line": [line.pk, ""],
        "speaker": ["", "MARA"],
        "direction": ["", ""],
        "text": ["The boat stays.", "Why?"],
    }
    post(client, "board_lines", story.pk, scene.pk, **values)
    assert [(one.current.speaker, one.current.text) for one in lines.of(scene)] == [
        ("", "The boat stays."),
        ("MARA", "Why?"),
    ]
    client.force_login(colleague)
    post(client, "board_lines", story.pk, scene.pk, **values | {"text": ["Gone.", ""]})
    scene.refresh_from_db()
    assert scene.narration == "The boat stays.\nWhy?"


def test_strangers_see_no_sound(story, client, owner, stranger):
    sound.change_settings(story.pk, actor=owner, mood="none")
    generate_sound(story.pk, actor=owner)
    run_due()
    client.force_login(stranger)
    assert (
        client.get(reverse("stories:sound_file", args=[SoundTake.objects.get().pk])).status_code
        == 404
    )


def test_the_price_dialog_names_the_sound(story, client, owner):
    sound.change_settings(story.pk, actor=owner)
    shown = page(client, "stories_story_do", story.pk, "generate_preview")
    assert "And 2 sounds: speech, music and effects, for $0.00" in " ".join(shown.split())


def sound_file(ms=1500):
    return SimpleUploadedFile("mine.wav", tone(ms, 220))


@pytest.mark.moderate
def test_takes_of_speech_are_reviewed_on_the_panel(story, client, owner, colleague):
    sound.change_settings(story.pk, actor=owner, mood="none")
    generate_sound(story.pk, actor=owner)
    run_due()
    scene, take = story.all_scenes.get(), SoundTake.objects.get()
    assert "In the film" in page(client, "board_scene", story.pk, scene.pk)
    post(client, "board_sound_review", story.pk, take.pk, review_status="rejected")
    take.refresh_from_db()
    assert take.review_status == "unreviewed"  # a rejection needs a reason
    post(
        client,
        "board_sound_review",
        story.pk,
        take.pk,
        review_status="rejected",
        reason="too fast",
    )
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert "too fast" in shown
    assert "Clear review" in shown
    post(client, "board_sound_review", story.pk, take.pk, review_status="approved")
    take.refresh_from_db()
    assert (take.review_status, take.reviewed_by) == ("approved", owner)
    client.force_login(colleague)
    post(client, "board_sound_review", story.pk, take.pk, review_status="unreviewed")
    post(client, "board_sound_leave", story.pk, take.pk)
    take.refresh_from_db()
    assert (take.review_status, Line.live.get().speech_take) == ("approved", take)


@pytest.mark.moderate
def test_sound_is_uploaded_on_panel_and_film_page(story, client, owner):
    sound.change_settings(story.pk, actor=owner)
    scene, line = story.all_scenes.get(), Line.live.get()
    post(client, "board_sound_upload", story.pk, kind="speech", line=line.pk, file=sound_file())
    for kind in ("recording", "sound"):
        post(client, "board_sound_upload", story.pk, kind=kind, scene=scene.pk, file=sound_file())
    for kind in ("recording", "music"):
        post(client, "board_sound_upload", story.pk, kind=kind, file=sound_file())
    assert sorted(SoundTake.objects.values_list("kind", "scene"), key=str) == sorted(
        [
            ("speech", scene.pk),
            ("recording", scene.pk),
            ("sound", scene.pk),
            ("recording", None),
            ("music", None),
        ],
        key=str,
    )
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert "A recording replaces the voices of the whole film." in shown
    assert shown.count('aria-label="Take 1"') == 3
    assert page(client, "stories_story_film", story.pk).count('aria-label="Take 1"') == 2
    music = SoundTake.objects.get(kind="music")
    post(client, "board_sound_leave", story.pk, music.pk)
    assert StorySound.objects.get(story=story).music_take is None
    post(client, "board_scene_sound", story.pk, scene.pk, clip_sound="no")
    scene.sound.refresh_from_db()
    assert scene.sound.clip_sound is False
    effect = Effect.objects.get()
    post(client, "board_effect_change", story.pk, effect.pk, level_db="−6")
    effect.refresh_from_db()
    assert (effect.level_db, effect.begins, effect.prompt) == (-6.0, 0.0, "")
    response = post(client, "board_sound_upload", story.pk, kind="speech")
    assert response.status_code == 302
    assert SoundTake.objects.count() == 5


@pytest.mark.moderate
def test_other_music_is_made_at_the_price_that_was_shown(story, client, owner):
    sound.change_settings(story.pk, actor=owner)
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="music", name="paid", is_default=True, price=Decimal("0.50"), unit="call"
    )
    assert "Make the music · $0.50" in page(client, "stories_story_film", story.pk)
    for confirmed in ("0.10", "0.50", "0.50"):
        post(client, "stories_story_music", story.pk, confirm_total=confirmed)
        run_due()
    assert SoundTake.objects.filter(kind="music").count() == 2
    assert "Make other music · $0.50" in page(client, "stories_story_film", story.pk)


@pytest.mark.moderate
def test_effects_are_described_and_made_at_their_scene(story, client, owner):
    scene = story.all_scenes.get()
    sound.change_settings(story.pk, actor=owner, mood="none")
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="sound", name="paid", is_default=True, price=Decimal("0.20"), unit="call"
    )
    assert "Make the effect" not in page(client, "board_scene", story.pk, scene.pk)
    for prompt, begins in (("a door bell", "0.5"), ("rain", "0"), (" ", "0")):
        post(
            client,
            "board_effect_add",
            story.pk,
            scene=scene.pk,
            prompt=prompt,
            seconds="1,5",
            begins=begins,
            level_db="0",
        )
    rain, bell = Effect.objects.order_by("begins")
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert shown.count("Make the effect · $0.20") == 2
    assert shown.index("rain</textarea>") < shown.index("a door bell</textarea>")
    film = page(client, "stories_story_film", story.pk)
    assert "Effects of the scenes" in film
    assert "a door bell" in film
    for confirmed in ("0.10", "", "0.20"):
        post(client, "board_effect_make", story.pk, bell.pk, confirm_total=confirmed)
        run_due()
    take = SoundTake.objects.get(kind="sound")
    assert (take.effect_id, take.scene_id, take.samples) == (bell.pk, scene.pk, 72_000)
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert shown.count("Make another take of the effect · $0.20") == 1
    assert shown.count("Make the effect · $0.20") == 1
    assert f'aria-label="Effect of scene {scene.position}"' in page(
        client, "stories_story_film", story.pk
    )
    post(client, "board_effect_remove", story.pk, rain.pk)
    assert list(Effect.live.all()) == [bell]
    assert post(client, "board_effect_remove", story.pk, rain.pk).status_code == 404
    post(
        client,
        "stories_story_sound",
        story.pk,
        enabled="1",
        mood="none",
        effects_provider="elevenlabs",
    )
    assert StorySound.objects.get(story=story).effects_provider == "elevenlabs"
    assert "ElevenLabs makes the effect from this description." in page(
        client, "board_scene", story.pk, scene.pk
    )
    response = post(
        client,
        "stories_story_sound",
        story.pk,
        enabled="1",
        mood="none",
        effects_provider="typecast",
    )
    assert response.status_code == 302
    assert StorySound.objects.get(story=story).effects_provider == "elevenlabs"


@pytest.mark.moderate
def test_effects_of_the_whole_film_are_on_its_page(story, client, owner):
    sound.change_settings(story.pk, actor=owner, mood="none")
    post(client, "board_effect_add", story.pk, prompt="wind", seconds="2", begins="1")
    effect = Effect.objects.get()
    assert (effect.scene_id, effect.seconds, effect.begins) == (None, 2.0, 1.0)
    assert "wind</textarea>" not in page(client, "board_scene", story.pk, story.all_scenes.get().pk)
    film = page(client, "stories_story_film", story.pk)
    assert "Make the effect · $0.00" in film
    post(client, "board_effect_make", story.pk, effect.pk, confirm_total="0")
    run_due()
    post(client, "board_sound_upload", story.pk, kind="sound", effect=effect.pk, file=sound_file())
    assert SoundTake.objects.filter(effect=effect).count() == 2
    film = page(client, "stories_story_film", story.pk)
    assert film.count('aria-label="Take 2"') == 1
    effect.refresh_from_db()
    assert effect.take.source == "uploaded"


@pytest.mark.moderate
def test_a_failed_voice_is_said_on_the_board(story, client, owner):
    speak_with_refusal = speak_with_words_refused("boat")
    sound.change_settings(story.pk, actor=owner, mood="none")
    generate_sound(story.pk, actor=owner)
    run_due()
    scene = story.all_scenes.get()
    for shown in (
        page(client, "stories_story_board", story.pk),
        page(client, "board_scene", story.pk, scene.pk),
    ):
        assert "Voice failed: This is not spoken." in shown
    speak_with_refusal.clear()
    generate_sound(story.pk, actor=owner)
    run_due()
    assert "Voice failed" not in page(client, "stories_story_board", story.pk)


def speak_with_words_refused(*words):
    SpeakingAdapter.refused.update(words)
    return SpeakingAdapter.refused


@pytest.mark.moderate
def test_pages_name_the_provider_of_takes_and_voices_in_words(story, client, owner):
    AIProviderConfig.objects.filter(provider="local").update(name="Our own studio")
    sound.change_settings(story.pk, actor=owner)
    generate_sound(story.pk, actor=owner)
    generate_sound(story.pk, actor=owner, music=True)
    run_due()
    member = cast.create_member(story.pk, actor=owner, kind="character", name="MARA")
    sound.set_voice(story.pk, actor=owner, speaker="MARA", provider="local", voice="bella")
    scene = story.all_scenes.get()
    for name, *args in (
        ("stories_story_film", story.pk),
        ("board_scene", story.pk, scene.pk),
        ("stories_story_cast", story.pk),
        ("stories_story_member", story.pk, member.pk),
    ):
        shown = strip_tags(page(client, name, *args))
        assert "Our own studio" in shown, name
        assert not re.search(r"\blocal (·|bella)", shown), name


@pytest.mark.moderate
def test_music_that_is_turned_off_is_not_said_to_be_in_the_film(story, client, owner):
    sound.change_settings(story.pk, actor=owner, mood="tense")
    file = SimpleUploadedFile("mine.wav", tone(1500, 220))
    post(client, "board_sound_upload", story.pk, file=file, kind="music")
    take = SoundTake.objects.get()
    assert "In the film" in page(client, "stories_story_film", story.pk)
    sound.change_settings(story.pk, actor=owner, mood="none")
    assert "In the film" not in page(client, "stories_story_film", story.pk)
    post(client, "board_sound_choose", story.pk, take.pk)
    settings = StorySound.objects.get(story=story)
    assert (settings.mood, settings.music_take) == ("calm", take)
    assert "In the film" in page(client, "stories_story_film", story.pk)
