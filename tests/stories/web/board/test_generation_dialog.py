import re
from decimal import Decimal

import pytest

from jobs.models import Job
from providers.models import AIProviderConfig
from stories.models import Scene, Story, Take
from stories.services import scenes, takes
from stories.services.plan import plan_generation
from tests.markup import flat
from tests.stories.factories import make_scene, make_story
from tests.stories.web.board.test_scene_order import toast_of


@pytest.fixture(autouse=True)
def prices(db):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )


def shown(answer):
    """What the dialog would send."""
    return dict(re.findall(r'name="(confirm_total|plan)" value="([^"]*)"', answer.content.decode()))


def text(answer):
    return flat(answer)


def test_dialog_shows_what_is_made_reused_and_blocked_with_the_price(pages, story, five, take):
    take(five[0])
    take(five[1], input_hash="older")
    answer = text(pages.get("board_plan", story.pk, "image", "missing"))
    assert re.findall(r"<b>(\d+)</b><span>(to be made|ready, reused)", answer) == [
        ("3", "to be made"),
        ("2", "ready, reused"),
    ]
    assert "1 of the reused takes is out of date" in answer
    assert "Make 3 pictures · $0.06" in answer
    clips = text(pages.get("board_plan", story.pk, "clip", "missing"))
    assert clips.count("It needs a picture first.") == 3
    assert "Make 2 clips · $0.70" in clips


@pytest.mark.moderate
def test_start_needs_the_price_that_was_shown(
    pages, story, five, django_capture_on_commit_callbacks
):
    plan = shown(pages.get("board_plan", story.pk, "image", "missing"))
    assert plan["confirm_total"] == "0.1000"
    for wrong in (
        {},
        {**plan, "confirm_total": "0.08"},
        {**plan, "confirm_total": "free"},
        {**plan, "plan": "0" * 64},
    ):
        answer = pages.post("board_plan", story.pk, "image", "missing", **wrong)
        assert answer.status_code in {409, 422}
        assert 'role="alert"' in text(answer)
    assert Job.objects.count() == 0
    answer = pages.post("board_plan", story.pk, "image", "missing", **plan)
    assert toast_of(answer) == "5 pictures are being made for $0.10."
    assert [job.name for job in Job.objects.filter(parent=None)] == ["story_preview"]


def test_start_after_somebody_changed_the_price(pages, story, five, owner):
    plan = shown(pages.get("board_plan", story.pk, "image", "missing"))
    scenes.duplicate(five[0].pk, actor=owner)
    answer = pages.post("board_plan", story.pk, "image", "missing", **plan)
    assert answer.status_code == 409
    assert "The price is now 0.1200, not 0.1000. Nothing was started." in text(answer)
    assert "Make 6 pictures · $0.12" in text(answer)
    assert Job.objects.count() == 0


def test_planned_story_moves_on_to_its_preview(pages, owner):
    story = make_story(owner, status="planned")
    make_scene(story)
    pages.post(
        "board_plan",
        story.pk,
        "image",
        "missing",
        **shown(pages.get("board_plan", story.pk, "image", "missing")),
    )
    assert Story.objects.get(pk=story.pk).status == "previewing"
    assert [(event.name, event.actor) for event in story.transitions.all()] == [
        ("generate_preview", owner)
    ]


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        ("planned", "clip", "Make the pictures first"),
        ("draft", "image", "while the story is “Draft”"),
    ],
)
def test_story_that_is_not_that_far(pages, owner, status, kind, why, take):
    story = make_story(owner, status=status)
    take(make_scene(story))
    make_scene(story)
    page = pages.get("board_plan", story.pk, kind, "missing")
    assert why in text(page)
    assert re.search(r'<button type="submit"[^>]* disabled', text(page))
    assert pages.post("board_plan", story.pk, kind, "missing", **shown(page)).status_code == 409
    assert (Story.objects.get(pk=story.pk).status, Job.objects.count()) == (status, 0)


def test_redo_stale_leaves_the_missing(pages, story, five, take):
    take(five[1], input_hash="older")
    page = pages.get("board_plan", story.pk, "image", "stale", scene=str(five[1].pk))
    pages.post("board_plan", story.pk, "image", "stale", scene=str(five[1].pk), **shown(page))
    assert [(job.name, job.item) for job in Job.objects.all()] == [
        ("scene_preview", str(five[1].pk))
    ]


def test_retry_failed_only(pages, story, five):
    Job.objects.create(
        id="old",
        name="scene_preview",
        subject=str(story.pk),
        item=str(five[2].pk),
        status="failed",
        data={"action": "generate_image", "parameters": {}},
    )
    page = pages.get("board_plan", story.pk, "image", "failed")
    assert "Make 1 picture · $0.02" in text(page)
    board = text(pages.get("stories_story_board", story.pk, live=False))
    assert "Retry 1 failed" in board


def test_selected_scenes_get_jobs_of_their_own(pages, story, five):
    ids = [str(five[3].pk), str(five[1].pk)]
    page = pages.get("board_plan", story.pk, "image", "missing", scene=ids)
    assert "Make 2 pictures · $0.04" in text(page)
    answer = pages.post("board_plan", story.pk, "image", "missing", scene=ids, **shown(page))
    assert answer.status_code == 200
    assert {(job.name, job.item) for job in Job.objects.all()} == {
        ("scene_preview", pk) for pk in ids
    }


def test_retry_while_the_storys_own_job_waits_for_a_person(pages, story, five):
    parent = Job.objects.create(
        id="p",
        name="story_preview",
        subject=str(story.pk),
        status="waiting",
        wait_for="person",
        unique_key=f"story_preview:{story.pk}",
        data={"action": "generate_preview", "parameters": {}},
    )
    Job.objects.create(
        id="c",
        name="scene_preview",
        subject=str(story.pk),
        item=str(five[0].pk),
        status="failed",
        parent=parent,
        data={"action": "generate_image", "parameters": {}},
    )
    page = pages.get("board_plan", story.pk, "image", "failed")
    pages.post("board_plan", story.pk, "image", "failed", **shown(page))
    assert Job.objects.filter(parent=parent, item=str(five[0].pk), status="queued").count() == 1


def test_without_scripts_the_question_is_a_page(pages, story, five):
    page = pages.get("board_plan", story.pk, "image", "missing", live=False)
    assert "<html" in text(page)
    answer = pages.post("board_plan", story.pk, "image", "missing", live=False, **shown(page))
    assert (answer.status_code, answer.url) == (302, pages.address("stories_story_board", story.pk))
    assert Job.objects.filter(name="story_preview").count() == 1


def test_questions_that_do_not_exist(pages, story, five):
    assert pages.get("board_plan", story.pk, "sound", "missing").status_code == 404
    assert pages.get("board_plan", story.pk, "image", "all").status_code == 404


def test_rejected_counts_as_missing(pages, story, five, take, owner):
    for scene in five:
        take(scene)
    takes.review_take(
        five[0].image_take_id, review_status="rejected", actor=owner, reason="too dark"
    )
    page = text(pages.get("board_plan", story.pk, "image", "missing"))
    assert "Rejected: too dark" in page
    assert "Make 1 picture · $0.02" in page


def test_override_takes_clips_as_they_are_into_the_film_for_a_reason(
    pages, story, five, take, owner
):
    for scene in five:
        take(scene)
        take(scene, "clip")
    takes.review_take(
        Scene.objects.get(pk=five[0].pk).clip_take_id,
        review_status="rejected",
        actor=owner,
        reason="too dark",
    )
    Take.objects.filter(scene=five[1], kind="clip").update(input_hash="older")
    asked = text(pages.get("board_plan", story.pk, "clip", "missing"))
    assert "Make 1 clip · $0.35" in asked
    assert "?as_is=1" in asked
    page = pages.get("board_plan", story.pk, "clip", "missing", as_is="1")
    assert "Make the film with them · $0.00" in text(page)
    assert re.findall(r"<li><b>(\d)</b> <span>Scene \d<small>(.*?)</small>", text(page)) == [
        ("1", "Rejected: too dark"),
        ("2", "The scene has changed since."),
    ]
    refused = pages.post("board_plan", story.pk, "clip", "missing", as_is="1", **shown(page))
    assert (refused.status_code, Job.objects.count()) == (422, 0)
    assert "Say why they go into the film as they are." in text(refused)
    answer = pages.post(
        "board_plan",
        story.pk,
        "clip",
        "missing",
        as_is="1",
        override_reason="The client saw it and likes it",
        **shown(page),
    )
    assert toast_of(answer) == "The film is being made with the takes as they are."
    job = Job.objects.get()
    assert (job.name, job.data["parameters"]["override_reason"]) == (
        "story_render",
        "The client saw it and likes it",
    )
    assert [(event.name, event.reason) for event in story.transitions.all()] == [
        ("render_final", "The client saw it and likes it")
    ]


def test_override_reaches_the_job_that_waits_for_a_person(pages, story, five, take):
    for scene in five:
        take(scene)
        take(scene, "clip")
    Take.objects.filter(scene=five[1], kind="clip").update(input_hash="older")
    Story.objects.filter(pk=story.pk).update(status="rendering")
    parameters = {"mode": "missing", "override_reason": ""}
    shape = {
        "name": "story_render",
        "subject": str(story.pk),
        "status": "waiting",
        "wait_for": "person",
        "unique_key": f"story_render:{story.pk}",
    }
    Job.objects.create(
        id="p",
        data={"action": "render_final", "parameters": parameters, "story_id": str(story.pk)},
        **shape,
    )
    page = pages.get("board_plan", story.pk, "clip", "missing", as_is="1")
    pages.post(
        "board_plan",
        story.pk,
        "clip",
        "missing",
        as_is="1",
        override_reason="It fits",
        **shown(page),
    )
    job = Job.objects.get()
    assert job.data["parameters"] == {"mode": "missing", "override_reason": "It fits"}
    assert [str(line) for line in job.log.all()] == [
        "owner takes stale and rejected takes as they are: It fits"
    ]


def test_override_is_offered_only_where_it_applies(pages, story, five, take):
    for scene in five:
        take(scene)
    assert "?as_is=1" not in text(pages.get("board_plan", story.pk, "clip", "missing"))
    page = pages.get("board_plan", story.pk, "clip", "missing", as_is="1")
    answer = pages.post(
        "board_plan",
        story.pk,
        "image",
        "missing",
        as_is="1",
        override_reason="no need",
        **shown(page),
    )
    assert answer.status_code in {409, 422}
    assert Job.objects.count() == 0


def test_retry_of_selected_scenes_asks_for_what_failed(pages, story, five, take):
    take(five[0])
    for scene, name, action in (
        (five[0], "scene_render", "generate_clip"),
        (five[2], "scene_preview", "generate_image"),
    ):
        shape = {
            "subject": str(story.pk),
            "item": scene.key,
            "status": "failed",
            "data": {"action": action, "parameters": {}},
        }
        Job.objects.create(id=name, name=name, **shape)
    both = pages.get("board_retry", story.pk, scene=[scene.key for scene in five])
    assert both.url == pages.address("board_plan", story.pk, "image", "failed") + "?" + "&".join(
        f"scene={scene.key}" for scene in five
    )
    assert "Make 1 picture · $0.02" in text(
        pages.client.get(both.url, headers={"HX-Request": "true"})
    )
    clip = pages.get("board_retry", story.pk, scene=five[0].key)
    assert (
        clip.url
        == pages.address("board_plan", story.pk, "clip", "failed") + f"?scene={five[0].key}"
    )


@pytest.mark.moderate
def test_dialog_leads_to_the_english_where_a_prompt_has_none(pages, owner, settings):
    settings.PROVIDER_KEYS = {"stability_ai": "sk-0123456789"}
    AIProviderConfig.objects.filter(provider="stability_ai").update(is_active=True)
    story = make_story(owner, status="planned", image_provider="stability_ai", language="ko")
    make_scene(story, text="a boat")
    korean = make_scene(story, text="밤바다의 등대")
    english = pages.address("board_english", story.pk)
    plan = plan_generation(story, "image")
    assert [item.scene_id for item in plan.without_english] == [korean.pk]
    for page in (
        pages.get("board_plan", story.pk, "image", "missing"),
        pages.get("board_plan", story.pk, "image", "missing", live=False),
        pages.get("stories_story_make", story.pk, "image"),
        pages.get("stories_story_do", story.pk, "generate_preview"),
    ):
        assert f'href="{english}"' in text(page)
        assert "1 scene has no English prompt." in text(page)
    chosen = text(pages.get("board_plan", story.pk, "image", "missing", scene=str(korean.pk)))
    assert f'hx-get="{english}?scene={korean.pk}"' in chosen
    assert "Choose a language model as the story" in text(
        pages.get("board_english", story.pk, scene=str(korean.pk))
    )
    scenes.edit(korean.pk, actor=owner, text_en="a lighthouse")
    assert english not in text(pages.get("board_plan", story.pk, "image", "missing"))
