"""What a request costs before it is made. No price, no call."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_noop

from .adapters import Card
from .amounts import rounded
from .enums import Kind, Unit
from .errors import NoPrice, NotConfigured
from .models import AIProviderConfig, ProviderModel
from .registry import is_free
from .requests import ClipRequest, Request, kind_of

UNIT_OF = {Kind.IMAGE: Unit.IMAGE, Kind.CLIP: Unit.SECOND, Kind.TEXT: Unit.CALL}


@dataclass(frozen=True, slots=True)
class Price:
    """`total` = `unit_price` × `units`, rounded up to a hundredth of a cent. `model` is the one really called."""

    model: str
    unit_price: Decimal
    units: Decimal

    @property
    def total(self) -> Decimal:
        return rounded(self.unit_price * self.units)


def config_of(provider: str) -> AIProviderConfig:
    """Raises `NotConfigured`."""
    try:
        return AIProviderConfig.objects.get(provider=provider)
    except AIProviderConfig.DoesNotExist:
        raise not_configured(provider) from None


def configs_of(providers: Collection[str]) -> dict[str, AIProviderConfig]:
    """Those of these providers that there are, by name, with their models for `model_row`; two queries."""
    return {config.provider: config for config in AIProviderConfig.objects.filter(provider__in=providers).prefetch_related("models")}


def not_configured(provider: str) -> NotConfigured:
    return NotConfigured(gettext_noop("There is no provider named “%(provider)s”."), provider=provider)


def model_row(config: AIProviderConfig, request: Request) -> ProviderModel | None:
    """The row of the model that this request uses, names that stand for others followed; None when it has no row.

    Asked for in this order: by the request, by the settings (`image_model`, `clip_model`, `text_model`, then
    `default_model` if it makes this kind), by the row marked as default.
    """
    kind = kind_of(request)
    rows = {row.name: row for row in config.models.all() if row.kind == kind and row.is_active}
    asked = [request.model, *models_in_settings(config, kind)]
    row = next((rows[name] for name in asked if name in rows), None) or next((r for r in rows.values() if r.is_default), None)
    return rows.get(row.stands_for, row) if row and row.stands_for else row


def models_in_settings(config: AIProviderConfig, kind: str) -> list[str]:
    """The model that the settings name for this kind, and the one for all; empty where they name none."""
    settings = config.settings if isinstance(config.settings, dict) else {}
    told = [settings.get(name) for name in (f"{kind}_model", "default_model")]
    return [name if isinstance(name, str) else "" for name in told]


def model_name(config: AIProviderConfig, request: Request, row: ProviderModel | None) -> str:
    return row.name if row else request.model or next(filter(None, models_in_settings(config, kind_of(request))), "")


def card_of(config: AIProviderConfig, *, kind: str, model: str) -> Card:
    """What the adapter must know of the model; only its name when it has no row."""
    row = config.models.filter(kind=kind, name=model).first()
    return card_from(row, model)


def card_from(row: ProviderModel | None, model: str) -> Card:
    """As `card_of`, for a row that is known."""
    return Card(row.name, row.endpoint, row.ratios, row.options, tuple(row.durations)) if row else Card(model)


def seconds_asked(request: ClipRequest, row: ProviderModel | None) -> int:
    """Whole seconds to ask for: the shortest allowed length that is enough, else the longest allowed."""
    return seconds_for(request, tuple(row.durations) if row else ())


def seconds_for(request: ClipRequest, durations: tuple[int, ...]) -> int:
    """As `seconds_asked`, by the lengths that the model makes (empty: any)."""
    need = max(1, -(-request.duration_ms // 1000))
    allowed = sorted(durations) or [need]
    return int(next((length for length in allowed if length >= need), allowed[-1]))


def quote(config: AIProviderConfig, request: Request) -> Price:
    """The price of this request at this provider. Raises `NoPrice`."""
    return priced(config, request, model_row(config, request))


def priced(config: AIProviderConfig, request: Request, row: ProviderModel | None) -> Price:
    """`quote` for many requests of a kind, whose `model_row` is known. Raises `NoPrice`; asks the database nothing."""
    kind = kind_of(request)
    own = {Kind.IMAGE: config.cost_per_image, Kind.CLIP: config.cost_per_second_video, Kind.TEXT: config.cost_per_text_call}[kind]
    unit_price = row.price if row and row.price is not None else own
    if unit_price is None or (unit_price == 0 and not is_free(config)):
        # Nobody gives away what costs money elsewhere: a price of nothing means that nobody has entered one.
        raise NoPrice(gettext_noop("%(provider)s has no price for this; enter one before it is used."), provider=config.name)
    unit = row.unit if row else UNIT_OF[kind]
    units = Decimal(seconds_asked(request, row)) if unit == Unit.SECOND and isinstance(request, ClipRequest) else Decimal(1)
    return Price(model_name(config, request, row), unit_price, units)


def price_of(provider: str, request: Request) -> Decimal:
    """USD, as the gate will reserve it. Raises `NoPrice` or `NotConfigured`."""
    return quote(config_of(provider), request).total
