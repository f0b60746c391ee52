"""The queue's page as a tool: why each waits, search, priority, pauses, and what a cancel keeps."""

import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job, Pause, Worker
from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import JobName, StoryStatus
from stories.web.cancel_impact import kept
from tests.markup import flat
from tests.stories.factories import make_scene, make_story

LIST = reverse("admin:jobs_job_changelist")


def _job(owner, story, **values):
    name = values.get("name", JobName.SCENE_PREVIEW)
    data = {"story_id": str(story.pk), "action": "generate_image", "parameters": {}}
    return Job.objects.create(
        pk=f"story_x_{uuid.uuid4().hex[:12]}",
        **{"name": name, "subject": str(story.pk), "owner": owner, "data": data, **values},
    )


def _call(job, **values):
    money = {"unit_price": Decimal("0.05"), "units": 1, "estimate": Decimal("0.05")}
    return ProviderCall.objects.create(
        provider_id="stability_ai",
        kind=Kind.IMAGE,
        key=job.pk,
        subject=job.subject,
        request_hash="0" * 64,
        **{"state": CallState.ACCEPTED, **money, **values},
    )


def _action_url(job, name):
    return reverse("admin:jobs_job_do", args=[job.pk, name])


@pytest.fixture
def story(owner):
    return make_story(owner, status=StoryStatus.PREVIEWING)


# --- why each waits


@pytest.mark.django_db
@pytest.mark.moderate
def test_queued_jobs_say_their_place_and_pauses(owner, story, as_):
    first, second = _job(owner, story, priority=1), _job(owner, story)
    client = as_(owner)
    assert client.get(LIST).content.decode().count("No worker is running.") == 2
    Worker.objects.create(name="w", host="here", pid=1, role="worker")
    html = client.get(LIST).content.decode()
    assert "It is next: the first free worker takes it." in html
    assert "One job is taken before it." in html
    Pause.objects.create(name="")
    for url in (LIST, reverse("admin:stories_story_jobs", args=[story.pk])):
        assert client.get(url).content.decode().count("The queue is paused.") == 2
    assert (
        "The queue is paused."
        in client.get(reverse("admin:jobs_job_change", args=[second.pk])).content.decode()
    )
    assert first.log.count() == 0


@pytest.mark.django_db
def test_a_look_for_news_has_the_rows_without_the_frame(owner, story, as_):
    job = _job(owner, story, status=JobStatus.RUNNING)
    page = as_(owner).get(LIST, headers={"HX-Request": "true"})
    html = page.content.decode()
    assert 'id="vp-queue"' in html
    assert 'id="result_list"' in html
    assert job.pk in html
    assert "<html" not in html


# --- search


@pytest.mark.django_db
@pytest.mark.moderate
def test_search_by_title_person_kind_and_id(owner, colleague, as_):
    sea, hill = make_story(owner, title="The sea"), make_story(colleague, title="The hill")
    one = _job(owner, sea, name=JobName.SCENE_PREVIEW)
    two = _job(colleague, hill, name=JobName.STORY_PLANNING)
    client = as_(owner)
    found = lambda words: {  # noqa: E731  read six times, here
        job.pk for job in client.get(LIST, {"q": words}).context["cl"].result_list
    }
    assert found("sea") == {one.pk}
    assert found("colleague") == {two.pk}
    assert found("plan the story") == {two.pk}
    assert found(two.pk) == {two.pk}
    assert found("picture sea") == set()
    assert found("nothing like it") == set()


# --- priority


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["scene 2", "Scene #2", "장면 2", " 장면2 "])
def test_search_by_the_number_of_a_scene(owner, story, as_, words):
    first, second = make_scene(story), make_scene(story)
    mine, other = _job(owner, story, item=str(second.pk)), _job(owner, story, item=str(first.pk))
    page = as_(owner).get(LIST, {"q": words})
    assert [row.pk for row in page.context["cl"].result_list] == [mine.pk]
    assert other.pk not in page.content.decode()


@pytest.mark.parametrize(("most", "shown"), [(1000, "3"), (2, "2+")])
def test_failed_jobs_are_counted_up_to_a_bound(owner, story, as_, monkeypatch, most, shown):
    monkeypatch.setattr("jobs.admin.MOST_COUNTED", most)
    for _ in range(3):
        _job(owner, story, status=JobStatus.FAILED)
    page = flat(as_(owner).get(LIST))
    assert f'Failed <b class="vp-num">{shown}</b>' in page


def test_priority_by_the_owner_with_a_reason(owner, story, as_):
    job = _job(owner, story, name=JobName.STORY_PREVIEW, priority=4)
    part = _job(owner, story, parent=job)
    page = flat(as_(owner).get(_action_url(job, "priority")))
    assert 'value="4" checked' in page
    response = as_(owner).post(
        _action_url(job, "priority") + f"?back={LIST}%3Fq%3Dsea",
        {"priority": "1", "reason": "Client waits."},
    )
    assert (response.status_code, response["Location"]) == (302, f"{LIST}?q=sea")
    job.refresh_from_db()
    part.refresh_from_db()
    assert (job.priority, part.priority) == (1, 2)
    assert str(job.log.get()) == "owner changed the priority from 4 to 1. Client waits."


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["", "0", "-1", "1001", "99999999999999999999", "first"])
def test_numbers_that_are_no_priority_are_refused(owner, story, as_, wrong):
    job = _job(owner, story)
    assert as_(owner).post(_action_url(job, "priority"), {"priority": wrong}).status_code == 409
    job.refresh_from_db()
    assert (job.priority, job.log.count()) == (5, 0)


@pytest.mark.django_db
@pytest.mark.moderate
def test_priority_by_others_and_of_ended_jobs_is_refused(owner, colleague, viewer, story, as_):
    job, ended = _job(owner, story), _job(owner, story, status=JobStatus.SUCCEEDED)
    for person in (colleague, viewer):
        assert as_(person).post(_action_url(job, "priority"), {"priority": "1"}).status_code == 403
        assert f"priority-{job.pk}" not in as_(person).get(LIST).content.decode()
    assert as_(owner).post(_action_url(ended, "priority"), {"priority": "1"}).status_code == 409
    assert set(Job.objects.values_list("priority", flat=True)) == {5}


@pytest.mark.django_db
def test_a_question_leads_back_only_within_the_studio(owner, story, as_):
    job = _job(owner, story)
    for elsewhere in ("https://example.com/", "//example.com/", "javascript:alert(1)"):
        response = as_(owner).post(
            _action_url(job, "priority") + f"?back={elsewhere}", {"priority": "1"}
        )
        assert response["Location"] == reverse("admin:jobs_job_change", args=[job.pk])


# --- pauses


@pytest.mark.django_db
@pytest.mark.moderate
def test_one_provider_is_paused_and_resumed_from_the_queue(manager, owner, as_):
    local = AIProviderConfig.objects.get(provider="local")
    sources = lambda person: {  # noqa: E731  read thrice, here
        source["name"]: source for source in as_(person).get(LIST).context["sources"]
    }
    assert sources(owner)[local.name]["url"] == ""
    url = sources(manager)[local.name]["url"]
    response = as_(manager).post(url, {"reason": "quota"})
    assert (response.status_code, response["Location"]) == (302, LIST)
    source = sources(manager)[local.name]
    assert (source["paused"], str(source["why"])) == (True, "quota")
    html = as_(owner).get(LIST).content.decode()
    assert "quota" in html
    assert as_(manager).post(sources(manager)[local.name]["url"]).status_code == 302
    assert not AIProviderConfig.objects.get(provider="local").is_paused


# --- what a cancel keeps


@pytest.mark.django_db
def test_cancel_says_what_ends_and_what_is_kept(owner, story, as_):
    job = _job(
        owner,
        story,
        name=JobName.STORY_PREVIEW,
        status=JobStatus.WAITING,
        wait_for=WaitFor.CHILDREN,
    )
    _job(owner, story, parent=job, status=JobStatus.SUCCEEDED)
    _call(
        _job(
            owner,
            story,
            parent=job,
            item=str(make_scene(story).pk),
            status=JobStatus.WAITING,
            wait_for=WaitFor.PROVIDER,
        )
    )
    html = as_(owner).get(_action_url(job, "cancel")).content.decode()
    for message in (
        "This job, at once.",
        "1 open part of it",
        "1 part is done: its take stays.",
        "1 call is out (up to $0.05): what it delivers is kept as a take that is not chosen.",
        "The story stays in its preview; what is missing can be made at any time.",
    ):
        assert message in html


@pytest.mark.django_db
def test_what_is_kept_of_a_render(owner):
    story = make_story(owner, status=StoryStatus.RENDERING)
    job = _job(owner, story, name=JobName.STORY_RENDER)
    part, unclear = (_job(owner, story, parent=job, name=JobName.SCENE_RENDER) for _ in range(2))
    _call(part, state=CallState.SETTLED, cost=Decimal("0.40"))
    _call(unclear, state=CallState.UNCLEAR)
    assert kept(job, [part, unclear]) == [
        "All existing takes are kept.",
        "1 unclear call still needs a decision.",
        "$0.40 have been spent on it. The amount is booked and is not paid again.",
        "The story counts as failed and can be taken up again, with everything that is ready.",
    ]


@pytest.mark.django_db
def test_what_is_kept_of_a_plan(owner):
    story = make_story(owner, status=StoryStatus.PLANNING)
    assert kept(_job(owner, story, name=JobName.STORY_PLANNING), []) == [
        "Script and scenes stay as they are.",
        "The story is a draft again.",
    ]
