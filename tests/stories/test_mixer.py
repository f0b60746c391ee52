"""The mixer: stems to listen to, and another mix of a film without encoding its pictures."""

import io
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse
from PIL import Image

from config import storage as config
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run_due
from media.audio import loudness
from operations import retention
from providers.models import AIProviderConfig, ProviderCall
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.film.sound import sound_of, speaking
from stories.film.stems import ready_stems
from stories.models import Film, SoundTake, StorySound
from stories.services import scenes, sound
from stories.services.generation import start_generation
from stories.services.mixer import prepare_mixer, remix
from stories.services.plan import load_scenes
from tests import services
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with

pytestmark = pytest.mark.django_db


def picture():
    file = io.BytesIO()
    Image.new("RGB", (640, 360), (40, 80, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def story(owner, monkeypatch):
    """A story whose preview was made with sound."""
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", duration_seconds=6)
    for text in ("The boat leaves.", "It is gone."):
        make_take(make_scene(story, narration=text, duration_seconds=3), content=picture())
    sound.change_settings(story.pk, actor=owner)
    start_generation(story.pk, "image", actor=owner)[0].require()
    run_due()
    story.refresh_from_db()
    assert (story.status, Film.objects.count()) == ("previewing", 1)
    return story


def current(story):
    return sound_of(story, load_scenes(story), "preview")


@pytest.mark.moderate
def test_another_mix_encodes_no_picture_and_buys_nothing(story, owner):
    first, calls = Film.objects.get(), ProviderCall.objects.count()
    assert len(first.manifest["outline"]) == 600
    assert max(first.manifest["outline"]) > 10
    sound.change_settings(story.pk, actor=owner, music_db=-60, duck_db=3, loudness="ebu")
    remix(story.pk, actor=owner)
    run_due()
    second = Film.objects.get(number=2)
    assert (second.segments_encoded, second.segments_reused) == (0, 2)
    assert [row["hash"] for row in second.manifest["segments"]] == [
        row["hash"] for row in first.manifest["segments"]
    ]
    assert abs(second.manifest["loudness"]["integrated_lufs"] + 23) <= 0.3
    assert ProviderCall.objects.count() == calls
    story.refresh_from_db()
    assert story.status == "previewing"


@pytest.mark.moderate
def test_a_film_that_needs_a_take_is_not_mixed(story, owner, colleague):
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="speech", name="paid", is_default=True, price=Decimal("0.25"), unit="call"
    )
    sound.set_voice(story.pk, actor=owner, speed=1.1)
    with pytest.raises(GuardRefused, match="something is still to be made, for 0"):
        remix(story.pk, actor=owner)
    with pytest.raises(Forbidden):
        remix(story.pk, actor=colleague)
    assert not Job.objects.filter(status=JobStatus.QUEUED).exists()
    type(story).objects.filter(pk=story.pk).update(status="planned")
    with pytest.raises(GuardRefused, match="no film yet"):
        remix(story.pk, actor=owner)


@pytest.mark.moderate
def test_stems_are_made_once_and_fit_the_film(story, owner, tmp_path):
    prepare_mixer(story.pk, actor=owner)
    run_due()
    files = ready_stems(current(story))
    assert sorted(files) == ["music", "speech"]
    for name in files.values():
        path = tmp_path / "stem.m4a"
        with storages["media"].open(name) as file:
            path.write_bytes(file.read())
        assert loudness.measure(path).samples == 6 * 48_000
    assert set(files.values()) <= {
        name for name in files.values() if name in retention.references()
    }
    # Other levels are applied while listening; other sound needs other stems.
    sound.change_settings(
        story.pk, actor=owner, speech_db=-3, music_db=-60, duck_db=0, loudness="atsc"
    )
    assert ready_stems(current(story)) == files
    prepare_mixer(story.pk, actor=owner)
    run_due()
    assert ready_stems(current(story)) == files
    scene = load_scenes(story)[0]
    scenes.edit(scene.pk, actor=owner, duration_seconds=5)
    assert ready_stems(current(story)) == {}


@pytest.mark.slow
def test_stems_are_played_from_an_object_store(story, owner, client, settings, tmp_path):
    """The script of the mixer may process them: they come from the studio's own address, by parts,
    as a player asks for them.
    """
    film = Film.objects.get()
    with services.s3() as server:
        at = {"endpoint": server.url, "bucket": server.bucket, "region": "us-east-1"}
        keys = {"access_key": server.access_key, "secret_key": server.secret_key}
        away = config.Store(**at, **keys, public=f"{server.url}/{server.bucket}")
        local = storages["media"]
        names = [film.file, *SoundTake.objects.values_list("file", flat=True)]
        kept = {}
        for name in names:
            with local.open(name) as file:
                kept[name] = file.read()
        settings.STORAGES = {**settings.STORAGES, "media": away.backend()}
        assert type(storages["media"]).__name__ == "MediaStorage"
        for name, content in kept.items():
            storages["media"].save(name, ContentFile(content))
        prepare_mixer(story.pk, actor=owner)
        run_due()
        files = ready_stems(current(story))
        assert sorted(files) == ["music", "speech"]
        client.force_login(owner)
        for track in files:
            url = reverse("stories:sound_stem", args=[story.pk, track])
            whole = client.get(url)
            assert (whole.status_code, whole["Content-Type"]) == (200, "audio/mp4")
            content = b"".join(whole)
            (tmp_path / "stem.m4a").write_bytes(content)
            assert loudness.measure(tmp_path / "stem.m4a").samples == 6 * 48_000
            part = client.get(url, headers={"range": "bytes=1000-1999"})
            assert (part.status_code, b"".join(part)) == (206, content[1000:2000])
            assert part["Content-Range"] == f"bytes 1000-1999/{len(content)}"


@pytest.mark.moderate
def test_speech_is_known_by_its_times(story):
    assert speaking(current(story)) == [(0.417, 1.317), (3.417, 4.317)]


@pytest.mark.moderate
def test_stems_need_sound_and_an_owner(story, owner, colleague):
    with pytest.raises(Forbidden):
        prepare_mixer(story.pk, actor=colleague)
    sound.change_settings(story.pk, actor=owner, enabled=False)
    with pytest.raises(GuardRefused, match="no sound"):
        prepare_mixer(story.pk, actor=owner)


@pytest.fixture
def page(client, owner, story):
    client.force_login(owner)
    client.cookies["django_language"] = "en"

    def get():
        response = client.get(reverse("admin:stories_story_film", args=[story.pk]))
        return response.content.decode()

    return get


@pytest.mark.slow
def test_the_page_mixes_and_listens(page, client, owner, colleague, story):
    html = page()
    assert "Prepare listening while mixing" in html
    assert "data-stem" not in html
    assert 'class="vp-outline"' in html
    assert "LUFS, true peak" in html
    client.post(reverse("admin:stories_story_mixer_prepare", args=[story.pk]))
    run_due()
    html = page()
    stem = reverse("stories:sound_stem", args=[story.pk, "speech"])
    assert html.count("data-stem") == 2
    assert stem in html
    assert "[[0.417, 1.317], [3.417, 4.317]]" in html
    address = reverse("admin:stories_story_mixer", args=[story.pk])
    client.post(address, {"music_db": "−6", "duck_db": "12", "music_until": "5", "remix": "1"})
    found = StorySound.objects.get()
    assert (found.music_db, found.duck_db, found.music_until) == (-6.0, 12.0, 5.0)
    run_due()
    assert Film.objects.count() == 2
    client.post(address, {"music_until": "", "speech_db": "x"})
    client.post(address, {"music_until": "inf"})
    assert StorySound.objects.get().music_until == 5.0
    client.post(address, {"music_until": ""})
    assert StorySound.objects.get().music_until is None
    client.force_login(colleague)
    client.post(address, {"music_db": "0"})
    assert StorySound.objects.get().music_db == -6.0
    response = client.get(stem)
    assert (response.status_code, response["Content-Type"]) == (200, "audio/mp4")
    response.close()


@pytest.mark.slow
def test_strangers_hear_no_stems(page, client, owner, stranger, story):
    prepare_mixer(story.pk, actor=owner)
    run_due()
    client.force_login(stranger)
    address = reverse("stories:sound_stem", args=[story.pk, "speech"])
    assert client.get(address).status_code == 404
    client.force_login(owner)
    assert client.get(address.replace("speech", "drums")).status_code == 404


@pytest.mark.moderate
def test_a_film_says_that_its_sound_has_changed(page, owner, story):
    assert "the sound has changed" not in page()
    sound.change_settings(story.pk, actor=owner, music_db=-3)
    assert "Since this film was made: the sound has changed." in page()
    with pytest.raises(Invalid):
        sound.change_settings(story.pk, actor=owner, music_db=99)
