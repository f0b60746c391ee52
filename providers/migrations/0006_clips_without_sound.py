"""The films have no use for the sound that some models make: it is switched off, and the price is
the one without it.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

READ_ON = date(2026, 11, 22)
WITH_SOUND = "Priced with sound, the most it may cost."
WITHOUT = "Made and priced without sound."
PRICES = {"veo3.1": (Decimal("0.40"), Decimal("0.20")), "veo3.1_fast": (Decimal("0.15"), Decimal("0.10"))}


def lower(apps, schema_editor):
    """Only rows that nobody has changed since they were made."""
    models = apps.get_model("providers", "ProviderModel").objects
    for name, (before, now) in PRICES.items():
        untouched = models.filter(provider_id="runway_ml", kind="clip", name=name, unit="second", price=before, priced_on=READ_ON, note=WITH_SOUND)
        untouched.update(price=now, note=WITHOUT)


class Migration(migrations.Migration):
    dependencies = [("providers", "0005_one_undecided_call_per_key")]
    operations = [migrations.RunPython(lower, migrations.RunPython.noop)]
