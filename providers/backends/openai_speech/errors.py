"""Maps OpenAI's errors to refusals. A 429 is a rate limit, or an account without money."""

import re
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError, brief
from providers.enums import Refusal
from providers.errors import Refused
from providers.refusal_words import is_about_the_account

from .messages import Problem, Problems

LIMIT_PAUSE = timedelta(seconds=20)
NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
CONTENT = {
    *("content_policy_violation", "content_filter", "contentfilter", "moderation_blocked"),
    "responsibleaipolicyviolation",
}
# Refused content does not always bear a code.
SAFETY = re.compile(r"safety system|content (?:policy|filter)", re.IGNORECASE)
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("%(provider)s does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop(
        "%(provider)s refused the content; change the words. It says: %(words)s"
    ),
    Refusal.KEY: gettext_noop("%(provider)s does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at %(provider)s is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for %(provider)s: %(words)s"),
}


def problem_of(answer: ProviderResponse) -> Problem:
    try:
        found = answer.parsed(Problems)
    except UnreadableError:
        found = Problems()
    if isinstance(found.error, Problem):
        return found.error
    words = found.error or found.message or found.detail or answer.text
    return Problem(message=words or f"HTTP {answer.status}")


def refusal(answer: ProviderResponse, *, provider: str) -> Refused:
    problem = problem_of(answer)
    words = brief(problem.message) or f"HTTP {answer.status}"
    names = {problem.code.lower(), problem.type.lower()}
    if names & NO_MONEY:
        kind = Refusal.CREDITS
    elif names & CONTENT or (answer.status in {400, 403} and SAFETY.search(words)):
        kind = Refusal.MODERATED
    elif answer.status == 403 and is_about_the_account(words):  # noqa: PLR2004  forbidden
        kind = Refusal.INVALID
    else:
        kind = KINDS.get(answer.status, Refusal.INVALID)
    until = timezone.now() + (answer.retry_after or LIMIT_PAUSE) if kind == Refusal.LIMIT else None
    return Refused(TEMPLATES[kind], kind=kind, until=until, provider=provider, words=words)
