"""The cast of a story: characters, places, props and styles, and which scenes show them."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import CastKind

from .stored_take import StoredTake

MAX_NAME = 100
MAX_DESCRIPTION = 1000  # characters
NOT_DELETED = Q(deleted_at__isnull=True)


class LiveMembers(models.Manager["CastMember"]):
    def get_queryset(self) -> models.QuerySet["CastMember"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class CastMember(models.Model):
    """Someone or something that looks the same in every scene.

    The speaker of a line is the member with that name or with an earlier name (`aliases`), so
    that renaming a member changes no line. `proposed`: planning made it, and nobody has changed it
    since.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="cast_members", verbose_name=_("story")
    )
    kind = models.CharField(_("kind"), max_length=9, choices=CastKind, default=CastKind.CHARACTER)
    name = models.CharField(_("name"), max_length=MAX_NAME)
    aliases = models.JSONField(_("other names"), default=list, blank=True)
    description = models.TextField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    description_en = models.TextField(
        _("description in English"), max_length=MAX_DESCRIPTION, blank=True
    )
    library = models.ForeignKey(
        "stories.LibraryVersion",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("version of the library"),
    )
    proposed = models.BooleanField(_("proposed by planning"), default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[models.Manager["CastMember"]] = models.Manager()
    live: ClassVar[LiveMembers] = LiveMembers()

    class Meta:
        verbose_name = _("cast member")
        verbose_name_plural = _("cast")
        ordering = ("kind", "created_at", "id")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("story", "name"), condition=NOT_DELETED, name="cast_name_once"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def names(self) -> list[str]:
        """The name and the earlier and other ones."""
        return [self.name, *self.aliases]


class LiveLooks(models.Manager["Look"]):
    def get_queryset(self) -> models.QuerySet["Look"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Look(models.Model):
    """How a member looks in some scenes: an outfit, an age, the state of a place.

    The first live look of a member is the one it has where nothing else is chosen.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(
        CastMember, models.CASCADE, related_name="looks", verbose_name=_("cast member")
    )
    name = models.CharField(_("name"), max_length=MAX_NAME, blank=True)
    description = models.TextField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    description_en = models.TextField(
        _("description in English"), max_length=MAX_DESCRIPTION, blank=True
    )
    sheet = models.ForeignKey(
        "stories.SheetTake",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("selected sheet"),
    )
    library_key = models.UUIDField(
        null=True, blank=True, editable=False, help_text=_("The look of the library that it is.")
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Look"]] = models.Manager()
    live: ClassVar[LiveLooks] = LiveLooks()

    class Meta:
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        ordering = ("member", "created_at", "id")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The id as text, as used by jobs and calls."""
        return str(self.pk)


class SheetTake(StoredTake):
    """One generated or uploaded reference sheet of a look. Never overwritten.

    A table of its own beside `Take`, as for sound: a sheet belongs to no scene and has no scene
    prompt, and a look selects one.
    """

    look = models.ForeignKey(Look, models.CASCADE, related_name="takes", verbose_name=_("look"))
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    notes = models.JSONField(_("notes"), default=list, blank=True)

    class Meta(StoredTake.Meta):
        verbose_name = _("reference sheet")
        verbose_name_plural = _("reference sheets")
        default_permissions = ()
        indexes = (models.Index(fields=("look", "-created_at", "-id"), name="sheet_look"),)

    def __str__(self) -> str:
        return str(self.id)[:8]


class SceneCast(models.Model):
    """A scene shows a member in one of its looks.

    `with_sheet` is off where a person accepts that the provider gets the description alone.
    """

    scene = models.ForeignKey(
        "stories.Scene", models.CASCADE, related_name="cast", verbose_name=_("scene")
    )
    member = models.ForeignKey(
        CastMember, models.CASCADE, related_name="appearances", verbose_name=_("cast member")
    )
    look = models.ForeignKey(Look, models.PROTECT, related_name="+", verbose_name=_("look"))
    with_sheet = models.BooleanField(_("with its reference sheet"), default=True)

    class Meta:
        verbose_name = _("appearance")
        verbose_name_plural = _("appearances")
        ordering = ("scene", "id")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("scene", "member"), name="cast_once_in_scene"),
        )

    def __str__(self) -> str:
        return f"{self.member_id} {self.scene_id}"
