"""Maps chat completion errors to refusals.

Self-hosted servers report errors in many formats, so the errors are parsed leniently.
"""

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError, brief
from providers.enums import Refusal
from providers.errors import Refused
from providers.lenient_decoding import decoded, read
from providers.refusal_words import is_about_the_account

from .content import text_of
from .messages import Problem, Problems

LIMIT_PAUSE = timedelta(seconds=20)
NO_MONEY = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "insufficient_credits",
    "insufficient_balance",
    "payment_required",
}  # last until paid
CONTENT = {
    "content_policy_violation",
    "content_filter",
    "responsibleaipolicyviolation",
    "moderation_blocked",
    "content_management_policy",
    "flagged",
}
CONTENT_WORDS = re.compile(
    r"content (?:management )?polic|content_filter|moderation|flagged", re.IGNORECASE
)
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
BUSY = {408, 425, 500, 502, 503, 504, 520, 522, 524, 529}
TOO_MANY = {
    "rate_limit_exceeded",
    "rate_limit_error",
    "overloaded_error",
    "server_overloaded",
    "overloaded",
    "engine_overloaded",
    "unavailable",
    "resource_exhausted",
}
FORM = re.compile(
    r"response_format|json_schema|json_object|json mode|structured output|schema|guided|grammar",
    re.IGNORECASE,
)
TEMPLATES = {
    Refusal.INVALID: gettext_noop("The language model does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop("The language model refused it: %(words)s"),
    Refusal.KEY: gettext_noop("The language model does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop(
        "The account at the language model's provider is empty: %(words)s"
    ),
    Refusal.LIMIT: gettext_noop("Too many calls for the language model: %(words)s"),
}


def problem_of(answer: ProviderResponse) -> Problem:
    try:
        parsed = answer.parsed(Problems)
    except UnreadableError:
        return Problem(message=answer.text or f"HTTP {answer.status}")
    problem = next((part for part in (parsed.error, parsed.detail, parsed.message) if part), None)
    return (
        _problem(problem)
        if problem is not None
        else Problem(message=answer.text or f"HTTP {answer.status}")
    )


def _problem(problem: Any) -> Problem:
    """Parse an error given as an object, a list of objects, or plain text."""
    try:
        found = read(problem, Problem)
    except UnreadableError:
        return Problem(message=text_of(problem))
    return (
        found if found.message else Problem(text_of(problem), found.type, found.code, found.status)
    )


def refusal(answer: ProviderResponse) -> Refused:
    return _refused(problem_of(answer), answer.status, answer)


def refusal_within(error: Any, answer: ProviderResponse) -> Refused:
    """Return the refusal contained in a response whose status is a success."""
    problem = _problem(error)
    return _refused(problem, problem.number or 400, answer)


def _refused(problem: Problem, status: int, answer: ProviderResponse) -> Refused:
    kind = _kind(problem, status)
    until = timezone.now() + (answer.retry_after or LIMIT_PAUSE) if kind == Refusal.LIMIT else None
    return Refused(
        TEMPLATES[kind], kind=kind, until=until, words=brief(problem.message) or f"HTTP {status}"
    )


def _kind(problem: Problem, status: int) -> Refusal:
    names = {problem.code.lower(), problem.type.lower(), problem.status.lower()}
    if names & CONTENT or (status in {400, 403} and CONTENT_WORDS.search(problem.message)):
        return Refusal.MODERATED
    if names & NO_MONEY:
        return Refusal.CREDITS
    if status in BUSY or names & TOO_MANY:
        return Refusal.LIMIT
    if status == 403 and is_about_the_account(problem.message):  # noqa: PLR2004  forbidden
        return Refusal.INVALID
    return KINDS.get(status, Refusal.INVALID)


def is_about_the_form(answer: ProviderResponse) -> bool:
    """Return whether the server rejected the response format, not the content of the request."""
    if answer.status not in {400, 404, 415, 422, 501}:
        return False
    try:
        decoded(answer.body)
    except UnreadableError:
        return False
    return bool(FORM.search(answer.body.decode("utf-8", "replace")[:4000]))
