"""Connections get a kind: each one so far is of the kind that bears its name. Models get a place
for what they take and make.
"""

from django.db import migrations, models
from django.db.models import F


def name_kinds(apps, schema_editor):
    apps.get_model("providers", "AIProviderConfig").objects.filter(kind="").update(
        kind=F("provider")
    )


class Migration(migrations.Migration):
    dependencies = [("providers", "0016_stable_audio")]
    operations = [
        migrations.AddField(
            model_name="aiproviderconfig",
            name="kind",
            field=models.SlugField(
                blank=True, default="", max_length=40, verbose_name="kind of connection"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="providermodel",
            name="capabilities",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What the model takes and makes, such as "
                "{“references”: {“character”: 3}}.",
                verbose_name="capabilities",
            ),
        ),
        migrations.RunPython(name_kinds, migrations.RunPython.noop),
    ]
