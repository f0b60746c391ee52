from typing import Any

from django.db import migrations, models


def mark_what_guests_wrote(apps: Any, _editor: Any) -> None:
    """Comments of staff become internal, as the column's default; guests go on reading what they
    wrote.
    """
    apps.get_model("stories", "Comment").objects.exclude(guest="").update(visibility="client")


class Migration(migrations.Migration):
    dependencies = [("stories", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="comment",
            name="visibility",
            field=models.CharField(
                choices=[("internal", "Internal"), ("client", "Shown to the client")],
                default="internal",
                max_length=8,
                verbose_name="visible to",
            ),
        ),
        migrations.RunPython(mark_what_guests_wrote, migrations.RunPython.noop),
    ]
