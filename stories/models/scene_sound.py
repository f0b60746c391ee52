"""What is heard in one scene besides its lines and its effects."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stories.enums import Mood


class SceneSound(models.Model):
    """The sound settings of a scene. A scene without this row has the defaults.

    `recording` replaces the voices of all its lines. `clip_sound` says whether the clip's own sound
    is heard; None: only if nobody speaks in the scene. `mood` is that of the scene's own music,
    `music_take`; empty: the film's music goes on, "none": there is no music during the scene.
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
    clip_sound = models.BooleanField(_("sound of the clip"), null=True, blank=True)
    mood = models.CharField(_("music of the scene"), max_length=8, choices=Mood, blank=True)
    music_take = models.ForeignKey(
        "stories.SoundTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("selected music"),
    )

    class Meta:
        verbose_name = _("sound of a scene")
        verbose_name_plural = _("sound of scenes")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.scene_id)

    @property
    def has_own_music(self) -> bool:
        return self.mood not in {"", Mood.NONE}
