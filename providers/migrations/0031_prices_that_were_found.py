"""Prices that were found: Runway's Seedance 2, also from reference sheets, and Stability's upscales.

Rows whose price a person has changed stay as they are.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

RUNWAY = "runwayml/skills rw-api-reference, April 2026"
STABILITY = "stability.ai/api-pricing-update-25, in effect from 2025-08-01"
NINE = {"character": 9, "place": 9, "prop": 9, "style": 9, "total": 9}
UPSCALES = {
    "upscale-fast": (Decimal("0.02"), "Four times the size."),
    "upscale-conservative": (Decimal("0.40"), "Up to 4 megapixels."),
}


def apply(apps, schema_editor):
    model = apps.get_model("providers", "ProviderModel")
    for row in model.objects.filter(
        provider_id="runway_ml", kind="clip", name="seedance2", price=None
    ):
        row.price, row.priced_on, row.is_active = Decimal("0.36"), date(2026, 4, 30), True
        row.note, row.durations = "In 720p. Made without sound.", [5, 10]
        row.capabilities = {**(row.capabilities or {}), "source": RUNWAY, "catalogue": "2026-11-29"}
        row.save()
    for name, (price, note) in UPSCALES.items():
        for row in model.objects.filter(
            provider_id="stability_ai", kind="image", name=name, price=price
        ):
            row.priced_on, row.note = date(2025, 8, 1), note
            row.capabilities = {**(row.capabilities or {}), "source": STABILITY}
            row.save()
    if apps.get_model("providers", "AIProviderConfig").objects.filter(provider="runway_ml").exists():
        _from_sheets(model)


def _from_sheets(model):
    model.objects.get_or_create(
        provider_id="runway_ml",
        kind="clip",
        name="seedance2-references",
        defaults={
            "unit": "second",
            "price": Decimal("0.36"),
            "priced_on": date(2026, 4, 30),
            "note": "In 720p, from one to nine reference sheets instead of a first picture. "
            "Made without sound.",
            "ratios": {"16:9": "1280:720", "9:16": "720:1280", "1:1": "960:960"},
            "durations": [5, 10],
            "options": {"called": "seedance2", "text_to_video": True, "needs_reference": True},
            "capabilities": {
                "inputs": ["text", "references"],
                "start_image": "no",
                "negative": False,
                "seed": True,
                "audio": "switch",
                "references": NINE,
                "source": RUNWAY,
                "catalogue": "2026-11-29",
            },
        },
    )


class Migration(migrations.Migration):
    dependencies = [("providers", "0030_sound_effects_of_runway")]
    operations = [migrations.RunPython(apply, migrations.RunPython.noop)]
