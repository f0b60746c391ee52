"""The voices of a provider with samples of them.

The list is cached for a moment: pages ask for it often, and it changes rarely.
"""

import tempfile
import time
from pathlib import Path

from django.core.cache import cache
from django.utils.translation import gettext_noop

from media import file_types

from . import addresses
from .adapters import SpeaksSamples, Voice
from .enums import Kind
from .errors import Invalid, Later
from .fetch import Link
from .models import AIProviderConfig
from .preflight import ready_adapter

KEPT_SECONDS = 600
MOST_SAMPLE = 5 * 1024 * 1024  # bytes
SAMPLE_SECONDS = 20.0
NO_SAMPLE = gettext_noop("There is no sample of this voice.")
NO_SOUND = gettext_noop("The sample of this voice is no sound file.")


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


def has_sample(config: AIProviderConfig, voice: Voice) -> bool:
    """Return whether `sample_of` has something to hear."""
    return bool(voice.sample_url) or isinstance(ready_adapter(config, Kind.SPEECH), SpeaksSamples)


def sample_of(config: AIProviderConfig, voice_id: str) -> bytes:
    """Return a sound file in which this voice is heard, for nothing.

    It is fetched from where the provider says, over https and from public addresses only, or spoken
    here. Must not run inside a transaction. Raises `Invalid`, `Unclear`, or what `voices_of`
    raises.
    """
    voice = next((one for one in voices_of(config) if one.id == voice_id), None)
    adapter = ready_adapter(config, Kind.SPEECH)
    if voice is not None and voice.sample_url:
        content = _fetched(voice.sample_url)
    elif voice is not None and isinstance(adapter, SpeaksSamples):
        content = adapter.sample(voice)
    else:
        raise Invalid(NO_SAMPLE, field="voice")
    if not file_types.is_audio(content[: file_types.ENOUGH]):
        raise Later(NO_SOUND)
    return content


def _fetched(url: str) -> bytes:
    parts, until = addresses.split(url), time.monotonic() + SAMPLE_SECONDS
    host = addresses.host_of(parts) if parts else ""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sample"
        link = Link(url, hosts=(host,), max_bytes=MOST_SAMPLE)
        link.download(file, should_stop=lambda: time.monotonic() > until)
        return file.read_bytes()
