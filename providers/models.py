"""Models for provider configurations, their AI models, and the ledger of calls with its events."""

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage

from . import settings_schema
from .backends.local import fault_injection
from .client import checked_base
from .enums import UNDECIDED_CALL, CallState, Kind, Refusal, Unit
from .errors import Invalid, NotConfigured
from .money_change import MoneyChange
from .organization_budget import NOT_NEGATIVE, Bill, OrganizationBudget, RoleLimit
from .registry import adapter_class


def reason_of(reason: str, note: dict[str, Any] | None) -> LocalizedMessage:
    """Return the reason of a pause: the localized message if there is one, else a person's text."""
    if note:
        return LocalizedMessage.from_json(note)
    return LocalizedMessage("%(reason)s", {"reason": reason}) if reason else LocalizedMessage("")


class AIProviderConfig(models.Model):
    """One provider: whether it is used, its key, its limits and its prices.

    No call is made without a price.
    """

    provider = models.SlugField(_("provider"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("active"), default=False)
    is_paused = models.BooleanField(_("paused"), default=False, help_text=_("Paused: jobs wait instead of calling it."))
    pause_reason = models.CharField(_("why it is paused"), max_length=200, blank=True, help_text=_("As a person wrote it, or in English what the studio says."))
    pause_note_data = models.JSONField(default=dict, blank=True)
    not_before = models.DateTimeField(_("no calls before"), null=True, blank=True, editable=False, help_text=_("Set when the provider itself said “too many”."))
    next_slot_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="The last moment given to one who waits for a limit.")
    base_url = models.URLField(_("address"), blank=True)
    api_key_enc = models.TextField(editable=False, blank=True)
    key_origin = models.CharField(max_length=300, editable=False, blank=True, help_text="Scheme, host and port for which the key was entered.")
    api_key_hint = models.CharField(_("key ends with"), max_length=4, editable=False, blank=True)
    rate_limit_per_minute = models.PositiveIntegerField(_("calls per minute"), null=True, blank=True, help_text=_("Empty: no limit."))
    rate_limit_per_hour = models.PositiveIntegerField(_("calls per hour"), null=True, blank=True, help_text=_("Empty: no limit."))
    max_concurrent = models.PositiveIntegerField(_("calls at once"), null=True, blank=True, help_text=_("Empty: no limit."))
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
        _("budget a month (USD)"), max_digits=10, decimal_places=2, null=True, blank=True, validators=NOT_NEGATIVE, help_text=_("Empty: no limit.")
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    balance = models.DecimalField(_("balance (USD)"), max_digits=12, decimal_places=4, null=True, blank=True, editable=False)
    balance_at = models.DateTimeField(_("balance asked for"), null=True, blank=True, editable=False)
    webhook_secret_enc = models.TextField(editable=False, blank=True)
    webhook_secret_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the provider last told its signing secret.")
    webhook_tried_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was last asked for it.")
    tested_at = models.DateTimeField(_("connection tested"), null=True, blank=True, editable=False)
    test_works = models.BooleanField(_("the connection worked"), null=True, editable=False)
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

    @property
    def paused_because(self) -> LocalizedMessage:
        """The reason of the pause: a person's text, or a localized message of the application."""
        return reason_of(self.pause_reason, self.pause_note_data)

    def clean(self) -> None:
        """Reject unsupported settings and addresses to which no key may be sent."""
        if not isinstance(self.settings, dict):
            raise ValidationError({"settings": _("The settings must be a JSON object.")})
        kind = adapter_class(self.provider)
        try:
            fault_injection.check(self.settings)
            if kind is not None:
                settings_schema.check(self.settings, kind.settings_kind, provider=self.name)
            if self.base_url:
                checked_base(self.base_url, name=self.name)
        except Invalid as error:
            raise ValidationError({"settings": str(error)}) from error
        except NotConfigured as error:
            raise ValidationError({"base_url": str(error)}) from error


class ProviderModel(models.Model):
    """One model of a provider: its kind, formats, lengths, and price with the date it was read."""

    provider = models.ForeignKey(AIProviderConfig, models.CASCADE, to_field="provider", related_name="models", verbose_name=_("provider"))
    name = models.CharField(_("model"), max_length=80)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("used when none is named"), default=False)
    stands_for = models.CharField(
        _("is really"), max_length=80, blank=True, help_text=_("The model that is called when this name is asked for; empty: itself.")
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
    ratios = models.JSONField(_("formats"), default=dict, blank=True, help_text=_("Our format to the provider's, such as “16:9” to “1280:720”."))
    durations = models.JSONField(_("lengths (seconds)"), default=list, blank=True, help_text=_("Allowed whole seconds; empty: any."))
    options = models.JSONField(_("options"), default=dict, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("provider model")
        verbose_name_plural = _("provider models")
        ordering = ("provider", "kind", "name")
        constraints = (
            models.UniqueConstraint(fields=("provider", "name", "kind"), name="model_once"),
            models.UniqueConstraint(fields=("provider", "kind"), condition=Q(is_default=True), name="model_one_default"),
        )

    def __str__(self) -> str:
        return self.name


class ProviderCall(models.Model):
    """One call to a provider: an entry of the ledger.

    Committed before the first byte is sent; never deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(AIProviderConfig, models.PROTECT, to_field="provider", related_name="calls", verbose_name=_("provider"))
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    model = models.CharField(_("model"), max_length=80, blank=True)
    state = models.CharField(_("state"), max_length=11, choices=CallState, default=CallState.RESERVED)
    key = models.CharField(max_length=120, help_text=_("Names the piece of work; at most one call of a key is undecided at a time."))
    request_no = models.PositiveSmallIntegerField(default=1, help_text=_("Which of the askings for this piece of work the call belongs to."))
    attempt_no = models.PositiveSmallIntegerField(default=1, help_text=_("Counts the calls of a key; one more only after the one before has ended."))
    is_late = models.BooleanField(default=False, help_text=_("Its answer came after it had been decided on, while a newer call of its key was out."))
    subject = models.CharField(_("subject"), max_length=64, blank=True)
    item = models.CharField(_("item"), max_length=64, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("for"))
    request = models.JSONField(_("request"), default=dict)
    request_hash = models.CharField(max_length=64)
    unit_price = models.DecimalField(_("unit price (USD)"), max_digits=10, decimal_places=4)
    units = models.DecimalField(_("units"), max_digits=10, decimal_places=3)
    estimate = models.DecimalField(_("estimate (USD)"), max_digits=12, decimal_places=4)
    price_limit = models.DecimalField(
        _("confirmed price (USD)"), max_digits=12, decimal_places=4, null=True, blank=True, help_text=_("The most that a person agreed to pay for it.")
    )
    quote = models.DecimalField(
        _("quoted (USD)"), max_digits=12, decimal_places=4, null=True, blank=True, help_text=_("The most the provider said it may charge for it.")
    )
    cost = models.DecimalField(_("cost (USD)"), max_digits=12, decimal_places=4, null=True, blank=True)
    cost_is_estimated = models.BooleanField(_("cost is estimated"), default=False, help_text=_("The provider's answer names no cost."))
    task_id = models.CharField(_("task at the provider"), max_length=120, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    poll_after = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)
    refusal = models.CharField(_("refusal"), max_length=11, choices=Refusal, blank=True)
    note_data = models.JSONField(default=dict, blank=True)
    evidence = models.JSONField(
        _("what is known"), default=dict, blank=True, help_text=_("Facts for judging an unclear call, such as the balance before and after.")
    )
    reserved_at = models.DateTimeField(_("reserved"), default=timezone.now)
    sending_at = models.DateTimeField(_("sent"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("provider call")
        verbose_name_plural = _("provider calls")
        ordering = ("-reserved_at", "-id")
        permissions = (("resolve_call", _("Can decide on an unclear call")),)
        indexes = (
            models.Index(fields=("provider", "-reserved_at"), name="call_provider_reserved"),
            models.Index(fields=("provider", "state"), name="call_provider_state"),
            models.Index(fields=("subject", "item"), name="call_subject_item"),
            models.Index(fields=("state", "reserved_at"), name="call_state"),
            models.Index(fields=("-reserved_at", "-id"), name="call_reserved"),
        )
        constraints = (
            models.UniqueConstraint(fields=("key", "attempt_no"), name="call_attempt_once"),
            models.UniqueConstraint(fields=("key",), condition=Q(state__in=UNDECIDED_CALL, is_late=False), name="call_one_undecided_per_key"),
            models.UniqueConstraint(fields=("provider", "task_id"), condition=~Q(task_id=""), name="call_task_once"),
        )

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind} {str(self.id)[:8]}"

    @property
    def note(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.note_data or None)

    @property
    def counted(self) -> Decimal:
        """The amount in USD that budgets count: the cost once known, else the expected cost."""
        if self.cost is not None:
            return self.cost
        if self.state == CallState.REFUSED:
            return Decimal(0)
        return self.estimate if self.quote is None else self.quote


class CallEvent(models.Model):
    """One change of a call's state: actor, from, to and reason. Append-only."""

    call = models.ForeignKey(ProviderCall, models.PROTECT, related_name="events", verbose_name=_("call"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    name = models.CharField(_("event"), max_length=20)
    from_state = models.CharField(_("from"), max_length=11, choices=CallState, blank=True)
    to_state = models.CharField(_("to"), max_length=11, choices=CallState)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    note_data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("event of a call")
        verbose_name_plural = _("events of calls")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.name}: {self.from_state} → {self.to_state}"

    @property
    def note(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.note_data or None)


class RawAnswer(models.Model):
    """A provider's response that could not be parsed.

    It is encrypted, stored for a limited time and never shown; a person can have it parsed again.
    """

    call = models.OneToOneField(ProviderCall, models.PROTECT, related_name="raw_answer", verbose_name=_("call"))
    encrypted = models.BinaryField(default=b"", blank=True, help_text=_("The encrypted answer, when it is small."))
    file = models.CharField(max_length=200, blank=True, help_text=_("Name of the encrypted answer in the media storage, when it is large."))
    size = models.PositiveIntegerField(_("size (bytes)"), help_text=_("Of what was kept, before it was encrypted."))
    is_cut = models.BooleanField(_("cut"), default=False, help_text=_("The answer was larger than what is kept of it."))
    stored_at = models.DateTimeField(_("kept"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("answer that was not understood")
        verbose_name_plural = _("answers that were not understood")

    def __str__(self) -> str:
        return str(self.call_id)


__all__ = ["AIProviderConfig", "Bill", "CallEvent", "MoneyChange", "OrganizationBudget", "ProviderCall", "ProviderModel", "RawAnswer", "RoleLimit"]
