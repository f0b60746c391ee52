"""The costs of a story: per scene, per provider, for rejected takes, and still to come."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from providers import ledger
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import ReviewStatus
from stories.models import Scene, Story, Take


@dataclass(frozen=True, slots=True)
class SceneSpending:
    """`position` is 0 for calls of the story itself and for scenes that no longer exist."""

    title: str
    position: int
    deleted: bool
    totals: ledger.Totals


@dataclass(frozen=True, slots=True)
class Spending:
    totals: ledger.Totals
    scenes: list[SceneSpending]
    providers: list[tuple[str, ledger.Totals]]
    rejected: Decimal
    rejected_takes: int
    unclear: list[ProviderCall]


def spending_of(story: Story) -> Spending:
    """The costs of a story. Six queries, whatever the number of scenes and calls."""
    subject = str(story.pk)
    scenes = {
        str(scene.pk): scene for scene in Scene.objects.filter(story=story).order_by("position")
    }
    names = dict(AIProviderConfig.objects.values_list("provider", "name"))
    rows = []
    for item, totals in ledger.breakdown("item", subject=subject).items():
        scene = scenes.get(item)
        rows.append(
            SceneSpending(
                scene.title if scene else "",
                scene.position if scene else 0,
                bool(scene and scene.deleted_at),
                totals,
            )
        )
    rows.sort(key=lambda row: (row.deleted, row.position))
    by_provider = [
        (names.get(provider, provider), totals)
        for provider, totals in ledger.breakdown("provider", subject=subject).items()
    ]
    rejected = Take.objects.filter(
        scene__story=story, review_status=ReviewStatus.REJECTED
    ).aggregate(cost=Sum("cost"), takes=Count("pk"))
    unclear = list(
        ProviderCall.objects.filter(subject=subject, state=CallState.UNCLEAR)
        .select_related("provider")
        .order_by("reserved_at")
    )
    return Spending(
        ledger.totals(subject=subject),
        rows,
        by_provider,
        ledger.exact(rejected["cost"]),
        rejected["takes"],
        unclear,
    )
