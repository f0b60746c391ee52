from decimal import Decimal

import pytest

from jobs.enums import JobStatus
from jobs.models import Job
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from stories.errors import Forbidden, GuardRefused, PlanChanged
from stories.models import Confirmation
from stories.selectors.job_facts import JobFacts
from stories.services.plan import confirm, plan_generation
from stories.services.scenes import edit
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes, start_work


@pytest.fixture
def story(owner):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )
    return make_story(owner, status="previewing")


def states(plan):
    return [(item.position, item.state, item.will, item.price) for item in plan.items]


def unclear_call(scene):
    ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        key="u",
        subject=str(scene.story_id),
        item=str(scene.pk),
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
        state=CallState.UNCLEAR,
    )


def test_every_state_of_a_picture(story, owner):
    done, stale, rejected, running, unclear, _missing = (make_scene(story) for _ in range(6))
    make_take(done)
    make_take(stale)
    edit(stale.pk, actor=owner, text="other")
    make_take(rejected, review_status="rejected", review_reason="too dark")
    make_takes(running.pk, "image", actor=owner)
    unclear_call(unclear)

    plan = plan_generation(story, "image")

    price = Decimal("0.02")
    assert states(plan) == [
        (1, "done", False, 0),
        (2, "stale", False, price),
        (3, "rejected", True, price),
        (4, "running", False, 0),
        (5, "blocked", False, 0),
        (6, "missing", True, price),
    ]
    assert plan.total == Decimal("0.04")
    assert plan.counts == {
        "done": 1,
        "stale": 1,
        "rejected": 1,
        "running": 1,
        "blocked": 1,
        "missing": 1,
    }
    assert str(plan.items[2].why) == "Rejected: too dark"
    assert states(plan_generation(story, "image", mode="stale"))[1] == (2, "stale", True, price)
    assert plan_generation(story, "image", mode="stale").total == price


def test_a_clip_needs_a_picture(story):
    without, rejected, with_picture = (
        make_scene(story, duration_seconds=seconds) for seconds in (7, 7, 8)
    )
    make_take(rejected, review_status="rejected", review_reason="x")
    make_take(with_picture)
    assert without.image_take is None
    assert states(plan_generation(story, "clip")) == [
        (1, "blocked", False, Decimal("0.35")),
        (2, "blocked", False, Decimal("0.35")),
        (3, "missing", True, Decimal("0.40")),
    ]


def test_no_price_blocks_and_says_so(story):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=None)
    make_scene(story)
    (item,) = plan_generation(story, "image").items
    assert (item.state, item.will) == ("blocked", False)
    assert "price" in str(item.why)


def test_retry_failed_takes_only_what_failed(story, owner):
    failed, _missing = make_scene(story), make_scene(story)
    (job,), _price = make_takes(failed.pk, "image", actor=owner)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    plan = plan_generation(story, "image", mode="failed")
    assert [(item.position, item.failed, item.will) for item in plan.items] == [
        (1, True, True),
        (2, False, False),
    ]


@pytest.mark.parametrize("number", [1, 3, 30])
def test_plan_in_the_same_queries_for_any_number_of_scenes(
    story, number, django_assert_num_queries
):
    for _ in range(number):
        make_scene(story)
    with django_assert_num_queries(7):  # scenes, cast, jobs, calls, provider, its models, sound
        plan_generation(story, "image")


def test_hash_names_the_plan(story):
    first = make_scene(story)
    plan = plan_generation(story, "image")
    assert plan.hash == plan_generation(story, "image").hash
    make_take(first)
    assert plan.hash != plan_generation(story, "image").hash


def test_confirm(story):
    make_scene(story)
    plan = plan_generation(story, "image")
    confirm(plan, total=Decimal("0.02"), plan_hash=plan.hash)
    with pytest.raises(PlanChanged, match=r"now 0\.0200, not 0\.01"):
        confirm(plan, total=Decimal("0.01"))
    with pytest.raises(PlanChanged):
        confirm(plan, total=None, plan_hash="other")


def test_start_makes_one_job_however_often(story, owner):
    make_scene(story)
    job, plan = start_work(
        story.pk, "image", advance="never", actor=owner, confirm_total=Decimal("0.02")
    )
    assert (job.name, job.data["parameters"], len(plan.todo)) == (
        "story_preview",
        {"mode": "missing", "override_reason": ""},
        1,
    )
    with pytest.raises(GuardRefused, match="already"):
        start_work(story.pk, "image", advance="never", actor=owner)
    assert Job.objects.count() == 1


def test_start_at_another_price_starts_nothing(story, owner):
    make_scene(story)
    with pytest.raises(PlanChanged):
        start_work(story.pk, "image", advance="never", actor=owner, confirm_total=Decimal("9.99"))
    assert Job.objects.count() == 0


def test_start_by_a_colleague(story, colleague):
    with pytest.raises(Forbidden):
        start_work(story.pk, "image", advance="never", actor=colleague)


def test_generate_scene_once_while_it_runs(story, owner):
    scene = make_scene(story)
    (job,), price = make_takes(scene.pk, "image", actor=owner, seed=11, reason="warmer")
    assert (price, job.item, job.unique_key) == (
        Decimal("0.02"),
        str(scene.pk),
        f"scene_preview:{scene.pk}",
    )
    assert job.data["parameters"] == {
        "call_key": f"image:{scene.pk}:0",
        "after": 0,
        "confirmation": Confirmation.objects.get().pk,
        "price": "0.0200",
        "replaces": "",
        "prompt_id": scene.prompt_id,
        "provider": "",
        "reason": "warmer",
        "seed": 11,
        "select": True,
    }
    with pytest.raises(GuardRefused):
        make_takes(scene.pk, "image", actor=owner)


def test_three_variants_have_seeds_of_their_own_and_choose_nothing(story, owner):
    scene = make_scene(story, seed=100)
    jobs, price = make_takes(scene.pk, "image", actor=owner, variants=3)
    assert price == Decimal("0.06")
    assert [job.data["parameters"]["seed"] for job in jobs] == [101, 102, 103]
    assert {job.data["parameters"]["select"] for job in jobs} == {False}


def test_an_unclear_call_locks_the_scene(story, owner):
    scene = make_scene(story)
    unclear_call(scene)
    with pytest.raises(GuardRefused, match="may have been paid"):
        make_takes(scene.pk, "image", actor=owner)
    assert Job.objects.count() == 0


def test_failure_counts_until_something_newer_was_tried(owner):
    story = make_story(owner, status="previewing")
    scenes = [make_scene(story) for _ in range(3)]

    def job(number: int, scene, status):
        shown = {
            "name": "scene_preview",
            "subject": str(story.pk),
            "item": scene.key,
            "status": status,
            "data": {"action": "generate_image", "parameters": {}},
        }
        Job.objects.create(id=f"j{number}", **shown)

    job(1, scenes[0], "failed")
    job(2, scenes[1], "failed")
    job(3, scenes[1], "succeeded")
    job(4, scenes[2], "failed")
    job(5, scenes[2], "queued")
    facts = JobFacts.of(story)
    assert set(facts.failed("image")) == {scenes[0].key}
    assert set(facts.running("image")) == {scenes[2].key}
    assert [(item.state, item.failed) for item in plan_generation(story, "image").items] == [
        ("missing", True),
        ("missing", False),
        ("running", False),
    ]
