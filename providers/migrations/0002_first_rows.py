"""The providers that the studio begins with: those of the guide wait for a key, the local one works
at once.
"""

from decimal import Decimal

from django.db import migrations

ROWS = [
    {
        "provider": "local",
        "name": "Local studio",
        "is_active": True,
        "cost_per_image": Decimal(0),
        "cost_per_second_video": Decimal(0),
        "cost_per_text_call": Decimal(0),
        "settings": {},
    },
    {
        "provider": "stability_ai",
        "name": "Stability AI",
        "base_url": "https://api.stability.ai",
        "rate_limit_per_minute": 60,
        "rate_limit_per_hour": 1000,
        "cost_per_image": Decimal("0.02"),
        "cost_per_second_video": Decimal("0.05"),
        "settings": {"default_model": "stable-diffusion-xl-1024-v1-0", "default_steps": 30},
    },
    {
        "provider": "runway_ml",
        "name": "Runway ML",
        "base_url": "https://api.dev.runwayml.com",
        "rate_limit_per_minute": 30,
        "rate_limit_per_hour": 500,
        "cost_per_image": Decimal("0.03"),
        "cost_per_second_video": Decimal("0.08"),
        "settings": {"default_model": "gen-2", "max_duration": 4},
    },
    {
        "provider": "replicate",
        "name": "Replicate",
        "base_url": "https://api.replicate.com/v1",
        "rate_limit_per_minute": 600,
        "settings": {},
    },
    {
        "provider": "llm",
        "name": "Language model (OpenAI-compatible)",
        "base_url": "https://api.openai.com/v1",
        "settings": {"default_model": ""},
    },
]


def make(apps, schema_editor):
    config = apps.get_model("providers", "AIProviderConfig")
    for row in ROWS:
        config.objects.get_or_create(provider=row["provider"], defaults=row)
    apps.get_model("providers", "House").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
