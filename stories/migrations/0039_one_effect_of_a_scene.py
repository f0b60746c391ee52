"""Remove the one effect of a scene. Apart from the data that 0038 moves, as PostgreSQL asks."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('stories', '0038_several_effects'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='scenesound',
            name='effect',
        ),
        migrations.RemoveField(
            model_name='scenesound',
            name='effect_db',
        ),
        migrations.RemoveField(
            model_name='scenesound',
            name='effect_from',
        ),
        migrations.RemoveField(
            model_name='scenesound',
            name='effect_prompt',
        ),
        migrations.RemoveField(
            model_name='scenesound',
            name='effect_seconds',
        ),
    ]
