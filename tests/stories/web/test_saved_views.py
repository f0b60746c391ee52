"""The menu of saved views on the board and on the story list, and who else is here."""

import pytest
from django.urls import reverse

from stories.models import Presence, SavedView
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner):
    story = make_story(owner, status="planned")
    make_scene(story)
    return story


def save(client, **values):
    return client.post(reverse("admin:stories_view_save"), {"name": "To review", **values})


def test_a_view_of_the_board_is_kept_and_shown_on_every_board(client, owner, story):
    client.force_login(owner)
    board = reverse("admin:stories_story_board", args=[story.pk])
    answer = save(client, story=str(story.pk), query="?state=review&view=list")
    assert answer["Location"] == f"{board}?state=review&view=list"
    page = client.get(answer["Location"]).content.decode()
    assert "The view “To review” is saved." in page
    other = make_story(owner, status="planned")
    address = reverse("admin:stories_story_board", args=[other.pk])
    assert f'{address}?state=review&amp;view=list"' in client.get(address).content.decode()


def test_a_view_of_the_story_list(client, owner, story):
    client.force_login(owner)
    stories = reverse("admin:stories_story_changelist")
    answer = save(client, query="due=late&p=2")
    assert answer["Location"] == f"{stories}?due=late"
    assert 'aria-current="true">To review' in client.get(answer["Location"]).content.decode()
    view = SavedView.objects.get()
    answer = client.post(reverse("admin:stories_view_remove", args=[view.pk]))
    assert answer["Location"] == stories
    assert SavedView.objects.count() == 0


def test_nothing_to_keep_is_said_in_words(client, owner, story):
    client.force_login(owner)
    answer = client.post(
        reverse("admin:stories_view_save"), {"name": "A", "query": ""}, follow=True
    )
    assert "There is nothing to save" in answer.content.decode()


@pytest.mark.parametrize("person", ["stranger", "manager"])
def test_views_and_boards_of_others_are_not_found(person, client, owner, story, request):
    client.force_login(owner)
    save(client, query="due=late")
    view = SavedView.objects.get()
    client.force_login(request.getfixturevalue(person))
    assert client.post(reverse("admin:stories_view_remove", args=[view.pk])).status_code in {
        302,
        404,
    }
    assert SavedView.objects.count() == 1
    assert save(client, story="0", query="state=review").status_code in {302, 404}
    assert SavedView.objects.count() == 1


def test_a_view_changes_nothing_by_a_link(client, owner):
    client.force_login(owner)
    assert client.get(reverse("admin:stories_view_save")).status_code == 405


def test_people_on_a_page_are_named_to_one_another(client, owner, manager, story):
    here = reverse("admin:stories_story_here", args=[story.pk])
    client.force_login(owner)
    assert client.get(here).status_code == 405
    assert "<li" not in client.post(here).content.decode()
    client.force_login(manager)
    assert "owner</li>" in client.post(here).content.decode()
    assert Presence.objects.count() == 2
    board = client.get(reverse("admin:stories_story_board", args=[story.pk])).content.decode()
    assert f'hx-post="{here}"' in board


def test_who_may_not_see_a_story_is_not_told_who_is_there(client, stranger, story):
    client.force_login(stranger)
    answer = client.post(reverse("admin:stories_story_here", args=[story.pk]))
    assert answer.status_code in {302, 404}
    assert Presence.objects.count() == 0
