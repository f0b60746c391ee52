"""The sound effects of a scene, or of the whole film."""

import uuid
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .story_sound import LEVEL, WITHIN_A_FILM

MAX_EFFECT = 400  # characters; ElevenLabs takes 450
SHORTEST_EFFECT, LONGEST_EFFECT = 0.5, 30.0  # seconds
MOST_EFFECTS = 20  # of one scene, and of the whole film besides


class LiveEffects(models.Manager["Effect"]):
    def get_queryset(self) -> models.QuerySet["Effect"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Effect(models.Model):
    """One sound effect: of a scene, or of the whole film (no scene).

    Its take was uploaded, or made from the prompt with a length of `seconds`. It is heard from
    `begins` on, counted from the beginning of its scene or of the film, and ends with it. A deleted
    effect is kept, so that its takes are.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="all_effects", verbose_name=_("story")
    )
    scene = models.ForeignKey(
        "stories.Scene",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="all_effects",
        verbose_name=_("scene"),
    )
    prompt = models.CharField(_("description of the effect"), max_length=MAX_EFFECT, blank=True)
    seconds = models.FloatField(
        _("length of the effect (s)"),
        default=3.0,
        validators=(MinValueValidator(SHORTEST_EFFECT), MaxValueValidator(LONGEST_EFFECT)),
    )
    begins = models.FloatField(_("effect begins (s)"), default=0.0, validators=WITHIN_A_FILM)
    level_db = models.FloatField(_("effect (dB)"), default=0.0, validators=LEVEL)
    take = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sound effect"),
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Effect"]] = models.Manager()
    live: ClassVar[LiveEffects] = LiveEffects()

    class Meta:
        verbose_name = _("sound effect")
        verbose_name_plural = _("sound effects")
        ordering = ("created_at", "id")
        default_permissions = ()
        indexes = (
            models.Index(
                fields=("story", "created_at", "id"),
                name="effect_order",
                condition=Q(deleted_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.prompt[:80] or str(self.pk)

    @property
    def key(self) -> str:
        """The id as text, as used by jobs and calls."""
        return str(self.pk)
