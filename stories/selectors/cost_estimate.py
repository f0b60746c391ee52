"""The cost estimate for a story by the formula of the brief (B5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext_noop

from providers.errors import NoPrice
from providers.models import AIProviderConfig
from stories.models import Scene, Story
from stories.services.planning import scene_count

STORAGE_COST = Decimal("0.10")  # USD, flat
PREVIEW_SHARE = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The parts of an estimate in USD.

    total = scenes × price of a picture + seconds × price per second (video) + half of video
    (preview) + storage.
    """

    scenes: int
    scene_cost: Decimal
    video_cost: Decimal
    preview_cost: Decimal
    storage_cost: Decimal

    @property
    def total(self) -> Decimal:
        return self.scene_cost + self.video_cost + self.preview_cost + self.storage_cost


def estimate(
    *, scenes: int, duration_seconds: float, cost_per_image: Decimal, cost_per_second_video: Decimal
) -> Estimate:
    """Apply the estimate formula of the brief, B5."""
    video = Decimal(str(duration_seconds)) * cost_per_second_video
    return Estimate(scenes, scenes * cost_per_image, video, video * PREVIEW_SHARE, STORAGE_COST)


def estimate_story(story: Story) -> Estimate:
    """The estimate at the prices of the story's providers. Raises NoPrice."""
    prices = {
        config.provider: config
        for config in AIProviderConfig.objects.filter(
            provider__in={story.image_provider, story.clip_provider}
        )
    }
    return _estimate(story, prices, live=Scene.live.filter(story=story).count())


def estimates_of(stories: Iterable[Story]) -> dict[UUID, Decimal | None]:
    """The total of `estimate_story` for each story in USD, None without a price.

    Two queries in total.
    """
    wanted = list(stories)
    prices = {config.provider: config for config in AIProviderConfig.objects.all()}
    live = dict(
        Scene.live.filter(story__in=wanted).order_by().values_list("story").annotate(n=Count("pk"))
    )
    found: dict[UUID, Decimal | None] = {}
    for story in wanted:
        try:
            found[story.pk] = _estimate(story, prices, live=live.get(story.pk, 0)).total
        except NoPrice:
            found[story.pk] = None
    return found


def _estimate(story: Story, prices: Mapping[str, AIProviderConfig], *, live: int) -> Estimate:
    image, clip = prices.get(story.image_provider), prices.get(story.clip_provider)
    if image is None or image.cost_per_image is None:
        raise NoPrice(
            gettext_noop("%(provider)s has no price for pictures."), provider=story.image_provider
        )
    if clip is None or clip.cost_per_second_video is None:
        raise NoPrice(
            gettext_noop("%(provider)s has no price for video."), provider=story.clip_provider
        )
    return estimate(
        scenes=live or scene_count(story.duration_seconds),
        duration_seconds=story.duration_seconds,
        cost_per_image=image.cost_per_image,
        cost_per_second_video=clip.cost_per_second_video,
    )
