"""The models of accounts: refresh tokens, account versions, log-in attempts, second factors,
recovery codes and idempotency records.
"""

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
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    family = models.UUIDField(_("log-in"), default=uuid.uuid4, help_text=_("The log-in that the token comes from."))
    token_hash = models.CharField(max_length=64, unique=True)
    password_mark = models.CharField(max_length=32, help_text=_("Changes with the password, which ends the log-in."))
    is_staff = models.BooleanField(default=False, help_text=_("As the account was when the token was issued."))
    is_superuser = models.BooleanField(default=False, help_text=_("As the account was when the token was issued."))
    account_version = models.PositiveBigIntegerField(default=0, help_text=_("As the account was when the token was issued."))
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


class AccountVersion(models.Model):
    """Counts how often an account was deactivated or lost a status. A database trigger writes it
    (`account_versions`). An account without a row has the version 0.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="account_version", verbose_name=_("user"))
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("account version")
        verbose_name_plural = _("account versions")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id} {self.number}"


class LogInAttempt(models.Model):
    """A log-in attempt, stored before the password is checked, so that concurrent attempts count
    each other.
    """

    account = models.CharField(_("account"), max_length=150)
    address = models.CharField(_("address"), max_length=64)
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    succeeded = models.BooleanField(_("succeeded"), default=False)

    class Meta:
        verbose_name = _("log-in attempt")
        verbose_name_plural = _("log-in attempts")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("account", "at"), name="attempt_account"), models.Index(fields=("address", "at"), name="attempt_address"))

    def __str__(self) -> str:
        return f"{self.account} {self.at:%Y-%m-%d %H:%M}"


class SecondFactor(models.Model):
    """A user's authenticator app. The secret is encrypted (`core.encryption`) and bound to the
    user.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="second_factor", verbose_name=_("user"))
    encrypted = models.TextField(editable=False)
    last_step = models.BigIntegerField(default=0, editable=False, help_text=_("Codes of this time and before are used up."))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("in use since"), null=True, blank=True)

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return str(self.user_id)


class RecoveryCode(models.Model):
    """A code for a user without their phone. Only its hash is stored; each is used once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    code_hash = models.CharField(max_length=64, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = (models.UniqueConstraint(fields=("user", "code_hash"), name="one_recovery_code"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.pk}"


class IdempotencyRecord(models.Model):
    """The response to a request with an Idempotency-Key, returned again if the request is repeated.

    A `status` of 0 means that the request is still running.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text=_("Hash of method, address and body."))
    claim = models.UUIDField(default=uuid.uuid4, help_text=_("Names the request that runs now."))
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"), db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="one_answer_per_user_and_key"),)

    def __str__(self) -> str:
        return self.key
