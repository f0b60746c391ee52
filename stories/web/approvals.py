"""Pages for two-person approval: list, detail with what would be made, and decision."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.admin.confirm_dialog import ask
from core.admin.display import Tone, ago, badge, money, person
from core.admin.filters import ChoicesFilter, DropdownFilter, RelatedFilter
from core.admin.model_admin import ModelAdmin
from providers.enums import Kind
from providers.models import AIProviderConfig
from stories.enums import Decision
from stories.models import Approval
from stories.services import approval_decisions, spend_requests

TONE: dict[str, Tone] = {
    "asked": "ask",
    "approved": "good",
    "started": "live",
    "refused": "bad",
    "withdrawn": "quiet",
}
DECISIONS = ("approve", "refuse", "withdraw")


def state_text(approval: Approval) -> str:
    return {
        "asked": _("Waits for a decision"),
        "approved": _("Approved, not started"),
        "started": _("Started"),
        "refused": _("Refused"),
        "withdrawn": _("Withdrawn"),
    }[approval.state]


class StateFilter(DropdownFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("asked", _("Waits for a decision")),
            ("approved", _("Approved, not started")),
            ("started", _("Started")),
            ("refused", _("Refused")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        match self.value():
            case "asked":
                return queryset.filter(decision="", started_at=None)
            case "approved":
                return queryset.filter(decision=Decision.APPROVED, started_at=None)
            case "started":
                return queryset.filter(started_at__isnull=False)
            case "refused":
                return queryset.filter(decision=Decision.REFUSED)
        return queryset


@admin.register(Approval)
class ApprovalAdmin(ModelAdmin):
    """Read-only. The actions below make decisions."""

    list_display = ("named", "stated", "price", "asker", "decider", "when")
    list_filter = (StateFilter, ("kind", ChoicesFilter), ("asked_by", RelatedFilter))
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 25
    search_fields = ("story__title",)
    search_help_text = gettext_lazy("Title of the story")
    ordering = ("-asked_at", "-id")
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        return (
            approval_decisions.approvals_for(request.user)
            .select_related("story", "asked_by", "decided_by", "started_by")
            .order_by(*self.ordering)
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Approval | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # List

    @admin.display(description=gettext_lazy("story"), ordering="story__title")
    def named(self, row: Approval) -> SafeString:
        return format_html(
            '<span class="vp-two"><b>{}</b><small>{}</small></span>',
            row.story.title,
            count_text(row),
        )

    @admin.display(description=gettext_lazy("state"))
    def stated(self, row: Approval) -> SafeString:
        return badge(state_text(row), TONE[row.state])

    @admin.display(description=gettext_lazy("price"), ordering="total")
    def price(self, row: Approval) -> str:
        return money(row.total)

    @admin.display(description=gettext_lazy("asked by"))
    def asker(self, row: Approval) -> str:
        return person(row.asked_by)

    @admin.display(description=gettext_lazy("decided by"))
    def decider(self, row: Approval) -> SafeString:
        return format_html(
            '<span class="vp-two"><b>{}</b><small>{}</small></span>',
            person(row.decided_by),
            row.reason,
        )

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def when(self, row: Approval) -> SafeString | str:
        return ago(row.asked_at)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {"title": _("Approvals"), "crumbs": [], **(extra_context or {})}
        )
        return response

    # Detail

    def _row(self, request: HttpRequest, pk: UUID) -> Approval:
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def _frame(self, request: HttpRequest, row: Approval, **values: Any) -> dict[str, Any]:
        site: Any = self.admin_site
        crumbs = [(_("Approvals"), reverse("admin:stories_approval_changelist"))]
        frame: dict[str, Any] = site.page_context(
            request,
            crumbs=crumbs,
            row=row,
            tone=TONE[row.state],
            state=state_text(row),
            count=count_text(row),
            **values,
        )
        return frame

    def page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        row = self._row(request, pk)
        is_open = row.state in {"asked", "approved"}
        values = {
            "title": row.story.title,
            "fits": spend_requests.fits(row) if is_open else True,
            "provider": AIProviderConfig.objects.filter(provider=row.provider)
            .values_list("name", flat=True)
            .first()
            or row.provider,
            "may_decide": row.state == "asked" and approval_decisions.may_decide(row, request.user),
            "too_much": approval_decisions.too_much(row, request.user)
            if row.state == "asked"
            else None,
            "may_withdraw": is_open and approval_decisions.may_withdraw(row, request.user),
            "is_own": row.state == "asked" and row.asked_by_id == request.user.pk,
            "events": events(row),
        }
        return TemplateResponse(
            request, "studio/approval.html", self._frame(request, row, **values)
        )

    def decide(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """Approve, refuse or withdraw. GET shows the confirm dialog, POST acts."""
        if name not in DECISIONS:
            raise Http404
        row = self._row(request, pk)

        def act() -> str:
            reason = request.POST.get("reason", "")
            if name == "withdraw":
                approval_decisions.withdraw(pk, actor=request.user, reason=reason)
                return _("It is withdrawn.")
            approval_decisions.decide(
                pk, actor=request.user, approve=name == "approve", reason=reason
            )
            return (
                _("Approved. It can be started now, as long as the plan stays as it is.")
                if name == "approve"
                else _("Refused. The person who asked sees why.")
            )

        def context() -> dict[str, Any]:
            now = self._row(request, pk)
            title = {"approve": _("Approve"), "refuse": _("Refuse"), "withdraw": _("Withdraw")}[
                name
            ]
            return self._frame(request, now, title=title, name=name)

        return ask(
            request,
            template="studio/approval_do.html",
            context=context,
            act=act,
            back=reverse("admin:stories_approval_change", args=[row.pk]),
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/change/", require_GET(wrap(self.page)), name="stories_approval_change"),
            path(
                "<uuid:pk>/do/<slug:name>/",
                require_http_methods(["GET", "POST"])(wrap(self.decide)),
                name="stories_approval_do",
            ),
        ]
        return [*own, *super().get_urls()]


def count_text(row: Approval) -> str:
    """A count, such as “Picture × 12”."""
    takes = [line for line in row.lines if not line.get("check")]
    return f"{Kind(row.kind).label} × {len(takes)}"


def events(row: Approval) -> list[tuple[Any, str, str, str]]:
    """The history of the request: when, what, who and why. Newest first."""
    found = [(row.asked_at, _("Asked for"), person(row.asked_by), "")]
    if row.decided_at:
        found.append(
            (row.decided_at, str(row.get_decision_display()), person(row.decided_by), row.reason)
        )
    if row.started_at:
        found.append((row.started_at, _("Started"), person(row.started_by), ""))
    return found[::-1]
