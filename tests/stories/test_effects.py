"""Generated effects: described, priced, made by jobs, and mixed at their place in the scene."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from PIL import Image

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from providers.adapters import Bytes, Result
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import SoundRequest
from providers.services.configs import organization_budget
from stories.enums import SoundKind
from stories.errors import Forbidden, GuardRefused, Invalid, PlanChanged
from stories.film.sound import sound_of
from stories.handlers.paid_results import record_leftover_results
from stories.models import Approval, Effect, Film, SoundTake, StorySound
from stories.services import effects, scene_order, scene_splits, scenes, sound, sound_takes
from stories.services.approval_decisions import decide
from stories.services.generation import generate_sound, start_generation
from stories.services.plan import load_scenes, plan_generation
from stories.services.retry import retry_job
from stories.services.scene_lengths import propose_lengths
from stories.services.sound_plan import plan_sound
from stories.services.sound_uploads import upload_sound
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
    """Describe the scene's first effect, or add it."""
    values |= {"actor": owner, "prompt": text}
    first = Effect.live.filter(scene=scene).first()
    if first is not None:
        return effects.change_effect(first.pk, **values)
    return effects.add_effect(scene.story_id, scene_id=scene.pk, **values)


def make(effect, owner, **values):
    jobs = generate_sound(effect.story_id, actor=owner, effects=[effect.pk], **values).jobs
    run_due()
    return jobs


def priced(price="0.25"):
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="sound", name="paid-sound", is_default=True, price=Decimal(price), unit="call"
    )


def states(story):
    return [(item.key, item.state, item.will, item.price) for item in plan_sound(story).items]


def test_a_described_effect_is_planned_with_its_price(story, scene, owner):
    priced()
    assert states(story) == []
    effect = describe(scene, owner, "  a door bell ", seconds=1.5, begins=2)
    assert states(story) == [(f"sound:{effect.pk}", "missing", True, Decimal("0.2500"))]
    (item,) = plan_sound(story).items
    assert (item.title, item.position, item.request.prompt, item.request.duration_ms) == (
        "a door bell",
        2,
        "a door bell",
        1500,
    )
    assert plan_generation(story, "image").total == Decimal("0.2500")


@pytest.mark.moderate
def test_an_effect_is_made_recorded_once_and_selected(story, scene, owner):
    priced()
    effect = describe(scene, owner, seconds=1.5)
    with pytest.raises(PlanChanged):
        generate_sound(story.pk, actor=owner, effects=[effect.pk], confirm_total=Decimal("0.10"))
    (job,) = generate_sound(
        story.pk, actor=owner, effects=[effect.pk], confirm_total=Decimal("0.25")
    ).jobs
    assert (job.name, job.item, job.data["action"]) == (
        "scene_sound",
        str(effect.pk),
        "generate_sound",
    )
    assert states(story)[0][1:3] == ("running", False)
    run_due()
    take, call = SoundTake.objects.get(), ProviderCall.objects.get()
    assert (take.scene_id, take.effect_id, take.kind, take.samples, take.line_id) == (
        scene.pk,
        effect.pk,
        "sound",
        72_000,
        None,
    )
    assert (call.kind, call.item, call.subject, call.cost) == (
        "sound",
        str(effect.pk),
        str(story.pk),
        Decimal("0.2500"),
    )
    assert Effect.objects.get(pk=effect.pk).take == take
    assert states(story) == [(f"sound:{effect.pk}", "done", False, Decimal(0))]
    assert sound_takes.record_result(call).pk == take.pk
    assert [type(one) for one in SpeakingAdapter.asked] == [SoundRequest]


@pytest.mark.moderate
def test_its_description_length_and_provider_make_it_stale_its_place_and_level_do_not(
    story, scene, owner
):
    effect = describe(scene, owner)
    make(effect, owner)
    effects.change_effect(effect.pk, actor=owner, begins=1.0, level_db=-6.0)
    move = scene_order.Move(scene.pk, None)
    scene_order.reorder(story.pk, moves=[move], actor=owner)
    assert states(story)[0][1] == "done"
    for name, before, after in (
        ("prompt", "a door bell", "a church bell"),
        ("seconds", 3.0, 2.0),
    ):
        effects.change_effect(effect.pk, actor=owner, **{name: after})
        assert states(story)[0][1:3] == ("stale", True)
        effects.change_effect(effect.pk, actor=owner, **{name: before})
        assert states(story)[0][1] == "done"
    sound.change_settings(story.pk, actor=owner, effects_provider="elevenlabs")
    assert [item.provider for item in plan_sound(story).items] == ["elevenlabs"]
    assert plan_sound(story).items[0].take is not None


@pytest.mark.moderate
def test_a_rejected_effect_is_made_again_and_an_uploaded_one_is_kept(story, scene, owner):
    make(describe(scene, owner), owner)
    take = SoundTake.objects.get()
    sound_takes.review(take.pk, review_status="rejected", reason="too loud", actor=owner)
    assert states(story)[0][1:3] == ("rejected", True)
    SoundTake.objects.update(review_status="unreviewed", input_hash="")
    describe(scene, owner, "a church bell")
    assert states(story)[0][1] == "done"


@pytest.mark.moderate
def test_one_more_take_has_another_seed_and_is_compared(story, scene, owner):
    effect = describe(scene, owner)
    for _time in range(2):
        make(effect, owner, again=True)
    first, second = SpeakingAdapter.asked
    assert second.seed == (first.seed + 1) % 2**32
    one, two = SoundTake.objects.order_by("created_at")
    assert Effect.objects.get(pk=effect.pk).take == two
    sound_takes.select(one.pk, actor=owner)
    assert Effect.objects.get(pk=effect.pk).take == one


def test_an_effect_that_would_not_be_heard_is_not_bought(story, scene, owner):
    with pytest.raises(Invalid, match="begins after the end"):
        describe(scene, owner, begins=4.0)
    describe(scene, owner, begins=3.0)
    scenes.edit(scene.pk, actor=owner, duration_seconds=2)
    (item,) = plan_sound(story).items
    assert (item.state, item.will, str(item.why)) == (
        "blocked",
        False,
        "The effect begins after the end of its scene.",
    )
    assert plan_generation(story, "image").total == 0


@pytest.mark.moderate
def test_an_effect_of_a_scene_that_became_shorter_is_said(story, scene, owner):
    make(describe(scene, owner, begins=3.0), owner)
    assert plan_sound(story).warnings == []
    scenes.edit(scene.pk, actor=owner, duration_seconds=2)
    assert [str(warning) for warning in plan_sound(story).warnings] == [
        "Scene 2: the effect at 3 s begins after the end of its scene."
    ]
    assert sound_of(story, load_scenes(story), "preview").effects == ()


@pytest.mark.moderate
def test_an_effect_as_long_as_its_scene_makes_the_scene_no_longer(story, scene, owner):
    make(describe(scene, owner, seconds=4.0), owner)
    assert (propose_lengths(story), plan_sound(story).warnings) == ([], [])


@pytest.mark.moderate
def test_a_copied_scene_has_the_effect_of_its_original(story, scene, owner):
    make(describe(scene, owner), owner)
    copy = scenes.duplicate(scene.pk, actor=owner)
    assert [(item.scene, item.state) for item in plan_sound(story).items] == [
        (scene, "done"),
        (copy, "done"),
    ]
    one, two = Effect.live.order_by("created_at")
    assert (one.take, two.scene_id, two.story_id) == (two.take, copy.pk, story.pk)
    effects.delete_effect(two.pk, actor=owner)
    assert [item.item for item in plan_sound(story).items] == [one.key]
    scenes.duplicate(scene.pk, actor=owner)
    sound_takes.deselect(one.take_id, actor=owner)
    assert set(Effect.live.values_list("take", flat=True)) == {None}


@pytest.mark.parametrize("what", ["effect", "scene", "sound", "words"])
def test_what_the_film_no_longer_uses_is_not_bought(story, scene, owner, what):
    effect = describe(scene, owner)
    (job,) = generate_sound(story.pk, actor=owner, effects=[effect.pk]).jobs
    if what == "effect":
        effects.delete_effect(effect.pk, actor=owner)
    elif what == "scene":
        scenes.delete(scene.pk, actor=owner)
    elif what == "sound":
        sound.change_settings(story.pk, actor=owner, enabled=False)
    else:
        describe(scene, owner, "")
    run_due()
    job.refresh_from_db()
    why = {
        "effect": "The effect has been deleted.",
        "scene": "The scene has been deleted.",
        "sound": "The story's sound is turned off.",
        "words": "The effect has no description any more.",
    }
    assert (job.status, str(job.note)) == (JobStatus.FAILED, why[what])
    assert (ProviderCall.objects.count(), SoundTake.objects.count()) == (0, 0)


@pytest.mark.moderate
def test_an_effect_counts_and_is_approved_as_other_sound(story, scene, owner, manager):
    priced("0.25")
    effect = describe(scene, owner)
    money = organization_budget()
    money.plan_limit = Decimal("0.10")
    money.save()
    assert generate_sound(story.pk, actor=owner, effects=[effect.pk]).stopped
    assert not Job.objects.exists()
    decide(Approval.objects.get().pk, actor=manager, approve=True)
    generate_sound(story.pk, actor=owner, effects=[effect.pk]).require()
    run_due()
    assert SoundTake.objects.get().cost == Decimal("0.2500")


@pytest.mark.moderate
def test_a_refused_effect_fails_is_said_and_retried(story, scene, owner):
    SpeakingAdapter.refused.add("bell")
    effect = describe(scene, owner)
    (job,) = generate_sound(story.pk, actor=owner, effects=[effect.pk]).jobs
    run_due()
    (item,) = plan_sound(story).items
    assert (item.failed, str(item.why)) == (True, "This is not played.")
    SpeakingAdapter.refused.clear()
    retry_job(job.pk, actor=owner)
    run_due()
    assert states(story) == [(f"sound:{effect.pk}", "done", False, Decimal(0))]


@pytest.mark.moderate
def test_an_effect_whose_job_was_stopped_is_collected(story, scene, owner, paid, script):
    sound.change_settings(story.pk, actor=owner)
    effect = describe(scene, owner)
    StorySound.objects.update(effects_provider="paid")
    AIProviderConfig.objects.get(provider="paid").models.create(
        kind="sound", name="boom", is_default=True, price=Decimal("0.10"), unit="call"
    )
    (job,) = generate_sound(story.pk, actor=owner, effects=[effect.pk]).jobs

    def submit():
        queue.cancel(job.pk, actor=owner)
        return Result(media=Bytes(tone(1000, 440)), cost=Decimal("0.10"))

    script.submit = [submit]
    run_due()
    record_leftover_results()
    run_due()
    take = SoundTake.objects.get()
    assert (take.scene_id, take.cost, len(script.submitted)) == (scene.pk, Decimal("0.10"), 1)


@pytest.mark.slow
def test_the_film_s_job_makes_the_picture_and_the_effect_of_one_scene(story, scene, owner):
    """Both have one item, as the effect of a scene that had it before there could be several. Each
    is made once, and a failure is told of the right one.
    """
    third = make_scene(story, narration="", duration_seconds=2, title="Scene 3")
    Effect.objects.create(pk=third.pk, story=story, scene=third, prompt="a door bell", seconds=1.0)
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
            "An effect of scene 3 could not be made: This is not played. Change its "
            "description, retry it, or make the film without."
        ),
    )
    SpeakingAdapter.refused.clear()
    retry_job(children.get(name="scene_sound").pk, actor=owner)
    run_due()
    film_job.refresh_from_db()
    assert film_job.status == JobStatus.SUCCEEDED, film_job.note
    assert [
        (one["start_frame"], one["end_frame"])
        for one in Film.objects.get().manifest["sound"]["effects"]
    ] == [(192, 240)]
    assert ProviderCall.objects.filter(kind="sound", state="settled").count() == 1
    assert ProviderCall.objects.filter(kind="image").count() == 1


@pytest.mark.moderate
def test_another_description_while_the_film_waits_orders_another_effect(story, scene, owner):
    describe(scene, owner)
    SpeakingAdapter.refused.add("door")
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    with TestCase.captureOnCommitCallbacks(execute=True):
        describe(scene, owner, "a church bell", seconds=1.0)
    run_due()
    assert Job.objects.get(name="story_preview").status == JobStatus.SUCCEEDED
    assert SoundTake.objects.get().samples == 48_000


@pytest.mark.moderate
def test_an_effect_is_mixed_at_its_place_with_its_level(story, scene, owner):
    make(describe(scene, owner, seconds=1.0, begins=2.5, level_db=-6.0), owner)
    (heard,) = sound_of(story, load_scenes(story), "preview").effects
    assert (heard.start, heard.frames, heard.gain_db) == (96 + 60, 36, -6.0)


@pytest.mark.moderate
def test_a_changed_effect_encodes_no_picture(story, scene, owner):
    effect = describe(scene, owner, seconds=1.0)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    effects.change_effect(effect.pk, actor=owner, begins=1.0)
    start_generation(story.pk, "image", advance="never", actor=owner)
    run_due()
    one, two = Film.objects.order_by("number")
    assert (two.segments_encoded, two.segments_reused) == (0, 2)
    starts = [film.manifest["sound"]["effects"][0]["start_frame"] for film in (one, two)]
    assert starts == [96, 120]


@pytest.mark.moderate
def test_a_scene_has_several_effects_each_with_its_own_take_and_place(story, scene, owner):
    priced("0.25")
    for text, begins, level in (("rain", 0.0, -12.0), ("a door bell", 1.5, 0.0), ("a dog", 3.0, 3)):
        effects.add_effect(
            story.pk,
            actor=owner,
            scene_id=scene.pk,
            prompt=text,
            seconds=1.0,
            begins=begins,
            level_db=level,
        )
    rain, bell, dog = Effect.live.order_by("created_at")
    assert plan_sound(story).total == Decimal("0.7500")
    make(bell, owner, confirm_total=Decimal("0.25"))
    assert [(item.title, item.state) for item in plan_sound(story).items] == [
        ("rain", "missing"),
        ("a door bell", "done"),
        ("a dog", "missing"),
    ]
    generate_sound(story.pk, actor=owner, effects=[rain.pk, dog.pk], confirm_total=Decimal("0.50"))
    run_due()
    effects.change_effect(dog.pk, actor=owner, prompt="a cat")
    assert [item.state for item in plan_sound(story).items] == ["done", "done", "stale"]
    heard = sound_of(story, load_scenes(story), "preview").effects
    assert [(one.start, one.frames, one.gain_db) for one in heard] == [
        (96, 96, -12.0),
        (132, 60, 0.0),
        (168, 24, 3.0),
    ]
    assert len({one.take.pk for one in heard}) == 3
    effects.delete_effect(rain.pk, actor=owner)
    assert [one.start for one in sound_of(story, load_scenes(story), "preview").effects] == [
        132,
        168,
    ]
    assert SoundTake.objects.count() == 3


@pytest.mark.moderate
def test_an_effect_of_the_whole_film_is_heard_across_its_scenes(story, scene, owner):
    effect = effects.add_effect(
        story.pk, actor=owner, prompt="wind", seconds=5.0, begins=2.5, level_db=-20.0
    )
    (item,) = plan_sound(story).items
    assert (item.key, item.scene, item.position, item.place) == (
        f"sound:{effect.pk}",
        None,
        0,
        "Effect of the film",
    )
    make(effect, owner)
    take = SoundTake.objects.get()
    assert (take.effect_id, take.scene_id, take.story_id) == (effect.pk, None, story.pk)
    (heard,) = sound_of(story, load_scenes(story), "preview").effects
    assert (heard.start, heard.frames, heard.gain_db) == (60, 132, -20.0)
    move = scene_order.Move(scene.pk, None)
    scene_order.reorder(story.pk, moves=[move], actor=owner)
    assert states(story)[0][1] == "done"
    with pytest.raises(Invalid, match=r"begins after the end of the film\."):
        effects.change_effect(effect.pk, actor=owner, begins=8.0)
    (other,) = story.all_scenes.exclude(pk=scene.pk)
    scenes.delete(scene.pk, actor=owner)
    effects.change_effect(effect.pk, actor=owner, begins=3.5)
    scenes.edit(other.pk, actor=owner, duration_seconds=3)
    assert [str(warning) for warning in plan_sound(story).warnings] == [
        "The effect of the film at 3.5 s begins after the end of the film."
    ]


@pytest.mark.moderate
def test_effects_go_with_the_part_of_the_scene_in_which_they_begin(story, scene, owner):
    def places():
        return [
            (effect.scene_id, effect.prompt, effect.begins)
            for effect in Effect.live.order_by("created_at")
        ]

    for prompt, begins in (("rain", 0.0), ("a dog", 2.5)):
        make(
            effects.add_effect(
                story.pk, actor=owner, scene_id=scene.pk, prompt=prompt, begins=begins
            ),
            owner,
        )
    scenes.edit(scene.pk, actor=owner, narration="Rain falls. A dog barks.")
    narration, prompt = "Rain falls. A dog barks.", scene.prompt_id
    whole = [(scene.pk, "rain", 0.0), (scene.pk, "a dog", 2.5)]
    first, second = scene_splits.split(scene.pk, actor=owner, at=11)
    assert first.duration_seconds == 2
    parts = [(first.pk, "rain", 0.0), (second.pk, "a dog", 0.5)]
    assert places() == parts
    assert SoundTake.objects.get(effect__prompt="a dog").scene_id == second.pk
    scene_splits.unsplit(
        first.pk,
        second.pk,
        actor=owner,
        prompt_id=prompt,
        second_half_ids=(first.prompt_id, second.prompt_id),
        narration=narration,
    )
    assert places() == whole
    one = story.all_scenes.get(position=1)
    scene_splits.merge_with_next(one.pk, actor=owner)
    assert places() == [(one.pk, "rain", 4.0), (one.pk, "a dog", 6.5)]
    scene_splits.unmerge(one.pk, scene.pk, actor=owner)
    assert places() == whole
    assert set(SoundTake.objects.values_list("scene", flat=True)) == {scene.pk}


@pytest.mark.moderate
def test_a_failed_effect_of_the_film_is_told_of(story, owner):
    SpeakingAdapter.refused.add("wind")
    effects.add_effect(story.pk, actor=owner, prompt="wind", seconds=1.0)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    film_job = Job.objects.get(name="story_preview")
    assert str(film_job.note) == (
        "An effect of the film could not be made: This is not played. Change its description, "
        "retry it, or make the film without."
    )


def test_an_upload_is_another_take_of_its_effect_or_a_new_effect(story, scene, owner):
    effect = describe(scene, owner)

    def upload(**values):
        file = SimpleUploadedFile("bell.wav", tone(500, 440))
        return upload_sound(story.pk, SoundKind.SOUND, file=file, actor=owner, **values)

    first = upload(effect_id=effect.pk)
    assert (first.effect_id, first.scene_id) == (effect.pk, scene.pk)
    assert Effect.objects.get(pk=effect.pk).take == first
    second, third = upload(scene_id=scene.pk), upload()
    assert (second.scene_id, third.scene_id) == (scene.pk, None)
    assert len({first.effect_id, second.effect_id, third.effect_id}) == 3
    assert states(story) == [(f"sound:{effect.pk}", "done", False, Decimal(0))]
    heard = sound_of(story, load_scenes(story), "preview").effects
    assert {one.take for one in heard} == {first, second, third}
    other = story.all_scenes.get(position=1)
    for wrong in ({"effect_id": scene.pk}, {"effect_id": effect.pk, "scene_id": other.pk}):
        with pytest.raises(Invalid, match=r"There is no such effect\."):
            upload(**wrong)
    with pytest.raises(Invalid, match=r"There is no such effect\."):
        upload_sound(
            story.pk,
            SoundKind.MUSIC,
            file=SimpleUploadedFile("bed.wav", tone(500, 440)),
            actor=owner,
            effect_id=effect.pk,
        )


@pytest.mark.moderate
def test_effects_are_changed_by_who_may_within_limits(story, scene, owner, colleague):
    effect = describe(scene, owner)
    for change in (
        lambda: effects.add_effect(story.pk, actor=colleague, prompt="rain"),
        lambda: effects.change_effect(effect.pk, actor=colleague, prompt="rain"),
        lambda: effects.delete_effect(effect.pk, actor=colleague),
    ):
        with pytest.raises(Forbidden):
            change()
    for field, value in (
        ("seconds", 31.0),
        ("begins", -1.0),
        ("level_db", 13.0),
        ("prompt", "x" * 401),
        ("take", None),
    ):
        with pytest.raises(Invalid):
            effects.change_effect(effect.pk, actor=owner, **{field: value})
    elsewhere = make_scene(make_story(owner), narration="")
    with pytest.raises(Invalid, match=r"Choose the scene in which it is heard\."):
        effects.add_effect(story.pk, actor=owner, scene_id=elsewhere.pk, prompt="rain")
    for _time in range(19):
        effects.add_effect(story.pk, actor=owner, scene_id=scene.pk, prompt="rain")
    with pytest.raises(GuardRefused, match=r"There can be at most 20 effects here\."):
        effects.add_effect(story.pk, actor=owner, scene_id=scene.pk, prompt="rain")
    effects.delete_effect(effect.pk, actor=owner)
    effects.add_effect(story.pk, actor=owner, scene_id=scene.pk, prompt="rain")
    with pytest.raises(Effect.DoesNotExist):
        effects.change_effect(effect.pk, actor=owner, prompt="rain")


def test_effects_cost_one_query_whatever_their_number(
    story, scene, owner, django_assert_num_queries
):
    describe(scene, owner)
    with CaptureQueriesContext(connection) as one:
        plan_sound(story)
    for _time in range(2):
        effects.add_effect(story.pk, actor=owner, scene_id=scene.pk, prompt="rain")
    with django_assert_num_queries(len(one)):
        plan_sound(story)


@pytest.mark.moderate
def test_a_paid_effect_of_a_deleted_one_is_kept(story, scene, owner):
    effect = describe(scene, owner)
    make(effect, owner)
    call = ProviderCall.objects.get()
    SoundTake.objects.all().delete()
    effects.delete_effect(effect.pk, actor=owner)
    take = sound_takes.record_result(call)
    assert (take.effect_id, take.cost) == (effect.pk, call.cost)
