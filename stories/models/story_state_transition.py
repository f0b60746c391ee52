"""The log of a story's status changes."""

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from stories.enums import StoryStatus

from .story import Story


class StoryStateTransition(models.Model):
    """One change of a story's status.

    Append-only, written in the same transaction as the change.
    """

    story = models.ForeignKey(
        Story, models.CASCADE, related_name="transitions", verbose_name=_("story")
    )
    from_status = models.CharField(_("from"), max_length=10, choices=StoryStatus)
    to_status = models.CharField(_("to"), max_length=10, choices=StoryStatus)
    name = models.CharField(_("change"), max_length=30)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    reason = models.CharField(
        _("reason"),
        max_length=500,
        blank=True,
        help_text=_("As a person wrote it, or in English what the studio says."),
    )
    reason_data = models.JSONField(default=dict, blank=True)
    job_id = models.CharField(_("job"), max_length=40, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        ordering = ("id",)
        indexes = (models.Index(F("story"), F("id").desc(), name="transition_story"),)

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"

    @property
    def why(self) -> str:
        """The reason that a person wrote or that the system gave, in the active language."""
        return (
            str(LocalizedMessage.from_json(self.reason_data)) if self.reason_data else self.reason
        )
