"""Projects: the work for one client, and the people who see its stories."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stories.enums import AspectRatio, Language, Resolution

DEFAULT_CODE = "STUDIO"
CODE = RegexValidator(r"\A[A-Z0-9][A-Z0-9_-]*\Z", _("Capital letters, digits, - and _ only."))


class ProjectRole(models.TextChoices):
    MEMBER = "member", pgettext_lazy("project", "Member")
    LEAD = "lead", pgettext_lazy("project", "Lead")


class Project(models.Model):
    """The work for one client. Its people see its stories; an open project is seen by everybody
    whose role lets them see stories.
    """

    name = models.CharField(_("name"), max_length=120)
    code = models.CharField(_("code"), max_length=20, unique=True, validators=[CODE])
    client = models.CharField(_("client"), max_length=120, blank=True)
    is_open = models.BooleanField(
        _("open to all staff"),
        default=False,
        help_text=_("Otherwise only its people, and those who may see every project, see it."),
    )
    budget = models.DecimalField(
        _("budget (USD)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Of all its stories together. Empty: no limit."),
    )
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)
    aspect_ratio = models.CharField(_("format"), max_length=4, choices=AspectRatio, blank=True)
    resolution = models.CharField(_("resolution"), max_length=5, choices=Resolution, blank=True)
    style = models.CharField(_("style"), max_length=200, blank=True)
    # A model is empty for the provider's usual one.
    planner_provider = models.SlugField(_("provider for planning"), max_length=40, blank=True)
    planner_model = models.CharField(_("model for planning"), max_length=80, blank=True)
    image_provider = models.SlugField(_("provider for pictures"), max_length=40, blank=True)
    image_model = models.CharField(_("model for pictures"), max_length=80, blank=True)
    clip_provider = models.SlugField(_("provider for clips"), max_length=40, blank=True)
    clip_model = models.CharField(_("model for clips"), max_length=80, blank=True)
    speech_provider = models.SlugField(_("provider for speech"), max_length=40, blank=True)
    speech_model = models.CharField(_("model for speech"), max_length=80, blank=True)
    music_provider = models.SlugField(_("provider for music"), max_length=40, blank=True)
    music_model = models.CharField(_("model for music"), max_length=80, blank=True)
    vision_provider = models.SlugField(_("provider for checking takes"), max_length=40, blank=True)
    check_new_takes = models.BooleanField(_("check new takes with the model"), default=False)
    light_films = models.BooleanField(_("copies for slow connections"), default=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ("name", "id")
        permissions = (("view_all_projects", _("Can see the stories of every project")),)
        constraints = (models.UniqueConstraint(Upper("name"), name="one_project_of_a_name"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class ProjectMember(models.Model):
    """A person of a project. A lead may change all its stories, if their role lets them change
    stories at all.
    """

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="members", verbose_name=_("project")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="project_memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(
        _("role"), max_length=10, choices=ProjectRole, default=ProjectRole.MEMBER
    )

    class Meta:
        verbose_name = _("person of a project")
        verbose_name_plural = _("people of a project")
        ordering = ("user__username",)
        constraints = (models.UniqueConstraint(fields=("project", "user"), name="one_membership"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


def default_project_id() -> Any:
    """Return the id of the project of stories for which none is named."""
    found = Project.objects.filter(code=DEFAULT_CODE).values_list("pk", flat=True).first()
    if found is not None:
        return found
    values = {"name": "Studio", "is_open": True}
    return Project.objects.get_or_create(code=DEFAULT_CODE, defaults=values)[0].pk


def leads(user: Any, project_id: Any) -> bool:
    """Whether this person leads the project. One query for each request's user."""
    found: frozenset[Any] | None = getattr(user, "_leads", None)
    if found is None:
        rows = ProjectMember.objects.filter(user_id=user.pk, role=ProjectRole.LEAD)
        found = frozenset(rows.values_list("project_id", flat=True))
        user._leads = found  # noqa: SLF001  kept for the request
    return project_id in found
