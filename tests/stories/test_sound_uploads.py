"""Uploaded sound: of a line, a scene or the whole film; what it replaces, and what is refused."""

import io
import wave

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.runner import run_due
from media.errors import MediaError
from providers.models import ProviderCall
from stories.enums import SoundKind
from stories.errors import ApprovedTake, Forbidden, GuardRefused, Invalid
from stories.film.sound import sound_of
from stories.models import Line, SceneSound, SoundTake, StorySound
from stories.services import effects, line_edits, scenes, sound, sound_takes
from stories.services.generation import generate_sound
from stories.services.lines import Spoken
from stories.services.plan import load_scenes
from stories.services.sound_plan import plan_sound
from stories.services.sound_uploads import add_sound, read_sound, upload_sound
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with, tone

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner, monkeypatch):
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", duration_seconds=8)
    for text in ("The boat leaves.", "It is gone."):
        make_scene(story, narration=text, duration_seconds=4)
    sound.change_settings(story.pk, actor=owner, mood="none")
    return story


def sent(ms=1500, content=None):
    return SimpleUploadedFile("mine.wav", tone(ms, 220) if content is None else content)


def planned(story):
    return [(item.kind, item.position, item.state) for item in plan_sound(story).items]


@pytest.mark.moderate
def test_a_recorded_line_is_heard_and_not_bought(story, owner):
    first, _second = Line.live.order_by("scene__position")
    take = upload_sound(story.pk, SoundKind.SPEECH, file=sent(), actor=owner, line_id=first.pk)
    first.refresh_from_db()
    assert first.speech_take == take
    assert (take.samples, take.mime, take.scene, take.text, take.source) == (
        72_000,
        "audio/flac",
        first.scene,
        first.current,
        "uploaded",
    )
    assert planned(story) == [("speech", 1, "done"), ("speech", 2, "missing")]
    generate_sound(story.pk, actor=owner)
    run_due()
    assert ProviderCall.objects.count() == 1
    sound.set_voice(story.pk, actor=owner, speed=1.1)
    assert planned(story) == [("speech", 1, "done"), ("speech", 2, "stale")]


def test_a_recording_replaces_the_voices_of_its_scene(story, owner):
    one, two = load_scenes(story)
    take = upload_sound(story.pk, SoundKind.RECORDING, file=sent(), actor=owner, scene_id=two.pk)
    assert planned(story) == [("speech", 1, "missing")]
    found = sound_of(story, [one, two], "preview")
    assert [(one.take, one.start, one.frames) for one in found.recordings] == [(take, 96, 96)]
    assert found.cues[one.pk] == ()
    assert two.pk not in found.cues
    assert [span.end_frame <= 36 for span in found.captions[two.pk]] == [True]
    sound_takes.review(take.pk, review_status="rejected", actor=owner, reason="noise")
    assert planned(story) == [("speech", 1, "missing"), ("speech", 2, "missing")]
    sound_takes.review(take.pk, review_status="unreviewed", actor=owner)
    sound_takes.deselect(take.pk, actor=owner)
    assert planned(story) == [("speech", 1, "missing"), ("speech", 2, "missing")]
    sound_takes.select(take.pk, actor=owner)
    assert planned(story) == [("speech", 1, "missing")]


def test_a_recording_replaces_the_voices_of_the_film(story, owner):
    scene = load_scenes(story)[0]
    upload_sound(story.pk, SoundKind.RECORDING, file=sent(), actor=owner, scene_id=scene.pk)
    take = upload_sound(story.pk, SoundKind.RECORDING, file=sent(7000), actor=owner)
    assert StorySound.objects.get().recording == take
    assert planned(story) == []
    found = sound_of(story, load_scenes(story), "preview")
    assert [(one.take, one.start, one.frames) for one in found.recordings] == [(take, 0, 192)]
    assert found.should_be_heard
    assert found.manifest()["recordings"] == [
        {
            "take": str(take.pk),
            "take_sha256": take.sha256,
            "start_frame": 0,
            "end_frame": 192,
            "gain_db": 0.0,
        }
    ]


def test_a_recording_that_would_be_cut_off_is_said(story, owner):
    one, two = load_scenes(story)
    upload_sound(story.pk, SoundKind.RECORDING, file=sent(5600), actor=owner, scene_id=two.pk)
    assert [str(warning) for warning in plan_sound(story).warnings] == [
        (
            "The recording of scene 2 is 5.6 s long, and the scene 4 s. "
            "Make the scene 5.1 s long, or upload a shorter recording."
        )
    ]
    upload_sound(story.pk, SoundKind.RECORDING, file=sent(9000), actor=owner)
    assert [str(problem) for problem in sound_of(story, [one, two], "preview").too_long] == [
        (
            "The recording of the film is 9.0 s long, and the film 8 s. "
            "Make scenes longer, or upload a shorter recording."
        )
    ]


def test_music_and_effects_are_heard(story, owner):
    one, two = load_scenes(story)
    music = upload_sound(story.pk, SoundKind.MUSIC, file=sent(9000), actor=owner)
    effect = upload_sound(story.pk, SoundKind.SOUND, file=sent(), actor=owner, scene_id=two.pk)
    sound.change_settings(story.pk, actor=owner, mood="calm", music_from=1, music_until=5.5)
    effects.change_effect(effect.effect_id, actor=owner, level_db=-3)
    found = sound_of(story, [one, two], "preview")
    assert (found.music, found.music_frames) == (music, (24, 132))
    assert [(row.take, row.start, row.gain_db) for row in found.effects] == [(effect, 96, -3.0)]
    assert planned(story)[-1] == ("music", 0, "done")
    sound.change_settings(story.pk, actor=owner, duck_db=12, music_db=2, effects_db=-60)
    levels = sound_of(story, [one, two], "preview").levels
    assert (levels.music_alone, levels.duck_depth, levels.sound) == (-20.0, 12.0, float("-inf"))


def test_a_clip_is_heard_where_nobody_speaks(story, owner):
    quiet = make_scene(story, narration="", duration_seconds=4)
    for scene in load_scenes(story):
        make_take(scene, kind="clip")
    scenes_of = load_scenes(story)

    def heard(kind="final"):
        return [row.start for row in sound_of(story, load_scenes(story), kind).clips]

    assert heard() == [192]
    assert heard("preview") == []
    sound.change_scene_sound(scenes_of[0].pk, actor=owner, clip_sound=True)
    sound.change_scene_sound(quiet.pk, actor=owner, clip_sound=False)
    assert heard() == [0]


def test_an_approved_take_is_replaced_only_if_a_person_says_so(story, owner):
    line = Line.live.first()
    values = {"actor": owner, "line_id": line.pk}
    first = upload_sound(story.pk, SoundKind.SPEECH, file=sent(), **values)
    sound_takes.review(first.pk, review_status="approved", actor=owner)
    with pytest.raises(ApprovedTake):
        upload_sound(story.pk, SoundKind.SPEECH, file=sent(), replace=None, **values)
    assert SoundTake.objects.count() == 1
    beside = upload_sound(story.pk, SoundKind.SPEECH, file=sent(), **values)
    assert not sound_takes.is_selected(beside)
    other = upload_sound(story.pk, SoundKind.SPEECH, file=sent(), replace=True, **values)
    assert sound_takes.is_selected(other)


def silence(ms):
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(48_000)
        written.writeframes(np.zeros(ms * 48, "<i2").tobytes())
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", Invalid, "The file is empty."),
        (b"not a sound", MediaError, "not a sound that can be read"),
        (silence(500), Invalid, "Nothing can be heard in this file."),
        (tone(1000, 220)[:50_000], MediaError, "the file ends before its end"),
        (b"#EXTM3U\nhttp://localhost/x.mp3\n", MediaError, "not a sound that can be read"),
    ],
)
def test_what_cannot_be_used_is_refused_with_words(story, owner, content, error, words):
    with pytest.raises(error, match=words):
        upload_sound(story.pk, SoundKind.MUSIC, file=sent(content=content), actor=owner)
    assert not SoundTake.objects.exists()


def test_a_sound_has_a_place(story, owner, colleague):
    scene, line = load_scenes(story)[0], Line.live.first()
    other = make_scene(make_story(owner), narration="Elsewhere.")
    elsewhere = other.all_lines.get()
    for kind, place, field in (
        (SoundKind.SPEECH, {}, "line"),
        (SoundKind.SPEECH, {"line_id": elsewhere.pk}, "line"),
        (SoundKind.SPEECH, {"line_id": line.pk, "scene_id": other.pk}, "line"),
        (SoundKind.SOUND, {"scene_id": other.pk}, "scene"),
        (SoundKind.MUSIC, {"scene_id": other.pk}, "scene"),
        (SoundKind.RECORDING, {"scene_id": scene.pk, "line_id": line.pk}, "line"),
    ):
        with pytest.raises(Invalid) as error:
            upload_sound(story.pk, kind, file=sent(), actor=owner, **place)
        assert error.value.field == field
    with pytest.raises(Forbidden):
        upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=colleague)
    assert not SoundTake.objects.exists()


def test_a_line_that_was_deleted_meanwhile_gets_no_take(story, owner):
    line = Line.live.first()
    read = read_sound(story.pk, SoundKind.SPEECH, file=sent(), actor=owner, line_id=line.pk)
    line_edits.set_lines(line.scene_id, actor=owner, lines=[Spoken("Another.")])
    with pytest.raises(Invalid, match="Say which line it speaks"):
        add_sound(read)
    read = read_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner)
    type(story).objects.filter(pk=story.pk).update(status="archived")
    with pytest.raises(GuardRefused):
        add_sound(read)


def test_a_copied_scene_sounds_the_same(story, owner):
    scene = load_scenes(story)[0]
    take = upload_sound(story.pk, SoundKind.RECORDING, file=sent(), actor=owner, scene_id=scene.pk)
    music = upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner, scene_id=scene.pk)
    copy = scenes.duplicate(scene.pk, actor=owner)
    row = SceneSound.objects.get(scene=copy)
    assert (row.recording, row.mood, row.music_take) == (take, "calm", music)
    assert planned(story) == [("speech", 3, "missing"), ("music", 1, "done"), ("music", 2, "done")]


def test_uploads_turn_no_sound_on(owner):
    story = make_story(owner)
    upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner)
    assert StorySound.objects.get(story=story).enabled is False
    assert planned(story) == []


def test_settings_of_music_are_checked(story, owner):
    for values in ({"music_from": 5, "music_until": 5}, {"duck_db": 25}, {"music_from": 1e9}):
        with pytest.raises(Invalid):
            sound.change_settings(story.pk, actor=owner, **values)
    with pytest.raises(Invalid):
        sound.change_scene_sound(load_scenes(story)[0].pk, actor=owner, recording="x")
