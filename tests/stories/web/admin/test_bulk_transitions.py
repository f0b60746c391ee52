"""Transitions of many stories from the list: one question says for how many, and why not."""

from decimal import Decimal

import pytest
from django.urls import reverse

from providers.models import AIProviderConfig
from stories.enums import StoryStatus
from stories.models import Story, StoryStateTransition
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db
LIST = reverse("admin:stories_story_changelist")


def _post(client, action, stories, *, view="", **values):
    chosen = {"action": action, "_selected_action": [str(one.pk) for one in stories]}
    return client.post(f"{LIST}?view={view}" if view else LIST, {**chosen, **values})


def _statuses(*stories):
    return [Story.objects.get(pk=story.pk).status for story in stories]


def test_the_question_says_for_how_many_and_why_not_for_the_others(owner, colleague, as_):
    done = make_story(owner, title="Finished", status=StoryStatus.COMPLETED)
    running = make_story(owner, title="Rendering", status=StoryStatus.RENDERING)
    foreign = make_story(colleague, title="Foreign", status=StoryStatus.COMPLETED)
    client = as_(owner)
    asked = _post(client, "archive", [done, running, foreign])
    assert asked.status_code == 200
    context = asked.context
    assert [row.story for row in context["possible"]] == [done]
    assert {row.story: row.why_not for row in context["refused"]} == {
        running: "This cannot be done while the story is “Rendering”.",
        foreign: "Only the owner of “Foreign” or a manager may change it.",
    }
    assert _statuses(done, running, foreign) == ["completed", "rendering", "completed"]
    response = _post(client, "archive", [done, running], confirmed="1", reason="season over")
    assert response.status_code == 302
    assert _statuses(done, running, foreign) == ["archived", "rendering", "completed"]
    row = StoryStateTransition.objects.get()
    assert (row.story, row.name, row.reason, row.actor) == (done, "archive", "season over", owner)


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [("restore", "archived", "draft"), ("retry", "failed", "draft")],
)
def test_each_guarded_transition(owner, as_, action, before, after):
    stories = [make_story(owner, status=before) for _ in range(3)]
    view = "archived" if before == "archived" else ""
    _post(as_(owner), action, stories, confirmed="1", view=view)
    assert _statuses(*stories) == [after] * 3


def test_planning_is_started_at_the_price_that_was_shown(owner, as_):
    stories = [make_story(owner, script="A boat leaves. A light turns.") for _ in range(2)]
    empty = make_story(owner, script="")
    client = as_(owner)
    asked = _post(client, "start_planning", [*stories, empty])
    assert {row.story for row in asked.context["possible"]} == set(stories)
    assert [row.story for row in asked.context["refused"]] == [empty]
    prices = {f"price-{row.story.pk}": row.price or 0 for row in asked.context["possible"]}
    _post(client, "start_planning", [*stories, empty], confirmed="1", **prices)
    assert _statuses(*stories, empty) == ["planning", "planning", "draft"]


def test_a_price_that_changed_starts_nothing(owner, as_):
    story = make_story(owner, script="A boat leaves.", status=StoryStatus.DRAFT)
    make_scene(story)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    _post(as_(owner), "retry", [story], confirmed="1")
    assert _statuses(story) == ["draft"]


def test_the_list_offers_the_four_transitions(owner, as_):
    make_story(owner)
    page = as_(owner).get(LIST).content.decode()
    for name in ("start_planning", "archive", "restore", "retry"):
        assert f'value="{name}"' in page
