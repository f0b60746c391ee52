"""Takes that a model looks at: planned, priced and confirmed calls, doubts by what it finds, and a
selection that never takes a doubtful take by itself.
"""

from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse

from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from providers import requests
from providers.adapters import Bytes, Result
from providers.enums import Refusal
from providers.errors import Refused, Unclear
from providers.models import OrganizationBudget, ProviderCall, ProviderModel
from providers.requests import CastReference, ImageRequest
from stories.errors import ApprovalNeeded, Forbidden, GuardRefused, Invalid, PlanChanged
from stories.handlers.paid_results import record_leftover_results
from stories.models import Approval, Confirmation, Scene, Story, Take, VisionCheck
from stories.services import checks, generation, stories, takes
from stories.services.plan import plan_generation
from stories.services.spend_requests import present
from stories.services.vision_checks import plan_vision_checks
from stories.services.vision_results import doubts_in
from tests.fakes import media
from tests.markup import flat
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story
from tests.stories.services.test_takes import RESULT, settled_call
from tests.stories.starts import make_takes, retried

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.02")
FITS = {"fits": True, "missing": [], "faces": [{"name": "Haru", "same": True}], "why": "As asked."}
UNFIT = {**FITS, "fits": False, "missing": ["a boat"], "why": "The sea is empty."}
OTHER = {**FITS, "faces": [{"name": "Haru", "same": False}]}
HIDDEN = {**FITS, "faces": [{"name": "Haru", "same": None}]}


def found(findings):
    return Result(data=findings, cost=PRICE)


@pytest.fixture
def story(owner, paid, script):
    ProviderModel.objects.create(
        provider_id="paid",
        name="eye",
        kind="text",
        unit="call",
        price=PRICE,
        capabilities={"vision": True},
    )
    script.submit = [found(FITS)]
    return make_story(owner, status="previewing", image_provider="paid", vision_provider="paid")


@pytest.fixture
def scene(story):
    return make_scene(story)


def put(name, content):
    if not storages["media"].exists(name):
        storages["media"].save(name, ContentFile(content))


def made(scene, *, number=0, cast=(), kind="image"):
    """A take as its call has brought it, with its file."""
    content = media.picture(320, 180, number) if kind == "image" else media.clip(1)
    digest = f"{number:x}{'a' * 63}"[:64]
    name = f"calls/{digest[:2]}/{digest}.{'png' if kind == 'image' else 'mp4'}"
    put(name, content)
    call = settled_call(scene, key=f"k{number}")
    call.request = requests.to_json(ImageRequest(prompt=scene.prompt.text, cast=list(cast)))
    call.result = {**RESULT, "file": name, "sha256": digest}
    call.save()
    return takes.record_take(call, scene=scene, kind=kind, prompt=scene.prompt, select=True)


def start(story, owner, **values):
    started, _plan = generation.start_vision_checks(story.pk, actor=owner, **values)
    return started.require().jobs


def now(take):
    return Take.objects.get(pk=take.pk)


def chosen(scene):
    return Scene.objects.get(pk=scene.pk).image_take


def states(story):
    plan = plan_vision_checks(Story.objects.get(pk=story.pk))
    return [(item.state, item.will, item.price) for item in plan.items]


def texts():
    """The calls that check takes: their state, cost and estimate."""
    rows = ProviderCall.objects.filter(kind="text").order_by("reserved_at")
    return [(row.state, row.cost, row.estimate) for row in rows]


@pytest.mark.moderate
def test_new_take_waits_and_is_selected_once_the_model_finds_nothing(story, scene, script, owner):
    take = made(scene)
    assert (take.doubts, chosen(scene), states(story)) == (
        "unchecked",
        None,
        [("unchecked", True, PRICE)],
    )
    (item,) = plan_generation(story, "image").items
    assert (item.state, str(item.why)[:43]) == (
        "blocked",
        "Its picture is not checked by the model yet",
    )
    (job,) = start(story, owner, confirm_total=PRICE)
    assert (job.name, job.item, job.data["action"], states(story)) == (
        "take_check",
        str(take.pk),
        "check_take",
        [("running", False, Decimal(0))],
    )
    confirmation = Confirmation.objects.get()
    assert (confirmation.kind, confirmation.total, confirmation.lines) == (
        "text",
        PRICE,
        {str(take.pk): {"price": "0.0200"}},
    )
    run_due()
    (asked,) = script.submitted
    assert (asked.task, asked.script, asked.model, [p.role for p in asked.pictures]) == (
        "check_picture",
        "a boat at dawn",
        "eye",
        ["picture"],
    )
    assert all(storages["media"].exists(shown.file) for shown in asked.pictures)
    assert (now(take).doubts, chosen(scene), VisionCheck.objects.get().findings) == (
        "",
        take,
        FITS,
    )
    assert texts() == [("settled", PRICE, PRICE)]
    assert (states(story), Job.objects.get().status) == ([], "succeeded")
    with pytest.raises(Invalid, match="There is no take to check"):
        start(story, owner)


@pytest.mark.parametrize(
    ("findings", "doubts"),
    [
        (FITS, ""),
        (HIDDEN, ""),
        (UNFIT, "unfit"),
        (OTHER, "other_face"),
        ({**OTHER, "fits": False}, "unfit other_face"),
    ],
)
def test_doubtful_take_is_never_selected_by_itself(findings, doubts, story, scene, script, owner):
    take = made(scene)
    script.submit = [found(findings)]
    start(story, owner)
    run_due()
    assert (now(take).doubts, chosen(scene)) == (doubts, None if doubts else take)
    if doubts:
        (item,) = plan_generation(story, "image").items
        assert "The automatic check has doubts" in str(item.why)
        takes.select_take(take.pk, actor=owner)
        assert chosen(scene) == take


def test_findings_that_say_nothing_are_a_doubt():
    assert doubts_in({}) == ["unfit"]
    assert doubts_in({"fits": True, "faces": None}) == []


def test_edited_take_is_compared_with_its_prompt_and_its_changes(story, scene, owner):
    first = made(scene)
    for number, words in ((1, "a red coat"), (2, "at night")):
        take = made(scene, number=number)
        Take.objects.filter(pk=take.pk).update(edited_from=first, edit={"words": words})
        first = now(take)
    request = plan_vision_checks(story).items[-1].request
    assert request is not None
    assert request.script == "a boat at dawn\nThen changed: a red coat\nThen changed: at night"


def test_sheets_of_characters_are_shown_with_a_clip_s_frames(story, scene, script, owner):
    put("sheets/haru.png", media.picture(64, 64, 5))
    cast = [
        CastReference("character", "Haru", "yellow coat", file="sheets/haru.png", sha256="b" * 64),
        CastReference("character", "Jonas"),
        CastReference("place", "Harbour", file="sheets/harbour.png", sha256="c" * 64),
    ]
    clip = made(scene, number=2, cast=cast, kind="clip")
    start(story, owner)
    run_due()
    shown = [(one.role, one.name, one.description) for one in script.submitted[0].pictures]
    assert shown == [("frame", "", "")] * 3 + [("character", "Haru", "yellow coat")]
    assert len({one.file for one in script.submitted[0].pictures}) == 4
    assert now(clip).doubts == ""


def test_story_without_a_model_is_as_before(story, scene, owner):
    Story.objects.update(vision_provider="")
    scene = Scene.objects.get(pk=scene.pk)
    take = made(scene)
    assert (take.doubts, chosen(scene), states(story)) == ("", take, [])


def test_take_about_which_the_rules_have_doubts_is_not_paid_for(story, scene, owner):
    take = made(scene)
    Take.objects.filter(pk=take.pk).update(doubts="black unchecked")
    assert states(story) == []
    with pytest.raises(Invalid):
        start(story, owner)


def test_rules_that_check_again_keep_what_the_model_found(story, scene):
    take = made(scene)
    take.doubts = "blurred unfit"
    good = {
        "version": checks.MEASURES,
        "luma": 240,
        "contrast": 200,
        "sharpness": 0.6,
        "letters": 0,
    }
    checks.record(take, {**good, "hash": "0f" * 32})
    assert now(take).doubts == "unfit"


def test_unchecked_takes_do_not_halt_a_batch(story, scene, settings):
    settings.HALT_AFTER_DOUBTFUL = 2
    first = made(scene, number=1)
    made(scene, number=2)
    assert checks.halt(scene, "image", since=story.created_at) is None
    Take.objects.update(doubts="unfit")
    assert checks.halt(scene, "image", since=story.created_at) is not None
    assert first.doubts == "unchecked"


def test_two_presses_at_once_make_one_job_and_one_call(story, scene, script, owner):
    made(scene)
    start(story, owner)
    with pytest.raises(Invalid):
        start(story, owner)
    run_due()
    assert (Job.objects.count(), len(script.submitted), len(texts())) == (1, 1, 1)


def test_another_price_and_another_person(story, scene, owner, colleague):
    made(scene)
    with pytest.raises(PlanChanged):
        start(story, owner, confirm_total=Decimal("0.01"))
    with pytest.raises(Forbidden):
        start(story, colleague)
    assert Job.objects.count() == 0


def test_price_that_rose_stops_and_goes_on_when_it_is_confirmed(story, scene, script, owner):
    take = made(scene)
    start(story, owner)
    ProviderModel.objects.filter(name="eye").update(price=Decimal("0.50"))
    run_due()
    assert (Job.objects.get().wait_for, script.submitted) == ("person", [])
    assert states(story) == [("unchecked", True, Decimal("0.50"))]
    start(story, owner, confirm_total=Decimal("0.50"))
    Job.objects.update(status="queued", wait_for="")  # the wake comes after the commit
    run_due()
    assert (Job.objects.count(), len(script.submitted), now(take).doubts) == (1, 1, "")


def test_dearer_than_a_person_may_start_alone_asks_a_second_person(story, scene, owner):
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal("0.03")})
    both = [made(scene, number=1), made(make_scene(story), number=2)]
    with pytest.raises(ApprovalNeeded):
        start(story, owner)
    asked = Approval.objects.get()
    assert (asked.kind, asked.total, asked.what) == (
        "text",
        2 * PRICE,
        {"vision": sorted(str(take.pk) for take in both)},
    )
    assert present(asked).hash == asked.plan_hash
    start(story, owner, scene_ids=[scene.pk])
    with pytest.raises(ApprovalNeeded):
        start(story, owner, scene_ids=[both[1].scene_id])


@pytest.mark.parametrize("kind", [Refusal.MODERATED, Refusal.INVALID])
@pytest.mark.moderate
def test_take_that_the_model_refuses_is_left_to_a_person(kind, story, scene, script, owner):
    take = made(scene)
    script.submit = [Refused("It is not allowed.", kind=kind)]
    (job,) = start(story, owner)
    run_due()
    assert (Job.objects.get().status, now(take).doubts, chosen(scene), states(story)) == (
        "failed",
        "uncheckable",
        None,
        [],
    )
    script.submit = [found(FITS)]
    retried(job.pk, actor=owner, confirm_total=PRICE)
    run_due()
    assert (now(take).doubts, chosen(scene)) == ("", take)
    assert [state for state, _cost, _estimate in texts()] == ["refused", "settled"]


def test_lost_answer_blocks_until_a_person_decides(story, scene, script, owner):
    take = made(scene)
    script.submit = [Unclear("The answer is lost.")]
    start(story, owner)
    run_due()
    assert (now(take).doubts, states(story)) == ("unchecked", [("blocked", False, Decimal(0))])
    with pytest.raises(GuardRefused, match=r"Nothing can be checked\. Scene 1: A call may have"):
        start(story, owner)
    run_due()
    assert len(script.submitted) == 1


@pytest.mark.parametrize("review", ["approved", "rejected"])
def test_take_that_a_person_has_reviewed_meanwhile_is_not_paid_for(
    review, story, scene, script, owner
):
    take = made(scene)
    start(story, owner)
    takes.review_take(take.pk, review_status=review, actor=owner, reason="seen")
    run_due()
    assert (script.submitted, Job.objects.get().status, chosen(scene)) == ([], "succeeded", None)


@pytest.mark.moderate
def test_what_a_person_decides_while_the_model_looks_stands(story, scene, script, owner):
    take, other = made(scene, number=1), made(scene, number=2)

    def submit():
        takes.select_take(other.pk, actor=owner)
        takes.review_take(take.pk, review_status="rejected", actor=owner, reason="no")
        return found(FITS)

    script.submit = [submit, found(FITS)]
    start(story, owner)
    run_due()
    assert (now(take).doubts, now(take).review_status, chosen(scene)) == ("", "rejected", other)


@pytest.mark.moderate
def test_check_that_was_paid_when_its_job_was_cancelled_is_recorded(story, scene, script, owner):
    take = made(scene)

    def submit():
        queue.cancel(Job.objects.get(name="take_check").pk, actor=owner)
        return found(UNFIT)

    script.submit = [submit]
    start(story, owner)
    run_due()
    record_leftover_results()
    run_due()
    assert (texts(), now(take).doubts) == ([("settled", PRICE, PRICE)], "unfit")
    assert (VisionCheck.objects.count(), len(script.submitted)) == (1, 1)


def test_take_of_a_deleted_scene_is_not_paid_for(story, scene, script, owner):
    from django.utils import timezone

    made(scene)
    start(story, owner)
    Scene.objects.filter(pk=scene.pk).update(deleted_at=timezone.now())
    run_due()
    assert (script.submitted, Job.objects.get().status, states(story)) == ([], "failed", [])


def test_connection_without_such_a_model_is_refused_in_words(story, owner):
    with pytest.raises(Invalid, match="has no model that looks at pictures"):
        stories.edit(story.pk, actor=owner, vision_provider="local")
    with pytest.raises(Invalid, match="There is no provider named"):
        stories.edit(story.pk, actor=owner, vision_provider="nowhere")
    stories.edit(story.pk, actor=owner, vision_provider="")
    assert stories.edit(story.pk, actor=owner, vision_provider="paid").vision_provider == "paid"


def test_model_that_has_gone_is_named(story, scene, owner):
    made(scene)
    Story.objects.update(vision_provider="")
    with pytest.raises(GuardRefused, match="Choose a connection for checking takes"):
        start(story, owner)
    Story.objects.update(vision_provider="gone")
    with pytest.raises(GuardRefused, match="There is no provider named"):
        start(story, owner)


@pytest.mark.moderate
def test_picture_that_is_made_and_checked(story, scene, script, owner):
    script.submit = [
        Result(media=Bytes(picture()), cost=Decimal("0.03")),
        found(FITS),
    ]
    make_takes(scene.pk, "image", actor=owner)
    run_due()
    assert (Take.objects.get().doubts, chosen(scene)) == ("unchecked", None)
    start(story, owner)
    run_due()
    assert chosen(scene) == Take.objects.get()
    costs = [(row.kind, row.cost) for row in ProviderCall.objects.order_by("reserved_at")]
    assert costs == [("image", Decimal("0.03")), ("text", PRICE)]


@pytest.mark.parametrize("count", [1, 3])
def test_plan_asks_as_often_for_one_take_as_for_many(story, count, django_assert_num_queries):
    for number in range(count):
        made(make_scene(story), number=number)
    with django_assert_num_queries(5):
        plan = plan_vision_checks(story)
    assert [item.price for item in plan.todo] == [PRICE] * count


@pytest.mark.moderate
def test_page_and_api_start_it_by_the_same_service(story, scene, script, owner, client):
    take = made(scene)
    script.submit = [found(UNFIT)]
    client.force_login(owner)
    address = f"/admin/stories/story/{story.pk}/board/checks/"
    page = client.get(address, {"scene": scene.key}).content.decode()
    assert 'name="confirm_total" value="0.0200"' in page
    assert "Check with a model…" in client.get(address.replace("checks/", "")).content.decode()
    assert client.post(address, {"scene": scene.key, "confirm_total": "0.01"}).status_code == 409
    assert client.post(address, {"scene": scene.key, "confirm_total": "0.0200"}).status_code == 302
    run_due()
    shown = flat(client.get(f"/admin/stories/story/{story.pk}/board/scenes/{scene.pk}/"))
    assert "The automatic check: does not fit the prompt." in shown
    assert "“The sea is empty.”" in shown
    assert f'Missing: <span lang="{story.language}">a boat</span>' in shown
    assert "Haru: the face of the reference sheet" in shown
    client.cookies["django_language"] = "ko"
    korean = client.get(f"/admin/stories/story/{story.pk}/board/scenes/{scene.pk}/")
    for words in ("프롬프트와 맞지 않음", "Haru: 참조 시트와 같은 얼굴"):
        assert words in korean.content.decode()
    del client.cookies["django_language"]
    found_out = client.get(f"/api/ai-video/takes/{take.pk}/").json()["check"]
    assert {name: value for name, value in found_out.items() if name != "created_at"} == {
        "fits": False,
        "missing": ["a boat"],
        "why": "The sea is empty.",
        "faces": [{"name": "Haru", "same": True}],
        "version": 1,
        "cost": "0.0200",
    }
    assert "There is no take to check." in client.get(address).content.decode()
    assert now(take).doubts == "unfit"


@pytest.mark.moderate
def test_api_plans_and_starts(story, scene, script, owner, client):
    take = made(scene)
    client.force_login(owner)
    address, kind = f"/api/ai-video/stories/{story.pk}/take_checks/", "application/json"
    plan = client.post(f"{address}?plan=1", {}, content_type=kind)
    assert (plan.status_code, plan.json()["total"], plan.json()["jobs"]) == (200, "0.0200", [])
    (item,) = plan.json()["items"]
    assert (item["take_id"], item["state"], item["will"]) == (str(take.pk), "unchecked", True)
    assert client.post(address, {}, content_type=kind).status_code == 409
    answer = client.post(address, {"confirm_total": "0.0200"}, content_type=kind)
    assert (answer.status_code, [job["name"] for job in answer.json()["jobs"]]) == (
        202,
        ["take_check"],
    )
    assert client.post(address, {}, content_type=kind).status_code == 422
    run_due()
    assert chosen(scene) == take


@pytest.mark.moderate
def test_form_offers_connections_that_have_such_a_model(story, owner, client):
    client.force_login(owner)
    address = reverse("admin:stories_story_edit", args=[story.pk])
    form = client.get(address).context["adminform"].form
    offered = [value for value, _label in form.fields["vision_provider"].choices]
    assert offered == ["", "paid"]
