"""Models for the organization budget, the spending limits and the providers' bills."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import label_of
from providers.enums import BillSource

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class OrganizationBudget(models.Model):
    """The single row of the organization budget. Reservations are serialized by its lock."""

    monthly_budget = models.DecimalField(
        _("budget a month, all providers (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: no limit."),
    )
    plan_limit = models.DecimalField(
        _("what one person may start alone (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("What costs more needs the approval of a second person. Empty: no limit."),
    )
    one_press_limit = models.DecimalField(
        _("what starts with one press (USD)"),
        max_digits=10,
        decimal_places=2,
        default=Decimal("2.00"),
        validators=NOT_NEGATIVE,
        help_text=_(
            "Pictures and clips up to this price begin when the button that shows the price is "
            "pressed. What costs more asks in a dialog first. 0: everything that costs "
            "something asks."
        ),
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("organization budget")
        verbose_name_plural = _("organization budget")
        permissions = (("set_plan_limits", _("Can set what people may start alone")),)

    def __str__(self) -> str:
        return str(_("Organization budget"))


class RoleLimit(models.Model):
    """The spending limits of a role, in place of the organization's limit.

    They cap what its users may start alone, and up to which amount they may approve what others
    start. For a user with several roles the highest limit applies.
    """

    organization_budget = models.ForeignKey(
        OrganizationBudget, models.CASCADE, related_name="role_limits"
    )
    role = models.OneToOneField(
        "auth.Group", models.CASCADE, related_name="+", verbose_name=_("role")
    )
    plan_limit = models.DecimalField(
        _("may start alone (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: no limit."),
    )
    approve_limit = models.DecimalField(
        _("may approve up to (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Of a role that may approve. Empty: no limit."),
    )

    class Meta:
        verbose_name = _("limit of a role")
        verbose_name_plural = _("limits of roles")
        ordering = ("role__name",)

    def __str__(self) -> str:
        return label_of(self.role.name)


class Bill(models.Model):
    """A provider's bill from its file, or the usage that it reports, to compare with the ledger.

    Never changed; the comparison is made anew each time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(
        "providers.AIProviderConfig",
        models.PROTECT,
        to_field="provider",
        related_name="bills",
        verbose_name=_("provider"),
    )
    source = models.CharField(
        _("source"), max_length=10, choices=BillSource, default=BillSource.FILE
    )
    name = models.CharField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    lines = models.JSONField(
        _("lines"),
        help_text=_("Number of the line, day, amount in USD, id of the task; of usage: the model."),
    )
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    total = models.DecimalField(_("sum (USD)"), max_digits=14, decimal_places=4)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    imported_at = models.DateTimeField(_("imported"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("bill of a provider")
        verbose_name_plural = _("bills of providers")
        ordering = ("-imported_at", "-id")
        default_permissions = ("add", "view", "delete")
        constraints = (models.UniqueConstraint(fields=("provider", "sha256"), name="bill_once"),)
        indexes = (models.Index(fields=("-imported_at", "-id"), name="bill_imported"),)

    def __str__(self) -> str:
        return self.name or str(self.get_source_display())
