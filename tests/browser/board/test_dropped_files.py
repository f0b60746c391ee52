"""A file that is dropped on a card or on the stage is checked and shown before it is sent."""

import base64

import pytest

from stories.models import Scene, Take
from stories.services.takes import review_take
from tests.pictures import picture

from .hands import card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DROP = """(target, [text, name, type]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], name, { type }));
    for (const kind of ["dragover", "drop"])
        target.dispatchEvent(new DragEvent(kind, {
            bubbles: true, cancelable: true, dataTransfer: files,
        }));
}"""


def drop(target, content, name="own.png", kind="image/png"):
    target.evaluate(DROP, [base64.b64encode(content).decode(), name, kind])


def test_a_picture_is_dropped_on_a_card(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    drop(card(page, 5), picture("coral", (300, 600)))
    panel = page.locator("#bd-panel")
    panel.get_by_text("300 × 600: to fit 16:9").wait_for()
    assert Take.objects.filter(scene__position=5).count() == 0
    panel.get_by_role("button", name="Upload").click()
    panel.get_by_text("Uploaded").wait_for()
    take = Take.objects.get(scene__position=5)
    assert Scene.live.get(story=story, position=5).image_take_id == take.pk


def test_an_approved_take_stays_unless_a_person_says_so(enter, quiet_page, owner, story):
    scene = Scene.live.get(story=story, position=1)
    approved = scene.image_take
    review_take(approved.pk, review_status="approved", actor=owner)
    page = enter(quiet_page, owner, story)
    card(page, 1).get_by_role("link", name="Open scene 1").click()
    panel = page.locator("#bd-panel")
    panel.get_by_role("heading", name="Comments").wait_for()
    drop(panel.locator("[data-wipe]"), picture("coral", (640, 360)))
    page.wait_for_function("document.querySelector('[data-upload] [type=file]').files.length === 1")
    panel.get_by_role("button", name="Upload").click()
    panel.get_by_text("The approved take stays in the film").wait_for()
    scene.refresh_from_db()
    assert scene.image_take_id == approved.pk
    assert Take.objects.filter(scene=scene).count() == 2


@pytest.mark.parametrize(
    ("content", "name", "kind", "words"),
    [
        (b"x", "notes.txt", "text/plain", "not a picture that the studio reads"),
        (b"", "own.png", "image/png", "The file is empty."),
        (b"0" * (41 << 20), "own.png", "image/png", "The file has 41 MB; at most 40 MB are taken."),
    ],
)
def test_what_the_studio_does_not_take_is_not_sent(
    content, name, kind, words, enter, quiet_page, owner, story
):
    page = enter(quiet_page, owner, story)
    drop(card(page, 5), content, name, kind)
    panel = page.locator("#bd-panel")
    panel.get_by_text(words).wait_for()
    panel.get_by_role("button", name="Upload").click()
    page.wait_for_timeout(500)
    assert Take.objects.filter(scene__position=5).count() == 0


def test_a_file_beside_the_cards_does_not_leave_the_page(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    before = page.url
    drop(page.locator("#vp-head"), b"x", "notes.txt", "text/plain")
    page.wait_for_timeout(300)
    assert page.url == before
    assert page.locator("#bd-panel").is_hidden()
