"""The admin site of the studio: Unfold's, with pages that are no model's and addresses that lead elsewhere."""

from collections.abc import Callable
from functools import partial, update_wrapper
from http import HTTPStatus
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.generic import RedirectView
from unfold.sites import UnfoldAdminSite

from .admin_lookups import NamedLookups
from .auth import attempts, devices
from .auth.forms import OwnPasswordForm
from .numbers import whole_number

LONGEST_SEARCH = 200

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

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As ever, with the addresses of lists narrowed to their filters."""
        inside = admin_class or admin.ModelAdmin
        if not issubclass(inside, NamedLookups):
            inside = type(inside.__name__, (NamedLookups, inside), {"__module__": inside.__module__, "__doc__": inside.__doc__})
        super().register(model_or_iterable, inside, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """As ever; the browser is known to the account afterwards."""
        response = super().login(request, extra_context)
        if request.method == "POST" and isinstance(request.user, User):
            devices.remember(request, response, attempts.account_key(request.user.get_username()))
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Unfold's page, whose old password has a limit of tries: a stolen session is not made into the account."""
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, request=request),
            success_url=reverse(f"{self.name}:password_change_done", current_app=self.name),
            template_name=self.password_change_template or "registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Unfold's, for page numbers that are numbers."""
        if whole_number(request.GET.get("page", "1")) is None or len(request.GET.get("s", "")) > LONGEST_SEARCH:
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        return super().search(request, extra_context)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        return [*self._pages, *super().get_urls()]

    def page_context(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        """What every page inside the frame needs, with `values` on top."""
        request.current_app = self.name
        return {**self.each_context(request), **values}
