"""The studio's library: members of casts that several stories use, in versions."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import CastKind

from .cast import MAX_DESCRIPTION, MAX_NAME


class LibraryMember(models.Model):
    """Someone or something of the studio. What it looks like stands in its versions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("library member")
        verbose_name_plural = _("library members")
        ordering = ("created_at", "id")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)[:8]


class LibraryVersion(models.Model):
    """A member of the library as it was put there. Immutable: a change is another version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(
        LibraryMember,
        models.CASCADE,
        related_name="versions",
        verbose_name=_("library member"),
    )
    number = models.PositiveIntegerField(_("version"))
    kind = models.CharField(_("kind"), max_length=9, choices=CastKind)
    name = models.CharField(_("name"), max_length=MAX_NAME)
    aliases = models.JSONField(_("other names"), default=list, blank=True)
    description = models.TextField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    description_en = models.TextField(
        _("description in English"), max_length=MAX_DESCRIPTION, blank=True
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("library version")
        verbose_name_plural = _("library versions")
        ordering = ("member", "-number")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("member", "number"), name="library_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class LibraryLook(models.Model):
    """A look of a version, with its reference sheet if it has one.

    `key` is the same for this look in every version, and in the stories that use it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(
        LibraryVersion, models.CASCADE, related_name="looks", verbose_name=_("library version")
    )
    key = models.UUIDField()
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=MAX_NAME, blank=True)
    description = models.TextField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    description_en = models.TextField(
        _("description in English"), max_length=MAX_DESCRIPTION, blank=True
    )
    file = models.CharField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    mime = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)

    class Meta:
        verbose_name = _("library look")
        verbose_name_plural = _("library looks")
        ordering = ("version", "position")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("version", "key"), name="library_look_once"),
        )

    def __str__(self) -> str:
        return self.name
