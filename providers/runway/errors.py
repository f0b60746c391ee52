"""Runway's errors and failures in our words. An error answer is never charged; a failed task says itself what it cost."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.amounts import usd
from providers.enums import Refusal
from providers.errors import Refused, Unclear
from providers.http import Answer, UnreadableError, brief
from providers.refusals import is_about_the_account

from .wire import Credits, Problem, Task

CREDIT = Decimal("0.01")  # USD
DAILY_LIMIT = timedelta(hours=1)  # the quota rolls over 24 hours; looking every hour is polite
NO_CREDITS = "enough credits"  # it says so with a 400
TEMPLATES = {
    Refusal.INVALID: gettext_noop("Runway does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop("Runway refused the content; change the words or the picture. It says: %(words)s"),
    Refusal.KEY: gettext_noop("Runway does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at Runway is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Runway's limit for today is used up: %(words)s"),
    Refusal.FAILED: gettext_noop("Runway worked on it and failed: %(words)s"),
    Refusal.CANCELLED: gettext_noop("The task was cancelled at Runway."),
}
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
# The beginning of a failure code tells the kind; anything else is the provider's own trouble.
CODES = (("SAFETY.", Refusal.MODERATED), ("ASSET.", Refusal.INVALID), ("INPUT_PREPROCESSING.", Refusal.INVALID))


def words_of(answer: Answer) -> str:
    try:
        return brief(answer.parsed(Problem).words) or f"HTTP {answer.status}"
    except UnreadableError:
        return answer.text or f"HTTP {answer.status}"


def refusal(answer: Answer) -> Refused:
    words = words_of(answer)
    kind = Refusal.CREDITS if NO_CREDITS in words.lower() else KINDS.get(answer.status, Refusal.INVALID)
    if answer.status == 403 and is_about_the_account(words):  # noqa: PLR2004  forbidden
        kind = Refusal.INVALID
    until = timezone.now() + (answer.retry_after or DAILY_LIMIT) if kind == Refusal.LIMIT else None
    return Refused(TEMPLATES[kind], kind=kind, until=until, words=words)


def cost_of(told: Credits | None) -> Decimal | None:
    """USD; None when it is not told, or is no amount."""
    return usd(told.credits, unit=CREDIT) if told else None


def failure(task: Task, *, cancelled: bool, raw: bytes) -> Refused | Unclear:
    """A task that ended without a result. Without its cost nobody knows what was paid."""
    kind = Refusal.CANCELLED if cancelled else next((k for start, k in CODES if task.failure_code.upper().startswith(start)), Refusal.FAILED)
    words = brief(" ".join(filter(None, (task.failure, f"({task.failure_code})" if task.failure_code else ""))))
    cost = cost_of(task.cost)
    if cost is None:
        return Unclear(gettext_noop("Runway's task ended without a result and without its cost: %(words)s"), words=words, raw=raw)
    return Refused(TEMPLATES[kind], kind=kind, cost=cost, words=words)
