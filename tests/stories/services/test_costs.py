from decimal import Decimal

import pytest

from providers.errors import NoPrice
from providers.models import AIProviderConfig
from stories.selectors.cost_estimate import estimate, estimate_story
from tests.stories.factories import make_scene, make_story


def test_estimate_by_the_formula_of_the_guide():
    found = estimate(
        scenes=8,
        duration_seconds=60,
        cost_per_image=Decimal("0.02"),
        cost_per_second_video=Decimal("0.05"),
    )

    assert (found.scene_cost, found.video_cost, found.preview_cost, found.storage_cost) == (
        Decimal("0.16"),
        Decimal("3.00"),
        Decimal("1.500"),
        Decimal("0.10"),
    )
    assert found.total == Decimal("4.76")


def test_estimate_story_counts_planned_scenes_until_there_are_real_ones(owner):
    story = make_story(
        owner, duration_seconds=60, image_provider="stability_ai", clip_provider="runway_ml"
    )
    assert estimate_story(story).scenes == 8
    make_scene(story)
    assert estimate_story(story).scenes == 1


def test_estimate_story_at_the_prices_of_the_guide(owner):
    story = make_story(
        owner, duration_seconds=60, image_provider="stability_ai", clip_provider="runway_ml"
    )
    assert estimate_story(story).total == 8 * Decimal("0.02") + 60 * Decimal("0.08") * Decimal(
        "1.5"
    ) + Decimal("0.10")


def test_estimate_story_without_a_price(owner):
    AIProviderConfig.objects.filter(provider="runway_ml").update(cost_per_second_video=None)
    with pytest.raises(NoPrice, match="no price for video"):
        estimate_story(make_story(owner, clip_provider="runway_ml"))
