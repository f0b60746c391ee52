"""Error pages: 500 with an incident number, 503 during an outage, 400, 403, 404, and CSRF failures.

API clients receive the same errors as problem documents.
"""

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from api import problems
from api.problems import Problem
from core.log_context import request_id
from core.unavailable import ServiceUnavailableError
from core.unicode_normalization import NullCharacterError

API = "/api/"
AGAIN_SECONDS = 10


def unavailable(error: BaseException | None) -> Problem | None:
    """Return a 503 problem for an error of an unavailable service, else None."""
    if isinstance(error, ServiceUnavailableError):
        headers = {"Retry-After": str(AGAIN_SECONDS)}
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            error.code,
            error.sentence.template,
            values=error.sentence.values,
            headers=headers,
        )
    return (
        problems.database_away() if isinstance(error, OperationalError | InterfaceError) else None
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """The response to an unhandled exception. Needs no database, session or user."""
    problem = unavailable(sys.exception())
    number = request_id.get()
    if problem is None:
        problem = Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal_error",
            gettext_noop("Something went wrong on our side. Tell us this number: %(incident)s."),
            values={"incident": number},
        )
    return _answer(
        request, problem, _("Not available") if problem.headers else _("Error"), again=True
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = gettext_noop("The studio does not understand this request.")
    if isinstance(exception, NullCharacterError):
        sentence = gettext_noop(
            "The text holds a character that cannot be saved (U+0000). Nothing was changed. Go "
            "back, remove it and send the text again."
        )
    problem = Problem(HTTPStatus.BAD_REQUEST, "bad_request", sentence)
    return _answer(request, problem, _("Not understood"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = gettext_noop(
        "Your role does not include this page. Whoever runs the studio can give you another role."
    )
    return _answer(
        request, Problem(HTTPStatus.FORBIDDEN, "forbidden", sentence), _("Not for your role")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = gettext_noop(
        "There is nothing at this address. It may have been deleted, or the link is not whole."
    )
    return _answer(request, Problem(HTTPStatus.NOT_FOUND, "not_found", sentence), _("Not found"))


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF failure view.

    An htmx request is answered with 401, as without a log-in, so that the page shows the message.
    """
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    sentence = gettext_noop(
        "You have logged in or out since this page was opened, so nothing was saved. Go "
        "back, reload the page and send it again."
    )
    return _answer(
        request, Problem(HTTPStatus.FORBIDDEN, "form_too_old", sentence), _("This page is too old")
    )


def _answer(
    request: HttpRequest, problem: Problem, title: str, *, again: bool = False
) -> HttpResponse:
    if request.path_info.startswith(API):
        return problem.response(request)
    context = {
        "title": title,
        "status": problem.status.value,
        "sentence": str(problem.sentence),
        "again": again,
    }
    part = "#dialog" if request.headers.get("HX-Request") == "true" else ""
    page = render_to_string(f"studio/trouble.html{part}", context)
    return HttpResponse(
        page, status=problem.status.value, headers={**problem.headers, "Cache-Control": "no-store"}
    )
