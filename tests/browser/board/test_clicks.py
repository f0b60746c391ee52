"""How many clicks the tasks of every day take, at most as many as in the best other product.

A click is a press of the pointer, a drag is one; typing and keys are not counted. The numbers of
the others are those of `docs/development/clicks.md`.
"""

from decimal import Decimal

import pytest
from django.urls import reverse

from jobs.enums import JobStatus
from jobs.models import Job
from providers.models import AIProviderConfig
from stories.enums import JobName, ReviewStatus
from stories.models import Comment, Confirmation, ReviewLink, Scene, Story, Take
from tests.browser.installation import furnish
from tests.pictures import picture
from tests.stories.factories import make_scene, make_take

from .hands import card, pull, saved, until_sent, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT = """addEventListener("pointerdown", (event) => {
    if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);"""
BEST = {
    "text to scenes": 3,
    "watch what exists": 1,
    "approve pictures one by one": 1,
    "approve all": 2,
    "reject and make again": 2,
    "reorder": 1,
    "final film": 3,
    "comment at a time": 2,
    "share for review": 2,
    "change one scene": 4,
    "repair a refused scene": 2,
    "all pictures": 1,
}


@pytest.fixture
def counted(page):
    page.add_init_script(COUNT)
    return page


def clicks(page):
    return page.evaluate("Number(sessionStorage.clicks ?? 0)")


def panel_of(page, number):
    """Open a scene: one click."""
    card(page, number).get_by_role("link", name=f"Open scene {number}").click()
    panel = page.locator("#bd-panel")
    panel.get_by_role("heading", name="Comments").wait_for()
    return panel


def test_text_to_scenes(enter, counted, owner, story, live_server):
    page = enter(counted, owner, story)
    page.goto(live_server.url + reverse("admin:stories_story_changelist"))
    page.evaluate("sessionStorage.clear()")
    page.get_by_role("link", name="New story").first.click()
    page.get_by_label("Title").fill("The sea")
    page.get_by_label("Script", exact=True).evaluate(
        "(field, text) => { field.value = text; field.dispatchEvent(new Event('paste')); }",
        "The sea is calm. A boat leaves the harbour.",
    )
    page.locator("#proposed b").get_by_text("scene").wait_for()
    page.get_by_role("button", name="Create and start planning").click()
    page.wait_for_url("**/do/start_planning/")
    page.get_by_role("button", name="Start planning", exact=True).click()
    page.wait_for_url("**/board/**")
    assert Story.objects.latest("created_at").status == "planning"
    assert clicks(page) <= BEST["text to scenes"]


def test_watch_what_exists(enter, counted, owner, story):
    page = enter(counted, owner, story)
    page.wait_for_function("document.querySelector('.wb-front img')?.naturalWidth > 0")
    page.locator("body").press("Space")
    page.wait_for_function("parseFloat(document.querySelector('[data-wb-seek]').value) > 0.2")
    assert clicks(page) <= BEST["watch what exists"]


def test_approve_pictures_one_by_one(enter, counted, owner, story):
    page = enter(counted, owner, story)
    panel = panel_of(page, 1)
    for number in range(1, 5):
        panel.get_by_role("heading", name=f"Scene {number}", exact=True).wait_for()
        page.keyboard.press("a")
        panel.locator("[data-reel][data-status=approved]").first.wait_for()
        page.keyboard.press("ArrowRight")
    assert Take.objects.filter(review_status=ReviewStatus.APPROVED).count() == 4
    assert clicks(page) <= BEST["approve pictures one by one"]


def test_approve_all(enter, counted, owner, story):
    page = enter(counted, owner, story)
    page.get_by_role("button", name="Select all shown").click()
    page.locator(".bd-selection").get_by_role("button", name="Approve").click()
    wait_for_toast(page, "approved")
    assert Take.objects.filter(review_status=ReviewStatus.APPROVED).count() == 4
    assert clicks(page) <= BEST["approve all"]


def test_reject_and_make_again(enter, counted, owner, story):
    page = enter(counted, owner, story)
    panel = panel_of(page, 1)
    page.keyboard.press("r")
    page.keyboard.type("too dark")
    page.keyboard.press("Enter")
    panel.get_by_text("too dark").first.wait_for()
    page.locator("#bd-panel [data-close]").first.focus()
    page.keyboard.press("g")
    page.wait_for_function("document.querySelector('#bd-panel-body').dataset.running === '1'")
    assert Job.objects.filter(name=JobName.SCENE_PREVIEW).count() == 1
    assert clicks(page) <= BEST["reject and make again"]


def test_reorder(enter, counted, owner, story):
    page = enter(counted, owner, story)

    def gesture():
        page.evaluate("sessionStorage.clear()")
        pull(page, 1, 2)

    until_sent(page, gesture)
    wait_for_toast(page, "Scene moved.")
    assert saved(story)[:2] == "21"
    assert clicks(page) <= BEST["reorder"]


def test_final_film(enter, counted, owner, story):
    make_take(Scene.live.get(story=story, position=5), content=picture("gold", (640, 360)))
    page = enter(counted, owner, story)
    page.locator("#do-render_final").click()
    page.get_by_role("dialog").locator("button.vp-main").click()
    page.wait_for_function("document.querySelector('#vp-head').innerText.includes('Rendering')")
    story.refresh_from_db()
    assert story.status == "rendering"
    assert clicks(page) <= BEST["final film"]


def test_comment_at_a_time(enter, counted, owner, manager):
    furnish(owner, manager)
    page = enter(counted, owner, Story.objects.get(title="The lantern comes home"))
    before = Comment.objects.count()
    page.get_by_role("link", name="Review", exact=True).click()
    page.locator("[data-say] textarea").click()
    page.keyboard.type("Hold this longer, please.")
    page.keyboard.press("Control+Enter")
    page.locator(".rv-said", has_text="Hold this longer, please.").wait_for()
    assert Comment.objects.count() == before + 1
    assert clicks(page) <= BEST["comment at a time"]


def test_share_for_review(enter, counted, owner, story):
    Story.objects.filter(pk=story.pk).update(status="completed")
    page = enter(counted, owner, story)
    page.locator("#do-review").click()
    page.wait_for_url("**/review/?share=1")
    page.locator("[name=name]:focus").wait_for()
    page.keyboard.type("client")
    page.keyboard.press("Enter")
    page.locator("[data-copy]").click()
    assert ReviewLink.objects.filter(name="client").count() == 1
    assert clicks(page) <= BEST["share for review"]


def test_change_one_scene(enter, counted, owner, story):
    make_take(Scene.live.get(story=story, position=5), content=picture("gold", (640, 360)))
    page = enter(counted, owner, story)
    field = (
        card(page, 1)
        .get_by_label("prompt of scene 1", exact=False)
        .or_(card(page, 1).locator("[name=text]"))
        .first
    )
    field.click()
    page.keyboard.press("End")
    page.keyboard.type(", at night")
    page.keyboard.press("Tab")
    page.locator("#do-make-stale").click()
    page.get_by_role("dialog").locator("button.vp-main").click()
    page.locator(".bd-toast").first.wait_for()
    assert Job.objects.filter(name=JobName.STORY_PREVIEW).count() == 1
    assert clicks(page) <= BEST["change one scene"]


def test_repair_a_refused_scene(enter, counted, owner, story):
    scene = Scene.live.get(story=story, position=1)
    Job.objects.create(
        pk="story_x_refused",
        name=JobName.SCENE_PREVIEW,
        subject=str(story.pk),
        item=str(scene.pk),
        owner=owner,
        status=JobStatus.FAILED,
        data={"story_id": str(story.pk), "action": "generate_image", "parameters": {}},
        note_data={"template": "The provider refused the words.", "values": {}},
    )
    page = enter(counted, owner, story)
    panel = panel_of(page, 1)
    panel.locator("[data-repair]").click()
    page.keyboard.type("a calm harbour")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("document.querySelector('#bd-panel-body').dataset.running === '1'")
    scene.refresh_from_db()
    assert scene.prompt.text == "a calm harbour"
    assert clicks(page) <= BEST["repair a refused scene"]


@pytest.mark.parametrize("price", ["0", "0.05"])
def test_all_pictures(enter, counted, owner, story, price):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal(price))
    make_scene(story)
    page = enter(counted, owner, story)
    page.locator("#do-make-missing").click()
    page.wait_for_function("document.querySelector('#vp-head').innerText.includes('4/6')")
    assert Job.objects.get().name == JobName.STORY_PREVIEW
    assert Confirmation.objects.get().total == 2 * Decimal(price)
    assert clicks(page) <= BEST["all pictures"]
