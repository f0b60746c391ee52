"""Attempts to log in, which the throttle counts."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LogInAttempt(models.Model):
    """A log-in attempt, stored before the password is checked, so that concurrent attempts count
    each other.
    """

    account = models.CharField(_("account"), max_length=150)
    address = models.CharField(_("address"), max_length=64)
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    succeeded = models.BooleanField(_("succeeded"), default=False)

    class Meta:
        verbose_name = _("log-in attempt")
        verbose_name_plural = _("log-in attempts")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("account", "at"), name="attempt_account"),
            models.Index(fields=("address", "at"), name="attempt_address"),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.at:%Y-%m-%d %H:%M}"
