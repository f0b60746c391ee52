"""Prices that Runway's page named in October 2026: wan3, hailuo3 (new), both upscalers and Gemini 3
Pro; and OpenAI's tts-1-hd.

Rows whose price a person has changed stay as they are.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

PAGE = "docs.dev.runwayml.com/guides/pricing, as quoted in public on {}"
SPEECH = "developers.openai.com/api/docs/pricing, as quoted in public on {}"
CATALOGUE = "2026-11-30"
OCTOBER = date(2026, 10, 4)
AUTO = "auto_720p"
# provider, kind, name, price before, price, its day, source, further values of the row
PRICES = (
    (
        *("runway_ml", "clip", "wan3", None, "0.10", OCTOBER, PAGE),
        {
            "note": "In 720p. Made without sound. A clip that begins with a picture has the "
            "picture's format.",
            "ratios": {"16:9": AUTO, "9:16": AUTO, "1:1": AUTO},
            "durations": [5, 10],
            "options": {
                "text_to_video": True,
                "text_ratios": {"16:9": "1280:720", "9:16": "720:1280", "1:1": "960:960"},
            },
        },
    ),
    (
        *("runway_ml", "image", "magnific_precision_upscaler_v2"),
        *(None, "0.25", date(2026, 9, 29), PAGE),
        {
            "note": "Twice the size. Runway charges more for results above 4096 pixels, so larger "
            "pictures are not taken.",
            "capabilities": {"most_pixels": 2359296},
        },
    ),
    (
        *("runway_ml", "clip", "magnific_video_upscaler_creative"),
        *(None, "0.27", date(2026, 8, 26), PAGE),
        {
            "note": "Upscales clips of at most 30 s to 2K. Runway charges each frame; this is the "
            "price of 30 frames a second, and what it charged is booked."
        },
    ),
    (
        *("runway_ml", "image", "gemini_image3_pro", None, "0.20", date(2026, 10, 1), PAGE),
        {"note": "A picture of 1K."},
    ),
    ("runway_ml", "clip", "veo3.1-sound", "0.40", "0.40", OCTOBER, PAGE, {}),
    ("runway_ml", "clip", "veo3.1_fast-sound", "0.15", "0.15", OCTOBER, PAGE, {}),
    ("runway_ml", "clip", "seedance2", "0.36", "0.36", OCTOBER, PAGE, {}),
    ("runway_ml", "clip", "seedance2-references", "0.36", "0.36", OCTOBER, PAGE, {}),
    ("runway_ml", "image", "gemini_2.5_flash", "0.05", "0.05", OCTOBER, PAGE, {"note": ""}),
    (
        *("openai_speech", "speech", "tts-1-hd", None, "0.03", date(2026, 10, 1), SPEECH),
        {"note": ""},
    ),
)
UNPRICED = (
    "Extends clips of at most 30 s. In 720p Runway charges 30 credits for each new second and 15 "
    "for each second of the clip, at least 80: enter a price of a second that covers both."
)
HAILUO = {
    "unit": "second",
    "price": Decimal("0.10"),
    "priced_on": OCTOBER,
    "note": "In 768p, with or without a picture. May have sound of its own.",
    "ratios": {"16:9": "16:9", "9:16": "9:16", "1:1": "1:1"},
    "durations": list(range(5, 16)),
    "options": {"text_to_video": True, "fields": {"resolution": "768P"}},
    "capabilities": {
        "inputs": ["text", "start_image", "end_image"],
        "start_image": "optional",
        "negative": False,
        "seed": False,
        "audio": "none",
        "end_image": True,
        "source": PAGE.format(OCTOBER.isoformat()),
        "catalogue": CATALOGUE,
    },
}


def apply(apps, schema_editor):
    model = apps.get_model("providers", "ProviderModel")
    for provider, kind, name, before, price, day, source, values in PRICES:
        known = None if before is None else Decimal(before)
        for row in model.objects.filter(provider_id=provider, kind=kind, name=name, price=known):
            row.price, row.priced_on = Decimal(price), day
            row.is_active = row.is_active or known is None
            for field, value in values.items():
                if field != "capabilities":
                    setattr(row, field, value)
            row.capabilities = {
                **(row.capabilities or {}),
                **values.get("capabilities", {}),
                "source": source.format(day.isoformat()),
                "catalogue": CATALOGUE,
            }
            row.save()
    unpriced = model.objects.filter(provider_id="runway_ml", name="seedance2_5", price=None)
    unpriced.update(note=UNPRICED)
    if apps.get_model("providers", "AIProviderConfig").objects.filter(provider="runway_ml").exists():
        named = {"provider_id": "runway_ml", "kind": "clip", "name": "hailuo3"}
        model.objects.get_or_create(**named, defaults=HAILUO)


class Migration(migrations.Migration):
    dependencies = [("providers", "0032_questions")]
    operations = [migrations.RunPython(apply, migrations.RunPython.noop)]
