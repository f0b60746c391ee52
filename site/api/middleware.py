"""Turns errors raised outside the endpoints of /api/ into JSON, such as a bad host name."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from .problems import Problem, crashed, not_found

PREFIX = "/api/"


class ProblemMiddleware:
    """First in MIDDLEWARE, so that it sees the responses of all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        content_type = response.get("Content-Type", "")
        if (
            response.status_code < HTTPStatus.BAD_REQUEST
            or "json" in content_type
            or not request.path_info.startswith(PREFIX)
        ):
            return response
        return _problem(response.status_code).response(request)


def _problem(status: int) -> Problem:
    if status == HTTPStatus.NOT_FOUND:
        return not_found("unknown_address", gettext_noop("This address does not exist."))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return crashed("-")
    return Problem(status, "bad_request", gettext_noop("This request cannot be understood."))
