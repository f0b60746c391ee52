"""Planning is a call that may cost money: priced, confirmed, refused beforehand, and bound to the
price.
"""

from decimal import Decimal

import pytest

from jobs.models import Job
from jobs.runner import run_due
from providers.adapters import Result
from providers.enums import Kind
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from stories.enums import JobName
from stories.errors import ApprovalNeeded, GuardRefused, PlanChanged
from stories.models import Approval, Confirmation, Scene, Story
from stories.services.spend_requests import ask_for_planning
from stories.services.transitions import apply_transition, choices, transition_to
from tests.stories.factories import make_scene, make_story
from tests.stories.starts import retried

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.05")
SCRIPT = "A boat leaves the harbour. The lighthouse waits."


@pytest.fixture
def story(owner, paid):
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=PRICE)
    return make_story(owner, script=SCRIPT, duration_seconds=14, planner_provider="paid")


def planned(count=2):
    shot = {
        "title": "Sea",
        "narration": "A boat leaves.",
        "prompt": "a boat",
        "prompt_en": "a boat",
        "camera": "push_in",
    }
    return Result(data={"scenes": [shot] * count}, cost=PRICE)


def start(story, owner, **values):
    return apply_transition(story.pk, "start_planning", actor=owner, **values)


def test_price_is_told_confirmed_and_travels_with_the_job(story, script, owner):
    script.submit = [planned()]
    (way,) = [way for way in choices(story, owner) if way.name == "start_planning"]
    assert (way.why_not, way.price) == (None, PRICE)
    start(story, owner, confirm_total=PRICE)
    job = Job.objects.get(name=JobName.STORY_PLANNING)
    assert job.data["parameters"]["price"] == "0.0500"
    confirmation = Confirmation.objects.get()
    assert (confirmation.kind, confirmation.lines, confirmation.total, confirmation.actor) == (
        "text",
        {"": {"price": "0.0500"}},
        PRICE,
        owner,
    )
    run_due()
    call = ProviderCall.objects.get()
    assert (call.state, call.cost, call.price_limit, Scene.live.filter(story=story).count()) == (
        "settled",
        PRICE,
        PRICE,
        2,
    )


def test_another_price_than_the_confirmed_one_starts_nothing(story, script, owner):
    with pytest.raises(PlanChanged, match=r"The price is now 0\.0500, not 0\.04"):
        transition_to(story, "planning", actor=owner, confirm_total=Decimal("0.04"))
    assert (Job.objects.count(), Confirmation.objects.count(), Story.objects.get().status) == (
        0,
        0,
        "draft",
    )


def test_price_that_rises_after_the_click_stops_and_asks(story, script, owner):
    script.submit = [planned()]
    start(story, owner)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=Decimal("0.50"))
    run_due()
    job = Job.objects.get()
    assert (job.status, job.wait_for, len(script.submitted)) == ("waiting", "person", 0)
    assert str(job.note) == (
        "Planning costs 0.50 USD now, and 0.05 USD was confirmed. Nothing was bought. Stop "
        "planning and start it again to confirm the new price."
    )
    apply_transition(story.pk, "stop_planning", actor=owner)
    start(story, owner, confirm_total=Decimal("0.50"))
    run_due()
    assert (Story.objects.get().status, len(script.submitted)) == ("planned", 1)


def test_planning_that_is_tried_again_is_bound_to_the_price_of_now(story, script, owner):
    script.submit = [planned()]
    start(story, owner)
    job = Job.objects.get()
    Job.objects.filter(pk=job.pk).update(status="unclear")
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=Decimal("0.06"))
    retried(job.pk, actor=owner)
    run_due()
    assert ProviderCall.objects.get().price_limit == Decimal("0.06")


def test_scenes_that_are_kept_cost_nothing_and_ask_nobody(story, script, owner):
    make_scene(story)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=None)
    (way,) = [way for way in choices(story, owner) if way.name == "start_planning"]
    assert (way.why_not, way.price, ask_for_planning(story, replace=False)) == (None, None, None)
    start(story, owner)
    run_due()
    assert (Story.objects.get().status, len(script.submitted), Confirmation.objects.count()) == (
        "planned",
        0,
        0,
    )


@pytest.mark.parametrize("replaces", [False, True])
def test_provider_that_makes_no_texts_is_refused_at_the_start(
    story, script, owner, monkeypatch, replaces
):
    monkeypatch.setattr("tests.providers.scripted.ScriptedAdapter.kinds", frozenset({Kind.IMAGE}))
    if replaces:
        make_scene(story)
    with pytest.raises(GuardRefused, match="does not make this kind of thing"):
        start(story, owner, replace=replaces)
    assert (Job.objects.count(), Story.objects.get().status) == (0, "draft")


def test_no_price_no_planning(story, script, owner):
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=None)
    with pytest.raises(GuardRefused, match="has no price for this"):
        start(story, owner)


@pytest.mark.parametrize(("seconds", "scenes"), [(3506, 500), (3507, 501), (3600, 514)])
def test_story_of_more_than_500_scenes_is_blocked_before_anything_is_paid(
    story, script, owner, seconds, scenes
):
    Story.objects.filter(pk=story.pk).update(duration_seconds=seconds)
    story.refresh_from_db()
    (way,) = [way for way in choices(story, owner) if way.name == "start_planning"]
    if scenes <= 500:
        assert way.why_not is None
        return
    why = (
        f"A film of {seconds} s becomes {scenes} scenes, and a story has at most 500. Make "
        f"it at most 3506 s long."
    )
    assert str(way.why_not) == why
    for replace in (False, True):
        with pytest.raises(GuardRefused) as refused:
            start(story, owner, replace=replace)
        assert str(refused.value) == why
    assert (Job.objects.count(), ProviderCall.objects.count()) == (0, 0)


def test_dearer_planning_than_a_person_may_start_alone_asks_a_second_person(story, script, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal("0.04")})
    with pytest.raises(ApprovalNeeded):
        start(story, owner)
    asked = Approval.objects.get()
    assert (asked.kind, asked.total, asked.what, asked.lines[0]["scene"]) == (
        "text",
        PRICE,
        {"planning": True, "replace": False},
        "",
    )
    assert Job.objects.count() == 0
    Approval.objects.update(decision="approved")
    start(story, owner)
    assert (Job.objects.count(), Approval.objects.get().state) == (1, "started")
