from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("web", "0002_standing")]

    operations = [
        migrations.RenameModel("KeptAnswer", "IdempotencyRecord"),
        migrations.RenameField("secondfactor", "sealed", "encrypted"),
    ]
