import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The trigger that raises the version is created after `migrate`; see
    `accounts.account_versions`.
    """

    dependencies = [("web", "0003_plain_names"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="AccountVersion",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="account_version",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("number", models.PositiveBigIntegerField(default=0)),
            ],
            options={"verbose_name": "account version", "verbose_name_plural": "account versions", "default_permissions": ()},
        ),
        migrations.AddField(
            model_name="refreshtoken",
            name="account_version",
            field=models.PositiveBigIntegerField(default=0, help_text="As the account was when the token was issued."),
        ),
    ]
