"""The Django view of a path: method, user, input, work, response; all errors become problem
documents.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_noop

from accounts import api_keys
from api.authentication import authenticate
from core.localized_messages import DomainError

from . import idempotency, problems
from .inputs import MULTIPART, Strict, content_length, is_chunked, parse_body, parse_query, raw_body
from .long_polling import Waiting, until_changed
from .problems import Problem, problem_of
from .responses import respond
from .routes import Call, Route

log = logging.getLogger("ai_video.api")


class Nothing(Strict):
    """The query of a route that takes none."""


def endpoint(methods: Mapping[str, Route]) -> Callable[..., HttpResponse]:
    """Returns the view for one path with these methods. GET also serves HEAD; OPTIONS lists the
    methods.
    """
    allowed = ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))

    def view(request: HttpRequest, **parameters: Any) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method == "OPTIONS":
            return HttpResponse(status=HTTPStatus.NO_CONTENT.value, headers={"Allow": allowed})
        route = methods.get(method)
        if route is None:
            return problems.method_not_allowed(allowed).response(request)
        response = guarded(request, lambda: _handle(route, request, parameters))
        if (limit := getattr(request, "rate_limit", None)) is not None:
            for name, value in api_keys.rate_headers(limit).items():
                response[name] = value
        patch_vary_headers(response, ("Authorization", "Cookie", "Accept-Language"))
        if request.method == "HEAD" and not response.streaming:
            length = len(response.content)
            response.content = b""
            response["Content-Length"] = response.get("Content-Length", str(length))
        return response

    view.csrf_exempt = True  # type: ignore[attr-defined]  # bearer tokens need no CSRF check; `authenticate` checks sessions
    return view


def guarded(request: HttpRequest, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Returns the response of `work`, or the problem it ended with. Never raises and never returns
    HTML.
    """
    try:
        return work()
    except Exception as error:  # noqa: BLE001  every failure becomes a problem response
        problem = _expected(error) or _incident(request, error)
        return problem.response(request)


MEANINGS: tuple[tuple[type[Exception], Callable[[Any], Problem]], ...] = (
    (Problem, lambda error: error),
    (DomainError, problem_of),
    (Http404, lambda _error: problems.not_found()),
    (PermissionDenied, lambda _error: problems.forbidden()),
    (OperationalError, lambda _error: problems.database_away()),
    (InterfaceError, lambda _error: problems.database_away()),
    (
        MultiPartParserError,
        lambda _error: problems.malformed(
            gettext_noop("The form is not valid multipart/form-data."), code="malformed_form"
        ),
    ),
    (
        UnreadablePostError,
        lambda _error: problems.malformed(
            gettext_noop("The body ended too early."), code="malformed_body"
        ),
    ),
    (
        RequestDataTooBig,
        lambda _error: problems.too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0),
    ),
    (
        SuspiciousOperation,
        lambda _error: problems.malformed(
            gettext_noop("This request cannot be understood."), code="bad_request"
        ),
    ),
)


def _expected(error: Exception) -> Problem | None:
    """Returns the problem for an error with a meaning of its own."""
    return next((problem(error) for kind, problem in MEANINGS if isinstance(error, kind)), None)


def _incident(request: HttpRequest, error: Exception) -> Problem:
    """Handles a crash: logs the traceback under a number that the response contains."""
    incident = secrets.token_hex(6)
    log.error("Incident %s: %s %s", incident, request.method, request.path, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return problems.crashed(incident)


def _handle(route: Route, request: HttpRequest, parameters: dict[str, Any]) -> HttpResponse:
    user = authenticate(request) if route.auth else cast("User", AnonymousUser())
    arguments = dict(parameters)
    query = parse_query(route.query or Nothing, request.GET)
    if route.query:
        arguments["query"] = query
    if route.admit is not None:
        route.admit(user)
    raw = _body(route, request)
    if route.body:
        arguments["body"] = parse_body(route.body, raw, request.META.get("CONTENT_TYPE", ""))

    def work(begin: Callable[[], None] | None = None) -> HttpResponse:
        call = Call(user, request, begin) if begin else Call(user, request)
        try:
            return respond(route.view(call, **arguments))
        except DomainError as error:
            raise problem_of(error) from error

    if route.method == "GET":
        return _read(request, work, query.wait if isinstance(query, Waiting) else 0)
    if route.once and idempotency.HEADER in request.headers:
        once = idempotency.answer_upload_once if route.upload else idempotency.answer_once
        response = once(request, user, raw, work)
    else:
        response = work()
    response["Cache-Control"] = "no-store"
    return response


def _body(route: Route, request: HttpRequest) -> bytes:
    """Returns the bytes of a JSON body.

    Of a multipart body only the length is checked and a digest made; the view reads its files.
    """
    if route.upload is None:
        return raw_body(request, route.body_limit) if route.body or route.once else b""
    if request.content_type != MULTIPART:
        raise problems.unsupported_media_type(MULTIPART)
    if is_chunked(request) and not request.META.get("CONTENT_LENGTH"):
        raise problems.length_required()
    if content_length(request) > route.upload.limit:
        raise problems.too_large(route.upload.limit)
    return _form_digest(request) if idempotency.HEADER in request.headers else b""


def _form_digest(request: HttpRequest) -> bytes:
    """Returns a digest by which two multipart bodies are compared,
    independent of their boundaries.
    """
    digest = hashlib.sha256(repr(sorted(request.POST.lists())).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.digest()


def _read(request: HttpRequest, work: Callable[[], HttpResponse], wait: int) -> HttpResponse:
    """Returns the response of a safe method with its ETag,
    or 304 if the client has that version.
    """
    known = [
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("If-None-Match", "").split(",")
        if tag.strip()
    ]

    def look() -> HttpResponse:
        response = work()
        response["ETag"] = f'"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
        return response

    response = until_changed(wait, known[0] if len(known) == 1 else "", look) if wait else look()
    if response.status_code != HTTPStatus.OK:
        del response["ETag"]
    elif response["ETag"] in known or "*" in known:
        response = HttpResponse(
            status=HTTPStatus.NOT_MODIFIED.value, headers={"ETag": response["ETag"]}
        )
        del response["Content-Type"]
    response["Cache-Control"] = "private, no-cache"
    return response
