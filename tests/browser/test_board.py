"""What staff do on the board: by mouse, finger and key, two at once, without scripts, on a telephone."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from jobs.enums import JobStatus
from providers import store
from providers.media import ffmpeg
from stories.domain import review, scenes, work
from stories.enums import StoryStatus
from stories.models import Comment, Film, Scene, Story, Take
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WAIT = 10_000  # milliseconds


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def story(owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    for number, colour in enumerate(("navy", "teal", "maroon", "olive", "purple"), start=1):
        scene = make_scene(story, title=f"Scene {number}", text=f"prompt {number}")
        if number < 5:
            make_take(scene, content=picture(colour))
    return story


@pytest.fixture
def enter(live_server):
    """`enter(page, person, story)`: the page shows the board of the story to this person."""

    def go(page: Any, person: Any, story: Story, name: str = "stories_story_board") -> Any:
        client = Client()
        client.force_login(person)
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page.set_default_timeout(WAIT)
        page.goto(live_server.url + reverse(f"admin:{name}", args=[story.pk]))
        return page

    return go


@pytest.fixture
def another(chromium):
    """A second browser."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    yield context.new_page()
    context.close()


def shown(page: Any) -> str:
    return "".join(page.locator("#bd-scenes > li").evaluate_all("rows => rows.map(row => row.querySelector('.bd-title').value.replace('Scene ', ''))"))


def saved(story: Story) -> str:
    return "".join(title.removeprefix("Scene ") for title in Scene.live.filter(story=story).order_by("position").values_list("title", flat=True))


def card(page: Any, number: int) -> Any:
    return page.locator("#bd-scenes > li").nth(number - 1)


def drag(page: Any, number: int, to: int) -> None:
    start, end = card(page, number).locator(".bd-open").bounding_box(), card(page, to).locator(".bd-open").bounding_box()
    page.mouse.move(start["x"] + 90, start["y"] + 70)
    page.mouse.down()
    for part in range(1, 13):
        page.mouse.move(start["x"] + 90 + (end["x"] + 40 - start["x"]) * part / 12, start["y"] + 70 + (end["y"] - start["y"]) * part / 12, steps=2)
    page.wait_for_timeout(250)
    page.mouse.up()


def said(page: Any, text: str) -> None:
    page.locator(".bd-toast", has_text=text).first.wait_for()


def test_drag_by_mouse_is_saved_by_one_request_and_undone_by_key(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    drag(page, 1, 3)
    said(page, "Scene moved.")
    assert (shown(page), saved(story)) == ("23145", "23145")
    assert [url.rsplit("/", 2)[-2] for url in posts] == ["order"]
    assert card(page, 3).locator(".bd-n").inner_text() == "3"
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('.bd-title').value === 'Scene 1'")
    assert (shown(page), saved(story)) == ("12345", "12345")
    page.reload()
    assert shown(page) == "12345"


def test_move_by_key_says_where_the_scene_is(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    grip = card(page, 1).get_by_role("button", name="Move scene 1")
    grip.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#bd-announce").inner_text() == "Place 3 of 5."
    page.keyboard.press("Escape")
    assert page.locator("#bd-announce").inner_text() == "Scene put back at place 1."
    assert (shown(page), saved(story)) == ("12345", "12345")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    said(page, "Scene moved.")
    assert (shown(page), saved(story)) == ("23451", "23451")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move scene 5"


def test_menu_moves_splits_merges_and_deletes(enter, quiet_page, owner, story):
    scenes.edit(Scene.live.get(story=story, position=2).pk, actor=owner, narration="A boat leaves. The sea is calm.")
    page = enter(quiet_page, owner, story)
    card(page, 2).get_by_role("button", name="More for scene 2").click()
    page.get_by_role("menuitem", name="Split at a sentence").click()
    page.get_by_role("button", name="Split here").click()
    said(page, "Scene split.")
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 6")
    assert [card(page, n).locator(".bd-narration").input_value() for n in (2, 3)] == ["A boat leaves.", "The sea is calm."]
    page.get_by_role("button", name="Undo").click()
    said(page, "Two scenes became one.")
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 5")
    card(page, 4).get_by_role("button", name="More for scene 4").click()
    page.get_by_role("menuitem", name="Delete").click()
    said(page, "Scene 4 deleted.")
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 4")
    assert saved(story) == "1235"
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelectorAll('#bd-scenes > li').length === 5")
    assert (shown(page), saved(story)) == ("12345", "12345")


def test_words_are_saved_on_leaving_the_field_with_errors_beside_it(enter, page, owner, story):
    enter(page, owner, story)
    title = card(page, 1).get_by_label("Title")
    title.fill("The harbour")
    title.press("Enter")
    length = card(page, 2).get_by_label("Length in seconds")
    length.fill("0")
    length.blur()
    error = card(page, 2).get_by_role("alert")
    error.wait_for()
    assert "greater than or equal to 1" in error.inner_text()
    assert length.get_attribute("aria-invalid") == "true"
    length.fill("9")
    length.blur()
    error.wait_for(state="detached")
    page.get_by_text("0:37").first.wait_for()  # the film is two seconds longer
    rows = list(Scene.live.filter(story=story).values_list("title", "duration_seconds")[:2])
    assert rows == [("The harbour", 7), ("Scene 2", 9)]
    card(page, 3).get_by_label("Camera").select_option("still")
    page.wait_for_function("document.querySelectorAll('.bd-kept').length === 0")
    assert Scene.live.get(story=story, position=3).prompt.camera == "still"


def test_two_people_order_at_once(enter, page, another, owner, manager, story):
    enter(page, owner, story)
    enter(another, manager, story)
    drag(another, 1, 2)
    said(another, "Scene moved.")
    drag(page, 4, 3)
    said(page, "Somebody else has changed the order")
    assert shown(page) == "21345", "the other person's order is shown"
    assert saved(story) == "21345"
    page.get_by_role("button", name="Move it anyway").click()
    said(page, "Scene moved.")
    assert shown(page) == saved(story)
    assert saved(story).index("4") < saved(story).index("3")


def test_move_that_is_refused_is_not_shown(enter, page, owner, story):
    enter(page, owner, story)
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.ARCHIVED)
    drag(page, 1, 3)
    said(page, "Scenes cannot be changed")
    page.wait_for_function("document.querySelector('.bd-title').value === 'Scene 1'")
    assert (shown(page), saved(story)) == ("12345", "12345")


def test_lock_and_unlock_are_seen_without_a_reload(enter, quiet_page, owner, story):
    job, _ = work.enqueue_scene(Scene.live.get(story=story, position=5), "image", owner=owner)
    page = enter(quiet_page, owner, story)
    grip = card(page, 1).locator("[data-grip]")
    assert grip.count() == 1
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.RENDERING)
    page.get_by_text("The scenes are locked").wait_for()
    assert (grip.count(), card(page, 1).get_by_label("Title").get_attribute("readonly")) == (0, "")
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.COMPLETED)
    page.get_by_text("The scenes are locked").wait_for(state="detached")
    drag(page, 1, 2)
    said(page, "Scene moved.")
    assert saved(story) == "21345"
    type(job).objects.filter(pk=job.pk).update(status=JobStatus.CANCELLED)


def test_two_people_write_at_once(enter, page, another, owner, manager, story):
    enter(page, owner, story)
    enter(another, manager, story)
    for window, words in ((another, "Theirs."), (page, "Mine.")):
        field = card(window, 1).get_by_label("Narration")
        field.fill(words)
        field.blur()
        window.wait_for_timeout(500)
    beside = card(page, 1).locator(".bd-beside")
    beside.wait_for()
    assert "Theirs." in beside.inner_text()
    assert card(page, 1).get_by_label("Narration").input_value() == "Mine."
    assert Scene.live.get(story=story, position=1).narration == "Theirs."
    beside.get_by_role("button", name="Keep mine").click()
    beside.wait_for(state="detached")
    card(page, 1).get_by_label("Narration").blur()
    page.wait_for_timeout(300)
    assert Scene.live.get(story=story, position=1).narration == "Mine."


def test_news_come_by_themselves_and_take_no_words_away(enter, quiet_page, owner, story):
    fifth = Scene.live.get(story=story, position=5)
    job, _ = work.enqueue_scene(fifth, "image", owner=owner)
    page = enter(quiet_page, owner, story)
    page.evaluate("window.same = true")
    field = card(page, 5).get_by_label("Narration")
    field.click()
    field.fill("Half a sen")
    type(job).objects.filter(pk=job.pk).update(status=JobStatus.RUNNING, progress=40)
    card(page, 5).get_by_text("Making the picture").wait_for()
    assert card(page, 5).get_by_role("progressbar").get_attribute("value") == "40"
    scenes.edit(fifth.pk, actor=owner, title="By another")
    page.wait_for_function("[...document.querySelectorAll('.bd-title')].at(-1).value === 'By another'")
    make_take(fifth, content=picture("orange"))
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
    page.on("request", lambda request: asked.append(request.url) if "/live/" in request.url else None)
    page.wait_for_timeout(4000)
    assert asked == [], "nothing runs, so nothing is asked"


def test_plan_dialog_starts_what_it_shows(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.get_by_role("link", name="Make 1 $0.00").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("ready, reused").wait_for()
    dialog.get_by_role("button", name="Make 1 picture").click()
    said(page, "1 picture is being made")
    dialog.wait_for(state="hidden")
    page.locator("#bd-status").get_by_text("Make the preview").wait_for()


def test_filter_and_act_on_several(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.get_by_role("link", name="To review").click()
    assert page.locator("#bd-scenes > li:visible").count() == 4
    page.get_by_role("button", name="Select all shown").click()
    page.get_by_role("button", name="Approve").click()
    said(page, "4 takes approved.")
    page.get_by_text("No scene is in this state.").wait_for()
    assert Take.objects.filter(verdict="approved").count() == 4
    page.locator(".bd-none").get_by_role("button", name="Show all").click()
    card(page, 2).get_by_label("Select scene 2").check(force=True)
    card(page, 4).get_by_label("Select scene 4").check(force=True)
    page.locator("#bd-selection").get_by_role("button", name="Move to the beginning").click()
    said(page, "2 scenes moved.")
    assert (shown(page), saved(story)) == ("24135", "24135")


def test_takes_are_compared_judged_and_talked_about(enter, quiet_page, owner, story):
    first = Scene.live.get(story=story, position=1)
    other = make_take(first, chosen=False, content=picture("gold"), seed=99)
    page = enter(quiet_page, owner, story)
    card(page, 1).get_by_role("link", name="Open scene 1").click()
    panel = page.locator("#bd-panel")
    panel.get_by_role("button", name="Compare A and B").click()
    panel.get_by_label("Wipe between take A and take B").press("Home")
    assert page.evaluate("document.querySelector('.bd-wipe').style.getPropertyValue('--at')") == "0%"
    panel.get_by_label("Your comment").fill("half a com")
    take = panel.locator(f"#take-{other.pk}")
    take.locator("summary").click()
    take.get_by_label("Why?").fill("too yellow")
    take.get_by_role("button", name="Reject the take").click()
    take.get_by_text("“too yellow”").wait_for()
    other.refresh_from_db()
    assert (other.verdict, other.verdict_reason) == ("rejected", "too yellow")
    assert panel.get_by_label("Your comment").input_value() == "half a com"
    panel.get_by_label("Your comment").fill("Brighter, please")
    panel.get_by_role("button", name="Comment", exact=True).click()
    panel.locator(".bd-comments").get_by_text("Brighter, please").wait_for()
    assert panel.get_by_label("Your comment").input_value() == ""
    assert Comment.objects.get().text == "Brighter, please"
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert card(page, 1).get_by_title("Open comments").inner_text().endswith("1")


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
    assert page.locator("#bd-scenes > li").last.get_by_label("Narration").input_value() == "Line 120."
    assert 0 < page.locator(".bd-shell").count() < before


def test_telephone(enter, chromium, owner, story):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-US")
    page = enter(context.new_page(), owner, story)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    card(page, 1).locator(".bd-open").evaluate("link => window.scrollBy({top: link.getBoundingClientRect().top - 40, behavior: 'instant'})")
    page.wait_for_timeout(300)
    box = card(page, 1).locator(".bd-grip").bounding_box()
    end = card(page, 2).locator(".bd-open").bounding_box()
    touch = context.new_cdp_session(page)
    x, y = box["x"] + 10, box["y"] + 10
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    page.wait_for_timeout(400)
    for part in range(1, 16):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x - 4 * part, "y": y + (end["y"] + 60 - y) * part / 15}]})
        page.wait_for_timeout(25)
    page.wait_for_timeout(300)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    said(page, "Scene moved.")
    assert saved(story)[:2] == "21"
    page.wait_for_timeout(400)  # the page still scrolls to the moved scene
    card(page, 1).locator(".bd-open").tap()
    panel = page.locator("#bd-panel")
    panel.get_by_role("heading", name="Comments").wait_for()
    assert panel.evaluate("panel => panel.scrollWidth") == 390
    context.close()


def test_without_scripts(enter, chromium, owner, story):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False, locale="en-US")
    page = enter(context.new_page(), owner, story)
    card(page, 1).get_by_role("button", name="Later").click()
    page.get_by_text("Scene moved to place 2 of 5.").wait_for()
    assert saved(story) == "21345"
    card(page, 1).get_by_label("Title").fill("By hand")
    card(page, 1).get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert Scene.live.get(story=story, position=1).title == "By hand"
    card(page, 1).get_by_label("Title").fill("Mine")
    scenes.edit(Scene.live.get(story=story, position=1).pk, actor=owner, title="Theirs")
    card(page, 1).get_by_role("button", name="Save").click()
    page.get_by_text("It now says: Theirs").wait_for()
    page.get_by_role("button", name="Save mine").click()
    page.get_by_text("Saved.").wait_for()
    assert Scene.live.get(story=story, position=1).title == "Mine"
    context.close()


def test_scenes_come_and_go_without_scripts(enter, chromium, owner, story):
    scenes.edit(Scene.live.get(story=story, position=2).pk, actor=owner, narration="A boat leaves. The sea is calm.")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False, locale="en-US")
    page = enter(context.new_page(), owner, story)

    def do(number: int, name: str, text: str) -> None:
        card(page, number).get_by_role("link", name="More", exact=True).click()
        page.get_by_role("button", name=name).click()
        page.get_by_text(text).wait_for()

    def undo(order: str) -> None:
        page.get_by_role("button", name="Undo").click()
        page.locator("#bd-scenes").wait_for()
        assert saved(story) == order

    do(1, "Duplicate", "Scene duplicated.")
    assert saved(story) == "112345"
    undo("12345")
    card(page, 2).get_by_role("link", name="More", exact=True).click()
    page.get_by_role("link", name="Split at a sentence").click()
    page.get_by_role("button", name="Split here").click()
    page.get_by_text("Scene split.").wait_for()
    assert list(Scene.live.filter(story=story).order_by("position").values_list("narration", flat=True)[1:3]) == ["A boat leaves.", "The sea is calm."]
    undo("12345")
    do(3, "Merge with the next scene", "Two scenes became one.")
    assert saved(story) == "1235"
    undo("12345")
    do(4, "Delete", "Scene 4 deleted.")
    assert saved(story) == "1235"
    undo("12345")
    do(5, "Delete", "Scene 5 deleted.")
    page.locator(".bd-deleted summary").first.click()
    page.get_by_role("button", name="Restore").first.click()
    page.get_by_text("The scene is back.").wait_for()
    assert saved(story) == "12345"
    card(page, 1).get_by_role("button", name="Later").click()
    page.get_by_text("Scene moved to place 2 of 5.").wait_for()
    undo("12345")
    card(page, 1).get_by_role("link", name="More", exact=True).click()
    page.get_by_label("Narration").fill("By hand.")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert Scene.live.get(story=story, position=1).narration == "By hand."
    context.close()


def test_selected_scenes_get_a_camera_and_a_length_at_once(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    for number in (2, 4):
        card(page, number).get_by_label(f"Select scene {number}").check(force=True)
    page.get_by_role("button", name="Camera, length").click()
    page.locator("#bd-set").get_by_label("Camera").select_option("still")
    page.locator("#bd-set").get_by_label("Length in seconds").fill("9")
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Apply to 2").dblclick()
    said(page, "2 scenes changed.")
    page.wait_for_function("document.querySelectorAll('.bd-length input')[3].value === '9'")
    assert [url.rsplit("/", 2)[-2] for url in posts] == ["many"]
    assert list(Scene.live.filter(story=story).order_by("position").values_list("duration_seconds", flat=True)) == [7, 9, 7, 9, 7]
    page.get_by_role("button", name="Undo").click()
    said(page, "2 scenes are as before.")
    assert list(Scene.live.filter(story=story).order_by("position").values_list("duration_seconds", flat=True)) == [7] * 5


def test_guest_says_at_which_time(live_server, enter, quiet_page, another, owner, story):
    segments = [{"scene": str(scene.pk), "position": scene.position, "title": scene.title, "frames": 48} for scene in Scene.live.filter(story=story)]
    with store.workplace() as folder:
        ffmpeg.run(["-f", "lavfi", "-i", "color=teal:s=320x180:r=24:d=10", "-f", "mp4", "-pix_fmt", "yuv420p"], out=folder / "film.mp4")
        store.keep_as(folder / "film.mp4", "films/a.mp4")
    Film.objects.create(
        story=story,
        kind="preview",
        number=1,
        file="films/a.mp4",
        width=1280,
        height=720,
        fps=24,
        frames=240,
        size_bytes=0,
        vtt="WEBVTT\n",
        manifest={"segments": segments},
        manifest_hash="x",
    )
    _link, token = review.share(story.pk, actor=owner, name="client", days=1, may_comment=True)
    page = quiet_page
    page.set_default_timeout(WAIT)
    page.goto(f"{live_server.url}/review/{token}/")
    page.get_by_label("Your name").fill("Kim")
    page.locator("[data-say] textarea").fill("Brighter here")
    page.get_by_role("button", name="Comment").click()
    page.get_by_text("Brighter here").wait_for()
    assert (Comment.objects.get().guest, page.get_by_label("Your name").input_value()) == ("Kim", "Kim")
    assert page.evaluate("[...document.querySelectorAll('.rv-mark')].map(mark => mark.style.flexGrow)") == ["2000"] * 5
    staff = enter(another, owner, story, "stories_story_review")
    staff.get_by_text("Brighter here").wait_for()
    staff.get_by_role("button", name="Settle").click()
    staff.get_by_role("button", name="Open again").wait_for()
    assert Comment.objects.get().resolved_by == owner


def test_stale_and_rejected_clips_go_into_the_film_for_a_reason(enter, quiet_page, owner, story):
    make_take(Scene.live.get(story=story, position=5), content=picture("gray"))
    for scene in Scene.live.filter(story=story):
        make_take(scene, "clip", verdict="rejected" if scene.position == 2 else "unreviewed", verdict_reason="too dark" if scene.position == 2 else "")
    Take.objects.filter(kind="clip", scene__position=4).update(input_hash="older")
    page = enter(quiet_page, owner, story)
    page.get_by_role("link", name="Make 1 $0.00").dblclick()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Use them as they are").click()
    dialog.get_by_text("Rejected: too dark").wait_for()
    dialog.get_by_text("The scene has changed since.").wait_for()
    dialog.get_by_label("Why?").fill("The client likes it")
    dialog.get_by_role("button", name="Make the film with them").dblclick()
    said(page, "The film is being made with the takes as they are.")
    assert [event.reason for event in story.transitions.all()] == ["The client likes it"]
