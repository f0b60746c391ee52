"""Admin pages that belong to no model, and the admin of users and roles; hides the pool's own
models.
"""

from contextlib import nullcontext
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts import (
    account_changes,
    audit_page,
    invitation_pages,
    login_throttle,
    login_unlock,
    mfa,
    mfa_pages,
    service_account_pages,
    session_pages,
)
from accounts.admin_site import AdminSite
from accounts.roles import label_of
from core.admin.fields import BoundedChoicesField
from core.admin.filters import BooleanFilter, DropdownFilter
from core.admin.model_admin import ModelAdmin
from core.numbers import whole_number
from providers.services import money_changes

from . import cost_export, costs, dashboard, introduction, language, monitoring

WITHOUT_SCREENS = (
    "account",
    "admin",
    "contenttypes",
    "django_q",
    "mfa",
    "sessions",
    "socialaccount",
    "usersessions",
)  # apps whose permissions the studio never checks

# Django's four permissions of each model, whose names are stored in English.
VERBS = {
    "add": _("Can add"),
    "change": _("Can change"),
    "delete": _("Can delete"),
    "view": _("Can view"),
}

# The studio's jobs have their own pages, and these rows only carry wake-ups; so have accounts.
for model in (
    *(Failure, OrmQ, Schedule, Success),
    *(Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession),
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.unregister(User)
admin.site.unregister(Group)


class RoleFilter(DropdownFilter):
    """People with a role."""

    title = _("role")
    parameter_name = "groups__id__exact"  # as links to the list have it

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [(str(role.pk), label_of(role.name)) for role in Group.objects.order_by("name")]

    def queryset(self, _request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        number = whole_number(self.value() or "")
        return people if number is None else people.filter(groups=number)


@admin.register(User)
# The class takes no arguments at run time
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = None  # users are deactivated one at a time
    # Unfold writes None without a type
    list_before_template = "studio/people_tools.html"  # type: ignore[assignment]
    list_display = (
        "username",
        "email",
        "first_name",
        "last_name",
        "is_staff",
        "is_active",
        "has_mfa",
    )
    readonly_fields = ("factor_state", "log_in_state", "last_login", "date_joined")
    filter_horizontal = ()
    list_filter = (
        *((field, BooleanFilter) for field in ("is_staff", "is_superuser", "is_active")),
        RoleFilter,
    )
    list_filter_submit = True
    # Permissions come from roles only, so users have none of their own to choose.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (_("Roles"), {"fields": ("groups", ("is_active", "is_staff", "is_superuser"))}),
        (_("Second factor"), {"fields": ("factor_state",)}),
        (_("Log-in"), {"fields": ("log_in_state",)}),
        (_("Times"), {"fields": (("last_login", "date_joined"),)}),
    )
    show_full_result_count = False
    list_per_page = 25

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(
            request, {"title": gettext("People"), "crumbs": [], **(extra_context or {})}
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        with (
            money_changes.of_limits(actor=request.user)
            if request.method == "POST"
            else nullcontext()
        ):
            return super().changeform_view(
                request,
                object_id,
                form_url,
                {**_crumbs(self, _("People"), object_id), **(extra_context or {})},
            )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factors = Authenticator.objects.filter(type__in=mfa.FACTORS).order_by("created_at")
        return (
            super().get_queryset(request).prefetch_related(Prefetch("authenticator_set", factors))
        )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.widget = field.widget.widget  # roles are created on their own page, not here
        return field

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field,
            request,
            **{
                **kwargs,
                "widget": UnfoldAdminCheckboxSelectMultipleWidget(),
                "form_class": RolesField,
                "label": _("Roles"),
                "help_text": _("A person has the rights of all their roles."),
            },
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account with history is deactivated, not deleted."""
        return super().has_delete_permission(request, obj) and not (
            obj is not None and account_changes.history_of(obj)
        )

    @admin.display(description=_("wrong tries"))
    def log_in_state(self, person: User) -> str:
        return render_to_string(
            "studio/log_in_state.html",
            {"count": login_throttle.failures(person.get_username()), "person": person},
        )

    @admin.display(description=_("second factor"), boolean=True)
    def has_mfa(self, person: User) -> bool:
        return _since(person) is not None

    @admin.display(description=_("second factor"))
    def factor_state(self, person: User) -> str:
        """Shows since when two-factor authentication is active, with a reset for superusers."""
        since = _since(person)
        if since is None:
            return gettext("Not set up")
        return render_to_string(
            "studio/second_factor_state.html", {"since": since, "person": person}
        )


def _crumbs(admin: ModelAdmin, name: Any, object_id: str | None) -> dict[str, Any]:
    """Returns the breadcrumbs, in the words of the side bar."""
    number = whole_number(object_id or "")
    found = None if number is None else admin.model._default_manager.filter(pk=number).first()  # noqa: SLF001  Django's documented way to a model's rows
    title = (
        str(found) if found else gettext("Add %(name)s") % {"name": admin.model._meta.verbose_name}  # noqa: SLF001  as above
    )
    return {
        "title": title,
        "crumbs": [(name, reverse(f"admin:auth_{admin.model._meta.model_name}_changelist"))],  # noqa: SLF001  as above
    }


def _since(person: User) -> datetime | None:
    factors: Any = person  # allauth's relation is not typed
    rows = [row for row in factors.authenticator_set.all() if row.type in mfa.FACTORS]
    return min((row.created_at for row in rows), default=None)


class RolesField(BoundedChoicesField):
    """Roles by their names in the user's language."""

    def label_from_instance(self, role: Group) -> str:
        return label_of(role.name)


class RightsField(BoundedChoicesField):
    """The permissions of a role in the user's language: "stories | story | Can render a story's
    final film".
    """

    def label_from_instance(self, permission: Permission) -> str:
        verb, _underscore, model = permission.codename.partition("_")
        ours = VERBS.get(verb) if model == permission.content_type.model else None
        return f"{permission.content_type} | {ours or gettext(permission.name)}"


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    filter_horizontal = ()
    actions = None
    show_full_result_count = False
    list_display = ("role",)

    @admin.display(description=_("role"), ordering="name")
    def role(self, group: Group) -> str:
        return label_of(group.name)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(
            request, {"title": gettext("Roles"), "crumbs": [], **(extra_context or {})}
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        with (
            money_changes.of_limits(actor=request.user)
            if request.method == "POST"
            else nullcontext()
        ):
            return super().changeform_view(
                request,
                object_id,
                form_url,
                {**_crumbs(self, _("Roles"), object_id), **(extra_context or {})},
            )

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        rights = Permission.objects.exclude(content_type__app_label__in=WITHOUT_SCREENS)
        # Checkboxes: in a native list one plain click deselects all others.
        widget = UnfoldAdminCheckboxSelectMultipleWidget({"class": "vp-rights"})
        return super().formfield_for_manytomany(
            db_field,
            request,
            **{**kwargs, "form_class": RightsField, "queryset": rights, "widget": widget},
        )


def mount(site: Any) -> None:
    assert isinstance(site, AdminSite)
    site.set_first_page(introduction.first_page)
    site.add_page("language/", language.choose, name="language", public=True)
    site.add_page("now/", dashboard.now, name="now")
    site.add_page("costs/", costs.page, name="costs")
    site.add_page("costs/export.csv", cost_export.export, name="costs_export")
    site.add_page("monitoring/", monitoring.page, name="monitoring")
    site.add_page("second-factor/", mfa_pages.page, name="second_factor")
    site.add_page("audit/", audit_page.page, name="audit")
    site.add_page("invitations/", invitation_pages.invite, name="invitations")
    site.add_page("sessions/", session_pages.own, name="sessions")
    site.add_page("people/<int:pk>/sessions/", session_pages.of_person, name="person_sessions")
    site.add_page("log-ins/<int:pk>/unlock/", login_unlock.unlock, name="log_in_unlock")
    site.add_page("second-factor/<int:pk>/reset/", mfa_pages.reset, name="second_factor_reset")
    site.add_page("service-accounts/", service_account_pages.accounts, name="service_accounts")
    site.add_page(
        "service-accounts/<int:pk>/", service_account_pages.account, name="service_account"
    )
    site.add_page(
        "api-keys/<uuid:pk>/replace/", service_account_pages.rotate, name="api_key_rotate"
    )
    site.add_page("api-keys/<uuid:pk>/revoke/", service_account_pages.revoke, name="api_key_revoke")


mount(admin.site)
