"""Every exception becomes a problem document; what nobody expected is logged as an incident."""

import logging
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError

from . import problems
from .problems import Problem, problem_of

log = logging.getLogger("ai_video.api")

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


def problem_for(request: HttpRequest, error: Exception) -> Problem:
    """Returns the problem that a failed request is answered with."""
    return _expected(error) or _incident(request, error)


def _expected(error: Exception) -> Problem | None:
    """Returns the problem for an error with a meaning of its own."""
    return next((problem(error) for kind, problem in MEANINGS if isinstance(error, kind)), None)


def _incident(request: HttpRequest, error: Exception) -> Problem:
    """Handles a crash: logs the traceback under a number that the response contains."""
    incident = secrets.token_hex(6)
    log.error("Incident %s: %s %s", incident, request.method, request.path, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return problems.crashed(incident)
