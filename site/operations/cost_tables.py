"""The tables of the costs page: costs by story, scene, provider, model, person and day, and reasons
of rejection.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Count, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.admin.display import person
from core.identifiers import is_uuid
from providers import ledger
from providers.enums import Kind
from providers.models import AIProviderConfig
from stories.enums import ReviewStatus
from stories.models import Effect, Line, Scene, Story, Take
from stories.selectors.cost_estimate import estimates_of

type By = Literal["story", "scene", "kind", "provider", "model", "person", "day"]
DIMENSIONS: dict[By, tuple[ledger.Dimension, ...]] = {
    "story": ("subject",),
    "scene": ("subject", "item"),
    "kind": ("kind",),
    "provider": ("provider",),
    "model": ("provider", "model"),
    "person": ("actor",),
    "day": ("day",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a readable `name`, the `key` of the first dimension, and the totals.

    `share` is the percentage of the most expensive row.
    """

    name: str
    totals: ledger.Totals
    key: str = ""
    share: int = 0

    @property
    def difference(self) -> Decimal:
        """Actual less estimate, in USD. Positive if more was spent than estimated."""
        return self.totals.actual - self.totals.estimate


def rows_by(
    by: By, *, since: datetime | None = None, subject: str | None = None, most: int | None = None
) -> list[Row]:
    """Returns the rows, most expensive first and then by name, days in order. At most six queries.

    `subject` selects one story; `most` limits the number of rows.
    """
    found = ledger.breakdown(*DIMENSIONS[by], since=since, subject=subject)
    keys = [key if isinstance(key, tuple) else (key,) for key in found]
    ordered = (
        sorted(
            zip(keys, found.values(), strict=True), key=lambda pair: pair[1].actual, reverse=True
        )
        if by != "day"
        else zip(keys, found.values(), strict=True)
    )
    shown = list(ordered)[:most]
    dearest = max((totals.actual for _key, totals in shown), default=Decimal(0)) or Decimal(1)
    names = _names(by, [key for key, _totals in shown])
    rows = [
        Row(
            names[key],
            totals,
            "" if key[0] is None else str(key[0]),
            int(100 * totals.actual / dearest),
        )
        for key, totals in shown
    ]
    # Of rows that cost the same, the order is that of their names, not that of their ids.
    return rows if by == "day" else sorted(rows, key=lambda row: (-row.totals.actual, row.name))


def _names(by: By, keys: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], str]:
    """Returns a readable name for each key."""
    if by == "day":
        return {key: date_format(key[0], "SHORT_DATE_FORMAT") for key in keys}
    if by == "kind":
        return {key: str(Kind(key[0]).label) for key in keys}
    if by == "person":
        people = {
            one.pk: person(one)
            for one in get_user_model().objects.filter(pk__in=[key[0] for key in keys if key[0]])
        }
        return {key: people.get(key[0], _("Nobody any more")) for key in keys}
    if by in {"provider", "model"}:
        configs = dict(AIProviderConfig.objects.values_list("provider", "name"))
        return {
            key: " · ".join([configs.get(key[0], key[0]), *(part or "–" for part in key[1:])])
            for key in keys
        }
    titles = titles_of(key[0] for key in keys)
    if by == "story":
        return {key: titles.get(key[0]) or key[0] or "–" for key in keys}
    places = {
        str(pk): f"{place}. {title}".strip()
        for pk, place, title in Scene.objects.filter(
            pk__in=_ids(key[1] for key in keys)
        ).values_list("pk", "position", "title")
    }
    places |= _places_of_parts(_ids(key[1] for key in keys if key[1] not in places))
    return {
        key: f"{titles.get(key[0]) or key[0] or '–'} · "
        f"{places.get(key[1]) or _('The story itself')}"
        for key in keys
    }


def _places_of_parts(items: list[UUID]) -> dict[str, str]:
    """Returns the scene of each take that was edited, of each line and of each effect, with the
    word for that. Three queries if there are any.
    """
    parts = ((Take, _("edits")), (Line, _("speech")), (Effect, _("effects")))
    return {
        str(pk): f"{place}. {title}".strip() + f" · {word}"
        for model, word in (parts if items else ())
        for pk, place, title in model._default_manager.filter(  # noqa: SLF001  Django's documented API
            pk__in=items, scene__isnull=False
        ).values_list("pk", "scene__position", "scene__title")
    }


def titles_of(subjects: Any) -> dict[str, str]:
    """Returns the titles of stories by their ids as text."""
    return {
        str(pk): title
        for pk, title in Story.objects.filter(pk__in=_ids(subjects)).values_list("pk", "title")
    }


def _ids(texts: Any) -> list[UUID]:
    return [UUID(text) for text in {*texts} if is_uuid(text)]


@dataclass(frozen=True, slots=True)
class Estimated:
    """A story's estimates and actual amounts in USD. `formula` is the guide's (B5), None without a
    price.
    """

    story: Story
    formula: Decimal | None
    totals: ledger.Totals

    @property
    def open(self) -> Decimal:
        """Reserved and unconfirmed amounts together."""
        return self.totals.reserved + self.totals.at_risk

    @property
    def percent(self) -> int | None:
        """Actual as a percentage of the formula's estimate."""
        return int(100 * self.totals.actual / self.formula) if self.formula else None


def estimated(stories: list[Row]) -> list[Estimated]:
    """Compares estimate and actual over the whole life of these stories. Four queries."""
    found = {
        str(story.pk): story
        for story in Story.objects.filter(pk__in=_ids(row.key for row in stories))
    }
    formulas = estimates_of(list(found.values()))
    whole = ledger.breakdown("subject", subjects=list(found))
    return [
        Estimated(found[row.key], formulas[found[row.key].pk], whole[row.key])
        for row in stories
        if row.key in found
    ]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why takes were rejected: the text, the count and the cost in USD."""

    text: str
    takes: int
    cost: Decimal


def reasons(since: datetime, *, most: int | None = None) -> list[Reason]:
    """Returns the reasons, most expensive first. One query."""
    rows = (
        Take.objects.filter(review_status=ReviewStatus.REJECTED, created_at__gte=since)
        .order_by()
        .values_list("review_reason")
        .annotate(n=Count("pk"), sum=Sum("cost"))
    )
    return [
        Reason(text, takes, ledger.exact(cost))
        for text, takes, cost in rows.order_by("-sum", "-n", "review_reason")[:most]
    ]
