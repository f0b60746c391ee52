"""One piece of work, one open purchase: whatever becomes of its job, a take that is paid is not
sold a second time.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from providers import calls
from providers.adapters import Accepted, Bytes, Result, Running
from providers.enums import CallState, Refusal
from providers.errors import Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.services import unclear_calls
from stories.enums import JobName
from stories.errors import GuardRefused, Invalid, PlanChanged
from stories.handlers.paid_results import record_leftover_results
from stories.models import Scene, Story, Take
from stories.selectors.job_facts import JobFacts
from stories.services import collecting, job_data
from stories.services.plan import plan_generation
from stories.services.transitions import apply_transition, give_up
from tests.pictures import picture
from tests.providers.scripted import ScriptedAdapter
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes, retried, start_work

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


BUSY = Running(poll_in=60)
MADE = Result(media=Bytes(picture()), cost=Decimal("0.03"))


@pytest.fixture
def story(owner, paid):
    return make_story(owner, status="planned", image_provider="paid", clip_provider="paid")


@pytest.fixture
def two(story):
    return [make_scene(story), make_scene(story)]


def go_on():
    """One round of everything that is due or only waits for its time."""
    ProviderCall.objects.filter(state="accepted").update(poll_after=timezone.now())
    Job.objects.filter(status=JobStatus.WAITING).exclude(
        wait_for__in=[WaitFor.PERSON, WaitFor.CHILDREN]
    ).update(status=JobStatus.QUEUED, wait_for="")
    run_due()


def out(script):
    """Every task is accepted and still runs at the provider."""
    numbers = iter(range(100))
    script.submit = [lambda: Accepted(f"task-{next(numbers)}", poll_in=60)]
    script.poll = [BUSY]


def states(story, kind="image"):
    return [item.state for item in plan_generation(Story.objects.get(pk=story.pk), kind).items]


@pytest.mark.parametrize(
    "state", [CallState.RESERVED, CallState.SENDING, CallState.ACCEPTED, CallState.SETTLED]
)
def test_what_is_paid_or_about_to_be_counts_as_running_without_any_job(two, story, state):
    call(two[0], state=state)
    assert states(story) == ["running", "missing"]
    assert plan_generation(story, "image").total == Decimal("0.03")


@pytest.mark.parametrize("state", [CallState.REFUSED, CallState.WRITTEN_OFF])
def test_what_is_over_does_not_count(two, story, state):
    call(two[0], state=state)
    assert states(story) == ["missing", "missing"]


def test_an_unclear_call_blocks_only_its_own_kind(two, story):
    for scene in two:
        make_take(scene)
    make_take(two[1], review_status="rejected", review_reason="too dark")
    unclear = call(two[1], state=CallState.UNCLEAR, kind="clip")
    assert (states(story), states(story, "clip")) == (["done", "rejected"], ["missing", "blocked"])
    facts = JobFacts.of(story)
    assert (facts.unclear, facts.unclear_of("image")) == ({two[1].key: unclear.pk}, {})


def call(scene, *, state, kind="image"):
    return ProviderCall.objects.create(
        provider_id="paid",
        kind=kind,
        state=state,
        key=job_data.piece_of_work(scene.pk, kind),
        subject=str(scene.story_id),
        item=scene.key,
        request_hash="h",
        unit_price=Decimal("0.03"),
        units=1,
        estimate=Decimal("0.03"),
    )


def test_give_up_take_up_again_and_make(two, story, script, owner):
    """Given up while the tasks run at the provider, taken up again, and made."""
    out(script)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    assert len(script.submitted) == 2
    give_up(story.pk, actor=owner, reason="enough")
    for name in ("retry", "start_planning"):
        apply_transition(story.pk, name, actor=owner)
    run_due()
    assert states(story) == ["running", "running"]
    apply_transition(story.pk, "generate_preview", actor=owner)
    go_on()
    assert len(script.submitted) == 2
    script.poll = [MADE]
    for _ in range(3):
        go_on()
    assert (len(script.submitted), Take.objects.count(), states(story)) == (2, 2, ["done", "done"])
    assert Scene.live.filter(story=story, image_take=None).count() == 0
    assert ProviderCall.objects.filter(state="settled").count() == 2


def test_giving_up_leaves_the_collectors_and_they_come_back_when_they_are_cancelled(
    two, story, script, owner
):
    out(script)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    give_up(story.pk, actor=owner)
    collectors = Job.objects.filter(data__action=job_data.INGEST_ONLY)
    assert [one.status for one in collectors] == ["queued", "queued"]
    apply_transition(story.pk, "retry", actor=owner)
    for one in collectors:
        queue.cancel(one.pk)
    assert record_leftover_results() == 2
    assert record_leftover_results() == 0
    script.poll = [MADE]
    go_on()
    assert (len(script.submitted), Take.objects.count(), states(story)) == (2, 2, ["done", "done"])


@pytest.mark.parametrize("mode", ["missing", "failed"])
def test_a_worker_that_vanished_three_times_and_retry_failed(two, story, script, owner, mode):
    out(script)
    Story.objects.filter(pk=story.pk).update(status="previewing")
    make_takes(two[0].pk, "image", actor=owner)
    run_due()
    job = Job.objects.get()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    assert states(story) == ["running", "missing"]
    with pytest.raises((Invalid, GuardRefused)):
        start_work(
            story.pk,
            "image",
            actor=owner,
            mode=mode,
            scene_ids=[two[0].pk],
            confirm_total=None,
            plan_hash=None,
        )
    with pytest.raises(GuardRefused):
        make_takes(two[0].pk, "image", actor=owner)
    assert record_leftover_results() == 1
    script.poll = [MADE]
    go_on()
    two[0].refresh_from_db()
    assert (len(script.submitted), two[0].image_take) == (1, Take.objects.get())


def test_cancel_and_try_again_while_the_task_is_out_goes_on_with_it(two, story, script, owner):
    out(script)
    Story.objects.filter(pk=story.pk).update(status="previewing")
    (job,), _price = make_takes(two[0].pk, "image", actor=owner)
    run_due()
    queue.cancel(job.pk)
    retried(job.pk, actor=owner)
    script.poll = [MADE]
    go_on()
    two[0].refresh_from_db()
    assert (len(script.submitted), two[0].image_take, ProviderCall.objects.count()) == (
        1,
        Take.objects.get(),
        1,
    )


def test_workers_away_for_ten_minutes_land_everything_selected_and_the_stories_go_on(
    two, story, script, owner
):
    """The periodic work asks for overdue calls before their jobs do: the same rule records them."""
    out(script)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    script.poll = [MADE]
    ProviderCall.objects.update(poll_after=timezone.now() - timedelta(minutes=11))
    calls.collect()
    assert Scene.live.filter(story=story, image_take=None).count() == 0
    go_on()
    go_on()
    assert (len(script.submitted), Take.objects.count()) == (2, 2)
    assert Job.objects.get(name="story_preview").status == JobStatus.SUCCEEDED
    assert {job.status for job in Job.objects.filter(name="scene_preview")} == {JobStatus.SUCCEEDED}


def test_a_new_start_after_the_end_is_a_new_purchase_under_the_same_key(two, story, script, owner):
    Story.objects.filter(pk=story.pk).update(status="previewing")
    for _ in range(2):
        make_takes(two[0].pk, "image", actor=owner)
        run_due()
    key = f"image:{two[0].pk}:0"
    assert list(
        ProviderCall.objects.order_by("attempt_no").values_list("key", "attempt_no", "state")
    ) == [(key, 1, "settled"), (key, 2, "settled")]
    assert Take.objects.count() == 2


def test_variants_are_pieces_of_work_of_their_own(two, story, script, owner):
    out(script)
    Story.objects.filter(pk=story.pk).update(status="previewing")
    make_takes(two[0].pk, "image", actor=owner, variants=3)
    run_due()
    assert sorted(ProviderCall.objects.values_list("key", flat=True)) == [
        f"image:{two[0].pk}:{n}" for n in range(3)
    ]
    script.poll = [MADE]
    go_on()
    two[0].refresh_from_db()
    assert (len(script.submitted), Take.objects.count(), two[0].image_take is not None) == (
        3,
        3,
        True,
    )


# Settling an unclear call


@pytest.fixture
def unclear(two, story, script, owner):
    """A preview whose first picture may have been paid."""
    script.submit = [Unclear("It may have been paid."), MADE]
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    return ProviderCall.objects.get(state="unclear")


@pytest.mark.parametrize("decide", [unclear_calls.not_charged, unclear_calls.write_off])
def test_a_decision_orders_nothing_again_and_the_scene_is_started_at_its_price(
    unclear, story, script, owner, manager, decide, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        decide(unclear, actor=manager, reason="seen in their list")
    for _ in range(3):
        go_on()
    assert len(script.submitted) == 2
    job = Job.objects.get(name="scene_preview", item=unclear.item)
    whole = Job.objects.get(name="story_preview")
    assert (job.status, job.error["code"], whole.status, whole.wait_for) == (
        "failed",
        "decided",
        "waiting",
        "person",
    )
    assert "Nothing is ordered again by itself" in str(whole.note)
    item = next(
        item for item in plan_generation(story, "image").items if str(item.scene_id) == unclear.item
    )
    assert (item.state, item.failed, item.price) == ("missing", True, Decimal("0.03"))

    with django_capture_on_commit_callbacks(execute=True):
        start_work(story.pk, "image", advance="never", actor=owner, confirm_total=Decimal("0.03"))
    go_on()
    assert (len(script.submitted), Job.objects.get(name="story_preview").status) == (3, "succeeded")


def test_a_task_that_is_attached_lands_although_its_job_is_gone(
    unclear, story, script, manager, django_capture_on_commit_callbacks
):
    queue.cancel(Job.objects.get(item=unclear.item).pk)
    script.poll = [MADE]
    with django_capture_on_commit_callbacks(execute=True):
        unclear_calls.attach_task(unclear, actor=manager, reason="found it", task_id="theirs")
    go_on()
    go_on()
    assert (len(script.submitted), states(story)) == (2, ["done", "done"])
    assert Job.objects.get(name="story_preview").status == "succeeded"


# The confirmed price


def test_a_price_that_rises_after_the_click_buys_nothing_and_asks(
    two, story, script, owner, django_capture_on_commit_callbacks
):
    """B7: three pictures confirmed at 0.09, then the price row is changed."""
    make_scene(story)
    apply_transition(story.pk, "generate_preview", actor=owner)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("3.00"))
    run_due()
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)
    jobs = Job.objects.filter(name="scene_preview")
    assert {(job.status, job.wait_for) for job in jobs} == {("waiting", "person")}
    words = (
        "It costs 3.00 USD now, and 0.03 USD was confirmed. Nothing was bought. Confirm "
        "the new price to go on."
    )
    assert {str(job.note) for job in jobs} == {words}
    whole = Job.objects.get(name="story_preview")
    assert (whole.status, whole.wait_for) == ("waiting", "person")
    plan = plan_generation(story, "image")
    assert [(item.state, item.will, item.price, str(item.why)) for item in plan.items] == [
        ("missing", True, 3, words)
    ] * 3

    with django_capture_on_commit_callbacks(execute=True):
        start_work(story.pk, "image", actor=owner, confirm_total=plan.total, plan_hash=plan.hash)
    run_due()
    assert (
        len(script.submitted),
        Job.objects.filter(name="scene_preview").count(),
        states(story),
    ) == (3, 3, ["done"] * 3)


@pytest.mark.parametrize("whole", [True, False], ids=["plan", "scene"])
def test_the_price_that_a_provider_asks_for_is_shown_and_may_be_confirmed(
    two, story, script, owner, whole, monkeypatch, django_capture_on_commit_callbacks
):
    """It was above what was confirmed, and the plan went on to show the price of the row: whoever
    confirmed that was asked again for ever.
    """
    Story.objects.filter(pk=story.pk).update(status="previewing")
    monkeypatch.setattr(ScriptedAdapter, "cancel_is_free", "queued", raising=False)
    script.submit = [Accepted("theirs", poll_in=0, quote=Decimal("0.30"))]
    script.poll = [Running(poll_in=1, queued=True), Refused("Cancelled.", kind=Refusal.FAILED)]
    make_takes(two[0].pk, "image", actor=owner, confirm_total=Decimal("0.03"))
    run_due()
    job = Job.objects.get()
    assert (job.status, job.wait_for, ProviderCall.objects.get().refusal) == (
        "waiting",
        "person",
        "price",
    )
    plan = plan_generation(story, "image", scene_ids=[two[0].pk])
    assert (plan.total, str(plan.items[0].why)[:20]) == (Decimal("0.30"), "It costs 0.30 USD no")
    with pytest.raises(PlanChanged):
        make_takes(two[0].pk, "image", actor=owner, confirm_total=Decimal("0.03"))

    script.submit = [Result(media=Bytes(picture()), cost=Decimal("0.30"))]
    confirmed = {"actor": owner, "confirm_total": Decimal("0.30")}
    with django_capture_on_commit_callbacks(execute=True):
        if whole:
            start_work(story.pk, "image", scene_ids=[two[0].pk], **confirmed)
        else:
            make_takes(two[0].pk, "image", **confirmed)
    run_due()
    assert [(call.state, call.cost) for call in ProviderCall.objects.order_by("attempt_no")] == [
        ("refused", 0),
        ("settled", Decimal("0.30")),
    ]
    assert (Job.objects.count(), states(story)) == (1, ["done", "missing"])


def test_a_price_that_falls_again_needs_nobody(two, story, script, owner):
    apply_transition(story.pk, "generate_preview", actor=owner)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("3.00"))
    run_due()
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("0.02"))
    Job.objects.filter(name="scene_preview").update(status="queued", wait_for="")
    run_due()
    assert (len(script.submitted), states(story)) == (2, ["done", "done"])


def test_the_new_price_is_confirmed_with_the_new_words(
    two, story, script, owner, django_capture_on_commit_callbacks
):
    from stories.services.scenes import edit

    Story.objects.filter(pk=story.pk).update(status="previewing")
    make_takes(two[0].pk, "image", actor=owner)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("0.05"))
    run_due()
    edit(two[0].pk, actor=owner, text="a boat at dusk")
    with django_capture_on_commit_callbacks(execute=True):
        make_takes(two[0].pk, "image", actor=owner, confirm_total=Decimal("0.05"))
    run_due()
    assert [request.prompt for request in script.submitted] == ["a boat at dusk"]
    assert states(story) == ["done", "missing"]


def test_redo_what_is_out_of_date_while_the_storys_job_waits_makes_it(
    two, story, script, owner, django_capture_on_commit_callbacks
):
    """The API answered 202 with the priced plan and made nothing."""
    from stories.services.scenes import edit

    script.submit = [MADE, Refused("No.", kind=Refusal.INVALID), MADE]
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    assert (Job.objects.get(name="story_preview").wait_for, len(script.submitted)) == ("person", 2)
    made = Scene.live.exclude(image_take=None).get()
    edit(made.pk, actor=owner, text="a boat at dusk")
    with django_capture_on_commit_callbacks(execute=True):
        _job, plan = start_work(
            story.pk,
            "image",
            advance="unless_begun",
            actor=owner,
            mode="stale",
            confirm_total=Decimal("0.03"),
        )
    run_due()
    assert (
        [item.scene_id for item in plan.todo],
        [request.prompt for request in script.submitted[2:]],
    ) == ([made.pk], ["a boat at dusk"])


@pytest.mark.django_db(transaction=True)
def test_decision_that_comes_before_the_job_knows_that_it_is_unclear_wakes_it(
    two, story, script, owner, monkeypatch
):
    """Found by the random kills: the call was decided, its job stayed unclear, and nobody was asked
    again.
    """
    advance = calls.advance
    owner.is_superuser = True

    def decided_at_once(*args, **values):
        try:
            return advance(*args, **values)
        except Unclear:
            unclear_calls.write_off(
                ProviderCall.objects.get(state="unclear"), actor=owner, reason="it is on the bill"
            )
            raise

    monkeypatch.setattr(calls, "advance", decided_at_once)
    script.submit = [Unclear("It may have been paid."), MADE]
    Story.objects.filter(pk=story.pk).update(status="previewing")
    make_takes(two[0].pk, "image", actor=owner)
    go_on()
    job = Job.objects.get()
    assert (job.status, job.error["code"], len(script.submitted)) == ("failed", "decided", 1)
    assert states(story)[0] == "missing"
    retried(job.pk, actor=owner)
    go_on()
    assert (len(script.submitted), Take.objects.count()) == (2, 1)


def test_a_job_that_ends_while_leftovers_are_looked_for_gets_no_collector(
    two, story, script, owner
):
    """The call was read as being out; when its jobs are read, its job has recorded the take."""
    out(script)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    ordered = Job.objects.exclude(name=JobName.SCENE_SEGMENT)  # made when a take is selected
    before = ordered.count()
    monkeypatch, not_followed = pytest.MonkeyPatch(), collecting.not_followed

    def meanwhile(found):
        found = list(found)
        monkeypatch.undo()
        script.poll = [MADE]
        go_on()
        return not_followed(found)

    monkeypatch.setattr(collecting, "not_followed", meanwhile)
    record_leftover_results()
    assert (Take.objects.count(), ordered.count()) == (2, before)
