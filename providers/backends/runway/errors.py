"""Maps Runway's errors and failures to refusals.

Error responses are never charged; a failed task states its own cost.
"""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.amounts import usd
from providers.client import ProviderResponse, UnreadableError, brief
from providers.enums import Refusal
from providers.errors import Refused, Unclear
from providers.refusal_words import is_about_the_account

from .messages import Credits, Problem, Task

CREDIT = Decimal("0.01")  # USD
DAILY_LIMIT = timedelta(hours=1)  # the quota rolls over 24 hours; retrying hourly is enough
NO_CREDITS = "enough credits"  # reported with status 400
TEMPLATES = {
    Refusal.INVALID: gettext_noop("Runway does not accept the request: %(words)s"),
    Refusal.MODERATED: gettext_noop(
        "Runway refused the content; change the words or the picture. It says: %(words)s"
    ),
    Refusal.KEY: gettext_noop("Runway does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at Runway is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Runway's limit for today is used up: %(words)s"),
    Refusal.FAILED: gettext_noop("Runway worked on it and failed: %(words)s"),
    Refusal.CANCELLED: gettext_noop("The task was cancelled at Runway."),
}
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
# The beginning of a failure code determines the kind; any other code is a failure of the provider.
CODES = (
    ("SAFETY.", Refusal.MODERATED),
    ("ASSET.", Refusal.INVALID),
    ("INPUT_PREPROCESSING.", Refusal.INVALID),
)


def words_of(answer: ProviderResponse) -> str:
    try:
        return brief(answer.parsed(Problem).words) or f"HTTP {answer.status}"
    except UnreadableError:
        return answer.text or f"HTTP {answer.status}"


def refusal(answer: ProviderResponse) -> Refused:
    words = words_of(answer)
    kind = (
        Refusal.CREDITS
        if NO_CREDITS in words.lower()
        else KINDS.get(answer.status, Refusal.INVALID)
    )
    if answer.status == 403 and is_about_the_account(words):  # noqa: PLR2004  forbidden
        kind = Refusal.INVALID
    until = timezone.now() + (answer.retry_after or DAILY_LIMIT) if kind == Refusal.LIMIT else None
    return Refused(TEMPLATES[kind], kind=kind, until=until, words=words)


def cost_of(charged: Credits | None) -> Decimal | None:
    """Return the cost in USD; None if it is missing or invalid."""
    return usd(charged.credits, unit=CREDIT) if charged else None


def failure(task: Task, *, cancelled: bool, raw: bytes) -> Refused | Unclear:
    """Return the refusal for a task without a result; without its cost the outcome is unclear."""
    kind = (
        Refusal.CANCELLED
        if cancelled
        else next(
            (k for start, k in CODES if task.failure_code.upper().startswith(start)), Refusal.FAILED
        )
    )
    words = brief(
        " ".join(
            filter(None, (task.failure, f"({task.failure_code})" if task.failure_code else ""))
        )
    )
    cost = cost_of(task.cost)
    if cost is None:
        return Unclear(
            gettext_noop("Runway's task ended without a result and without its cost: %(words)s"),
            words=words,
            raw=raw,
        )
    return Refused(TEMPLATES[kind], kind=kind, cost=cost, words=words)
