"""A provider's models with their capabilities and prices."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from providers.enums import Kind, Unit

from .config import AIProviderConfig
from .organization_budget import NOT_NEGATIVE


class ProviderModel(models.Model):
    """One model of a provider: its kind, formats, lengths, and price with the date it was read."""

    provider = models.ForeignKey(
        AIProviderConfig,
        models.CASCADE,
        to_field="provider",
        related_name="models",
        verbose_name=_("provider"),
    )
    name = models.CharField(_("model"), max_length=80)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("used when none is named"), default=False)
    stands_for = models.CharField(
        _("is really"),
        max_length=80,
        blank=True,
        help_text=_("The model that is called when this name is asked for; empty: itself."),
    )
    endpoint = models.CharField(_("endpoint"), max_length=120, blank=True)
    unit = models.CharField(_("priced by"), max_length=10, choices=Unit)
    price = models.DecimalField(
        _("price of a unit (USD)"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: the provider's own price."),
    )
    priced_on = models.DateField(_("price read on"), null=True, blank=True)
    ratios = models.JSONField(
        _("formats"),
        default=dict,
        blank=True,
        help_text=_("Our format to the provider's, such as “16:9” to “1280:720”."),
    )
    durations = models.JSONField(
        _("lengths (seconds)"),
        default=list,
        blank=True,
        help_text=_("Allowed whole seconds; empty: any."),
    )
    options = models.JSONField(_("options"), default=dict, blank=True)
    capabilities = models.JSONField(
        _("capabilities"),
        default=dict,
        blank=True,
        help_text=_("What the model takes and makes, such as {“references”: {“character”: 3}}."),
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("provider model")
        verbose_name_plural = _("provider models")
        ordering = ("provider", "kind", "name")
        constraints = (
            models.UniqueConstraint(fields=("provider", "name", "kind"), name="model_once"),
            models.UniqueConstraint(
                fields=("provider", "kind"), condition=Q(is_default=True), name="model_one_default"
            ),
        )

    def __str__(self) -> str:
        return self.name
