"""How words of a story are spoken, where that differs from how they are written."""

from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_WRITTEN = 100
MAX_SPOKEN = 200


class Pronunciation(models.Model):
    """One entry of a story's pronunciation list."""

    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="pronunciations", verbose_name=_("story")
    )
    position = models.PositiveIntegerField(_("position"), default=1)
    written = models.CharField(_("written"), max_length=MAX_WRITTEN)
    spoken = models.CharField(_("spoken"), max_length=MAX_SPOKEN)

    class Meta:
        verbose_name = _("pronunciation")
        verbose_name_plural = _("pronunciations")
        ordering = ("position", "id")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("story", "written"), name="pronunciation_once"),
        )

    def __str__(self) -> str:
        return f"{self.written} → {self.spoken}"
