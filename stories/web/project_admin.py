"""The pages of projects: the list with what each has spent, and the form with its people."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from core.admin.display import badge, money, quick_html
from core.admin.model_admin import ModelAdmin
from stories.models import Project, ProjectMember
from stories.models.project import DEFAULT_CODE
from stories.services.makers import PROVIDERS
from stories.services.permissions import visible_projects
from stories.services.projects import CHECKER, SWITCHES, Money, money_of, wake_the_waiting

from .forms import MakersMixin, connections, vision_choices

TONES: dict[int, Any] = {0: "good", 50: "live", 80: "ask", 100: "bad"}
MOST_PEOPLE = 200


class MemberInline(TabularInline):
    model = ProjectMember
    extra = 1
    max_num = MOST_PEOPLE
    fields = ("user", "role")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            people = User.objects.filter(is_active=True, is_staff=True).order_by("username")
            kwargs["queryset"] = people
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name each field: in a table the heading alone does not."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            inner = getattr(field.widget, "widget", field.widget)
            inner.attrs["aria-label"] = str(field.label)
        return field


class ProjectForm(MakersMixin, forms.ModelForm):  # type: ignore[type-arg]  # the class takes no arguments at run time
    makers = tuple(PROVIDERS)
    no_maker = _("No usual provider")  # type: ignore[assignment]  # put into words when it is shown
    archived = forms.BooleanField(
        label=_("archived"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    class Meta:
        model = Project
        fields = (
            "name",
            "code",
            "client",
            "is_open",
            "budget",
            "language",
            "aspect_ratio",
            "resolution",
            "style",
            *PROVIDERS,
            CHECKER,
            *SWITCHES,
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = connections()
        self.offer_makers(rows)
        if CHECKER in self.fields:
            self.fields[CHECKER] = forms.ChoiceField(
                choices=vision_choices(rows, self.instance.vision_provider),
                label=self.fields[CHECKER].label,
                required=False,
                widget=UnfoldAdminSelectWidget(),
            )
        if "archived" in self.fields:
            self.fields["archived"].initial = self.instance.archived_at is not None

    def clean(self) -> Any:
        cleaned = super().clean()
        self.take_makers(self.cleaned_data)
        return cleaned

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  Django's signature
        wanted = self.cleaned_data.get("archived", False)
        if wanted != (self.instance.archived_at is not None):
            self.instance.archived_at = timezone.now() if wanted else None
        return super().save(commit=commit)


@admin.register(Project)
class ProjectAdmin(ModelAdmin):
    """Projects that this person sees. Those who may change projects change them."""

    list_display = ("title", "client", "openness", "spent", "state")
    search_fields = ("name", "code", "client")
    search_help_text = _("Name, code or client")
    ordering = ("name", "id")
    list_per_page = 25
    show_full_result_count = False
    actions = None
    form = ProjectForm
    inlines = (MemberInline,)
    readonly_fields = ("costs",)
    fieldsets = (
        (None, {"fields": (("name", "code"), "client", "is_open", "archived")}),
        (_("Money"), {"fields": ("budget", "costs")}),
        (
            _("Usual values of new stories"),
            {
                "fields": (
                    ("language", "aspect_ratio", "resolution"),
                    "style",
                    ("planner_provider", "image_provider"),
                    ("clip_provider", "speech_provider"),
                    "music_provider",
                    (CHECKER, *SWITCHES),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        return visible_projects(request.user).order_by(*self.ordering)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002  Django's signature
        """The default project keeps its code."""
        own = ("code",) if obj is not None and obj.code == DEFAULT_CODE else ()
        return (*self.readonly_fields, *own)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The default project cannot be archived, because new stories are added to it."""
        found = super().get_fieldsets(request, obj)
        if obj is None or obj.code != DEFAULT_CODE:
            return found
        return ((None, {"fields": (("name", "code"), "client", "is_open")}), *found[1:])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  Django's signature
        return False  # projects are archived: their stories and costs stay

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        super().save_model(request, obj, form, change)
        if "budget" in form.changed_data:
            wake_the_waiting()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {"title": gettext("Projects"), "crumbs": [], **(extra_context or {})}
        )
        rows = getattr(response, "context_data", {}).get("cl")
        if rows is not None:
            found = money_of(list(rows.result_list))
            for row in rows.result_list:
                row.money = found[row.pk]
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id) if object_id else None
        named = {
            "title": str(found) if found else gettext("Add a project"),
            "crumbs": [(_("Projects"), reverse("admin:stories_project_changelist"))],
        }
        response: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**named, **(extra_context or {})}
        )
        return response

    @admin.display(description=_("project"), ordering="name")
    def title(self, project: Project) -> SafeString:
        return quick_html("<b>{}</b><br><small>{}</small>", project.name, project.code)

    @admin.display(description=_("who sees it"), ordering="is_open")
    def openness(self, project: Project) -> str:
        return gettext("All staff") if project.is_open else gettext("Its people")

    @admin.display(description=_("spent"))
    def spent(self, project: Any) -> str:
        return _amount(project.money)

    @admin.display(description=_("budget"))
    def state(self, project: Any) -> SafeString | str:
        found: Money = project.money
        if found.percent is None:
            return gettext("No limit")
        return badge(f"{found.percent}%", TONES[found.alert])

    @admin.display(description=_("costs"))
    def costs(self, project: Project) -> SafeString | str:
        if project.pk is None:
            return "–"
        found = money_of([project])[project.pk]
        address = f"{reverse('admin:costs_export')}?project={project.code}"
        shown = badge(f"{found.percent}%", TONES[found.alert]) if found.percent is not None else ""
        return quick_html(
            '{} {} <a class="vp-link" href="{}">{}</a>',
            _amount(found),
            shown,
            address,
            gettext("Calls as CSV"),
        )


def _amount(found: Money) -> str:
    if found.budget is None:
        return money(found.counted)
    return gettext("%(spent)s of %(budget)s") % {
        "spent": money(found.counted),
        "budget": money(found.budget),
    }
