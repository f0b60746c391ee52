"""The list of stories: what it shows, to whom, and in how many queries."""

import uuid
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from providers.enums import CallState, Kind
from providers.models import ProviderCall
from stories.enums import JobName, StoryStatus
from tests.stories.factories import make_scene, make_story, make_take

LIST = reverse("admin:stories_story_changelist")


def _spend(story, amount):
    ProviderCall.objects.create(
        provider_id="local",
        kind=Kind.IMAGE,
        state=CallState.SETTLED,
        key=uuid.uuid4().hex,
        subject=str(story.pk),
        request_hash="0" * 64,
        unit_price=amount,
        units=1,
        estimate=amount,
        cost=amount,
    )


def _whole_story(owner, **values):
    story = make_story(owner, **values)
    for _ in range(2):
        make_take(make_scene(story))
    _spend(story, Decimal("0.02"))
    Job.objects.create(
        pk=f"story_{str(story.pk)[:8]}_{uuid.uuid4().hex[:12]}",
        name=JobName.STORY_PREVIEW,
        subject=str(story.pk),
        status=JobStatus.RUNNING,
        progress=40,
    )
    return story


@pytest.mark.django_db
@pytest.mark.moderate
def test_list_query_count_does_not_depend_on_rows(owner, as_, queries_of):
    counts = []
    for rows in (1, 3, 20):
        while owner.stories.count() < rows:
            _whole_story(owner)
        counts.append(queries_of(as_(owner), LIST))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 15


@pytest.mark.django_db
def test_list_shows_picture_progress_length_owner_and_cost(owner, as_):
    story = _whole_story(owner, title="The sea", duration_seconds=75, status=StoryStatus.PREVIEWING)
    html = as_(owner).get(LIST).content.decode()
    take = story.all_scenes.order_by("position")[0].image_take
    assert reverse("stories:take_thumb", args=[take.pk, take.sha256[:16], 320]) in html
    for message in (
        "The sea",
        "2 scenes",
        "Previewing",
        'aria-valuenow="40"',
        "1:15",
        "owner",
        "$0.02",
    ):
        assert message in html


@pytest.mark.django_db
def test_list_shows_stories_of_others_to_who_may_view_all(owner, colleague, viewer, as_):
    make_story(owner, title="Of the owner")
    for person in (colleague, viewer):
        assert "Of the owner" in as_(person).get(LIST).content.decode()


@pytest.mark.django_db
def test_list_and_page_hide_stories_of_others_from_staff_without_a_role(owner, stranger, as_):
    story = make_story(owner, title="Of the owner")
    stranger.is_staff = True
    stranger.save()
    client = as_(stranger)
    assert "Of the owner" not in client.get(LIST).content.decode()
    for page in ("change", "film", "jobs", "money", "history", "edit"):
        assert client.get(reverse(f"admin:stories_story_{page}", args=[story.pk])).status_code in {
            302,
            403,
            404,
        }, page


@pytest.mark.django_db
def test_views_of_the_list(owner, colleague, as_):
    make_story(owner, title="At rest")
    make_story(colleague, title="Of the colleague")
    make_story(owner, title="With a plan", status=StoryStatus.PLANNED)
    make_story(owner, title="All done", status=StoryStatus.COMPLETED)
    running = _whole_story(owner, title="Under way", status=StoryStatus.PREVIEWING)
    needs_person = make_story(owner, title="Asks somebody", status=StoryStatus.RENDERING)
    Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_RENDER,
        subject=str(needs_person.pk),
        status=JobStatus.WAITING,
        wait_for=WaitFor.PERSON,
    )
    client = as_(owner)
    titles = lambda view: {  # noqa: E731  read once, here
        row.title for row in client.get(LIST, {"view": view}).context["cl"].result_list
    }
    assert titles("mine") == {"At rest", "With a plan", "All done", running.title, "Asks somebody"}
    assert titles("running") == {running.title, "Asks somebody"}
    assert titles("turn") == {"With a plan", "Asks somebody"}
    assert titles("finished") == {"All done"}


@pytest.mark.django_db
def test_search_finds_title_and_owner(owner, colleague, as_):
    make_story(owner, title="The sea")
    make_story(colleague, title="The hill")
    found = as_(owner).get(LIST, {"q": "colleague"}).context["cl"].result_list
    assert [row.title for row in found] == ["The hill"]


@pytest.mark.django_db
def test_the_old_address_leads_to_the_stories(owner, as_):
    response = as_(owner).get("/admin/ai_video/")
    assert (response.status_code, response["Location"]) == (302, LIST)


@pytest.mark.django_db
def test_pages_ask_for_a_log_in(owner):
    story = make_story(owner)
    for page in ("change", "film", "jobs", "money", "history", "edit"):
        url = reverse(f"admin:stories_story_{page}", args=[story.pk])
        assert Client().get(url)["Location"] == f"{reverse('admin:login')}?next={url}"
