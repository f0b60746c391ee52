"""The models that edit takes, and which tasks the models of the catalogue do. No price changes."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.db import migrations

FILE = Path(__file__).resolve().parents[1] / "catalogue" / "2026-11-29.json"


def apply(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    model = apps.get_model("providers", "ProviderModel")
    catalogue = json.loads(FILE.read_bytes())
    known = set(config.objects.values_list("provider", flat=True))
    for entry in catalogue["models"]:
        if "tasks" not in entry["capabilities"] or entry["connection"] not in known:
            continue
        declared = {
            **entry["capabilities"],
            "source": entry["source"],
            "catalogue": catalogue["read_on"],
        }
        row, created = model.objects.get_or_create(
            provider_id=entry["connection"],
            kind=entry["kind"],
            name=entry["name"],
            defaults={
                "unit": entry["unit"],
                # Without a price of its own it would be called at the connection's price.
                "is_active": entry["price"] is not None,
                "price": entry["price"] and Decimal(entry["price"]),
                "priced_on": entry["priced_on"] and date.fromisoformat(entry["priced_on"]),
                "note": entry["note"],
                "endpoint": entry["endpoint"],
                "ratios": entry["ratios"],
                "durations": entry["durations"],
                "options": entry["options"],
                "capabilities": declared,
            },
        )
        if not created and isinstance(row.capabilities, dict):
            row.capabilities = {**declared, **row.capabilities}
            inputs = {**entry["options"].get("input", {}), **row.options.get("input", {})}
            row.options = {**row.options, **({"input": inputs} if inputs else {})}
            row.save(update_fields=["capabilities", "options"])


class Migration(migrations.Migration):
    dependencies = [("providers", "0023_end_images")]
    operations = [migrations.RunPython(apply, migrations.RunPython.noop)]
