"""Price of a request before it is made. No call is made without a price."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from django.utils.translation import gettext_noop

from .adapters import ModelSpec
from .amounts import rounded
from .enums import AUDIO_KINDS, Kind, Unit
from .errors import NoPrice, NotConfigured
from .models import AIProviderConfig, ProviderModel
from .registry import is_free
from .requests import ClipRequest, MusicRequest, Request, SoundRequest, SpeechRequest, kind_of
from .sound_requests import longest_speech_ms, ordered_ms, spoken_text

UNIT_OF = {
    Kind.IMAGE: Unit.IMAGE,
    Kind.CLIP: Unit.SECOND,
    Kind.TEXT: Unit.CALL,
    Kind.SPEECH: Unit.CHARACTERS,
    Kind.MUSIC: Unit.MINUTE,
    Kind.SOUND: Unit.MINUTE,
}
# What the ledger stores of a unit: one character of a thousand, 60 ms of a minute.
UNIT_PLACES = Decimal("0.001")


NOT_OFFERED = gettext_noop(
    "%(provider)s does not offer the model %(model)s here. Choose another one."
)
UNIT_MILLISECONDS = {Unit.SECOND: 1000, Unit.MINUTE: 60_000}


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a request.

    `total` is `unit_price` × `units`, rounded up to a hundredth of a cent; for a length it is
    computed from the milliseconds, because `units` are rounded up to what the ledger stores.
    `model` is the model that is actually called.
    """

    model: str
    unit_price: Decimal
    units: Decimal
    milliseconds: int = 0
    unit_milliseconds: int = 0

    @property
    def total(self) -> Decimal:
        if self.unit_milliseconds:
            return rounded(self.unit_price * self.milliseconds / self.unit_milliseconds)
        return rounded(self.unit_price * self.units)


def config_of(provider: str) -> AIProviderConfig:
    """Return the configuration of a provider. Raises `NotConfigured`."""
    try:
        return AIProviderConfig.objects.get(provider=provider)
    except AIProviderConfig.DoesNotExist:
        raise not_configured(provider) from None


def configs_of(providers: Collection[str]) -> dict[str, AIProviderConfig]:
    """Return the existing configurations among these providers, by name; two queries.

    Their models are prefetched for `model_row`.
    """
    return {
        config.provider: config
        for config in AIProviderConfig.objects.filter(provider__in=providers).prefetch_related(
            "models"
        )
    }


def not_configured(provider: str) -> NotConfigured:
    return NotConfigured(
        gettext_noop("There is no provider named “%(provider)s”."), provider=provider
    )


def model_row(config: AIProviderConfig, request: Request) -> ProviderModel | None:
    """Return the row of the model that this request uses.

    Aliases are resolved. Returns None if the model has no row. The order of precedence is: the
    request, the settings (`image_model`, `clip_model`, `text_model`, then `default_model` if it
    supports this kind), the row marked as default. Raises `NotConfigured` for a model that is not
    offered: another one is never called in its place.
    """
    kind = kind_of(request)
    require_offered(config, kind, request.model)
    rows = {row.name: row for row in config.models.all() if row.kind == kind and row.is_active}
    asked = [request.model, *models_in_settings(config, kind)]
    row = next((rows[name] for name in asked if name in rows), None) or next(
        (r for r in rows.values() if r.is_default), None
    )
    return rows.get(row.stands_for, row) if row and row.stands_for else row


def require_offered(config: AIProviderConfig, kind: str, model: str) -> None:
    """Raise `NotConfigured` unless the connection offers this model; empty: its own choice.

    A connection without rows for this kind takes any name. Makes no query if its models are
    prefetched.
    """
    if not model:
        return
    rows = [row for row in config.models.all() if row.kind == kind]
    if rows and not any(row.name == model and row.is_active for row in rows):
        raise NotConfigured(NOT_OFFERED, provider=config.name, model=model)


def models_in_settings(config: AIProviderConfig, kind: str) -> list[str]:
    """Return the model that the settings name for this kind, and the default; empty if not set."""
    settings = config.settings if isinstance(config.settings, dict) else {}
    names = [settings.get(name) for name in (f"{kind}_model", "default_model")]
    return [name if isinstance(name, str) else "" for name in names]


def model_name(config: AIProviderConfig, request: Request, row: ProviderModel | None) -> str:
    return (
        row.name
        if row
        else request.model or next(filter(None, models_in_settings(config, kind_of(request))), "")
    )


def spec_of(config: AIProviderConfig, *, kind: str, model: str) -> ModelSpec:
    """Return what the adapter needs to know about the model; only its name if it has no row."""
    row = config.models.filter(kind=kind, name=model).first()
    return spec_from(row, model)


def spec_from(row: ProviderModel | None, model: str) -> ModelSpec:
    """As `spec_of`, for a row that is already loaded."""
    return (
        ModelSpec(
            row.name,
            row.endpoint,
            row.ratios,
            row.options,
            tuple(row.durations),
            _references(row),
            capabilities=row.capabilities if isinstance(row.capabilities, dict) else {},
        )
        if row
        else ModelSpec(model)
    )


def _references(row: ProviderModel) -> dict[str, int]:
    """Return how many reference sheets of each role the row declares."""
    declared = row.capabilities.get("references") if isinstance(row.capabilities, dict) else None
    return dict(declared) if isinstance(declared, dict) else {}


def quote(config: AIProviderConfig, request: Request) -> Price:
    """Return the price of this request at this provider. Raises `NoPrice`."""
    row = model_row(config, request)
    return priced(config, request, row)


def priced(config: AIProviderConfig, request: Request, row: ProviderModel | None) -> Price:
    """As `quote`, for many requests of a kind whose `model_row` is known.

    Makes no query. Raises `NoPrice`.
    """
    kind = kind_of(request)
    own = own_price(config, kind)
    unit_price = row.price if row and row.price is not None else own
    if unit_price is None or (unit_price == 0 and not is_free(config)):
        # A zero price for a provider that charges means that no price has been entered.
        raise NoPrice(
            gettext_noop("%(provider)s has no price for this; enter one before it is used."),
            provider=config.name,
        )
    unit = Unit(row.unit) if row else UNIT_OF[kind]
    model = model_name(config, request, row)
    units, length = units_of(request, unit, row)
    if length is None:
        return Price(model, unit_price, units)
    return Price(model, unit_price, units, length, UNIT_MILLISECONDS[unit])


def own_price(config: AIProviderConfig, kind: Kind) -> Decimal | None:
    """Return the provider's own price of this kind, for models without a price; None if not set.

    Prices of sound stand at the models, because each model counts in another unit. A provider that
    is free needs none.
    """
    if kind in AUDIO_KINDS:
        return Decimal(0) if is_free(config) else None
    return {
        Kind.IMAGE: config.cost_per_image,
        Kind.CLIP: config.cost_per_second_video,
        Kind.TEXT: config.cost_per_text_call,
    }[kind]


def units_of(request: Request, unit: Unit, row: ProviderModel | None) -> tuple[Decimal, int | None]:
    """Return how many units the request is charged for, rounded up as far as the ledger stores, and
    the length in ms of sound that is charged by its length.

    The length of speech is known only afterwards: its estimate is the longest that it may become.
    """
    options = row.options if row else {}
    match request, unit:
        case ClipRequest(), Unit.SECOND:
            return Decimal(request.seconds_of(row.durations if row else ())), None
        case SpeechRequest(), Unit.CHARACTERS:
            return Decimal(max(1, len(spoken_text(request, options)))) / 1000, None
        case SpeechRequest(), Unit.SECOND | Unit.MINUTE:
            length = longest_speech_ms(request)
        case MusicRequest() | SoundRequest(), Unit.SECOND | Unit.MINUTE:
            length = ordered_ms(request, options)
        case _:
            return Decimal(1), None
    units = Decimal(length) / UNIT_MILLISECONDS[unit]
    return units.quantize(UNIT_PLACES, rounding=ROUND_UP), length


def price_of(provider: str, request: Request) -> Decimal:
    """Return the price in USD as the call service will reserve it.

    Raises `NoPrice` or `NotConfigured`.
    """
    return quote(config_of(provider), request).total
