"""Maps the kinds of connection to their adapters."""

from typing import TYPE_CHECKING, Any, Protocol

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from .adapters import Adapter
from .errors import NotConfigured

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection(Protocol):
    """What is read here of an `AIProviderConfig`, whose model uses this module itself."""

    provider: Any
    kind: Any


# Named, not imported: an installation that uses only the local provider loads none of the others.
ADAPTERS = {
    "local": "providers.backends.local.adapter.LocalAdapter",
    "stability_ai": "providers.backends.stability.adapter.StabilityAdapter",
    "runway_ml": "providers.backends.runway.adapter.RunwayAdapter",
    "replicate": "providers.backends.replicate.adapter.ReplicateAdapter",
    "fal": "providers.backends.fal.adapter.FalAdapter",
    "elevenlabs": "providers.backends.elevenlabs.adapter.ElevenLabsAdapter",
    "openai_speech": "providers.backends.openai_speech.adapter.OpenAISpeechAdapter",
    "typecast": "providers.backends.typecast.adapter.TypecastAdapter",
    "supertone": "providers.backends.supertone.adapter.SupertoneAdapter",
    "openai_images": "providers.backends.openai_images.adapter.OpenAIImagesAdapter",
    "llm": "providers.backends.llm.adapter.LlmAdapter",
    "comfyui": "providers.backends.comfyui.adapter.ComfyUIAdapter",
    "bullmq": "providers.backends.bullmq.adapter.BullMQAdapter",
}


# What a person chooses from when a connection is added. Any number of connections may be of one
# kind; the studio's own pictures need only one.
NAMES: dict[str, str | Promise] = {
    "stability_ai": "Stability AI",
    "runway_ml": "Runway",
    "replicate": "Replicate",
    "fal": "fal",
    "elevenlabs": "ElevenLabs",
    "typecast": "Typecast",
    "supertone": "Supertone",
    "openai_speech": _("Speech (OpenAI-compatible)"),
    "openai_images": _("Pictures (OpenAI-compatible)"),
    "llm": _("Language model (OpenAI-compatible)"),
    "comfyui": "ComfyUI",
    "bullmq": _("External workers (BullMQ)"),
}


def adapter_class(kind: str) -> type[Adapter] | None:
    """Return the adapter class of this kind of connection; None if there is none."""
    path = ADAPTERS.get(kind)
    found: type[Adapter] | None = import_string(path) if path else None
    return found


def known_adapter_class(kind: str) -> type[Adapter]:
    """Return the adapter class of a kind in `ADAPTERS`."""
    found: type[Adapter] = import_string(ADAPTERS[kind])
    return found


def class_of(config: Connection) -> type[Adapter] | None:
    """Return the adapter class of this connection; None if there is none."""
    return adapter_class(config.kind or config.provider)


def schemes_of(config: Connection) -> tuple[str, str]:
    """Return the schemes of this connection's address: the encrypted one, and the plain one."""
    schemes: tuple[str, str] = getattr(class_of(config), "schemes", ("https", "http"))
    return schemes


def predicts_speech(config: Connection) -> bool:
    """Return whether this connection says for nothing how long a speech will be."""
    return hasattr(class_of(config), "predicted_ms")


def draws_letters(config: Connection) -> bool:
    """Return whether pictures of this connection may bear letters; so unless its adapter denies."""
    return bool(getattr(class_of(config), "draws_letters", True))


def makes(kind: str, asked: str) -> bool:
    """Return whether connections of this kind make this kind of request. No query."""
    return asked in getattr(adapter_class(kind), "kinds", ())


def adapter_for(config: Connection) -> Adapter:
    """Return the adapter for this configuration. Raises `NotConfigured` or `KeyUnreadable`."""
    kind = class_of(config)
    if kind is None:
        raise NotConfigured(
            gettext_noop("There is no connection to a provider named “%(provider)s”."),
            provider=config.provider,
        )
    build: Callable[[Connection], Adapter] = kind  # a Protocol declares no constructor
    return build(config)


def is_free(config: Connection) -> bool:
    """Return whether this backend may be free. For any other a zero price counts as no price."""
    adapter = adapter_for(config)
    return bool(getattr(adapter, "free", adapter.repeatable))
