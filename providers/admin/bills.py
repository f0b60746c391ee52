"""Admin pages that import a provider's bill as CSV and compare it with the ledger."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_GET, require_http_methods

from core.admin.confirm_dialog import ask
from core.admin.display import ago, money, person
from core.admin.filters import RelatedFilter
from core.admin.model_admin import ModelAdmin
from core.csv import attachment, safe
from core.localized_messages import DomainError
from providers.enums import BillSource
from providers.errors import Invalid
from providers.models import AIProviderConfig, Bill
from providers.services import bills, reported_usage

SHOWN = 200  # rows of each table; the CSV has all of them
USAGE_COLUMNS = ("finding", "day", "model", "reported_usd", "booked_usd")
ASKED_DAYS = 30  # that the form begins with
COLUMNS = ("finding", "line", "day", "task", "billed_usd", "call", "booked_usd", "reserved")


@admin.register(Bill)
class BillAdmin(ModelAdmin):
    list_display = ("named", "days", "sum", "who", "when")
    list_filter = (("provider", RelatedFilter),)
    list_filter_submit = True
    list_per_page = 25
    ordering = ("-imported_at", "-id")
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bill]:
        rows: QuerySet[Bill] = super().get_queryset(request)
        return rows.select_related("provider", "imported_by").defer("lines")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("provider"))
    def named(self, bill: Bill) -> SafeString:
        return format_html(
            '<span class="vp-two"><b>{}</b><small>{}</small></span>',
            bill.provider.name,
            bill,
        )

    @admin.display(description=gettext_lazy("days"), ordering="first_day")
    def days(self, bill: Bill) -> str:
        return span_text(bill)

    @admin.display(description=gettext_lazy("sum"), ordering="total")
    def sum(self, bill: Bill) -> str:
        return money(bill.total)

    @admin.display(description=gettext_lazy("imported by"))
    def who(self, bill: Bill) -> str:
        return person(bill.imported_by)

    @admin.display(description=gettext_lazy("imported"), ordering="imported_at")
    def when(self, bill: Bill) -> SafeString | str:
        return ago(bill.imported_at)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        crumbs = [(_("Costs"), reverse("admin:costs"))]
        response: HttpResponse = super().changelist_view(
            request, {"title": _("Bills of providers"), "crumbs": crumbs, **(extra_context or {})}
        )
        return response

    def _frame(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        site: Any = self.admin_site
        crumbs = [
            (_("Costs"), reverse("admin:costs")),
            (_("Bills of providers"), reverse("admin:providers_bill_changelist")),
        ]
        frame: dict[str, Any] = site.page_context(request, crumbs=crumbs, **values)
        return frame

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form for provider and file; after an import redirect to the comparison."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        error, status = "", 200
        chosen = request.POST.get("provider", "")
        if request.method == "POST":
            try:
                bill = self._import(request, chosen)
            except DomainError as failure:
                error, status = str(failure), 422
            else:
                return HttpResponseRedirect(reverse("admin:providers_bill_change", args=[bill.pk]))
        values = {
            "title": _("Import a bill"),
            "providers": AIProviderConfig.objects.exclude(kind="local"),
            "chosen": chosen,
            "error": error,
        }
        return TemplateResponse(
            request, "studio/bill_new.html", self._frame(request, **values), status=status
        )

    def _import(self, request: HttpRequest, provider: str) -> Bill:
        config = AIProviderConfig.objects.filter(provider=provider).first()
        if config is None:
            raise Invalid(gettext_noop("Choose whose bill it is."), field="provider")
        file = request.FILES.get("file")
        if file is None:
            raise Invalid(gettext_noop("Choose a file first."), field="file")
        return bills.import_bill(
            config,
            actor=request.user,
            name=file.name or "",
            content=file.read(bills.MOST_BYTES + 1),
        )

    def ask_usage(self, request: HttpRequest) -> HttpResponse:
        """Show the form for provider and days; after the answer redirect to the comparison."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        error, status = "", 200
        last = reported_usage.last_day()
        asked = {
            "provider": "",
            "first_day": (last - timedelta(days=ASKED_DAYS - 1)).isoformat(),
            "last_day": last.isoformat(),
        }
        if request.method == "POST":
            asked = {name: request.POST.get(name, "") for name in asked}
            try:
                bill = self._ask_usage(request, asked)
            except DomainError as failure:
                error, status = str(failure), 422
            else:
                return HttpResponseRedirect(reverse("admin:providers_bill_change", args=[bill.pk]))
        configs = AIProviderConfig.objects.exclude(kind="local").filter(archived_at=None)
        values = {
            "title": _("Ask a provider for its usage"),
            "providers": [(config, reported_usage.is_reported(config)) for config in configs],
            "asked": asked,
            "last": last.isoformat(),
            "error": error,
        }
        return TemplateResponse(
            request, "studio/bill_ask.html", self._frame(request, **values), status=status
        )

    def _ask_usage(self, request: HttpRequest, asked: dict[str, str]) -> Bill:
        config = AIProviderConfig.objects.filter(provider=asked["provider"]).first()
        if config is None:
            raise Invalid(gettext_noop("Choose whose bill it is."), field="provider")
        return reported_usage.ask(
            config,
            actor=request.user,
            first=_day(asked["first_day"]),
            last=_day(asked["last_day"]),
        )

    def _bill(self, request: HttpRequest, pk: Any) -> Bill:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Bill.objects.select_related("provider", "imported_by"), pk=pk)

    def page(self, request: HttpRequest, pk: Any) -> HttpResponse:
        bill = self._bill(request, pk)
        common = {
            "title": bill.provider.name,
            "bill": bill,
            "span": span_text(bill),
            "shown": SHOWN,
            "may_remove": self.has_delete_permission(request, bill),
        }
        if bill.source == BillSource.USAGE:
            found = reported_usage.compare(bill)
            values = {**common, "report": found, "difference": found.billed - found.booked}
            return TemplateResponse(
                request, "studio/bill_usage.html", self._frame(request, **values)
            )
        report = bills.compare(bill.provider, bills.lines_of(bill))
        values = {
            **common,
            "report": report,
            "unknown": [(line, report.named.get(line.number)) for line in report.unknown[:SHOWN]],
            "difference": report.billed - report.booked,
        }
        return TemplateResponse(request, "studio/bill.html", self._frame(request, **values))

    def export(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Export every line of the bill and every call of its days as CSV, with the finding.

        Of reported usage: the sums of each day and model.
        """
        bill = self._bill(request, pk)
        response = attachment(f"bill-{bill.provider_id}-{bill.first_day}-{bill.last_day}.csv")
        rows = (
            usage_rows(reported_usage.compare(bill))
            if bill.source == BillSource.USAGE
            else rows_of(bills.compare(bill.provider, bills.lines_of(bill)))
        )
        csv.writer(response).writerows(rows)
        return response

    def remove(self, request: HttpRequest, pk: Any) -> HttpResponse:
        bill = self._bill(request, pk)

        def act() -> str:
            bills.remove(bill, actor=request.user)
            return _("The bill is removed. The ledger has not changed.")

        def context() -> dict[str, Any]:
            return self._frame(request, title=_("Remove the bill"), bill=bill)

        return ask(
            request,
            template="studio/bill_do.html",
            context=context,
            act=act,
            back=reverse("admin:providers_bill_changelist"),
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(
                "usage/",
                require_http_methods(["GET", "POST"])(wrap(self.ask_usage)),
                name="providers_bill_usage",
            ),
            path("<uuid:pk>/change/", require_GET(wrap(self.page)), name="providers_bill_change"),
            path(
                "<uuid:pk>/comparison.csv",
                require_GET(wrap(self.export)),
                name="providers_bill_export",
            ),
            path(
                "<uuid:pk>/remove/",
                require_http_methods(["GET", "POST"])(wrap(self.remove)),
                name="providers_bill_remove",
            ),
        ]
        return [*own, *super().get_urls()]


def _day(text: str) -> date:
    """Parse a day. Raises `Invalid`."""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise Invalid(gettext_noop("Enter the first and the last day."), field="first_day")
    return found


def usage_rows(found: reported_usage.Comparison) -> Iterator[tuple[object, ...]]:
    """Yield the sums as rows, starting with the column names."""
    yield USAGE_COLUMNS
    for row in found.sums:
        billed, booked = ("" if one is None else one for one in (row.billed, row.booked))
        finding = "agrees" if row.agrees else "other_amount"
        yield finding, row.day, safe(row.model), billed, booked


def span_text(bill: Bill) -> str:
    first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (bill.first_day, bill.last_day))
    return first if first == last else f"{first} – {last}"


def rows_of(report: bills.Report) -> Iterator[tuple[object, ...]]:
    """Yield the comparison as rows, starting with the column names."""
    yield COLUMNS
    for finding, pairs in (("agrees", report.matched), ("other_amount", report.differing)):
        for line, call in pairs:
            yield (
                finding,
                line.number,
                line.day,
                safe(line.task_id),
                line.amount,
                call.pk,
                call.counted,
                _moment(call),
            )
    for line in report.unknown:
        named = report.named.get(line.number)
        yield (
            "only_on_the_bill",
            line.number,
            line.day,
            safe(line.task_id),
            line.amount,
            named.pk if named else "",
            named.counted if named else "",
            _moment(named) if named else "",
        )
    for call in report.unbilled:
        yield (
            "only_in_our_books",
            "",
            "",
            safe(call.task_id),
            "",
            call.pk,
            call.counted,
            _moment(call),
        )


def _moment(call: Any) -> str:
    return timezone.localtime(call.reserved_at).isoformat(timespec="seconds")
