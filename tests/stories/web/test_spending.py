"""The costs of a story by scene and by kind."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from operations.cost_tables import rows_by
from providers.models import ProviderCall
from stories.models import Effect, Line, Story
from stories.web.call_names import names_of
from stories.web.spending import spending_of
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner: Any) -> Story:
    story = make_story(owner, status="planned", duration_seconds=14)
    first, second = make_scene(story), make_scene(story)
    line = Line.live.get(scene=second)
    work = [
        ("image", first.key, "0.02"),
        ("image", second.key, "0.02"),
        ("speech", line.key, "0.30"),
        ("music", str(story.pk), "0.15"),
        ("sound", Effect.objects.create(story=story, scene=second, prompt="rain").key, "0.07"),
        ("sound", Effect.objects.create(story=story, prompt="wind").key, "0.04"),
    ]
    for number, (kind, item, cost) in enumerate(work):
        ProviderCall.objects.create(
            provider_id="local",
            kind=kind,
            item=item,
            subject=str(story.pk),
            key=f"call-{number}",
            state="settled",
            unit_price=1,
            units=1,
            estimate=Decimal(cost),
            cost=Decimal(cost),
            request_hash="h",
        )
    return story


def test_speech_and_effects_count_to_their_scene_and_each_kind_has_its_sum(story: Story) -> None:
    found = spending_of(story)
    assert [(row.position, row.totals.actual, row.totals.calls) for row in found.scenes] == [
        (0, Decimal("0.19"), 2),
        (1, Decimal("0.02"), 1),
        (2, Decimal("0.39"), 3),
    ]
    assert [(name, totals.actual, totals.calls) for name, totals in found.kinds] == [
        ("Picture", Decimal("0.04"), 2),
        ("Speech", Decimal("0.30"), 1),
        ("Music", Decimal("0.15"), 1),
        ("Sound effect", Decimal("0.11"), 2),
    ]


def test_the_costs_page_has_the_kinds(story: Story, owner: Any, client: Client) -> None:
    assert [(row.name, row.key, row.totals.actual) for row in rows_by("kind")] == [
        ("Speech", "speech", Decimal("0.30")),
        ("Music", "music", Decimal("0.15")),
        ("Sound effect", "sound", Decimal("0.11")),
        ("Picture", "image", Decimal("0.04")),
    ]
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    page = client.get(reverse("admin:stories_story_money", args=[story.pk])).content.decode()
    section = page[page.index('id="by-kind"') :]
    names = ("Picture", "Speech", "Music", "Sound effect")
    assert sorted(names, key=section.index) == list(names)
    assert "$0.11" in section[section.index("Sound effect") :]


def test_the_costs_page_names_the_scene_of_each_line_and_effect(story: Story) -> None:
    second = story.all_scenes.get(position=2)
    assert [(row.name, row.totals.actual) for row in rows_by("scene")] == [
        (f"{story.title} · 2. {second.title} · speech", Decimal("0.30")),
        (f"{story.title} · The story itself", Decimal("0.15")),
        (f"{story.title} · 2. {second.title} · effects", Decimal("0.07")),
        (f"{story.title} · The story itself", Decimal("0.04")),
        (f"{story.title} · 1. {story.all_scenes.get(position=1).title}", Decimal("0.02")),
        (f"{story.title} · 2. {second.title}", Decimal("0.02")),
    ]


def test_a_call_for_an_effect_is_named_after_its_scene(story: Story, owner: Any) -> None:
    calls = list(ProviderCall.objects.filter(kind="sound").order_by("-cost"))
    assert [name for name, _address in map(names_of(owner, calls).get, [c.pk for c in calls])] == [
        f"{story.title}, scene 2",
        story.title,
    ]
