"""Runway's Veo with sound of its own, at the price as it was read on the day given.

1 credit is 0.01 USD; 40 and 15 credits a second: runwayml/skills rw-api-reference, April 2026.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

SOURCE = "runwayml/skills rw-api-reference, April 2026"
MODELS = [
    ("veo3.1-sound", "veo3.1", Decimal("0.40")),
    ("veo3.1_fast-sound", "veo3.1_fast", Decimal("0.15")),
]


def make(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    model = apps.get_model("providers", "ProviderModel")
    if not config.objects.filter(provider="runway_ml").exists():
        return
    for name, called, price in MODELS:
        model.objects.get_or_create(
            provider_id="runway_ml",
            kind="clip",
            name=name,
            defaults={
                "unit": "second",
                "price": price,
                "priced_on": date(2026, 4, 30),
                "note": "Made with sound of its own.",
                "ratios": {"16:9": "1280:720", "9:16": "720:1280"},
                "durations": [4, 6, 8],
                "options": {"called": called},
                "capabilities": {
                    "inputs": ["text", "start_image", "end_image"],
                    "start_image": "required",
                    "negative": True,
                    "seed": True,
                    "audio": "on",
                    "end_image": True,
                    "source": SOURCE,
                    "catalogue": "2026-11-29",
                },
            },
        )


class Migration(migrations.Migration):
    dependencies = [("providers", "0025_archived_connections")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
