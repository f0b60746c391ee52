"""The transitions on the film page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from stories.errors import Forbidden, GuardRefused, Invalid
from stories.models import Scene, Story
from stories.services.boundaries import set_boundaries
from tests.markup import flat
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner: Any) -> Story:
    story = make_story(owner, status="planned", duration_seconds=21)
    for _scene in range(3):
        make_scene(story)
    return story


def boundaries(story: Story) -> list[str]:
    return list(
        Scene.live.filter(story=story).order_by("position").values_list("boundary", flat=True)
    )


def test_the_film_page_sets_them_for_each_scene_and_everywhere(
    story: Story, owner: Any, client: Client
) -> None:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    film = reverse("admin:stories_story_film", args=[story.pk])
    url = reverse("admin:stories_story_boundaries", args=[story.pk])
    first, second, third = Scene.live.filter(story=story).order_by("position")
    sent = {
        f"after-{first.pk}": "cross_fade",
        f"after-{second.pk}": "dip_to_black",
        f"after-{third.pk}": "cut",
        "after-nothing": "cut",
    }
    answer = client.post(url, sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{film}#transitions")
    assert boundaries(story) == ["cross_fade", "dip_to_black", "cut"]
    page = flat(client.get(film))
    assert page.count('<option value="cross_fade" selected>Cross-fade</option>') == 1
    assert page.count(">Everywhere: ") == 3
    client.post(url, {"everywhere": "cross_fade"})
    assert boundaries(story) == ["cross_fade"] * 3


def test_only_the_owner_and_only_what_there_is(story: Story, owner: Any, colleague: Any) -> None:
    scene = Scene.live.filter(story=story).first()
    assert scene is not None
    with pytest.raises(Forbidden):
        set_boundaries(story.pk, actor=colleague, boundaries={scene.pk: "cross_fade"})
    with pytest.raises(Invalid, match="“wipe” is no transition"):
        set_boundaries(story.pk, actor=owner, boundaries={scene.pk: "wipe"})
    Story.objects.filter(pk=story.pk).update(status="rendering")
    with pytest.raises(GuardRefused):
        set_boundaries(story.pk, actor=owner, boundaries={}, everywhere="cross_fade")
    assert boundaries(story) == ["cut"] * 3


def test_a_foreign_scene_is_left_alone(story: Story, owner: Any) -> None:
    foreign = make_scene(make_story(owner))
    set_boundaries(story.pk, actor=owner, boundaries={foreign.pk: "cross_fade"})
    foreign.refresh_from_db()
    assert foreign.boundary == "cut"


def test_reader_sees_but_does_not_change(story: Story, colleague: Any, client: Client) -> None:
    client.force_login(colleague)
    url = reverse("admin:stories_story_boundaries", args=[story.pk])
    client.post(url, {"everywhere": "cross_fade"})
    assert boundaries(story) == ["cut"] * 3
