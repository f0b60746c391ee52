"""The models of the providers, with their formats, lengths and prices as they were read on the day
given.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

READ_ON = date(2026, 11, 22)
SD_RATIOS = {"16:9": "16:9", "9:16": "9:16", "1:1": "1:1"}
SDXL_RATIOS = {"16:9": "1344x768", "9:16": "768x1344", "1:1": "1024x1024"}
RUNWAY_CLIP = {"16:9": "1280:720", "9:16": "720:1280", "1:1": "960:960"}
RUNWAY_WORDS = {"16:9": "1280:720", "9:16": "720:1280"}
RUNWAY_IMAGE = {"16:9": "1280:720", "9:16": "720:1280", "1:1": "720:720"}
TWO_TO_TEN = list(range(2, 11))


def image(name, price, **more):
    return {"name": name, "kind": "image", "unit": "image", "price": Decimal(price) if price else None, "priced_on": READ_ON if price else None, **more}


def clip(name, price, **more):
    return {"name": name, "kind": "clip", "unit": "second", "price": Decimal(price) if price else None, "priced_on": READ_ON if price else None, **more}


def sd3(model, price):
    return image(model, price, endpoint="v2beta/stable-image/generate/sd3", ratios=SD_RATIOS, options={"fields": {"model": model}})


ROWS = {
    "stability_ai": [
        image(
            "stable-diffusion-xl-1024-v1-0",
            "",
            endpoint="v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image",
            ratios=SDXL_RATIOS,
            note=("The older interface, at the provider's own price. If Stability AI says " "“not found”, it is switched off there: choose “core”."),
        ),
        image("core", "0.03", endpoint="v2beta/stable-image/generate/core", ratios=SD_RATIOS, is_default=True),
        image("ultra", "0.08", endpoint="v2beta/stable-image/generate/ultra", ratios=SD_RATIOS),
        sd3("sd3.5-large", "0.065"),
        sd3("sd3.5-large-turbo", "0.04"),
        sd3("sd3.5-medium", "0.035"),
        sd3("sd3.5-flash", "0.025"),
    ],
    "runway_ml": [
        clip("gen-2", "", stands_for="gen4_turbo", note=("Runway no longer has gen-2 and its four seconds; gen4_turbo is called in its " "place.")),
        clip("gen4_turbo", "0.05", ratios=RUNWAY_CLIP, durations=TWO_TO_TEN, is_default=True, note="Begins with a picture."),
        clip(
            "gen4.5", "0.12", ratios=RUNWAY_CLIP, durations=TWO_TO_TEN, options={"text_to_video": True, "text_ratios": RUNWAY_WORDS}, note="With or without a picture."
        ),
        clip("veo3.1", "0.40", ratios=RUNWAY_WORDS, durations=[4, 6, 8], note="Priced with sound, the most it may cost."),
        clip("veo3.1_fast", "0.15", ratios=RUNWAY_WORDS, durations=[4, 6, 8], note="Priced with sound, the most it may cost."),
        image("gen4_image", "0.05", ratios=RUNWAY_IMAGE, is_default=True),
    ],
    "replicate": [
        image("black-forest-labs/flux-schnell", "", is_default=True, note="Enter the price from its page at Replicate."),
        clip(
            "bytedance/seedance-1-pro",
            "",
            durations=[5, 10],
            is_default=True,
            note="Enter the price of a second from its page at Replicate.",
        ),
    ],
}


def make(apps, schema_editor):
    model = apps.get_model("providers", "ProviderModel")
    for provider, rows in ROWS.items():
        for row in rows:
            model.objects.get_or_create(provider_id=provider, name=row["name"], kind=row["kind"], defaults=row)


class Migration(migrations.Migration):
    dependencies = [("providers", "0002_first_rows")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
