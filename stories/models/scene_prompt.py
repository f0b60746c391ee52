"""The prompt of a scene, immutable."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import Camera


class ScenePrompt(models.Model):
    """The prompt of a scene.

    Immutable: editing it creates a new row, and takes keep the prompt they were made from.
    """

    text = models.TextField(_("prompt"), max_length=4000)
    text_en = models.TextField(_("prompt in English"), max_length=4000, blank=True)
    # A digest of the text that the English was made for. If it differs from the current text, the
    # English is out of date.
    english_for = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="SHA-256 of that text; empty: of this one.",
    )
    english_by_model = models.BooleanField(
        default=False, editable=False, help_text="Whether a model wrote the English, not a person."
    )
    negative = models.TextField(_("what to avoid"), max_length=2000, blank=True)
    style = models.CharField(_("style"), max_length=200, blank=True)
    camera = models.CharField(_("camera"), max_length=10, choices=Camera, default=Camera.PUSH_IN)
    seed = models.PositiveBigIntegerField(
        _("seed"), default=0, validators=[MaxValueValidator(2**32 - 1)]
    )
    strength = models.PositiveSmallIntegerField(
        _("how closely the reference sheets are followed (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
    )
    reference_image = models.CharField(_("reference picture"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("scene prompt")
        verbose_name_plural = _("scene prompts")

    def __str__(self) -> str:
        return self.text[:80]
