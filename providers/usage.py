"""Usage of a provider: limits and budgets as the call service counts them, prices, last errors."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import keys
from .calls.limits import counting, questions
from .enums import OPEN_CALL, CallState, Kind
from .ledger import counted, month_start
from .models import AIProviderConfig, ProviderCall, ProviderModel
from .prices import model_row, own_price
from .registry import is_free, known_adapter_class
from .requests import (
    ClipRequest,
    ImageRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeechRequest,
    TextRequest,
)
from .services.configs import organization_budget

FULL, NEARLY = 100, 80  # percent
OLD = timedelta(days=90)  # after which a price should be read again
ERRORS = 8


@dataclass(frozen=True, slots=True)
class Use:
    """Usage of one limit, in calls or USD. A `limit` of None means no limit."""

    label: str | Promise
    used: Decimal
    limit: Decimal | None

    @property
    def percent(self) -> int:
        """0 to 100; a limit of zero counts as used up."""
        if self.limit is None:
            return 0
        return min(FULL, int(FULL * self.used / self.limit)) if self.limit else FULL

    @property
    def tone(self) -> str:
        return "bad" if self.percent >= FULL else "ask" if self.percent >= NEARLY else "live"


def limits_of(config: AIProviderConfig, *, now: datetime | None = None) -> list[Use]:
    """Return the usage of the limits per minute, per hour and at once; five queries. Free questions
    count like calls.
    """
    now = now or timezone.now()
    calls = ProviderCall.objects.filter(provider=config)
    return [
        Use(
            _("Calls in a minute"),
            _used(config, since=now - timedelta(minutes=1)),
            _whole(config.rate_limit_per_minute),
        ),
        Use(
            _("Calls in an hour"),
            _used(config, since=now - timedelta(hours=1)),
            _whole(config.rate_limit_per_hour),
        ),
        Use(
            _("Calls at once"),
            Decimal(calls.filter(state__in=OPEN_CALL).count()),
            _whole(config.max_concurrent),
        ),
    ]


def _used(config: AIProviderConfig, *, since: datetime) -> Decimal:
    calls = counting(ProviderCall.objects.filter(provider=config), since=since).count()
    return Decimal(calls + questions(config, since=since).count())


def budgets_of(config: AIProviderConfig) -> list[Use]:
    """Return this month's spending of provider and organization; three queries."""
    month = month_start()
    return [
        Use(
            _("Budget of the provider, this month"),
            counted(provider=config.provider, since=month),
            config.monthly_budget,
        ),
        Use(
            _("Organization budget, this month"),
            counted(since=month),
            organization_budget().monthly_budget,
        ),
    ]


def _whole(limit: int | None) -> Decimal | None:
    return None if limit is None else Decimal(limit)


# One request of each kind that names no model.
PLAIN: tuple[Request, ...] = (
    ImageRequest(prompt=""),
    ClipRequest(prompt=""),
    TextRequest(task="plan_story", script=""),
    SpeechRequest(text="", language="ko"),
    MusicRequest(prompt=""),
    SoundRequest(prompt=""),
)


@dataclass(frozen=True, slots=True)
class Priced:
    """A model with its price per unit in USD (None: no price, no call) and the date it was read.

    `is_used` means that a request without a model of its own uses this model.
    """

    model: ProviderModel
    price: Decimal | None
    is_own: bool
    is_used: bool

    @property
    def is_old(self) -> bool:
        return self.model.priced_on is None or timezone.localdate() - self.model.priced_on > OLD


def missing_of(
    config: AIProviderConfig, prices: list[Priced]
) -> list[Literal["key", "test", "price"]]:
    """Return the steps of the set-up that are open: its key, its test, a model with a price."""
    found: list[Literal["key", "test", "price"]] = []
    if known_adapter_class(config.kind).needs_key and not keys.has_key(config):
        found.append("key")
    if not config.test_works:
        found.append("test")
    if not any(row.price is not None and row.is_used for row in prices):
        found.append("price")
    return found


def prices_of(config: AIProviderConfig, *, inactive: bool = False) -> list[Priced]:
    """Return the active models in order, each with its own price or the provider's; one query.

    `inactive`: those that are off, too.
    """
    prefetch_related_objects([config], "models")
    used = [model_row(config, request) for request in PLAIN]
    rows = sorted(
        (row for row in config.models.all() if row.is_active or inactive),
        key=lambda row: (row.kind, row.name),
    )
    active = {(row.kind, row.name): row for row in rows if row.is_active}

    def priced(row: ProviderModel) -> Priced:
        called = active.get((row.kind, row.stands_for), row)  # at whose price
        own = own_price(config, Kind(row.kind))
        price = own if called.price is None else called.price
        return Priced(row, price, called.price is not None, row in used)

    return [priced(row) for row in rows]


def unpriced_of(config: AIProviderConfig) -> list[ProviderModel]:
    """Return the models that are not used because they have no price; one query."""
    if is_free(config):
        return []
    prefetch_related_objects([config], "models")
    rows = [
        row
        for row in config.models.all()
        if row.price is None and not row.is_active and not row.stands_for
    ]
    return sorted(rows, key=lambda row: (row.kind, row.name))


def last_errors(config: AIProviderConfig) -> list[ProviderCall]:
    """Return the newest calls that were refused, failed or are unclear; one query."""
    rows = ProviderCall.objects.filter(
        provider=config, state__in=[CallState.REFUSED, CallState.UNCLEAR]
    )
    return list(rows.order_by("-reserved_at", "-id")[:ERRORS])
