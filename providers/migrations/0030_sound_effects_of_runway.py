"""Sound effects of Runway. Its skills of 2026-04 name 1 to 2 credits of 0.01 USD for each; the task
says what it costs.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

ROW = {
    "endpoint": "v1/sound_effect",
    "unit": "call",
    "price": Decimal("0.02"),
    "priced_on": date(2026, 4, 30),
    "is_default": True,
    "options": {"least_ms": 500, "most_ms": 30_000},
    "note": "1 or 2 credits each. Not tried against the live API.",
}


def make(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    model = apps.get_model("providers", "ProviderModel")
    if config.objects.filter(provider="runway_ml").exists():
        named = {"provider_id": "runway_ml", "name": "eleven_text_to_sound_v2", "kind": "sound"}
        model.objects.get_or_create(**named, defaults=ROW)


class Migration(migrations.Migration):
    dependencies = [("providers", "0029_clips_with_references")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
