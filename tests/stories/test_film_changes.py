"""A film's poster is a frame of it, and it says which scenes have changed since."""

import hashlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse

from media import ffmpeg
from providers import store
from stories.film.changes import FilmChanges, changes_since
from stories.film.cut import manifest_of
from stories.film.segments import segments_of
from stories.models import Film, Scene, Take
from stories.services import scene_order, scenes, thumbnails
from stories.services.plan import load_scenes
from stories.web.films import describe_changes
from tests.markup import flat
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take


@pytest.fixture
def story(owner):
    story = make_story(owner, status="previewing")
    for _ in range(3):
        make_take(make_scene(story))
    return story


def film_of(story, colour="red"):
    """A film as `build_film` leaves it, in one colour."""
    segments = segments_of(story, load_scenes(story), "preview")
    name = f"films/{story.pk}/preview-{colour}.mp4"
    with store.workplace() as folder:
        ffmpeg.run(
            [
                "-f",
                "lavfi",
                "-i",
                f"color={colour}:s=320x180:r=24:d=1",
                "-f",
                "mp4",
                "-pix_fmt",
                "yuv420p",
            ],
            out=folder / "film.mp4",
        )
        store.save_as(folder / "film.mp4", name)
    number = story.films.count() + 1
    digest = hashlib.sha256(colour.encode()).hexdigest()
    sizes = {
        "width": 320,
        "height": 180,
        "fps": 24,
        "frames": 24,
        "size_bytes": 10,
        "vtt": "WEBVTT\n",
    }
    return Film.objects.create(
        story=story,
        kind="preview",
        number=number,
        file=name,
        manifest=manifest_of(story, segments, ""),
        manifest_hash=digest,
        **sizes,
    )


def changes(film, story):
    return changes_since(film, story, load_scenes(story))


def test_a_film_that_shows_all_as_it_is(story):
    assert not changes(film_of(story), story)


def test_what_changed_since_is_named_by_scene(story, owner):
    film = film_of(story)
    first, second, third = load_scenes(story)
    make_take(first, content=b"another picture")
    scenes.edit(second.pk, actor=owner, narration="Other words.")
    assert changes(film, story) == FilmChanges(changed=(1, 2))
    scenes.delete(third.pk, actor=owner)
    scenes.create(story.pk, actor=owner, position=1, title="New", text="a gull")
    found = changes(film, story)
    assert found == FilmChanges(changed=(2, 3), added=(1,), gone=1)
    assert (
        describe_changes(found)
        == "Since this film was made: scenes 2, 3 have changed · scene 1 is new · 1 scene is gone."
    )


def test_words_that_no_film_shows_are_no_change(story, owner):
    film = film_of(story)
    scenes.edit(load_scenes(story)[0].pk, actor=owner, title="Another title")
    assert not changes(film, story)


def test_another_order_is_a_change(story, owner):
    film = film_of(story)
    scene_order.reorder(
        story.pk, actor=owner, moves=[scene_order.Move(load_scenes(story)[2].pk, None)]
    )
    assert changes(film, story) == FilmChanges(reordered=True)


def test_a_picture_that_was_rejected_since_is_a_change(story):
    film = film_of(story)
    Take.objects.filter(pk=load_scenes(story)[1].image_take_id).update(
        review_status="rejected", review_reason="dark"
    )
    assert changes(film, story) == FilmChanges(changed=(2,))


@pytest.mark.moderate
def test_poster_is_a_frame_of_its_film(story, owner, client):
    red = film_of(story, "red")
    make_take(load_scenes(story)[0], content=picture("#0000ff", (320, 180)))
    blue = film_of(story, "blue")
    client.force_login(owner)
    for film, colour in ((red, 0), (blue, 2)):
        page = client.get(
            reverse("admin:stories_story_film", args=[story.pk]), {"film": str(film.pk)}
        ).content.decode()
        address = page.split('poster="')[1].split('"')[0]
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        pixel = _pixel(answer.getvalue())
        assert pixel.index(max(pixel)) == colour
    assert address in client.get(reverse("admin:index")).content.decode().replace("-640", "-1280")


def _pixel(data):
    import io

    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGB").getpixel((160, 90))


def test_poster_comes_from_the_first_segment_while_it_is_there(story):
    film = film_of(story)
    digest = film.manifest["segments"][0]["hash"]
    assert thumbnails._beginning(film) == film.file
    storages["media"].save(f"segments/{digest[:2]}/{digest}.mp4", ContentFile(b"x"))
    assert thumbnails._beginning(film) == f"segments/{digest[:2]}/{digest}.mp4"


def test_poster_is_for_those_who_see_the_story(story, stranger, client):
    film = film_of(story)
    address = reverse("stories:film_poster", args=[film.pk, thumbnails.film_mark(film)[:16], 640])
    client.force_login(stranger)
    assert client.get(address).status_code == 404


@pytest.mark.moderate
def test_page_says_what_the_film_does_not_show(story, owner, client):
    film_of(story)
    client.force_login(owner)

    def page():
        return flat(client.get(reverse("admin:stories_story_film", args=[story.pk])))

    assert "Since this film was made" not in page()
    make_take(Scene.objects.get(story=story, position=1), content=b"another picture")
    assert "Since this film was made: scene 1 has changed." in page()
    assert (
        f'data-dialog href="{reverse("admin:stories_story_make", args=[story.pk, "image"])}">Make '
        f"it again</a>"
    ) in page()
    review = client.get(reverse("admin:stories_story_review", args=[story.pk])).content.decode()
    assert "Since this film was made: scene 1 has changed." in review


@pytest.mark.moderate
def test_the_film_page_names_scenes_whose_captions_are_too_fast(story, owner, client):
    """30 Korean syllables in 2 s: 15 a second, where 12 can be read; 24 fit, or 3 s are needed."""
    first, second, _third = load_scenes(story)
    scenes.edit(first.pk, actor=owner, narration="가" * 30, duration_seconds=2)
    scenes.edit(second.pk, actor=owner, narration="가" * 24, duration_seconds=2)
    film_of(story)
    client.force_login(owner)
    page = client.get(reverse("admin:stories_story_film", args=[story.pk])).content.decode()
    assert "In 1 scene the captions are too fast to be read" in page
    assert "Too much text for 2 s: 15 characters a second, and viewers read 12." in page
    assert "Make the scene 3 s long, or shorten the text to 24 characters." in page
    scenes.edit(first.pk, actor=owner, duration_seconds=3)
    assert (
        "too fast to be read"
        not in client.get(reverse("admin:stories_story_film", args=[story.pk])).content.decode()
    )
