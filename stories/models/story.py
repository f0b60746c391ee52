"""A story: its script and settings, and the table of its statuses."""

import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransitionMixin, FSMField, FSMModelMixin, transition

from stories.enums import AspectRatio, Language, Resolution, StoryStatus

MAX_SCRIPT = 50_000  # characters
MIN_DURATION, MAX_DURATION = 2, 3600  # seconds

S = StoryStatus


class SafeRefresh(models.Model):
    """A `refresh_from_db` that never touches the class-wide protected flag of the state field.

    During a refresh django-fsm-2 lifts `protected` on the field object. Other threads see this, and
    it stays lifted if the row is gone. Removing the state from the instance first makes that
    unnecessary.
    """

    class Meta:
        abstract = True

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        wanted = None if fields is None else list(fields)
        held = self.__dict__.pop("status", None)
        try:
            models.Model.refresh_from_db(
                self, using=using, fields=wanted, from_queryset=from_queryset
            )
        except BaseException:
            self.__dict__["status"] = held
            raise
        if wanted is None or "status" in wanted:
            self._update_initial_state()  # type: ignore[attr-defined]  # from ConcurrentTransitionMixin
        else:
            self.__dict__["status"] = held


def _has(permission: str) -> Callable[[Any, Any], bool]:
    """Whether the person has the permission, and owns the story or manages all stories."""

    def check(story: Any, user: Any) -> bool:
        return bool(
            user.is_active
            and user.has_perm(f"stories.{permission}")
            and (story.owner_id == user.pk or user.has_perm("stories.manage_all_stories"))
        )

    return check


class Story(SafeRefresh, ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """A script on its way to a film.

    `status` changes only through `stories.services.transitions`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="stories", verbose_name=_("owner")
    )
    title = models.CharField(_("title"), max_length=200)
    script = models.TextField(_("script"), max_length=MAX_SCRIPT, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.KO)
    style = models.CharField(
        _("style"),
        max_length=200,
        blank=True,
        help_text=_("Added to every scene's prompt, such as “watercolour, soft light”."),
    )
    aspect_ratio = models.CharField(
        _("format"), max_length=4, choices=AspectRatio, default=AspectRatio.WIDE
    )
    resolution = models.CharField(
        _("resolution"), max_length=5, choices=Resolution, default=Resolution.HD
    )
    duration_seconds = models.PositiveIntegerField(
        _("length (seconds)"),
        default=60,
        validators=[MinValueValidator(MIN_DURATION), MaxValueValidator(MAX_DURATION)],
    )
    burn_captions = models.BooleanField(_("captions in the picture"), default=True)
    planner_provider = models.SlugField(_("provider for planning"), max_length=40, default="local")
    image_provider = models.SlugField(_("provider for pictures"), max_length=40, default="local")
    clip_provider = models.SlugField(_("provider for clips"), max_length=40, default="local")
    budget = models.DecimalField(
        _("budget (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: no limit."),
    )
    status = FSMField(
        _("status"), default=S.DRAFT, choices=S.choices, protected=True, db_index=True
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="story_created"),
            models.Index(fields=("owner", "-created_at", "-id"), name="story_owner_created"),
            models.Index(fields=("status", "-created_at", "-id"), name="story_status_created"),
        )
        permissions = (
            ("start_planning", _("Can start planning a story")),
            ("generate_preview", _("Can make a story's preview")),
            ("render_final", _("Can render a story's final film")),
            ("archive_story", _("Can archive and restore a story")),
            ("retry_story", _("Can take up a failed story again")),
            ("manage_all_stories", _("Can change the stories of others")),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(duration_seconds__gte=MIN_DURATION, duration_seconds__lte=MAX_DURATION),
                name="story_duration_range",
            ),
        )

    def __str__(self) -> str:
        return self.title

    # The status table of the brief (B2). Each name is an action of a person, except the three that
    # only jobs use: finish_planning, finish_rendering and fail. `stories.services.transitions` adds
    # guards, event row and effects.

    @transition(field=status, source=S.DRAFT, target=S.PLANNING, permission=_has("start_planning"))
    def start_planning(self) -> None: ...

    @transition(field=status, source=S.PLANNING, target=S.PLANNED)
    def finish_planning(self) -> None: ...

    @transition(field=status, source=S.PLANNING, target=S.DRAFT, permission=_has("start_planning"))
    def stop_planning(self) -> None: ...

    @transition(
        field=status, source=S.PLANNED, target=S.PREVIEWING, permission=_has("generate_preview")
    )
    def generate_preview(self) -> None: ...

    @transition(
        field=status, source=S.PREVIEWING, target=S.RENDERING, permission=_has("render_final")
    )
    def render_final(self) -> None: ...

    @transition(field=status, source=S.RENDERING, target=S.COMPLETED)
    def finish_rendering(self) -> None: ...

    @transition(field=status, source=[S.PLANNING, S.PREVIEWING, S.RENDERING], target=S.FAILED)
    def fail(self) -> None: ...

    @transition(field=status, source=S.FAILED, target=S.DRAFT, permission=_has("retry_story"))
    def retry(self) -> None: ...

    @transition(
        field=status,
        source=[S.COMPLETED, S.DRAFT],
        target=S.ARCHIVED,
        permission=_has("archive_story"),
    )
    def archive(self) -> None: ...

    @transition(field=status, source=S.ARCHIVED, target=S.DRAFT, permission=_has("archive_story"))
    def restore(self) -> None: ...

    def can_transition_to(self, status: str) -> bool:
        """Whether the status table has a transition from the current status to this one."""
        return any(t.target == status for t in self.get_available_status_transitions())  # type: ignore[attr-defined]

    def transition_to(self, status: str, *, actor: Any = None, reason: str = "") -> None:
        """Make the transition to this status, with guard, permission, event row and effects.

        Raises `stories.errors.NotAllowed` (with the allowed statuses), `GuardRefused` or
        `Forbidden`.
        """
        from stories.services.transitions import transition_to  # noqa: PLC0415  the services import the models

        transition_to(self, status, actor=actor, reason=reason)
