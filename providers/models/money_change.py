"""Records who changed a price or a limit, and the previous values.

A user's own change takes effect for that user only after a day.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MoneyChange(models.Model):
    """A change of prices or limits. Append-only.

    `before` holds the provider's prices with its models, or what the user could start alone
    (`limit`).
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("who")
    )
    provider = models.CharField(_("provider"), max_length=40, blank=True)
    before = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("change of prices or limits")
        verbose_name_plural = _("changes of prices or limits")
        default_permissions = ()
        ordering = ("id",)
        indexes = (models.Index(fields=("actor", "-at"), name="money_change_actor"),)

    def __str__(self) -> str:
        return self.provider or "limit"
