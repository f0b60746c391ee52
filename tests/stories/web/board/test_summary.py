"""Counts, prices and progress: the board, the story's page and the page of costs say the same."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from jobs.enums import JobStatus
from jobs.models import Job
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import ReviewStatus, TakeKind
from stories.models import Story, Take
from stories.selectors.summary import summarize
from stories.services import enqueue, sound
from stories.services.plan import plan_generation
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with

REFUSED = {
    "template": "%(provider)s refused the content. Change its words.",
    "values": {"provider": "Stability AI"},
}


@pytest.fixture(autouse=True)
def prices(db):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )


def fail(scene, kind=TakeKind.IMAGE, *, at=None):
    """The scene's newest job of this kind has failed, as a provider's refusal makes it."""
    job, _ = enqueue.enqueue_scene(scene, kind, owner=scene.story.owner)
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.FAILED, finished_at=at or timezone.now(), note_data=REFUSED
    )
    return job


def unclear(scene, kind):
    return ProviderCall.objects.create(
        provider_id="local",
        kind=kind,
        key=f"u{scene.pk}",
        subject=str(scene.story_id),
        item=scene.key,
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
        state=CallState.UNCLEAR,
    )


def spec_of(page, scene):
    return page.split(f'id="scene-{scene.pk}"')[1].split("</li>\n")[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TakeKind.values)
@pytest.mark.parametrize("before", ["done", "approved", "stale", "rejected", "missing"])
def test_a_failed_attempt_is_told_whatever_stood_before(pages, story, kind, before):
    scene = make_scene(story)
    if kind == TakeKind.CLIP:
        make_take(scene)
    if before != "missing":
        values = {
            "stale": {"input_hash": "other"},
            "approved": {"review_status": "approved"},
            "rejected": {"review_status": "rejected", "review_reason": "dark"},
        }
        make_take(scene, kind, **values.get(before, {}))
    fail(scene, kind)

    page = pages.get("stories_story_board", story.pk, live=False).content.decode()
    name = "Picture" if kind == TakeKind.IMAGE else "Clip"
    assert f"{name} failed: Stability AI refused the content. Change its words." in spec_of(
        page, scene
    )
    assert "failed" in re.search(r'data-keys="([^"]*)"', spec_of(page, scene))[1].split()
    assert '<b data-count="failed">1</b>' in page
    panel = pages.get("board_scene", story.pk, scene.pk, kind=kind).content.decode()
    assert (
        "Stability AI refused the content. Change its words."
        in panel.split('class="vp-error bd-failed"')[1].split("</p>")[0]
    )
    scenes = pages.client.get(
        reverse("admin:stories_story_board", args=[story.pk])
    ).content.decode()
    assert "Stability AI refused the content. Change its words." in scenes


def test_the_reason_is_said_in_the_language_of_the_reader(pages, story):
    scene = make_scene(story)
    make_take(scene)
    job = fail(scene)
    Job.objects.filter(pk=job.pk).update(
        note_data={"template": "The scene has changed since.", "values": {}}
    )
    with translation.override("ko"):
        page = pages.client.get(
            reverse("admin:stories_story_board", args=[story.pk]), headers={"accept-language": "ko"}
        ).content.decode()
        assert translation.gettext("The scene has changed since.") in spec_of(page, scene)


@pytest.mark.parametrize("answer", ["made", "approved", "again"])
def test_a_failure_is_over_when_something_came_after_it(story, answer):
    scene = make_scene(story)
    take = make_take(scene)
    Take.objects.filter(pk=take.pk).update(created_at=timezone.now() - timedelta(hours=1))
    fail(scene, at=timezone.now() - timedelta(minutes=1))
    assert summarize(story).counts == {"failed": 1, "review": 1}
    if answer == "made":
        make_take(scene)
    elif answer == "approved":
        Take.objects.filter(pk=take.pk).update(
            review_status=ReviewStatus.APPROVED, reviewed_at=timezone.now()
        )
    else:
        enqueue.enqueue_scene(scene, TakeKind.IMAGE, owner=story.owner)
    assert "failed" not in summarize(story).counts


def test_a_take_of_the_other_kind_answers_no_failure(story):
    scene = make_scene(story)
    make_take(scene)
    fail(scene, TakeKind.CLIP, at=timezone.now() - timedelta(minutes=1))
    make_take(scene)
    assert summarize(story).counts == {"failed": 1, "missing": 1, "review": 1}


def test_a_failed_retake_can_be_tried_again_at_its_price(story):
    scene = make_scene(story)
    make_take(scene, input_hash="other")
    fail(scene)
    again = plan_generation(story, TakeKind.IMAGE, mode="failed")
    assert [(item.state, item.will, item.price) for item in again.items] == [
        ("stale", True, Decimal("0.02"))
    ]
    [progress, _clips] = summarize(story).progress
    assert [(batch.mode, batch.count, batch.price) for batch in progress.batches] == [
        ("stale", 1, Decimal("0.02")),
        ("failed", 1, Decimal("0.02")),
    ]


@pytest.mark.parametrize("with_sound", [False, True])
def test_each_batch_is_what_its_plan_makes(story, monkeypatch, with_sound):
    if with_sound:
        speak_with(monkeypatch)
        AIProviderConfig.objects.get(provider="local").models.create(
            kind="speech", name="paid", is_default=True, price=Decimal("0.05"), unit="call"
        )
        sound.change_settings(story.pk, actor=story.owner)
    for values in (
        {},
        {"input_hash": "other"},
        {"review_status": "rejected", "review_reason": "dark"},
        None,
        None,
    ):
        scene = make_scene(story)
        if values is not None:
            make_take(scene, **values)
    fail(scene)
    for progress in summarize(story).progress:
        for batch in progress.batches:
            plan = plan_generation(story, progress.kind, mode=batch.mode)
            assert (batch.count, batch.price) == (len(plan.todo), plan.total)


def test_scenes_that_an_unclear_call_locks_still_have_their_picture(pages, owner):
    story = make_story(owner, status="rendering", duration_seconds=28)
    for _ in range(4):
        scene = make_scene(story)
        make_take(scene)
        unclear(scene, "clip")
    summary = summarize(story)
    pictures, clips = summary.progress
    assert (pictures.ready, pictures.total, pictures.percent) == (4, 4, 100)
    assert (clips.ready, clips.total) == (0, 4)
    assert (summary.left, summary.uncertain) == (0, Decimal("1.40"))
    page = pages.get("stories_story_board", story.pk, live=False).content.decode()
    assert "4 of 4" in page
    assert "<b>$1.40</b>" in page


def test_a_picture_that_is_made_again_still_counts(story):
    scene = make_scene(story)
    make_take(scene)
    enqueue.enqueue_scene(scene, TakeKind.IMAGE, owner=story.owner)
    pictures = summarize(story).progress[0]
    assert (pictures.ready, pictures.running) == (1, 1)


def test_costs_say_what_the_board_says(pages, story):
    make_take(make_scene(story))
    make_scene(story)
    board = pages.get("stories_story_board", story.pk, live=False).content.decode()
    assert summarize(story).left == Decimal("0.72")
    assert "<b>$0.72</b>" in board
    assert (
        "$0.72"
        in pages.client.get(reverse("admin:stories_story_money", args=[story.pk])).content.decode()
    )


def test_summary_asks_as_often_for_one_scene_as_for_twenty(story, django_assert_num_queries):
    for number in (1, 19):
        for _ in range(number):
            scene = make_scene(story)
            make_take(scene)
            fail(scene)
        with django_assert_num_queries(8):
            summarize(Story.objects.get(pk=story.pk)).left  # noqa: B018  counted on demand
