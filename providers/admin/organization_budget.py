"""Admin page of the organization budget and the spending limits."""

from contextlib import nullcontext
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from accounts.roles import label_of
from core.admin.model_admin import ModelAdmin
from providers.models import OrganizationBudget, RoleLimit
from providers.services import configs, money_changes

SET_LIMITS = "providers.set_plan_limits"


class RoleLimitInline(TabularInline):
    model = RoleLimit
    extra = 0
    fields = ("role", "plan_limit", "approve_limit")
    verbose_name_plural = gettext_lazy("Limits of roles, instead of the organization's")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "role":
            field.label_from_instance = lambda role: label_of(role.name)
        return field

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(SET_LIMITS)

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("providers.view_organizationbudget")


@admin.register(OrganizationBudget)
class OrganizationBudgetAdmin(ModelAdmin):
    """The single row of the organization budget.

    The limits are editable only for users who may set them.
    """

    fields = ("monthly_budget", "plan_limit", "one_press_limit")
    inlines = (RoleLimitInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if request.user.has_perm(SET_LIMITS) else ("plan_limit", "one_press_limit")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return HttpResponseRedirect(
            reverse(
                "admin:providers_organizationbudget_change", args=[configs.organization_budget().pk]
            )
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        configs.organization_budget()
        crumbs = [(_("Costs"), reverse("admin:costs"))]
        values = {
            "title": _("Organization budget and limits"),
            "crumbs": crumbs,
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            **(extra_context or {}),
        }
        response: HttpResponse = super().change_view(request, object_id, form_url, values)
        return response

    def response_change(self, request: HttpRequest, obj: OrganizationBudget) -> HttpResponse:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("admin:costs"))

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
            response: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        super().save_model(request, obj, form, change)
        configs.wake_the_waiting()
