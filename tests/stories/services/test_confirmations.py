"""What was confirmed, kept in rows that are only added; and what a person may start alone for one
story in a day.
"""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.clock import moved
from jobs.models import Job
from providers import keys
from providers.models import AIProviderConfig
from providers.services import money_changes
from providers.services.configs import organization_budget
from stories.errors import ApprovalNeeded, GuardRefused
from stories.models import Approval, Confirmation, Story
from stories.selectors.spending import started_today
from stories.services import approval_decisions, approvals, spend_requests
from stories.services.plan import plan_generation
from stories.services.transitions import apply_transition
from tests.providers.conftest import make_paid
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes, start_work

PRICE = Decimal("0.03")


@pytest.fixture
def story(owner, paid):
    return make_story(owner, status="previewing", image_provider="paid", clip_provider="paid")


def limit(amount):
    money = organization_budget()
    money.plan_limit = None if amount is None else Decimal(amount)
    money.save()


def test_each_start_is_a_row_with_its_prices(story, owner):
    scenes = [make_scene(story) for _ in range(2)]
    job, _plan = start_work(
        story.pk, "image", advance="never", actor=owner, confirm_total=Decimal("0.06")
    )
    (row,) = Confirmation.objects.all()
    line = {"price": "0.0300"}
    assert (row.job_id, row.kind, row.actor, row.total, row.spending_cap, row.limit) == (
        job.pk,
        "image",
        owner,
        Decimal("0.06"),
        None,
        None,
    )
    assert row.lines == {scene.key: line | {"prompt_id": scene.prompt_id} for scene in scenes}


@pytest.mark.moderate
def test_ten_single_starts_add_up(story, owner):
    """B17: limit 0.05, ten single starts, 0.30 spent."""
    limit("0.05")
    scenes = [make_scene(story) for _ in range(10)]
    make_takes(scenes[0].pk, "image", actor=owner)
    words = (
        "You have started 0.03 USD for this story within a day. With 0.03 USD more it is "
        "above the 0.05 USD that you may start alone."
    )
    for scene in scenes[1:]:
        with pytest.raises(ApprovalNeeded, match=words):
            make_takes(scene.pk, "image", actor=owner)
    assert (Job.objects.count(), started_today(story, owner)) == (1, PRICE)
    with moved(timedelta(hours=24)):
        assert started_today(story, owner) == 0
        make_takes(scenes[1].pk, "image", actor=owner)


def test_splitting_a_plan_into_selections_adds_up(story, owner):
    """S9: a plan of two needs approval; the same two one after the other do, too."""
    limit("0.05")
    first, second = (make_scene(story) for _ in range(2))
    with pytest.raises(ApprovalNeeded):
        start_work(story.pk, "image", actor=owner)
    start_work(story.pk, "image", actor=owner, scene_ids=[first.pk])
    with pytest.raises(ApprovalNeeded):
        start_work(
            story.pk,
            "image",
            actor=owner,
            scene_ids=[second.pk],
            confirm_total=None,
            plan_hash=None,
        )
    assert Job.objects.count() == 1


@pytest.mark.moderate
def test_another_story_another_person_and_what_was_approved_do_not_count(
    story, owner, colleague, manager
):
    limit("0.05")
    other = make_story(owner, status="previewing", image_provider="paid")
    for scene in (make_scene(story), make_scene(other)):
        make_takes(scene.pk, "image", actor=owner)
    assert (started_today(story, owner), started_today(story, colleague)) == (PRICE, 0)
    more = make_scene(story)
    with pytest.raises(ApprovalNeeded):
        make_takes(more.pk, "image", actor=owner)
    approval_decisions.decide(Approval.objects.get().pk, actor=manager, approve=True)
    make_takes(more.pk, "image", actor=owner)
    assert started_today(story, owner) == PRICE


def test_what_ended_without_costing_anything_does_not_count(story, owner):
    limit("0.05")
    scene = make_scene(story)
    (job,), _price = make_takes(scene.pk, "image", actor=owner)
    assert started_today(story, owner) == PRICE
    Job.objects.filter(pk=job.pk).update(status="failed")
    assert started_today(story, owner) == 0
    make_takes(scene.pk, "image", actor=owner)


def test_variants_count_each(story, owner):
    make_takes(make_scene(story).pk, "image", actor=owner, variants=3)
    assert started_today(story, owner) == Decimal("0.09")


# A plan in which everything is blocked


@pytest.mark.parametrize("way", ["transition", "start", "launch"])
def test_a_plan_in_which_everything_is_blocked_starts_nothing(owner, paid, way):
    story = make_story(
        owner, status="planned" if way == "transition" else "previewing", image_provider="paid"
    )
    make_scene(story)
    make_scene(story)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=None)
    ways = {
        "transition": lambda: apply_transition(story.pk, "generate_preview", actor=owner),
        "start": lambda: start_work(story.pk, "image", advance="never", actor=owner),
        "launch": lambda: start_work(story.pk, "image", actor=owner),
    }
    before = story.status
    with pytest.raises(GuardRefused, match=r"Nothing can be made\. Scene 1: .*price"):
        ways[way]()
    assert (
        Job.objects.count(),
        Confirmation.objects.count(),
        Story.objects.get(pk=story.pk).status,
    ) == (0, 0, before)


@pytest.fixture
def runway(db):
    config = AIProviderConfig.objects.get(provider="runway_ml")
    keys.put_key(config, "key_" + "0" * 32)
    config.is_active = True
    config.save()
    return config


def test_a_scene_longer_than_the_longest_clip_is_blocked_with_what_to_do_and_never_priced(
    owner, runway
):
    """B13: it was sold again and again, out of date at birth."""
    runway.models.filter(kind="clip").update(is_default=False)
    runway.models.filter(kind="clip", name="gen4_turbo").update(is_default=True)
    story = make_story(owner, status="previewing", clip_provider="runway_ml")
    for seconds in (10, 11, 14):
        make_take(make_scene(story, duration_seconds=seconds))
    plan = plan_generation(story, "clip")
    assert [(item.state, item.will, item.price) for item in plan.items] == [
        ("missing", True, plan.total),
        ("blocked", False, 0),
        ("blocked", False, 0),
    ]
    assert "11 s" in str(plan.items[1].why)
    assert "Split the scene or choose another model." in str(plan.items[1].why)


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("stability_ai", "Stability AI does not make this kind of thing."),
        ("runway_ml", "Runway ML has no key."),
    ],
)
def test_what_a_provider_would_refuse_is_blocked_before_anybody_pays_or_approves(
    owner, provider, words
):
    limit("0.10")
    story = make_story(owner, status="previewing", clip_provider=provider)
    make_take(make_scene(story))
    (item,) = plan_generation(story, "clip").items
    assert (item.state, item.price, str(item.why)) == ("blocked", 0, words)
    with pytest.raises(GuardRefused, match=words):
        apply_transition(story.pk, "render_final", actor=owner)
    assert (
        Approval.objects.count(),
        Job.objects.count(),
        Story.objects.get(pk=story.pk).status,
    ) == (0, 0, "previewing")


# Two writers


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_two_starts_at_once_pass_the_limit_once_and_lose_no_row(make_person, script):
    make_paid()
    limit("0.05")
    owner = make_person("maker", role="producer")
    story = make_story(owner, status="previewing", image_provider="paid")
    scenes = [make_scene(story) for _ in range(4)]
    begin, found = threading.Barrier(4), []

    def run(scene):
        begin.wait()
        try:
            make_takes(scene.pk, "image", actor=owner)
            found.append("started")
        except ApprovalNeeded:
            found.append("asked")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(scene,)) for scene in scenes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["asked", "asked", "asked", "started"]
    assert (Confirmation.objects.count(), Job.objects.count()) == (1, 1)


# Lifting the limit by a change of one's own


def test_who_lowers_a_price_is_compared_at_the_old_one_for_a_day(owner, manager, paid):
    """S9: above the limit, lower the price, start."""
    limit("0.05")
    story = make_story(manager, status="previewing", image_provider="paid")
    make_scene(story)
    make_scene(story)
    with pytest.raises(ApprovalNeeded):
        start_work(story.pk, "image", advance="never", actor=manager)
    with money_changes.of_prices("paid", actor=manager):
        AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("0.0001"))
    with pytest.raises(ApprovalNeeded):
        start_work(story.pk, "image", advance="never", actor=manager)
    plan = plan_generation(story, "image")
    assert approvals.approval_preview(spend_requests.ask_for_plan(plan), manager).needed
    with moved(timedelta(hours=24, seconds=1)):
        start_work(story.pk, "image", advance="never", actor=manager)


def test_another_persons_change_of_a_price_counts_at_once(owner, manager, paid):
    limit("0.05")
    story = make_story(owner, status="previewing", image_provider="paid")
    make_scene(story)
    make_scene(story)
    with money_changes.of_prices("paid", actor=manager):
        AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("0.0001"))
    start_work(story.pk, "image", advance="never", actor=owner)
    assert Confirmation.objects.get().total == Decimal("0.0002")


def test_who_raises_their_own_limit_keeps_the_old_one_for_a_day(story, owner):
    limit("0.05")
    make_scene(story)
    make_scene(story)
    with money_changes.of_limits(actor=owner):
        limit("10.00")
    with pytest.raises(ApprovalNeeded):
        start_work(story.pk, "image", advance="never", actor=owner)
    with moved(timedelta(hours=24, seconds=1)):
        start_work(story.pk, "image", advance="never", actor=owner)
