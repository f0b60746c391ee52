"""The list of stories, the search of everything, the overview, and what a person is told of."""

from typing import Any

import pytest
from django.urls import reverse

from notifications.models import NotificationPreference
from stories.enums import StoryStatus
from stories.models import SavedView, Story
from stories.services import comments
from tests.stories.factories import make_scene, make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def three(owner: Any, reader: Any) -> list[Story]:
    """Two that can go into the archive, and one that cannot."""
    return [
        make_story(owner, status=status, title=reader.write(f"Sea {n}", f"바다 {n}"))
        for n, status in enumerate(
            (StoryStatus.COMPLETED, StoryStatus.DRAFT, StoryStatus.PLANNING), start=1
        )
    ]


def test_several_stories_go_into_the_archive(reader, browse, enter_as, owner, three):
    say = reader.say
    page = enter_as(browse(), owner, reverse("admin:stories_story_changelist"))
    own = tuple(story.title for story in three)
    reader.look(page, "stories", own=own)
    for box in page.locator("input.action-select").all():
        reader.press(box)
    page.locator("select[name=action]").select_option(label=say("Archive"))
    reader.send(page, page.locator("button[name=index]"))
    page.get_by_label(say("Reason")).fill(reader.write("done", "끝"))
    reader.look(page, "archive-several", own=own)
    reader.send(page, page.get_by_role("button", name=f"{say('Archive')} · 2"))
    assert list(Story.objects.order_by("title").values_list("status", flat=True)) == [
        "archived",
        "archived",
        "planning",
    ]


def test_filter_is_kept_as_a_view(reader, browse, enter_as, owner, three):
    say = reader.say
    page = enter_as(
        browse(), owner, reverse("admin:stories_story_changelist") + "?status__exact=draft"
    )
    reader.press(page.locator(".vp-saved-views summary"))
    name = reader.write("My drafts", "내 초안")
    own = (name, *(story.title for story in three))
    page.get_by_label(say("Save these filters as")).fill(name)
    reader.look(page, "save-a-view", own=own)
    reader.send(page, page.get_by_role("button", name=say("Save the view")))
    page.locator(".vp-saved-views summary", has_text=name).wait_for()
    view = SavedView.objects.get()
    assert (view.name, view.query) == (name, "status__exact=draft")
    page.goto(page.url.partition("?")[0])
    reader.press(page.locator(".vp-saved-views summary"))
    reader.press(page.get_by_role("link", name=name))
    page.wait_for_url("**?*status__exact=draft*")


def test_search_finds_a_story(reader, browse, enter_as, owner, three):
    page = enter_as(browse(), owner, reverse("admin:index"))
    if reader.is_phone:
        reader.press(page.get_by_role("button", name=reader.say("Show or hide the side bar")))
        reader.press(page.get_by_role("button", name=reader.say("Search stories…")))
    else:
        page.keyboard.press("Control+k")
    field = page.locator("#search-input-command")
    field.wait_for()
    field.fill(three[0].title)
    found = page.locator("#command-results").get_by_text(three[0].title).first
    found.wait_for()
    reader.look(page, "search", own=tuple(story.title for story in three))
    reader.press(found)
    page.wait_for_url(f"**/{three[0].pk}/**")


def test_item_of_the_overview_is_settled(reader, browse, enter_as, owner, manager):
    story = make_story(
        owner, status=StoryStatus.PLANNED, title=reader.write("The lighthouse", "등대")
    )
    scene = make_scene(story, title=reader.write("The harbour", "항구"))
    text = reader.write("More fog, please", "안개를 더 넣어 주세요")
    comments.on_scene(scene.pk, actor=manager, text=text)
    own = (text, story.title, scene.title, scene.narration, scene.prompt.text)
    page = enter_as(browse(), owner, reverse("admin:index"))
    reader.look(page, "overview", own=own)
    one = reader.say("%(n)s open comment", several="%(n)s open comments", n=1) % {"n": 1}
    todo = page.locator(".vp-todo a").filter(has_text=story.title).filter(has_text=one)
    reader.press(todo)
    page.wait_for_url(f"**/{story.pk}/**")
    reader.press(page.locator(".bd-open").first)
    panel = page.locator("#bd-panel")
    panel.locator(".bd-comments").get_by_text(text).wait_for()
    reader.press(panel.get_by_role("button", name=reader.say("Resolve")))
    panel.get_by_role("button", name=reader.say("Open again")).wait_for()
    assert story.comments.get().resolved_by == owner
    enter_as(page, owner, reverse("admin:index"))
    page.locator("#vp-now").wait_for()
    assert todo.count() == 0


def test_person_chooses_what_to_be_told_of(reader, browse, enter_as, owner):
    page = enter_as(browse(), owner, reverse("admin:notification_choices"))
    box = page.locator("[name=film_ready]").first
    was = box.is_checked()
    reader.press(box)
    reader.look(page, "notification-choices")
    reader.send(page, page.get_by_role("button", name=reader.say("Save"), exact=True))
    page.goto(page.url)
    assert box.is_checked() is not was
    assert NotificationPreference.objects.filter(user=owner).exists()
