"""Models of a story: scenes, prompts, takes, films, and the log of state transitions."""

import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransitionMixin, FSMField, FSMModelMixin, transition

from core.localized_messages import LocalizedMessage
from providers.models import ProviderCall
from stories.enums import (
    AspectRatio,
    Camera,
    FilmKind,
    Language,
    Resolution,
    ReviewStatus,
    StoryStatus,
    TakeKind,
    TakeSource,
)

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


class ScenePrompt(models.Model):
    """The prompt of a scene.

    Immutable: editing it creates a new row, and takes keep the prompt they were made from.
    """

    text = models.TextField(_("prompt"), max_length=4000)
    text_en = models.TextField(_("prompt in English"), max_length=4000, blank=True)
    # A digest of the text that the English was made for. If it differs from the current text, the
    # English is out of date.
    english_for = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="SHA-256 of that text; empty: of this one.",
    )
    english_by_model = models.BooleanField(
        default=False, editable=False, help_text="Whether a model wrote the English, not a person."
    )
    negative = models.TextField(_("what to avoid"), max_length=2000, blank=True)
    style = models.CharField(_("style"), max_length=200, blank=True)
    camera = models.CharField(_("camera"), max_length=10, choices=Camera, default=Camera.PUSH_IN)
    seed = models.PositiveBigIntegerField(
        _("seed"), default=0, validators=[MaxValueValidator(2**32 - 1)]
    )
    reference_image = models.CharField(_("reference picture"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("scene prompt")
        verbose_name_plural = _("scene prompts")

    def __str__(self) -> str:
        return self.text[:80]


class LiveScenes(models.Manager["Scene"]):
    def get_queryset(self) -> models.QuerySet["Scene"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Scene(models.Model):
    """One shot of the film.

    `position` counts from 1 among the story's live scenes and is not part of the content.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(
        Story, models.CASCADE, related_name="all_scenes", verbose_name=_("story")
    )
    position = models.PositiveIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=200, blank=True)
    # The words of the scene's lines. Only `stories.services.lines` writes it.
    narration = models.TextField(_("narration"), max_length=MAX_SCRIPT, blank=True)
    duration_seconds = models.PositiveSmallIntegerField(
        _("length (seconds)"), default=7, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    prompt = models.ForeignKey(
        ScenePrompt, models.PROTECT, related_name="+", verbose_name=_("prompt")
    )
    image_take = models.ForeignKey(
        "Take",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("chosen picture"),
    )
    clip_take = models.ForeignKey(
        "Take",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("chosen clip"),
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[models.Manager["Scene"]] = models.Manager()
    live: ClassVar[LiveScenes] = LiveScenes()

    class Meta:
        verbose_name = _("scene")
        verbose_name_plural = _("scenes")
        ordering = ("story", "position", "id")
        indexes = (
            models.Index(
                fields=("story", "position", "id"),
                name="scene_order",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(fields=("-created_at", "-id"), name="scene_created"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(duration_seconds__gte=1, duration_seconds__lte=600),
                name="scene_duration_range",
            ),
        )

    def __str__(self) -> str:
        return self.title or f"{self.position}"

    @property
    def key(self) -> str:
        """The id as text, as used by jobs and calls."""
        return str(self.pk)

    def take(self, kind: str) -> "Take | None":
        """The selected take of this kind."""
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take


class Take(models.Model):
    """The result of one generation or upload for a scene.

    Never overwritten. A scene selects one take of each kind.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scene = models.ForeignKey(Scene, models.CASCADE, related_name="takes", verbose_name=_("scene"))
    kind = models.CharField(_("kind"), max_length=5, choices=TakeKind)
    source = models.CharField(
        _("source"), max_length=9, choices=TakeSource, default=TakeSource.GENERATED
    )
    file = models.CharField(_("file"), max_length=200, help_text=_("Name in the media storage."))
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    duration_ms = models.PositiveIntegerField(_("length (ms)"), default=0)
    crop = models.JSONField(
        _("crop"),
        null=True,
        blank=True,
        help_text=_(
            "What a film of another format shows of it: left, top, width and height in "
            "parts of it; empty: the middle."
        ),
    )
    notes = models.JSONField(
        _("notes"),
        default=list,
        blank=True,
        help_text=_("What was done to the file when it was taken in."),
    )
    prompt = models.ForeignKey(
        ScenePrompt, models.PROTECT, related_name="takes", verbose_name=_("prompt")
    )
    input_hash = models.CharField(
        max_length=64, blank=True, help_text=_("Hash of what it was made from; empty for uploads.")
    )
    provider = models.CharField(_("provider"), max_length=40, blank=True)
    model = models.CharField(_("model"), max_length=80, blank=True)
    seed = models.PositiveBigIntegerField(_("seed"), null=True, blank=True)
    cost = models.DecimalField(_("cost (USD)"), max_digits=12, decimal_places=4, default=Decimal(0))
    call = models.OneToOneField(
        ProviderCall,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider call"),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    reason = models.CharField(_("why it was made"), max_length=200, blank=True)
    review_status = models.CharField(
        _("verdict"), max_length=10, choices=ReviewStatus, default=ReviewStatus.UNREVIEWED
    )
    review_reason = models.CharField(_("reason of the verdict"), max_length=500, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("verdict by"),
    )
    reviewed_at = models.DateTimeField(_("verdict at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("take")
        verbose_name_plural = _("takes")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("scene", "kind", "-created_at", "-id"), name="take_scene_kind"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.id)[:8]}"


class Film(models.Model):
    """One finished film of a story: file, subtitles and the manifest of its inputs.

    Never overwritten.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(Story, models.CASCADE, related_name="films", verbose_name=_("story"))
    kind = models.CharField(_("kind"), max_length=7, choices=FilmKind)
    number = models.PositiveIntegerField(_("version"))
    file = models.CharField(_("file"), max_length=200)
    srt = models.TextField(blank=True)
    vtt = models.TextField(blank=True)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    fps = models.PositiveSmallIntegerField(_("frames a second"))
    frames = models.PositiveIntegerField(_("frames"))
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"))
    manifest = models.JSONField(_("manifest"), default=dict)
    manifest_hash = models.CharField(max_length=64)
    segments_reused = models.PositiveIntegerField(_("segments reused"), default=0)
    segments_encoded = models.PositiveIntegerField(_("segments encoded"), default=0)
    override_reason = models.CharField(_("why in spite of warnings"), max_length=500, blank=True)
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
        verbose_name = _("film")
        verbose_name_plural = _("films")
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("story", "kind", "number"), name="film_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def duration_seconds(self) -> Decimal:
        return Decimal(self.frames) / self.fps


class StoryStateTransition(models.Model):
    """One change of a story's status.

    Append-only, written in the same transaction as the change.
    """

    story = models.ForeignKey(
        Story, models.CASCADE, related_name="transitions", verbose_name=_("story")
    )
    from_status = models.CharField(_("from"), max_length=10, choices=S)
    to_status = models.CharField(_("to"), max_length=10, choices=S)
    name = models.CharField(_("change"), max_length=30)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    reason = models.CharField(
        _("reason"),
        max_length=500,
        blank=True,
        help_text=_("As a person wrote it, or in English what the studio says."),
    )
    reason_data = models.JSONField(default=dict, blank=True)
    job_id = models.CharField(_("job"), max_length=40, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        ordering = ("id",)
        indexes = (models.Index(F("story"), F("id").desc(), name="transition_story"),)

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"

    @property
    def why(self) -> str:
        """The reason that a person wrote or that the system gave, in the active language."""
        return (
            str(LocalizedMessage.from_json(self.reason_data)) if self.reason_data else self.reason
        )


from .approval import Approval  # noqa: E402  refers to the models above by their labels
from .cast import CastMember, Look, SceneCast, SheetTake  # noqa: E402  refer to the models above by their labels
from .confirmation import Confirmation  # noqa: E402  refers to the models above by their labels
from .line import Line, LineText  # noqa: E402  refers to the models above by their labels
from .pronunciation import Pronunciation  # noqa: E402  refers to the models above by their labels
from .review import Comment, ReviewLink  # noqa: E402  refer to the models above by their labels
from .scene_sound import SceneSound  # noqa: E402  refers to the models above by their labels
from .sound_take import SoundTake  # noqa: E402  refers to the models above by their labels
from .story_sound import StorySound  # noqa: E402  refers to the models above by their labels
from .voice import Voice  # noqa: E402  refers to the models above by their labels

__all__ = [
    "MAX_DURATION",
    "MAX_SCRIPT",
    "MIN_DURATION",
    "Approval",
    "CastMember",
    "Comment",
    "Confirmation",
    "Film",
    "Line",
    "LineText",
    "Look",
    "Pronunciation",
    "ReviewLink",
    "Scene",
    "SceneCast",
    "ScenePrompt",
    "SceneSound",
    "SheetTake",
    "SoundTake",
    "Story",
    "StorySound",
    "StoryStateTransition",
    "Take",
    "Voice",
]
