"""Worker processes and their heartbeats."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A worker process and its last heartbeat.

    A `seen_at` older than one lease means it is dead.
    """

    name = models.CharField(_("name"), max_length=80, primary_key=True)
    host = models.CharField(_("host"), max_length=80)
    pid = models.PositiveIntegerField(_("process"))
    role = models.CharField(_("role"), max_length=10, help_text=_("worker or ticker"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now, db_index=True)
    clock_ahead = models.FloatField(
        _("clock ahead"),
        default=0.0,
        help_text=_("Seconds by which the clock of this host is ahead of the database's."),
    )

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
