"""The queue's pages: what they say, and the two actions of a job."""

import uuid

import pytest
from django.urls import reverse

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job, JobLog, Pause
from providers.models import ProviderCall
from stories.enums import JobName, StoryStatus
from tests.markup import flat
from tests.providers.factories import make_call
from tests.stories.factories import make_scene, make_story

LIST = reverse("admin:jobs_job_changelist")


def _job(owner, story, **values):
    data = {"story_id": str(story.pk), "action": "generate_image", "parameters": {}}
    return Job.objects.create(
        pk=f"story_x_{uuid.uuid4().hex[:12]}",
        **{
            "name": JobName.SCENE_PREVIEW,
            "subject": str(story.pk),
            "owner": owner,
            "data": data,
            **values,
        },
    )


def _action_url(job, name):
    return reverse("admin:jobs_job_do", args=[job.pk, name])


@pytest.fixture
def story(owner):
    return make_story(owner, status=StoryStatus.PREVIEWING)


@pytest.mark.django_db
@pytest.mark.moderate
def test_list_query_count_does_not_depend_on_rows(owner, story, as_, queries_of):
    counts = []
    for rows in (1, 3, 20):
        while Job.objects.count() < rows:
            item, status = str(make_scene(story).pk), JobStatus.FAILED
            _job(owner, story, item=item, status=status)
        counts.append(queries_of(as_(owner), LIST))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 16


@pytest.mark.django_db
def test_list_says_what_for_how_far_and_why_it_waits(owner, story, as_):
    note = {"template": "%(n)s calls a minute are allowed.", "values": {"n": 60}}
    _job(
        owner,
        story,
        item=str(make_scene(story).pk),
        status=JobStatus.WAITING,
        wait_for=WaitFor.RATE_LIMIT,
        note_data=note,
        progress=30,
    )
    html = as_(owner).get(LIST).content.decode()
    for text in (
        "Make a scene&#x27;s picture",
        "The lighthouse · scene 1",
        "Waiting",
        "60 calls a minute are allowed.",
        'aria-valuenow="30"',
    ):
        assert text in html


@pytest.mark.django_db
def test_list_hides_jobs_of_others_from_staff_without_a_role(owner, story, stranger, as_):
    job = _job(owner, story)
    stranger.is_staff = True
    stranger.save()
    client = as_(stranger)
    assert job.pk not in client.get(LIST).content.decode()
    assert client.get(reverse("admin:jobs_job_change", args=[job.pk])).status_code == 404
    assert client.post(_action_url(job, "cancel")).status_code == 404


@pytest.mark.django_db
def test_page_shows_log_parts_and_buttons(owner, story, as_):
    job = _job(owner, story, status=JobStatus.FAILED)
    JobLog.objects.create(
        job=job,
        level="error",
        message_data={"template": "It broke.", "values": {}},
        detail="Traceback: here",
    )
    _job(owner, story, parent=job, status=JobStatus.SUCCEEDED)
    html = as_(owner).get(reverse("admin:jobs_job_change", args=[job.pk])).content.decode()
    for text in ("It broke.", "Traceback: here", "Succeeded", _action_url(job, "retry")):
        assert text in html
    assert _action_url(job, "cancel") not in html


@pytest.mark.django_db
def test_page_names_the_scene_of_each_part_and_why_it_waits(owner, story, as_):
    whole = _job(
        owner,
        story,
        name=JobName.STORY_PREVIEW,
        status=JobStatus.WAITING,
        wait_for=WaitFor.CHILDREN,
    )
    note = {"template": "%(n)s calls a minute are allowed.", "values": {"n": 60}}
    scenes = [make_scene(story), make_scene(story)]
    _job(owner, story, parent=whole, item=str(scenes[0].pk), status=JobStatus.SUCCEEDED)
    _job(
        owner, story, parent=whole, item=str(scenes[1].pk), status=JobStatus.WAITING, note_data=note
    )
    html = flat(as_(owner).get(reverse("admin:jobs_job_change", args=[whole.pk])))
    assert "<small> scene 1 </small>" in html
    assert "<small> scene 2 · 60 calls a minute are allowed. </small>" in html


@pytest.mark.django_db
def test_retry_by_the_owner(owner, story, as_):
    job = _job(owner, story, status=JobStatus.FAILED)
    response = as_(owner).post(_action_url(job, "retry"))
    job.refresh_from_db()
    assert (response.status_code, job.status) == (302, JobStatus.QUEUED)


@pytest.mark.django_db
def test_cancel_by_the_owner_keeps_the_reason(owner, story, as_):
    job = _job(owner, story)
    response = as_(owner).post(
        _action_url(job, "cancel") + "?from=story", {"reason": "wrong style"}
    )
    job.refresh_from_db()
    assert (response.status_code, job.status) == (302, JobStatus.CANCELLED)
    assert response["Location"] == reverse("admin:stories_story_jobs", args=[story.pk])
    assert "wrong style" in str(job.log.get().message)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "status"), [("retry", JobStatus.FAILED), ("cancel", JobStatus.QUEUED)]
)
def test_actions_by_others_are_refused_and_get_does_nothing(
    owner, colleague, viewer, story, as_, name, status
):
    job = _job(owner, story, status=status)
    for person in (colleague, viewer):
        assert as_(person).post(_action_url(job, name)).status_code == 403
    assert as_(owner).get(_action_url(job, name)).status_code == 200
    job.refresh_from_db()
    assert (job.status, job.log.count()) == (status, 0)


@pytest.mark.django_db
def test_actions_that_do_not_fit_the_state(owner, story, as_):
    done = _job(owner, story, status=JobStatus.SUCCEEDED)
    for name in ("retry", "cancel"):
        assert as_(owner).post(_action_url(done, name)).status_code == 409
    assert as_(owner).post(_action_url(done, "explode")).status_code == 404
    done.refresh_from_db()
    assert done.status == JobStatus.SUCCEEDED


@pytest.mark.django_db
def test_jobs_cannot_be_added_changed_or_deleted(manager, owner, story, as_):
    job = _job(owner, story)
    client = as_(manager)
    assert client.get(reverse("admin:jobs_job_add")).status_code == 403
    assert (
        client.post(reverse("admin:jobs_job_delete", args=[job.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert Job.objects.filter(pk=job.pk).exists()


@pytest.mark.django_db
def test_the_pool_s_own_rows_have_no_pages(manager, as_):
    for model in ("schedule", "success", "failure", "ormq"):
        assert as_(manager).get(f"/admin/django_q/{model}/").status_code == 404


@pytest.mark.django_db
def test_pause_and_resume_of_the_queue(manager, as_):
    client, action_url = as_(manager), lambda name: reverse("admin:jobs_queue_do", args=[name])
    client.get(action_url("pause"))
    assert not Pause.objects.exists()
    assert client.post(action_url("pause"), {"reason": "upgrade"}).status_code == 302
    assert (Pause.objects.get().name, Pause.objects.get().actor, Pause.objects.get().reason) == (
        "",
        manager,
        "upgrade",
    )
    assert "upgrade" in client.get(LIST).content.decode()
    assert client.post(action_url("resume")).status_code == 302
    assert not Pause.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["pause", "resume"])
def test_pause_of_the_queue_by_others_is_refused(owner, viewer, as_, name):
    if name == "resume":
        Pause.objects.create(name="")
    for person in (owner, viewer):
        assert as_(person).post(reverse("admin:jobs_queue_do", args=[name])).status_code == 403
    assert Pause.objects.count() == (name == "resume")


@pytest.mark.parametrize(
    ("story_status", "offered"), [("planning", True), ("planned", False), ("draft", False)]
)
@pytest.mark.moderate
def test_the_planning_of_a_story_that_has_gone_on_is_not_offered_again(
    story_status, offered, client, owner
):
    story = make_story(owner, status=story_status)
    job = Job.objects.create(
        pk="story_plan_1",
        name=JobName.STORY_PLANNING,
        subject=str(story.pk),
        owner=owner,
        status=JobStatus.FAILED,
    )
    client.force_login(owner)
    assert_offered(client, job, offered)


def assert_offered(client, job, offered):
    """A button for a retry stands on all three pages that show the job, or on none."""
    retry = reverse("admin:jobs_job_do", args=[job.pk, "retry"])
    for address in (
        reverse("admin:jobs_job_changelist"),
        reverse("admin:jobs_job_change", args=[job.pk]),
        reverse("admin:stories_story_jobs", args=[job.subject]),
    ):
        assert (f'href="{retry}' in client.get(address).content.decode()) is offered, address


@pytest.mark.parametrize(
    ("name", "story_status", "offered"),
    [
        (JobName.SCENE_PREVIEW, "previewing", True),
        (JobName.SCENE_PREVIEW, "draft", False),
        (JobName.SCENE_RENDER, "planned", False),
        (JobName.SCENE_ENGLISH, "planned", True),
        (JobName.SCENE_ENGLISH, "rendering", False),
        (JobName.TAKE_CHECK, "completed", True),
        (JobName.TAKE_CHECK, "archived", False),
        (JobName.STORY_RENDER, "rendering", True),
        (JobName.STORY_RENDER, "previewing", False),
        (JobName.SCENE_SEGMENT, "archived", True),
    ],
)
@pytest.mark.moderate
def test_work_that_the_status_closes_is_not_offered_again(
    name, story_status, offered, client, owner
):
    story = make_story(owner, status=story_status)
    item = "" if name == JobName.STORY_RENDER else str(make_scene(story).pk)
    job = _job(owner, story, name=name, item=item, status=JobStatus.FAILED)
    client.force_login(owner)
    assert_offered(client, job, offered)


@pytest.mark.moderate
def test_work_that_is_paid_for_is_offered_again_in_any_status(client, owner):
    story = make_story(owner, status="archived")
    job = _job(owner, story, item=str(make_scene(story).pk), status=JobStatus.FAILED)
    call = make_call(key=job.pk, state="accepted", attempt_no=1)
    client.force_login(owner)
    assert_offered(client, job, True)
    ProviderCall.objects.filter(pk=call.pk).update(state="refused")
    assert_offered(client, job, False)


@pytest.mark.moderate
def test_job_without_parameters_does_not_break_the_lists(client, owner):
    story = make_story(owner, status="archived")
    item = str(make_scene(story).pk)
    job = _job(owner, story, item=item, status=JobStatus.FAILED, data={})
    client.force_login(owner)
    assert_offered(client, job, True)
