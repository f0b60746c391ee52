"""The admin site of the studio: Unfold's, with pages that are no model's and addresses that lead elsewhere."""

from collections.abc import Callable
from functools import update_wrapper
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from unfold.sites import UnfoldAdminSite

type View = Callable[..., HttpResponseBase]


class AdminSite(UnfoldAdminSite):
    """`add_page` and `add_redirect` are called by the floors above while their admin modules load."""

    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[URLPattern] = []

    def add_page(self, route: str, view: View, *, name: str, public: bool = False) -> None:
        """Mount a view at `admin/<route>` as `admin:<name>`, for staff unless `public`. The view checks its own permission."""
        self._pages.append(path(route, view if public else self.admin_view(view), name=name))

    def add_redirect(self, route: str, to: str) -> None:
        """Send `admin/<route>` to the page of the url name `to`, with its query. The page there checks who asks."""
        self._pages.append(path(route, RedirectView.as_view(pattern_name=to, query_string=True)))

    def admin_view[V: View](self, view: V, cacheable: bool = False) -> V:  # noqa: FBT001, FBT002  Django's form
        """As ever, but a part of a page that is asked for after the log-in ran out is refused (401): the log-in page belongs into no part."""
        inside = super().admin_view(view, cacheable)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.headers.get("HX-Request") == "true" and not self.has_permission(request):
                return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
            return inside(request, *args, **kwargs)

        return cast("V", update_wrapper(answer, inside))

    def get_urls(self) -> list[URLResolver | URLPattern]:
        return [*self._pages, *super().get_urls()]

    def page_context(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        """What every page inside the frame needs, with `values` on top."""
        request.current_app = self.name
        return {**self.each_context(request), **values}
