"""The audit log. Its triggers are created after `migrate`; see `accounts.audit`.

It begins with the history that the admin has kept so far.
"""

import django.utils.timezone
from django.db import migrations, models

ACTIONS = {1: "added", 2: "changed", 3: "deleted"}


def take_history(apps, schema_editor):
    entries = apps.get_model("web", "AuditEntry").objects
    history = apps.get_model("admin", "LogEntry").objects.order_by("action_time", "pk")
    batch = []
    for row in history.select_related("user", "content_type").iterator(1000):
        kind = row.content_type
        batch.append(
            entries.model(
                at=row.action_time,
                actor_id=row.user_id,
                actor_name=row.user.username,
                action=ACTIONS.get(row.action_flag, "changed"),
                object_type=f"{kind.app_label}.{kind.model}" if kind else "",
                object_id=(row.object_id or "")[:64],
                object_name=row.object_repr[:200],
                detail=row.change_message[:4000],
            )
        )
        if len(batch) == 1000:
            entries.bulk_create(batch)
            batch = []
    entries.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0006_factors_of_allauth"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                ("actor_id", models.BigIntegerField(null=True, verbose_name="id of the person")),
                ("actor_name", models.CharField(blank=True, max_length=150, verbose_name="person")),
                ("action", models.CharField(choices=[("log_in", "Logged in"), ("log_in_refused", "Log-in refused"), ("log_out", "Logged out"), ("added", "Added"), ("changed", "Changed"), ("deleted", "Deleted"), ("ended", "Ended a session"), ("approved", "Approved"), ("refused", "Refused")], max_length=20, verbose_name="action")),
                ("object_type", models.CharField(blank=True, max_length=100, verbose_name="kind")),
                ("object_id", models.CharField(blank=True, max_length=64, verbose_name="id")),
                ("object_name", models.CharField(blank=True, max_length=200, verbose_name="object")),
                ("detail", models.TextField(blank=True, verbose_name="detail")),
                ("address", models.CharField(blank=True, max_length=64, verbose_name="address")),
            ],
            options={
                "verbose_name": "entry of the audit log",
                "verbose_name_plural": "audit log",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["actor_name", "id"], name="audit_actor"),
                    models.Index(fields=["action", "id"], name="audit_action"),
                    models.Index(fields=["object_type", "object_id", "id"], name="audit_object"),
                    models.Index(fields=["at"], name="audit_at"),
                ],
            },
        ),
        migrations.RunPython(take_history, migrations.RunPython.noop),
    ]
