"""The outermost middleware: each request has a name in the log lines, is counted, and is told what pages may not do."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from ground.tracing import request_id, traced
from studio.metrics import http

logger = logging.getLogger("ai_video.web")

HEADER = "X-Request-ID"
TAKEN = re.compile(r"[A-Za-z0-9._-]{8,64}")  # a proxy's own id, if it is one that may stand in a log line
SLOW_SECONDS = 5.0

type Answer = Callable[[HttpRequest], HttpResponseBase]


def trace(get_response: Answer) -> Answer:
    """Takes X-Request-ID over or makes one, gives it back, and counts the request with its time."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        name = given if TAKEN.fullmatch(given) else uuid.uuid4().hex
        begun = time.perf_counter()
        with traced(request_id, name):
            response = get_response(request)
            took = time.perf_counter() - begun
            route = request.resolver_match.route if request.resolver_match else ""
            http.count(str(request.method), route, response.status_code, took)
            if took > SLOW_SECONDS and "wait" not in request.GET:
                logger.warning("%s %s took %.1f s", request.method, request.path_info, took)
        response[HEADER] = name
        return response

    return answer


def policies(get_response: Answer) -> Answer:
    """Permissions-Policy on every answer; Django's own middleware tells the others."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response

    return answer
