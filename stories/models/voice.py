"""Who speaks a story's lines."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .line import MAX_SPEAKER


class Voice(models.Model):
    """The voice of the narrator (no speaker) or of one speaker.

    Immutable: choosing another voice creates the next version, and the newest one speaks.
    """

    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="voices", verbose_name=_("story")
    )
    speaker = models.CharField(_("speaker"), max_length=MAX_SPEAKER, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    provider = models.SlugField(_("provider"), max_length=40, default="local")
    voice = models.CharField(
        _("voice"), max_length=100, blank=True, help_text=_("Empty: the provider's default voice.")
    )
    model = models.CharField(_("model"), max_length=80, blank=True)
    speed = models.FloatField(
        _("speed"), default=1.0, validators=[MinValueValidator(0.7), MaxValueValidator(1.2)]
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("voice")
        verbose_name_plural = _("voices")
        ordering = ("speaker", "-version")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("story", "speaker", "version"), name="voice_version_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.speaker} {self.provider} {self.voice}".strip()
