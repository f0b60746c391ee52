"""Free questions to providers, which count like calls in the limits of a key."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .config import AIProviderConfig


class ProviderQuestion(models.Model):
    """A question that costs nothing and has no row in the ledger. Kept for two hours."""

    provider = models.ForeignKey(
        AIProviderConfig, models.CASCADE, to_field="provider", related_name="questions"
    )
    asked_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("free question to a provider")
        verbose_name_plural = _("free questions to providers")
        default_permissions = ()
        indexes = (models.Index(fields=("provider", "asked_at"), name="provider_question_limits"),)

    def __str__(self) -> str:
        return f"{self.provider_id} {self.asked_at:%Y-%m-%d %H:%M:%S}"
