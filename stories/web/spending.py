"""The costs of a story: per scene, per provider, for rejected takes, and still to come."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from providers import ledger
from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import ReviewStatus
from stories.models import Effect, Line, Scene, Story, Take


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
    kinds: list[tuple[str, ledger.Totals]]
    providers: list[tuple[str, ledger.Totals]]
    rejected: Decimal
    rejected_takes: int
    unclear: list[ProviderCall]


def spending_of(story: Story) -> Spending:
    """The costs of a story. Eight queries, whatever the number of scenes and calls.

    The speech of a line and an effect count to their scene.
    """
    subject = str(story.pk)
    scenes = {
        str(scene.pk): scene for scene in Scene.objects.filter(story=story).order_by("position")
    }
    names = dict(AIProviderConfig.objects.values_list("provider", "name"))
    scene_of = {
        str(part): str(scene)
        for model in (Line, Effect)
        for part, scene in model.objects.filter(scene__story=story).values_list("pk", "scene_id")
    }
    by_item: dict[str, ledger.Totals] = {}
    by_kind: dict[str, ledger.Totals] = {}
    for (kind, item), totals in ledger.breakdown("kind", "item", subject=subject).items():
        known = scene_of.get(item, item)
        key = known if known in scenes else ""
        by_item[key] = by_item.get(key, ledger.Totals()) + totals
        by_kind[kind] = by_kind.get(kind, ledger.Totals()) + totals
    rows = []
    for key, totals in by_item.items():
        scene = scenes.get(key)
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
        [(str(kind.label), by_kind[kind]) for kind in Kind if kind in by_kind],
        by_provider,
        ledger.exact(rejected["cost"]),
        rejected["takes"],
        unclear,
    )
