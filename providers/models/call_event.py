"""The history of a call."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from providers.enums import CallState

from .provider_call import ProviderCall


class CallEvent(models.Model):
    """One change of a call's state: actor, from, to and reason. Append-only."""

    call = models.ForeignKey(
        ProviderCall, models.PROTECT, related_name="events", verbose_name=_("call")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
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
