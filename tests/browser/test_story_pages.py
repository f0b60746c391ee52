"""What staff do with a story in the browser, from the log-in to the question
that starts the work.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.enums import JobStatus
from jobs.models import Job
from providers.models import AIProviderConfig
from stories.enums import JobName, StoryStatus
from stories.models import Story
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _url(live_server: Any, story: Story, page: str = "board") -> str:
    return f"{live_server.url}{reverse(f'admin:stories_story_{page}', args=[story.pk])}"


def test_new_story_from_log_in_to_planning(live_server, quiet_page, log_in, owner):
    page = quiet_page
    log_in(page, owner)
    page.get_by_role("link", name="Stories").first.click()
    page.get_by_role("link", name="New story").click()
    page.get_by_label("Title").fill("The sea")
    page.get_by_label("Script").fill("A boat leaves the harbour. The lighthouse waits.")
    page.get_by_label("Length (seconds)").fill("21")
    page.get_by_text("3 scenes").wait_for()
    page.get_by_role("button", name="Create the story").click()
    page.get_by_role("heading", name="The sea").wait_for()

    page.get_by_role("link", name="Start planning").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("scenes of about 7 seconds").wait_for()
    assert Story.objects.get().status == StoryStatus.DRAFT, "asking changes nothing"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "do-start_planning", (
        "the focus is back where it was"
    )

    page.get_by_role("link", name="Start planning").press("Enter")
    dialog.get_by_role("button", name="Start planning").click()
    page.get_by_text("Planning has started.").wait_for()
    page.get_by_text("The script is being cut into scenes").wait_for()
    assert (Story.objects.get().status, Job.objects.get().name) == (
        StoryStatus.PLANNING,
        JobName.STORY_PLANNING,
    )


def test_progress_and_pictures_appear_without_a_reload(live_server, quiet_page, log_in, owner):
    page = quiet_page
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    scene = make_scene(story, title="The harbour")
    job = Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_PREVIEW,
        subject=str(story.pk),
        status=JobStatus.RUNNING,
        progress=10,
        owner=owner,
    )
    log_in(page, owner)
    page.goto(_url(live_server, story))
    page.evaluate("window.same = true")
    page.locator("#bd-scenes").get_by_text("No picture yet").wait_for()
    Job.objects.filter(pk=job.pk).update(progress=70)
    page.locator('#vp-head [aria-valuenow="70"]').wait_for()
    assert page.title().startswith("(0/1) ")
    make_take(scene, content=picture("navy", (640, 360)))
    page.locator("#bd-scenes").get_by_text("Picture to review").wait_for()
    page.wait_for_function("document.querySelector('#bd-scenes img').naturalWidth > 0")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.SUCCEEDED)
    page.locator("#vp-head").get_by_role("link", name="Render the film").wait_for()
    assert page.evaluate("window.same"), "the page was never loaded again"


@pytest.mark.parametrize("before", ["0.02", "3.00"], ids=["one press", "dialog"])
def test_price_is_on_the_button_and_a_change_is_told_before_anything_starts(
    live_server, page, log_in, owner, before
):
    local = AIProviderConfig.objects.filter(provider="local")
    local.update(cost_per_image=Decimal(before))
    story = make_story(owner, status=StoryStatus.PLANNED)
    make_scene(story)
    log_in(page, owner)
    page.goto(_url(live_server, story))
    head, dialog = page.locator("#vp-head"), page.get_by_role("dialog")
    if before == "3.00":  # more than begins with one press
        head.get_by_role("link", name="Make the preview · $3.00").click()
        button = dialog.get_by_role("button", name="Make the preview · $3.00")
    else:
        button = head.get_by_role("button", name="Make the preview · $0.02")
    button.wait_for()
    local.update(cost_per_image=Decimal("3.50"))
    button.click()
    page.get_by_text("Nothing was started.").wait_for()
    assert Story.objects.get().status == StoryStatus.PLANNED
    page.get_by_role("button", name="Make the preview · $3.50").click()
    page.get_by_text("The preview is being made.").wait_for()
    assert Story.objects.get().status == StoryStatus.PREVIEWING


def test_questions_work_without_script(live_server, chromium, owner):
    story = make_story(owner, status=StoryStatus.COMPLETED)
    context = chromium.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    page.goto(
        f"{live_server.url}/admin/login/"
        f"?next={reverse('admin:stories_story_do', args=[story.pk, 'archive'])}"
    )
    page.fill("#id_username", "owner")
    page.fill("#id_password", "owner")
    page.locator("#login-form button").click()
    page.get_by_label("Reason").fill("sent to the client")
    page.get_by_role("button", name="Archive").click()
    page.wait_for_url(_url(live_server, story))
    context.close()
    assert Story.objects.get().status == StoryStatus.ARCHIVED


def test_a_narrow_screen_scrolls_in_one_direction_only(live_server, chromium, log_in, owner):
    story = make_story(
        owner,
        status=StoryStatus.PREVIEWING,
        title="A very long title that somebody pasted from a treatment without looking",
    )
    make_take(make_scene(story), content=picture("teal", (640, 360)))
    Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_PREVIEW,
        subject=str(story.pk),
        status=JobStatus.RUNNING,
        owner=owner,
    )
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    page = context.new_page()
    log_in(page, owner)
    paths = [
        reverse("admin:index"),
        reverse("admin:stories_story_changelist"),
        reverse("admin:stories_story_add"),
        reverse("admin:costs"),
        reverse("admin:jobs_job_changelist"),
    ]
    paths += [
        reverse(f"admin:stories_story_{name}", args=[story.pk])
        for name in ("change", "film", "jobs", "money", "history", "edit")
    ]
    wide = {}
    for path in paths:
        page.goto(live_server.url + path)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
            wide[path] = width
    context.close()
    assert wide == {}


def test_language_is_changed_and_kept(live_server, quiet_page, log_in, owner):
    page = quiet_page
    log_in(page, owner)
    page.get_by_text("owner@example.com").click()
    page.get_by_role("button", name="한국어").click()
    page.wait_for_function("document.documentElement.lang === 'ko'")
    page.goto(f"{live_server.url}/admin/costs/")
    assert page.evaluate("document.documentElement.lang") == "ko"
    page.get_by_role("heading", name="일별").wait_for()


def test_both_themes_without_a_word_in_the_console(live_server, quiet_page, log_in, owner):
    page = quiet_page
    story = make_story(owner, status=StoryStatus.COMPLETED)
    make_take(make_scene(story), content=picture("maroon", (640, 360)))
    log_in(page, owner)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for path in (
            reverse("admin:index"),
            reverse("admin:stories_story_changelist"),
            reverse("admin:stories_story_change", args=[story.pk]),
            reverse("admin:costs"),
        ):
            page.goto(live_server.url + path)
            page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.classList.contains('dark')") == (
            scheme == "dark"
        )


@pytest.mark.parametrize("tab", ["money", "history"])
def test_tab_that_is_shown_stands_in_sight_on_a_telephone(
    tab, live_server, manager, owner, log_in, quiet_page
):
    quiet_page.set_viewport_size({"width": 390, "height": 844})
    log_in(quiet_page, manager)
    quiet_page.goto(
        live_server.url + reverse(f"admin:stories_story_{tab}", args=[make_story(owner).pk])
    )
    box = quiet_page.locator(".vp-tabs [aria-current]").bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= 390


def test_menu_covers_nothing_on_a_telephone_without_scripts(live_server, chromium, manager):
    client = Client()
    client.force_login(manager)
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="en-US"
    )
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(live_server.url + reverse("admin:providers_bill_add"))
    content, menu = (page.locator(part).bounding_box() for part in ("main", "#nav-sidebar"))
    assert menu["y"] >= content["y"] + content["height"]
    assert (menu["x"], menu["width"]) == (0, 390)
    context.close()
