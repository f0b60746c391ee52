"""The pages of the studio that are no model's, the people and their roles; the pool's own rows are not shown."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from web.admin_site import AdminSite

from . import cost_export, costs, dashboard, language, monitoring, second_factor

# The jobs of the studio have pages of their own; these rows are only the bell's.
for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg]  # the class takes no arguments at run time
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = None  # people are switched off one at a time
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_active", "has_second_factor")
    readonly_fields = ("factor_state", "last_login", "date_joined")
    filter_horizontal = ()
    # Rights come by roles alone, so a person has none of their own to choose from.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (_("Roles"), {"fields": ("groups", ("is_active", "is_staff", "is_superuser"))}),
        (_("Second factor"), {"fields": ("factor_state",)}),
        (_("Times"), {"fields": (("last_login", "date_joined"),)}),
    )
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("second_factor")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **{**kwargs, "widget": UnfoldAdminCheckboxSelectMultipleWidget()})

    @admin.display(description=_("second factor"), boolean=True)
    def has_second_factor(self, person: User) -> bool:
        return _since(person) is not None

    @admin.display(description=_("second factor"))
    def factor_state(self, person: User) -> str:
        """Since when, with the way to take it off for superusers, who come here after a phone was lost."""
        since = _since(person)
        if since is None:
            return gettext("Not set up")
        return render_to_string("studio/second_factor_state.html", {"since": since, "person": person})


def _since(person: User) -> datetime | None:
    factor = getattr(person, "second_factor", None)
    return factor.confirmed_at if factor else None


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    filter_horizontal = ()
    actions = None
    show_full_result_count = False


def mount(site: Any) -> None:
    assert isinstance(site, AdminSite)
    site.add_page("language/", language.choose, name="language", public=True)
    site.add_page("now/", dashboard.now, name="now")
    site.add_page("costs/", costs.page, name="costs")
    site.add_page("costs/export.csv", cost_export.export, name="costs_export")
    site.add_page("monitoring/", monitoring.page, name="monitoring")
    site.add_page("second-factor/", second_factor.page, name="second_factor")
    site.add_page("second-factor/<int:pk>/reset/", second_factor.reset, name="second_factor_reset")


mount(admin.site)
