"""The scenes of a story: takes are compared and made, files brought, pictures edited, scenes
ordered, lengthened and cut.
"""

import base64
from typing import Any

import pytest
from django.urls import reverse

from jobs.models import Job
from jobs.runner import run_due
from providers.requests import from_json
from stories.models import Scene, Take
from tests.pictures import picture
from tests.stories.factories import make_take

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DROP = """(target, text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], "own.png", { type: "image/png" }));
    for (const kind of ["dragover", "drop"])
        target.dispatchEvent(new DragEvent(kind, {
            bubbles: true, cancelable: true, dataTransfer: files,
        }));
}"""


def own_words(story: Any) -> tuple[str, ...]:
    return (
        story.title,
        *story.all_scenes.values_list("title", flat=True),
        *story.all_scenes.values_list("narration", flat=True),
        *story.all_scenes.values_list("prompt__text", flat=True),
    )


@pytest.fixture
def board(reader: Any, browse: Any, enter_as: Any, owner: Any, story: Any) -> Any:
    page = enter_as(browse(), owner, reverse("admin:stories_story_board", args=[story.pk]))
    page.locator("#wb .wb-block").nth(2).wait_for()
    page.wait_for_load_state("networkidle")
    return page


def opened(page: Any, reader: Any, number: int) -> Any:
    """The stage of a scene."""
    reader.press(page.locator("#bd-scenes > li").nth(number - 1).locator(".bd-open"))
    panel = page.locator("#bd-panel")
    panel.locator("[data-verdict]").wait_for()
    return panel


def order_of(story: Any) -> list[str]:
    return [
        title.split()[-1]
        for title in Scene.live.filter(story=story)
        .order_by("position")
        .values_list("title", flat=True)
    ]


def lengths(story: Any) -> list[float]:
    return list(
        Scene.live.filter(story=story)
        .order_by("position")
        .values_list("duration_seconds", flat=True)
    )


def test_takes_are_compared_and_three_more_are_made(reader, board, story):
    first = Scene.live.get(story=story, position=1)
    make_take(first, chosen=False, content=picture("gold", (640, 360)), seed=99)
    page = board
    panel = opened(page, reader, 1)
    if reader.is_phone:
        reader.press(panel.locator("[data-wipe-on]"))
    else:
        page.keyboard.press("c")
    wipe = panel.get_by_label(reader.say("Wipe between take A and take B"))
    wipe.wait_for()
    assert panel.locator("[data-verdict] kbd").first.is_visible() is not reader.is_phone
    wipe.fill("20")
    assert (
        page.evaluate("document.querySelector('.bd-wipe').style.getPropertyValue('--at')") == "20%"
    )
    reader.look(page, "compare", own=own_words(story))
    if reader.is_phone:
        reader.press(panel.locator("[data-press=bd-make-three]"))
    else:
        page.keyboard.press("v")
    page.wait_for_function("document.querySelector('#bd-panel-body').dataset.running === '1'")
    run_due()
    panel.locator("[data-reel]").nth(4).wait_for()
    assert Take.objects.filter(scene=first).count() == 5


def test_comment_is_left_on_a_scene(reader, board, story):
    panel = opened(board, reader, 1)
    text = reader.write("More fog", "안개를 더 짙게")
    panel.get_by_label(reader.say("Your comment")).fill(text)
    reader.press(panel.get_by_role("button", name=reader.say("Comment"), exact=True))
    panel.locator(".bd-comments").get_by_text(text).wait_for()
    assert Scene.live.get(story=story, position=1).comments.get().text == text


def test_own_file_replaces_the_picture(reader, board, story, tmp_path):
    content = picture("coral", (300, 600))
    page = board
    if reader.is_phone:  # nothing is dropped on a telephone
        (tmp_path / "own.png").write_bytes(content)
        panel = opened(page, reader, 2)
        panel.locator("[data-upload] [type=file]").set_input_files(tmp_path / "own.png")
    else:
        page.locator("#bd-scenes > li").nth(1).evaluate(DROP, base64.b64encode(content).decode())
        panel = page.locator("#bd-panel")
    panel.locator("[data-fit]", has_text="300 × 600").wait_for()
    reader.look(page, "upload", own=own_words(story))
    reader.press(panel.get_by_role("button", name=reader.say("Upload")))
    panel.locator("[data-reel]").nth(1).wait_for()
    scene = Scene.live.get(story=story, position=2)
    assert (scene.image_take.source, scene.takes.count()) == ("uploaded", 2)


def test_part_of_a_picture_is_changed(reader, browse, enter_as, owner, story):
    scene = Scene.live.get(story=story, position=1)
    take = make_take(scene, content=picture(size=(1280, 720)), width=1280, height=720)
    page = enter_as(browse(), owner, reverse("admin:board_edit_take", args=[story.pk, take.pk]))
    page.get_by_label(reader.say("What should change")).fill(
        reader.write("make it night", "밤으로")
    )
    canvas = page.locator("[data-mask-canvas]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    reader.draw(page, [(x + box["width"] * n / 10, y) for n in range(6)])
    reader.look(page, "edit-a-take", own=own_words(story))
    reader.press(page.get_by_role("button", name="$0.00"))
    page.locator("#bd-panel-body").wait_for()
    (shape,) = from_json(Job.objects.get().data["parameters"]["request"]).edit.mask
    for point, wanted in ((shape.points[0], (250, 500)), (shape.points[-1], (750, 500))):
        assert point == pytest.approx(wanted, abs=12)


def test_scene_is_moved_lengthened_and_cut(reader, board, story):
    page, say = board, reader.say
    moved = say("Scene moved.", several="%(count)s scenes moved.", n=1, count=1)
    if reader.is_phone:  # by the menu and the field of its card
        reader.press(page.locator("[data-view=cards]"))
        card = page.locator("#bd-scenes > li").first
        reader.press(card.locator("[data-menu]"))
        reader.look(page, "menu", own=own_words(story))
        reader.press(page.locator("#bd-menu [data-step=later]"))
    else:
        strip = page.locator("[data-wb-strip]")
        strip.press("Home")
        strip.press("Alt+ArrowRight")
    page.locator(".bd-toast", has_text=moved).first.wait_for()
    assert order_of(story) == ["2", "1", "3"]
    if reader.is_phone:
        length = page.locator("#bd-scenes > li").nth(1).locator("[name=duration_seconds]")
        with page.expect_response("**/edit/"):
            length.fill("8")
            length.blur()
    else:
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            strip.press("Shift+ArrowRight")
    assert lengths(story) == [7, 8, 7]
    if reader.is_phone:
        reader.press(page.locator("#bd-scenes > li").nth(1).locator("[data-menu]"))
        reader.press(page.locator("#bd-menu [data-split]"))
    else:
        strip.press("s")
    dialog = page.get_by_role("dialog")
    cut = dialog.get_by_role("button", name=say("Split here")).first
    cut.wait_for()
    reader.look(page, "dialog-split", own=own_words(story))
    reader.press(cut)
    page.locator(
        ".bd-toast", has_text=say("Scene split. The takes stay with the first part.")
    ).first.wait_for()
    assert len(order_of(story)) == 4
    page.locator(".bd-toast").get_by_role("button", name=say("Undo")).last.wait_for()
    reader.look(page, "board-toast", own=own_words(story))
