"""What is dearer than a person may start alone: asked for, decided by a second person, and bound to
exactly that plan.
"""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from jobs.models import Job
from providers.models import AIProviderConfig, RoleLimit
from providers.services.configs import organization_budget, plan_limit_of
from stories.errors import (
    ApprovalNeeded,
    ApprovalRefused,
    Conflict,
    Forbidden,
    GuardRefused,
    Invalid,
    PlanChanged,
)
from stories.models import Approval, Confirmation, Story
from stories.services import approval_decisions, approvals, spend_requests
from stories.services.plan import plan_generation
from stories.services.scenes import duplicate, edit, move
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes, start_work

PRICE = Decimal("0.50")


@pytest.fixture(autouse=True)
def prices(db):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=PRICE, cost_per_second_video=Decimal("0.10")
    )


@pytest.fixture
def limit(db):
    """`limit(producer=1, organization_limit=None)`: limits of roles and of the organization."""
    from django.contrib.auth.models import Group

    def put(*, organization_limit=None, **roles):
        money = organization_budget()
        money.plan_limit = organization_limit
        money.save()
        for role, amount in roles.items():
            RoleLimit.objects.update_or_create(
                role=Group.objects.get(name=role),
                defaults={"organization_budget": money, "plan_limit": amount},
            )

    return put


@pytest.fixture
def second(make_person):
    """Another manager."""
    return make_person("second", role="manager")


@pytest.fixture
def story(owner, limit):
    """Four pictures for 2.00; its owner may start 1.00 alone."""
    limit(producer=Decimal(1))
    story = make_story(owner, status="previewing")
    for _ in range(4):
        make_scene(story)
    return story


def try_to_start(story, actor, **more):
    return start_work(story.pk, "image", actor=actor, **more)


def asked(story, actor, **more):
    with pytest.raises(ApprovalNeeded) as stopped:
        try_to_start(story, actor, **more)
    assert Job.objects.count() == 0
    return stopped.value


# Limits


def test_the_limit_is_that_of_the_role_else_of_the_organization(owner, manager, viewer, limit):
    assert plan_limit_of(owner) is None
    limit(organization_limit=Decimal(5), producer=Decimal(1), manager=None)
    assert (plan_limit_of(owner), plan_limit_of(manager), plan_limit_of(viewer)) == (
        Decimal(1),
        None,
        Decimal(5),
    )


def test_the_highest_of_several_roles_counts(owner, limit):
    from django.contrib.auth.models import Group

    limit(producer=Decimal(1), viewer=Decimal(7))
    owner.groups.add(Group.objects.get(name="viewer"))
    assert plan_limit_of(owner) == Decimal(7)


def test_managers_cannot_lift_their_own_limit(manager):
    assert manager.has_perm("providers.change_organizationbudget")
    assert not manager.has_perm("providers.set_plan_limits")


# Starting


def test_up_to_the_limit_nobody_is_asked(story, owner):
    two = [scene.pk for scene in story.all_scenes.all()[:2]]
    try_to_start(story, owner, scene_ids=two)
    assert (Approval.objects.count(), Job.objects.count()) == (0, 2)


def test_above_the_limit_it_is_asked_for_once(story, owner):
    stopped = asked(story, owner)
    assert str(stopped) == (
        "2.00 USD is more than the 1.00 USD that you may start alone. A second person "
        "is asked for approval."
    )
    again = asked(story, owner)
    assert str(again) == "This waits for the approval of a second person; owner has asked for it."
    row = Approval.objects.get()
    assert (stopped.new, again.new, again.approval.pk) == (True, False, row.pk)
    plan = plan_generation(story, "image")
    assert (row.story, row.kind, row.plan_hash, row.total, row.limit, row.asked_by, row.state) == (
        story,
        "image",
        plan.hash,
        2,
        1,
        owner,
        "asked",
    )
    assert [(line["position"], line["price"]) for line in row.lines] == [
        (n, "0.5000") for n in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    "way", ["launch", "start", "generate", "transition", "transition_to", "takes"]
)
def test_every_way_of_starting_is_stopped(owner, limit, way):
    limit(producer=Decimal("0.80"))
    story = make_story(owner, status="previewing" if way == "start" else "planned")
    scene, _ = make_scene(story), make_scene(story)
    ways = {
        "launch": lambda: try_to_start(story, owner),
        "start": lambda: start_work(story.pk, "image", advance="never", actor=owner),
        "generate": lambda: start_work(story.pk, "image", advance="unless_begun", actor=owner),
        "transition": lambda: apply_transition(story.pk, "generate_preview", actor=owner),
        "transition_to": lambda: story.transition_to("previewing", actor=owner),
        "takes": lambda: make_takes(scene.pk, "image", actor=owner, variants=2),
    }
    before = story.status
    with pytest.raises(ApprovalNeeded):
        ways[way]()
    assert (
        Job.objects.count(),
        Story.objects.get(pk=story.pk).status,
        story.transitions.count(),
    ) == (0, before, 0)
    assert Approval.objects.get().total == 1


def test_the_studio_itself_has_no_limit(story):
    start_work(story.pk, "image", advance="never", actor=None)
    assert [
        (one.actor, one.limit, one.spending_cap, one.total) for one in Confirmation.objects.all()
    ] == [(None, None, None, 2)]


def test_the_final_film_is_stopped_too(owner, limit):
    limit(producer=Decimal(1))
    story = make_story(owner, status="previewing")
    for _ in range(2):
        make_take(make_scene(story))
    with pytest.raises(ApprovalNeeded):
        apply_transition(story.pk, "render_final", actor=owner)
    assert (Approval.objects.get().kind, Approval.objects.get().total) == ("clip", Decimal("1.40"))


# Deciding


def test_what_a_second_person_approved_is_started_once(story, owner, manager):
    row = asked(story, owner).approval
    approval_decisions.decide(row.pk, actor=manager, approve=True, reason="go")
    try_to_start(story, owner)
    row.refresh_from_db()
    assert (row.state, row.decision, row.decided_by, row.reason, row.started_by) == (
        "started",
        "approved",
        manager,
        "go",
        owner,
    )
    assert [
        (one.job_id, one.spending_cap, one.total, one.approval)
        for one in Confirmation.objects.all()
    ] == [(Job.objects.get().pk, 2, 2, row)]
    Job.objects.all().delete()
    assert asked(story, owner).new


def test_nobody_approves_what_they_asked_for(story, manager, limit):
    limit(manager=Decimal(1))
    row = asked(story, manager).approval
    with pytest.raises(Forbidden, match="second person"):
        approval_decisions.decide(row.pk, actor=manager, approve=True)
    assert Approval.objects.get().state == "asked"


@pytest.mark.parametrize("who", ["owner", "colleague", "viewer", "stranger"])
def test_who_may_not_decide(story, owner, manager, request, who, limit):
    limit(manager=Decimal(1))
    row = asked(story, manager).approval
    with pytest.raises(Forbidden):
        approval_decisions.decide(row.pk, actor=request.getfixturevalue(who), approve=True)
    assert Approval.objects.get().state == "asked"


def test_a_refusal_needs_a_reason_and_stands_until_asked_again(story, owner, manager):
    row = asked(story, owner).approval
    with pytest.raises(Invalid):
        approval_decisions.decide(row.pk, actor=manager, approve=False, reason=" ")
    approval_decisions.decide(row.pk, actor=manager, approve=False, reason="too dear")
    refused = asked(story, owner)
    assert isinstance(refused, ApprovalRefused)
    assert (str(refused), refused.code) == (
        "manager has refused this: too dear",
        "approval_refused",
    )
    assert Approval.objects.count() == 1
    again = asked(story, owner, ask_again=True)
    assert (again.code, again.approval.pk == row.pk, Approval.objects.count()) == (
        "approval_needed",
        False,
        2,
    )


def test_the_second_decision_says_what_the_first_was(story, owner, manager, second):
    row = asked(story, owner).approval
    approval_decisions.decide(row.pk, actor=manager, approve=False, reason="too dear")
    with pytest.raises(Conflict, match="decided already: “Refused”, by manager"):
        approval_decisions.decide(row.pk, actor=second, approve=True)
    row.refresh_from_db()
    assert (row.decision, row.decided_by) == ("refused", manager)


@pytest.mark.parametrize("gone", ["removed", "inactive"])
def test_a_request_whose_asker_is_gone_cannot_be_approved(story, manager, second, gone, limit):
    limit(manager=Decimal(1))
    row = asked(story, manager).approval
    if gone == "removed":
        Approval.objects.update(asked_by=None)  # as earlier versions left it
    else:
        manager.is_active = False
        manager.save()
    with pytest.raises(Conflict, match="not active any more"):
        approval_decisions.decide(row.pk, actor=second, approve=True)
    approval_decisions.decide(row.pk, actor=second, approve=False, reason="asker gone")
    assert Approval.objects.get().state == "refused"


def test_withdrawing(story, owner, manager, colleague):
    row = asked(story, owner).approval
    with pytest.raises(Forbidden):
        approval_decisions.withdraw(row.pk, actor=colleague)
    approval_decisions.decide(row.pk, actor=manager, approve=True)
    approval_decisions.withdraw(row.pk, actor=owner)
    assert Approval.objects.get().state == "withdrawn"
    assert asked(story, owner).new


# The plan it is bound to


def test_an_approval_does_not_fit_another_plan(story, owner, manager):
    row = asked(story, owner).approval
    approval_decisions.decide(row.pk, actor=manager, approve=True)
    duplicate(story.all_scenes.first().pk, actor=owner)
    stopped = asked(story, owner)
    assert str(stopped).startswith(
        "The plan has changed since manager approved it at 2.00 USD, so that approval no "
        "longer fits."
    )
    row.refresh_from_db()
    assert (row.state, stopped.approval.total, stopped.new) == ("withdrawn", Decimal("2.50"), True)


def test_other_words_or_prices_are_another_plan_and_another_order_is_not(story, owner, manager):
    row = asked(story, owner).approval
    scenes = list(story.all_scenes.order_by("position"))
    move(scenes[0].pk, actor=owner, position=4)
    assert spend_requests.fits(row)
    edit(scenes[0].pk, actor=owner, text="something else")
    assert not spend_requests.fits(row)
    with pytest.raises(PlanChanged):
        approval_decisions.decide(row.pk, actor=manager, approve=True)
    edit(scenes[0].pk, actor=owner, text="a boat at dawn")
    assert spend_requests.fits(row)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.45"))
    assert not spend_requests.fits(row)


def test_single_takes_are_bound_to_their_words(story, owner, manager):
    scene = story.all_scenes.first()
    with pytest.raises(ApprovalNeeded) as stopped:
        make_takes(scene.pk, "image", actor=owner, variants=3)
    row = stopped.value.approval
    assert (row.total, len(row.lines)) == (Decimal("1.50"), 3)
    approval_decisions.decide(row.pk, actor=manager, approve=True)
    with pytest.raises(ApprovalNeeded):
        make_takes(scene.pk, "image", actor=owner, variants=4)
    make_takes(scene.pk, "image", actor=owner, variants=3)
    row.refresh_from_db()
    assert (row.state, Job.objects.count()) == ("started", 3)


def test_who_has_a_higher_limit_may_start_it_and_the_request_is_done_with(story, owner, manager):
    row = asked(story, owner).approval
    try_to_start(story, manager)
    row.refresh_from_db()
    assert (row.state, row.started_by, row.decision) == ("started", manager, "")
    with pytest.raises(Conflict, match="started already"):
        approval_decisions.decide(row.pk, actor=manager, approve=True)


def test_requests_for_other_scenes_stand_beside_each_other(story, owner):
    ids = [scene.pk for scene in story.all_scenes.order_by("position")]
    first, other = asked(story, owner, scene_ids=ids[:3]), asked(story, owner, scene_ids=ids[1:])
    assert {row.state for row in Approval.objects.all()} == {"asked"}
    assert first.approval.pk != other.approval.pk


# The outlook of a screen


def test_outlook(story, owner, manager, django_assert_num_queries):
    def state():
        ask = spend_requests.ask_for_plan(plan_generation(story, "image"))
        return approvals.approval_preview(ask, owner).state

    assert state() == "ask"
    row = asked(story, owner).approval
    assert state() == "asked"
    approval_decisions.decide(row.pk, actor=manager, approve=True)
    assert state() == "approved"
    ask = spend_requests.ask_for_plan(plan_generation(story, "image"))
    with django_assert_num_queries(
        5
        # the limits of the roles, the person's own changes of limits and prices, what was started
        # within a day, the request
    ):
        approvals.approval_preview(ask, owner)
    assert approvals.approval_preview(ask, manager).state == "free"


@pytest.mark.django_db(transaction=True)
def test_two_deciding_and_two_starting_at_once_make_one_of_each(make_person, limit):
    limit(producer=Decimal(1))
    owner = make_person("maker", role="producer")
    managers = [make_person(f"manager{n}", role="manager") for n in range(2)]
    story = make_story(owner, status="previewing")
    for _ in range(4):
        make_scene(story)
    row = asked(story, owner).approval

    def outcomes(*attempts):
        begin, found = threading.Barrier(len(attempts)), []

        def run(attempt):
            begin.wait()
            try:
                attempt()
                found.append("done")
            except (Conflict, ApprovalNeeded, GuardRefused) as error:
                found.append(error.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found)

    decide = lambda manager, approve: (  # noqa: E731  made twice, here
        lambda: approval_decisions.decide(row.pk, actor=manager, approve=approve, reason="so")
    )
    assert outcomes(decide(managers[0], True), decide(managers[1], True)) == ["conflict", "done"]
    started = outcomes(
        lambda: start_work(story.pk, "image", advance="never", actor=owner),
        lambda: start_work(story.pk, "image", advance="never", actor=owner),
    )
    assert (started, Job.objects.count(), Approval.objects.count()) == (
        ["done", "guard_refused"],
        1,
        1,
    )


@pytest.mark.django_db(transaction=True)
def test_two_asking_at_once_make_one_request(make_person, limit):
    limit(producer=Decimal(1))
    owner = make_person("maker", role="producer")
    story = make_story(owner, status="previewing")
    for _ in range(4):
        make_scene(story)
    begin, found = threading.Barrier(4), []

    def ask():
        begin.wait()
        try:
            start_work(story.pk, "image", advance="never", actor=owner)
        except ApprovalNeeded as needed:
            found.append(needed.approval.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Approval.objects.get().pk] * 4
