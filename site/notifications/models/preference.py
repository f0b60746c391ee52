"""What a person wants to be told of, and how."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.enums import USUALLY_SENT, Channel


class NotificationPreference(models.Model):
    """The channels that a person has chosen for each event, and where their chat messages go.

    `channels` maps an event to its channels; what it lacks is as usual. The address of the chat is
    a secret: whoever has it can write there.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="+",
        verbose_name=_("person"),
    )
    channels = models.JSONField(default=dict, blank=True)
    chat_url_enc = models.TextField(blank=True)
    chat_host = models.CharField(max_length=253, blank=True)

    class Meta:
        verbose_name = _("choice of notifications")
        verbose_name_plural = _("choices of notifications")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)

    def channels_of(self, event: str) -> list[str]:
        """The channels chosen for this event; some may not be set up."""
        chosen = self.channels.get(event)
        if isinstance(chosen, list):
            return [channel for channel in Channel.values if channel in chosen]
        return list(Channel.values) if event in USUALLY_SENT else [Channel.BELL]
