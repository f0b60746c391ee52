"""What one person is told."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from notifications.enums import Event


class Notification(models.Model):
    """What one person is told, written in the transaction of the change that it tells of."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notifications",
        verbose_name=_("person"),
    )
    event = models.CharField(_("event"), max_length=20, choices=Event)
    # Without a constraint in the database: it would lock the story's row, against the order of
    # locks, wherever a provider call is written.
    story = models.ForeignKey(
        "stories.Story",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("story"),
    )
    message_data = models.JSONField()
    path = models.CharField(max_length=300, blank=True)
    in_bell = models.BooleanField(default=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-created_at", "-id")
        default_permissions = ()
        indexes = (
            models.Index(
                fields=("recipient", "-created_at", "-id"),
                name="notification_of_person",
                condition=Q(in_bell=True),
            ),
            models.Index(
                fields=("recipient",),
                name="notification_unread",
                condition=Q(in_bell=True, read_at=None),
            ),
            models.Index(fields=("created_at",), name="notification_age"),
        )

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(self.message_data)
