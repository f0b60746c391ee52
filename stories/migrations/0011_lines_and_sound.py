import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0012_plain_names'),
        ('stories', '0010_plain_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LineText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('narration', 'Narration'), ('dialogue', 'Dialogue')], default='narration', max_length=9, verbose_name='kind')),
                ('speaker', models.CharField(blank=True, max_length=100, verbose_name='speaker')),
                ('direction', models.CharField(blank=True, max_length=200, verbose_name='direction')),
                ('text', models.TextField(max_length=50000, verbose_name='text')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('previous', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='stories.linetext')),
            ],
            options={
                'verbose_name': 'text of a line',
                'verbose_name_plural': 'texts of lines',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField(verbose_name='position')),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('scene', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='all_lines', to='stories.scene', verbose_name='scene')),
                ('current', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='stories.linetext', verbose_name='text')),
            ],
            options={
                'verbose_name': 'line',
                'verbose_name_plural': 'lines',
                'ordering': ('scene', 'position', 'id'),
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SoundTake',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('speech', 'Speech'), ('music', 'Music'), ('sound', 'Sound effect')], max_length=6, verbose_name='kind')),
                ('source', models.CharField(choices=[('generated', 'Generated'), ('uploaded', 'Uploaded')], default='generated', max_length=9, verbose_name='source')),
                ('file', models.CharField(help_text='Name in the media storage.', max_length=200, verbose_name='file')),
                ('sha256', models.CharField(max_length=64)),
                ('mime', models.CharField(max_length=40)),
                ('samples', models.PositiveBigIntegerField(help_text='At 48,000 a second.', verbose_name='samples')),
                ('marks', models.JSONField(blank=True, default=list)),
                ('input_hash', models.CharField(blank=True, help_text='Hash of what it was made from; empty for uploads.', max_length=64)),
                ('provider', models.CharField(blank=True, max_length=40, verbose_name='provider')),
                ('model', models.CharField(blank=True, max_length=80, verbose_name='model')),
                ('seed', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='seed')),
                ('cost', models.DecimalField(decimal_places=4, default=Decimal('0'), max_digits=12, verbose_name='cost (USD)')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='why it was made')),
                ('review_status', models.CharField(choices=[('unreviewed', 'Not reviewed'), ('approved', 'Approved'), ('rejected', 'Rejected')], default='unreviewed', max_length=10, verbose_name='review status')),
                ('review_reason', models.CharField(blank=True, max_length=500, verbose_name='reason of the review')),
                ('reviewed_at', models.DateTimeField(blank=True, null=True, verbose_name='reviewed at')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('call', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.providercall', verbose_name='provider call')),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='takes', to='stories.line', verbose_name='line')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewed by')),
                ('scene', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sound_takes', to='stories.scene', verbose_name='scene')),
                ('story', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sound_takes', to='stories.story', verbose_name='story')),
                ('text', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='stories.linetext', verbose_name='text')),
            ],
            options={
                'verbose_name': 'take of sound',
                'verbose_name_plural': 'takes of sound',
                'ordering': ('-created_at', '-id'),
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='line',
            name='speech_take',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='stories.soundtake', verbose_name='selected speech'),
        ),
        migrations.CreateModel(
            name='StorySound',
            fields=[
                ('story', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='sound', serialize=False, to='stories.story', verbose_name='story')),
                ('enabled', models.BooleanField(default=True, verbose_name='film with sound')),
                ('mood', models.CharField(choices=[('none', 'No music'), ('calm', 'Calm'), ('tender', 'Tender'), ('hopeful', 'Hopeful'), ('tense', 'Tense'), ('happy', 'Happy')], default='calm', max_length=8, verbose_name='music')),
                ('music_provider', models.SlugField(default='local', max_length=40, verbose_name='provider for music')),
                ('speech_db', models.FloatField(default=0.0, validators=[django.core.validators.MinValueValidator(-60.0), django.core.validators.MaxValueValidator(12.0)], verbose_name='speech (dB)')),
                ('music_db', models.FloatField(default=0.0, validators=[django.core.validators.MinValueValidator(-60.0), django.core.validators.MaxValueValidator(12.0)], verbose_name='music (dB)')),
                ('loudness', models.CharField(choices=[('web', 'Web (−14 LUFS)'), ('ebu', 'Broadcast, Europe (−23 LUFS)'), ('atsc', 'Broadcast, Korea and US (−24 LUFS)')], default='web', max_length=9, verbose_name='loudness')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed')),
                ('music_take', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='stories.soundtake', verbose_name='selected music')),
            ],
            options={
                'verbose_name': 'sound of a story',
                'verbose_name_plural': 'sound of stories',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Voice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('speaker', models.CharField(blank=True, max_length=100, verbose_name='speaker')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('provider', models.SlugField(default='local', max_length=40, verbose_name='provider')),
                ('voice', models.CharField(blank=True, help_text="Empty: the provider's default voice.", max_length=100, verbose_name='voice')),
                ('model', models.CharField(blank=True, max_length=80, verbose_name='model')),
                ('speed', models.FloatField(default=1.0, validators=[django.core.validators.MinValueValidator(0.7), django.core.validators.MaxValueValidator(1.2)], verbose_name='speed')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('story', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='voices', to='stories.story', verbose_name='story')),
            ],
            options={
                'verbose_name': 'voice',
                'verbose_name_plural': 'voices',
                'ordering': ('speaker', '-version'),
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='soundtake',
            index=models.Index(fields=['story', 'kind', '-created_at', '-id'], name='sound_take_story'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True)), fields=['scene', 'position', 'id'], name='line_order'),
        ),
        migrations.AddConstraint(
            model_name='voice',
            constraint=models.UniqueConstraint(fields=('story', 'speaker', 'version'), name='voice_version_once'),
        ),
    ]
