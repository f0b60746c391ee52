"""Stable Audio 2.5 of Stability AI, for music and effects:
20 credits of 0.01 USD for each sound.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

ROW = {
    "endpoint": "v2beta/audio/stable-audio-2/text-to-audio",
    "unit": "call",
    "price": Decimal("0.20"),
    "priced_on": date(2026, 11, 28),
    "is_default": True,
    "options": {
        "fields": {"model": "stable-audio-2.5"},
        "least_ms": 1_000,
        "most_ms": 190_000,
    },
    "note": "Takes prompts in English. Not tried against the live API.",
}


def make(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    model = apps.get_model("providers", "ProviderModel")
    if not config.objects.filter(provider="stability_ai").exists():
        return
    for kind in ("music", "sound"):
        named = {"provider_id": "stability_ai", "name": "stable-audio-2.5", "kind": kind}
        model.objects.get_or_create(**named, defaults=ROW)


class Migration(migrations.Migration):
    dependencies = [("providers", "0015_speech_providers")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
