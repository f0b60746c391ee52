"""The costs of a story by scene and by kind."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from operations.cost_tables import rows_by
from providers.models import ProviderCall
from stories.models import Line, Story
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


def test_speech_counts_to_its_scene_and_each_kind_has_its_sum(story: Story) -> None:
    found = spending_of(story)
    assert [(row.position, row.totals.actual, row.totals.calls) for row in found.scenes] == [
        (0, Decimal("0.15"), 1),
        (1, Decimal("0.02"), 1),
        (2, Decimal("0.32"), 2),
    ]
    assert [(name, totals.actual, totals.calls) for name, totals in found.kinds] == [
        ("Picture", Decimal("0.04"), 2),
        ("Speech", Decimal("0.30"), 1),
        ("Music", Decimal("0.15"), 1),
    ]


def test_the_costs_page_has_the_kinds(story: Story, owner: Any, client: Client) -> None:
    assert [(row.name, row.key, row.totals.actual) for row in rows_by("kind")] == [
        ("Speech", "speech", Decimal("0.30")),
        ("Music", "music", Decimal("0.15")),
        ("Picture", "image", Decimal("0.04")),
    ]
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    page = client.get(reverse("admin:stories_story_money", args=[story.pk])).content.decode()
    section = page[page.index('id="by-kind"') :]
    assert section.index("Picture") < section.index("Speech") < section.index("Music")
