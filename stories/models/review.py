"""Comments on scenes and films, and the links by which guests review a film."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import ClientVerdict, Visibility

MAX_COMMENT = 4000  # characters


class ReviewLink(models.Model):
    """A URL that shows a story's film to a guest until it expires or is revoked.

    `film` is the only version that it shows; without one it shows the newest. The token and the
    password are not stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        "stories.Story", models.CASCADE, related_name="review_links", verbose_name=_("story")
    )
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("for"), max_length=80, help_text=_("Who gets it, such as “client”."))
    film = models.ForeignKey(
        "stories.Film",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="review_links",
        verbose_name=_("version"),
        help_text=_("Empty: always the newest film."),
    )
    password = models.CharField(max_length=128, blank=True, editable=False)  # hashed
    may_decide = models.BooleanField(_("may approve the film"), default=False)
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

    @property
    def wants_password(self) -> bool:
        return bool(self.password)

    def is_open(self, at: datetime | None = None) -> bool:
        return self.withdrawn_at is None and self.expires_at > (at or timezone.now())


class ReviewOpening(models.Model):
    """A browser that opened a review link: when first, when last, and how often."""

    link = models.ForeignKey(
        ReviewLink, models.CASCADE, related_name="openings", verbose_name=_("review link")
    )
    visitor = models.CharField(max_length=32, editable=False)
    browser = models.CharField(_("browser"), max_length=120, blank=True)
    count = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first opened"), default=timezone.now)
    last_at = models.DateTimeField(_("last opened"), default=timezone.now)

    class Meta:
        verbose_name = _("opening of a review link")
        verbose_name_plural = _("openings of review links")
        ordering = ("-last_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("link", "visitor"), name="review_visitor_once"),
        )

    def __str__(self) -> str:
        return self.browser or self.visitor


class FilmVerdict(models.Model):
    """What the client said of exactly one version of the film. The newest counts; none is changed.

    `guest` through a link, or `recorded_by`: a person of the studio who was told it elsewhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    film = models.ForeignKey(
        "stories.Film", models.CASCADE, related_name="verdicts", verbose_name=_("film")
    )
    verdict = models.CharField(_("verdict"), max_length=8, choices=ClientVerdict)
    text = models.TextField(_("words"), max_length=MAX_COMMENT, blank=True)
    guest = models.CharField(_("guest"), max_length=80, blank=True)
    link = models.ForeignKey(
        ReviewLink,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="verdicts",
        verbose_name=_("review link"),
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("client’s verdict")
        verbose_name_plural = _("clients’ verdicts")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("film", "-created_at", "-id"), name="verdict_of_film"),)

    def __str__(self) -> str:
        return self.get_verdict_display()


class Comment(models.Model):
    """A comment on a story: on one scene, or at a time of a film.

    A reply has a `parent`, which is not a reply itself. `drawing` holds strokes over the frame,
    as lists of points from 0 to 1 in its width and height.

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
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("answer to"),
    )
    drawing = models.JSONField(_("drawing"), default=list, blank=True)
    mentioned = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", blank=True, verbose_name=_("mentioned")
    )
    retaken_at = models.DateTimeField(_("made again"), null=True, blank=True)
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
