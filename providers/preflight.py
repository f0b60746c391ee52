"""What can be said about a request before anything is paid: whether it would be refused, and what of it reaches the provider."""

from typing import Literal

from django.utils.translation import gettext_noop

from ground.sentence import Sentence

from . import keys
from .adapters import Adapter, Card
from .enums import Kind
from .errors import KeyUnreadable, NoPrice, NotConfigured, Refused
from .models import AIProviderConfig, ProviderModel
from .prices import card_from, model_name, model_row, priced
from .registry import adapter_for
from .requests import Request, kind_of

UNSENDABLE = (NotConfigured, NoPrice, KeyUnreadable, Refused)
EVERYTHING = frozenset(
    {"prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio", "width", "height", "fps", "duration_ms", "camera", "image_file", "reference_image"}
)


def require_possible(config: AIProviderConfig, request: Request, *, row: ProviderModel | Literal["look"] | None = "look") -> None:
    """Raises what the call itself would be refused with: `NotConfigured`, `NoPrice`, `KeyUnreadable` or `Refused`.

    Whether the provider is active or paused, its limits and the budgets are not looked at: work waits for those. Sends
    nothing; asks the database for nothing but the model's row, and not for that when `row` gives it (as `model_row` does).
    """
    adapter = ready_adapter(config, kind_of(request))
    found = model_row(config, request) if row == "look" else row
    adapter.check_request(request, card_from(found, model_name(config, request, found)))
    priced(config, request, found)


def ready_adapter(config: AIProviderConfig, kind: Kind) -> Adapter:
    """The adapter of a provider that can be asked for this kind of thing at all. Raises `NotConfigured` or `KeyUnreadable`."""
    adapter = adapter_for(config)
    if kind not in adapter.kinds:
        raise NotConfigured(gettext_noop("%(provider)s does not make this kind of thing."), provider=config.name)
    if adapter.needs_key and not keys.has_key(config):
        raise NotConfigured(gettext_noop("%(provider)s has no key."), provider=config.name)
    adapter.ready()
    return adapter


def makes(config: AIProviderConfig, kind: Kind) -> bool:
    """Whether the provider is set up, in use, and makes this kind: what a list to choose from offers."""
    try:
        ready_adapter(config, kind)
    except UNSENDABLE:
        return False
    return config.is_active


def why_not(config: AIProviderConfig, request: Request, *, row: ProviderModel | Literal["look"] | None = "look") -> Sentence | None:
    """Why the provider would refuse this request, as a message for a person; None when nothing is known against it."""
    try:
        require_possible(config, request, row=row)
    except UNSENDABLE as error:
        return error.sentence
    return None


def used_fields(provider: str, kind: str, model: str) -> frozenset[str]:
    """The names of a request's fields that reach this model; all of them for a provider that is not known any more."""
    config = AIProviderConfig.objects.filter(provider=provider).first()
    if config is None:
        return EVERYTHING
    row = config.models.filter(kind=kind, name=model).first()
    try:
        return adapter_for(config).used_fields(Kind(kind), card_from(row, model) if row else Card(model))
    except NotConfigured:
        return EVERYTHING
