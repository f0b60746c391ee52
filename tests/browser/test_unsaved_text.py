"""The log-in runs out, the network goes, the tab is left: what a person typed is still there, and
it is said what happened.
"""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from stories.enums import StoryStatus
from stories.models import Scene, Story
from tests.stories.factories import make_scene, make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def inside(live_server, page, log_in, owner):
    log_in(page, owner)
    page.set_default_timeout(60_000)
    return page


@pytest.fixture
def scene(owner):
    return make_scene(make_story(owner, status=StoryStatus.PREVIEWING), title="The harbour")


@pytest.fixture
def board(live_server, inside, scene):
    inside.goto(live_server.url + reverse("admin:stories_story_board", args=[scene.story_id]))
    return inside


def titles() -> list[str]:
    return list(Scene.live.values_list("title", flat=True))


def log_in_again(live_server, page, person):
    """As in another tab: another session and another token against forged requests."""
    client = Client()
    client.force_login(person)
    page.context.clear_cookies(name="csrftoken")
    page.context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": live_server.url,
            },
            {"name": "csrftoken", "value": "b" * 32, "url": live_server.url},
        ]
    )


def test_a_field_that_is_left_after_the_log_in_ran_out_is_kept_and_saved_after_the_next(
    live_server, board, owner
):
    Session.objects.all().delete()
    title = board.get_by_label("Title")
    title.fill("The harbour at dusk")
    title.press("Tab")
    board.get_by_text("You are logged out. What you typed stays here").wait_for()
    board.get_by_text("Not saved: you are logged out. Your text is kept here.").wait_for()
    assert (title.input_value(), titles()) == ("The harbour at dusk", ["The harbour"])
    assert board.locator("#login-form").count() == 0, (
        "the log-in page was put into no part of the board"
    )
    log_in_again(live_server, board, owner)
    board.get_by_role("button", name="Try again").click()
    board.get_by_text("You are logged out.").wait_for(state="detached")
    board.locator(".bd-title.bd-kept").wait_for()
    assert titles() == ["The harbour at dusk"]


def test_a_field_that_is_left_without_a_network_is_kept_and_saved_with_it(board):
    board.context.set_offline(True)
    title = board.get_by_label("Title")
    title.fill("The harbour at dusk")
    title.press("Tab")
    board.get_by_text(
        "The studio does not answer at the moment. What you typed stays here."
    ).wait_for()
    assert titles() == ["The harbour"]
    board.context.set_offline(False)
    board.get_by_role("button", name="Try again").click()
    board.locator(".bd-title.bd-kept").wait_for()
    board.locator("#vp-away").wait_for(state="detached")
    assert titles() == ["The harbour at dusk"]


def test_a_story_that_is_sent_after_the_log_in_ran_out_comes_back_to_be_sent_again(
    live_server, inside, owner
):
    inside.goto(live_server.url + reverse("admin:stories_story_add"))
    inside.get_by_label("Title").fill("The sea")
    inside.get_by_label("Script").fill("A boat leaves the harbour. The lighthouse waits.")
    inside.get_by_label("Length (seconds)").fill("21")
    Session.objects.all().delete()
    inside.locator("[name=_save]").click()
    inside.get_by_label("Username").fill("owner")
    inside.get_by_label("Password").fill("owner")
    inside.get_by_role("button", name="Log in").click()
    inside.get_by_text(
        "The text that you typed before you had to log in again is restored."
    ).wait_for()
    assert (
        inside.get_by_label("Script").input_value()
        == "A boat leaves the harbour. The lighthouse waits."
    )
    assert not Story.objects.exists()
    inside.locator("[name=_save]").click()
    inside.get_by_role("heading", name="The sea").wait_for()
    assert Story.objects.values_list("title", "duration_seconds").get() == ("The sea", 21)
    inside.goto(live_server.url + reverse("admin:stories_story_add"))
    assert inside.get_by_label("Title").input_value() == "", "what was sent comes back once"


def test_a_question_that_was_not_answered_for_want_of_a_network_can_be_sent_again(
    live_server, inside, owner
):
    story = make_story(owner, status=StoryStatus.COMPLETED)
    inside.goto(live_server.url + reverse("admin:stories_story_board", args=[story.pk]))
    inside.locator("#vp-more summary").click()
    inside.get_by_role("link", name="Archive").click()
    dialog = inside.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("sent to the client")
    inside.context.set_offline(True)
    dialog.get_by_role("button", name="Archive").click()
    dialog.get_by_text("The studio does not answer at the moment.").wait_for()
    inside.context.set_offline(False)
    dialog.get_by_role("button", name="Archive").click()
    inside.wait_for_function("!document.querySelector('dialog[open]')")
    inside.wait_for_load_state()
    assert Story.objects.get().status == StoryStatus.ARCHIVED
