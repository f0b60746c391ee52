"""Whether and how a story's film sounds."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from stories.enums import LoudnessPreset, Mood

SILENT_DB, LOUDEST_DB = -60.0, 12.0
DEEPEST_DUCK = 24.0
WITHIN_A_FILM = (MinValueValidator(0.0), MaxValueValidator(86_400.0))
LEVEL = (MinValueValidator(SILENT_DB), MaxValueValidator(LOUDEST_DB))


class StorySound(models.Model):
    """The sound settings of a story. A story without this row has a silent film.

    The levels are changes in dB from the mixer's defaults.
    """

    story = models.OneToOneField(
        "stories.Story",
        models.CASCADE,
        primary_key=True,
        related_name="sound",
        verbose_name=_("story"),
    )
    enabled = models.BooleanField(_("film with sound"), default=True)
    mood = models.CharField(_("music"), max_length=8, choices=Mood, default=Mood.CALM)
    music_provider = models.SlugField(_("provider for music"), max_length=40, default="local")
    # Empty: the provider's usual one.
    music_model = models.CharField(_("model for music"), max_length=80, blank=True)
    effects_provider = models.SlugField(_("provider for effects"), max_length=40, default="local")
    music_take = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("selected music"),
    )
    recording = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recording of the whole film"),
    )
    speech_db = models.FloatField(_("speech (dB)"), default=0.0, validators=LEVEL)
    music_db = models.FloatField(_("music (dB)"), default=0.0, validators=LEVEL)
    effects_db = models.FloatField(_("effects (dB)"), default=0.0, validators=LEVEL)
    clips_db = models.FloatField(_("sound of the clips (dB)"), default=0.0, validators=LEVEL)
    duck_db = models.FloatField(
        _("music under speech (dB)"),
        default=8.0,
        validators=(MinValueValidator(0.0), MaxValueValidator(DEEPEST_DUCK)),
        help_text=_("By how much music falls while someone speaks."),
    )
    music_from = models.FloatField(_("music begins (s)"), default=0.0, validators=WITHIN_A_FILM)
    music_until = models.FloatField(
        _("music ends (s)"),
        null=True,
        blank=True,
        validators=WITHIN_A_FILM,
        help_text=_("Empty: with the film."),
    )
    loudness = models.CharField(
        _("loudness"), max_length=9, choices=LoudnessPreset, default=LoudnessPreset.WEB
    )
    # What the mixer plays: {"key": hash of what is heard, "files": {track: name in the storage}}.
    stems = models.JSONField(default=dict, blank=True, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("sound of a story")
        verbose_name_plural = _("sound of stories")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.story_id)
