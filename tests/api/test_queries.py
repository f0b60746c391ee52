"""Lists ask the database the same few questions, whatever they show."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import refresh_tokens
from stories.enums import FilmKind, TakeKind
from stories.models import Approval, Film, StoryStateTransition
from stories.services import enqueue
from tests.stories.factories import make_scene, make_story, make_take

LISTS = {
    "stories/": 4,
    "scenes/": 5,
    "jobs/": 4,
    "scenes/?story={story}": 5,
    "jobs/?story={story}": 4,
    "stories/{story}/transitions/": 4,
    "stories/{story}/films/": 4,
    "scenes/{scene}/takes/": 6,
    "approvals/": 4,
    "approvals/?story={story}&state=asked": 4,
}


def fill(owner, number):
    """A story with `number` of everything, and `number` stories."""
    story = make_story(owner)
    scenes = [make_scene(story) for _ in range(number)]
    for scene in scenes:
        make_take(scene)
        make_take(scene, TakeKind.CLIP)
        enqueue.enqueue_scene(scene, TakeKind.IMAGE, owner=owner)
    for n in range(number):
        Approval.objects.create(
            story=story, kind="image", plan_hash=f"{n}", total=1, limit=0, asked_by=owner
        )
        make_take(scenes[0], chosen=False, made_by=owner)
        make_story(owner)
        Film.objects.create(
            story=story,
            kind=FilmKind.FINAL,
            number=n + 1,
            file="a.mp4",
            width=1,
            height=1,
            fps=24,
            frames=1,
            size_bytes=1,
            manifest_hash="0",
        )
        StoryStateTransition.objects.create(
            story=story,
            from_status="draft",
            to_status="planning",
            name="start_planning",
            actor=owner,
        )
    return story, scenes[0]


@pytest.mark.parametrize("number", [1, 3, 50])
@pytest.mark.moderate
def test_lists_have_a_constant_number_of_queries(mine, owner, number):
    story, scene = fill(owner, number)
    token = refresh_tokens.start(owner).access.token
    for path, most in LISTS.items():
        with CaptureQueriesContext(connection) as captured:
            answer = mine.ask("GET", path.format(story=story.pk, scene=scene.pk), token=token)
        queries = [query["sql"] for query in captured]
        assert len(answer.json()["items"]) >= number, path
        assert len(queries) <= most, (path, [query[:150] for query in queries])
        assert not [query for query in queries if query.startswith("SELECT COUNT(")], path
