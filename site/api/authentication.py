"""Authenticates requests by bearer token or API key, else by session, which needs CSRF for
changes.
"""

from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext_noop
from dmr.endpoint import Endpoint
from dmr.openapi.objects import SecurityScheme
from dmr.security.base import SyncAuth

from accounts import api_keys, mfa
from accounts.access_tokens import NO_ENTRY, user_of
from api.problems import Problem, forbidden, unauthorized

if TYPE_CHECKING:
    from dmr.controller import Controller
    from dmr.serializer import BaseSerializer

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Csrf(CsrfViewMiddleware):
    """Django's CSRF check, returning the reason instead of a page."""

    # The signature of the base
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG002
        return HttpResponse(reason, status=403)


_csrf = _Csrf(lambda request: HttpResponse())  # noqa: ARG005  never called: only the check is used


def authenticate(request: HttpRequest) -> User:
    """Returns the user of this request and sets `request.user`.

    Raises 401 for an anonymous request, and 403 for a session without CSRF token or without
    required two-factor authentication. An invalid header never falls back to the session.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("token_invalid", NO_ENTRY)
        if token.strip().startswith(api_keys.START):
            return _program(request, token.strip())
        request.user = user_of(token.strip())
        _require_staff(request.user)
        return request.user
    if not request.user.is_authenticated:
        raise unauthorized(
            "not_authenticated", gettext_noop("Log in first: send “Authorization: Bearer …”.")
        )
    if mfa.stands_in_the_way(request):
        raise forbidden("second_factor_missing", mfa.SET_UP_FIRST)
    _require_staff(request.user)
    if request.method not in SAFE:
        _check_csrf(request)
    return request.user


def _program(request: HttpRequest, key: str) -> User:
    """Returns the account of an API key whose scopes allow this method.

    Raises 401, 403 or 429.
    """
    user = request.user = api_keys.user_of(key)
    # For the response's headers
    request.rate_limit = api_keys.count_request(user)  # type: ignore[attr-defined]
    scope, used = "read" if request.method in SAFE else "write", api_keys.key_of(user)
    if used is None or scope not in used.scopes:
        raise Problem(
            403,
            "scope_missing",
            gettext_noop("This API key may not be used for that: it lacks “%(scope)s”."),
            values={"scope": scope},
        )
    return user


def _require_staff(user: User) -> None:
    """Requires staff status: Django grants a superuser every permission
    without asking a backend.
    """
    if user.is_superuser and not user.is_staff:
        raise forbidden()


def _check_csrf(request: HttpRequest) -> None:
    _csrf.process_request(request)
    if _csrf.process_view(request, HttpResponse, (), {}) is not None:
        raise forbidden(
            "csrf_failed",
            gettext_noop(
                "A change from the browser needs the CSRF token of its session (X-CSRFToken)."
            ),
        )


class BearerAuth(SyncAuth):
    """An access token or an API key, which never falls back to the session."""

    @property
    def www_authenticate_challenge(self) -> str | None:
        return None  # the problem document brings its own

    def __call__(self, endpoint: Endpoint, controller: "Controller[BaseSerializer]") -> Self | None:  # noqa: ARG002  the signature of the base
        if "Authorization" not in controller.request.headers:
            return None
        authenticate(controller.request)
        return self

    def security_schemes(self, *_values: Any, **_more: Any) -> dict[str, Any]:
        return {"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}

    def security_requirements(self, *_values: Any, **_more: Any) -> list[dict[str, list[str]]]:
        return [{"bearer": []}]


class SessionAuth(SyncAuth):
    """The session of a browser. Raises 401 without one."""

    @property
    def www_authenticate_challenge(self) -> str | None:
        return None

    def __call__(self, endpoint: Endpoint, controller: "Controller[BaseSerializer]") -> Self | None:  # noqa: ARG002  the signature of the base
        authenticate(controller.request)
        return self

    def security_schemes(self, *_values: Any, **_more: Any) -> dict[str, Any]:
        return {
            "session": SecurityScheme(type="apiKey", name="sessionid", security_scheme_in="cookie")
        }

    def security_requirements(self, *_values: Any, **_more: Any) -> list[dict[str, list[str]]]:
        return [{"session": []}]
