"""The page of the audit log, with filters. For those with the right to view it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import AuditAction, AuditEntry
from core.numbers import whole_number

from .audit import words_of

PERMISSION = "web.view_auditentry"
ROWS = 50
LONGEST = 150
# Kinds of packages that name them in English only.
OTHERS = (gettext_noop("authenticator"), gettext_noop("user session"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the filters of the page ask for. Values that make no sense are left out."""

    person: str = ""
    action: str = ""
    kind: str = ""
    text: str = ""
    first: date | None = None
    last: date | None = None

    @classmethod
    def from_query(cls, query: Any) -> "Wanted":
        def text(name: str) -> str:
            return str(query.get(name, "")).replace("\0", "").strip()[:LONGEST]

        return cls(
            person=text("person"),
            action=text("action") if text("action") in AuditAction.values else "",
            kind=text("kind"),
            text=text("q"),
            first=_day(text("first")),
            last=_day(text("last")),
        )

    def rows(self) -> QuerySet[Any]:
        found = AuditEntry.objects.order_by("-id")
        if self.person:
            found = found.filter(actor_name__iexact=self.person)
        if self.action:
            found = found.filter(action=self.action)
        if self.kind:
            found = found.filter(object_type=self.kind)
        if self.first:
            found = found.filter(at__gte=_begin(self.first))
        if self.last:
            found = found.filter(at__lte=_end(self.last))
        if self.text:
            found = found.filter(
                Q(object_name__icontains=self.text) | Q(detail__icontains=self.text)
            )
        return found

    def query(self) -> dict[str, str]:
        values = {
            "person": self.person,
            "action": self.action,
            "kind": self.kind,
            "q": self.text,
            "first": self.first.isoformat() if self.first else "",
            "last": self.last.isoformat() if self.last else "",
        }
        return {name: value for name, value in values.items() if value}


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _end(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))


def _kinds() -> list[tuple[str, str]]:
    """The kinds of objects that can appear, by their names on screen. Cached by Django."""
    found = [
        # Django's documented way to a model's name
        (f"{kind.app_label}.{kind.model}", _translated(model._meta.verbose_name))  # noqa: SLF001
        for kind in ContentType.objects.order_by("app_label", "model")[:300]
        if (model := kind.model_class())
    ]
    return sorted(found, key=lambda pair: pair[1])


def _translated(name: Any) -> str:
    """The name of a model. Some libraries give it in English only; our catalogue has those."""
    return str(name) if isinstance(name, Promise) else _(name)


def page(request: HttpRequest) -> HttpResponse:
    """Show the newest entries that match the filters, and those before `before`."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    wanted = Wanted.from_query(request.GET)
    rows = wanted.rows()
    before = whole_number(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(id__lt=before)
    shown = list(rows[: ROWS + 1])
    more = len(shown) > ROWS
    shown = shown[:ROWS]
    names = dict(_kinds())
    site: Any = admin.site
    older = urlencode({**wanted.query(), "before": shown[-1].pk}) if more else ""
    return TemplateResponse(
        request,
        "studio/audit.html",
        site.page_context(
            request,
            title=_("Audit log"),
            crumbs=[],
            rows=[
                (row, names.get(row.object_type, row.object_type), words_of(row)) for row in shown
            ],
            wanted=wanted,
            actions=AuditAction.choices,
            kinds=names.items(),
            older=older,
            newest=f"?{urlencode(wanted.query())}" if before is not None else "",
        ),
    )
