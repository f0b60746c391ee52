"""How long a line will be spoken, as its provider predicts it for nothing."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SpeechPrediction(models.Model):
    """The answer to one free question, by the hash of what the speech would be made from.

    `duration_ms` is None if the provider predicts nothing for it; it is not asked again.
    """

    story = models.ForeignKey("stories.Story", models.CASCADE, related_name="+")
    input_hash = models.CharField(max_length=64)
    provider = models.CharField(max_length=40)
    duration_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("predicted length of speech")
        verbose_name_plural = _("predicted lengths of speech")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("story", "input_hash"), name="speech_prediction_once"),
        )

    def __str__(self) -> str:
        return f"{self.input_hash[:8]}: {self.duration_ms} ms"
