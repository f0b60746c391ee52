"""The model of Replicate whose clips take reference sheets, as in the catalogue of 2026-11-29."""

from datetime import date
from decimal import Decimal

from django.db import migrations


def make(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    if not config.objects.filter(provider="replicate").exists():
        return
    apps.get_model("providers", "ProviderModel").objects.get_or_create(
        provider_id="replicate",
        kind="clip",
        name="google/veo-3.1",
        defaults={
            "unit": "second",
            "price": Decimal("0.20"),
            "priced_on": date(2026, 11, 28),
            "note": "Made and priced without sound. Takes up to three reference sheets.",
            "ratios": {"16:9": "16:9", "9:16": "9:16"},
            "durations": [4, 6, 8],
            "options": {
                "input": {
                    "references": "reference_images",
                    "audio": "generate_audio",
                    "seed": "",
                }
            },
            "capabilities": {
                "inputs": ["text", "start_image"],
                "start_image": "optional",
                "negative": False,
                "seed": False,
                "audio": "switch",
                "references": {"character": 3, "place": 3, "prop": 3, "style": 3, "total": 3},
                "source": "replicate.com/google/veo-3.1",
                "catalogue": "2026-11-29",
            },
        },
    )


class Migration(migrations.Migration):
    dependencies = [("providers", "0028_source_of_bills")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
