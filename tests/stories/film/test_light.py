"""The copy of a film for slow connections: small, made once by a job, played where it is chosen."""

import pytest
from django.core.files.storage import storages
from django.urls import reverse

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run_due
from media import ffmpeg
from media.rendition import render_light
from operations import retention
from providers import store
from stories.errors import Forbidden
from stories.models import Film
from stories.services.light_films import prepare_by_itself, prepare_light
from tests.media.film import make_clip
from tests.stories.factories import make_story

KBITS = 400


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "expected"),
    [("1920x1080", (640, 360)), ("1080x1920", (360, 640)), ("320x180", (320, 180))],
)
def test_the_copy_is_small_and_has_every_frame(size, expected, tmp_path):
    sound = ("-f", "lavfi", "-i", "sine=f=300:d=4", "-c:v", "libx264", "-c:a", "aac")
    whole = make_clip(tmp_path / "film.mp4", size=size, rate="24", seconds=4, options=sound)
    render_light(whole, tmp_path / "light.mp4")
    found = ffmpeg.probe(tmp_path / "light.mp4")
    assert (found.width, found.height) == expected
    assert (tmp_path / "light.mp4").stat().st_size * 8 / 4 < KBITS * 1000
    assert ffmpeg.run(
        ["-i", f"file:{tmp_path / 'light.mp4'}", "-map", "0:a:0", "-f", "wav"],
        out=tmp_path / "sound.wav",
    ) is not None  # fmt: skip


@pytest.fixture
def film(owner, tmp_path):
    story = make_story(owner, status="completed")
    make_clip(tmp_path / "whole.mp4", size="640x640", rate="24", seconds=1)
    store.save_as(tmp_path / "whole.mp4", "films/whole.mp4")
    return Film.objects.create(
        story=story, kind="final", number=1, file="films/whole.mp4", width=640, height=640, fps=24,
        frames=24, size_bytes=1, manifest_hash="x",
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.moderate
def test_a_job_makes_it_once(film, owner):
    job = prepare_light(film.pk, actor=owner)
    assert prepare_light(film.pk, actor=owner) == job
    run_due()
    job.refresh_from_db()
    film.refresh_from_db()
    assert job.status == JobStatus.SUCCEEDED
    assert storages["media"].size(film.light_file) == film.light_size_bytes > 0
    assert prepare_light(film.pk, actor=owner) is None
    assert Job.objects.count() == 1
    assert film.light_file in retention.references()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "wanted", "jobs"), [("final", True, 1), ("final", False, 0), ("preview", True, 0)]
)
@pytest.mark.moderate
def test_it_is_made_by_itself_where_the_story_says_so(film, owner, kind, wanted, jobs):
    film.kind, film.story.light_films = kind, wanted
    for _again in range(2):
        prepare_by_itself(film, owner=None)
    found = Job.objects.values_list("name", "item", "owner_id", "priority")
    assert list(found) == [("film_light", str(film.pk), owner.pk, 9)] * jobs


@pytest.mark.django_db
@pytest.mark.moderate
def test_the_api_makes_it_and_fetches_it(film, owner, client):
    client.force_login(owner)
    address = f"/api/ai-video/films/{film.pk}"
    kind = "application/json"
    assert client.get(f"{address}/file/?size=light").status_code == 404
    shown = client.get(f"{address}/").json()
    assert (shown["light_url"], shown["light_size_bytes"]) == (None, 0)
    asked = client.post(f"{address}/light/", {}, content_type=kind)
    assert (asked.status_code, asked.json()["name"]) == (202, "film_light")
    run_due()
    film.refresh_from_db()
    again = client.post(f"{address}/light/", {}, content_type=kind)
    assert (again.status_code, again.json()["light_size_bytes"]) == (200, film.light_size_bytes)
    assert client.get(f"{address}/file/?size=light").status_code == 302
    assert client.get(f"{address}/file/?size=small").status_code == 422


@pytest.mark.django_db
@pytest.mark.moderate
def test_the_page_names_the_copy_for_slow_lines_only_where_the_whole_film_plays(
    film, owner, client
):
    client.force_login(owner)
    prepare_light(film.pk, actor=owner)
    run_due()
    review = reverse("admin:stories_story_review", args=[film.story_id])
    named = f'data-light="?film={film.pk}&amp;size=light"'
    assert named in client.get(review).content.decode()
    light = client.get(f"{review}?film={film.pk}&size=light").content.decode()
    assert named not in light
    assert f'href="?film={film.pk}&amp;size=whole"' in light


@pytest.mark.django_db
@pytest.mark.moderate
def test_the_job_waits_for_a_file_that_is_gone_and_says_so(film, owner):
    storages["media"].delete(film.file)
    job = prepare_light(film.pk, actor=owner)
    run_due()
    job.refresh_from_db()
    assert job.status == JobStatus.WAITING
    assert "films/whole.mp4" in str(job.note)
    film.refresh_from_db()
    assert film.light_file == ""


@pytest.mark.django_db
@pytest.mark.moderate
def test_only_who_may_change_the_story_asks_for_it(film, owner, make_person, client):
    with pytest.raises(Forbidden):
        prepare_light(film.pk, actor=make_person("other", role="producer"))
    other = make_story(owner)
    client.force_login(owner)
    for story in (other, film.story):
        address = reverse("admin:board_light", args=[story.pk, film.pk])
        assert client.get(address).status_code == 405
        assert client.post(address).status_code == (404 if story == other else 302)
    assert Job.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.moderate
def test_the_pages_offer_it_and_play_it(film, owner, client):
    client.force_login(owner)
    review = reverse("admin:stories_story_review", args=[film.story_id])
    file = reverse("stories:film_file", args=[film.pk])
    assert "Make a copy for slow connections" in client.get(review).content.decode()
    assert client.get(f"{file}?size=light").status_code == 404
    prepare_light(film.pk, actor=owner)
    run_due()
    page = client.get(review).content.decode()
    assert f'src="{file}"' in page
    assert "Play the copy for slow connections" in page
    assert f'src="{file}?size=light"' in client.get(f"{review}?size=light").content.decode()
    board = client.get(reverse("admin:stories_story_board", args=[film.story_id]))
    assert f'value="{file}?size=light"' in board.content.decode()
    answer = client.get(f"{file}?size=light")
    film.refresh_from_db()
    assert int(answer["Content-Length"]) == film.light_size_bytes
    answer.close()
