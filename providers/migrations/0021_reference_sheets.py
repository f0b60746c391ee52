"""How many reference sheets of which role the models take, as read on 2026-11-22.

A row that declares references already is left as it is. The new rows have no price: Replicate tells
none, so one is entered before they are used.
"""

from django.db import migrations

ANY_THREE = {"character": 3, "place": 3, "prop": 3, "style": 3, "total": 3}
ANY_ONE = {"character": 1, "place": 1, "prop": 1, "style": 1, "total": 1}
ANY_TEN = {"character": 10, "place": 10, "prop": 10, "style": 10, "total": 10}
ASK_PRICE = "Enter the price from its page at Replicate."

KNOWN = {
    ("runway_ml", "gen4_image"): ({"references": ANY_THREE}, {}),
    ("stability_ai", "ultra"): ({"references": ANY_ONE}, {"strength": 0.85}),
}
NEW = [
    {
        "provider_id": "replicate",
        "name": "bytedance/seedream-4",
        "kind": "image",
        "unit": "image",
        "capabilities": {"references": ANY_TEN},
        "options": {"input": {"references": "image_input", "seed": ""}},
        "note": ASK_PRICE,
    },
    {
        "provider_id": "replicate",
        "name": "black-forest-labs/flux-kontext-pro",
        "kind": "image",
        "unit": "image",
        "capabilities": {"references": ANY_ONE},
        "options": {"input": {"references": "input_image"}, "one_reference": True},
        "note": ASK_PRICE,
    },
]


def declare(apps, schema_editor):
    model = apps.get_model("providers", "ProviderModel")
    for (provider, name), (capabilities, options) in KNOWN.items():
        for row in model.objects.filter(provider_id=provider, kind="image", name=name):
            row.capabilities = {**capabilities, **row.capabilities}
            row.options = {**options, **row.options}
            row.save(update_fields=["capabilities", "options"])
    config = apps.get_model("providers", "AIProviderConfig")
    for row in NEW:
        if config.objects.filter(provider=row["provider_id"]).exists():
            model.objects.get_or_create(
                provider_id=row["provider_id"], name=row["name"], kind=row["kind"], defaults=row
            )


class Migration(migrations.Migration):
    dependencies = [("providers", "0020_addresses_of_queues")]
    operations = [migrations.RunPython(declare, migrations.RunPython.noop)]
