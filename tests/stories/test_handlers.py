"""Whole stories through queue, gate and film, with the local provider and
without a worker process.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import TestCase

from core.clock import moved
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from jobs.services.queue import retry, wake
from providers.models import AIProviderConfig, ProviderCall
from providers.services.configs import organization_budget
from stories.errors import ApprovalNeeded
from stories.models import Film, Project, Scene, Story, StoryStateTransition, Take
from stories.services.scenes import edit
from stories.services.takes import review_take
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story
from tests.stories.starts import make_takes, start_work

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SCRIPT = "새벽 항구에 작은 배가 있습니다. 등대가 안개 속에서 빛납니다."


@pytest.fixture
def story(owner):
    return make_story(owner, script=SCRIPT, language="ko", duration_seconds=2)


@pytest.fixture
def two(story):
    """A planned story of two scenes of one second."""
    for text in ("새벽 항구의 작은 배", "안개 속의 등대"):
        make_scene(story, text=text, narration=text, duration_seconds=1)
    Story.objects.filter(pk=story.pk).update(status="planned")
    story.refresh_from_db()
    return story


def inject(**settings):
    AIProviderConfig.objects.filter(provider="local").update(
        settings={"faults": settings} if settings else {}
    )


def status(story):
    return Story.objects.get(pk=story.pk).status


@pytest.mark.full_size
def test_from_script_to_film(story, owner):
    apply_transition(story.pk, "start_planning", actor=owner)
    run_due()
    assert status(story) == "planned"
    (scene,) = Scene.live.filter(story=story)
    assert (scene.position, scene.duration_seconds, scene.narration) == (1, 2, SCRIPT)

    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    preview = Film.objects.get()
    assert (status(story), preview.kind, preview.number, preview.frames, preview.fps) == (
        "previewing",
        "preview",
        1,
        48,
        24,
    )

    apply_transition(story.pk, "render_final", actor=owner)
    run_due()
    final = Film.objects.get(kind="final")
    assert (status(story), final.frames, final.width, final.height) == ("completed", 48, 1280, 720)
    assert final.srt.startswith("1\n00:00:00,000 --> ")
    assert [row.name for row in StoryStateTransition.objects.filter(story=story)] == [
        "start_planning",
        "finish_planning",
        "generate_preview",
        "render_final",
        "finish_rendering",
    ]
    assert set(Job.objects.values_list("status", flat=True)) == {"succeeded"}
    assert (
        ProviderCall.objects.filter(state="settled", cost=0).count()
        == 3
        == ProviderCall.objects.count()
    )


def test_result_has_the_form_of_the_brief(two, owner):
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    job = Job.objects.filter(name="scene_preview").first()
    assert set(job.result) == {"success", "result", "error"}
    assert (job.result["success"], job.result["error"], set(job.result["result"])) == (
        True,
        None,
        {"preview_url", "metadata", "generation_time"},
    )
    take = Take.objects.get(pk=job.result["result"]["metadata"]["take_id"])
    assert job.result["result"]["preview_url"] == f"/files/takes/{take.pk}/"


def test_planning_keeps_scenes_that_are_there(two, owner):
    Story.objects.filter(pk=two.pk).update(status="draft")
    scenes = list(Scene.live.filter(story=two))
    apply_transition(two.pk, "start_planning", actor=owner)
    run_due()
    assert (status(two), list(Scene.live.filter(story=two)), ProviderCall.objects.count()) == (
        "planned",
        scenes,
        0,
    )


def test_planning_that_is_refused_fails_the_story_with_the_reason(story, owner):
    inject(text="refuse_invalid")
    apply_transition(story.pk, "start_planning", actor=owner)
    run_due()
    event = StoryStateTransition.objects.last()
    assert (status(story), event.name, event.to_status, bool(event.reason)) == (
        "failed",
        "fail",
        "failed",
        True,
    )
    assert event.job_id == Job.objects.get().pk


def test_a_scene_that_cannot_be_made_asks_a_person(two, owner):
    first, second = Scene.live.filter(story=two).order_by("position")
    inject(image="refuse_moderated", after=1)
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()

    whole = Job.objects.get(name="story_preview")
    assert (status(two), whole.status, whole.wait_for) == (
        "previewing",
        JobStatus.WAITING,
        WaitFor.PERSON,
    )
    assert str(whole.note).startswith("Scene 2 could not be made: ")
    assert Scene.objects.get(pk=first.pk).image_take is not None

    inject()
    edit(second.pk, actor=owner, text="등대와 갈매기")
    make_takes(second.pk, "image", actor=owner)
    run_due()

    whole.refresh_from_db()
    assert (whole.status, Film.objects.get().frames, Take.objects.count()) == (
        JobStatus.SUCCEEDED,
        48,
        2,
    )


def test_retrying_the_failed_job_goes_on_too(two, owner):
    inject(image="refuse_invalid", after=1)
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    inject()
    retry(Job.objects.get(name="scene_preview", status=JobStatus.FAILED).pk, actor=owner)
    run_due()
    assert Job.objects.get(name="story_preview").status == JobStatus.SUCCEEDED


def test_going_through_again_makes_only_what_is_missing(two, owner):
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    apply_transition(two.pk, "render_final", actor=owner)
    run_due()
    calls = ProviderCall.objects.count()
    for name in ("archive", "restore", "start_planning"):
        apply_transition(two.pk, name, actor=owner)
    run_due()
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    assert ProviderCall.objects.count() == calls
    assert Film.objects.filter(kind="preview").count() == 1


def test_one_changed_scene_encodes_one_segment(two, owner):
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    edit(Scene.live.filter(story=two).first().pk, actor=owner, narration="다른 말")
    start_work(two.pk, "image", advance="never", actor=owner)
    run_due()
    second = Film.objects.get(kind="preview", number=2)
    assert (second.segments_reused, second.segments_encoded) == (1, 1)


def test_a_rejected_picture_is_made_again_and_the_old_one_stays(two, owner):
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    scene = Scene.live.filter(story=two).select_related("image_take").first()
    review_take(scene.image_take.pk, review_status="rejected", reason="too dark", actor=owner)
    start_work(two.pk, "image", advance="never", actor=owner)
    run_due()
    scene.refresh_from_db()
    assert scene.takes.count() == 2
    assert scene.image_take.review_status == "unreviewed"


def test_the_final_film_refuses_a_stale_clip_until_somebody_takes_it_on_themselves(two, owner):
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    apply_transition(two.pk, "render_final", actor=owner)
    run_due()
    scene = Scene.live.filter(story=two).order_by("position").first()
    edit(scene.pk, actor=owner, camera="pan_left" if scene.prompt.camera != "pan_left" else "still")
    for name in ("archive", "restore", "start_planning"):
        apply_transition(two.pk, name, actor=owner)
    run_due()
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    apply_transition(two.pk, "render_final", actor=owner)
    run_due()
    whole = Job.objects.filter(name="story_render").order_by("created_at").last()
    assert (whole.status, whole.wait_for, Film.objects.filter(kind="final").count()) == (
        JobStatus.WAITING,
        WaitFor.PERSON,
        1,
    )
    assert (
        str(whole.note)
        == "Scene 1 has changed since its take was made. Redo it, or override with a reason."
    )
    review_take(
        Scene.live.filter(story=two).order_by("position").last().clip_take_id,
        review_status="rejected",
        actor=owner,
        reason="too dark",
    )
    with TestCase.captureOnCommitCallbacks(execute=True):
        start_work(
            two.pk,
            "clip",
            actor=owner,
            confirm_total=Decimal(0),
            plan_hash=None,
            override_reason="the client likes it",
        )
    run_due()
    film = Film.objects.get(kind="final", number=2)
    assert (film.override_reason, status(two)) == ("the client likes it", "completed")
    assert Take.objects.filter(kind="clip").count() == 2


def test_a_story_over_its_budget_waits_until_it_is_raised(two, owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    Story.objects.filter(pk=two.pk).update(budget=Decimal("0.01"))
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    waiting = Job.objects.filter(name="scene_preview").values_list("status", "wait_for", "attempts")
    assert list(waiting) == [(JobStatus.WAITING, WaitFor.BUDGET, 0)] * 2
    assert ProviderCall.objects.count() == 0

    Story.objects.filter(pk=two.pk).update(budget=None)
    wake(subject=str(two.pk), wait_for=WaitFor.BUDGET)
    run_due()
    assert (Job.objects.get(name="story_preview").status, Take.objects.count()) == (
        JobStatus.SUCCEEDED,
        2,
    )


def test_stories_of_a_project_cannot_spend_its_rest_twice(two, owner):
    """The start was within the budget; then another story of the project took what was left."""
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    other = make_story(owner, title="Other")
    project = Project.objects.create(name="Harbour", code="HARBOUR", budget=Decimal("0.05"))
    Story.objects.update(project=project)
    apply_transition(two.pk, "generate_preview", actor=owner)
    ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        key="of another story",
        subject=str(other.pk),
        state="settled",
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
        cost=Decimal("0.04"),
    )
    run_due()
    waiting = Job.objects.filter(name="scene_preview").values_list("status", "wait_for", "attempts")
    assert list(waiting) == [(JobStatus.WAITING, WaitFor.BUDGET, 0)] * 2
    assert (Take.objects.count(), ProviderCall.objects.count()) == (0, 1)

    Project.objects.update(budget=Decimal("0.10"))
    wake(subject=str(two.pk), wait_for=WaitFor.BUDGET)
    run_due()
    assert (Take.objects.count(), ProviderCall.objects.count()) == (2, 3)


def test_a_refused_scene_is_asked_for_again_only_when_a_person_retries(two, owner):
    inject(image="refuse_moderated")
    apply_transition(two.pk, "generate_preview", actor=owner)
    run_due()
    first = Job.objects.filter(name="scene_preview", status=JobStatus.FAILED).first()
    assert ProviderCall.objects.filter(item=first.item).count() == 1

    inject()
    retry(first.pk, actor=owner)
    run_due()
    assert list(
        ProviderCall.objects.filter(item=first.item)
        .order_by("attempt_no")
        .values_list("state", flat=True)
    ) == ["refused", "settled"]


@pytest.mark.parametrize("whole", [True, False])
def test_scenes_added_later_are_made_as_far_as_the_allowance_reaches(
    two, owner, whole, django_capture_on_commit_callbacks
):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.10"))
    money = organization_budget()
    money.plan_limit = Decimal("0.30")
    money.save()
    start_work(two.pk, "image", advance="never", actor=owner)
    added = [make_scene(two, text=f"안개 {number}", duration_seconds=1) for number in (3, 4)]
    run_due()
    parent, made = Job.objects.get(parent=None), Job.objects.filter(name="scene_preview")
    assert sorted(job.data["parameters"]["price"] for job in made) == ["0.1000"] * 3
    assert (parent.status, parent.wait_for) == (JobStatus.WAITING, WaitFor.PERSON)
    assert str(parent.note) == (
        "Scene 4 came later and costs more than was allowed when this was started. "
        "Start it from the workbench."
    )
    # What the story's job made by itself counts as started, too.
    with pytest.raises(
        ApprovalNeeded, match=r"started 0\.30 USD .* With 0\.10 USD more it is above the 0\.30 USD"
    ):
        start_work(two.pk, "image", advance="never", actor=owner, confirm_total=Decimal("0.10"))
    with moved(timedelta(hours=24)):
        _start_the_rest(two, owner, added, whole=whole, capture=django_capture_on_commit_callbacks)
        wake(subject=str(two.pk))
        run_due()
    assert (Film.objects.count(), ProviderCall.objects.filter(state="settled").count()) == (1, 4)


def _start_the_rest(two, owner, added, *, whole, capture):
    if whole:
        with capture(execute=True):
            start_work(two.pk, "image", advance="never", actor=owner, confirm_total=Decimal("0.10"))
    else:
        start_work(
            two.pk,
            "image",
            actor=owner,
            scene_ids=[added[1].pk],
            confirm_total=Decimal("0.10"),
            plan_hash=None,
        )
