from django.db import migrations


class Migration(migrations.Migration):
    """On its own, because PostgreSQL alters no table that has rows written
    in the same transaction.
    """

    dependencies = [("stories", "0012_lines_of_scenes")]

    operations = [migrations.RemoveField("scene", "lines")]
