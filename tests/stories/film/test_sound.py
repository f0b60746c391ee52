"""The film is heard: one track, at the right frames, with captions in time, and no picture encoded
again.
"""

import io
import wave

import pytest
from django.core.files.storage import storages
from PIL import Image

from jobs.models import Job
from jobs.runner import run_due
from media.audio.loudness import measure
from media.ffmpeg import probe
from providers.store import local_copy, workplace
from stories.film.sound import sound_of
from stories.models import Film, Line, SoundTake, StorySound
from stories.services import line_edits, scenes, sound
from stories.services.lines import Spoken
from stories.services.plan import load_scenes
from stories.services.sound_plan import plan_sound
from stories.services.speech_timing import timing
from stories.services.transitions import apply_transition
from tests.media.film import picture_md5
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with
from tests.stories.starts import start_work

pytestmark = pytest.mark.django_db


def picture():
    file = io.BytesIO()
    Image.new("RGB", (1600, 900), (40, 80, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def speaking(monkeypatch):
    return speak_with(monkeypatch)


@pytest.fixture
def story(owner, speaking):
    story = make_story(owner, status="planned", duration_seconds=8, burn_captions=True)
    for text in ("The boat leaves, the gulls cry.", "Who is there?"):
        make_take(make_scene(story, narration=text, duration_seconds=4), content=picture())
    sound.change_settings(story.pk, actor=owner)
    return story


def previewed(story, owner):
    """The newest preview, made anew."""
    if story.films.exists():
        start_work(story.pk, "image", advance="never", actor=owner)
    else:
        apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    job = Job.objects.filter(name="story_preview").order_by("-created_at").first()
    assert job.status == "succeeded", job.note
    return Film.objects.filter(story=story).order_by("-number").first()


@pytest.mark.slow
def test_a_film_is_heard(story, owner):
    film = previewed(story, owner)
    with workplace() as folder, local_copy(film.file, folder) as path:
        found, loud = probe(path), measure(path)
    assert (film.frames, found.frames) == (192, 192)
    assert loud.samples == 192 * 2000
    assert loud.integrated == pytest.approx(-14, abs=0.3)
    assert loud.true_peak <= -1
    heard = film.manifest["sound"]
    assert [(cue["start_frame"], cue["speed"], cue["gain_db"]) for cue in heard["speech"]] == [
        (10, 1.0, 0.0),
        (96 + 10, 1.0, 0.0),
    ]
    assert (heard["music"]["end_frame"], heard["target_lufs"], heard["mixer"]) == (192, -14.0, 2)
    assert film.manifest["loudness"]["samples"] == 192 * 2000
    assert film.vtt.startswith("WEBVTT")


@pytest.mark.slow
def test_a_change_of_the_mix_encodes_no_picture(story, owner):
    one = previewed(story, owner)
    sound.change_settings(story.pk, actor=owner, music_db=-10.0, loudness="ebu")
    two = previewed(story, owner)
    assert (two.number, two.segments_encoded, two.segments_reused) == (2, 0, 2)
    with (
        workplace() as folder,
        local_copy(one.file, folder) as first,
        local_copy(two.file, folder) as second,
    ):
        assert picture_md5(first) == picture_md5(second)
        assert measure(second).integrated == pytest.approx(-23, abs=0.3)
    assert previewed(story, owner).pk == two.pk, "the same sound makes the same film"
    sound.change_settings(story.pk, actor=owner, enabled=False)
    silent = previewed(story, owner)
    assert (silent.number, "sound" in silent.manifest) == (3, False)


@pytest.mark.slow
def test_a_film_that_should_be_heard_and_is_silent_fails(story, owner):
    previewed(story, owner)
    silence = io.BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 48_000))
    name = storages["media"].save("calls/00/silence.wav", io.BytesIO(silence.getvalue()))
    SoundTake.objects.filter(kind="speech").update(file=name)
    sound.change_settings(story.pk, actor=owner, mood="none")
    start_work(story.pk, "image", advance="never", actor=owner)
    run_due()
    job = Job.objects.filter(name="story_preview").order_by("-created_at").first()
    assert (job.status, "its sound is silent" in str(job.note)) == ("failed", True)
    assert story.films.count() == 1


def spoken_at(story, owner, *, marks=None):
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    if marks is not None:
        SoundTake.objects.filter(kind="speech").update(marks=marks)
    return sound_of(story, load_scenes(story), "preview")


@pytest.mark.slow
def test_captions_follow_the_speech_by_clause(story, owner):
    found = spoken_at(story, owner)
    first, second = found.captions.values()
    # "The boat leaves," is spoken from 0.4 s to 1.3 s, "the gulls cry." from 1.42 s to 2.32 s.
    assert [(span.start_frame, span.text) for span in first] == [
        (8, "The boat leaves,"),
        (32, "the gulls cry."),
    ]
    assert first[0].end_frame <= 32
    assert 56 <= first[1].end_frame <= 63
    assert [(span.start_frame, span.text) for span in second] == [(8, "Who is there?")]
    cue = found.cues[story.all_scenes.get(position=1).pk][0]
    for span, mark in zip(first, cue.take.marks, strict=True):
        assert abs(span.start_frame - cue.frame_at(mark["start_ms"], 24)) <= 3


@pytest.mark.slow
def test_captions_show_the_words_of_the_line_and_not_those_that_were_spoken(story, owner):
    marks = [
        {"text": "the boat", "start_ms": 0, "end_ms": 900},
        {"text": "ten per cent", "start_ms": 1020, "end_ms": 1900},
    ]
    scene = story.all_scenes.get(position=1)
    line_edits.set_lines(
        scene.pk, actor=owner, lines=[Spoken("The boat 10 %.", id=Line.live.get(scene=scene).pk)]
    )
    found = spoken_at(story, owner, marks=marks)
    assert (
        " ".join(span.text.replace("\n", " ") for span in found.captions[scene.pk])
        == "The boat 10 %."
    )


@pytest.mark.slow
def test_without_marks_a_caption_covers_the_speech(story, owner):
    found = spoken_at(story, owner, marks=[])
    (span,) = found.captions[story.all_scenes.get(position=2).pk]
    assert (span.start_frame, span.text) == (8, "Who is there?")


@pytest.mark.parametrize(
    ("lengths", "seconds", "last", "starts", "speed", "needed", "fits"),
    [
        ([], 4, False, [], 1, 1, True),
        ([3000], 4, False, [400], 1, 4, True),
        ([3001], 4, True, [400], 3001 / 3000, 4.1, True),
        ([1000, 1000], 4, False, [400, 1700], 1, 3.3, True),
        ([3240], 4, False, [400], 1.08, 4.3, True),
        ([3300], 4, False, [400], 1, 4.3, True),  # runs on into the next scene's lead
        ([3900], 4, False, [400], 1, 4.9, True),
        ([4200], 4, False, [400], 4200 / 3900, 5.2, True),
        ([4213], 4, False, [400], 4213 / 3900, 5.3, False),
        ([3300], 4, True, [400], 1, 4.3, True),
        ([3834], 4, True, [400], 1.08, 4.9, True),
        ([3835], 4, True, [400], 3835 / 3550, 4.9, False),
        ([100], 1, True, [400], 1, 1.1, True),
        ([40_000], 5, False, [400], 40_000 / 4900, 41, False),
    ],
)
def test_lines_fit_or_say_the_length_that_they_need(
    lengths, seconds, last, starts, speed, needed, fits
):
    found = timing(lengths, seconds * 1000, last=last)
    assert ([float(start) for start in found.starts], float(found.speed)) == (
        pytest.approx(starts),
        pytest.approx(speed),
    )
    assert (found.needed, found.fits) == (needed, fits)


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
@pytest.mark.parametrize("lengths", [[3700], [1700, 1800], [3834]])
def test_the_last_line_ends_before_the_film_is_cut(lengths, fps):
    """It begins with a frame, and faster speech is up to 21 ms longer than asked for."""
    found = timing(lengths, 4000, last=True)
    assert found.fits
    first_frame = round(found.starts[-1] * fps / 1000)
    assert first_frame * 1000 / fps + lengths[-1] / found.speed + 21 <= 4000


def test_a_line_longer_than_its_scene_is_said_before_it_is_paid(story, owner):
    assert plan_sound(story).warnings == []
    scene = story.all_scenes.get(position=1)
    scenes.edit(
        scene.pk,
        actor=owner,
        narration="The old keeper of the lighthouse counts every single lamp before night. " * 2,
    )
    (warning,) = plan_sound(story).warnings
    assert "Scene 1 is 4 s long and its lines need about 8.3 s" in str(warning)


@pytest.mark.slow
def test_a_line_longer_than_its_scene_is_never_cut_off(story, owner):
    scene = story.all_scenes.get(position=2)
    words = " ".join(["word"] * 15)  # 4.5 s
    scenes.edit(scene.pk, actor=owner, narration=words)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    job = Job.objects.get(name="story_preview")
    assert (job.status, job.wait_for) == ("waiting", "person")
    assert "Scene 2 is 4 s long and its lines need 5.5 s." in str(job.note)
    (warning,) = plan_sound(story).warnings
    assert "its lines need 5.5 s" in str(warning)
    scenes.edit(scene.pk, actor=owner, duration_seconds=6)
    assert plan_sound(story).warnings == []


def test_muted_music_and_speech_are_not_expected_to_be_heard(story):
    StorySound.objects.filter(story=story).update(speech_db=-60.0, music_db=-60.0)
    found = sound_of(story, load_scenes(story), "preview")
    assert not found.should_be_heard
