"""What a page says that cannot be shown: 500 with a number to tell us, 503 while a service is away, 400, 403, 404, and a form that is too old.

Programs are told the same as problem documents.
"""

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ground.away import AwayError
from ground.tracing import request_id
from web.json import problems
from web.json.problems import Problem

API = "/api/"
AGAIN_SECONDS = 10


def unavailable(error: BaseException | None) -> Problem | None:
    """503 for an error of a service that is away, else None."""
    if isinstance(error, AwayError):
        headers = {"Retry-After": str(AGAIN_SECONDS)}
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.sentence.template, values=error.sentence.values, headers=headers)
    return problems.database_away() if isinstance(error, OperationalError | InterfaceError) else None


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to any error that nobody caught. Needs no database, no session and no person."""
    problem = unavailable(sys.exception())
    number = request_id.get()
    if problem is None:
        problem = Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal_error",
            gettext_noop("Something went wrong on our side. Tell us this number: %(incident)s."),
            values={"incident": number},
        )
    return _answer(request, problem, _("Not available") if problem.headers else _("Error"), again=True)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  the form Django calls
    problem = Problem(HTTPStatus.BAD_REQUEST, "bad_request", gettext_noop("The studio does not understand this request."))
    return _answer(request, problem, _("Not understood"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  the form Django calls
    sentence = gettext_noop("Your role does not include this page. Whoever runs the studio can give you another role.")
    return _answer(request, Problem(HTTPStatus.FORBIDDEN, "forbidden", sentence), _("Not for your role"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  the form Django calls
    sentence = gettext_noop("There is nothing at this address. It may have been deleted, or the link is not whole.")
    return _answer(request, Problem(HTTPStatus.NOT_FOUND, "not_found", sentence), _("Not found"))


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  the form Django calls
    """A form without the token that holds now. A part of a page is answered as if nobody were logged in, so that its page says it."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    sentence = gettext_noop("You have logged in or out since this page was opened, so nothing was saved. Go back, reload the page and send it again.")
    return _answer(request, Problem(HTTPStatus.FORBIDDEN, "form_too_old", sentence), _("This page is too old"))


def _answer(request: HttpRequest, problem: Problem, title: str, *, again: bool = False) -> HttpResponse:
    if request.path_info.startswith(API):
        return problem.response(request)
    context = {"title": title, "status": problem.status.value, "sentence": str(problem.sentence), "again": again}
    part = "#dialog" if request.headers.get("HX-Request") == "true" else ""
    page = render_to_string(f"studio/trouble.html{part}", context)
    return HttpResponse(page, status=problem.status.value, headers={**problem.headers, "Cache-Control": "no-store"})
