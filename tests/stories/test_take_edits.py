"""Edits of takes: planned with their price, made once, recorded as takes of the scene."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from providers.adapters import Accepted, Bytes, Result, Running
from providers.enums import CallState
from providers.errors import Unclear
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.requests import MaskShape, from_json
from providers.services.configs import organization_budget
from stories.api.outputs.approvals import approval_out
from stories.enums import EditTask
from stories.errors import ApprovalNeeded, Conflict, Forbidden, GuardRefused, Invalid, PlanChanged
from stories.handlers.paid_results import record_leftover_results
from stories.models import Approval, Scene, Story, Take
from stories.selectors import spending
from stories.services import approval_decisions, scenes
from stories.services.edit_generation import edit_take
from stories.services.edit_plan import choices, order
from stories.services.fingerprints import is_stale
from stories.services.plan import plan_generation
from stories.services.retry import retry_job
from stories.services.spend_requests import fits
from stories.services.takes import review_take, select_take
from tests.fakes.media import clip as clip_of
from tests.fakes.runway import Runway
from tests.pictures import picture
from tests.providers.real import configure
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.05")
LEFT = [MaskShape([(0, 0), (500, 1000)])]


@pytest.fixture
def story(owner):
    return make_story(owner, status="previewing", duration_seconds=14)


@pytest.fixture
def scene(story):
    return make_scene(story, text="등대가 있는 바다, 낮", text_en="a lighthouse at the sea by day")


@pytest.fixture
def take(scene):
    return make_take(scene, content=picture(), width=1280, height=720, provider="local")


def alone(limit):
    """How much everybody may start alone, in USD."""
    money = organization_budget()
    money.plan_limit = Decimal(limit)
    money.save()


@pytest.fixture
def seller(paid):
    """A provider whose answers are scripted, with a model that changes and one that upscales."""
    for name, tasks, price in (
        ("brush", ["change", "mask"], PRICE),
        ("loupe", ["upscale"], "0.40"),
    ):
        ProviderModel.objects.create(
            provider=paid,
            kind="image",
            name=name,
            unit="image",
            price=Decimal(price),
            capabilities={"tasks": tasks},
        )
    return paid.provider


def sell_drafts(config):
    """A model of the connection that makes drafts and one that finishes them."""
    made, finished = {"draft": True}, {"tasks": ["finish"]}
    for name, price, capabilities in (("sketch", "0.06", made), ("final", "0.45", finished)):
        ProviderModel.objects.create(
            provider=config,
            kind="clip",
            name=name,
            unit="second",
            price=Decimal(price),
            options={"text_to_video": True},
            capabilities=capabilities,
        )


def make_draft(scene, config, *, model="sketch", **values):
    """A clip of seven seconds that the connection has made; it came a little shorter."""
    call = ProviderCall.objects.create(
        provider=config,
        kind="clip",
        model=model,
        key=f"{model} {ProviderCall.objects.count()}",
        unit_price=Decimal("0.06"),
        units=7,
        estimate=Decimal("0.42"),
        cost=Decimal("0.42"),
        **{"state": "settled", "task_id": "t0", "sending_at": timezone.now()} | values,
    )
    return make_take(
        scene, "clip", provider=config.provider, model=model, call=call, duration_ms=6960
    )


def change(take, owner, **values):
    return edit_take(take.pk, actor=owner, **{"task": "change", "words": "make it night"} | values)


def go_on():
    """One round of everything that is due or only waits for its time."""
    ProviderCall.objects.filter(state="accepted").update(poll_after=timezone.now())
    Job.objects.filter(status=JobStatus.WAITING).exclude(wait_for=WaitFor.PERSON).update(
        status=JobStatus.QUEUED, wait_for=""
    )
    run_due()


def wanted(take, **values):
    return order(take, **{"task": "change", "words": "make it night"} | values)


def listed(take, **values):
    found = choices(Take.objects.select_related("scene__story", "prompt").get(pk=take.pk), **values)
    return [(plan.value, plan.price, str(plan.why)) for plan in found]


# What may be asked for


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"task": "extend", "words": ""}, "task"),
        ({"task": "paint"}, "task"),
        ({"words": " \u200b"}, "words"),
        ({"words": "x" * 1001}, "words"),
        ({"words_en": "x" * 1001}, "words_en"),
        ({"task": "upscale"}, "words"),
        ({"task": "upscale", "words": "", "mask": LEFT}, "mask"),
        ({"task": "finish", "words": ""}, "task"),
        ({"seconds": 5}, "seconds"),
        ({"model": "brush"}, "provider"),
        ({"mask": [MaskShape([(0, 0), (0, 500)])]}, "mask"),
        ({"mask": [MaskShape([(0, 0)])]}, "mask"),
        ({"mask": [MaskShape([])]}, "mask"),
        ({"mask": [MaskShape([(0, 0), (1001, 500)])]}, "mask"),
        ({"mask": [MaskShape([(-1, 0), (500, 500)])]}, "mask"),
        ({"mask": [MaskShape([(5, 5)], brush=1001)]}, "mask"),
        ({"mask": LEFT * 101}, "mask"),
        ({"mask": [MaskShape([(5, 5)] * 4001, brush=9)]}, "mask"),
    ],
)
def test_order_that_makes_no_sense_names_its_field(take, values, field):
    with pytest.raises(Invalid) as wrong:
        wanted(take, **values)
    assert wrong.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [({"words": "faster"}, "words"), ({"mask": LEFT}, "mask"), ({"seconds": 5}, "seconds")],
)
def test_draft_is_finished_as_it_is(scene, values, field):
    clip = make_take(scene, "clip")
    with pytest.raises(Invalid) as wrong:
        order(clip, task="finish", **values)
    assert wrong.value.field == field
    assert order(clip, task="finish").task == EditTask.FINISH


def test_clip_is_extended_by_one_to_thirty_seconds(scene):
    clip = make_take(scene, "clip")
    for seconds in (0, 31):
        with pytest.raises(Invalid):
            order(clip, task="extend", seconds=seconds)
    assert order(clip, task="extend").seconds == 5
    assert order(clip, task="extend", seconds=30).seconds == 30


# Who does it, and for how much


def test_models_that_do_it_are_listed_with_their_price(take, seller):
    assert listed(take, wanted=wanted(take)) == [
        ("local:", Decimal(0), ""),
        ("paid:brush", PRICE, ""),
    ]
    assert listed(take, wanted=wanted(take, task="upscale", words="")) == [
        ("paid:loupe", Decimal("0.40"), "")
    ]


def test_model_that_is_switched_off_or_of_a_paused_setup_is_not_offered(take, seller):
    ProviderModel.objects.filter(name="brush").update(is_active=False)
    assert [value for value, *_ in listed(take, wanted=wanted(take))] == ["local:"]
    AIProviderConfig.objects.filter(provider=seller).update(is_active=False)
    assert listed(take, wanted=wanted(take, task="upscale", words="")) == []


def test_upscale_without_a_model_is_refused_in_words(take, owner):
    with pytest.raises(Invalid, match="No model in use upscales this"):
        edit_take(take.pk, actor=owner, task="upscale")
    with pytest.raises(Invalid, match="has no model in use"):
        change(take, owner, provider="local", model="nothing")
    assert not ProviderCall.objects.exists()


def test_listing_takes_the_same_queries_for_one_model_and_for_many(
    take, seller, django_assert_max_num_queries
):
    config = AIProviderConfig.objects.get(provider=seller)
    for number in range(20):
        ProviderModel.objects.create(
            provider=config,
            kind="image",
            name=f"m{number}",
            unit="image",
            price=PRICE,
            capabilities={"tasks": ["change"]},
        )
    loaded = Take.objects.select_related("scene__story", "prompt").get(pk=take.pk)
    with django_assert_max_num_queries(7):
        assert len(choices(loaded, wanted(take))) == 22


# What is made


@pytest.mark.moderate
def test_local_change_gives_another_take_and_leaves_the_first_as_it_is(take, scene, owner):
    start = change(take, owner, reason="too bright")
    assert start.total == 0
    run_due()
    edited = Take.objects.exclude(pk=take.pk).get()
    assert (edited.kind, edited.edited_from, edited.reason) == ("image", take, "too bright")
    assert edited.edit["task"] == "change"
    assert edited.edit["words"] == "make it night"
    assert edited.input_hash == take.input_hash
    assert edited.sha256 != take.sha256
    assert Job.objects.get(pk=start.jobs[0].pk).status == JobStatus.SUCCEEDED
    before = Take.objects.get(pk=take.pk)
    assert (before.file, before.sha256, before.edit) == (take.file, take.sha256, {})
    # A person compares and selects it.
    assert Scene.objects.get(pk=scene.pk).image_take == take
    select_take(edited.pk, actor=owner)
    assert Scene.objects.get(pk=scene.pk).image_take == edited


@pytest.mark.moderate
def test_edited_take_is_stale_exactly_when_the_take_it_began_with_would_be(
    story, take, scene, owner
):
    change(take, owner)
    run_due()
    edited = Take.objects.exclude(pk=take.pk).get()
    now = Scene.objects.select_related("prompt").get(pk=scene.pk)
    assert not is_stale(story, now, edited)
    scenes.edit(scene.pk, actor=owner, text="눈 덮인 산")
    now = Scene.objects.select_related("prompt").get(pk=scene.pk)
    assert is_stale(story, now, edited)
    assert is_stale(story, now, take)


@pytest.mark.moderate
def test_edit_of_an_upload_is_never_stale(story, scene, owner):
    own = make_take(scene, content=picture(), source="uploaded", input_hash="", provider="")
    change(own, owner)
    run_due()
    scenes.edit(scene.pk, actor=owner, text="눈 덮인 산")
    edited = Take.objects.exclude(pk=own.pk).get()
    assert not is_stale(story, Scene.objects.select_related("prompt").get(pk=scene.pk), edited)


@pytest.mark.moderate
def test_edit_of_an_edit_stands_for_the_scene_as_the_first_take_does(take, scene, owner):
    change(take, owner)
    run_due()
    first = Take.objects.exclude(pk=take.pk).get()
    change(first, owner, words="and add a moon")
    run_due()
    second = Take.objects.get(edited_from=first)
    assert second.made_as == first.made_as == (take.provider, take.model)
    assert second.input_hash == take.input_hash


@pytest.mark.moderate
def test_negative_prompt_that_the_first_model_did_not_use_makes_no_edit_stale(
    story, take, scene, owner
):
    """The fields that count are those of the model that made the picture, not of the editor."""
    Take.objects.filter(pk=take.pk).update(provider="runway_ml", model="gen4_image")
    take.refresh_from_db()
    change(take, owner)
    run_due()
    edited = Take.objects.get(edited_from=take)
    scenes.edit(scene.pk, actor=owner, negative="people")
    now = Scene.objects.select_related("prompt").get(pk=scene.pk)
    assert is_stale(story, now, take) == is_stale(story, now, edited) is False


def test_mask_and_words_reach_the_request(take, owner, seller, script):
    script.submit = [Result(media=Bytes(picture()), cost=PRICE)]
    change(take, owner, provider=seller, mask=LEFT, words_en="by night", confirm_total=PRICE)
    run_due()
    request = from_json(ProviderCall.objects.get().request)
    assert (request.prompt, request.prompt_en, request.model) == (
        "make it night",
        "by night",
        "brush",
    )
    assert request.edit.mask == LEFT
    assert (request.edit.file, request.edit.sha256) == (take.file, take.sha256)
    assert (request.edit.width, request.edit.height, request.edit.seed) == (1280, 720, take.seed)
    assert "lighthouse" in request.edit.about_en
    assert request.cast == []


# Money


def test_price_is_confirmed_counted_and_paid_once(take, owner, story, seller, script):
    script.submit = [Result(media=Bytes(picture()), cost=PRICE)]
    with pytest.raises(PlanChanged):
        change(take, owner, provider=seller, confirm_total=Decimal("0.04"))
    assert not Job.objects.exists()
    change(take, owner, provider=seller, confirm_total=PRICE)
    assert spending.started_today(story, owner) == PRICE
    with pytest.raises(GuardRefused, match="being made already"):
        change(take, owner, provider=seller, confirm_total=PRICE)
    run_due()
    assert [(call.state, call.cost) for call in ProviderCall.objects.all()] == [("settled", PRICE)]
    (edited,) = Take.objects.exclude(pk=take.pk)
    assert (edited.cost, edited.provider, edited.model) == (PRICE, "paid", "brush")


def test_other_words_or_another_mask_are_another_edit(take, owner, seller):
    change(take, owner, provider=seller, confirm_total=PRICE)
    change(take, owner, provider=seller, confirm_total=PRICE, words="make it day")
    change(take, owner, provider=seller, confirm_total=PRICE, mask=LEFT)
    change(take, owner)
    assert len(set(Job.objects.values_list("unique_key", flat=True))) == 4


def test_unclear_edit_blocks_further_edits_of_the_take_and_nothing_else(
    take, owner, story, scene, seller, script
):
    script.submit = [Unclear("lost")]
    change(take, owner, provider=seller, confirm_total=PRICE)
    run_due()
    assert ProviderCall.objects.get().state == CallState.UNCLEAR
    with pytest.raises(GuardRefused, match="may have been paid"):
        change(take, owner, words="make it day")
    assert plan_generation(story, "image").items[0].state == "done"
    run_due()
    assert ProviderCall.objects.count() == 1


@pytest.mark.moderate
def test_dearer_than_a_person_may_start_alone_waits_for_a_second_person(
    take, owner, manager, story, seller, script
):
    script.submit = [Result(media=Bytes(picture()), cost=PRICE)]
    alone("0.01")
    start = change(take, owner, provider=seller, confirm_total=PRICE)
    with pytest.raises(ApprovalNeeded):
        start.require()
    row = Approval.objects.get()
    assert (row.total, row.lines[0]["position"]) == (PRICE, 1)
    assert [(line.scene_id, line.position) for line in approval_out(row).lines] == [
        (take.scene_id, 1)
    ]
    assert fits(row)
    approval_decisions.decide(row.pk, actor=manager, approve=True)
    assert not change(take, owner, provider=seller, confirm_total=PRICE).stopped
    run_due()
    assert Take.objects.filter(edited_from=take).count() == 1


@pytest.mark.moderate
def test_edits_add_up_in_what_a_person_starts_alone(take, owner, story, seller, script):
    script.submit = [Result(media=Bytes(picture()), cost=PRICE)]
    alone("0.12")
    for words in ("one", "two"):
        change(take, owner, provider=seller, words=words, confirm_total=PRICE)
    assert spending.started_today(story, owner) == 2 * PRICE
    run_due()
    assert spending.started_today(story, owner) == 2 * PRICE
    assert change(take, owner, provider=seller, words="three", confirm_total=PRICE).stopped


@pytest.mark.moderate
def test_price_that_rose_before_a_worker_came_waits_for_a_person(
    take, owner, seller, script, django_capture_on_commit_callbacks
):
    script.submit = [Result(media=Bytes(picture()), cost=PRICE)]
    (job,) = change(take, owner, provider=seller, confirm_total=PRICE).jobs
    ProviderModel.objects.filter(name="brush").update(price=Decimal("0.09"))
    run_due()
    job = Job.objects.get(pk=job.pk)
    assert (job.status, job.wait_for) == (JobStatus.WAITING, "person")
    assert not ProviderCall.objects.filter(state=CallState.SETTLED).exists()
    # Another edit that is confirmed at a higher price does not confirm this one.
    change(take, owner, provider=seller, words="make it day", confirm_total=Decimal("0.09"))
    run_due()
    assert Job.objects.get(pk=job.pk).status == JobStatus.WAITING
    # Starting it again at its price now does.
    with django_capture_on_commit_callbacks(execute=True):
        again = change(take, owner, provider=seller, confirm_total=Decimal("0.09"))
    assert again.jobs == [job]
    run_due()
    assert Job.objects.get(pk=job.pk).status == JobStatus.SUCCEEDED
    assert Take.objects.filter(edited_from=take).count() == 2


def test_result_of_a_job_that_was_stopped_is_collected(take, owner, seller, script):
    script.submit = [Accepted("t1", poll_in=60)]
    script.poll = [Running(poll_in=60)]
    (job,) = change(take, owner, provider=seller, confirm_total=PRICE).jobs
    run_due()
    Job.objects.filter(pk=job.pk).delete()
    script.poll = [Result(media=Bytes(picture()), cost=PRICE)]
    ProviderCall.objects.update(poll_after=timezone.now())
    record_leftover_results()
    go_on()
    (edited,) = Take.objects.exclude(pk=take.pk)
    assert (edited.edited_from, edited.input_hash) == (take, take.input_hash)
    record_leftover_results()
    assert Take.objects.count() == 2


@pytest.mark.moderate
def test_failed_edit_can_be_tried_again_at_its_price(take, owner, seller, script):
    script.submit = [Unclear("lost")]
    (job,) = change(take, owner, provider=seller, confirm_total=PRICE).jobs
    run_due()
    call = ProviderCall.objects.get()
    ProviderCall.objects.filter(pk=call.pk).update(state=CallState.REFUSED)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    script.submit = [Result(media=Bytes(picture()), cost=PRICE)]
    with pytest.raises(PlanChanged):
        retry_job(job.pk, actor=owner, confirm_total=Decimal("0.01"))
    retry_job(job.pk, actor=owner, confirm_total=PRICE)
    run_due()
    assert Take.objects.filter(edited_from=take).count() == 1


# Drafts

FINISH = {"task": "finish", "words": ""}
FINAL = Decimal("3.15")


@pytest.fixture
def draft(scene, paid):
    sell_drafts(paid)
    return make_draft(scene, paid)


def ledger():
    calls = ProviderCall.objects.exclude(task_id="t0").order_by("reserved_at")
    return list(calls.values_list("provider_id", "model", "state", "units", "cost"))


@pytest.mark.moderate
def test_draft_is_finished_once_for_the_length_that_was_ordered(draft, scene, owner, script):
    script.submit = [Accepted("t1", poll_in=60)]
    script.poll = [Result(media=Bytes(clip_of(7)), cost=FINAL)]
    assert listed(draft, wanted=order(draft, task="finish")) == [("paid:final", FINAL, "")]
    with pytest.raises(PlanChanged):
        edit_take(draft.pk, actor=owner, task="finish", confirm_total=Decimal("3.14"))
    edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL, reason="good")
    with pytest.raises(GuardRefused, match="being made already"):
        edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL)
    run_due()
    go_on()
    assert ledger() == [("paid", "final", "settled", 7, FINAL)]
    request = from_json(ProviderCall.objects.get(model="final").request)
    assert (request.edit.task, request.edit.draft, request.edit.drafted_at) == (
        "finish",
        "t0",
        draft.call.sending_at.isoformat(),
    )
    assert (request.duration_ms, request.edit.duration_ms) == (7000, 6960)
    (made,) = Take.objects.exclude(pk=draft.pk)
    assert (made.edited_from, made.edit["task"], made.cost, made.reason) == (
        draft,
        "finish",
        FINAL,
        "good",
    )
    assert made.input_hash == draft.input_hash
    assert Take.objects.get(pk=draft.pk).sha256 == draft.sha256
    assert Scene.objects.get(pk=scene.pk).clip_take == draft  # until a person selects another
    # A finished draft is no draft.
    assert listed(made, wanted=order(made, task="finish")) == []


@pytest.mark.moderate
def test_final_whose_job_was_killed_is_collected_and_not_bought_again(draft, owner, script):
    script.submit = [Accepted("t1", poll_in=60)]
    script.poll = [Running(poll_in=60)]
    (job,) = edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL).jobs
    run_due()
    Job.objects.filter(pk=job.pk).delete()
    script.poll = [Result(media=Bytes(clip_of(7)), cost=FINAL)]
    ProviderCall.objects.filter(state="accepted").update(poll_after=timezone.now())
    record_leftover_results()
    go_on()
    record_leftover_results()
    assert ledger() == [("paid", "final", "settled", 7, FINAL)]
    (made,) = Take.objects.exclude(pk=draft.pk)
    assert (made.edited_from, made.cost) == (draft, FINAL)


def test_lost_answer_of_a_final_is_not_sent_again(draft, owner, script):
    script.submit = [Unclear("lost")]
    edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL)
    run_due()
    with pytest.raises(GuardRefused, match="may have been paid"):
        edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL)
    run_due()
    assert ledger() == [("paid", "final", "unclear", 7, None)]


def test_final_that_is_dearer_than_a_person_may_start_alone_is_approved(
    draft, owner, manager, script
):
    script.submit = [Result(media=Bytes(clip_of(7)), cost=FINAL)]
    alone("3")
    assert edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL).stopped
    row = Approval.objects.get()
    assert (row.total, fits(row)) == (FINAL, True)
    approval_decisions.decide(row.pk, actor=manager, approve=True)
    assert not edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL).stopped
    run_due()
    assert ledger() == [("paid", "final", "settled", 7, FINAL)]


def test_clip_that_is_no_draft_is_not_offered_to_be_finished(draft, scene, paid, owner):
    other = make_draft(scene, paid, model="usual", task_id="t1")
    uploaded = make_take(scene, "clip", source="uploaded", provider="")
    for clip in (other, uploaded):
        assert listed(clip, wanted=order(clip, task="finish")) == []
        with pytest.raises(Invalid, match="not a draft that a model in use finishes"):
            edit_take(clip.pk, actor=owner, task="finish", confirm_total=FINAL)
    assert not Job.objects.exists()


def test_only_the_connection_that_made_a_draft_finishes_it(draft, owner, settings):
    other = AIProviderConfig.objects.get(provider="runway_ml")
    AIProviderConfig.objects.filter(pk=other.pk).update(is_active=True)
    sell_drafts(other)
    assert listed(draft, wanted=order(draft, task="finish")) == [("paid:final", FINAL, "")]
    with pytest.raises(Invalid, match="has no model in use that does this"):
        edit_take(draft.pk, actor=owner, task="finish", provider="runway_ml", model="final")
    assert not Job.objects.exists()


def test_draft_that_has_expired_says_so_and_is_not_sent(scene, owner, settings, clock):
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"runway_ml": Runway.key}
    with Runway() as fake:
        configure("runway_ml", fake)
        config = AIProviderConfig.objects.get(provider="runway_ml")
        sell_drafts(config)
        draft = make_draft(scene, config)
        (job,) = edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL).jobs
        clock.forward(days=7)
        run_due()  # the job was started in time and does not send it either
        assert Job.objects.get(pk=job.pk).status == JobStatus.FAILED
        assert ledger() == [("runway_ml", "final", "refused", 7, 0)]
        words = (
            "The draft is more than 7 days old, and Runway finishes no older one. Make a new draft."
        )
        assert listed(draft, wanted=order(draft, task="finish")) == [
            ("runway_ml:final", None, words)
        ]
        with pytest.raises(GuardRefused, match="more than 7 days old"):
            edit_take(draft.pk, actor=owner, task="finish", confirm_total=FINAL)
        assert fake.orders == []


# Permission and state


def test_only_the_owner_edits_and_only_while_takes_are_made(take, owner, story):
    with pytest.raises(Forbidden):
        change(take, User.objects.create_user("guest"))
    Story.objects.filter(pk=story.pk).update(status="archived")
    with pytest.raises(GuardRefused):
        change(take, owner)
    assert not Job.objects.exists()


def test_take_of_a_deleted_scene_is_not_edited(take, owner, scene, seller):
    (job,) = change(take, owner, provider=seller, confirm_total=PRICE).jobs
    Scene.objects.filter(pk=scene.pk).update(deleted_at=timezone.now())
    with pytest.raises(Conflict):
        change(take, owner, words="make it day")
    run_due()
    assert Job.objects.get(pk=job.pk).status == JobStatus.FAILED
    assert not ProviderCall.objects.exists()


@pytest.mark.moderate
def test_edit_is_selected_by_itself_only_where_the_scene_has_no_usable_take(take, owner, scene):
    review_take(take.pk, review_status="rejected", reason="blurred", actor=owner)
    change(take, owner)
    run_due()
    edited = Take.objects.get(edited_from=take)
    assert Scene.objects.get(pk=scene.pk).image_take == edited
    assert EditTask(edited.edit["task"]) is EditTask.CHANGE
