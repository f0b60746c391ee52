"""Takes of sound: speech of a line, music of a story, effects, recordings."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stories.enums import SoundKind

from .stored_take import StoredTake

SAMPLE_RATE = 48_000  # of every stored sound


class SoundTake(StoredTake):
    """The result of one generation or upload of sound. Never overwritten.

    A table of its own beside `Take`: it has no frame, crop or prompt, and belongs to a line or to
    the whole story instead of a scene. A line selects one take of its speech, a story and a scene
    one of their music, an effect one of its own. A recording replaces all voices of its scene, or
    of the whole film if it has no scene. `marks` are the times of the clauses:
    [{"text", "start_ms", "end_ms"}]. `scene_order` are the ids of the scenes for whose order the
    film's music was made, as text; empty for other takes, and where the order is not known.
    """

    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="sound_takes", verbose_name=_("story")
    )
    scene = models.ForeignKey(
        "stories.Scene",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="sound_takes",
        verbose_name=_("scene"),
    )
    line = models.ForeignKey(
        "stories.Line",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="takes",
        verbose_name=_("line"),
    )
    effect = models.ForeignKey(
        "stories.Effect",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="takes",
        verbose_name=_("sound effect"),
    )
    text = models.ForeignKey(
        "stories.LineText",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("text"),
    )
    kind = models.CharField(_("kind"), max_length=9, choices=SoundKind)
    samples = models.PositiveBigIntegerField(_("samples"), help_text=_("At 48,000 a second."))
    marks = models.JSONField(default=list, blank=True)
    scene_order = models.JSONField(default=list, blank=True, editable=False)

    class Meta(StoredTake.Meta):
        verbose_name = _("take of sound")
        verbose_name_plural = _("takes of sound")
        default_permissions = ()
        indexes = (
            models.Index(fields=("story", "kind", "-created_at", "-id"), name="sound_take_story"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.id)[:8]}"

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // SAMPLE_RATE

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE
