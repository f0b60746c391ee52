"""Comments on scenes and films, and the links by which guests review a film."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import Visibility

MAX_COMMENT = 4000  # characters


class ReviewLink(models.Model):
    """A URL that shows one story's newest film to a guest until it expires or is revoked.

    The token itself is not stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="review_links", verbose_name=_("story")
    )
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("for"), max_length=80, help_text=_("Who gets it, such as “client”."))
    may_comment = models.BooleanField(_("may comment"), default=True)
    expires_at = models.DateTimeField(_("ends"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    opened_at = models.DateTimeField(_("last opened"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("review link")
        verbose_name_plural = _("review links")
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name

    def is_open(self, at: datetime | None = None) -> bool:
        return self.withdrawn_at is None and self.expires_at > (at or timezone.now())


class Comment(models.Model):
    """A comment on a story: on one scene, or at a time of a film.

    Staff write under their account, guests under the name they enter.

    Staff comments are internal unless staff show them to the client.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="comments", verbose_name=_("story")
    )
    scene = models.ForeignKey(
        "stories.Scene",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="comments",
        verbose_name=_("scene"),
    )
    film = models.ForeignKey(
        "stories.Film",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="comments",
        verbose_name=_("film"),
    )
    at_ms = models.PositiveIntegerField(
        _("at (ms)"), null=True, blank=True, help_text=_("Time in the film.")
    )
    text = models.TextField(_("comment"), max_length=MAX_COMMENT)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    guest = models.CharField(_("guest"), max_length=80, blank=True)
    visibility = models.CharField(
        _("visible to"), max_length=8, choices=Visibility, default=Visibility.INTERNAL
    )
    link = models.ForeignKey(
        ReviewLink,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="comments",
        verbose_name=_("review link"),
    )
    resolved_at = models.DateTimeField(_("settled"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ("created_at", "id")
        indexes = (
            models.Index(fields=("story", "created_at", "id"), name="comment_story"),
            models.Index(
                fields=("scene", "created_at", "id"),
                name="comment_scene",
                condition=Q(scene__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def at_seconds(self) -> int:
        """The time in the film, in whole seconds."""
        return (self.at_ms or 0) // 1000
