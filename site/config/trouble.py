"""What is answered when something went wrong on our side: 503 while a service is away, else 500 with a number to tell us."""

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
    if request.path_info.startswith(API):
        return problem.response(request)
    page = render_to_string("studio/trouble.html", {"title": _("Not available") if problem.headers else _("Error"), "sentence": str(problem.sentence)})
    return HttpResponse(page, status=problem.status.value, headers={**problem.headers, "Cache-Control": "no-store"})
