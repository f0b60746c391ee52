from decimal import Decimal

import pytest

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.models import Scene, Story
from stories.services import stories
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story


def test_create_is_a_draft_of_its_owner(owner):
    story = stories.create(
        owner=owner, title="  The sea ", script="A boat.", duration_seconds=30, language="en"
    )
    story.refresh_from_db()
    assert (
        story.owner,
        story.title,
        story.status,
        story.duration_seconds,
        story.image_provider,
    ) == (owner, "The sea", "draft", 30, "local")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "x", "script": "x" * 50_001}, "script"),
        ({"title": "x", "duration_seconds": 1}, "duration_seconds"),
        ({"title": "x", "duration_seconds": 3601}, "duration_seconds"),
        ({"title": "x", "aspect_ratio": "4:3"}, "aspect_ratio"),
        ({"title": "x", "language": "fr"}, "language"),
        ({"title": "x", "image_provider": "nobody"}, "image_provider"),
        ({"title": "x", "budget": Decimal(-1)}, "budget"),
        ({"title": "x", "status": "completed"}, "status"),
    ],
)
def test_create_with_a_value_that_cannot_be(owner, values, field):
    with pytest.raises(Invalid) as caught:
        stories.create(owner=owner, **values)
    assert caught.value.field == field
    assert Story.objects.count() == 0


def test_a_viewer_begins_nothing(viewer):
    with pytest.raises(Forbidden):
        stories.create(owner=viewer, title="x")


def test_edit_spreads_a_new_length_over_the_scenes(owner):
    story = make_story(owner, duration_seconds=14)
    for _ in range(3):
        make_scene(story)
    stories.edit(story.pk, actor=owner, duration_seconds=20)
    assert list(
        Scene.live.filter(story=story)
        .order_by("position")
        .values_list("duration_seconds", flat=True)
    ) == [6, 7, 7]


def test_edit_to_fewer_seconds_than_scenes(owner):
    story = make_story(owner, duration_seconds=14)
    for _ in range(3):
        make_scene(story)
    with pytest.raises(Invalid, match="2 seconds cannot hold 3 scenes"):
        stories.edit(story.pk, actor=owner, duration_seconds=2)
    assert Story.objects.get(pk=story.pk).duration_seconds == 14


@pytest.mark.parametrize("status", ["planning", "rendering", "archived"])
def test_edit_while_closed(owner, status):
    story = make_story(owner, status=status)
    with pytest.raises(GuardRefused):
        stories.edit(story.pk, actor=owner, title="Other")
    stories.edit(story.pk, actor=owner, budget=Decimal(5), title=story.title)
    story.refresh_from_db()
    assert (story.title, story.budget) == ("The lighthouse", Decimal(5))


def test_edit_by_a_colleague(owner, colleague):
    story = make_story(owner)
    with pytest.raises(Forbidden):
        stories.edit(story.pk, actor=colleague, title="Mine")
    assert Story.objects.get(pk=story.pk).title == "The lighthouse"


def test_a_raised_budget_wakes_what_waited_for_it(owner, django_capture_on_commit_callbacks):
    story = apply_transition(make_story(owner, budget=Decimal(1)).pk, "start_planning", actor=owner)
    Job.objects.update(status=JobStatus.WAITING, wait_for=WaitFor.BUDGET)
    with django_capture_on_commit_callbacks(execute=True):
        stories.edit(story.pk, actor=owner, budget=Decimal(2))
    assert Job.objects.get().status == JobStatus.QUEUED
