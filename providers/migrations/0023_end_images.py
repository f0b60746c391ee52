"""The models of Runway whose clips may end with an image, in rows from before that was declared."""

from django.db import migrations

MODELS = ("veo3.1", "veo3.1_fast", "seedance2", "kling3.0_pro")


def apply(apps, schema_editor):
    rows = apps.get_model("providers", "ProviderModel").objects
    for row in rows.filter(provider="runway_ml", kind="clip", name__in=MODELS):
        if isinstance(row.capabilities, dict) and "end_image" not in row.capabilities:
            row.capabilities["end_image"] = True
            inputs = row.capabilities.get("inputs")
            if isinstance(inputs, list) and "end_image" not in inputs:
                inputs.append("end_image")
            row.save(update_fields=["capabilities"])


class Migration(migrations.Migration):
    dependencies = [("providers", "0022_capabilities")]
    operations = [migrations.RunPython(apply, migrations.RunPython.noop)]
