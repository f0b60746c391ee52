"""Above one's limit, over the API: 409 with the request, decided by a second person, started by the
same request again.
"""

from decimal import Decimal

import pytest

from jobs.models import Job
from providers.models import AIProviderConfig
from providers.services.configs import organization_budget
from stories.models import Approval
from tests.stories.factories import make_scene, make_story


@pytest.fixture
def story(owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.50"))
    money = organization_budget()
    money.plan_limit = Decimal("0.80")
    money.save()
    story = make_story(owner, status="planned")
    make_scene(story)
    make_scene(story)
    return story


def make(client, story, key="", **body):
    """Ask for the preview at its price."""
    total = Decimal("0.50") * story.all_scenes.count()
    return client.ask(
        "POST",
        f"stories/{story.pk}/generate_preview/",
        {"confirm_total": str(total), **body},
        headers={"Idempotency-Key": key} if key else {},
    )


@pytest.mark.parametrize("key", ["", "first"])
@pytest.mark.moderate
def test_from_the_request_to_the_start(mine, story, manager, key):
    stopped = make(mine, story, key)
    problem, row = stopped.json(), Approval.objects.get()
    assert (
        stopped.status_code,
        problem["code"],
        problem["approval"]["id"],
        problem["approval"]["state"],
    ) == (409, "approval_needed", str(row.pk), "asked")
    assert problem["detail"] == (
        "1.00 USD is more than the 0.80 USD that you may start alone. A second person "
        "is asked for approval."
    )
    assert [(line["position"], line["price"]) for line in problem["approval"]["lines"]] == [
        (1, "0.5000"),
        (2, "0.5000"),
    ]
    assert make(mine, story).json()["approval"]["id"] == str(row.pk)
    assert (Job.objects.count(), Approval.objects.count()) == (0, 1)
    plan = mine.ask("POST", f"stories/{story.pk}/generate_preview/?plan=1", {}).json()["plan"]
    assert (plan["approval"], plan["hash"]) == ("asked", row.plan_hash)
    decided = mine.ask(
        "POST",
        f"approvals/{row.pk}/decide/",
        {"decision": "approved", "reason": "go"},
        person=manager,
    )
    assert (decided.status_code, decided.json()["state"], decided.json()["decided_by"]) == (
        200,
        "approved",
        "manager",
    )
    started = make(mine, story, key and "second")
    assert (started.status_code, started.json()["plan"]["approval"], Job.objects.count()) == (
        202,
        None,
        1,
    )
    assert mine.ask("GET", f"approvals/{row.pk}/").json()["state"] == "started"


def test_a_request_sent_twice_gets_the_same_answer(mine, story):
    first, again = make(mine, story, "key"), make(mine, story, "key")
    assert (first.content, again["Idempotency-Replayed"]) == (again.content, "true")
    assert Approval.objects.get().state == "asked"


def test_moving_the_story_is_stopped_too(mine, story):
    stopped = mine.ask(
        "POST", f"stories/{story.pk}/transition/", {"status": "previewing", "confirm_total": "1"}
    )
    assert (stopped.status_code, stopped.json()["code"]) == (409, "approval_needed")
    assert mine.ask("GET", f"stories/{story.pk}/").json()["status"] == "planned"


@pytest.mark.moderate
def test_a_refusal_tells_why_and_may_be_asked_again(mine, story, manager):
    asked = make(mine, story).json()["approval"]["id"]
    without = mine.ask(
        "POST", f"approvals/{asked}/decide/", {"decision": "refused"}, person=manager
    )
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "/reason")
    mine.ask(
        "POST",
        f"approvals/{asked}/decide/",
        {"decision": "refused", "reason": "too dear"},
        person=manager,
    )
    stopped = make(mine, story).json()
    assert (stopped["code"], stopped["detail"], stopped["approval"]["reason"]) == (
        "approval_refused",
        "manager has refused this: too dear",
        "too dear",
    )
    again = make(mine, story, ask_again=True).json()
    assert (again["code"], again["approval"]["state"], again["approval"]["id"] == asked) == (
        "approval_needed",
        "asked",
        False,
    )
    states = {
        state: len(mine.ask("GET", f"approvals/?state={state}").json()["items"])
        for state in ("asked", "approved", "started", "refused", "withdrawn")
    }
    assert states == {"asked": 1, "approved": 0, "started": 0, "refused": 1, "withdrawn": 0}


def test_a_changed_plan_is_another_one(mine, story, manager):
    asked = make(mine, story).json()["approval"]["id"]
    make_scene(story)
    decided = mine.ask(
        "POST", f"approvals/{asked}/decide/", {"decision": "approved"}, person=manager
    )
    assert (decided.status_code, decided.json()["code"]) == (409, "plan_changed")
