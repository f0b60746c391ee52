"""The addresses of an API: its paths, the document and its page, and an answer for all others."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import URLPattern, re_path
from django.utils.translation import gettext_noop

from . import problems
from .documentation import document_views
from .routes import Api


def urls_of(api: Api) -> list[URLPattern]:
    """Return the URL patterns to mount with `include`."""
    found = [*api.patterns(), *document_views(api)]
    return [*found, re_path(r"^(?P<rest>.*)\Z", _unknown(found))]


def _unknown(known: list[URLPattern]) -> Callable[..., HttpResponse]:
    """Handles every other path: 308 if the path with a slash exists, else 404."""

    def unknown(request: HttpRequest, rest: str) -> HttpResponse:
        if (
            rest
            and not rest.endswith("/")
            and any(pattern.resolve(f"{rest}/") for pattern in known)
        ):
            query = request.META.get("QUERY_STRING", "")
            response = HttpResponsePermanentRedirect(
                f"{request.path}/{'?' + query if query else ''}"
            )
            response.status_code = HTTPStatus.PERMANENT_REDIRECT.value
            return response
        return problems.not_found(
            "unknown_address", gettext_noop("This address does not exist.")
        ).response(request)

    # Tells Django's middleware that this view changes nothing
    unknown.csrf_exempt = True  # type: ignore[attr-defined]
    return unknown
