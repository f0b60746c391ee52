"""Maps ElevenLabs' errors to refusals.

The status code alone misleads: an exhausted quota is a 401, as a wrong key is. The name in the body
decides.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError
from providers.enums import Refusal
from providers.errors import Refused
from providers.lenient_decoding import read
from providers.refusal_words import is_about_the_account

from .messages import Problem, Problems

BUSY = timedelta(seconds=15)  # too many at once, or the system is busy: over in a moment
NAMES = {
    "quota_exceeded": Refusal.CREDITS,
    "insufficient_credits": Refusal.CREDITS,
    "payment_required": Refusal.CREDITS,
    "payment_issue": Refusal.CREDITS,
    "invalid_api_key": Refusal.KEY,
    "missing_api_key": Refusal.KEY,
    "needs_authorization": Refusal.KEY,
    "missing_permissions": Refusal.KEY,
    "detected_unusual_activity": Refusal.KEY,
    "too_many_concurrent_requests": Refusal.LIMIT,
    "concurrent_limit_exceeded": Refusal.LIMIT,
    "rate_limit_exceeded": Refusal.LIMIT,
    "system_busy": Refusal.LIMIT,
    "content_against_policy": Refusal.MODERATED,
    "bad_prompt": Refusal.MODERATED,
    "bad_composition_plan": Refusal.MODERATED,
    "max_character_limit_exceeded": Refusal.INVALID,
    "voice_not_found": Refusal.INVALID,
    "model_not_found": Refusal.INVALID,
}
KINDS = {
    401: Refusal.KEY,
    402: Refusal.CREDITS,
    403: Refusal.KEY,
    429: Refusal.LIMIT,
}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("ElevenLabs does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop(
        "ElevenLabs refused the content; change the words. It says: %(words)s"
    ),
    Refusal.KEY: gettext_noop("ElevenLabs does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at ElevenLabs has no credits left: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for ElevenLabs: %(words)s"),
}


def problem_of(answer: ProviderResponse) -> Problem:
    """Return the error, given as an object, a list of rejected fields, or plain text."""
    try:
        detail = answer.parsed(Problems).detail
    except UnreadableError:
        detail = None
    if isinstance(detail, list):
        detail = detail[0] if detail else None
    if isinstance(detail, str) and detail:
        return Problem(message=detail)
    try:
        return read(detail, Problem)
    except UnreadableError:
        return Problem(message=answer.text or f"HTTP {answer.status}")


def refusal(answer: ProviderResponse) -> Refused:
    problem = problem_of(answer)
    words = problem.words or f"HTTP {answer.status}"
    kind = NAMES.get(problem.status.lower())
    if kind is None:
        kind = KINDS.get(answer.status, Refusal.INVALID)
        # "only_for_creator+" and others: the plan lacks something, the key is right.
        plan = problem.status.lower().startswith("only_for") or is_about_the_account(words)
        if answer.status == 403 and plan:  # noqa: PLR2004  forbidden
            kind = Refusal.INVALID
    until = timezone.now() + (answer.retry_after or BUSY) if kind == Refusal.LIMIT else None
    return Refused(TEMPLATES[kind], kind=kind, until=until, words=words)
