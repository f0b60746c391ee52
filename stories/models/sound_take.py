"""Takes of sound: speech of a line, music of a story, effects, recordings."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from providers.models import ProviderCall
from stories.enums import ReviewStatus, SoundKind, TakeSource

SAMPLE_RATE = 48_000  # of every stored sound


class SoundTake(models.Model):
    """The result of one generation or upload of sound. Never overwritten.

    A table of its own beside `Take`: it has no frame, crop or prompt, and belongs to a line or to
    the whole story instead of a scene. A line selects one take of its speech, a story one of its
    music, a scene one effect. A recording replaces all voices of its scene, or of the whole film
    if it has no scene. `marks` are the times of the clauses: [{"text", "start_ms", "end_ms"}].
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
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
    text = models.ForeignKey(
        "stories.LineText",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("text"),
    )
    kind = models.CharField(_("kind"), max_length=9, choices=SoundKind)
    source = models.CharField(
        _("source"), max_length=9, choices=TakeSource, default=TakeSource.GENERATED
    )
    file = models.CharField(_("file"), max_length=200, help_text=_("Name in the media storage."))
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
    samples = models.PositiveBigIntegerField(_("samples"), help_text=_("At 48,000 a second."))
    marks = models.JSONField(default=list, blank=True)
    input_hash = models.CharField(
        max_length=64, blank=True, help_text=_("Hash of what it was made from; empty for uploads.")
    )
    provider = models.CharField(_("provider"), max_length=40, blank=True)
    model = models.CharField(_("model"), max_length=80, blank=True)
    seed = models.PositiveBigIntegerField(_("seed"), null=True, blank=True)
    cost = models.DecimalField(_("cost (USD)"), max_digits=12, decimal_places=4, default=Decimal(0))
    call = models.OneToOneField(
        ProviderCall,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider call"),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    reason = models.CharField(_("why it was made"), max_length=200, blank=True)
    review_status = models.CharField(
        _("review status"), max_length=10, choices=ReviewStatus, default=ReviewStatus.UNREVIEWED
    )
    review_reason = models.CharField(_("reason of the review"), max_length=500, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("take of sound")
        verbose_name_plural = _("takes of sound")
        ordering = ("-created_at", "-id")
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
