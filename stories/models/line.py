"""The lines of a scene: what is said, in order, and by whom. Their texts are immutable."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import LineKind

MAX_LINE = 50_000  # characters, as many as a script may have
MAX_SPEAKER = 100
MAX_DIRECTION = 200


class LineText(models.Model):
    """What one line says.

    Immutable: editing a line creates a new row, and takes of sound keep the text they speak.
    """

    kind = models.CharField(_("kind"), max_length=9, choices=LineKind, default=LineKind.NARRATION)
    speaker = models.CharField(_("speaker"), max_length=MAX_SPEAKER, blank=True)
    direction = models.CharField(_("direction"), max_length=MAX_DIRECTION, blank=True)
    text = models.TextField(_("text"), max_length=MAX_LINE)
    # The text that this one was edited or cut from.
    previous = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("text of a line")
        verbose_name_plural = _("texts of lines")
        default_permissions = ()

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def voice_of(self) -> str:
        """Whose voice speaks it. Empty: the narrator's."""
        return self.speaker if self.kind == LineKind.DIALOGUE else ""


class LiveLines(models.Manager["Line"]):
    def get_queryset(self) -> models.QuerySet["Line"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Line(models.Model):
    """One line of a scene.

    `position` counts from 1 among the scene's live lines. A line whose last word was removed is
    soft-deleted, so that its takes of sound are kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scene = models.ForeignKey(
        "stories.Scene", models.CASCADE, related_name="all_lines", verbose_name=_("scene")
    )
    position = models.PositiveIntegerField(_("position"))
    current = models.ForeignKey(LineText, models.PROTECT, related_name="+", verbose_name=_("text"))
    speech_take = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("selected speech"),
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Line"]] = models.Manager()
    live: ClassVar[LiveLines] = LiveLines()

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ("scene", "position", "id")
        default_permissions = ()
        indexes = (
            models.Index(
                fields=("scene", "position", "id"),
                name="line_order",
                condition=Q(deleted_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return str(self.current)

    @property
    def key(self) -> str:
        """The id as text, as used by jobs and calls."""
        return str(self.pk)
