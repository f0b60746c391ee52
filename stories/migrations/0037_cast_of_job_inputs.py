"""Open jobs record the cast of their scene as `cast`, which earlier versions called `worn`."""

from typing import Any

from django.db import migrations
from django.db.migrations.state import StateApps

ENDED = ("succeeded", "failed", "cancelled")


def rename(apps: StateApps, schema_editor: Any) -> None:
    Job = apps.get_model("jobs", "Job")
    named = Job._default_manager.filter(data__parameters__has_key="worn").exclude(status__in=ENDED)
    for job in named.only("pk", "data").iterator():
        parameters = {
            "cast" if name == "worn" else name: value
            for name, value in job.data["parameters"].items()
        }
        data = {**job.data, "parameters": parameters}
        Job._default_manager.filter(pk=job.pk).update(data=data)


class Migration(migrations.Migration):
    dependencies = [
        ("stories", "0036_checks_and_light_films_by_themselves"),
        ("jobs", "0005_help_texts_of_attempts"),
    ]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
