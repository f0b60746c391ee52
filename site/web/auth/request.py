"""Who sent this request: the bearer token in its header, else the browser's session, which needs CSRF for changes."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext_noop

from web.json.problems import forbidden, unauthorized

from . import factor
from .tokens import NO_ENTRY, user_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Csrf(CsrfViewMiddleware):
    """The site's own check, telling the reason instead of answering with a page."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG002  the signature of the base
        return HttpResponse(reason, status=403)


_csrf = _Csrf(lambda request: HttpResponse())  # noqa: ARG005  never called: only its check is used


def authenticate(request: HttpRequest) -> User:
    """The user of this request, also as `request.user`. Raises 401 for nobody, and 403 for a session without CSRF token or
    without a second factor that is demanded.

    A header that is there but wrong is never replaced by the session.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("token_invalid", NO_ENTRY)
        request.user = user_of(token.strip())
        _require_staff(request.user)
        return request.user
    if not request.user.is_authenticated:
        raise unauthorized("not_authenticated", gettext_noop("Log in first: send “Authorization: Bearer …”."))
    if factor.stands_in_the_way(request):
        raise forbidden("second_factor_missing", factor.SET_UP_FIRST)
    _require_staff(request.user)
    if request.method not in SAFE:
        _check_csrf(request)
    return request.user


def _require_staff(user: User) -> None:
    """Django gives a superuser every right before it asks a backend: without the mark of staff there is none."""
    if user.is_superuser and not user.is_staff:
        raise forbidden()


def _check_csrf(request: HttpRequest) -> None:
    _csrf.process_request(request)
    if _csrf.process_view(request, HttpResponse, (), {}) is not None:
        raise forbidden("csrf_failed", gettext_noop("A change from the browser needs the CSRF token of its session (X-CSRFToken)."))
