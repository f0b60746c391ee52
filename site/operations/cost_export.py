"""Exports costs as CSV: every call, or the totals of one table of the costs page."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.csv import BYTE_ORDER, safe
from core.identifiers import is_uuid
from providers import ledger
from stories.services.permissions import behind_a_wall, stories_for, visible_projects
from stories.services.projects import subjects_of

from .cost_tables import By, reasons, rows_by
from .costs import PERMISSION, span_of

COLUMNS = (
    "reserved",
    "provider",
    "model",
    "kind",
    "state",
    "story",
    "scene",
    "person",
    "estimate_usd",
    "cost_usd",
    "cost_is_estimated",
    "task",
)
SUMS = ("calls", "estimate_usd", "reserved_usd", "at_risk_usd", "actual_usd", "difference_usd")


class _Echo:
    """A file-like object that returns each written line."""

    def write(self, line: str) -> str:
        return line


def calls(**wanted: Any) -> Iterator[tuple[object, ...]]:
    """Yields the calls that match `wanted` (see `ledger.calls`), oldest first,
    after a header row.
    """
    yield COLUMNS
    for call in (
        ledger.calls(**wanted)
        .select_related("provider", "actor")
        .order_by("reserved_at", "pk")
        .iterator(2000)
    ):
        person = call.actor.get_username() if call.actor else ""
        paid = "" if call.cost is None else call.cost
        names = (
            call.provider_id,
            call.model,
            call.kind,
            call.state,
            call.subject,
            call.item,
            person,
        )
        yield (
            timezone.localtime(call.reserved_at).isoformat(timespec="seconds"),
            *map(safe, names),
            call.estimate,
            paid,
            int(call.cost_is_estimated),
            safe(call.task_id),
        )


def sums(by: By, **wanted: Any) -> Iterator[tuple[object, ...]]:
    """Yields every row of a table after a header row."""
    yield (by, "id", *SUMS)
    for row in rows_by(by, **wanted):
        total = row.totals
        yield (
            safe(row.name),
            safe(row.key),
            total.calls,
            total.estimate,
            total.reserved,
            total.at_risk,
            total.actual,
            row.difference,
        )


def rejected(since: datetime) -> Iterator[tuple[object, ...]]:
    yield ("reason", "takes", "cost_usd")
    for row in reasons(since):
        yield (safe(row.text), row.takes, row.cost)


def export(request: HttpRequest) -> HttpResponseBase:
    """Exports the calls of the last `?days=30`, or with `story` all calls of one story.

    With `by` it exports totals by story, scene, provider, model, person or day, or of rejected
    takes.
    """
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    days, since = span_of(request)
    by: Any = request.GET.get("by", "")
    story = request.GET.get("story", "")
    if by and by not in {*get_args(By.__value__), "rejected"}:
        raise Http404
    wanted: dict[str, Any] = {"subject": story} if story else {"since": since}
    if project := request.GET.get("project", "").replace("\0", ""):
        found = get_object_or_404(visible_projects(request.user), code=project[:20])
        wanted, by = {"subjects": list(subjects_of([found]))}, ""
    elif behind_a_wall(request.user) and not _is_visible(request, story):
        raise PermissionDenied
    lines = rejected(since) if by == "rejected" else sums(by, **wanted) if by else calls(**wanted)
    covered = project or ("story" if story else f"{days}d")
    name = f"costs{by and '-by-'}{by}-{timezone.localdate():%Y-%m-%d}-{covered}.csv"
    return StreamingHttpResponse(
        _text(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _is_visible(request: HttpRequest, story: str) -> bool:
    return is_uuid(story) and stories_for(request.user).filter(pk=story).exists()


def _text(lines: Iterator[tuple[object, ...]]) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield BYTE_ORDER
    for line in lines:
        yield writer.writerow(line)
