"""Addresses at which programs are told of events, and what was sent to them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from notifications.enums import OPEN_DELIVERY, DeliveryState


class WebhookEndpoint(models.Model):
    """An address of a program and the events that it is told of.

    Address and signing secrets are stored encrypted. While the secret is replaced, both sign.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80)
    url_enc = models.TextField()
    host = models.CharField(_("host"), max_length=253)
    events = models.JSONField(_("events"), default=list)
    secret_enc = models.TextField()
    old_secret_enc = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("switched off by the studio"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("-created_at", "-id")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one address. Its id is that of the message, the same in every attempt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    event = models.CharField(_("event"), max_length=20)
    payload = models.JSONField(_("content"))
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState, default=DeliveryState.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_data = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery of a webhook")
        verbose_name_plural = _("deliveries of webhooks")
        ordering = ("-created_at", "-id")
        default_permissions = ()
        indexes = (
            models.Index(fields=("endpoint", "-created_at", "-id"), name="webhook_log"),
            models.Index(
                fields=("due_at",), name="webhook_open", condition=Q(state__in=OPEN_DELIVERY)
            ),
            models.Index(fields=("created_at",), name="webhook_delivery_age"),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.id}"

    @property
    def error(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.error_data or None)
