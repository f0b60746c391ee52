"""The page of the studio's library: its members, their versions, and the stories that use them."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.unicode_normalization import composed
from stories.enums import CastKind
from stories.models import CastMember, LibraryVersion
from stories.services import library
from stories.services.permissions import sees_all

from . import story_pages

ROWS = 24
MOST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest version of a member, the earlier ones, and where the member is used."""

    newest: LibraryVersion
    earlier: list[LibraryVersion]
    uses: list[CastMember]

    @property
    def picture(self) -> str:
        """The URL of the first look's reference sheet, or of the first look that has one."""
        look = next((look for look in self.newest.looks.all() if look.file), None)
        if look is None:
            return ""
        return reverse("stories:library_thumb", args=[look.pk, look.sha256[:12], 640])


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The members whose newest version matches the filters, the latest first. Six queries."""
    if not sees_all(request.user):
        raise PermissionDenied
    text = composed(request.GET.get("q", ""))[:MOST_TEXT].strip()
    kind = request.GET.get("kind", "")
    rows = library.newest_versions(request.user).select_related("made_by")
    if text:
        named = Q(name__icontains=text) | Q(aliases__icontains=text)
        described = Q(description__icontains=text) | Q(description_en__icontains=text)
        rows = rows.filter(named | described)
    if kind in CastKind.values:
        rows = rows.filter(kind=kind)
    pages = Paginator(rows, ROWS)
    shown = pages.get_page(request.GET.get("page"))
    values: dict[str, Any] = {
        "title": _("The studio’s library"),
        "crumbs": [],
        "members": _shown(request, list(shown)),
        "pages": shown,
        "kinds": CastKind.choices,
        "text": text,
        "kind": kind,
        "filters": urlencode({"q": text, "kind": kind}),
    }
    context = story_pages.site().page_context(request, **values)
    return TemplateResponse(request, "studio/library.html", context)


def _shown(request: HttpRequest, newest: list[LibraryVersion]) -> list[Shown]:
    keys = [version.member_id for version in newest]
    earlier: dict[Any, list[LibraryVersion]] = {}
    numbers = {version.member_id: version.number for version in newest}
    versions = library.versions_for(request.user).filter(member__in=keys)
    for version in versions.select_related("made_by").order_by("-number"):
        if version.number != numbers[version.member_id]:
            earlier.setdefault(version.member_id, []).append(version)
    uses = library.uses_of(keys, user=request.user)
    return [
        Shown(version, earlier.get(version.member_id, []), uses.get(version.member_id, []))
        for version in newest
    ]
