"""Provider configurations: keys, limits, budgets and pauses."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from providers import settings_schema
from providers.backends.local import fault_settings
from providers.client import checked_base
from providers.errors import Invalid, NotConfigured
from providers.registry import ADAPTERS, class_of, schemes_of

from .organization_budget import NOT_NEGATIVE

SCHEMES = ("https", "http", "rediss", "redis")


def reason_of(reason: str, note: dict[str, Any] | None) -> LocalizedMessage:
    """Return the reason of a pause: the localized message if there is one, else a person's text."""
    if note:
        return LocalizedMessage.from_json(note)
    return LocalizedMessage("%(reason)s", {"reason": reason}) if reason else LocalizedMessage("")


class AIProviderConfig(models.Model):
    """One connection to a provider: whether it is used, its key, its limits and its prices.

    `provider` names the connection, `kind` the backend that speaks for it: a second account or
    server is a second row of the same kind. No call is made without a price.
    """

    provider = models.SlugField(_("provider"), max_length=40, unique=True)
    kind = models.SlugField(_("kind of connection"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("active"), default=False)
    is_paused = models.BooleanField(
        _("paused"), default=False, help_text=_("Paused: jobs wait instead of calling it.")
    )
    pause_reason = models.CharField(
        _("why it is paused"),
        max_length=200,
        blank=True,
        help_text=_("As a person wrote it, or in English what the studio says."),
    )
    pause_note_data = models.JSONField(default=dict, blank=True)
    not_before = models.DateTimeField(
        _("no calls before"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Set when the provider itself said “too many”."),
    )
    next_slot_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="The last moment given to one who waits for a limit.",
    )
    base_url = models.CharField(
        _("address"), max_length=200, blank=True, validators=[URLValidator(schemes=SCHEMES)]
    )
    api_key_enc = models.TextField(editable=False, blank=True)
    key_origin = models.CharField(
        max_length=300,
        editable=False,
        blank=True,
        help_text="Scheme, host and port for which the key was entered.",
    )
    api_key_hint = models.CharField(_("key ends with"), max_length=4, editable=False, blank=True)
    rate_limit_per_minute = models.PositiveIntegerField(
        _("calls per minute"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    rate_limit_per_hour = models.PositiveIntegerField(
        _("calls per hour"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    max_concurrent = models.PositiveIntegerField(
        _("calls at once"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    cost_per_image = models.DecimalField(
        _("price of a picture (USD)"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: no price, so no call."),
    )
    cost_per_second_video = models.DecimalField(
        _("price of a second of video (USD)"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: no price, so no call."),
    )
    cost_per_text_call = models.DecimalField(
        _("price of a text call (USD)"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: no price, so no call."),
    )
    monthly_budget = models.DecimalField(
        _("budget a month (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: no limit."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    balance = models.DecimalField(
        _("balance (USD)"), max_digits=12, decimal_places=4, null=True, blank=True, editable=False
    )
    balance_at = models.DateTimeField(_("balance asked for"), null=True, blank=True, editable=False)
    webhook_secret_enc = models.TextField(editable=False, blank=True)
    webhook_secret_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the provider last told its signing secret.",
    )
    webhook_tried_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was last asked for it."
    )
    tested_at = models.DateTimeField(_("connection tested"), null=True, blank=True, editable=False)
    test_works = models.BooleanField(_("the connection worked"), null=True, editable=False)
    test_note_data = models.JSONField(default=dict, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("AI provider")
        verbose_name_plural = _("AI providers")
        ordering = ("name",)
        permissions = (
            ("set_provider_key", _("Can set the key of a provider")),
            ("pause_provider", _("Can pause and resume a provider")),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row; without a kind, the connection is of the kind that bears its name."""
        self.kind = self.kind or self.provider
        super().save(*args, **kwargs)

    @property
    def paused_because(self) -> LocalizedMessage:
        """The reason of the pause: a person's text, or a localized message of the application."""
        return reason_of(self.pause_reason, self.pause_note_data)

    @property
    def test_note(self) -> LocalizedMessage:
        """Why the last connection test failed; empty if it worked."""
        return LocalizedMessage.from_json(self.test_note_data or None)

    def clean(self) -> None:
        """Reject unsupported settings and addresses to which no key may be sent."""
        if not isinstance(self.settings, dict):
            raise ValidationError({"settings": _("The settings must be a JSON object.")})
        if self.provider in ADAPTERS and (self.kind or self.provider) != self.provider:
            raise ValidationError({"provider": _("This name belongs to another kind.")})
        kind = class_of(self)
        try:
            fault_settings.check(self.settings)
            if kind is not None:
                settings_schema.check(self.settings, kind.settings_kind, provider=self.name)
            if self.base_url:
                checked_base(self.base_url, name=self.name, schemes=schemes_of(self))
        except Invalid as error:
            raise ValidationError({"settings": str(error)}) from error
        except NotConfigured as error:
            raise ValidationError({"base_url": str(error)}) from error
