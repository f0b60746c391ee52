"""Who has a story open."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .story import Story


class Presence(models.Model):
    """A person who has a page of the story open, and when that page last said so."""

    story = models.ForeignKey(
        Story, models.CASCADE, related_name="presences", verbose_name=_("story")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person")
    )
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = (models.UniqueConstraint(fields=("story", "user"), name="present_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.seen_at:%H:%M:%S}"
