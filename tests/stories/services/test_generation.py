"""One way to start: in which status, with which step, and what an approval leaves behind."""

from decimal import Decimal

import pytest

from jobs.enums import JobStatus
from jobs.models import Job
from providers.models import AIProviderConfig
from providers.services.configs import organization_budget
from stories.errors import GuardRefused, Invalid, NotAllowed
from stories.models import Approval, Confirmation, Story
from stories.services import generation, retry
from stories.services.generation import start_generation
from tests.stories.factories import make_scene, make_story, make_take

PRICE = Decimal("0.50")


@pytest.fixture(autouse=True)
def prices(db):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=PRICE, cost_per_second_video=Decimal("0.10")
    )


@pytest.fixture
def limit(db):
    money = organization_budget()
    money.plan_limit = Decimal("0.40")
    money.save()


@pytest.mark.parametrize(
    ("status", "advance", "expected"),
    [
        ("draft", "if_possible", GuardRefused),
        ("draft", "never", GuardRefused),
        ("draft", "unless_begun", NotAllowed),
        ("draft", "always", NotAllowed),
        ("planned", "if_possible", "previewing"),
        ("planned", "never", "planned"),
        ("planned", "unless_begun", "previewing"),
        ("planned", "always", "previewing"),
        ("previewing", "if_possible", "previewing"),
        ("previewing", "never", "previewing"),
        ("previewing", "unless_begun", "previewing"),
        ("previewing", "always", NotAllowed),
        ("completed", "if_possible", "completed"),
        ("completed", "never", "completed"),
        ("completed", "unless_begun", NotAllowed),
        ("archived", "never", GuardRefused),
    ],
)
def test_status_in_which_pictures_are_started(owner, status, advance, expected):
    story = make_story(owner, status=status)
    make_scene(story)
    if isinstance(expected, str):
        start, plan = start_generation(story.pk, "image", actor=owner, advance=advance)
        assert (start.stopped, [job.name for job in start.jobs], start.total, plan.total) == (
            None,
            ["story_preview"],
            PRICE,
            PRICE,
        )
    else:
        with pytest.raises(expected):
            start_generation(story.pk, "image", actor=owner, advance=advance)
    assert (Story.objects.get().status, Job.objects.count()) == (
        (expected, 1) if isinstance(expected, str) else (status, 0)
    )


def test_some_scenes_are_started_without_a_step(owner):
    story = make_story(owner, status="planned")
    first, _second = make_scene(story), make_scene(story)
    start, plan = start_generation(story.pk, "image", actor=owner, scene_ids=[first.pk])
    assert ([job.item for job in start.jobs], plan.total, Story.objects.get().status) == (
        [str(first.pk)],
        PRICE,
        "planned",
    )


@pytest.mark.parametrize(("whole", "may_be_empty"), [(True, False), (False, True), (False, False)])
def test_nothing_to_make_is_refused(owner, whole, may_be_empty):
    story = make_story(owner, status="previewing")
    scene = make_scene(story)
    make_take(scene)
    with pytest.raises(Invalid, match="nothing to make"):
        start_generation(
            story.pk,
            "image",
            actor=owner,
            scene_ids=None if whole else [scene.pk],
            may_be_empty=may_be_empty,
        )
    assert Job.objects.count() == 0


@pytest.mark.parametrize("status", ["planned", "previewing"])
def test_a_start_that_needs_an_approval_leaves_only_its_request(owner, limit, status):
    story = make_story(owner, status=status)
    make_scene(story)
    first, plan = start_generation(story.pk, "image", actor=owner)
    again, _plan = start_generation(story.pk, "image", actor=owner)
    request = Approval.objects.get()
    assert (first.jobs, first.total, first.stopped.approval, first.stopped.new) == (
        [],
        PRICE,
        request,
        True,
    )
    assert (again.stopped.approval, again.stopped.new, request.plan_hash) == (
        request,
        False,
        plan.hash,
    )
    assert (
        Job.objects.count(),
        Confirmation.objects.count(),
        Story.objects.get().status,
        story.transitions.count(),
    ) == (0, 0, status, 0)


def test_a_retry_that_needs_an_approval_leaves_the_job_as_it_was(owner, limit):
    story = make_story(owner, status="previewing")
    scene = make_scene(story)
    (job,) = generation.generate_scene(scene.pk, "image", actor=None).jobs
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED, attempts=3)
    before = Job.objects.filter(pk=job.pk).values().get()
    stopped = retry.retry_job(job.pk, actor=owner).stopped
    assert stopped is not None
    assert (stopped.new, stopped.approval) == (True, Approval.objects.get())
    assert (Job.objects.filter(pk=job.pk).values().get(), job.log.count()) == (before, 0)


def test_planning_that_needs_an_approval_leaves_the_story_a_draft(owner, limit):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_text_call=PRICE)
    story = make_story(owner, status="draft", script="A lighthouse. A boat comes.")
    start = generation.start_planning(story.pk, actor=owner)
    assert start.stopped is not None
    assert (start.jobs, start.total, Approval.objects.get().what) == (
        [],
        PRICE,
        {"planning": True, "replace": False},
    )
    assert (Story.objects.get().status, Job.objects.count()) == ("draft", 0)
