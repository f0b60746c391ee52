"""Checks a request before anything is paid.

They show whether it would be refused, and which of its fields reach the provider.
"""

from functools import cached_property
from typing import Literal

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage

from . import keys
from .adapters import Adapter, ModelSpec
from .enums import Kind
from .errors import KeyUnreadable, NoPrice, NotConfigured, Refused
from .models import AIProviderConfig, ProviderModel
from .prices import model_name, model_row, priced, spec_from
from .registry import adapter_for
from .requests import Request, kind_of

UNSENDABLE = (NotConfigured, NoPrice, KeyUnreadable, Refused)
EVERYTHING = frozenset(
    {
        *("prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio", "width", "height"),
        *("fps", "duration_ms", "camera", "image_file", "reference_image", "references"),
        *("end_image_file", "strength"),
        *("text", "language", "voice", "direction", "speed", "mood"),
    }
)


def require_possible(
    config: AIProviderConfig,
    request: Request,
    *,
    row: ProviderModel | Literal["look"] | None = "look",
) -> None:
    """Raise what the call itself would raise.

    This is `NotConfigured`, `NoPrice`, `KeyUnreadable` or `Refused`. Does not check whether the
    provider is active or paused, its limits or the budgets: work waits for those. Sends nothing.
    Queries only the model's row, and not that either if `row` gives it (as returned by
    `model_row`).
    """
    adapter = ready_adapter(config, kind_of(request))
    found = model_row(config, request) if row == "look" else row
    adapter.check_request(request, spec_from(found, model_name(config, request, found)))
    priced(config, request, found)


def ready_adapter(config: AIProviderConfig, kind: Kind) -> Adapter:
    """Return the adapter of a provider that supports this kind.

    Raises `NotConfigured` or `KeyUnreadable`.
    """
    adapter = adapter_for(config)
    if kind not in adapter.kinds:
        raise NotConfigured(
            gettext_noop("%(provider)s does not make this kind of thing."), provider=config.name
        )
    if adapter.needs_key and not keys.has_key(config):
        raise NotConfigured(gettext_noop("%(provider)s has no key."), provider=config.name)
    adapter.ready()
    return adapter


def makes(config: AIProviderConfig, kind: Kind) -> bool:
    """Return whether the provider is set up, active, and supports this kind of request.

    Selection lists offer such providers.
    """
    try:
        ready_adapter(config, kind)
    except UNSENDABLE:
        return False
    return config.is_active


def why_not(
    config: AIProviderConfig,
    request: Request,
    *,
    row: ProviderModel | Literal["look"] | None = "look",
) -> LocalizedMessage | None:
    """Return why the provider would refuse this request; None if no reason is known."""
    try:
        require_possible(config, request, row=row)
    except UNSENDABLE as error:
        return error.sentence
    return None


class UsedFields:
    """Which request fields reach a model, for as many models as are asked for. At most two queries.

    It answers with what it found at the first question: make one for each list or job.
    """

    @cached_property
    def _configs(self) -> dict[str, AIProviderConfig]:
        return {row.provider: row for row in AIProviderConfig.objects.prefetch_related("models")}

    def of(self, provider: str, kind: str, model: str) -> frozenset[str]:
        """Return the names of the fields; all fields for a provider that no longer exists."""
        config = self._configs.get(provider)
        return EVERYTHING if config is None else used_fields_of(config, kind, model)


def used_fields_of(config: AIProviderConfig, kind: str, model: str) -> frozenset[str]:
    """Return the names of the request fields that reach this model.

    Makes no query if the configuration's models are prefetched.
    """
    row = next((row for row in config.models.all() if row.kind == kind and row.name == model), None)
    try:
        return adapter_for(config).used_fields(
            Kind(kind), spec_from(row, model) if row else ModelSpec(model)
        )
    except NotConfigured:
        return EVERYTHING
