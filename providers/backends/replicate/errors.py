"""Maps Replicate's errors and failures to refusals. Error responses are never charged."""

import re
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError, brief
from providers.enums import Refusal
from providers.errors import Refused
from providers.refusal_words import is_about_the_account
from providers.retry_after import bounded

from .messages import Prediction, Problem

LIMIT_PAUSE = timedelta(seconds=30)
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("Replicate does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop(
        "Replicate's model refused the content; change the words of the prompt. It says: %(words)s"
    ),
    Refusal.KEY: gettext_noop("Replicate does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at Replicate is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for Replicate: %(words)s"),
    Refusal.FAILED: gettext_noop("Replicate worked on it and failed: %(words)s"),
    Refusal.CANCELLED: gettext_noop("The prediction was cancelled at Replicate."),
}
# A content refusal has no state of its own; it is recognized by the error text.
CONTENT = re.compile(r"nsfw|E005|flagged as sensitive|content polic|safety", re.IGNORECASE)


def words_of(answer: ProviderResponse) -> str:
    try:
        problem = answer.parsed(Problem)
    except UnreadableError:
        return answer.text or f"HTTP {answer.status}"
    return brief(problem.detail) or brief(problem.title) or f"HTTP {answer.status}"


def refusal(answer: ProviderResponse) -> Refused:
    kind, words = KINDS.get(answer.status, Refusal.INVALID), words_of(answer)
    if answer.status == 403 and is_about_the_account(words):  # noqa: PLR2004  forbidden
        kind = Refusal.INVALID
    return Refused(
        TEMPLATES[kind],
        kind=kind,
        until=timezone.now() + _wait(answer, words) if kind == Refusal.LIMIT else None,
        words=words,
    )


def _wait(answer: ProviderResponse, words: str) -> timedelta:
    """Return the wait from Retry-After, else from "resets in ~30s", else 30 seconds."""
    match = re.search(r"~([0-9]{1,9})s", words)
    return answer.retry_after or (bounded(int(match[1])) if match else LIMIT_PAUSE)


def failure(prediction: Prediction, *, failed: bool, cost: Decimal) -> Refused:
    """Return the refusal for a prediction without a result; `cost` is its estimated cost."""
    words = brief(str(prediction.error or prediction.status))
    kind = (
        (Refusal.MODERATED if CONTENT.search(words) else Refusal.FAILED)
        if failed
        else Refusal.CANCELLED
    )
    return Refused(TEMPLATES[kind], kind=kind, cost=cost, words=words)
