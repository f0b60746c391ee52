"""A scene of a story, with the takes that are selected for it."""

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import Boundary, TakeKind

from .scene_prompt import ScenePrompt
from .seconds import SecondsField, in_frames
from .story import MAX_SCRIPT, Story

if TYPE_CHECKING:
    from .take import Take


class LiveScenes(models.Manager["Scene"]):
    def get_queryset(self) -> models.QuerySet["Scene"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Scene(models.Model):
    """One shot of the film.

    `position` counts from 1 among the story's live scenes and is not part of the content.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        Story, models.CASCADE, related_name="all_scenes", verbose_name=_("story")
    )
    position = models.PositiveIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=200, blank=True)
    # The words of the scene's lines. Only `stories.services.lines` writes it.
    narration = models.TextField(_("narration"), max_length=MAX_SCRIPT, blank=True)
    duration_seconds = SecondsField(
        _("length (seconds)"), default=7, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    boundary = models.CharField(
        _("transition to the next scene"),
        max_length=12,
        choices=Boundary,
        default=Boundary.CUT,
    )
    # What makes this scene's takes. Empty: the story's provider, and its usual model.
    image_provider = models.SlugField(_("provider for the picture"), max_length=40, blank=True)
    image_model = models.CharField(_("model for the picture"), max_length=80, blank=True)
    clip_provider = models.SlugField(_("provider for the clip"), max_length=40, blank=True)
    clip_model = models.CharField(_("model for the clip"), max_length=80, blank=True)
    prompt = models.ForeignKey(
        ScenePrompt, models.PROTECT, related_name="+", verbose_name=_("prompt")
    )
    image_take = models.ForeignKey(
        "Take",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("chosen picture"),
    )
    clip_take = models.ForeignKey(
        "Take",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("chosen clip"),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[models.Manager["Scene"]] = models.Manager()
    live: ClassVar[LiveScenes] = LiveScenes()

    class Meta:
        verbose_name = _("scene")
        verbose_name_plural = _("scenes")
        ordering = ("story", "position", "id")
        indexes = (
            models.Index(
                fields=("story", "position", "id"),
                name="scene_order",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(fields=("-created_at", "-id"), name="scene_created"),
            models.Index(fields=("-updated_at", "-id"), name="scene_updated"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(duration_seconds__gte=1, duration_seconds__lte=600),
                name="scene_duration_range",
            ),
        )

    def __str__(self) -> str:
        return self.title or f"{self.position}"

    @property
    def key(self) -> str:
        """The id as text, as used by jobs and calls."""
        return str(self.pk)

    @property
    def duration_ms(self) -> int:
        milliseconds: int = round(self.duration_seconds * 1000)
        return milliseconds

    def frames(self, fps: int) -> int:
        """The scene's length in the film's frames."""
        return in_frames(self.duration_seconds, fps)

    def take(self, kind: str) -> "Take | None":
        """The selected take of this kind."""
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take
