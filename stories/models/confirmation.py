"""What a person confirmed: these takes, at these prices. The prices bind the work that follows."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from providers.enums import Kind


class Confirmation(models.Model):
    """One start of paid work.

    Append-only, written under the story's lock, so that two starts never overwrite each other.

    `lines` has one line per scene id: `price` in USD of one take, and the inputs of the take
    (`prompt_id`, and `image_take_id` for a clip). Planning the whole story has one line without an
    id. `total` is the maximum total cost. `spending_cap` is what the story's job may spend by
    itself from here on, including the confirmed takes; None means no limit.
    """

    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="confirmations", verbose_name=_("story")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    job_id = models.CharField(
        _("job"),
        max_length=40,
        blank=True,
        help_text="The story's own job that makes the takes; empty: jobs of their own.",
    )
    lines = models.JSONField(_("takes"), default=dict)
    total = models.DecimalField(_("sum (USD)"), max_digits=12, decimal_places=4, default=Decimal(0))
    spending_cap = models.DecimalField(
        _("spending cap (USD)"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    limit = models.DecimalField(
        _("limit (USD)"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    approval = models.ForeignKey(
        "stories.Approval",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approval"),
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        ordering = ("id",)
        default_permissions = ()
        indexes = (
            models.Index(fields=("story", "kind", "-id"), name="confirmation_story"),
            models.Index(fields=("story", "actor", "-at"), name="confirmation_actor"),
            models.Index(fields=("job_id", "-id"), name="confirmation_job"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.total}"
