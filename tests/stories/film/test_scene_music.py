"""Music of scenes in the film: which bed is heard when, and how loud."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Job
from jobs.runner import run_due
from stories.enums import SoundKind
from stories.film import stems
from stories.film.changes import changes_since
from stories.film.now import playable
from stories.film.sound import FilmSound, sound_of
from stories.models import Film, Scene, SceneSound, SoundTake, Story, StorySound
from stories.services import mixer, scenes, sound, sound_takes
from stories.services.plan import load_scenes
from stories.services.sound_uploads import upload_sound
from stories.services.transitions import apply_transition
from tests.fakes import media
from tests.media.audio.sound import RATE, decoded, rms_db
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with, tone
from tests.stories.starts import start_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner: Any, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Three silent scenes of 4, 4 and 3 s, and 11 s of music of the film at 330 Hz."""
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", duration_seconds=11)
    for seconds in (4, 4, 3):
        scene = make_scene(story, narration="", duration_seconds=seconds)
        make_take(scene, content=media.picture(320, 180))
    sound.change_settings(story.pk, actor=owner)
    upload(story, owner, 11_000, 330)
    return story


def upload(
    story: Story, owner: Any, ms: int, hertz: int, *, scene: Scene | None = None
) -> SoundTake:
    file = SimpleUploadedFile("mine.wav", tone(ms, hertz))
    scene_id = scene.pk if scene else None
    return upload_sound(story.pk, SoundKind.MUSIC, file=file, actor=owner, scene_id=scene_id)


@pytest.fixture
def own(story: Story, owner: Any) -> SoundTake:
    """The second scene has 1.5 s of music at 880 Hz of its own, the third has none."""
    _first, second, third = load_scenes(story)
    sound.change_scene_sound(third.pk, actor=owner, mood="none")
    return upload(story, owner, 1500, 880, scene=second)


def heard_in(story: Story, kind: str = "preview") -> FilmSound:
    found = sound_of(story, load_scenes(story), kind)
    assert found is not None
    return found


def film_music(story: Story) -> SoundTake:
    take = StorySound.objects.get(story=story).music_take
    assert take is not None
    return take


def beds(story: Story) -> list[tuple[SoundTake, int, int]]:
    return [(bed.take, bed.start, bed.end) for bed in heard_in(story).beds]


def pitch(samples: Any) -> int:
    """The strongest frequency."""
    mono = samples.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    return round(float(np.fft.rfftfreq(len(mono), 1 / RATE)[spectrum.argmax()]))


def test_a_film_without_music_of_scenes_is_the_same_as_before(story: Story) -> None:
    """No film is out of date because scenes may have music: the manifest is that of before."""
    take = film_music(story)
    assert heard_in(story).manifest() == {
        "mixer": 2,
        "speech": [],
        "music": {
            "take": str(take.pk),
            "take_sha256": take.sha256,
            "provider": "",
            "model": "",
            "start_frame": 0,
            "end_frame": 264,
            "gain_db": 0.0,
            "duck_db": 8.0,
        },
        "target_lufs": -14.0,
        "peak_dbtp": -1.0,
    }
    before = [2, 24, [96, 96, 72], heard_in(story).manifest()]
    text = json.dumps(before, sort_keys=True).encode()
    assert stems.stems_key(heard_in(story)) == hashlib.sha256(text).hexdigest()
    SceneSound.objects.create(scene=load_scenes(story)[0], clip_sound=False)
    assert json.dumps(before, sort_keys=True) == json.dumps(
        [2, 24, [96, 96, 72], heard_in(story).manifest()], sort_keys=True
    )


def test_every_bed_is_named_with_its_frames(story: Story, own: SoundTake) -> None:
    found = heard_in(story).manifest()
    second = load_scenes(story)[1]
    assert [
        (bed["scene"], bed["take"], bed["start_frame"], bed["end_frame"], bed["duck_db"])
        for bed in found["beds"]
    ] == [
        (None, str(film_music(story).pk), 0, 96, 8.0),
        (second.key, str(own.pk), 96, 192, 8.0),
    ]
    assert (found["music"]["start_frame"], found["music"]["end_frame"]) == (0, 264)


@pytest.mark.moderate
def test_the_film_limits_only_its_own_music(story: Story, own: SoundTake, owner: Any) -> None:
    film = film_music(story)
    sound.change_settings(story.pk, actor=owner, music_from=2.0, music_until=3.0)
    assert beds(story) == [(film, 48, 72), (own, 96, 192)]
    sound.change_settings(story.pk, actor=owner, music_from=5.0, music_until=None)
    assert beds(story) == [(own, 96, 192)]
    assert heard_in(story).music is None
    scenes.move(load_scenes(story)[2].pk, actor=owner, position=1)
    sound.change_settings(story.pk, actor=owner, music_from=0.0)
    assert beds(story) == [(film, 72, 168), (own, 168, 264)]
    sound.change_settings(story.pk, actor=owner, mood="none")
    assert beds(story) == [(own, 168, 264)]
    assert heard_in(story).should_be_heard


def test_cards_alone_have_no_music_of_the_film(story: Story, own: SoundTake, owner: Any) -> None:
    Story.objects.filter(pk=story.pk).update(title_card="The sea", title_card_seconds=2.0)
    story.refresh_from_db()
    cards = heard_in(story).cards
    assert beds(story)[0] == (film_music(story), 0, cards[0] + 96)
    sound.change_scene_sound(load_scenes(story)[0].pk, actor=owner, mood="none")
    assert beds(story) == [(own, cards[0] + 96, cards[0] + 192)]


def test_a_rejected_take_is_not_heard(story: Story, own: SoundTake, owner: Any) -> None:
    sound_takes.review(own.pk, review_status="rejected", actor=owner, reason="too loud")
    assert beds(story) == [(film_music(story), 0, 96)]


def test_the_player_goes_on_after_a_scene_with_its_own_music(
    story: Story, own: SoundTake, owner: Any
) -> None:
    scenes.move(load_scenes(story)[2].pk, actor=owner, position=1)
    first, second, _third = load_scenes(story)
    sound.change_scene_sound(first.pk, actor=owner, mood="")
    sound.change_scene_sound(second.pk, actor=owner, mood="none")
    now = playable(story, load_scenes(story))
    assert [(one.take, one.start, one.end, one.offset, one.is_music) for one in now.sounds] == [
        (film_music(story), 0.0, 3.0, 0.0, True),
        (own, 7.0, 11.0, 0.0, True),
    ]
    sound.change_scene_sound(second.pk, actor=owner, mood="")
    sound.change_scene_sound(first.pk, actor=owner, mood="none")
    sounds = playable(story, load_scenes(story)).sounds
    assert [(one.start, one.offset) for one in sounds] == [(3.0, 3.0), (7.0, 0.0)]


@pytest.mark.slow
def test_each_scene_is_heard_with_its_music(
    story: Story, own: SoundTake, owner: Any, tmp_path: Any
) -> None:
    mixer.prepare_mixer(story.pk, actor=owner)
    run_due()
    files = stems.ready_stems(heard_in(story))
    assert sorted(files) == ["music"]
    path = tmp_path / "music.m4a"
    with storages["media"].open(files["music"]) as file:
        path.write_bytes(file.read())
    samples = decoded(path)
    assert len(samples) == 11 * RATE
    quarter = RATE // 4
    # After the fade at the beginning of the film, and off the boundaries.
    film = samples[RATE : 4 * RATE - quarter]
    scene = samples[4 * RATE + quarter : 8 * RATE - quarter]
    silence = samples[8 * RATE + quarter :]
    assert (pitch(film), pitch(scene)) == (330, 880)
    assert rms_db(scene) == pytest.approx(rms_db(film), abs=2.5)  # of equal loudness
    assert rms_db(silence) < -80
    ends = [samples[at - quarter // 2 : at + quarter // 2] for at in (4 * RATE, 8 * RATE)]
    assert all(rms_db(end) < rms_db(scene) - 5 for end in ends)


@pytest.mark.slow
def test_a_film_is_out_of_date_when_a_scene_gets_its_own_music(story: Story, owner: Any) -> None:
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    assert Job.objects.get(name="story_preview").status == "succeeded"
    film = Film.objects.get(story=story)
    assert "beds" not in film.manifest["sound"]
    assert not changes_since(film, story, load_scenes(story)).sound
    own = upload(story, owner, 1500, 880, scene=load_scenes(story)[1])
    assert changes_since(film, story, load_scenes(story)).sound
    start_work(story.pk, "image", advance="never", actor=owner)
    run_due()
    other = Film.objects.filter(story=story).order_by("-number").first()
    assert other is not None
    assert (other.number, other.segments_encoded) == (2, 0)
    assert [bed["take"] for bed in other.manifest["sound"]["beds"]] == [
        str(film_music(story).pk),
        str(own.pk),
        str(film_music(story).pk),
    ]
