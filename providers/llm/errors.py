"""Errors of chat completions in our words; servers of one's own answer in many shapes, so they are read leniently."""

from datetime import timedelta

import msgspec
from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.enums import Refusal
from providers.errors import Refused
from providers.http import Answer, brief

from .wire import Problem, Problems

LIMIT_PAUSE = timedelta(seconds=20)
NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached"}  # come as 429 and stay until somebody pays
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("The language model does not accept the request: %(words)s"),
    Refusal.KEY: gettext_noop("The language model does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at the language model's provider is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for the language model: %(words)s"),
}


def problem_of(answer: Answer) -> Problem:
    try:
        error = answer.parsed(Problems).error
    except msgspec.MsgspecError:
        return Problem(message=answer.text or f"HTTP {answer.status}")
    return Problem(message=error) if isinstance(error, str) else error


def refusal(answer: Answer) -> Refused:
    problem = problem_of(answer)
    kind = Refusal.CREDITS if problem.code in NO_MONEY or problem.type in NO_MONEY else KINDS.get(answer.status, Refusal.INVALID)
    until = timezone.now() + (answer.retry_after or LIMIT_PAUSE) if kind == Refusal.LIMIT else None
    return Refused(TEMPLATES[kind], kind=kind, until=until, words=brief(problem.message) or f"HTTP {answer.status}")
