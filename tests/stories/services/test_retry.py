"""Trying one job again: a paid start like any other, bound to what a person may start alone and to
the story's step.
"""

from decimal import Decimal

import pytest

from jobs.enums import JobStatus
from jobs.errors import NoSuchJob, NotPossible
from jobs.models import Job
from jobs.runner import run_due
from jobs.services.queue import cancel
from providers.models import AIProviderConfig, ProviderCall
from providers.services.configs import organization_budget
from stories.errors import ApprovalNeeded, Forbidden, GuardRefused, PlanChanged
from stories.models import Approval, Confirmation, Scene, Story, StorySound
from stories.services import approval_decisions, job_data, spend_requests
from stories.services.generation import generate_sound
from stories.services.scenes import edit
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story
from tests.stories.starts import make_takes, retried, start_work

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.50")


@pytest.fixture
def story(owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=PRICE)
    story = make_story(owner, status="previewing")
    make_scene(story)
    return story


@pytest.fixture
def failed(story, owner):
    """A scene's job that failed before anything was sent."""
    (job,), _price = make_takes(Scene.objects.get().pk, "image", actor=owner)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    return job


def limit(amount):
    money = organization_budget()
    money.plan_limit = Decimal(amount)
    money.save()


def state(job):
    return Job.objects.get(pk=job.pk).status


def test_up_to_the_limit_it_is_queued(failed, owner):
    limit("0.50")
    again = retried(failed.pk, actor=owner)
    assert (again.status, again.request_no, Approval.objects.count()) == (JobStatus.QUEUED, 2, 0)


def test_above_the_limit_a_second_person_is_asked_and_nothing_is_queued(failed, owner, manager):
    limit("0.49")
    with pytest.raises(ApprovalNeeded) as needed:
        retried(failed.pk, actor=owner)
    row = Approval.objects.get()
    assert (state(failed), needed.value.approval, needed.value.new) == (JobStatus.FAILED, row, True)
    assert (row.kind, row.what, row.total, row.asked_by, len(row.lines)) == (
        "image",
        {"job": failed.pk},
        PRICE,
        owner,
        1,
    )

    approval_decisions.decide(row.pk, actor=manager, approve=True)
    assert retried(failed.pk, actor=owner).status == JobStatus.QUEUED
    assert Approval.objects.get().started_by == owner
    cancel(failed.pk)
    with pytest.raises(ApprovalNeeded):  # it is used up
        retried(failed.pk, actor=owner)


def test_approval_of_a_retry_does_not_fit_another_price(failed, owner, manager):
    limit("0.49")
    with pytest.raises(ApprovalNeeded):
        retried(failed.pk, actor=owner)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.60"))
    with pytest.raises(PlanChanged):
        approval_decisions.decide(Approval.objects.get().pk, actor=manager, approve=True)


def test_approval_of_a_retry_does_not_fit_other_words(failed, owner):
    limit("0.49")
    with pytest.raises(ApprovalNeeded):
        retried(failed.pk, actor=owner)
    assert spend_requests.fits(Approval.objects.get())
    edit(failed.item, actor=owner, text="quite another picture")
    assert not spend_requests.fits(Approval.objects.get())


@pytest.mark.moderate
def test_what_is_paid_already_is_taken_over_whatever_the_limit(failed, owner):
    Job.objects.filter(pk=failed.pk).update(status=JobStatus.QUEUED)
    run_due()
    Job.objects.filter(pk=failed.pk).update(status=JobStatus.CANCELLED)
    limit("0.01")
    assert retried(failed.pk, actor=owner).status == JobStatus.QUEUED
    run_due()
    assert (state(failed), ProviderCall.objects.count()) == (JobStatus.SUCCEEDED, 1)


def test_a_storys_job_is_compared_with_what_it_would_make(story, owner):
    job, _plan = start_work(story.pk, "image", advance="never", actor=owner)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    limit("0.49")
    with pytest.raises(ApprovalNeeded) as needed:
        retried(job.pk, actor=owner)
    assert (state(job), needed.value.approval.total) == (JobStatus.FAILED, PRICE)


def test_a_storys_job_keeps_to_the_limit_it_is_tried_again_under(
    story, owner, django_capture_on_commit_callbacks
):
    job, _plan = start_work(story.pk, "image", advance="never", actor=owner)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    limit("0.75")
    with django_capture_on_commit_callbacks(execute=True):
        retried(job.pk, actor=owner)
    assert Confirmation.objects.filter(job_id=job.pk).last().spending_cap == Decimal("0.75")


@pytest.mark.parametrize("now", ["planned", "failed", "draft", "archived"])
def test_a_storys_job_is_not_tried_again_in_another_step(story, owner, now):
    job, _plan = start_work(story.pk, "image", advance="never", actor=owner)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    Story.objects.filter(pk=story.pk).update(status=now)
    with pytest.raises(GuardRefused):
        retried(job.pk, actor=owner)
    assert state(job) == JobStatus.FAILED


def test_planning_that_failed_is_begun_anew_from_the_story(owner):
    story = make_story(owner)
    apply_transition(story.pk, "start_planning", actor=owner)
    job = Job.objects.get(name="story_planning")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    assert retried(job.pk, actor=owner).status == JobStatus.QUEUED
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    Story.objects.filter(pk=story.pk).update(status="failed")
    with pytest.raises(GuardRefused):
        retried(job.pk, actor=owner)


def test_who_may_not(failed, colleague, viewer):
    for person in (colleague, viewer):
        with pytest.raises(Forbidden):
            retried(failed.pk, actor=person)
    assert state(failed) == JobStatus.FAILED


def test_what_cannot_be_tried_again(failed, owner):
    with pytest.raises(NoSuchJob):
        retried("story_0_0", actor=owner)
    Job.objects.filter(pk=failed.pk).update(status=JobStatus.SUCCEEDED)
    limit("0.01")
    with pytest.raises(NotPossible):
        retried(failed.pk, actor=owner)
    assert Approval.objects.count() == 0


def test_a_scene_that_is_gone_costs_nothing(failed, owner):
    Scene.objects.update(deleted_at=failed.created_at)
    limit("0.01")
    assert retried(failed.pk, actor=owner).status == JobStatus.QUEUED


def test_a_collector_spends_nothing(failed, owner):
    Job.objects.filter(pk=failed.pk).update(
        data=job_data.data(
            failed.subject, failed.name, {"call_key": "x"}, action=job_data.INGEST_ONLY
        )
    )
    limit("0.01")
    assert retried(failed.pk, actor=owner).status == JobStatus.QUEUED


@pytest.mark.parametrize("status", ["archived", "draft", "failed"])
def test_take_of_a_story_that_is_closed_is_not_paid_for_again(failed, owner, story, status):
    Story.objects.filter(pk=story.pk).update(status=status)
    with pytest.raises(GuardRefused, match="has left the step"):
        retried(failed.pk, actor=owner, confirm_total=PRICE)
    assert (state(failed), Confirmation.objects.filter(at__gt=failed.updated_at).count()) == (
        JobStatus.FAILED,
        0,
    )


def test_sound_of_an_archived_story_is_not_paid_for_again(story, owner):
    Story.objects.filter(pk=story.pk).update(status="completed")
    StorySound.objects.create(story=story)
    (job,) = generate_sound(story.pk, actor=owner, music=True).jobs
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    Story.objects.filter(pk=story.pk).update(status="archived")
    with pytest.raises(GuardRefused, match="has left the step"):
        retried(job.pk, actor=owner)
    assert state(job) == JobStatus.FAILED
