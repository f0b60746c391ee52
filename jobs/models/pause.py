"""Pauses of the queue."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Pause(models.Model):
    """While this row exists, no worker claims jobs of this name. An empty name pauses all jobs."""

    name = models.CharField(_("job name"), max_length=60, primary_key=True, blank=True)
    paused_at = models.DateTimeField(_("paused"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name or str(_("All jobs"))
