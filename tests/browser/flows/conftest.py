"""A story whose words are in the language of its reader."""

from typing import Any

import pytest

from stories.enums import StoryStatus
from stories.models import Story
from tests.browser.readers import Reader
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

COLOURS = ("navy", "teal", "maroon")


@pytest.fixture
def story(owner: Any, reader: Reader) -> Story:
    """Three scenes with a picture each."""
    write = reader.write
    story = make_story(
        owner,
        status=StoryStatus.PREVIEWING,
        title=write("The lighthouse", "등대"),
        language=reader.language,
        duration_seconds=21,
    )
    for number, colour in enumerate(COLOURS, start=1):
        scene = make_scene(
            story,
            title=write(f"Place {number}", f"장소 {number}"),
            narration=write("A boat leaves. It is calm.", "배가 떠난다. 바다가 고요하다."),
            text=write("a boat at dawn", "새벽의 배"),
        )
        make_take(scene, content=picture(colour, (640, 360)))
    return story


@pytest.fixture
def administrator(manager: Any) -> Any:
    """May do everything."""
    manager.is_superuser = True
    manager.save()
    return manager
