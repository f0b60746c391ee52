"""Maps fal's errors and failures to refusals.

An answer to a submission that is an error is never charged. A request that failed at the model may
have been: fal does not charge for its own errors (5xx), and says of what it refused (4xx) that it
may still be charged if it had begun.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError, brief
from providers.enums import Refusal
from providers.errors import Refused
from providers.lenient_decoding import texts_in
from providers.refusal_words import is_about_the_account

from .messages import Problem

LIMIT_PAUSE = timedelta(seconds=30)
SERVER_ERROR = 500
KINDS = {
    401: Refusal.KEY,
    402: Refusal.CREDITS,
    403: Refusal.KEY,
    429: Refusal.LIMIT,
}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("fal does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop(
        "fal's model refused the content; change the words of the prompt. It says: %(words)s"
    ),
    Refusal.KEY: gettext_noop("fal does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at fal is empty or locked: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for fal: %(words)s"),
    Refusal.FAILED: gettext_noop("fal worked on it and failed: %(words)s"),
    Refusal.CANCELLED: gettext_noop("The request was cancelled at fal."),
}
OF_THE_WORK = frozenset({400, 413, 415, 422, 499})
NOT_OF_THE_WORK = frozenset({401, 403, 404, 408, 410, 429})
CONTENT = "content_policy_violation"
CANCELLED = frozenset({"client_cancelled", "request_cancelled", "cancelled", "canceled"})
# A locked account is reported by a 403, as a wrong key is.
LOCKED = re.compile(r"user is locked|exhausted balance|top up|insufficient", re.IGNORECASE)


def problem_of(answer: ProviderResponse) -> Problem:
    try:
        return answer.parsed(Problem)
    except UnreadableError:
        return Problem()


def words_of(answer: ProviderResponse) -> str:
    problem = problem_of(answer)
    found = (*_messages(problem.detail), *_messages(problem.error), problem.message)
    return brief("; ".join(filter(None, found))) or answer.text or f"HTTP {answer.status}"


def _messages(detail: Any) -> list[str]:
    """Return the messages of an error: a text, or a list of details with a `msg` each."""
    if isinstance(detail, str):
        return [detail]
    if isinstance(detail, dict):
        detail = [detail]
    if not isinstance(detail, list):
        return []
    found = []
    for one in detail:
        words = one.get("msg") or one.get("message") if isinstance(one, dict) else one
        if isinstance(words, str):
            where = one.get("loc") if isinstance(one, dict) else None
            place = ".".join(texts_in(where[1:])) if isinstance(where, list) else ""
            found.append(f"{place}: {words}" if place else words)
    return found


def _types(problem: Problem) -> set[str]:
    """Return the types of an error, from its details and from the queue."""
    details = problem.detail if isinstance(problem.detail, list) else [problem.detail]
    found = {str(one.get("type", "")) for one in details if isinstance(one, dict)}
    return {name.strip().lower() for name in (*found, problem.error_type)} - {""}


def refusal(answer: ProviderResponse) -> Refused:
    """Return the refusal of a submission, which is not charged."""
    words, types = words_of(answer), _types(problem_of(answer))
    kind = KINDS.get(answer.status, Refusal.INVALID)
    if answer.status == 403 and LOCKED.search(words):  # noqa: PLR2004  forbidden
        kind = Refusal.CREDITS
    elif answer.status == 403 and is_about_the_account(words):  # noqa: PLR2004
        kind = Refusal.INVALID
    elif CONTENT in types:
        kind = Refusal.MODERATED
    wait = answer.retry_after or LIMIT_PAUSE
    return Refused(
        TEMPLATES[kind],
        kind=kind,
        until=timezone.now() + wait if kind == Refusal.LIMIT else None,
        words=words,
    )


def is_of_the_work(answer: ProviderResponse) -> bool:
    """Return whether an error says how the work ended, not that the result cannot be had now."""
    if answer.status in OF_THE_WORK:
        return True
    if answer.status in NOT_OF_THE_WORK:
        return False
    problem = problem_of(answer)
    return isinstance(problem.detail, list) or bool(
        problem.error_type or answer.headers.get("x-fal-error-type")
    )


def failure(answer: ProviderResponse, *, reported: str, kind: str, price: Decimal) -> Refused:
    """Return the refusal of a request that ended without a result.

    `reported` and `kind` are the error and its type in the request's state. What fal refused counts
    at its price, since it may have been charged; what failed at fal costs nothing.
    """
    types = _types(problem_of(answer)) | {kind.strip().lower()}
    words = words_of(answer) if is_of_the_work(answer) else brief(reported)
    cost = Decimal(0) if answer.status >= SERVER_ERROR else price
    if types & CANCELLED:
        return Refused(TEMPLATES[Refusal.CANCELLED], kind=Refusal.CANCELLED, cost=cost)
    found = Refusal.MODERATED if CONTENT in types else Refusal.FAILED
    return Refused(TEMPLATES[found], kind=found, cost=cost, words=words)
