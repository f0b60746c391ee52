"""Takes are compared, judged and talked about; a guest of the shared film says at which time."""

import pytest

from media import ffmpeg
from providers import store
from stories.models import Comment, Film, Scene, Take
from stories.services import review_links
from tests.pictures import picture
from tests.stories.factories import make_take

from .conftest import WAIT
from .hands import card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_takes_are_compared_judged_and_talked_about(enter, quiet_page, owner, story):
    first = Scene.live.get(story=story, position=1)
    other = make_take(first, chosen=False, content=picture("gold", (640, 360)), seed=99)
    page = enter(quiet_page, owner, story)
    card(page, 1).get_by_role("link", name="Open scene 1").click()
    panel = page.locator("#bd-panel")
    panel.get_by_role("button", name="Compare A and B").click()
    panel.get_by_label("Wipe between take A and take B").press("Home")
    assert (
        page.evaluate("document.querySelector('.bd-wipe').style.getPropertyValue('--at')") == "0%"
    )
    panel.get_by_label("Your comment").fill("half a com")
    take = panel.locator(f"#take-{other.pk}")
    take.locator("summary").click()
    take.get_by_label("Why?").fill("too yellow")
    take.get_by_role("button", name="Reject the take").click()
    take.get_by_text("“too yellow”").wait_for()
    other.refresh_from_db()
    assert (other.review_status, other.review_reason) == ("rejected", "too yellow")
    assert panel.get_by_label("Your comment").input_value() == "half a com"
    panel.get_by_label("Your comment").fill("Brighter, please")
    panel.get_by_role("button", name="Comment", exact=True).click()
    panel.locator(".bd-comments").get_by_text("Brighter, please").wait_for()
    assert panel.get_by_label("Your comment").input_value() == ""
    assert Comment.objects.get().text == "Brighter, please"
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert card(page, 1).get_by_title("Open comments").inner_text().endswith("1")


def test_own_picture_becomes_the_take_of_the_film(enter, quiet_page, owner, story, tmp_path):
    (tmp_path / "own.png").write_bytes(picture("coral", (640, 360)))
    page = enter(quiet_page, owner, story)
    card(page, 5).get_by_role("link", name="Open scene 5").click()
    panel = page.locator("#bd-panel")
    panel.get_by_label("Or bring your own picture").set_input_files(tmp_path / "own.png")
    panel.get_by_role("button", name="Upload").click()
    panel.get_by_text("Uploaded").wait_for()
    take = Take.objects.get(scene__position=5)
    assert (take.source, Scene.live.get(story=story, position=5).image_take_id) == (
        "uploaded",
        take.pk,
    )


def test_guest_says_at_which_time(live_server, enter, quiet_page, another, owner, story):
    segments = [
        {"scene": str(scene.pk), "position": scene.position, "title": scene.title, "frames": 48}
        for scene in Scene.live.filter(story=story)
    ]
    with store.workplace() as folder:
        ffmpeg.run(
            [
                "-f",
                "lavfi",
                "-i",
                "color=teal:s=320x180:r=24:d=10",
                "-f",
                "mp4",
                "-pix_fmt",
                "yuv420p",
            ],
            out=folder / "film.mp4",
        )
        store.save_as(folder / "film.mp4", "films/a.mp4")
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
    _link, token = review_links.share(
        story.pk, actor=owner, name="client", days=1, may_comment=True
    )
    page = quiet_page
    page.set_default_timeout(WAIT)
    page.goto(f"{live_server.url}/review/{token}/")
    page.get_by_label("Your name").fill("Kim")
    page.locator("[data-say] textarea").fill("Brighter here")
    page.get_by_role("button", name="Comment").dblclick()
    page.get_by_text("Brighter here").wait_for()
    assert (Comment.objects.get().guest, page.get_by_label("Your name").input_value()) == (
        "Kim",
        "Kim",
    )
    assert (
        page.evaluate("[...document.querySelectorAll('.rv-mark')].map(mark => mark.style.flexGrow)")
        == ["2000"] * 5
    )
    staff = enter(another, owner, story, "stories_story_review")
    staff.get_by_text("Brighter here").wait_for()
    staff.get_by_role("button", name="Resolve").click()
    staff.get_by_role("button", name="Open again").wait_for()
    assert Comment.objects.get().resolved_by == owner
