"""Takes that a model checks as soon as they arrive: priced in the plan, ordered once, halted by
doubts, counted towards budgets and limits.
"""

from decimal import Decimal

import pytest

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from jobs.services.reclaim import reclaim_expired
from providers.adapters import Bytes, Result
from providers.calls import outcomes, polling, recovery, reserving, sending, spool
from providers.enums import Refusal
from providers.errors import Refused
from providers.models import OrganizationBudget, ProviderCall, ProviderModel
from providers.requests import TextRequest
from stories.errors import ApprovalNeeded, Invalid, PlanChanged
from stories.handlers import vision as handler
from stories.handlers.paid_results import record_leftover_results
from stories.models import Approval, Confirmation, Project, Scene, Story, Take, VisionCheck
from stories.selectors.spending import started_today
from stories.selectors.summary import summarize
from stories.services import checks, projects, stories, takes, vision_checks
from stories.services.edit_generation import edit_take
from stories.services.edit_plan import choices, order
from stories.services.generation import start_vision_checks
from stories.services.plan import BEING_CHECKED, plan_generation
from stories.services.spend_requests import present
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes, retried, start_work
from tests.two_writers import in_turn

pytestmark = pytest.mark.django_db
IMAGE, CHECK = Decimal("0.03"), Decimal("0.02")
FITS = {"fits": True, "missing": [], "faces": [{"name": "Haru", "same": True}], "why": "As asked."}
UNFIT = {**FITS, "fits": False, "missing": ["a boat"], "why": "The sea is empty."}


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


@pytest.fixture
def findings():
    """What the model says, in turn; the last stays."""
    return [FITS]


@pytest.fixture
def story(owner, paid, script, findings):
    ProviderModel.objects.create(
        provider_id="paid",
        name="eye",
        kind="text",
        unit="call",
        price=CHECK,
        capabilities={"vision": True},
    )

    def answer():
        if isinstance(script.submitted[-1], TextRequest):
            finding = findings.pop(0) if len(findings) > 1 else findings[0]
            if isinstance(finding, BaseException):
                raise finding
            return Result(data=finding, cost=CHECK)
        return Result(media=Bytes(picture()), cost=IMAGE)

    script.submit = [answer]
    return make_story(
        owner,
        status="previewing",
        image_provider="paid",
        vision_provider="paid",
        check_new_takes=True,
    )


@pytest.fixture
def two(story):
    return [make_scene(story), make_scene(story)]


def again(story):
    return Story.objects.get(pk=story.pk)


def books(story):
    """Each call: its kind, state and cost, in the order in which they were reserved."""
    rows = ProviderCall.objects.filter(subject=str(story.pk)).order_by("reserved_at")
    return [(row.kind, row.state, row.cost) for row in rows]


def jobs(name):
    rows = Job.objects.filter(name=name).order_by("created_at")
    return [(row.status, row.data["parameters"]["price"]) for row in rows]


def go_on():
    """Rounds until nothing is due; what waits for children is looked at again each time."""
    for _round in range(6):
        Job.objects.filter(status=JobStatus.WAITING, wait_for="children").update(
            status=JobStatus.QUEUED, wait_for=""
        )
        run_due()


# --- the plan


def test_plan_names_each_check_and_its_total(story, two):
    plan = plan_generation(story, "image")
    assert [(item.price, item.check, item.total) for item in plan.items] == [
        (IMAGE, CHECK, IMAGE + CHECK)
    ] * 2
    assert (plan.total, plan.checks_total, len(plan.checked)) == (
        Decimal("0.10"),
        Decimal("0.04"),
        2,
    )
    left = summarize(story)
    assert left.progress[0].batches[0].price == Decimal("0.10")


def test_plan_without_it_is_as_before(story, two):
    with_checks = plan_generation(story, "image").hash
    Story.objects.update(check_new_takes=False)
    plan = plan_generation(again(story), "image")
    assert (plan.total, plan.check, plan.checked) == (Decimal("0.06"), None, [])
    assert plan.hash != with_checks


def test_another_model_is_another_plan(story, two):
    before = plan_generation(story, "image").hash
    ProviderModel.objects.filter(name="eye").update(name="better eye")
    assert plan_generation(story, "image").hash != before


def test_model_that_cannot_be_paid_is_named_and_costs_nothing(story, two):
    ProviderModel.objects.update(capabilities={})
    plan = plan_generation(story, "image")
    assert (plan.total, plan.checked) == (Decimal("0.06"), [])
    assert plan.check is not None
    assert str(plan.check.why) == (
        "Paid has no model that looks at pictures: the capability “vision” of a text model."
    )


def test_start_confirms_takes_and_checks_at_their_prices(story, two, owner):
    with pytest.raises(PlanChanged):
        start_work(story.pk, "image", actor=owner, confirm_total=Decimal("0.06"))
    start_work(story.pk, "image", actor=owner, confirm_total=Decimal("0.10"))
    confirmation = Confirmation.objects.get()
    first, second = (scene.key for scene in two)
    assert confirmation.total == Decimal("0.10")
    assert {
        key: (line["price"], line.get("check")) for key, line in confirmation.lines.items()
    } == {
        first: ("0.0300", "0.0200"),
        second: ("0.0300", "0.0200"),
        f"vision:image:{first}": ("0.0200", None),
        f"vision:image:{second}": ("0.0200", None),
    }


def test_approval_lists_the_checks_and_fits_as_long_as_their_price_stands(story, two, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal("0.07")})
    with pytest.raises(ApprovalNeeded):
        start_work(story.pk, "image", actor=owner)
    asked = Approval.objects.get()
    assert (asked.total, [(bool(line.get("check")), line["price"]) for line in asked.lines]) == (
        Decimal("0.10"),
        [(False, "0.0300")] * 2 + [(True, "0.0200")] * 2,
    )
    assert present(asked).hash == asked.plan_hash
    ProviderModel.objects.filter(name="eye").update(price=Decimal("0.01"))
    assert present(asked).hash != asked.plan_hash


# --- from the take to its check


@pytest.mark.moderate
def test_take_of_a_batch_is_checked_when_it_arrives_and_selected(story, two, owner, script):
    start_work(story.pk, "image", actor=owner, confirm_total=Decimal("0.10"))
    go_on()
    parent = Job.objects.get(name="story_preview")
    checked = Job.objects.filter(name="take_check")
    assert [job.parent_id for job in checked] == [parent.pk] * 2
    assert jobs("take_check") == [("succeeded", "0.0200")] * 2
    assert (
        sorted(books(story)) == [("image", "settled", IMAGE)] * 2 + [("text", "settled", CHECK)] * 2
    )
    assert [(take.doubts, take.scene.image_take_id == take.pk) for take in Take.objects.all()] == [
        ("", True)
    ] * 2
    found = VisionCheck.objects.values_list("version", "findings")
    assert list(found) == [(vision_checks.VERSION, FITS)] * 2
    assert len(script.submitted) == 4


@pytest.mark.moderate
def test_single_take_and_variants_are_checked_too(story, owner):
    scene = make_scene(story)
    made, total = make_takes(
        scene.pk, "image", actor=owner, variants=3, confirm_total=Decimal("0.15")
    )
    assert (len(made), total) == (3, Decimal("0.15"))
    assert [job.data["parameters"]["price"] for job in made] == ["0.0300"] * 3
    assert [job.data["parameters"]["check"] for job in made] == ["0.0200"] * 3
    run_due()
    assert (
        sorted(books(story)) == [("image", "settled", IMAGE)] * 3 + [("text", "settled", CHECK)] * 3
    )
    assert VisionCheck.objects.values("take").distinct().count() == 3


@pytest.mark.moderate
def test_doubtful_take_is_not_selected_and_the_job_asks_a_person(story, owner, findings):
    scene = make_scene(story)
    findings[:] = [UNFIT]
    start_work(story.pk, "image", actor=owner)
    go_on()
    take = Take.objects.get()
    assert (take.doubts, Scene.objects.get().image_take) == ("unfit", None)
    parent = Job.objects.get(name="story_preview")
    assert (parent.status, parent.wait_for) == ("waiting", "person")
    assert "The automatic check has doubts about its picture" in str(parent.note)
    takes.select_take(take.pk, actor=owner)
    assert Scene.objects.get(pk=scene.pk).image_take == take


@pytest.mark.moderate
def test_scene_is_running_while_the_model_looks(story, owner):
    make_scene(story)
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due(limit=1)
    items = plan_generation(again(story), "image").items
    assert [(item.state, item.why) for item in items][1] == ("running", BEING_CHECKED)
    run_due()
    assert [item.state for item in plan_generation(again(story), "image").items] == [
        "missing",
        "done",
    ]


def test_take_about_which_the_rules_have_doubts_is_not_paid_for(story, owner, monkeypatch):
    scene = make_scene(story)
    monkeypatch.setattr(checks, "MEASURES", 1)
    monkeypatch.setattr(checks, "doubts_of", lambda _take, _measures: [checks.Doubt.BLACK])
    monkeypatch.setattr(
        checks,
        "record",
        lambda take, _measures: (
            Take.objects.filter(pk=take.pk).update(doubts="black")
            and setattr(take, "doubts", "black")
        ),
    )
    make_takes(scene.pk, "image", actor=owner)
    run_due()
    assert (Take.objects.get().doubts, books(story)) == ("black", [("image", "settled", IMAGE)])
    assert Job.objects.filter(name="take_check").count() == 0


def test_check_that_nobody_confirmed_is_not_ordered(story, owner):
    """The switch was set after the take had been started."""
    Story.objects.update(check_new_takes=False)
    make_takes(make_scene(story).pk, "image", actor=owner, confirm_total=IMAGE)
    Story.objects.update(check_new_takes=True)
    run_due()
    assert (Take.objects.get().doubts, Job.objects.filter(name="take_check").count()) == (
        "unchecked",
        0,
    )


def test_switched_off_meanwhile_nothing_is_ordered(story, owner):
    make_takes(make_scene(story).pk, "image", actor=owner, confirm_total=IMAGE + CHECK)
    Story.objects.update(check_new_takes=False)
    run_due()
    assert books(story) == [("image", "settled", IMAGE)]


@pytest.mark.moderate
def test_one_take_is_checked_once_for_one_version(story, owner):
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due()
    take = Take.objects.get()
    call = take.call
    for _again in range(2):
        takes.record_result(call)
        record_leftover_results()
        run_due()
    job = Job.objects.get(name="scene_preview")
    Take.objects.update(doubts="unchecked")
    assert vision_checks.order(Take.objects.get(), price=CHECK, job=job) is None
    assert len(books(story)) == 2


@pytest.mark.moderate
def test_of_checks_by_hand_and_by_itself_one_is_made(story, owner):
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due(limit=1)
    with pytest.raises(Invalid, match="There is no take to check"):
        start_vision_checks(story.pk, actor=owner)
    run_due()
    assert [kind for kind, _state, _cost in books(story)] == ["image", "text"]


@pytest.mark.moderate
def test_take_of_a_job_that_was_cancelled_is_kept_and_not_checked(story, owner, script):
    make_takes(make_scene(story).pk, "image", actor=owner)
    real = script.submit[0]

    def cancelled():
        queue.cancel(Job.objects.get(name="scene_preview").pk, actor=owner)
        return real()

    script.submit = [cancelled, real]
    run_due()
    record_leftover_results()
    run_due()
    assert (Take.objects.get().doubts, books(story)) == (
        "unchecked",
        [("image", "settled", IMAGE)],
    )


@pytest.mark.moderate
def test_take_of_a_story_whose_job_was_cancelled_is_kept_and_not_checked(story, two, owner, script):
    start_work(story.pk, "image", actor=owner)
    real = script.submit[0]

    def cancelled():
        queue.cancel(Job.objects.get(name="story_preview").pk, actor=owner)
        return real()

    script.submit = [cancelled, real]
    run_due()
    record_leftover_results()
    run_due()
    assert (Take.objects.get().doubts, books(story)) == (
        "unchecked",
        [("image", "settled", IMAGE)],
    )


# --- money


@pytest.mark.moderate
def test_price_of_a_check_that_rose_waits_for_a_person(story, owner):
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due(limit=1)
    ProviderModel.objects.filter(name="eye").update(price=Decimal("0.50"))
    run_due()
    job = Job.objects.get(name="take_check")
    assert (job.status, job.wait_for, len(books(story))) == ("waiting", "person", 1)


@pytest.mark.slow
def test_checks_count_towards_the_budget(story, two, owner):
    Story.objects.update(budget=Decimal("0.09"))
    start_work(story.pk, "image", actor=owner)
    go_on()
    assert sum(cost for _kind, _state, cost in books(story)) <= Decimal("0.09")
    waiting = Job.objects.filter(wait_for="budget")
    assert [job.name for job in waiting] == ["take_check"]
    stories.edit(story.pk, actor=owner, budget=Decimal("0.10"))
    Job.objects.filter(wait_for="budget").update(status="queued", wait_for="")
    go_on()
    assert sum(cost for _kind, _state, cost in books(story)) == Decimal("0.10")


@pytest.mark.moderate
def test_checks_count_towards_what_a_person_starts_alone(story, owner):
    scene = make_scene(story)
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal(1)})
    make_takes(scene.pk, "image", actor=owner)
    assert started_today(story, owner) == IMAGE + CHECK
    run_due(limit=1)
    assert started_today(story, owner) == IMAGE + CHECK
    run_due()
    assert started_today(story, owner) == IMAGE + CHECK


def test_check_that_was_never_made_no_longer_counts(story, owner):
    scene = make_scene(story)
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal(1)})
    make_takes(scene.pk, "image", actor=owner)
    Story.objects.update(check_new_takes=False)
    run_due()
    assert started_today(story, owner) == IMAGE


# --- a take that is edited

BRUSH = Decimal("0.05")


@pytest.fixture
def drawn(story):
    """A take to edit, and a model that edits it."""
    ProviderModel.objects.create(
        provider_id="paid",
        kind="image",
        name="brush",
        unit="image",
        price=BRUSH,
        capabilities={"tasks": ["change"]},
    )
    return make_take(make_scene(story), content=picture(), provider="paid")


def change(take, owner, **values):
    return edit_take(take.pk, actor=owner, task="change", words="make it night", **values)


@pytest.mark.moderate
def test_edited_take_is_checked_when_it_arrives(drawn, story, owner):
    with pytest.raises(PlanChanged):
        change(drawn, owner, confirm_total=BRUSH)
    started = change(drawn, owner, confirm_total=BRUSH + CHECK)
    assert started.total == BRUSH + CHECK
    told = Confirmation.objects.get()
    assert (told.total, sorted(line["price"] for line in told.lines.values())) == (
        BRUSH + CHECK,
        ["0.0200", "0.0500"],
    )
    run_due()
    made = Take.objects.get(edited_from=drawn)
    assert books(story) == [("image", "settled", IMAGE), ("text", "settled", CHECK)]
    assert jobs("take_check") == [("succeeded", "0.0200")]
    assert (made.doubts, VisionCheck.objects.get().take) == ("", made)
    assert Scene.objects.get(pk=drawn.scene_id).image_take == drawn


@pytest.mark.moderate
def test_doubts_about_an_edited_take_are_said(drawn, owner, findings):
    findings[:] = [UNFIT]
    change(drawn, owner, confirm_total=BRUSH + CHECK)
    run_due()
    assert Take.objects.get(edited_from=drawn).doubts == "unfit"


def test_edit_is_offered_with_its_check(drawn, story):
    def found():
        take = Take.objects.select_related("scene__story", "prompt").get(pk=drawn.pk)
        return [(plan.price, plan.check_price, plan.total) for plan in choices(take, wanted)]

    wanted = order(drawn, task="change", words="make it night", provider="paid")
    assert found() == [(BRUSH, CHECK, BRUSH + CHECK)]
    Story.objects.update(check_new_takes=False)
    assert found() == [(BRUSH, Decimal(0), BRUSH)]


def test_edit_without_a_confirmed_check_waits_for_one_by_hand(drawn, story, owner):
    Story.objects.update(check_new_takes=False)
    change(drawn, owner, confirm_total=BRUSH)
    Story.objects.update(check_new_takes=True)
    run_due()
    assert Take.objects.get(edited_from=drawn).doubts == "unchecked"
    assert books(story) == [("image", "settled", IMAGE)]


def test_edit_with_its_check_is_approved_as_one(drawn, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal("0.06")})
    assert isinstance(change(drawn, owner, ask_again=True).stopped, ApprovalNeeded)
    asked = Approval.objects.get()
    assert [(bool(line.get("check")), line["price"]) for line in asked.lines] == [
        (False, "0.0500"),
        (True, "0.0200"),
    ]
    assert present(asked).hash == asked.plan_hash
    ProviderModel.objects.filter(name="eye").update(price=Decimal("0.01"))
    assert present(asked).hash != asked.plan_hash


@pytest.mark.moderate
def test_checks_of_edits_count_towards_what_a_person_starts_alone(drawn, story, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal(1)})
    change(drawn, owner)
    assert started_today(story, owner) == BRUSH + CHECK
    run_due(limit=1)
    assert started_today(story, owner) == IMAGE + CHECK  # the provider charged less than its price
    run_due()
    assert started_today(story, owner) == IMAGE + CHECK


def test_check_of_an_edit_that_was_never_made_no_longer_counts(drawn, story, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal(1)})
    change(drawn, owner)
    Story.objects.update(check_new_takes=False)
    run_due()
    assert started_today(story, owner) == IMAGE


# --- what is added while it runs


@pytest.mark.moderate
def test_scene_that_came_later_is_made_only_if_its_check_is_affordable(story, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal("0.09")})
    first = make_scene(story)
    start_work(story.pk, "image", actor=owner)
    make_scene(story)
    go_on()
    assert {take.scene_id for take in Take.objects.all()} == {first.pk}


# --- the batch is halted


@pytest.mark.moderate
def test_doubts_of_the_model_halt_the_batch(story, owner, findings, settings):
    settings.HALT_AFTER_DOUBTFUL = 2
    findings[:] = [UNFIT]
    for _number in range(5):
        make_scene(story)
    start_work(story.pk, "image", actor=owner)
    go_on()
    made = [kind for kind, _state, _cost in books(story)]
    assert (made.count("image"), made.count("text")) == (2, 2)
    parent = Job.objects.get(name="story_preview")
    assert str(parent.note)[:40] == "Halted: the automatic check has doubts a"


@pytest.mark.moderate
def test_unchecked_take_does_not_break_the_row_of_doubts(story, two, owner, findings, settings):
    settings.HALT_AFTER_DOUBTFUL = 2
    findings[:] = [UNFIT]
    for scene in two:
        make_takes(scene.pk, "image", actor=owner)
    run_due()
    third = make_scene(story)
    make_takes(third.pk, "image", actor=owner)
    run_due(limit=1)
    assert Take.objects.get(scene=third).doubts == "unchecked"
    assert checks.halt(third, "image", since=story.created_at) is not None


# --- the worker is killed


POINTS = (
    "before reserving",
    "reserved",
    "sending",
    "answered",
    "spool written",
    "spooled",
    "settled",
)


# A process that is gone closes its files without a word; this one goes on.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("point", [*POINTS, "recorded"])
def test_killed_at_every_point_of_the_check_it_is_paid_once(
    point, story, owner, script, clock, monkeypatch
):
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due(limit=1)
    assert [kind for kind, _state, _cost in books(story)] == ["image"]
    passed = []

    def die(name):
        passed.append(name)
        if name == point:
            raise Killed

    with monkeypatch.context() as patch:
        for module in (outcomes, polling, recovery, reserving, sending, spool):
            patch.setattr(module, "hit", die)
        if point == "recorded":
            patch.setattr(handler, "Done", lambda **_values: die("recorded"))
        with pytest.raises(Killed):
            run_due()
    assert passed[-1] == point
    for _round in range(4):
        clock.forward(minutes=30)
        reclaim_expired()
        record_leftover_results()
        go_on()
    asked = [one for one in script.submitted if isinstance(one, TextRequest)]
    take = Take.objects.get()
    texts = [(state, cost) for kind, state, cost in books(story) if kind == "text"]
    if point in {"sending", "answered", "spool written"}:
        # It may have been paid: a person decides, and it is not sent again.
        assert (texts[-1][0], len(asked) <= 1, take.doubts) == ("unclear", True, "unchecked")
    else:
        assert (texts[-1], len(asked), take.doubts) == (("settled", CHECK), 1, "")
        assert (VisionCheck.objects.count(), take.scene.image_take_id) == (1, take.pk)
    assert [state for state, _cost in texts].count("settled") <= 1


@pytest.mark.moderate
def test_killed_before_the_take_is_recorded_nothing_is_ordered_twice(
    story, owner, script, clock, monkeypatch
):
    make_takes(make_scene(story).pk, "image", actor=owner)
    with monkeypatch.context() as patch:

        def gone(*_values, **_more):
            raise Killed

        patch.setattr(vision_checks.enqueue, "enqueue_vision_check", gone)
        with pytest.raises(Killed):
            run_due()
    assert (Take.objects.count(), Job.objects.filter(name="take_check").count()) == (0, 0)
    clock.forward(minutes=30)
    reclaim_expired()
    go_on()
    assert [kind for kind, _state, _cost in books(story)] == ["image", "text"]


@pytest.mark.moderate
def test_check_that_the_model_refuses_is_left_to_a_person_and_can_be_retried(
    story, owner, findings
):
    findings[:] = [Refused("No.", kind=Refusal.MODERATED), FITS]
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due()
    assert Take.objects.get().doubts == "uncheckable"
    job = Job.objects.get(name="take_check")
    retried(job.pk, actor=owner, confirm_total=CHECK)
    run_due()
    assert (Take.objects.get().doubts, VisionCheck.objects.count()) == ("", 1)


# --- two writers


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_of_two_that_record_a_result_one_orders_the_check(story, owner):
    make_takes(make_scene(story).pk, "image", actor=owner)
    run_due(limit=1)
    call = ProviderCall.objects.get()
    Job.objects.filter(name="take_check").delete()
    Take.objects.all().delete()
    assert in_turn(lambda: takes.record_result(call), lambda: takes.record_result(call)) == []
    assert (Take.objects.count(), Job.objects.filter(name="take_check").count()) == (1, 1)


# --- the usual values of a project


def test_new_story_begins_with_what_its_project_says(story, owner, make_person):
    boss = make_person("boss", role="manager")
    project = Project(
        name="Sea", code="SEA", is_open=True, vision_provider="paid", check_new_takes=True
    )
    project.light_films = True
    projects.save_project(project, actor=boss)
    made = stories.create(owner=owner, title="Waves", project=project)
    assert (made.vision_provider, made.check_new_takes, made.light_films) == ("paid", True, True)
    other = stories.create(owner=owner, title="Sand", project=project, check_new_takes=False)
    assert other.check_new_takes is False


def test_project_takes_only_a_connection_that_looks_at_pictures(story, make_person):
    boss = make_person("boss", role="manager")
    with pytest.raises(Invalid, match="has no model that looks at pictures"):
        projects.save_project(Project(name="Sea", code="SEA", vision_provider="local"), actor=boss)
    with pytest.raises(Invalid, match="cannot be chosen for this"):
        projects.save_project(
            Project(name="Sea", code="SEA", vision_provider="nowhere"), actor=boss
        )
