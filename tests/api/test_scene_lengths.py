"""Proposed lengths over the API: what each costs, and what is accepted."""

from decimal import Decimal
from math import ceil

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.models import AIProviderConfig
from stories.models import Scene
from stories.services import sound
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import speak_with

SIX_WORDS = "The boat leaves the old harbour."


@pytest.fixture
def short(owner, monkeypatch):
    speak_with(monkeypatch)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_second_video=Decimal("0.05"))
    story = make_story(owner, status="planned", duration_seconds=9)
    for seconds in (1, 7, 1):
        make_scene(story, narration=SIX_WORDS, duration_seconds=seconds)
    sound.change_settings(story.pk, actor=owner, mood="none")
    return story


def lengths(story):
    rows = Scene.live.filter(story=story).order_by("position")
    return list(rows.values_list("duration_seconds", flat=True))


def test_proposals_come_with_what_they_cost(mine, short):
    first = Scene.live.get(story=short, position=1)
    body = mine.ask("GET", f"stories/{short.pk}/scene_lengths/").json()
    one, three = body["items"]
    needed = one["proposed_seconds"]
    assert needed == round(needed, 1)
    assert one == {
        "scene_id": str(first.pk),
        "position": 1,
        "duration_seconds": 1,
        "proposed_seconds": needed,
        "estimated": True,
        "price": f"{(ceil(needed) - 1) * 0.05:.4f}",
        "why": "",
        "held_seconds": 0.0,
        "speed": None,
        "characters": one["characters"],
    }
    assert needed > 1
    assert one["characters"] > 0
    assert three["position"] == 3
    assert body["more_seconds"] == round(2 * (needed - 1), 1)
    assert body["price"] == f"{2 * (ceil(needed) - 1) * 0.05:.4f}"
    assert lengths(short) == [1, 7, 1]  # nothing is changed by itself


def test_one_is_accepted_or_all(mine, short):
    address = f"stories/{short.pk}/scene_lengths/"
    one, three = mine.ask("GET", address).json()["items"]
    needed = one["proposed_seconds"]

    def accept(*proposals):
        rows = [
            {"scene_id": each["scene_id"], "duration_seconds": each["proposed_seconds"]}
            for each in proposals
        ]
        return mine.ask("POST", address, {"items": rows})

    assert [row["position"] for row in accept(three).json()["items"]] == [1]
    assert lengths(short) == [1, 7, needed]
    assert accept(one, three).json() == {"items": [], "more_seconds": 0, "price": "0.0000"}
    assert lengths(short) == [needed, 7, needed]
    story = mine.ask("GET", f"stories/{short.pk}/").json()
    assert story["duration_seconds"] == round(7 + 2 * needed, 1)


def test_what_cannot_be_set_changes_nothing(mine, short, world):
    address = f"stories/{short.pk}/scene_lengths/"
    first = Scene.live.get(story=short, position=1)
    good = {"scene_id": str(first.pk), "duration_seconds": 4}
    foreign = {"scene_id": str(world.scenes[0].pk), "duration_seconds": 4}
    for items, pointer in (
        ([good, good], "/items"),
        ([good, foreign], "/items"),
        ([{**good, "duration_seconds": 601}], "/items/0/duration_seconds"),
        ([{**good, "duration_seconds": 0.5}], "/items/0/duration_seconds"),
        ([{**good, "duration_seconds": 4.25}], "/items"),
    ):
        answer = mine.ask("POST", address, {"items": items})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert lengths(short) == [1, 7, 1]


def test_the_same_queries_for_one_proposal_and_for_three(mine, short):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            mine.ask("GET", f"stories/{short.pk}/scene_lengths/")
        return len(seen)

    many = queries()
    Scene.live.filter(story=short).exclude(position=1).delete()
    assert queries() == many
