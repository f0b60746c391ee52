"""Korean prompts in English: planned, priced and confirmed calls, and English that is out of date
says so.
"""

from decimal import Decimal

import pytest

from jobs.models import Job
from jobs.runner import run_due
from providers.adapters import Result
from providers.models import AIProviderConfig, ProviderCall
from stories.errors import ApprovalNeeded, Forbidden, GuardRefused, Invalid, PlanChanged
from stories.models import Approval, Confirmation, Scene, Story
from stories.services import scene_splits, scenes
from stories.services.english import plan_english
from stories.services.fingerprints import english_of, image_request, is_english_outdated
from stories.services.plan import plan_generation
from stories.services.spend_requests import present
from tests.stories.factories import make_scene, make_story
from tests.stories.starts import put_into_english, retried

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.05")
TEXT = "밤바다의 등대"


@pytest.fixture
def story(owner, paid, script):
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=PRICE)
    script.submit = [Result(data={"text": "a lighthouse by the sea at night"}, cost=PRICE)]
    return make_story(
        owner,
        status="planned",
        planner_provider="paid",
        image_provider="paid",
        clip_provider="paid",
    )


def prompt_of(scene):
    return Scene.objects.select_related("prompt").get(pk=scene.pk).prompt


def states(story, **values):
    return [
        (item.state, item.will, item.price)
        for item in plan_english(Story.objects.get(pk=story.pk), **values).items
    ]


def test_prompts_without_english_are_planned_priced_and_put_into_english(story, script, owner):
    korean, done, english = (
        make_scene(story, text=TEXT),
        make_scene(story, text="배", text_en="a boat"),
        make_scene(story, text="a boat"),
    )
    assert states(story) == [("missing", True, PRICE), ("done", False, 0), ("done", False, 0)]
    (job,), plan = put_into_english(story.pk, actor=owner, confirm_total=PRICE)
    assert (
        plan.total,
        job.name,
        job.item,
        job.data["action"],
        job.data["parameters"]["price"],
    ) == (PRICE, "scene_english", korean.key, "to_english", "0.0500")
    confirmation = Confirmation.objects.get()
    assert (confirmation.kind, confirmation.total, confirmation.lines[korean.key]["price"]) == (
        "text",
        PRICE,
        "0.0500",
    )
    assert states(story)[0] == ("running", False, 0)
    run_due()
    (asked,), now = script.submitted, prompt_of(korean)
    assert (asked.task, asked.script, asked.language) == ("to_english", TEXT, story.language)
    assert (now.text, now.text_en, now.english_by_model, is_english_outdated(now)) == (
        TEXT,
        "a lighthouse by the sea at night",
        True,
        False,
    )
    call = ProviderCall.objects.get()
    assert (call.kind, call.cost, call.price_limit, call.key) == (
        "text",
        PRICE,
        PRICE,
        f"text:{korean.key}:0",
    )
    assert states(story)[0] == ("done", False, 0)
    assert (prompt_of(done).text_en, prompt_of(english).text_en) == ("a boat", "")
    with pytest.raises(Invalid, match="nothing to put into English"):
        put_into_english(story.pk, actor=owner)


def test_another_price_and_another_person(story, owner, colleague):
    make_scene(story, text=TEXT)
    with pytest.raises(PlanChanged):
        put_into_english(story.pk, actor=owner, confirm_total=Decimal("0.04"))
    with pytest.raises(Forbidden):
        put_into_english(story.pk, actor=colleague)
    assert Job.objects.count() == 0


def test_price_that_rose_stops_and_goes_on_when_it_is_confirmed(story, script, owner):
    scene = make_scene(story, text=TEXT)
    put_into_english(story.pk, actor=owner)
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=Decimal("0.50"))
    run_due()
    job = Job.objects.get()
    assert (job.status, job.wait_for, len(script.submitted)) == ("waiting", "person", 0)
    assert states(story) == [("missing", True, Decimal("0.50"))]
    put_into_english(story.pk, actor=owner, confirm_total=Decimal("0.50"))
    Job.objects.update(status="queued", wait_for="")  # the wake comes after the commit
    run_due()
    assert (Job.objects.count(), prompt_of(scene).text_en, len(script.submitted)) == (
        1,
        "a lighthouse by the sea at night",
        1,
    )


def test_changed_prompt_keeps_its_english_and_says_that_it_is_out_of_date(story, owner):
    scene = make_scene(story, text=TEXT, text_en="a lighthouse")
    now = scenes.edit(scene.pk, actor=owner, text="기차역").prompt
    assert (
        now.text_en,
        is_english_outdated(now),
        english_of(now),
        image_request(story, now).prompt_en,
    ) == ("a lighthouse", True, "", "")
    assert [str(warning)[:27] for warning in plan_generation(story, "image").items[0].warnings] == [
        "The English prompt is older"
    ]
    assert not is_english_outdated(scenes.edit(scene.pk, actor=owner, text=TEXT).prompt)
    scenes.edit(scene.pk, actor=owner, text="기차역")
    now = scenes.edit(scene.pk, actor=owner, text="기차역", text_en="a station").prompt
    assert (now.text_en, is_english_outdated(now)) == ("a station", False)
    scenes.edit(scene.pk, actor=owner, text="역")
    assert is_english_outdated(scenes.edit(scene.pk, actor=owner, camera="still").prompt)
    now = scenes.edit(scene.pk, actor=owner, text_en="a station").prompt
    assert (now.text_en, is_english_outdated(now)) == ("a station", False)


def test_english_of_a_person_is_replaced_only_if_they_say_so(story, script, owner):
    scene = make_scene(story, text=TEXT, text_en="a lighthouse")
    scenes.edit(scene.pk, actor=owner, text="기차역")
    assert states(story) == [("own", False, 0)]
    with pytest.raises(GuardRefused, match="A person wrote this English"):
        put_into_english(story.pk, actor=owner)
    assert states(story, replace=True) == [("outdated", True, PRICE)]
    put_into_english(story.pk, actor=owner, replace=True)
    run_due()
    assert prompt_of(scene).text_en == "a lighthouse by the sea at night"
    scenes.edit(scene.pk, actor=owner, text="역")
    assert states(story) == [("outdated", True, PRICE)]  # a model wrote it


@pytest.mark.parametrize("change", [{"text_en": "my own words"}, {"text": "역"}])
def test_what_somebody_writes_while_it_is_translated_stands(story, script, owner, change):
    scene = make_scene(story, text=TEXT)
    put_into_english(story.pk, actor=owner)
    (answer,) = script.submit

    def answered_late():
        scenes.edit(scene.pk, actor=owner, **change)
        return answer

    script.submit = [answered_late]
    run_due()
    job, now = Job.objects.get(), prompt_of(scene)
    assert (job.status, job.result["result"]["metadata"]["written"]) == ("succeeded", False)
    assert {name: getattr(now, name) for name in change} == change
    assert now.text_en == change.get("text_en", "")


def test_without_a_language_model_it_is_blocked_in_words(story, script, owner):
    make_scene(story, text=TEXT)
    Story.objects.filter(pk=story.pk).update(planner_provider="local")
    (item,) = plan_english(Story.objects.get(pk=story.pk)).items
    assert (item.state, str(item.why)[:23]) == ("blocked", "Choose a language model")
    with pytest.raises(
        GuardRefused, match=r"Nothing can be put into English\. Scene 1: Choose a language model"
    ):
        put_into_english(story.pk, actor=owner)


def test_cancelled_and_tried_again_it_is_paid_once(story, script, owner):
    scene = make_scene(story, text=TEXT)
    ((job,), _plan) = put_into_english(story.pk, actor=owner)
    Job.objects.update(status="cancelled")
    retried(job.pk, actor=owner)
    run_due()
    assert (len(script.submitted), prompt_of(scene).text_en) == (
        1,
        "a lighthouse by the sea at night",
    )


def test_dearer_than_a_person_may_start_alone_asks_a_second_person(story, owner):
    from providers.models import OrganizationBudget

    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal("0.07")})
    first, second = make_scene(story, text=TEXT), make_scene(story, text="역")
    with pytest.raises(ApprovalNeeded):
        put_into_english(story.pk, actor=owner)
    asked = Approval.objects.get()
    assert (asked.kind, asked.total, asked.what) == (
        "text",
        Decimal("0.10"),
        {"english": sorted([first.key, second.key]), "replace": False},
    )
    assert present(asked).hash == asked.plan_hash
    put_into_english(story.pk, actor=owner, scene_ids=[first.pk])
    with pytest.raises(ApprovalNeeded):
        put_into_english(story.pk, actor=owner, scene_ids=[second.pk])


def test_split_and_merge_keep_that_it_is_out_of_date(story, owner):
    scene = make_scene(story, text=TEXT, text_en="a lighthouse", narration="하나. 둘.")
    scenes.edit(scene.pk, actor=owner, text="기차역")
    first, second = scene_splits.split(scene.pk, actor=owner, at=3)
    assert [is_english_outdated(part.prompt) for part in (first, second)] == [True, True]


@pytest.mark.moderate
def test_page_and_api_start_it_by_the_same_service(story, script, owner, client):
    scene = make_scene(story, text=TEXT)
    client.force_login(owner)
    address = f"/admin/stories/story/{story.pk}/board/english/"
    page = client.get(address, {"scene": scene.key})
    assert (
        page.status_code,
        TEXT in page.content.decode(),
        'name="confirm_total" value="0.0500"' in page.content.decode(),
    ) == (200, True, True)
    assert client.post(address, {"scene": scene.key, "confirm_total": "0.01"}).status_code == 409
    assert client.post(address, {"scene": scene.key, "confirm_total": "0.0500"}).status_code == 302
    run_due()
    assert prompt_of(scene).text_en == "a lighthouse by the sea at night"
    scenes.edit(scene.pk, actor=owner, text="역")
    shown = client.get(f"/admin/stories/story/{story.pk}/board/scenes/{scene.pk}/").content.decode()
    assert "The English prompt is older than the prompt" in shown
    assert "?scene=" in shown


@pytest.mark.parametrize("count", [1, 3])
def test_plan_asks_as_often_for_one_scene_as_for_many(story, count, django_assert_num_queries):
    for _ in range(count):
        make_scene(story, text=TEXT)
    with django_assert_num_queries(5):
        plan = plan_english(story)
    assert [item.price for item in plan.todo] == [PRICE] * count


@pytest.mark.parametrize("status", ["archived", "rendering"])
def test_is_not_paid_for_again_while_scenes_cannot_be_changed(story, script, owner, status):
    make_scene(story, text=TEXT)
    ((job,), _plan) = put_into_english(story.pk, actor=owner)
    Job.objects.update(status="failed")
    Story.objects.update(status=status)
    with pytest.raises(GuardRefused, match="has left the step"):
        retried(job.pk, actor=owner, confirm_total=PRICE)
    run_due()
    assert (Job.objects.get(pk=job.pk).status, script.submitted) == ("failed", [])
