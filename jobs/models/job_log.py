"""The event log of a job."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage

from .job import Job


class JobLog(models.Model):
    """The event log of a job, oldest first. It also stores tracebacks of unexpected errors."""

    class Level(models.TextChoices):
        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    job = models.ForeignKey(Job, models.CASCADE, related_name="log", verbose_name=_("job"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    level = models.CharField(_("level"), max_length=7, choices=Level, default=Level.INFO)
    message_data = models.JSONField(default=dict)
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        verbose_name = _("log line")
        verbose_name_plural = _("log lines")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.message_data or None)
