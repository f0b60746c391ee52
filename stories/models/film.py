"""A film of a story: a preview or the final one."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import FilmKind

from .story import Story


class Film(models.Model):
    """One finished film of a story: file, subtitles and the manifest of its inputs.

    Never overwritten.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(Story, models.CASCADE, related_name="films", verbose_name=_("story"))
    kind = models.CharField(_("kind"), max_length=7, choices=FilmKind)
    number = models.PositiveIntegerField(_("version"))
    file = models.CharField(_("file"), max_length=200)
    srt = models.TextField(blank=True)
    vtt = models.TextField(blank=True)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    fps = models.PositiveSmallIntegerField(_("frames a second"))
    frames = models.PositiveIntegerField(_("frames"))
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"))
    light_file = models.CharField(_("file for slow connections"), max_length=200, blank=True)
    light_size_bytes = models.PositiveBigIntegerField(_("its size (bytes)"), default=0)
    manifest = models.JSONField(_("manifest"), default=dict)
    manifest_hash = models.CharField(max_length=64)
    segments_reused = models.PositiveIntegerField(_("segments reused"), default=0)
    segments_encoded = models.PositiveIntegerField(_("segments encoded"), default=0)
    override_reason = models.CharField(_("why in spite of warnings"), max_length=500, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("film")
        verbose_name_plural = _("films")
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("story", "kind", "number"), name="film_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def opening_frames(self) -> int:
        """How many frames the title card takes before the first scene."""
        return sum(
            int(card["frames"])
            for card in self.manifest.get("cards", [])
            if card["place"] == "title"
        )

    @property
    def duration_seconds(self) -> Decimal:
        return Decimal(self.frames) / self.fps
