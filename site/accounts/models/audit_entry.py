"""The audit log: who did what, when, and from where."""

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AppendOnlyError(Exception):
    """An entry of the audit log was to be changed or deleted."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:  # noqa: ARG002  the signature of the base
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError


class AuditAction(models.TextChoices):
    LOG_IN = "log_in", pgettext_lazy("audit log", "Logged in")
    LOG_IN_REFUSED = "log_in_refused", pgettext_lazy("audit log", "Log-in refused")
    LOG_OUT = "log_out", pgettext_lazy("audit log", "Logged out")
    RESET_ASKED = "reset_asked", pgettext_lazy("audit log", "Password reset asked for")
    PASSWORD_RESET = "password_reset", pgettext_lazy("audit log", "Password reset")
    ADDED = "added", pgettext_lazy("audit log", "Added")
    CHANGED = "changed", pgettext_lazy("audit log", "Changed")
    DELETED = "deleted", pgettext_lazy("audit log", "Deleted")
    ENDED = "ended", pgettext_lazy("audit log", "Ended a session")
    APPROVED = "approved", pgettext_lazy("audit log", "Approved")
    REFUSED = "refused", pgettext_lazy("audit log", "Refused")


class AuditEntry(models.Model):
    """One entry. It names people and objects by value, and so outlives them.

    A database trigger forbids to change or delete it (`accounts.audit`).
    """

    at = models.DateTimeField(_("at"), default=timezone.now)
    actor_id = models.BigIntegerField(_("id of the person"), null=True)
    actor_name = models.CharField(_("person"), max_length=150, blank=True)
    action = models.CharField(_("action"), max_length=20, choices=AuditAction.choices)
    object_type = models.CharField(_("kind"), max_length=100, blank=True)
    object_id = models.CharField(_("id"), max_length=64, blank=True)
    object_name = models.CharField(_("object"), max_length=200, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    address = models.CharField(_("address"), max_length=64, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the audit log")
        verbose_name_plural = _("audit log")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("actor_name", "id"), name="audit_actor"),
            models.Index(fields=("action", "id"), name="audit_action"),
            models.Index(fields=("object_type", "object_id", "id"), name="audit_object"),
            models.Index(fields=("at",), name="audit_at"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action} {self.object_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    # The signature of the base
    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        raise AppendOnlyError
