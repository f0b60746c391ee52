"""The local provider's setting `drill` is called `faults`."""

from django.db import migrations


def rename(apps, old, new):
    for config in apps.get_model("providers", "AIProviderConfig").objects.filter(provider="local"):
        if isinstance(config.settings, dict) and old in config.settings:
            config.settings[new] = config.settings.pop(old)
            config.save(update_fields=["settings"])


def forwards(apps, schema_editor):
    rename(apps, "drill", "faults")


def backwards(apps, schema_editor):
    rename(apps, "faults", "drill")


class Migration(migrations.Migration):
    dependencies = [("providers", "0018_too_little_memory")]
    operations = [migrations.RunPython(forwards, backwards)]
