"""A person's own views of the board and of the story list: kept, shown as links, removed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.identifiers import is_uuid
from stories.enums import ViewPage
from stories.errors import Invalid
from stories.models import SavedView
from stories.services import saved_views

from .responses import story_or_404


@dataclass(frozen=True, slots=True)
class ViewMenu:
    """The menu of saved views on a page. `story_id` is empty on the story list."""

    page: ViewPage
    views: list[SavedView]
    url: str
    story_id: str
    now: str

    @classmethod
    def of(cls, request: HttpRequest, page: ViewPage, story_id: Any = "") -> "ViewMenu":
        """Read the person's views of this page. One query."""
        now = saved_views.filters_of(page, request.GET.urlencode())
        found = list(saved_views.views_of(request.user, page))
        return cls(page, found, _address(page, story_id), str(story_id), now)

    @property
    def chosen(self) -> SavedView | None:
        """The view whose filters the page shows."""
        return next((one for one in self.views if one.query == self.now), None)


def _address(page: ViewPage, story_id: Any) -> str:
    if page == ViewPage.BOARD:
        return reverse("admin:stories_story_board", args=[story_id])
    return reverse("admin:stories_story_changelist")


def _page(request: HttpRequest) -> str:
    """The address of the page from which the form was sent, without filters."""
    given = request.POST.get("story", "")
    if not given:
        return _address(ViewPage.STORIES, "")
    if not is_uuid(given):
        raise Http404
    return _address(ViewPage.BOARD, story_or_404(request, UUID(given)).pk)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the page under a name, and show the page with them."""
    back = _page(request)
    page = ViewPage.BOARD if request.POST.get("story") else ViewPage.STORIES
    try:
        view = saved_views.save(
            actor=request.user,
            page=page,
            name=request.POST.get("name", ""),
            query=request.POST.get("query", ""),
        )
    except Invalid as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(back)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return HttpResponseRedirect(f"{back}?{view.query}")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one of the person's views, and show the page without filters."""
    back = _page(request)
    try:
        view = saved_views.remove(pk, actor=request.user)
    except SavedView.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    return HttpResponseRedirect(back)
