"""A story of five scenes, four of them with a picture, and the browsers that look at it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from stories.enums import StoryStatus
from stories.models import Story
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

WAIT = 60_000  # milliseconds


@pytest.fixture
def story(owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    for number, colour in enumerate(("navy", "teal", "maroon", "olive", "purple"), start=1):
        scene = make_scene(story, title=f"Scene {number}", text=f"prompt {number}")
        if number < 5:
            make_take(scene, content=picture(colour, (640, 360)))
    return story


@pytest.fixture
def enter(live_server):
    """`enter(page, person, story)`: the page shows the board of the story to this person."""

    def go(page: Any, person: Any, story: Story, name: str = "stories_story_board") -> Any:
        client = Client()
        client.force_login(person)
        page.context.add_cookies(
            [
                {
                    "name": "sessionid",
                    "value": client.cookies["sessionid"].value,
                    "url": live_server.url,
                }
            ]
        )
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
