"""Two people at the same story at once, each with a browser of their own."""

import pytest
from django.urls import reverse

from stories.models import Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def card(page, number):
    return page.locator("#bd-scenes > li").nth(number - 1)


def look_for_news(page):
    """As when the person comes back to the window."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_each_sees_the_other_and_what_the_other_changes(
    reader, browse, enter_as, owner, manager, story
):
    board = reverse("admin:stories_story_board", args=[story.pk])
    mine = enter_as(browse(but="409 (Conflict)"), owner, board)
    theirs = enter_as(browse(), manager, board)
    theirs.locator("#vp-here", has_text="owner").wait_for()
    assert theirs.locator(".vp-here-words").inner_text() == reader.say("is here, too")
    mine.reload()
    mine.locator("#vp-here", has_text="manager").wait_for()

    title = reader.write("The quay", "부두")
    for page in (mine, theirs):
        if reader.is_phone:  # whose list shows no words
            reader.press(page.locator("[data-view=cards]"))
        card(page, 1).locator(".bd-title").wait_for()
    with theirs.expect_response("**/edit/"):
        card(theirs, 1).locator(".bd-title").fill(title)
        card(theirs, 1).locator(".bd-title").blur()
    look_for_news(mine)
    mine.wait_for_function(
        "title => document.querySelector('.bd-title').value === title", arg=title
    )

    words = {
        theirs: reader.write("Theirs.", "다른 사람의 말."),
        mine: reader.write("Mine.", "나의 말."),
    }
    for page, text in words.items():
        field = card(page, 2).locator("[name=narration]")
        with page.expect_response("**/edit/"):
            field.fill(text)
            field.blur()
    beside = card(mine, 2).locator(".bd-beside")
    beside.wait_for()
    assert words[theirs] in beside.inner_text()
    assert card(mine, 2).locator("[name=narration]").input_value() == words[mine]
    assert Scene.live.get(story=story, position=2).narration == words[theirs]
    own = (title, *words.values(), story.title)
    own += tuple(story.all_scenes.values_list("title", flat=True))
    own += tuple(story.all_scenes.values_list("narration", flat=True))
    reader.look(mine, "conflict", own=own)
    with mine.expect_response("**/edit/"):
        reader.press(beside.get_by_role("button", name=reader.say("Keep mine")))
        beside.wait_for(state="detached")
        card(mine, 2).locator("[name=narration]").blur()
    assert Scene.live.get(story=story, position=2).narration == words[mine]
