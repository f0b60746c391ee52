"""Rows of Runway's seedance2_5 for drafts and for finishing them. No price was found."""

from django.db import migrations

SOURCE = "runwayml SDK 5.24.0 for the fields; no price was found"
CATALOGUE = "2026-11-30"
DRAFT = {
    "unit": "second",
    "is_active": False,
    "note": "Drafts in 480p without sound, which seedance2_5-final finishes within 7 days. Enter "
    "Runway's price of a second of a draft.",
    "ratios": {"16:9": "854:480", "9:16": "480:854", "1:1": "640:640"},
    "durations": list(range(4, 16)),
    "options": {"called": "seedance2_5", "text_to_video": True},
    "capabilities": {
        "inputs": ["text", "start_image", "end_image"],
        "start_image": "optional",
        "negative": False,
        "seed": True,
        "audio": "switch",
        "end_image": True,
        "draft": True,
        "source": SOURCE,
        "catalogue": CATALOGUE,
    },
}
FINAL = {
    "unit": "second",
    "is_active": False,
    "note": "Finishes drafts of seedance2_5-draft in 1080p. Enter Runway's price of a second in "
    "1080p.",
    "options": {"called": "seedance2_5"},
    "capabilities": {
        "inputs": ["clip"],
        "tasks": ["finish"],
        "negative": False,
        "seed": False,
        "audio": "none",
        "source": SOURCE,
        "catalogue": CATALOGUE,
    },
}


def apply(apps, schema_editor):
    if apps.get_model("providers", "AIProviderConfig").objects.filter(provider="runway_ml").exists():
        model = apps.get_model("providers", "ProviderModel")
        for name, values in (("seedance2_5-draft", DRAFT), ("seedance2_5-final", FINAL)):
            named = {"provider_id": "runway_ml", "kind": "clip", "name": name}
            model.objects.get_or_create(**named, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("providers", "0033_prices_of_runway")]
    operations = [migrations.RunPython(apply, migrations.RunPython.noop)]
