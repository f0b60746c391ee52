"""Approval requests for work that costs more than the requester may spend alone."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from providers.enums import Kind
from stories.enums import Decision


class Approval(models.Model):
    """One request for exactly these takes at these prices.

    It can be started once, and only while the plan has the same hash.

    `what` identifies the request so that it can be rebuilt from current rows: mode and scenes of a
    plan, or scene, provider, variants and seed of single takes. `lines` are the requested takes:
    scene, position, title, price.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="approvals", verbose_name=_("story")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    plan_hash = models.CharField(max_length=64)
    what = models.JSONField(default=dict)
    provider = models.CharField(_("provider"), max_length=40)
    lines = models.JSONField(default=list)
    total = models.DecimalField(_("price (USD)"), max_digits=12, decimal_places=4)
    limit = models.DecimalField(
        _("may start alone (USD)"),
        max_digits=10,
        decimal_places=2,
        help_text=_("The limit of the person who asked."),
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    decision = models.CharField(_("decision"), max_length=9, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    started_at = models.DateTimeField(_("started"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ("-asked_at", "-id")
        default_permissions = ("view",)
        permissions = (("approve_plan", _("Can approve what others may not start alone")),)
        indexes = (
            models.Index(fields=("-asked_at", "-id"), name="approval_asked"),
            models.Index(fields=("story", "-asked_at"), name="approval_story"),
            models.Index(fields=("asked_by", "-asked_at"), name="approval_asker"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("story", "plan_hash"),
                condition=Q(decision="", started_at=None),
                name="approval_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.total}"

    @property
    def state(self) -> str:
        """One of asked, approved, started, refused or withdrawn."""
        return "started" if self.started_at else self.decision or "asked"
