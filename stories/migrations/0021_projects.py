"""Projects. Every story that there is belongs to the default one."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


def make_default(apps, schema_editor):
    """The project of every story that there is. It is open to all staff, so nobody sees less."""
    apps.get_model("stories", "Project").objects.get_or_create(
        code="STUDIO", defaults={"name": "Studio", "is_open": True}
    )


def put_into_default(apps, schema_editor):
    default = apps.get_model("stories", "Project").objects.get(code="STUDIO")
    apps.get_model("stories", "Story")._base_manager.update(project=default)


class Migration(migrations.Migration):

    dependencies = [
        ('stories', '0020_review_and_assignments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('code', models.CharField(max_length=20, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Z0-9][A-Z0-9_-]*\\Z', 'Capital letters, digits, - and _ only.')], verbose_name='code')),
                ('client', models.CharField(blank=True, max_length=120, verbose_name='client')),
                ('is_open', models.BooleanField(default=False, help_text='Otherwise only its people, and those who may see every project, see it.', verbose_name='open to all staff')),
                ('budget', models.DecimalField(blank=True, decimal_places=2, help_text='Of all its stories together. Empty: no limit.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='budget (USD)')),
                ('language', models.CharField(blank=True, choices=[('ko', 'Korean'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('aspect_ratio', models.CharField(blank=True, choices=[('16:9', 'Wide 16:9'), ('9:16', 'Tall 9:16'), ('1:1', 'Square 1:1')], max_length=4, verbose_name='format')),
                ('resolution', models.CharField(blank=True, choices=[('720p', '720p, 24 fps'), ('1080p', '1080p, 30 fps')], max_length=5, verbose_name='resolution')),
                ('style', models.CharField(blank=True, max_length=200, verbose_name='style')),
                ('archived_at', models.DateTimeField(blank=True, null=True, verbose_name='archived')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'project',
                'verbose_name_plural': 'projects',
                'ordering': ('name', 'id'),
                'permissions': (('view_all_projects', 'Can see the stories of every project'),),
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Upper('name'), name='one_project_of_a_name')],
            },
        ),
        migrations.RunPython(make_default, migrations.RunPython.noop),
        migrations.AddField(
            model_name='story',
            name='project',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stories', to='stories.project', verbose_name='project'),
        ),
        migrations.RunPython(put_into_default, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='story',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stories', to='stories.project', verbose_name='project'),
        ),
        migrations.CreateModel(
            name='ProjectMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('member', 'Member'), ('lead', 'Lead')], default='member', max_length=10, verbose_name='role')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='stories.project', verbose_name='project')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='project_memberships', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'person of a project',
                'verbose_name_plural': 'people of a project',
                'ordering': ('user__username',),
                'constraints': [models.UniqueConstraint(fields=('project', 'user'), name='one_membership')],
            },
        ),
    ]
