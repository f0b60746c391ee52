from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ACTIONS = ("add", "change", "delete", "view")


def rename_permissions(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Roles keep what they may do with the budget: Django renames the table,
    not the permissions.
    """
    permission = apps.get_model("auth", "Permission")
    for action in ACTIONS:
        rows = permission.objects.filter(content_type__app_label="providers", codename=f"{action}_house")
        rows.update(codename=f"{action}_organizationbudget", name=f"Can {action} organization budget")


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("providers", "0011_organization_budget"),
    ]

    operations = [
        migrations.RemoveConstraint("providercall", "call_generation_once"),
        migrations.RenameField("providercall", "wish", "request_no"),
        migrations.RenameField("providercall", "generation", "attempt_no"),
        migrations.AddConstraint(
            "providercall", models.UniqueConstraint(fields=("key", "attempt_no"), name="call_attempt_once")
        ),
        migrations.RenameField("aiproviderconfig", "turn_at", "next_slot_at"),
        migrations.RenameField("rawanswer", "sealed", "encrypted"),
        migrations.RenameField("rawanswer", "kept_at", "stored_at"),
        migrations.RenameModel("House", "OrganizationBudget"),
        migrations.RenameField("rolelimit", "house", "organization_budget"),
        migrations.RunPython(rename_permissions, migrations.RunPython.noop),
    ]
