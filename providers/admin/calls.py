"""Admin pages of the ledger of calls.

The ledger is read-only, except that an unclear call can be resolved.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.decorators.http import require_http_methods

from core.admin.confirm_dialog import ask, back_from
from core.admin.display import Tone, ago, badge, money
from core.admin.filters import ChoicesFilter, RelatedFilter
from core.admin.model_admin import ModelAdmin
from core.file_serving import serve
from core.identifiers import is_uuid
from core.localized_messages import DomainError
from providers.enums import CallState, Kind, Refusal
from providers.errors import Conflict, Invalid
from providers.models import ProviderCall, RawAnswer
from providers.services import test_runs, unclear_calls
from providers.services.raw_answers import recover

from .call_requests import request_in_words

CALL_TONE: dict[str, Tone] = {
    CallState.RESERVED: "idle",
    CallState.SENDING: "live",
    CallState.ACCEPTED: "live",
    CallState.SETTLED: "good",
    CallState.REFUSED: "bad",
    CallState.UNCLEAR: "ask",
    CallState.WRITTEN_OFF: "quiet",
}

AT_ONCE = 50  # unclear calls in one dialog


def _readable(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


type Offer = Callable[[ProviderCall, Any], tuple[str, str] | None]
# Actions offered after a person has resolved a call, each as a label and a URL. Packages that make
# calls register theirs here.
OFFERS: list[Offer] = []
type Namer = Callable[[Any, Sequence[ProviderCall]], Mapping[UUID, tuple[str, str]]]
# What calls were for, each as a label and a URL, in a number of queries that does not depend on the
# number of calls. Packages that make calls register theirs here.
NAMES: list[Namer] = []
type Wall = Callable[[Any, QuerySet[ProviderCall]], QuerySet[ProviderCall]]
# What a person may not see of the ledger. Packages that make calls register theirs here.
WALLS: list[Wall] = []


def _names(user: Any, calls: Sequence[ProviderCall]) -> dict[UUID, tuple[str, str]]:
    return {key: name for names in NAMES for key, name in names(user, calls).items()}


def _decide(call: ProviderCall, decision: str, *, actor: Any, reason: str, task_id: str) -> str:
    """Record a decision on an unclear call, and return the message for the person.

    Raises what the services raise, and `Invalid` for no decision.
    """
    match decision:
        case "attach":
            unclear_calls.attach_task(call, actor=actor, reason=reason, task_id=task_id)
            return _("The task is attached; its result is being fetched.")
        case "recover":
            recover(call, actor=actor, reason=reason)
            return _("The paid result was found in the stored answer.")
        case "not_charged":
            unclear_calls.not_charged(call, actor=actor, reason=reason)
            return _(
                "The call is marked as not charged. Start the work anew from the "
                "story if it is still wanted."
            )
        case "write_off":
            unclear_calls.write_off(call, actor=actor, reason=reason)
            return _(
                "The amount is written off. Start the work anew from the story if "
                "it is still wanted."
            )
    raise Invalid(gettext_noop("Choose what happened."), field="decision")


@admin.register(ProviderCall)
class ProviderCallAdmin(ModelAdmin):
    """The ledger of calls. Read-only, except for the action that resolves an unclear call."""

    list_display = ("what", "stated", "amount", "person", "note", "reserved")
    list_filter = (("provider", RelatedFilter), ("state", ChoicesFilter), ("kind", ChoicesFilter))
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 25
    search_fields = ("subject", "item", "task_id", "key")
    search_help_text = gettext_lazy("Story, scene, task or key")
    ordering = ("-reserved_at", "-id")
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderCall]:
        rows: QuerySet[ProviderCall] = super().get_queryset(request)
        for wall in WALLS:
            rows = wall(request.user, rows)
        return rows.select_related("provider", "actor")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, each call with what it was for."""
        shown = super().get_changelist_instance(request)
        calls = shown.result_list = list(shown.result_list)
        names = _names(request.user, calls)
        for call in calls:
            call.about = names.get(call.pk, ("", ""))
        return shown

    @admin.display(description=gettext_lazy("call"))
    def what(self, call: Any) -> SafeString:
        what, _address = call.about
        made = f"{call.provider.name} · {Kind(call.kind).label}"
        return format_html(
            '<span class="vp-two"><b>{}</b><small>{}</small></span>',
            what or made,
            " · ".join(part for part in (made if what else "", call.model) if part) or "–",
        )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def stated(self, call: ProviderCall) -> SafeString:
        return badge(CallState(call.state).label, CALL_TONE[call.state])

    @admin.display(description=gettext_lazy("cost"), ordering="cost")
    def amount(self, call: ProviderCall) -> SafeString | str:
        if call.cost is not None:
            return money(call.cost)
        return format_html('<span class="vp-soft">≤ {}</span>', money(call.counted))

    @admin.display(description=gettext_lazy("for"))
    def person(self, call: ProviderCall) -> str:
        return str(call.actor.get_full_name() or call.actor.get_username()) if call.actor else "–"

    @admin.display(description=gettext_lazy("note"))
    def note(self, call: ProviderCall) -> SafeString:
        return format_html(
            '<span class="vp-note">{}</span>',
            str(call.note) or (Refusal(call.refusal).label if call.refusal else ""),
        )

    @admin.display(description=gettext_lazy("reserved"), ordering="reserved_at")
    def reserved(self, call: ProviderCall) -> SafeString | str:
        return ago(call.reserved_at)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {"title": _("Provider calls"), "crumbs": [], **(extra_context or {})}
        )
        return response

    def _frame(self, request: HttpRequest, call: ProviderCall, **values: Any) -> dict[str, Any]:
        site: Any = self.admin_site
        crumbs = [(_("Provider calls"), reverse("admin:providers_providercall_changelist"))]
        frame: dict[str, Any] = site.page_context(
            request, crumbs=crumbs, call=call, tone=CALL_TONE[call.state], **values
        )
        return frame

    def _call(self, request: HttpRequest, pk: Any) -> ProviderCall:
        if not self.has_view_permission(request):
            raise Http404
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def page(self, request: HttpRequest, pk: Any) -> HttpResponse:
        call = self._call(request, pk)
        values: dict[str, Any] = {
            "title": f"{call.provider.name} · {call.get_kind_display()}",
            "events": list(call.events.select_related("actor").order_by("-id")),
        }
        values["kept"] = (
            RawAnswer.objects.filter(call=call).only("size", "stored_at", "is_cut").first()
        )
        values |= {
            "about": _names(request.user, [call]).get(call.pk),
            "asked": request_in_words(call.request),
            "request_text": _readable(call.request),
            "evidence_text": _readable(call.evidence),
            "has_file": bool(test_runs.made_by(call)),
        }
        may = request.user.has_perm(unclear_calls.PERMISSION) and call.state == CallState.UNCLEAR
        if may and is_uuid(call.subject):
            same = ProviderCall.objects.filter(subject=call.subject, state=CallState.UNCLEAR)
            values["unclear_of_subject"] = same.count()
        values["offers"] = [found for offer in OFFERS if (found := offer(call, request.user))]
        return TemplateResponse(
            request, "studio/call.html", self._frame(request, call, may_resolve=may, **values)
        )

    def file(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Respond with what a test run has made: no take shows it."""
        name = test_runs.made_by(self._call(request, pk))
        if not name:
            raise Http404
        return serve(request, name)

    def resolve(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Resolve an unclear call.

        It belonged to a given task, was recovered from its stored response, was not charged, or is
        written off.
        """
        call = self._call(request, pk)
        back = reverse("admin:providers_providercall_change", args=[pk])

        def act() -> str:
            return _decide(
                call,
                request.POST.get("decision", ""),
                actor=request.user,
                reason=request.POST.get("reason", ""),
                task_id=request.POST.get("task_id", ""),
            )

        def context() -> dict[str, Any]:
            now = self._call(request, pk)
            kept = RawAnswer.objects.filter(call=now).only("size", "stored_at").first()
            return self._frame(
                request,
                now,
                kept=kept,
                title=_("Decide on an unclear call"),
                denied=not request.user.has_perm(unclear_calls.PERMISSION),
            )

        return ask(request, template="studio/call_do.html", context=context, act=act, back=back)

    def _unclear_of(self, request: HttpRequest, subject: Any) -> list[Any]:
        """The oldest unclear calls of a subject, each with what it was for. Some more queries."""
        if not self.has_view_permission(request):
            raise Http404
        rows: list[Any] = list(
            self.get_queryset(request)
            .filter(subject=str(subject), state=CallState.UNCLEAR)
            .order_by("reserved_at", "id")[:AT_ONCE]
        )
        names = _names(request.user, rows)
        kept = set(RawAnswer.objects.filter(call__in=rows).values_list("call", flat=True))
        for call in rows:
            call.has_kept_answer = call.pk in kept
            call.about = names.get(call.pk, ("", ""))[0]
            call.decision = request.POST.get(f"decision-{call.pk}", "")
            call.task_there = request.POST.get(f"task-{call.pk}", call.task_id)
        return rows

    def resolve_several(self, request: HttpRequest, subject: Any) -> HttpResponse:
        """Decide on several unclear calls of the same subject, each by its own decision.

        A call whose decision is refused stays as it is and leaves the others alone.
        """
        listed = reverse("admin:providers_providercall_changelist")
        back = back_from(request, f"{listed}?{urlencode({'q': subject})}")

        def act() -> str:
            unclear_calls.require_right(request.user, request.POST.get("reason", ""))
            chosen = [call for call in self._unclear_of(request, subject) if call.decision]
            if not chosen:
                raise Invalid(gettext_noop("Choose what happened."), field="decision")
            refused = []
            for call in chosen:
                try:
                    _decide(
                        call,
                        call.decision,
                        actor=request.user,
                        reason=request.POST.get("reason", ""),
                        task_id=call.task_there,
                    )
                except DomainError as failure:
                    refused.append(f"{call.about or call.pk}: {failure}")
            done = len(chosen) - len(refused)
            if refused:
                raise Conflict(
                    gettext_noop("Decided: %(done)s. Not decided: %(why)s"),
                    done=done,
                    why=" · ".join(refused),
                )
            return ngettext("%(n)s call is decided.", "%(n)s calls are decided.", done) % {
                "n": done
            }

        def context() -> dict[str, Any]:
            site: Any = self.admin_site
            crumbs = [(_("Provider calls"), listed)]
            shown: dict[str, Any] = site.page_context(
                request,
                crumbs=crumbs,
                title=_("Decide on unclear calls"),
                calls=self._unclear_of(request, subject),
                denied=not request.user.has_perm(unclear_calls.PERMISSION),
            )
            return shown

        if request.method == "GET" and not self._unclear_of(request, subject):
            raise Http404
        template = "studio/calls_do.html"
        return ask(request, template=template, context=context, act=act, back=back)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(
                "of/<uuid:subject>/resolve/",
                require_http_methods(["GET", "POST"])(wrap(self.resolve_several)),
                name="providers_calls_resolve",
            ),
            path("<uuid:pk>/change/", wrap(self.page), name="providers_providercall_change"),
            path(
                "<uuid:pk>/file/",
                require_http_methods(["GET", "HEAD"])(wrap(self.file)),
                name="providers_call_file",
            ),
            path(
                "<uuid:pk>/resolve/",
                require_http_methods(["GET", "POST"])(wrap(self.resolve)),
                name="providers_call_resolve",
            ),
        ]
        return [*own, *super().get_urls()]
