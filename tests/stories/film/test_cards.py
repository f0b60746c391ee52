"""Cards and a logo in a film: how long it is, when things are shown and heard, and what is encoded
again.
"""

import io

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from jobs.models import Job
from jobs.runner import run_due
from media.ffmpeg import probe
from providers.store import local_copy, media, workplace
from stories.enums import SoundKind
from stories.film.changes import changes_since
from stories.film.now import playable
from stories.film.segments import edges_of, pieces_of, segments_of
from stories.models import Film, Scene
from stories.services import cards, scenes, sound
from stories.services.comments import scene_at
from stories.services.plan import load_scenes
from stories.services.sound_uploads import upload_sound
from stories.services.transitions import apply_transition
from stories.web.film_review import chapters_of as chapters_of_review
from stories.web.films import chapters_of, describe_changes
from tests.media.audio import sound as sounds
from tests.media.audio.sound import decoded
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import start_work

pytestmark = pytest.mark.django_db


def picture():
    file = io.BytesIO()
    Image.new("RGB", (1600, 900), (40, 80, 120)).save(file, "PNG")
    return file.getvalue()


def upload(name, content):
    return SimpleUploadedFile(name, content)


@pytest.fixture
def click(tmp_path):
    """The bytes of a sound whose first sample is loud, and only that."""
    return sounds.save(tmp_path / "click.wav", sounds.click()).read_bytes()


def mark():
    image = Image.new("RGBA", (80, 40), (255, 0, 0, 255))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def story(owner):
    story = make_story(owner, status="planned", duration_seconds=8, burn_captions=False)
    for text in ("The boat leaves, the gulls cry.", "Who is there?"):
        make_take(make_scene(story, narration=text, duration_seconds=4), content=picture())
    return story


def previewed(story, owner):
    if story.films.exists():
        start_work(story.pk, "image", advance="never", actor=owner)
    else:
        apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    job = Job.objects.filter(name="story_preview").order_by("-created_at").first()
    assert job.status == "succeeded", job.note
    return Film.objects.filter(story=story).order_by("-number").first()


def with_logo(story, owner):
    stored = cards.read_logo(story.pk, file=upload("logo.png", mark()), actor=owner)
    cards.set_logo(story.pk, stored, actor=owner)
    story.refresh_from_db()
    return stored


@pytest.mark.slow
def test_scenes_captions_and_marks_follow_the_title_card(story, owner):
    plain = previewed(story, owner)
    cards.change_cards(
        story.pk, actor=owner, title_card="The Harbour", title_card_seconds=2.5, end_card="Ende"
    )
    film = previewed(story, owner)
    assert (plain.frames, film.frames) == (192, 60 + 192 + 72)
    assert (film.segments_encoded, film.segments_reused) == (2, 2)
    with workplace() as folder, local_copy(film.file, folder) as path:
        assert probe(path).frames == 324
    assert [(card["place"], card["text"], card["frames"]) for card in film.manifest["cards"]] == [
        ("title", "The Harbour", 60),
        ("end", "Ende", 72),
    ]
    assert [mark["start"] for mark in chapters_of(film)] == [2.5, 6.5]
    assert [mark.start_ms for mark in chapters_of_review(film)] == [2500, 6500]
    first, second = Scene.live.filter(story=story).order_by("position")
    assert [scene_at(film, at) for at in (0, 2499, 2500, 6499, 6500, 10_499, 10_500)] == [
        *(None, None, first.pk, first.pk, second.pk, second.pk, None)
    ]
    before = plain.vtt.split("\n")
    after = film.vtt.split("\n")
    assert before[2].startswith("00:00:00.000")
    assert after[2].startswith("00:00:02.500")
    assert len(before) == len(after)


@pytest.mark.slow
def test_a_changed_card_encodes_only_the_card(story, owner):
    cards.change_cards(story.pk, actor=owner, title_card="The Harbour", end_card="Ende")
    film = previewed(story, owner)
    story.refresh_from_db()
    assert not changes_since(film, story, load_scenes(story))
    cards.change_cards(story.pk, actor=owner, title_card="The Harbour at Dawn")
    story.refresh_from_db()
    found = changes_since(film, story, load_scenes(story))
    assert (found.cards, found.changed) == (True, ())
    assert describe_changes(found) == "Since this film was made: the cards have changed."
    again = previewed(story, owner)
    assert (again.number, again.segments_encoded, again.segments_reused) == (2, 1, 3)
    cards.change_cards(story.pk, actor=owner, title_card="", end_card=" \n ")
    bare = previewed(story, owner)
    assert (bare.frames, "cards" in bare.manifest) == (192, False)


@pytest.mark.slow
def test_every_click_is_where_its_scene_begins(story, owner, click):
    """Scenes of odd lengths, with a transition between them, after a card of a tenth of a second
    more than a whole one.
    """
    make_take(make_scene(story, narration="", duration_seconds=3.3), content=picture())
    Scene.live.filter(story=story, position=1).update(
        duration_seconds=2.7, boundary="cross_fade", narration=""
    )
    sound.change_settings(story.pk, actor=owner, mood="none")
    for scene in load_scenes(story):
        scenes.edit(scene.pk, actor=owner, narration="")
        upload_sound(
            story.pk, SoundKind.SOUND, file=upload("c.wav", click), actor=owner, scene_id=scene.pk
        )
    cards.change_cards(story.pk, actor=owner, title_card="T", title_card_seconds=1.1, end_card="E")
    film = previewed(story, owner)
    starts, frame = [], 26  # 1.1 s at 24 frames a second
    for scene in load_scenes(story):
        starts.append(frame)
        frame += scene.frames(24)
    assert film.frames == frame + 72
    with workplace() as folder, local_copy(film.file, folder) as path:
        samples = decoded(path)[:, 0]
    assert len(samples) == film.frames * 2000
    found = []
    for start in starts:
        around = np.abs(samples[start * 2000 - 900 : start * 2000 + 900])
        found.append(int(around.argmax()) - 900)
    assert found == [0, 0, 0]


def test_only_with_a_logo_are_segments_others(story, owner):
    Scene.live.filter(story=story, position=1).update(boundary="cross_fade")
    listed = load_scenes(story)
    before = [piece.hash for piece in pieces_of(segments_of(story, listed, "preview"))]
    stored = with_logo(story, owner)
    marked = [piece.hash for piece in pieces_of(segments_of(story, listed, "preview"))]
    assert len(before) == 3
    assert not set(before) & set(marked)
    cards.change_cards(story.pk, actor=owner, logo_corner="bottom_left")
    story.refresh_from_db()
    moved = [piece.hash for piece in pieces_of(segments_of(story, listed, "preview"))]
    assert not set(marked) & set(moved)
    cards.set_logo(story.pk, None, actor=owner)
    story.refresh_from_db()
    assert [piece.hash for piece in pieces_of(segments_of(story, listed, "preview"))] == before
    assert media().exists(stored.name), "films that exist may still be made again from it"
    assert edges_of(story, listed)[listed[0].pk].trail


@pytest.mark.slow
def test_a_logo_is_seen_in_every_scene_and_its_loss_is_named(story, owner):
    stored = with_logo(story, owner)
    cards.change_cards(
        story.pk, actor=owner, logo_corner="top_left", logo_width=40, logo_opacity=100
    )
    film = previewed(story, owner)
    assert film.manifest["logo"] == {
        "file": stored.name,
        "corner": "top_left",
        "width": 40,
        "opacity": 100,
    }
    media().delete(stored.name)
    cards.change_cards(story.pk, actor=owner, logo_corner="top_right")
    start_work(story.pk, "image", advance="never", actor=owner)
    run_due()
    notes = [str(job.note) for job in Job.objects.filter(name="scene_segment")]
    # Both scenes show one picture, so one job encodes it.
    assert sum("The file of the logo is missing in the store" in note for note in notes) == 1


def test_the_player_is_told_of_cards_and_of_when_things_are_heard(story, owner, click):
    sound.change_settings(story.pk, actor=owner, mood="none")
    for scene in load_scenes(story):
        upload_sound(
            story.pk, SoundKind.SOUND, file=upload("c.wav", click), actor=owner, scene_id=scene.pk
        )
    cards.change_cards(story.pk, actor=owner, title_card="T", title_card_seconds=2)
    story.refresh_from_db()
    now = playable(story, load_scenes(story))
    assert [(card.place, card.length) for card in now.cards] == [("title", 48)]
    assert [one.start for one in now.sounds] == [2.0, 6.0]
