"""The voices of a provider, cached for a moment: pages ask for them often,
and they change rarely.
"""

from django.core.cache import cache

from .adapters import Voice
from .enums import Kind
from .models import AIProviderConfig
from .preflight import ready_adapter

KEPT_SECONDS = 600


def voices_of(config: AIProviderConfig) -> list[Voice]:
    """Return the voices of a provider that makes speech.

    Calls the provider, which is free. Must not run inside a transaction. Raises `NotConfigured`,
    `KeyUnreadable` or `Later`.
    """
    adapter = ready_adapter(config, Kind.SPEECH)
    if adapter.repeatable:
        return adapter.voices()
    # A change of address or key shows the voices of the other account.
    name = f"provider-voices:{config.provider}:{config.updated_at.timestamp()}"
    found: list[Voice] | None = cache.get(name)
    if found is None:
        found = adapter.voices()
        cache.set(name, found, KEPT_SECONDS)
    return found
