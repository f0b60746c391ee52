"""A newcomer begins in the sample film, with notes that stay until they are closed."""

import pytest
from django.urls import reverse

from operations import sample_scripts
from operations.introduction import titles
from stories.models import Film, Introduction
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db

NOTES = "How a film is made, in four steps"


@pytest.fixture
def sample(manager):
    story = make_story(manager, title=titles()[0], status="completed")
    make_scene(story)
    Film.objects.create(
        story=story, kind="final", number=1, file="films/x.mp4", width=1280, height=720, fps=24,
        frames=24, size_bytes=1, manifest_hash="x",
    )  # fmt: skip
    return story


def board(story):
    return reverse("admin:stories_story_board", args=[story.pk])


@pytest.mark.moderate
def test_the_sample_film_is_shown_first_and_once(client, make_person, sample):
    newcomer = make_person("newcomer", role="producer")
    client.force_login(newcomer)
    answer = client.get(reverse("admin:index"))
    assert answer["Location"] == board(sample)
    assert NOTES in client.get(board(sample)).content.decode()
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.moderate
def test_notes_stay_until_they_are_closed_and_open_again(client, make_person, sample):
    client.force_login(make_person("newcomer", role="producer"))
    client.get(reverse("admin:index"))
    close = reverse("admin:stories_story_notes", args=[sample.pk])
    assert client.get(close).status_code == 405
    for _ in range(2):
        assert NOTES in client.get(board(sample)).content.decode()
    assert client.post(close)["Location"] == board(sample)
    assert NOTES not in client.get(board(sample)).content.decode()
    page = client.get(f"{board(sample)}?notes=1").content.decode()
    assert NOTES in page
    assert f'href="{board(sample)}?notes=1"' in page
    assert client.get(reverse("admin:index")).status_code == 200


def test_notes_are_closed_for_one_person_only(client, make_person, sample):
    people = [make_person(name, role="producer") for name in ("jiwon", "mina")]
    for person in people:
        client.force_login(person)
        client.get(reverse("admin:index"))
    client.post(reverse("admin:stories_story_notes", args=[sample.pk]))
    assert NOTES not in client.get(board(sample)).content.decode()
    client.force_login(people[0])
    assert NOTES in client.get(board(sample)).content.decode()


@pytest.mark.moderate
def test_who_has_made_a_story_sees_the_overview(client, owner, sample):
    make_story(owner)
    client.force_login(owner)
    assert client.get(reverse("admin:index")).status_code == 200
    assert Introduction.objects.count() == 0


def test_without_a_sample_film_there_is_the_overview(client, owner, manager):
    make_story(manager, title=titles()[0])
    client.force_login(owner)
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_sample_that_the_person_may_not_see_is_not_opened(client, owner, manager, sample):
    project = sample.project
    project.is_open = False
    project.save()
    client.force_login(owner)
    assert client.get(reverse("admin:index")).status_code == 200


def test_an_installation_without_samples_has_an_overview(monkeypatch, tmp_path):
    monkeypatch.setattr(sample_scripts, "SAMPLES", tmp_path)
    assert titles.__wrapped__() == ()
