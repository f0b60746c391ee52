"""API keys of service accounts."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .service_account import ServiceAccount


class ApiKey(models.Model):
    """A key with which a program asks the API. Only its hash is stored.

    `scopes` lists what it may be used for: `read`, `write`, `spend`. `account_version` is that of
    the account when the key was issued: an account that was switched off does not get its keys
    back.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        ServiceAccount, models.CASCADE, related_name="keys", verbose_name=_("service account")
    )
    name = models.CharField(_("name"), max_length=80)
    beginning = models.CharField(
        _("beginning"), max_length=16, help_text=_("The first characters, to recognize the key.")
    )
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    account_version = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.ForeignKey(
        "auth.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("created by")
    )
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        "auth.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("revoked by"),
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("-created_at", "-id")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"
