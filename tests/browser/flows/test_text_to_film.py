"""From a pasted text to a film that plays: plan, pictures, review, film."""

from typing import Any

import pytest
from django.urls import reverse

from jobs.runner import run_due
from stories.enums import ReviewStatus, StoryStatus
from stories.models import Film, Story, Take

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASTE = """(field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("paste", { bubbles: true }));
}"""
TEXTS = (
    "A boat leaves the harbour at dawn. The lighthouse waits for her.",
    "새벽에 배 한 척이 항구를 떠난다. 등대가 배를 기다린다.",
)


def answer(page: Any, reader: Any, opener: str, message: str) -> None:
    """Press the blue button of the head, and in its dialog the button with this message."""
    reader.press(page.locator(opener))
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name=reader.say(message))
    button.wait_for()
    reader.look(page, f"dialog-{opener.removeprefix('#do-')}")
    reader.press(button)
    page.locator("#do-stop").wait_for()


def judge(page: Any, reader: Any, panel: Any) -> None:
    """Approve the first take and go on; reject the second with a reason and have it made again."""
    if reader.is_phone:
        reader.press(panel.locator("[data-key-approve]"))
        panel.locator("[data-reel][data-status=approved]").first.wait_for()
        reader.press(panel.get_by_role("link", name=reader.say("Scene after")))
    else:
        page.keyboard.press("a")
        panel.locator("[data-reel][data-status=approved]").first.wait_for()
        page.keyboard.press("ArrowRight")
    panel.get_by_text("2 / 2").wait_for()
    why = reader.write("Too dark", "너무 어둡다")
    if reader.is_phone:
        panel.locator("[data-key-reason]").fill(why)
        reader.press(panel.get_by_role("button", name=reader.say("Reject")).first)
    else:
        page.keyboard.press("r")
        page.keyboard.type(why)
        page.keyboard.press("Enter")
    panel.locator("[data-reel][data-status=rejected]").first.wait_for()
    reader.look(page, "scene", own=(why,))
    if reader.is_phone:
        reader.press(panel.locator("[data-press=bd-make-one]"))
    else:
        panel.locator("[data-close]").first.focus()
        page.keyboard.press("g")
    page.wait_for_function("document.querySelector('#bd-panel-body').dataset.running === '1'")


def test_pasted_text_becomes_a_film(reader, browse, enter_as, owner):
    page = enter_as(browse(), owner, reverse("admin:stories_story_add"))
    title = reader.write("The lighthouse", "등대")
    page.locator("#id_title").fill(title)
    page.get_by_label(reader.say("Script"), exact=True).evaluate(PASTE, reader.write(*TEXTS))
    page.locator("#proposed b").first.wait_for()
    page.locator("#id_duration_seconds").fill("14")
    page.locator("#id_duration_seconds").blur()
    reader.look(page, "new-story")
    create = page.get_by_role("button", name=reader.say("Create and start planning"))
    reader.send(page, create)
    reader.look(page, "start-planning")
    start = reader.say("Start planning")
    reader.press(page.get_by_role("button", name=start, exact=True))
    page.wait_for_url("**/board/**")
    reader.look(page, "planning")
    run_due()
    page.locator("#bd-scenes > li").first.wait_for()
    story = Story.objects.get()
    assert (story.title, story.status, story.language) == (
        title,
        StoryStatus.PLANNED,
        reader.language,
    )

    reader.press(page.locator("#do-generate_preview"))  # it is free: nothing is asked
    page.locator("#do-stop").wait_for()
    run_due()
    page.locator("#do-render_final").wait_for()
    assert Take.objects.filter(kind="image").count() == story.all_scenes.count()
    reader.look(page, "board")

    reader.press(page.locator(".bd-open").first)
    panel = page.locator("#bd-panel")
    panel.locator("[data-verdict]").wait_for()
    judge(page, reader, panel)
    assert sorted(Take.objects.values_list("review_status", flat=True)) == [
        ReviewStatus.APPROVED,
        ReviewStatus.REJECTED,
    ]
    run_due()
    panel.locator("[data-reel]").nth(1).wait_for()
    reader.press(panel.locator("[data-close]").first)
    panel.wait_for(state="hidden")

    answer(page, reader, "#do-render_final", "Render the film")
    run_due()
    page.locator("#do-review").wait_for()
    assert Story.objects.get().status == StoryStatus.COMPLETED

    film = Film.objects.get(kind="final")
    reader.press(
        page.get_by_role("navigation", name=reader.say("Parts of the story")).get_by_role(
            "link", name=reader.say("Film"), exact=True
        )
    )
    page.wait_for_url("**/film/")
    video = page.locator("video")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('video').currentTime > 0.5")
    reader.look(page, "film")
    with page.expect_download() as download:
        reader.press(page.get_by_role("link", name=reader.say("Download the film")))
    assert download.value.suggested_filename == reader.write(
        f"the-lighthouse-final-{film.number}.mp4", f"등대-final-{film.number}.mp4"
    )
