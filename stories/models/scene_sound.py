"""What is heard in one scene besides its lines."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .story_sound import LEVEL, WITHIN_A_FILM

MAX_EFFECT = 400  # characters; ElevenLabs takes 450
SHORTEST_EFFECT, LONGEST_EFFECT = 0.5, 30.0  # seconds


class SceneSound(models.Model):
    """The sound settings of a scene. A scene without this row has the defaults.

    `recording` replaces the voices of all its lines. `effect` is heard from `effect_from` on; it
    was uploaded, or made from `effect_prompt` with a length of `effect_seconds`. `clip_sound` says
    whether the clip's own sound is heard; None: only if nobody speaks in the scene.
    """

    scene = models.OneToOneField(
        "stories.Scene",
        models.CASCADE,
        primary_key=True,
        related_name="sound",
        verbose_name=_("scene"),
    )
    recording = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recording"),
    )
    effect = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sound effect"),
    )
    effect_prompt = models.CharField(
        _("description of the effect"), max_length=MAX_EFFECT, blank=True
    )
    effect_seconds = models.FloatField(
        _("length of the effect (s)"),
        default=3.0,
        validators=(MinValueValidator(SHORTEST_EFFECT), MaxValueValidator(LONGEST_EFFECT)),
    )
    effect_from = models.FloatField(_("effect begins (s)"), default=0.0, validators=WITHIN_A_FILM)
    effect_db = models.FloatField(_("effect (dB)"), default=0.0, validators=LEVEL)
    clip_sound = models.BooleanField(_("sound of the clip"), null=True, blank=True)

    class Meta:
        verbose_name = _("sound of a scene")
        verbose_name_plural = _("sound of scenes")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.scene_id)
