"""The pages of the studio that are no model's, the people and their roles; the pool's own rows are not shown."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from web.admin_site import AdminSite

from . import costs, dashboard, language, monitoring

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
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_active")
    show_full_result_count = False


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    actions = None
    show_full_result_count = False


def mount(site: Any) -> None:
    assert isinstance(site, AdminSite)
    site.add_page("language/", language.choose, name="language", public=True)
    site.add_page("now/", dashboard.now, name="now")
    site.add_page("costs/", costs.page, name="costs")
    site.add_page("costs/export.csv", costs.export, name="costs_export")
    site.add_page("monitoring/", monitoring.page, name="monitoring")


mount(admin.site)
