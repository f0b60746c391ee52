"""The version of an account, which ends its log-ins."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountVersion(models.Model):
    """Counts how often an account was deactivated or lost a status. A database trigger writes it
    (`account_versions`). An account without a row has the version 0.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="account_version",
        verbose_name=_("user"),
    )
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("account version")
        verbose_name_plural = _("account versions")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id} {self.number}"
