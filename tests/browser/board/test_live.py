"""The board keeps itself up to date: news, and scenes that are far away."""

import pytest
from django.urls import reverse

from jobs.enums import JobStatus
from stories.enums import StoryStatus
from stories.models import Scene
from stories.services import enqueue, scenes
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

from .hands import card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_news_come_by_themselves_and_take_no_words_away(enter, quiet_page, owner, story):
    fifth = Scene.live.get(story=story, position=5)
    job, _ = enqueue.enqueue_scene(fifth, "image", owner=owner)
    page = enter(quiet_page, owner, story)
    page.evaluate("window.same = true")
    field = card(page, 5).get_by_label("Narration")
    field.click()
    field.fill("Half a sen")
    type(job).objects.filter(pk=job.pk).update(status=JobStatus.RUNNING, progress=40)
    card(page, 5).get_by_text("Making the picture").wait_for()
    assert card(page, 5).get_by_role("progressbar").get_attribute("value") == "40"
    scenes.edit(fifth.pk, actor=owner, title="By another")
    page.wait_for_function(
        "[...document.querySelectorAll('.bd-title')].at(-1).value === 'By another'"
    )
    make_take(fifth, content=picture("orange", (640, 360)))
    type(job).objects.filter(pk=job.pk).update(status=JobStatus.SUCCEEDED, progress=100)
    card(page, 5).get_by_text("Picture to review").wait_for()
    page.wait_for_function("document.getElementById('board').dataset.moving === ''")
    assert field.input_value() == "Half a sen"
    assert page.evaluate("document.activeElement.name") == "narration"
    field.press_sequentially("tence.")
    field.blur()
    page.wait_for_timeout(600)
    fifth.refresh_from_db()
    assert fifth.narration == "Half a sentence."
    assert page.evaluate("window.same"), "the page was never loaded again"
    asked = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/live/" in request.url else None
    )
    page.wait_for_timeout(4000)
    assert asked == [], "nothing runs, so nothing is asked"


def test_cards_out_of_sight_give_their_inside_back(enter, quiet_page, owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    for _ in range(80):
        make_scene(story)
    page = enter(quiet_page, owner, story)
    first, second, third = (card(page, number) for number in (1, 2, 3))
    second.get_by_label("Select scene 2").check(force=True)
    third.get_by_label("Narration").fill("Half a sen")
    height = first.bounding_box()["height"]
    last = page.locator("#bd-scenes > li").last
    last.evaluate("row => row.scrollIntoView()")
    last.get_by_label("Narration").wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('#bd-scenes > li')].slice(0, 2)"
        ".every(row => row.matches('.bd-shell'))"
    )
    assert first.evaluate(
        "row => [row.getBoundingClientRect().height, row.querySelectorAll('*').length,"
        " row.querySelector('a').dataset.n, row.dataset.keys]"
    ) == [height, 1, "1", "missing"]
    assert second.evaluate("row => row.matches('.bd-picked')")
    assert page.evaluate("document.activeElement.value") == "Half a sen"
    assert third.evaluate("row => row.contains(document.activeElement)"), "who types is left alone"

    scenes.edit(Scene.live.get(story=story, position=1).pk, actor=owner, title="By another")
    first.evaluate("row => row.scrollIntoView({ block: 'center' })")
    first.get_by_label("Narration").wait_for()
    assert first.locator(".bd-title").input_value() == "By another"
    second.get_by_label("Narration").wait_for()
    assert second.get_by_label("Select scene 2").is_checked()
    assert third.get_by_label("Narration").input_value() == "Half a sen"


def test_far_scenes_come_when_they_are_near(enter, quiet_page, owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    for _ in range(120):
        make_scene(story)
    page = enter(quiet_page, owner, story)
    page.locator(".bd-card:not(.bd-shell)").nth(11).wait_for()
    before = page.locator(".bd-shell").count()
    assert before > 60
    page.locator("#bd-scenes > li").last.scroll_into_view_if_needed()
    page.locator("#bd-scenes > li").last.get_by_label("Narration").wait_for()
    assert (
        page.locator("#bd-scenes > li").last.get_by_label("Narration").input_value() == "Line 120."
    )
    page.wait_for_function(
        "document.querySelectorAll('#bd-scenes > li:not(.bd-shell)').length < 30"
    )
    assert page.locator(".bd-shell").count() > 90


def test_the_rest_of_a_long_story_comes_with_the_player(enter, quiet_page, owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    rows = [make_scene(story, title=f"Place {n}") for n in range(1, 61)]
    held = []
    quiet_page.route("**/timeline/", lambda route: held.append(route))  # noqa: PLW0108
    with quiet_page.expect_request("**/timeline/"):
        page = enter(quiet_page, owner, story)
    shown = page.locator("#bd-scenes > li")
    assert shown.count() == 24
    assert page.locator("#bd-rest").is_visible(), "whoever cannot have the rest turns the page"
    page.evaluate("name => { location.hash = name; }", f"scene-{rows[49].pk}")
    held.pop().continue_()
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 60")
    assert page.locator("#bd-rest").count() == 0
    assert shown.evaluate_all("rows => rows.map(row => row.dataset.id)") == [
        str(row.pk) for row in rows
    ]
    assert shown.nth(59).evaluate(
        "row => [row.id, row.querySelector('a').dataset.n, row.textContent.trim(),"
        " row.dataset.keys, new URL(row.querySelector('a').href).pathname]"
    ) == [
        f"scene-{rows[59].pk}",
        "60",
        "Place 60",
        "missing",
        reverse("admin:board_scene", args=[story.pk, rows[59].pk]),
    ]
    card(page, 50).get_by_label("Narration").wait_for()
    assert page.evaluate("scrollY") > 0, "the page goes to the scene in its address"
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    place = page.evaluate("scrollY")
    page.unroute("**/timeline/")
    page.evaluate("history.replaceState(null, '', location.pathname)")
    page.reload()
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 60")
    assert abs(page.evaluate("scrollY") - place) < 400, "a page that is loaded anew stays in place"
