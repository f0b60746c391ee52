"""An attempt that stood still while another took its job over writes nothing late: no second
purchase, no replaced scenes.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.clock import DatabaseNow
from jobs.models import Job
from jobs.runner import run, run_due
from jobs.services.claim import claim
from jobs.services.reclaim import reclaim_expired
from providers.models import ProviderCall
from stories.film import build
from stories.handlers import films
from stories.models import Film, Scene, Story, Take
from stories.services import planning, takes
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def be_taken_over():
    """The lease runs out unnoticed, and the job goes to whoever is there."""
    Job.objects.filter(status="running").update(lease_until=DatabaseNow(-timedelta(seconds=1)))
    assert reclaim_expired() == 1


def freeze(monkeypatch, module, name, meanwhile):
    """The first time that the function is reached, another worker takes the job and `meanwhile`
    happens.
    """
    real, reached = getattr(module, name), []

    def stands_still(*args, **kwargs):
        if not reached:
            reached.append(name)
            be_taken_over()
            meanwhile()
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, stands_still)
    return reached


@pytest.fixture
def three(owner, paid):
    story = make_story(owner, status="planned", image_provider="paid", clip_provider="paid")
    for _ in range(3):
        make_scene(story)
    return story


def test_frozen_between_the_plan_and_the_children_buys_nothing_twice(
    three, owner, monkeypatch, script
):
    """B4: six charges for three scenes. The other worker finishes the story before the frozen one
    goes on.
    """
    apply_transition(three.pk, "generate_preview", actor=owner)
    reached = freeze(monkeypatch, films, "story_of", run_due)
    run(claim(worker="frozen"))
    assert (reached, len(script.submitted)) == (["story_of"], 3)
    run_due()
    assert (
        len(script.submitted),
        Job.objects.filter(name="scene_preview").count(),
        Take.objects.count(),
    ) == (3, 3, 3)
    assert ProviderCall.objects.filter(state="settled", cost=Decimal("0.03")).count() == 3


def test_an_attempt_that_lost_its_job_makes_no_child(three, owner):
    apply_transition(three.pk, "generate_preview", actor=owner)
    attempt = claim(worker="frozen")
    be_taken_over()
    run(attempt)
    assert Job.objects.filter(name="scene_preview").count() == 0


def test_a_person_who_starts_the_same_scene_between_plan_and_children_is_seen(three, owner, script):
    """The children are planned under the story's lock from the rows as they are then."""

    apply_transition(three.pk, "generate_preview", actor=owner)
    scene = Scene.live.filter(story=three).first()
    make_takes(scene.pk, "image", actor=owner)
    run_due()
    assert (len(script.submitted), Take.objects.count()) == (3, 3)


def test_frozen_before_the_scenes_are_written_replaces_none(owner, monkeypatch):
    """B4: planning from the beginning replaced scenes that had paid pictures by then."""
    story = make_story(
        owner, script="A boat leaves the harbour. The lighthouse waits.", duration_seconds=14
    )
    old = make_scene(story)
    apply_transition(story.pk, "start_planning", actor=owner, replace=True)
    made = []

    def meanwhile():
        run_due()
        assert Story.objects.get(pk=story.pk).status == "planned"
        made.extend(make_take(scene) for scene in Scene.live.filter(story=story))

    reached = freeze(monkeypatch, planning, "write_scenes", meanwhile)
    run(claim(worker="frozen"))
    assert (reached, len(made)) == (["write_scenes"], 2)
    live = list(Scene.live.filter(story=story).order_by("position"))
    assert [scene.image_take for scene in live] == made
    assert list(Scene.objects.filter(story=story, deleted_at__isnull=False)) == [old]


def test_frozen_before_a_take_lands_leaves_it_to_the_other(three, owner, monkeypatch, script):
    apply_transition(three.pk, "generate_preview", actor=owner)
    run_due(limit=1)
    reached = freeze(monkeypatch, takes, "record_result", lambda: None)
    run(claim(worker="frozen"))
    run_due()
    assert (reached, Take.objects.count(), len(script.submitted)) == (["record_result"], 3, 3)


def test_frozen_before_the_film_is_written_writes_no_second_one(owner, monkeypatch):
    story = make_story(owner, status="planned", duration_seconds=2)
    make_scene(story, duration_seconds=1, narration="")
    apply_transition(story.pk, "generate_preview", actor=owner)
    reached = freeze(monkeypatch, build, "srt", run_due)
    run_due()
    assert (reached, Film.objects.count(), Job.objects.get(name="story_preview").status) == (
        ["srt"],
        1,
        "succeeded",
    )
