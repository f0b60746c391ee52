"""The board in a browser that runs no scripts."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from stories.models import Scene
from stories.services import scenes

from .hands import card, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_without_scripts(enter, chromium, owner, story):
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, java_script_enabled=False, locale="en-US"
    )
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
    scenes.edit(
        Scene.live.get(story=story, position=2).pk,
        actor=owner,
        narration="A boat leaves. The sea is calm.",
    )
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, java_script_enabled=False, locale="en-US"
    )
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
    assert list(
        Scene.live.filter(story=story).order_by("position").values_list("narration", flat=True)[1:3]
    ) == ["A boat leaves.", "The sea is calm."]
    undo("12345")
    do(3, "Merge with the next scene", "The two scenes are merged.")
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


def test_log_out_without_scripts(enter, chromium, owner, story):
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, java_script_enabled=False, locale="en-US"
    )
    page = enter(context.new_page(), owner, story)
    board = page.url
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Logged out").wait_for()
    page.goto(board)
    page.get_by_role("button", name="Log in").wait_for()
    assert urlsplit(page.url).path == reverse("admin:login")
    context.close()
