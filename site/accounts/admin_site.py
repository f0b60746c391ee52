"""The admin site of the studio: Unfold's, with additional pages and redirects."""

from collections.abc import Callable
from functools import partial, update_wrapper
from http import HTTPStatus
from typing import Any, cast

from allauth.account.signals import password_changed
from django.contrib import admin
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.generic import RedirectView
from unfold.sites import UnfoldAdminSite

from core.admin.lookups import NamedLookups
from core.numbers import whole_number

from .forms import OwnPasswordForm

LONGEST_SEARCH = 200

type View = Callable[..., HttpResponseBase]


class OwnPasswordView(PasswordChangeView):
    """Ends the other sessions, as Django does, and keeps this one in the list of log-ins."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        password_changed.send(
            sender=type(self.request.user), request=self.request, user=self.request.user
        )
        return response


class AdminSite(UnfoldAdminSite):
    """The admin site. Other packages call `add_page` and `add_redirect` while their admin modules
    load.
    """

    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[URLPattern] = []
        self._first_page: Callable[[HttpRequest], str] | None = None

    def set_first_page(self, find: Callable[[HttpRequest], str]) -> None:
        """Let `find` name an address to which the overview leads; empty for the overview."""
        self._first_page = find

    def index(  # type: ignore[override]  # a redirect is no page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The overview, or the page that a newcomer sees first."""
        if self._first_page is not None and (address := self._first_page(request)):
            return HttpResponseRedirect(address)
        response: HttpResponse = super().index(request, extra_context)
        return response

    def add_page(self, route: str, view: View, *, name: str, public: bool = False) -> None:
        """Mount a view at `admin/<route>` as `admin:<name>`, for staff only unless `public`.

        The view checks its own permission.
        """
        self._pages.append(path(route, view if public else self.admin_view(view), name=name))

    def add_redirect(self, route: str, to: str) -> None:
        """Redirect `admin/<route>` to the URL name `to`, with the query. The target checks
        permission.
        """
        self._pages.append(path(route, RedirectView.as_view(pattern_name=to, query_string=True)))

    # Django's form
    def admin_view[V: View](self, view: V, cacheable: bool = False) -> V:  # noqa: FBT001, FBT002
        """Wrap a view, and answer htmx requests without permission with 401.

        The log-in page must not be inserted into a part of a page.
        """
        inside = super().admin_view(view, cacheable)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.headers.get("HX-Request") == "true" and not self.has_permission(request):
                return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
            return inside(request, *args, **kwargs)

        return cast("V", update_wrapper(answer, inside))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a model, with the lookups of its list restricted to its filters."""
        inside = admin_class or admin.ModelAdmin
        if not issubclass(inside, NamedLookups):
            inside = type(
                inside.__name__,
                (NamedLookups, inside),
                {"__module__": inside.__module__, "__doc__": inside.__doc__},
            )
        super().register(model_or_iterable, inside, **options)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log in with name and password, as a view of django-allauth."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(
                LoginView().get_redirect_url(request) or reverse("admin:index")
            )
        from .login import page  # noqa: PLC0415  its forms need the models

        return page(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Unfold's page with a limit of attempts at the old password.

        A stolen session alone is not enough to guess it.
        """
        request.current_app = self.name
        view = OwnPasswordView.as_view(
            form_class=partial(OwnPasswordForm, request=request),
            success_url=reverse(f"{self.name}:password_change_done", current_app=self.name),
            template_name=self.password_change_template or "registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Unfold's search. Invalid page numbers and long queries are answered with 400."""
        if (
            whole_number(request.GET.get("page", "1")) is None
            or len(request.GET.get("s", "")) > LONGEST_SEARCH
        ):
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        return super().search(request, extra_context)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        return [*self._pages, *super().get_urls()]

    def page_context(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        """Return the context that every page with the admin layout needs, updated with `values`."""
        request.current_app = self.name
        return {**self.each_context(request), **values}
