"""What is sent of a notification by e-mail or chat."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from notifications.enums import OPEN_DELIVERY, Channel, DeliveryState


class Delivery(models.Model):
    """A notification by one channel. Rows with the same `mail_id` are sent as one message.

    The state `sending` is committed right before the first byte of the message leaves. A row that
    is still in it when its sender is gone becomes `unclear` and is not sent again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notification = models.ForeignKey(
        "notifications.Notification", models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState, default=DeliveryState.PENDING
    )
    mail_id = models.UUIDField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    sending_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    error_data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("notification", "channel"), name="one_per_channel"),
        )
        indexes = (
            models.Index(
                fields=("due_at",), name="delivery_open", condition=Q(state__in=OPEN_DELIVERY)
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_state_display()}"

    @property
    def error(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.error_data or None)
