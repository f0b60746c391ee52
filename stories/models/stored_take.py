"""What all takes share: a stored file, where it came from, its cost, and its review."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from providers.models import ProviderCall
from stories.enums import ReviewStatus, TakeSource


class StoredTake(models.Model):
    """The result of one generation or upload. Never overwritten.

    Pictures and clips (`Take`), sound (`SoundTake`) and reference sheets (`SheetTake`) have tables
    of their own, because they belong to different rows and have different measures.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(
        _("source"), max_length=9, choices=TakeSource, default=TakeSource.GENERATED
    )
    file = models.CharField(_("file"), max_length=200, help_text=_("Name in the media storage."))
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
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
        abstract = True
        ordering = ("-created_at", "-id")

    @property
    def is_rejected(self) -> bool:
        return self.review_status == ReviewStatus.REJECTED
