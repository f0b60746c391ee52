"""Whole jobs against a provider that costs money: a person's request spends, a worker's misfortune
does not.
"""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from core.isolation import PartlyDone
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run, run_due
from jobs.services import queue
from jobs.services.claim import claim
from jobs.services.queue import cancel, wake
from providers.adapters import Accepted, Bytes, Result
from providers.enums import Refusal
from providers.errors import Refused
from providers.models import ProviderCall
from stories.handlers.paid_results import record_leftover_results
from stories.models import Story, Take
from stories.services.fingerprints import is_stale
from stories.services.stories import edit
from stories.services.takes import select_take
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes

pytestmark = pytest.mark.django_db

OUT = Accepted("task", poll_in=0)
MADE = Result(media=Bytes(picture()), cost=Decimal("0.03"))


@pytest.fixture
def scene(owner, paid):
    return make_scene(
        make_story(owner, status="previewing", image_provider="paid", clip_provider="paid")
    )


@pytest.fixture
def job(scene, owner):
    """The job of one picture by the paid provider."""
    return make_takes(scene.pk, "image", actor=owner)[0][0]


def run_attempt(job):
    """Bring the job to its next end or wait, although it is not due yet."""
    Job.objects.filter(pk=job.pk, status=JobStatus.WAITING).update(
        status=JobStatus.QUEUED, wait_for=""
    )
    run_due(limit=1)
    job.refresh_from_db()


@pytest.mark.parametrize("refusal", [Refusal.FAILED, Refusal.CANCELLED, Refusal.MODERATED])
def test_what_was_cancelled_is_not_bought_anew_when_the_provider_fails(job, script, clock, refusal):
    script.submit = [OUT, MADE]
    script.poll = [Refused("It failed.", kind=refusal)]
    run_attempt(job)
    cancel(job.pk)
    run_due()
    clock.forward(hours=1)
    run_due()
    collector = Job.objects.get(data__action="collect_take")
    assert (collector.status, collector.result["result"]["metadata"]) == (JobStatus.SUCCEEDED, {})
    assert (len(script.submitted), ProviderCall.objects.get().state, Take.objects.count()) == (
        1,
        "refused",
        0,
    )


@pytest.mark.moderate
def test_trying_to_collect_again_buys_nothing(job, script):
    script.submit = [OUT, MADE]
    script.poll = [Refused("It failed.", kind=Refusal.FAILED)]
    run_attempt(job)
    cancel(job.pk)
    collector = Job.objects.get(data__action="collect_take")
    cancel(collector.pk)
    queue.retry(collector.pk)
    run_due()
    assert (len(script.submitted), ProviderCall.objects.count()) == (1, 1)


@pytest.mark.moderate
def test_paid_refusal_is_not_asked_for_anew_because_the_worker_was_ending(job, script):
    script.submit = [Refused("It failed.", kind=Refusal.FAILED, cost=Decimal("0.03")), MADE]
    run(claim(worker="one"), stopping=lambda: True)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.QUEUED, 0)
    for _ in range(3):
        run_attempt(job)
    assert (len(script.submitted), job.status) == (1, JobStatus.FAILED)
    ends = [
        ("cancelled", Decimal(0)),
        ("failed", Decimal("0.03")),
    ]  # the worker that was ending sent nothing
    assert list(ProviderCall.objects.order_by("attempt_no").values_list("refusal", "cost")) == ends

    queue.retry(job.pk)
    run_attempt(job)
    assert (len(script.submitted), job.status, job.request_no) == (2, JobStatus.SUCCEEDED, 2)
    assert list(ProviderCall.objects.order_by("attempt_no").values_list("request_no", "state")) == [
        (1, "refused"),
        (1, "refused"),
        (2, "settled"),
    ]


def test_picture_tells_what_it_was_asked_for_and_not_what_the_story_says_when_it_arrives(
    job, scene, script, owner
):
    script.submit = [OUT]
    script.poll = [MADE]
    run_attempt(job)
    edit(scene.story_id, actor=owner, style="charcoal")
    run_attempt(job)
    take, story = Take.objects.get(), Story.objects.get(pk=scene.story_id)
    scene.refresh_from_db()
    assert (job.status, take.call.request.get("style", "")) == (JobStatus.SUCCEEDED, "")
    assert is_stale(story, scene, take)
    edit(scene.story_id, actor=owner, style="")
    assert not is_stale(Story.objects.get(pk=scene.story_id), scene, take)


def test_clip_tells_the_picture_it_began_with(scene, script, owner, monkeypatch):
    first, other = make_take(scene), make_take(scene, chosen=False)
    monkeypatch.setattr("providers.ingest._clip", lambda file, **_: keep_as_clip(file))
    script.submit = [OUT]
    script.poll = [MADE]
    (job,), _price = make_takes(scene.pk, "clip", actor=owner)
    run_attempt(job)
    select_take(other.pk, actor=owner)
    run_attempt(job)
    clip = Take.objects.get(kind="clip")
    scene.refresh_from_db()
    story = Story.objects.get(pk=scene.story_id)
    assert is_stale(story, scene, clip)
    scene.image_take = first
    assert not is_stale(story, scene, clip)


def keep_as_clip(file):
    from providers.store import save

    stored = save(file, "mp4")
    return stored, stored, {"mime": "video/mp4", "width": 1280, "height": 720, "duration_ms": 7000}


def test_wake_of_a_cancelled_job_does_nothing(job, script):
    cancel(job.pk)
    assert (wake(item=job.item), len(script.submitted)) == (0, 0)


def test_result_that_was_paid_and_lost_on_its_way_becomes_a_take(job, script, clock, monkeypatch):
    """Whoever collected it was killed between the settling and the take."""
    with monkeypatch.context() as patch:
        patch.setattr(
            "stories.services.takes.record_take",
            lambda *_args, **_more: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            run_due(limit=1)
    assert (ProviderCall.objects.get().state, Take.objects.count(), record_leftover_results()) == (
        "settled",
        0,
        0,
    )
    clock.forward(minutes=11)
    assert record_leftover_results() == 0  # its job is still there to do it
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    assert (record_leftover_results(), record_leftover_results()) == (1, 0)
    take = Take.objects.get()
    assert (take.call, take.scene.image_take, str(take.scene_id), take.cost) == (
        ProviderCall.objects.get(),
        take,
        job.item,
        Decimal("0.0300"),
    )


def test_result_that_cannot_become_a_take_leaves_the_others_alone(
    job, scene, script, clock, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(
            "stories.services.takes.record_take",
            lambda *_args, **_more: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            run_due(limit=1)
    good = ProviderCall.objects.get()
    other = make_scene(scene.story)
    broken = ProviderCall.objects.get()
    broken.pk, broken.key, broken.item = uuid.uuid4(), "broken", str(other.pk)
    broken.result, broken.reserved_at = {"odd": 1}, good.reserved_at - timedelta(seconds=1)
    broken.save(force_insert=True)
    Job.objects.update(status=JobStatus.FAILED)
    clock.forward(minutes=11)
    with pytest.raises(PartlyDone, match="1 of 2"):
        record_leftover_results()
    assert Take.objects.get().call == good
