"""A story: its script and settings, and the table of its statuses."""

import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransitionMixin, FSMField, FSMModelMixin, transition

from stories.enums import AspectRatio, Corner, Language, Resolution, StoryStatus

from .project import Project, default_project_id, leads
from .seconds import SecondsField, in_frames

MAX_SCRIPT = 50_000  # characters
MIN_DURATION, MAX_DURATION = 2, 3600  # seconds
MAX_CARD_TEXT = 200  # characters
SHORTEST_CARD, LONGEST_CARD = 1, 15  # seconds
NARROWEST_LOGO, WIDEST_LOGO = 3, 40  # percent of the frame's width
FAINTEST_LOGO = 10  # percent
CARD_SECONDS = (MinValueValidator(SHORTEST_CARD), MaxValueValidator(LONGEST_CARD))

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
            and (
                story.owner_id == user.pk
                or user.has_perm("stories.manage_all_stories")
                or leads(user, story.project_id)
            )
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
    project = models.ForeignKey(
        Project,
        models.PROTECT,
        related_name="stories",
        verbose_name=_("project"),
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
    duration_seconds = SecondsField(
        _("length (seconds)"),
        default=60,
        validators=[MinValueValidator(MIN_DURATION), MaxValueValidator(MAX_DURATION)],
    )
    burn_captions = models.BooleanField(_("captions in the picture"), default=True)
    # A model is empty for the provider's usual one.
    planner_provider = models.SlugField(_("provider for planning"), max_length=40, default="local")
    planner_model = models.CharField(_("model for planning"), max_length=80, blank=True)
    image_provider = models.SlugField(_("provider for pictures"), max_length=40, default="local")
    image_model = models.CharField(_("model for pictures"), max_length=80, blank=True)
    clip_provider = models.SlugField(_("provider for clips"), max_length=40, default="local")
    clip_model = models.CharField(_("model for clips"), max_length=80, blank=True)
    vision_provider = models.SlugField(
        _("provider for checking takes"),
        max_length=40,
        blank=True,
        default="",
        help_text=_(
            "A model of it looks at each take that is made: does it fit its prompt, are the faces "
            "those of the reference sheets? Each check has a price. Empty: takes are not checked "
            "by a model."
        ),
    )
    check_new_takes = models.BooleanField(
        _("check new takes with the model"),
        default=False,
        help_text=_(
            "Each take that is made is checked as soon as it arrives. The price of the checks is "
            "part of what is confirmed before the takes are made."
        ),
    )
    light_films = models.BooleanField(
        _("copies for slow connections"),
        default=False,
        help_text=_("Each final film gets a small copy beside it. Nothing is paid for it."),
    )
    budget = models.DecimalField(
        _("budget (USD)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: no limit."),
    )
    needs_client_approval = models.BooleanField(
        _("the client approves before delivery"),
        default=False,
        help_text=_("The final film is delivered only when the client has approved this version."),
    )
    # The cards before and after the scenes add to the film's length, not to `duration_seconds`.
    title_card = models.TextField(_("title card"), max_length=MAX_CARD_TEXT, blank=True)
    title_card_seconds = SecondsField(
        _("length of the title card (s)"), default=3, validators=CARD_SECONDS
    )
    end_card = models.TextField(_("end card"), max_length=MAX_CARD_TEXT, blank=True)
    end_card_seconds = SecondsField(
        _("length of the end card (s)"), default=3, validators=CARD_SECONDS
    )
    # Name in the media storage: a PNG, named after its content.
    logo = models.CharField(_("logo"), max_length=200, blank=True, editable=False)
    logo_corner = models.CharField(
        _("corner of the logo"), max_length=12, choices=Corner, default=Corner.TOP_RIGHT
    )
    logo_width = models.PositiveSmallIntegerField(
        _("width of the logo (%)"),
        default=12,
        validators=[MinValueValidator(NARROWEST_LOGO), MaxValueValidator(WIDEST_LOGO)],
    )
    logo_opacity = models.PositiveSmallIntegerField(
        _("opacity of the logo (%)"),
        default=80,
        validators=[MinValueValidator(FAINTEST_LOGO), MaxValueValidator(100)],
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    status = FSMField(
        _("status"), default=S.DRAFT, choices=S.choices, protected=True, db_index=True
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    # What `transition_to` calls: `stories.services.transitions.transition_to`, which registers
    # itself, because a model imports no service.
    make_transition: ClassVar[Callable[..., None]]

    class Meta:
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="story_created"),
            models.Index(fields=("-updated_at", "-id"), name="story_updated"),
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Not a default of the field, which would ask the database for each story in memory, too.
        if self.project_id is None:
            self.project_id = default_project_id()
        super().save(*args, **kwargs)

    def card_frames(self, fps: int) -> tuple[int, int]:
        """How many frames the title card and the end card add to a film."""
        return (
            in_frames(self.title_card_seconds, fps) if self.title_card else 0,
            in_frames(self.end_card_seconds, fps) if self.end_card else 0,
        )

    @property
    def cards_seconds(self) -> float:
        """By how many seconds the cards make a film longer than its scenes."""
        return (self.title_card_seconds if self.title_card else 0) + (
            self.end_card_seconds if self.end_card else 0
        )

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
        self.make_transition(self, status, actor=actor, reason=reason)
