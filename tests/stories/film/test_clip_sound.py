"""The sound that clips have of their own: kept with the take, heard or muted, measured in films."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jobs.runner import run_due
from providers import store
from stories.enums import TakeKind
from stories.film.sound import sound_of
from stories.models import Film, Scene, Story, Take
from stories.services import sound
from stories.services.mixer import remix
from stories.services.plan import load_scenes
from stories.services.transitions import apply_transition
from stories.services.uploads import upload
from tests.media.audio.sound import RATE, decoded, rms_db
from tests.media.film import ffmpeg_do, make_clip, picture_md5
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db

HERTZ = 440


def clip_file(folder: Path, *, sounding: bool) -> SimpleUploadedFile:
    """Two seconds of moving picture, with or without a tone."""
    silent = make_clip(folder / "silent.mp4", size="320x180", rate="24", seconds=2)
    if not sounding:
        return SimpleUploadedFile("clip.mp4", silent.read_bytes())
    out = folder / "sounding.mp4"
    tone = ("-f", "lavfi", "-i", f"sine=f={HERTZ}:r={RATE}:d=2")
    ffmpeg_do("-i", silent, *tone, "-c:v", "copy", "-c:a", "aac", "-shortest", out)
    return SimpleUploadedFile("clip.mp4", out.read_bytes())


@pytest.fixture
def story(owner: Any, tmp_path: Path) -> Story:
    """Two scenes in which nobody speaks: the clip of the first has sound, that of the second not.

    The story is about to be rendered; it has no music.
    """
    story = make_story(owner, status="previewing", duration_seconds=4)
    for sounding in (True, False):
        scene = make_scene(story, narration="", duration_seconds=2)
        make_take(scene, content=picture("teal", (320, 180)))
        upload(scene.pk, TakeKind.CLIP, file=clip_file(tmp_path, sounding=sounding), actor=owner)
    sound.change_settings(story.pk, actor=owner, mood="none")
    return story


def level_of_tone(samples: np.ndarray) -> float:
    """The part of the sound that is the clip's tone, in dB of the whole."""
    mono = samples.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(mono), 1 / RATE) - HERTZ) < 10
    return float(10 * np.log10(spectrum[near].sum() / spectrum.sum()))


def local(film: Film, folder: Path) -> Path:
    path = folder / f"{film.number}.mp4"
    with store.opened(film.file) as file:
        path.write_bytes(file.read())
    return path


@pytest.mark.moderate
def test_it_is_told_of_an_arriving_clip_whether_it_has_sound(story: Story) -> None:
    takes = Take.objects.filter(kind="clip").order_by("scene__position")
    assert [take.has_sound for take in takes] == [True, False]
    heard = sound_of(story, load_scenes(story), "final")
    assert heard is not None
    assert [one.start for one in heard.clips] == [0]


@pytest.mark.moderate
def test_a_clip_of_which_it_is_not_known_is_listened_to(story: Story) -> None:
    Take.objects.filter(kind="clip").update(has_sound=None)
    heard = sound_of(story, load_scenes(story), "final")
    assert heard is not None
    assert [one.start for one in heard.clips] == [0, 48]


@pytest.mark.slow
def test_a_film_has_the_sound_of_its_clip_and_the_same_picture(
    story: Story, owner: Any, tmp_path: Path
) -> None:
    first = Scene.live.get(story=story, position=1)
    sound.change_scene_sound(first.pk, actor=owner, clip_sound=False)
    apply_transition(story.pk, "render_final", actor=owner)
    run_due()
    muted = local(Film.objects.get(story=story, number=1), tmp_path)
    sound.change_scene_sound(first.pk, actor=owner, clip_sound=None)
    remix(story.pk, actor=owner)
    run_due()
    film = Film.objects.get(story=story, number=2)
    sounding = local(film, tmp_path)
    assert film.segments_encoded == 0
    assert picture_md5(muted) == picture_md5(sounding)
    samples = decoded(sounding)
    # Off the edges, where a clip fades, and off the boundary.
    during, after = samples[RATE // 4 : 7 * RATE // 4], samples[9 * RATE // 4 :]
    assert level_of_tone(during) > -1
    assert rms_db(during) > -30
    assert rms_db(after) < rms_db(during) - 30
    assert rms_db(decoded(muted)) < rms_db(during) - 30
    (row,) = film.manifest["sound"]["clips"]
    assert (row["take"], row["start_frame"], row["end_frame"]) == (str(first.clip_take_id), 0, 48)


@pytest.mark.moderate
def test_the_panel_says_that_a_clip_has_no_sound(story: Story, owner: Any, client: Client) -> None:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    pages = [
        client.get(reverse("admin:board_scene", args=[story.pk, scene.pk])).content.decode()
        for scene in load_scenes(story)
    ]
    words = "The selected clip has no sound of its own."
    assert [words in page for page in pages] == [False, True]
