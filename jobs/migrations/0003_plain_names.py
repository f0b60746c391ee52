from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_worker_clock_and_periodic_tasks")]

    operations = [
        migrations.RenameField("job", "nudges", "wakeup_count"),
        migrations.RenameField("job", "wish", "request_no"),
    ]
