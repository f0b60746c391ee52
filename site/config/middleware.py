"""The outermost middleware: request ids for log lines, request metrics, and Permissions-Policy."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from core.log_context import log_context, request_id
from operations.metrics import http

logger = logging.getLogger("ai_video.web")

HEADER = "X-Request-ID"
TAKEN = re.compile(r"[A-Za-z0-9._-]{8,64}")  # a proxy's request id, if it is safe in a log line
SLOW_SECONDS = 5.0
COMPRESSED = frozenset({"text/html", "text/plain"})

type Answer = Callable[[HttpRequest], HttpResponseBase]


def trace(get_response: Answer) -> Answer:
    """Accept or create X-Request-ID, return it in the response, and record the request in the
    metrics.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        name = given if TAKEN.fullmatch(given) else uuid.uuid4().hex
        begun = time.perf_counter()
        with log_context(request_id, name):
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
    """Set Permissions-Policy on every response. Django's middleware sets the other policies."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response

    return answer


class CompressText(GZipMiddleware):
    """Compress pages and fragments, and nothing else: films and pictures are compressed already,
    and answers with ranges have to keep their lengths.

    Django's middleware adds a random length, so that what a page contains cannot be told from it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        kind = response.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in COMPRESSED:
            return response
        return super().process_response(request, response)
