from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("stories", "0009_english_of_prompts")]

    operations = [
        migrations.RenameField("take", "verdict", "review_status"),
        migrations.RenameField("take", "verdict_reason", "review_reason"),
        migrations.RenameField("take", "verdict_by", "reviewed_by"),
        migrations.RenameField("take", "verdict_at", "reviewed_at"),
        migrations.RenameField("confirmation", "allowance", "spending_cap"),
    ]
