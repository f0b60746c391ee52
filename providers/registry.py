"""Which adapter speaks for which provider."""

from typing import TYPE_CHECKING

from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from .errors import NotConfigured

if TYPE_CHECKING:
    from collections.abc import Callable

    from .adapters import Adapter
    from .models import AIProviderConfig

# Named, not imported: a studio that only draws locally loads none of the others.
ADAPTERS = {
    "local": "providers.local.adapter.LocalAdapter",
    "stability_ai": "providers.stability.adapter.StabilityAdapter",
    "runway_ml": "providers.runway.adapter.RunwayAdapter",
    "replicate": "providers.replicate.adapter.ReplicateAdapter",
    "llm": "providers.llm.adapter.LlmAdapter",
}


def adapter_class(provider: str) -> "type[Adapter] | None":
    """What speaks for this provider; None for one without a connection."""
    path = ADAPTERS.get(provider)
    found: type[Adapter] | None = import_string(path) if path else None
    return found


def adapter_for(config: "AIProviderConfig") -> "Adapter":
    """The adapter, with the configuration's address, settings and key. Raises `NotConfigured` or `KeyUnreadable`."""
    kind = adapter_class(config.provider)
    if kind is None:
        raise NotConfigured(gettext_noop("There is no connection to a provider named “%(provider)s”."), provider=config.provider)
    build: Callable[[AIProviderConfig], Adapter] = kind  # a Protocol tells nothing of how it is made
    return build(config)


def is_free(config: "AIProviderConfig") -> bool:
    """Whether this backend may cost nothing at all. For any other a price of nothing is no price."""
    adapter = adapter_for(config)
    return bool(getattr(adapter, "free", adapter.repeatable))
