"""The last results of periodic tasks."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PeriodicTask(models.Model):
    """The last result of a periodic task.

    A failing task does not prevent the others from running.
    """

    name = models.CharField(_("name"), max_length=120, primary_key=True)
    succeeded_at = models.DateTimeField(_("last succeeded"), null=True, blank=True)
    failed_at = models.DateTimeField(
        _("failing since"), null=True, blank=True, help_text=_("Empty while it succeeds.")
    )
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("periodic task")
        verbose_name_plural = _("periodic tasks")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
