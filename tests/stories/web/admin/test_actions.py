"""Each action that changes a state or spends: GET never does, POST without permission is refused,
and the price must be the one that was seen.
"""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from providers.models import AIProviderConfig
from stories.enums import JobName, StoryStatus
from stories.models import StoryStateTransition
from tests.stories.factories import make_scene, make_story, make_take

BEFORE = {
    "start_planning": StoryStatus.DRAFT,
    "stop_planning": StoryStatus.PLANNING,
    "generate_preview": StoryStatus.PLANNED,
    "render_final": StoryStatus.PREVIEWING,
    "retry": StoryStatus.FAILED,
    "archive": StoryStatus.COMPLETED,
    "restore": StoryStatus.ARCHIVED,
}
AFTER = {
    "start_planning": StoryStatus.PLANNING,
    "stop_planning": StoryStatus.DRAFT,
    "generate_preview": StoryStatus.PREVIEWING,
    "render_final": StoryStatus.RENDERING,
    "retry": StoryStatus.DRAFT,
    "archive": StoryStatus.ARCHIVED,
    "restore": StoryStatus.DRAFT,
}


def _story(owner, name):
    story = make_story(owner, status=BEFORE[name])
    make_take(make_scene(story))
    return story


def _action_url(story, name):
    return reverse("admin:stories_story_do", args=[story.pk, name])


def _confirmed(client, url):
    """What a person sends who presses the button of this question."""
    html = client.get(url).content.decode()
    return dict(
        re.findall(r'<input type="hidden" name="(confirm_total|plan)" value="([^"]*)"', html)
    )


def _unchanged(story, status):
    story.refresh_from_db()
    return (
        story.status == status
        and not StoryStateTransition.objects.exists()
        and not Job.objects.exists()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", BEFORE)
def test_action_of_the_owner(owner, as_, name):
    story, client = _story(owner, name), as_(owner)
    data = _confirmed(client, _action_url(story, name))
    response = client.post(_action_url(story, name), {**data, "reason": "because"})
    story.refresh_from_db()
    assert (response.status_code, response["Location"]) == (
        302,
        reverse("admin:stories_story_board", args=[story.pk]),
    )
    assert story.status == AFTER[name]
    row = StoryStateTransition.objects.get()
    assert (row.name, row.actor, row.reason, row.from_status, row.to_status) == (
        name,
        owner,
        "because",
        BEFORE[name],
        AFTER[name],
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", BEFORE)
def test_action_by_others_is_refused(owner, colleague, viewer, as_, name):
    story = _story(owner, name)
    data = _confirmed(as_(owner), _action_url(story, name))
    for person in (colleague, viewer):
        assert as_(person).post(_action_url(story, name), data).status_code == 403
        assert _unchanged(story, BEFORE[name])


@pytest.mark.django_db
@pytest.mark.parametrize("name", BEFORE)
def test_action_does_nothing_on_get(owner, as_, name):
    story = _story(owner, name)
    for headers in ({}, {"HX-Request": "true"}):
        assert as_(owner).get(_action_url(story, name), headers=headers).status_code == 200
    assert _unchanged(story, BEFORE[name])


@pytest.mark.django_db
@pytest.mark.parametrize("name", BEFORE)
def test_action_needs_the_token_of_the_form(owner, name):
    story = _story(owner, name)
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(_action_url(story, name)).status_code == 403
    assert _unchanged(story, BEFORE[name])


@pytest.mark.django_db
@pytest.mark.parametrize("name", BEFORE)
def test_action_of_another_state_says_what_it_is_now(owner, as_, name):
    story = make_story(owner, status=StoryStatus.RENDERING)
    make_take(make_scene(story))
    response = as_(owner).post(_action_url(story, name), {"confirm_total": "0"})
    assert response.status_code == 409
    assert _unchanged(story, StoryStatus.RENDERING)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["finish_planning", "finish_rendering", "fail", "nonsense"])
def test_action_that_is_no_persons(owner, as_, name):
    story = make_story(owner, status=StoryStatus.PLANNING)
    assert as_(owner).post(_action_url(story, name)).status_code == 404
    assert _unchanged(story, StoryStatus.PLANNING)


@pytest.mark.django_db
def test_dialog_answers_htmx_with_a_fragment_and_a_way_back(owner, as_):
    story, client = _story(owner, "archive"), as_(owner)
    asked = client.get(_action_url(story, "archive"), headers={"HX-Request": "true"})
    assert "<html" not in asked.content.decode()
    done = client.post(_action_url(story, "archive"), headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Redirect"]) == (
        200,
        reverse("admin:stories_story_board", args=[story.pk]),
    )


def _priced(owner, status):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )
    story = make_story(owner, status=status)
    for _ in range(2):
        make_scene(story)
    return story


@pytest.mark.django_db
@pytest.mark.moderate
def test_preview_shows_and_checks_the_price(owner, as_):
    story, client = _priced(owner, StoryStatus.PLANNED), as_(owner)
    url = _action_url(story, "generate_preview")
    assert "$0.04" in client.get(url).content.decode()
    data = _confirmed(client, url)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.03"))
    refused = client.post(url, data)
    assert refused.status_code == 409
    assert "The price is now 0.0600, not 0.0400. Nothing was started." in refused.content.decode()
    assert _unchanged(story, StoryStatus.PLANNED)
    assert client.post(url, _confirmed(client, url)).status_code == 302


@pytest.mark.django_db
def test_preview_without_a_confirmed_price_is_refused(owner, as_):
    story = _priced(owner, StoryStatus.PLANNED)
    for data in ({}, {"confirm_total": ""}, {"confirm_total": "free"}):
        assert as_(owner).post(_action_url(story, "generate_preview"), data).status_code == 409
    assert _unchanged(story, StoryStatus.PLANNED)


@pytest.mark.django_db
def test_planning_again_replaces_scenes_only_when_asked(owner, as_):
    story = make_story(owner)
    make_scene(story)
    as_(owner).post(_action_url(story, "start_planning"), {"replace": "1"})
    assert Job.objects.get().data["parameters"]["replace"] is True


@pytest.mark.django_db
@pytest.mark.moderate
def test_make_starts_what_is_missing_at_the_price_on_the_button(owner, as_):
    story, client = _priced(owner, StoryStatus.PREVIEWING), as_(owner)
    url = reverse("admin:stories_story_make", args=[story.pk, "image"])
    html = client.get(url).content.decode()
    assert "2 scenes · $0.04" in html
    assert client.post(url, {"mode": "missing", "confirm_total": "0.01"}).status_code == 409
    assert client.post(url, {"mode": "everything", "confirm_total": "0.04"}).status_code == 409
    assert not Job.objects.exists()
    assert client.post(url, {"mode": "missing", "confirm_total": "0.04"}).status_code == 302
    job = Job.objects.get()
    assert (job.name, job.data["parameters"]["mode"], job.owner) == (
        JobName.STORY_PREVIEW,
        "missing",
        owner,
    )


@pytest.mark.django_db
@pytest.mark.moderate
def test_make_by_others_is_refused(owner, colleague, viewer, as_):
    story = _priced(owner, StoryStatus.PREVIEWING)
    url = reverse("admin:stories_story_make", args=[story.pk, "image"])
    for person in (colleague, viewer):
        assert (
            as_(person).post(url, {"mode": "missing", "confirm_total": "0.04"}).status_code == 403
        )
    as_(owner).get(url)
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_give_up(owner, colleague, as_):
    story = make_story(owner, status=StoryStatus.RENDERING)
    job = Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_RENDER,
        subject=str(story.pk),
        status=JobStatus.WAITING,
        wait_for=WaitFor.PERSON,
        owner=owner,
    )
    url = reverse("admin:stories_story_give_up", args=[story.pk])
    assert as_(colleague).post(url).status_code == 403
    as_(owner).get(url)
    story.refresh_from_db()
    assert story.status == StoryStatus.RENDERING
    assert as_(owner).post(url, {"reason": "no money"}).status_code == 302
    story.refresh_from_db()
    job.refresh_from_db()
    assert (story.status, job.status, StoryStateTransition.objects.get().reason) == (
        StoryStatus.FAILED,
        JobStatus.CANCELLED,
        "no money",
    )
