from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stories", "0009_english_of_prompts")]

    operations = [
        migrations.RenameField("take", "verdict", "review_status"),
        migrations.RenameField("take", "verdict_reason", "review_reason"),
        migrations.RenameField("take", "verdict_by", "reviewed_by"),
        migrations.RenameField("take", "verdict_at", "reviewed_at"),
        migrations.RenameField("confirmation", "allowance", "spending_cap"),
        migrations.AlterField(
            "confirmation",
            "spending_cap",
            models.DecimalField(
                blank=True, decimal_places=4, max_digits=12, null=True, verbose_name="spending cap (USD)"
            ),
        ),
    ]
