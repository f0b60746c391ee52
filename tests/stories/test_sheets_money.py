"""Reference sheets hold the rules of money that the takes of scenes hold."""

from decimal import Decimal

import pytest
from django.utils import timezone

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from providers.adapters import Accepted, Bytes, Result, Running
from providers.enums import CallState, Refusal
from providers.errors import Conflict, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.services import unclear_calls
from stories.errors import GuardRefused, PlanChanged
from stories.handlers.paid_results import record_leftover_results
from stories.models import Look, SheetTake, Story
from stories.services import cast
from stories.services.retry import retry_job
from stories.services.sheet_generation import generate_sheet
from stories.services.transitions import apply_transition
from tests.pictures import picture
from tests.providers.scripted import ScriptedAdapter
from tests.stories.factories import first_look, make_story

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.03")
MADE = Result(media=Bytes(picture()), cost=PRICE)


@pytest.fixture
def story(owner, paid):
    return make_story(owner, status="planned", image_provider="paid", clip_provider="paid")


@pytest.fixture
def haru(story, owner):
    return cast.create_member(story.pk, actor=owner, name="Haru", description="a girl in red")


@pytest.fixture
def look(haru):
    return first_look(haru)


def go_on():
    """One round of everything that is due or only waits for its time."""
    ProviderCall.objects.filter(state="accepted").update(poll_after=timezone.now())
    Job.objects.filter(status=JobStatus.WAITING).exclude(wait_for=WaitFor.PERSON).update(
        status=JobStatus.QUEUED, wait_for=""
    )
    run_due()


def books():
    """The state and the amount of each call, and how many sheets there are."""
    rows = ProviderCall.objects.order_by("reserved_at")
    return [(row.state, row.cost or row.estimate) for row in rows], SheetTake.objects.count()


def out(script):
    """Every task is accepted and still runs at the provider."""
    numbers = iter(range(100))
    script.submit = [lambda: Accepted(f"task-{next(numbers)}", poll_in=60)]
    script.poll = [Running(poll_in=60)]


def set_aside(look, owner, what):
    if what == "member":
        cast.delete_member(look.member_id, actor=owner)
    else:
        cast.add_look(look.member_id, actor=owner, name="Winter")
        cast.delete_look(look.pk, actor=owner)


@pytest.mark.parametrize("what", ["member", "look"])
def test_sheet_of_what_was_set_aside_before_a_worker_came_is_not_bought(script, owner, look, what):
    (job,) = generate_sheet(look.pk, actor=owner).jobs
    set_aside(look, owner, what)
    run_due()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "look_gone")
    assert (script.submitted, books()) == ([], ([], 0))


@pytest.mark.parametrize("what", ["member", "look"])
def test_sheet_of_what_is_set_aside_while_it_is_out_is_collected_once(script, owner, look, what):
    out(script)
    generate_sheet(look.pk, actor=owner)
    run_due()
    set_aside(look, owner, what)
    script.poll = [MADE]
    for _ in range(3):
        go_on()
        record_leftover_results()
    assert len(script.submitted) == 1
    assert books() == ([(CallState.SETTLED, PRICE)], 1)
    if what == "member":
        cast.restore_member(look.member_id, actor=owner)
        assert Look.objects.get(pk=look.pk).sheet == SheetTake.objects.get()


@pytest.mark.moderate
def test_cancel_retry_and_a_second_start_while_the_task_is_out_buy_nothing(script, owner, look):
    out(script)
    (job,) = generate_sheet(look.pk, actor=owner).jobs
    run_due()
    queue.cancel(job.pk, actor=owner)
    with pytest.raises(GuardRefused):
        generate_sheet(look.pk, actor=owner)
    retry_job(job.pk, actor=owner)
    go_on()
    script.poll = [MADE]
    for _ in range(3):
        go_on()
        record_leftover_results()
    assert len(script.submitted) == 1
    assert books() == ([(CallState.SETTLED, PRICE)], 1)
    assert Look.objects.get(pk=look.pk).sheet is not None


def test_archived_while_the_task_is_out_it_lands_once_and_nothing_is_ordered(script, owner, look):
    out(script)
    generate_sheet(look.pk, actor=owner)
    run_due()
    story = look.member.story
    Story.objects.filter(pk=story.pk).update(status="completed")
    apply_transition(story.pk, "archive", actor=owner)
    script.poll = [MADE]
    for _ in range(3):
        record_leftover_results()
        go_on()
    assert len(script.submitted) == 1
    assert books() == ([(CallState.SETTLED, PRICE)], 1)
    with pytest.raises(GuardRefused):
        generate_sheet(look.pk, actor=owner)


def test_price_that_rose_between_click_and_call_stops_and_asks(script, owner, look):
    (job,) = generate_sheet(look.pk, actor=owner, confirm_total=PRICE).jobs
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("3.00"))
    run_due()
    job.refresh_from_db()
    assert (job.status, job.wait_for) == (JobStatus.WAITING, WaitFor.PERSON)
    assert (script.submitted, books()) == ([], ([], 0))


@pytest.mark.moderate
def test_unclear_sheet_blocks_the_next_and_is_decided_once(
    script, owner, manager, look, django_capture_on_commit_callbacks
):
    script.submit = [Unclear("The connection broke."), MADE]
    generate_sheet(look.pk, actor=owner)
    run_due()
    call = ProviderCall.objects.get()
    assert call.state == CallState.UNCLEAR
    with pytest.raises(GuardRefused):
        generate_sheet(look.pk, actor=owner)
    with django_capture_on_commit_callbacks(execute=True):
        unclear_calls.not_charged(call, actor=manager, reason="not on the bill")
    with pytest.raises(Conflict):
        unclear_calls.not_charged(call, actor=manager, reason="not on the bill")
    go_on()
    assert len(script.submitted) == 1, "a decision orders nothing"
    generate_sheet(look.pk, actor=owner)
    run_due()
    assert books() == ([(CallState.REFUSED, PRICE), (CallState.SETTLED, PRICE)], 1)


@pytest.mark.moderate
def test_refused_sheet_may_be_tried_again_and_is_paid_once(script, owner, look):
    script.submit = [Refused("Not these words.", kind=Refusal.INVALID), MADE]
    (job,) = generate_sheet(look.pk, actor=owner).jobs
    run_due()
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    retry_job(job.pk, actor=owner)
    run_due()
    assert [state for state, _cost in books()[0]] == [CallState.REFUSED, CallState.SETTLED]
    assert books()[1] == 1


def test_a_sheet_that_costs_more_by_now_is_confirmed_at_its_price(look, owner, script):
    """Its job waited for a person, who was told that it is being made already."""
    generate_sheet(look.pk, actor=owner, confirm_total=PRICE)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=Decimal("0.05"))
    run_due()
    assert Job.objects.values_list("status", "wait_for").get() == ("waiting", "person")
    with pytest.raises(PlanChanged):
        generate_sheet(look.pk, actor=owner, confirm_total=PRICE)
    generate_sheet(look.pk, actor=owner, confirm_total=Decimal("0.05"))
    go_on_with_asking()
    assert books() == ([("settled", PRICE)], 1)  # it was cheaper in the end
    assert Job.objects.count() == 1


@pytest.mark.moderate
def test_a_sheet_for_which_the_provider_asks_more_is_confirmed_at_its_price(
    look, owner, script, monkeypatch
):
    monkeypatch.setattr(ScriptedAdapter, "cancel_is_free", "queued", raising=False)
    script.submit = [Accepted("theirs", poll_in=0, quote=Decimal("0.30"))]
    script.poll = [Running(poll_in=1, queued=True), Refused("Cancelled.", kind=Refusal.FAILED)]
    generate_sheet(look.pk, actor=owner, confirm_total=PRICE)
    run_due()
    assert Job.objects.values_list("status", "wait_for").get() == ("waiting", "person")
    with pytest.raises(PlanChanged):
        generate_sheet(look.pk, actor=owner, confirm_total=PRICE)
    script.submit = [Result(media=Bytes(picture()), cost=Decimal("0.30"))]
    generate_sheet(look.pk, actor=owner, confirm_total=Decimal("0.30"))
    go_on_with_asking()
    assert books() == ([("refused", PRICE), ("settled", Decimal("0.30"))], 1)
    assert ProviderCall.objects.get(state="refused").cost == 0
    assert Job.objects.count() == 1


def go_on_with_asking():
    """The job that waited for a person goes on; the wake comes after the commit."""
    Job.objects.filter(wait_for=WaitFor.PERSON).update(status=JobStatus.QUEUED, wait_for="")
    run_due()
