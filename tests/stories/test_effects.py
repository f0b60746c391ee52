"""Generated effects: described, priced, made by jobs, and mixed at their place in the scene."""

import io
from decimal import Decimal

import pytest
from django.test import TestCase
from PIL import Image

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from providers.adapters import Bytes, Result
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import SoundRequest
from providers.services.configs import organization_budget
from stories.errors import Invalid, PlanChanged
from stories.film.sound import sound_of
from stories.handlers.paid_results import record_leftover_results
from stories.models import Approval, Film, SceneSound, SoundTake, StorySound
from stories.services import scene_order, scenes, sound, sound_takes
from stories.services.approval_decisions import decide
from stories.services.generation import generate_sound, retry, start_generation
from stories.services.plan import load_scenes, plan_generation
from stories.services.sound_plan import plan_sound
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import SpeakingAdapter, speak_with, tone

pytestmark = pytest.mark.django_db


@pytest.fixture
def speaking(monkeypatch):
    return speak_with(monkeypatch)


def picture():
    file = io.BytesIO()
    Image.new("RGB", (1600, 900), (40, 80, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def story(owner, speaking):
    """A planned story of two silent scenes of 4 s with pictures, without music."""
    story = make_story(owner, status="planned", duration_seconds=8)
    for n in (1, 2):
        make_take(
            make_scene(story, narration="", duration_seconds=4, title=f"Scene {n}"),
            content=picture(),
        )
    sound.change_settings(story.pk, actor=owner, mood="none")
    return story


@pytest.fixture
def scene(story):
    return story.all_scenes.get(position=2)


def describe(scene, owner, text="a door bell", **values):
    return sound.change_scene_sound(scene.pk, actor=owner, effect_prompt=text, **values)


def priced(price="0.25"):
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="sound", name="paid-sound", is_default=True, price=Decimal(price), unit="call"
    )


def states(story):
    return [(item.key, item.state, item.will, item.price) for item in plan_sound(story).items]


def test_a_described_effect_is_planned_with_its_price(story, scene, owner):
    priced()
    assert states(story) == []
    describe(scene, owner, "  a door bell ", effect_seconds=1.5, effect_from=2)
    assert states(story) == [(f"sound:{scene.pk}", "missing", True, Decimal("0.2500"))]
    (item,) = plan_sound(story).items
    assert (item.title, item.position, item.request.prompt, item.request.duration_ms) == (
        "a door bell",
        2,
        "a door bell",
        1500,
    )
    assert plan_generation(story, "image").total == Decimal("0.2500")


def test_an_effect_is_made_recorded_once_and_selected(story, scene, owner):
    priced()
    describe(scene, owner, effect_seconds=1.5)
    with pytest.raises(PlanChanged):
        generate_sound(story.pk, actor=owner, effects=[scene.pk], confirm_total=Decimal("0.10"))
    (job,) = generate_sound(
        story.pk, actor=owner, effects=[scene.pk], confirm_total=Decimal("0.25")
    ).jobs
    assert (job.name, job.item, job.data["action"]) == (
        "scene_sound",
        str(scene.pk),
        "generate_sound",
    )
    assert states(story)[0][1:3] == ("running", False)
    run_due()
    take, call = SoundTake.objects.get(), ProviderCall.objects.get()
    assert (take.scene_id, take.kind, take.samples, take.line_id) == (
        scene.pk,
        "sound",
        72_000,
        None,
    )
    assert (call.kind, call.item, call.subject, call.cost) == (
        "sound",
        str(scene.pk),
        str(story.pk),
        Decimal("0.2500"),
    )
    assert SceneSound.objects.get(scene=scene).effect == take
    assert states(story) == [(f"sound:{scene.pk}", "done", False, Decimal(0))]
    assert sound_takes.record_result(call).pk == take.pk
    assert [type(one) for one in SpeakingAdapter.asked] == [SoundRequest]


def test_its_description_length_and_provider_make_it_stale_its_place_and_level_do_not(
    story, scene, owner
):
    describe(scene, owner)
    generate_sound(story.pk, actor=owner, effects=[scene.pk])
    run_due()
    sound.change_scene_sound(scene.pk, actor=owner, effect_from=1.0, effect_db=-6.0)
    move = scene_order.Move(scene.pk, None)
    scene_order.reorder(story.pk, moves=[move], actor=owner)
    assert states(story)[0][1] == "done"
    for name, before, after in (
        ("effect_prompt", "a door bell", "a church bell"),
        ("effect_seconds", 3.0, 2.0),
    ):
        sound.change_scene_sound(scene.pk, actor=owner, **{name: after})
        assert states(story)[0][1:3] == ("stale", True)
        sound.change_scene_sound(scene.pk, actor=owner, **{name: before})
        assert states(story)[0][1] == "done"
    sound.change_settings(story.pk, actor=owner, effects_provider="elevenlabs")
    assert [item.provider for item in plan_sound(story).items] == ["elevenlabs"]
    assert plan_sound(story).items[0].take is not None


def test_a_rejected_effect_is_made_again_and_an_uploaded_one_is_kept(story, scene, owner):
    describe(scene, owner)
    generate_sound(story.pk, actor=owner, effects=[scene.pk])
    run_due()
    take = SoundTake.objects.get()
    sound_takes.review(take.pk, review_status="rejected", reason="too loud", actor=owner)
    assert states(story)[0][1:3] == ("rejected", True)
    SoundTake.objects.update(review_status="unreviewed", input_hash="")
    describe(scene, owner, "a church bell")
    assert states(story)[0][1] == "done"


def test_one_more_take_has_another_seed_and_is_compared(story, scene, owner):
    describe(scene, owner)
    for _time in range(2):
        generate_sound(story.pk, actor=owner, effects=[scene.pk], again=True)
        run_due()
    first, second = SpeakingAdapter.asked
    assert second.seed == (first.seed + 1) % 2**32
    one, two = SoundTake.objects.order_by("created_at")
    assert SceneSound.objects.get(scene=scene).effect == two
    sound_takes.select(one.pk, actor=owner)
    assert SceneSound.objects.get(scene=scene).effect == one


def test_an_effect_that_would_not_be_heard_is_not_bought(story, scene, owner):
    with pytest.raises(Invalid, match="begins after the end"):
        describe(scene, owner, effect_from=4.0)
    describe(scene, owner, effect_from=3.0)
    scenes.edit(scene.pk, actor=owner, duration_seconds=2)
    (item,) = plan_sound(story).items
    assert (item.state, item.will, str(item.why)) == (
        "blocked",
        False,
        "The effect begins after the end of its scene.",
    )
    assert plan_generation(story, "image").total == 0


def test_an_effect_of_a_scene_that_became_shorter_is_said(story, scene, owner):
    describe(scene, owner, effect_from=3.0)
    generate_sound(story.pk, actor=owner, effects=[scene.pk])
    run_due()
    assert plan_sound(story).warnings == []
    scenes.edit(scene.pk, actor=owner, duration_seconds=2)
    assert [str(warning) for warning in plan_sound(story).warnings] == [
        "Scene 2: the effect begins after the end of its scene."
    ]
    assert sound_of(story, load_scenes(story), "preview").effects == ()


def test_a_copied_scene_has_the_effect_of_its_original(story, scene, owner):
    describe(scene, owner)
    generate_sound(story.pk, actor=owner, effects=[scene.pk])
    run_due()
    copy = scenes.duplicate(scene.pk, actor=owner)
    assert [(item.item, item.state) for item in plan_sound(story).items] == [
        (str(scene.pk), "done"),
        (str(copy.pk), "done"),
    ]


@pytest.mark.parametrize("what", ["scene", "sound", "words"])
def test_what_the_film_no_longer_uses_is_not_bought(story, scene, owner, what):
    describe(scene, owner)
    (job,) = generate_sound(story.pk, actor=owner, effects=[scene.pk]).jobs
    if what == "scene":
        scenes.delete(scene.pk, actor=owner)
    elif what == "sound":
        sound.change_settings(story.pk, actor=owner, enabled=False)
    else:
        describe(scene, owner, "")
    run_due()
    job.refresh_from_db()
    why = {
        "scene": "The scene has been deleted.",
        "sound": "The story's sound is turned off.",
        "words": "The scene has no generated effect any more.",
    }
    assert (job.status, str(job.note)) == (JobStatus.FAILED, why[what])
    assert (ProviderCall.objects.count(), SoundTake.objects.count()) == (0, 0)


def test_an_effect_counts_and_is_approved_as_other_sound(story, scene, owner, manager):
    priced("0.25")
    describe(scene, owner)
    money = organization_budget()
    money.plan_limit = Decimal("0.10")
    money.save()
    assert generate_sound(story.pk, actor=owner, effects=[scene.pk]).stopped
    assert not Job.objects.exists()
    decide(Approval.objects.get().pk, actor=manager, approve=True)
    generate_sound(story.pk, actor=owner, effects=[scene.pk]).require()
    run_due()
    assert SoundTake.objects.get().cost == Decimal("0.2500")


def test_a_refused_effect_fails_is_said_and_retried(story, scene, owner):
    SpeakingAdapter.refused.add("bell")
    describe(scene, owner)
    (job,) = generate_sound(story.pk, actor=owner, effects=[scene.pk]).jobs
    run_due()
    (item,) = plan_sound(story).items
    assert (item.failed, str(item.why)) == (True, "This is not played.")
    SpeakingAdapter.refused.clear()
    retry(job.pk, actor=owner)
    run_due()
    assert states(story) == [(f"sound:{scene.pk}", "done", False, Decimal(0))]


def test_an_effect_whose_job_was_stopped_is_collected(story, scene, owner, paid, script):
    sound.change_settings(story.pk, actor=owner)
    describe(scene, owner)
    StorySound.objects.update(effects_provider="paid")
    AIProviderConfig.objects.get(provider="paid").models.create(
        kind="sound", name="boom", is_default=True, price=Decimal("0.10"), unit="call"
    )
    (job,) = generate_sound(story.pk, actor=owner, effects=[scene.pk]).jobs

    def submit():
        queue.cancel(job.pk, actor=owner)
        return Result(media=Bytes(tone(1000, 440)), cost=Decimal("0.10"))

    script.submit = [submit]
    run_due()
    record_leftover_results()
    run_due()
    take = SoundTake.objects.get()
    assert (take.scene_id, take.cost, len(script.submitted)) == (scene.pk, Decimal("0.10"), 1)


def test_the_film_s_job_makes_the_picture_and_the_effect_of_one_scene(story, scene, owner):
    """Both have the scene as their item; each is made once, and a failure is told of the right
    one.
    """
    third = make_scene(story, narration="", duration_seconds=2, title="Scene 3")
    describe(third, owner, effect_seconds=1.0)
    SpeakingAdapter.refused.add("bell")
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    film_job = Job.objects.get(name="story_preview")
    children = Job.objects.filter(parent=film_job, item=str(third.pk)).exclude(name="scene_segment")
    assert sorted(children.values_list("name", "status")) == [
        ("scene_preview", "succeeded"),
        ("scene_sound", "failed"),
    ]
    assert (film_job.status, film_job.wait_for, str(film_job.note)) == (
        JobStatus.WAITING,
        WaitFor.PERSON,
        (
            "The effect of scene 3 could not be made: This is not played. Change its "
            "description, retry it, or make the film without."
        ),
    )
    SpeakingAdapter.refused.clear()
    retry(children.get(name="scene_sound").pk, actor=owner)
    run_due()
    film_job.refresh_from_db()
    assert film_job.status == JobStatus.SUCCEEDED, film_job.note
    assert [
        (one["start_frame"], one["end_frame"])
        for one in Film.objects.get().manifest["sound"]["effects"]
    ] == [(192, 240)]
    assert ProviderCall.objects.filter(kind="sound", state="settled").count() == 1
    assert ProviderCall.objects.filter(kind="image").count() == 1


def test_another_description_while_the_film_waits_orders_another_effect(story, scene, owner):
    describe(scene, owner)
    SpeakingAdapter.refused.add("door")
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    with TestCase.captureOnCommitCallbacks(execute=True):
        describe(scene, owner, "a church bell", effect_seconds=1.0)
    run_due()
    assert Job.objects.get(name="story_preview").status == JobStatus.SUCCEEDED
    assert SoundTake.objects.get().samples == 48_000


def test_an_effect_is_mixed_at_its_place_with_its_level(story, scene, owner):
    describe(scene, owner, effect_seconds=1.0, effect_from=2.5, effect_db=-6.0)
    generate_sound(story.pk, actor=owner, effects=[scene.pk])
    run_due()
    (heard,) = sound_of(story, load_scenes(story), "preview").effects
    assert (heard.start, heard.frames, heard.gain_db) == (96 + 60, 36, -6.0)


def test_a_changed_effect_encodes_no_picture(story, scene, owner):
    describe(scene, owner, effect_seconds=1.0)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    sound.change_scene_sound(scene.pk, actor=owner, effect_from=1.0)
    start_generation(story.pk, "image", advance="never", actor=owner)
    run_due()
    one, two = Film.objects.order_by("number")
    assert (two.segments_encoded, two.segments_reused) == (0, 2)
    starts = [film.manifest["sound"]["effects"][0]["start_frame"] for film in (one, two)]
    assert starts == [96, 120]
