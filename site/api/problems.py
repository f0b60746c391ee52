"""Problem documents (RFC 9457): every error has a stable `code` and a localized message."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage

MEDIA_TYPE = "application/problem+json"
AGAIN_SECONDS = "10"  # after a 503


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value that is not valid: where it stands in the body (`pointer`, RFC 6901) or which query
    parameter it is, and why.
    """

    detail: str
    pointer: str = ""
    parameter: str = ""


class Problem(Exception):  # noqa: N818  the word of RFC 9457
    """An error response. `members` are extension members, such as the allowed values.

    `keeps`: earlier writes are committed even if the response and the work share a transaction.
    """

    def __init__(
        self,
        status: int,
        code: str,
        template: str,
        /,
        *,
        values: Mapping[str, Any] | None = None,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        keeps: bool = False,
    ) -> None:
        super().__init__(code)
        self.status = HTTPStatus(status)
        self.code = code
        self.sentence = LocalizedMessage(template, dict(values or {}))
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        self.keeps = keeps

    def document(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": str(self.sentence),
        }
        if self.errors:
            body["errors"] = self.errors
        return {**body, **self.members}

    def response(self, request: HttpRequest) -> HttpResponse:
        content = msgspec.json.encode(self.document())
        response = HttpResponse(
            b"" if request.method == "HEAD" else content,
            status=self.status.value,
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )
        response["Content-Length"] = str(len(content))
        response["Cache-Control"] = "no-store"
        return response


# One function per status, so that a status and its code are chosen in one place.


def malformed(
    template: str = gettext_noop("The body is not valid JSON."), /, *, code: str = "malformed_json"
) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, code, template)


def unauthorized(code: str, template: str, /) -> Problem:
    """401. `code` is also part of the challenge, as in RFC 6750."""
    error = "" if code == "not_authenticated" else ', error="invalid_token"'
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        code,
        template,
        headers={"WWW-Authenticate": f'Bearer realm="api"{error}'},
    )


def forbidden(
    code: str = "forbidden",
    template: str = gettext_noop("You may see this, but you are not allowed to do it."),
    /,
) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, code, template)


def not_found(
    code: str = "not_found",
    template: str = gettext_noop("There is nothing here that you may see."),
    /,
) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, code, template)


def method_not_allowed(allowed: str) -> Problem:
    return Problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        gettext_noop("This address does not support that method."),
        headers={"Allow": allowed},
    )


def conflict(
    code: str,
    template: str,
    /,
    *,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Problem:
    return Problem(HTTPStatus.CONFLICT, code, template, members=members, headers=headers)


def length_required() -> Problem:
    return Problem(
        HTTPStatus.LENGTH_REQUIRED,
        "length_required",
        gettext_noop("Send the length of the body (Content-Length)."),
    )


def too_large(limit: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        gettext_noop("The body is longer than the limit of %(limit)s bytes."),
        values={"limit": limit},
    )


def unsupported_media_type(wanted: str) -> Problem:
    template = gettext_noop("The body must be sent as %(wanted)s.")
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        template,
        values={"wanted": wanted},
        headers={"Accept": wanted},
    )


def invalid(
    errors: Iterable[FieldError],
    template: str = gettext_noop("Some values are not valid; see the list of errors."),
    /,
) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", template, errors=errors)


def too_many(
    seconds: int,
    code: str = "too_many_attempts",
    template: str = gettext_noop("Too many attempts. Try again in %(seconds)s seconds."),
    /,
) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        code,
        template,
        values={"seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )


def database_away() -> Problem:
    """503: an essential service is unavailable or overloaded; the client may retry."""
    template = gettext_noop(
        "The database does not answer at the moment. Nothing is lost; try again in a moment."
    )
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "database_away",
        template,
        headers={"Retry-After": AGAIN_SECONDS},
    )


def crashed(incident: str) -> Problem:
    template = gettext_noop("Something went wrong on our side. Tell us this number: %(incident)s.")
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        template,
        values={"incident": incident},
        members={"instance": f"urn:videoplanet:incident:{incident}"},
    )


type Members = Callable[[Any], Mapping[str, Any]]
type Fields = Callable[[Any], Iterable[FieldError]]
_registered: dict[type[DomainError], tuple[int, Members | None, Fields | None, bool]] = {}


def register(
    error: type[DomainError],
    status: int,
    *,
    members: Members | None = None,
    errors: Fields | None = None,
    keeps: bool = False,
) -> None:
    """Sets the status of a domain error and of its subclasses that
    are not registered themselves.
    """
    _registered[error] = (status, members, errors, keeps)


def _registration(kind: type[DomainError]) -> tuple[int, Members | None, Fields | None, bool]:
    found = next((each for each in kind.__mro__ if each in _registered), None)
    return (HTTPStatus.CONFLICT, None, None, False) if found is None else _registered[found]


def status_of(kind: type[DomainError]) -> int:
    """Returns the status of a kind of domain error.

    An unregistered one has 409, because its message is meant for people.
    """
    return int(_registration(kind)[0])


def problem_of(error: DomainError) -> Problem:
    """Returns the problem for a domain error."""
    status, members, errors, keeps = _registration(type(error))
    return Problem(
        status,
        error.code,
        error.sentence.template,
        values=error.sentence.values,
        headers={"Retry-After": AGAIN_SECONDS}
        if status == HTTPStatus.SERVICE_UNAVAILABLE
        else None,
        members=members(error) if members else None,
        errors=errors(error) if errors else (),
        keeps=keeps,
    )
