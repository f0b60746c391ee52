"""Maps Stability AI's errors to refusals.

4xx responses are never charged; a blurred image is a success and is charged.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError
from providers.enums import Refusal
from providers.errors import Refused
from providers.refusal_words import is_about_the_account

from .messages import Problem

TIME_OUT = timedelta(seconds=60)  # "150 requests within 10 seconds, timed out for 60 seconds"
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
MODERATED = {"content_moderation", "public_figure", "invalid_prompts"}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("Stability AI does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop(
        "Stability AI refused the content; change the words of the prompt. It says: %(words)s"
    ),
    Refusal.KEY: gettext_noop("Stability AI does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at Stability AI is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for Stability AI: %(words)s"),
}


def problem_of(answer: ProviderResponse) -> Problem:
    try:
        return answer.parsed(Problem)
    except UnreadableError:
        return Problem(message=answer.text or f"HTTP {answer.status}")


def refusal(answer: ProviderResponse) -> Refused:
    problem = problem_of(answer)
    words = problem.words or f"HTTP {answer.status}"
    kind = (
        Refusal.MODERATED
        if problem.name.lower() in MODERATED
        else KINDS.get(answer.status, Refusal.INVALID)
    )
    if answer.status == 403 and kind == Refusal.KEY and is_about_the_account(words):  # noqa: PLR2004  forbidden
        kind = Refusal.INVALID
    until = timezone.now() + (answer.retry_after or TIME_OUT) if kind == Refusal.LIMIT else None
    return Refused(TEMPLATES[kind], kind=kind, until=until, words=words)
