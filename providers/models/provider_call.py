"""Calls of providers: the ledger."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from providers.enums import UNDECIDED_CALL, CallState, Kind, Refusal

from .config import AIProviderConfig


class ProviderCall(models.Model):
    """One call to a provider: an entry of the ledger.

    Committed before the first byte is sent; never deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(
        AIProviderConfig,
        models.PROTECT,
        to_field="provider",
        related_name="calls",
        verbose_name=_("provider"),
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    model = models.CharField(_("model"), max_length=80, blank=True)
    state = models.CharField(
        _("state"), max_length=11, choices=CallState, default=CallState.RESERVED
    )
    key = models.CharField(
        max_length=120,
        help_text=_("Names the piece of work; at most one call of a key is undecided at a time."),
    )
    request_no = models.PositiveSmallIntegerField(
        default=1, help_text=_("Which of the askings for this piece of work the call belongs to.")
    )
    attempt_no = models.PositiveSmallIntegerField(
        default=1,
        help_text=_("Counts the calls of a key; one more only after the one before has ended."),
    )
    is_late = models.BooleanField(
        default=False,
        help_text=_(
            "Its answer came after it had been decided on, while a newer call of its key was out."
        ),
    )
    subject = models.CharField(_("subject"), max_length=64, blank=True)
    item = models.CharField(_("item"), max_length=64, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("for"),
    )
    request = models.JSONField(_("request"), default=dict)
    request_hash = models.CharField(max_length=64)
    unit_price = models.DecimalField(_("unit price (USD)"), max_digits=10, decimal_places=4)
    units = models.DecimalField(_("units"), max_digits=10, decimal_places=3)
    estimate = models.DecimalField(_("estimate (USD)"), max_digits=12, decimal_places=4)
    price_limit = models.DecimalField(
        _("confirmed price (USD)"),
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("The most that a person agreed to pay for it."),
    )
    quote = models.DecimalField(
        _("quoted (USD)"),
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("The most the provider said it may charge for it."),
    )
    cost = models.DecimalField(
        _("cost (USD)"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    cost_is_estimated = models.BooleanField(
        _("cost is estimated"), default=False, help_text=_("The provider's answer names no cost.")
    )
    task_id = models.CharField(_("task at the provider"), max_length=120, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    poll_after = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)
    refusal = models.CharField(_("refusal"), max_length=11, choices=Refusal, blank=True)
    note_data = models.JSONField(default=dict, blank=True)
    evidence = models.JSONField(
        _("what is known"),
        default=dict,
        blank=True,
        help_text=_("Facts for judging an unclear call, such as the balance before and after."),
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
            models.UniqueConstraint(
                fields=("key",),
                condition=Q(state__in=UNDECIDED_CALL, is_late=False),
                name="call_one_undecided_per_key",
            ),
            models.UniqueConstraint(
                fields=("provider", "task_id"), condition=~Q(task_id=""), name="call_task_once"
            ),
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
