"""Who does a story or a scene, and until when."""

from datetime import date

import pytest
from django.urls import reverse

from notifications.models import Notification
from stories.errors import Forbidden, Invalid
from stories.models import Scene, Story
from stories.services.assignments import assign, assignable
from tests.stories.factories import make_scene, make_story
from tests.two_writers import in_turn

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 24)


def test_story_and_scene_are_assigned(owner, colleague):
    story = make_story(owner)
    scene = make_scene(story)
    assign(story.pk, actor=owner, assignee_id=colleague.pk, due_on=DAY)
    assign(story.pk, actor=owner, assignee_id=None, due_on=DAY, scene_id=scene.pk)
    story.refresh_from_db()
    scene.refresh_from_db()
    assert (story.assignee, story.due_on) == (colleague, DAY)
    assert (scene.assignee, scene.due_on) == (None, DAY)
    assign(story.pk, actor=owner, assignee_id=None, due_on=None)
    story.refresh_from_db()
    assert (story.assignee, story.due_on) == (None, None)


def test_only_the_owner_assigns_and_only_to_those_who_see_the_story(owner, colleague, stranger):
    story = make_story(owner)
    with pytest.raises(Forbidden):
        assign(story.pk, actor=colleague, assignee_id=colleague.pk, due_on=None)
    with pytest.raises(Invalid):
        assign(story.pk, actor=owner, assignee_id=stranger.pk, due_on=None)
    other = make_scene(make_story(owner))
    with pytest.raises(Scene.DoesNotExist):
        assign(story.pk, actor=owner, assignee_id=None, due_on=None, scene_id=other.pk)
    found = assignable(story)
    assert (owner in found, colleague in found, stranger in found) == (True, True, False)


def test_the_question_works_without_scripts(owner, colleague, client):
    story = make_story(owner)
    client.force_login(owner)
    url = reverse("admin:stories_story_assign", args=[story.pk])
    assert "Who does it, and until when?" in client.get(url).content.decode()
    response = client.post(url, {"assignee": colleague.pk, "due_on": "2026-12-24"})
    assert (response.status_code, response["Location"]) == (
        302,
        reverse("admin:stories_story_board", args=[story.pk]),
    )
    assert (Story.objects.get().assignee, Story.objects.get().due_on) == (colleague, DAY)
    wrong = client.post(url, {"assignee": "x", "due_on": "soon"})
    assert wrong.status_code == 409


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_of_two_that_assign_a_person_one_tells_the_person(owner, manager, colleague):
    story = make_story(owner)
    errors = in_turn(
        lambda: assign(story.pk, actor=owner, assignee_id=colleague.pk, due_on=None),
        lambda: assign(story.pk, actor=manager, assignee_id=colleague.pk, due_on=None),
    )
    assert (errors, Notification.objects.filter(recipient=colleague).count()) == ([], 1)


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_assignments_stands(owner, colleague):
    story = make_story(owner)
    errors = in_turn(
        lambda: assign(story.pk, actor=owner, assignee_id=colleague.pk, due_on=None),
        lambda: assign(story.pk, actor=owner, assignee_id=owner.pk, due_on=DAY),
    )
    story.refresh_from_db()
    assert (errors, story.assignee, story.due_on) == ([], owner, DAY)
