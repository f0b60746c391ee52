"""A picture or a clip of a scene, generated or uploaded."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from providers.models import ProviderCall
from stories.enums import ReviewStatus, TakeKind, TakeSource

from .scene import Scene
from .scene_prompt import ScenePrompt


class Take(models.Model):
    """The result of one generation or upload for a scene.

    Never overwritten. A scene selects one take of each kind.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scene = models.ForeignKey(Scene, models.CASCADE, related_name="takes", verbose_name=_("scene"))
    kind = models.CharField(_("kind"), max_length=5, choices=TakeKind)
    source = models.CharField(
        _("source"), max_length=9, choices=TakeSource, default=TakeSource.GENERATED
    )
    file = models.CharField(_("file"), max_length=200, help_text=_("Name in the media storage."))
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    duration_ms = models.PositiveIntegerField(_("length (ms)"), default=0)
    crop = models.JSONField(
        _("crop"),
        null=True,
        blank=True,
        help_text=_(
            "What a film of another format shows of it: left, top, width and height in "
            "parts of it; empty: the middle."
        ),
    )
    notes = models.JSONField(
        _("notes"),
        default=list,
        blank=True,
        help_text=_("What was done to the file when it was taken in."),
    )
    prompt = models.ForeignKey(
        ScenePrompt, models.PROTECT, related_name="takes", verbose_name=_("prompt")
    )
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
        _("verdict"), max_length=10, choices=ReviewStatus, default=ReviewStatus.UNREVIEWED
    )
    review_reason = models.CharField(_("reason of the verdict"), max_length=500, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("verdict by"),
    )
    reviewed_at = models.DateTimeField(_("verdict at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("take")
        verbose_name_plural = _("takes")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("scene", "kind", "-created_at", "-id"), name="take_scene_kind"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.id)[:8]}"
