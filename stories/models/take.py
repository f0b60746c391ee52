"""A picture or a clip of a scene, generated or uploaded."""

from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from providers.models import ProviderCall
from stories.enums import Doubt, EditTask, TakeKind

from .scene import Scene
from .scene_prompt import ScenePrompt
from .stored_take import StoredTake


class Take(StoredTake):
    """The result of one generation or upload for a scene.

    Never overwritten. A scene selects one take of each kind.
    """

    scene = models.ForeignKey(Scene, models.CASCADE, related_name="takes", verbose_name=_("scene"))
    kind = models.CharField(_("kind"), max_length=5, choices=TakeKind)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    duration_ms = models.PositiveIntegerField(_("length (ms)"), default=0)
    has_sound = models.BooleanField(
        _("sound of its own"), null=True, blank=True, help_text=_("Empty: not known.")
    )
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
    doubts = models.CharField(
        _("doubts"),
        max_length=200,
        blank=True,
        help_text=_("What its newest automatic checks found, separated by spaces."),
    )
    prompt = models.ForeignKey(
        ScenePrompt, models.PROTECT, related_name="takes", verbose_name=_("prompt")
    )
    edited_from = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="edits",
        verbose_name=_("edited from"),
    )
    edit = models.JSONField(
        _("edit"),
        default=dict,
        blank=True,
        help_text=_("What was done to the take that it was edited from; empty for others."),
    )

    class Meta(StoredTake.Meta):
        verbose_name = _("take")
        verbose_name_plural = _("takes")
        indexes = (
            models.Index(fields=("scene", "kind", "-created_at", "-id"), name="take_scene_kind"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.id)[:8]}"

    @property
    def edit_label(self) -> str:
        """What was done to the take that it was edited from, in a word; empty for others."""
        task = self.edit.get("task", "")
        return str(EditTask(task).label) if task in EditTask.values else ""

    @property
    def made_as(self) -> tuple[str, str]:
        """The provider and model that used the inputs of `input_hash`.

        For an edited take those of the take that the first edit began with.
        """
        return made_as(self.edit, self.provider, self.model)

    @property
    def doubt_words(self) -> str:
        """The doubts in words, separated by commas."""
        return doubt_words(self.doubts)


def made_as(edit: dict[str, Any], provider: str, model: str) -> tuple[str, str]:
    """See `Take.made_as`."""
    found = edit.get("made_as")
    return (found[0], found[1]) if found else (provider, model)


def doubt_words(doubts: str) -> str:
    """The doubts of a take in words, separated by commas."""
    return ", ".join(str(Doubt(name).label) for name in doubts.split())


class TakeCheck(models.Model):
    """What one version of the automatic check measured and found. Derived; kept once per version.

    A new version of the check adds a row, so that a finding can be traced to the rule that made it.
    """

    take = models.ForeignKey(Take, models.CASCADE, related_name="checks", verbose_name=_("take"))
    version = models.PositiveSmallIntegerField(_("version of the check"))
    measures = models.JSONField(_("measures"), default=dict)
    doubts = models.CharField(_("doubts"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("check of a take")
        verbose_name_plural = _("checks of takes")
        constraints = (models.UniqueConstraint(fields=("take", "version"), name="take_check_once"),)

    def __str__(self) -> str:
        return f"{self.take_id} v{self.version}"


class Face(NamedTuple):
    """A character in a take. `same`: it has the face of its sheet; None: it cannot be seen."""

    name: str
    same: bool | None


class VisionCheck(models.Model):
    """What a model that looked at a take found. One for each call, which was paid for.

    `findings` are those of `TextRequest`'s task `check_picture`.
    """

    take = models.ForeignKey(
        Take, models.CASCADE, related_name="vision_checks", verbose_name=_("take")
    )
    call = models.OneToOneField(
        ProviderCall,
        models.PROTECT,
        related_name="vision_check",
        verbose_name=_("provider call"),
    )
    version = models.PositiveSmallIntegerField(_("version of the check"), default=1)
    findings = models.JSONField(_("findings"), default=dict)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("check of a take by a model")
        verbose_name_plural = _("checks of takes by a model")
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.take_id} {self.call_id}"

    @property
    def words(self) -> str:
        """What the model said, as it said it: the reason, and what is missing."""
        return " – ".join(filter(None, [self.why, ", ".join(self.missing)]))

    @property
    def fits(self) -> bool:
        """Whether the take shows what its prompt asks for. Findings that do not say are a no."""
        return bool(self.findings.get("fits"))

    @property
    def missing(self) -> list[str]:
        return [str(one) for one in self.findings.get("missing") or []]

    @property
    def why(self) -> str:
        return str(self.findings.get("why") or "")

    @property
    def faces(self) -> list[Face]:
        """The characters with a reference sheet, as far as the model has named them."""
        return [
            Face(str(face.get("name") or ""), face.get("same"))
            for face in self.findings.get("faces") or []
        ]
