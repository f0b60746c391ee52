"""The providers of speech, music and effects, with the prices as they were read on the day given.

ElevenLabs: elevenlabs.io/pricing/api, read 2026-09-15. OpenAI: published price lists of tts-1
(billed 0.0614 USD for 4,096 characters, 2025-11) and gpt-4o-mini-tts (0.015 USD a minute, read
2026-06-07). None was tried against the live API.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

CONFIGS = [
    {
        "provider": "elevenlabs",
        "name": "ElevenLabs",
        "base_url": "https://api.elevenlabs.io",
        "max_concurrent": 2,
        "settings": {},
    },
    {
        "provider": "openai_speech",
        "name": "OpenAI (speech)",
        "base_url": "https://api.openai.com/v1",
        "settings": {},
    },
]
ELEVENLABS_READ = date(2026, 9, 15)
MUSIC_TERMS = "What the music may be used for depends on the plan: see elevenlabs.io/music-terms."


def row(provider, kind, name, unit, price, read, *, is_default=False, note="", **options):
    return {
        "provider_id": provider,
        "kind": kind,
        "name": name,
        "unit": unit,
        "price": None if price is None else Decimal(price),
        "priced_on": read,
        "is_default": is_default,
        "note": note,
        "options": options,
    }


MODELS = [
    row(
        *("elevenlabs", "speech", "eleven_multilingual_v2", "characters", "0.10", ELEVENLABS_READ),
        is_default=True,
        most_characters=10_000,
    ),
    row(
        *("elevenlabs", "speech", "eleven_v3", "characters", "0.10", ELEVENLABS_READ),
        note="Follows directions such as “whispers”.",
        most_characters=3_000,
        direction_tags=True,
        language_code=True,
    ),
    row(
        *("elevenlabs", "speech", "eleven_flash_v2_5", "characters", "0.05", ELEVENLABS_READ),
        most_characters=40_000,
        language_code=True,
    ),
    row(
        *("elevenlabs", "music", "music_v1", "minute", "0.15", ELEVENLABS_READ),
        is_default=True,
        note=MUSIC_TERMS,
        least_ms=3_000,
        most_ms=600_000,
    ),
    row(
        *("elevenlabs", "music", "music_v2", "minute", "0.15", ELEVENLABS_READ),
        note=MUSIC_TERMS,
        least_ms=3_000,
        most_ms=600_000,
    ),
    row(
        *("elevenlabs", "sound", "eleven_text_to_sound_v2", "minute", "0.12", ELEVENLABS_READ),
        is_default=True,
        least_ms=500,
        most_ms=30_000,
    ),
    row(
        *("openai_speech", "speech", "gpt-4o-mini-tts", "minute", "0.015", date(2026, 6, 7)),
        is_default=True,
        note="Follows directions. Priced at the longest that the text may take.",
    ),
    row(*("openai_speech", "speech", "tts-1", "characters", "0.015", date(2025, 11, 30))),
    row(
        *("openai_speech", "speech", "tts-1-hd", "characters", None, None),
        note="Enter the price from OpenAI's price list.",
    ),
]


def make(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    model = apps.get_model("providers", "ProviderModel")
    for values in CONFIGS:
        config.objects.get_or_create(provider=values["provider"], defaults=values)
    for values in MODELS:
        named = {name: values[name] for name in ("provider_id", "name", "kind")}
        model.objects.get_or_create(**named, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("providers", "0014_needs_checking")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
