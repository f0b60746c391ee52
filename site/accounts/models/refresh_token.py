"""Refresh tokens of log-ins over the API."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RefreshToken(models.Model):
    """One refresh token of a log-in. Only its hash is stored.

    Each token is used once; a second use ends the whole family.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    family = models.UUIDField(
        _("log-in"), default=uuid.uuid4, help_text=_("The log-in that the token comes from.")
    )
    token_hash = models.CharField(max_length=64, unique=True)
    password_mark = models.CharField(
        max_length=32, help_text=_("Changes with the password, which ends the log-in.")
    )
    is_staff = models.BooleanField(
        default=False, help_text=_("As the account was when the token was issued.")
    )
    is_superuser = models.BooleanField(
        default=False, help_text=_("As the account was when the token was issued.")
    )
    account_version = models.PositiveBigIntegerField(
        default=0, help_text=_("As the account was when the token was issued.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"), db_index=True)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("family",), name="refresh_family"),)

    def __str__(self) -> str:
        return f"{self.user_id} {str(self.family)[:8]}"
